"""A balanced network of which a part was trained to generate recorded activity.

Kim, Finkelstein, Chow, Svoboda & Darshan (2023), Nat Commun 14:2851, in the sizes of the authors'
tutorial. Half of the cells are inhibitory; static synapses are strong, of the order of 1 / sqrt(k),
and keep the network in balance. 1824 E cells, which had about the mean rates of recorded ones, also
hear 20 other trained cells, 20 inhibitory ones and 300 Poisson cells outside by slow synapses, and
recursive least squares changes these until the total input of every trained cell follows its
target, in two conditions, lick right and lick left. The other cells are left alone.

The recordings that were learned cannot be redistributed: targets are drawn with their statistics
(`training/recorded.py`). As in the published code P is one for both conditions, which have weights
of their own from outside, and is updated in each with the spikes from outside of that condition.

A segment is a condition. A trial is 1 s with a stimulus at its end, and 2 s in which activity is to
follow the targets; it begins from potentials drawn anew. Between trials nothing is simulated, since
nothing would be left of it.
"""

import logging
import time
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import rates
from spikedrift.networks.balanced import BIN, Balance, Balanced, Times, Trial, chances
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Protocol,
    Recording,
    in_blocks,
)

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)
CONDITIONS = ("right", "left")
INHIBITION = 6.5 / 12.0  # plastic weights from I over those from E, as the rates are
WINDOW = 0.05  # s, on either side, over which input is averaged before it is compared
TESTS = 20  # trials of the trial average


class Shown(Options):
    """Blocks of trials after training."""

    repeats: int = Field(default=20, gt=1, description="trials of either condition in a block")
    blocks: int = Field(default=2, gt=0, description="blocks")
    pause: float = Field(default=100.0, gt=0, description="time between blocks; s")


class BalancedTrained(NetworkOptions):
    """A balanced network trained to generate recorded activity, after Kim et al. (2023)."""

    balance: Balance = Balance()
    n_trained: int = Field(default=1824, gt=1, description="trained E cells")
    in_degree: int = Field(default=20, gt=0, description="plastic synapses from E, and from I")
    plastic_scale: float = Field(
        default=1.5, gt=0, description="sum of first plastic weights falls off with it"
    )
    n_outside: int = Field(default=300, gt=0, description="Poisson cells outside")
    outside_rate: float = Field(default=5.0, gt=0, description="mean rate of these; Hz")
    ridge: float = Field(default=0.04, gt=0, description="penalty of plastic recurrent weights")
    row_sum: float = Field(default=8.0, ge=0, description="penalty of their sums, of E and of I")
    outside_ridge: float = Field(default=1.0, gt=0, description="penalty of weights from outside")
    precision: Literal["float64", "float32"] = Field(
        default="float64", description="numbers of the matrices P"
    )
    depth: float = Field(
        default=0.35,
        gt=0,
        description="SD of the logarithm of target rates; the drive then has the published SD",
    )
    before: float = Field(default=1.0, gt=0, description="time of a trial before the targets; s")
    stimulus: float = Field(default=0.2, gt=0, description="of which the stimulus; s")
    stimulus_size: float = Field(default=0.5, ge=0, description="greatest input of the stimulus")
    duration: float = Field(default=2.0, gt=0, description="length of the targets; s")
    learn_every: float = Field(default=0.02, gt=0, description="time between updates; s")
    loops: int = Field(default=20, gt=0, description="loops of training, both conditions in each")
    trace_loops: int = Field(default=10, gt=0, description="step of traces; loops")
    shown: Shown | None = Field(default=None, description="blocks after training")
    simulation: Simulation = Simulation(dt=1e-4)

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if self.n_trained >= self.balance.n_e:
            raise ValueError(f"n_trained: {self.n_trained} of {self.balance.n_e} E cells: too many")
        if self.in_degree >= min(self.n_trained, self.balance.n_e):
            raise ValueError(f"in_degree: {self.in_degree} of {self.n_trained} cells: too many")
        if 2 * self.balance.k >= self.balance.n_cells:
            raise ValueError(f"balance.k: {self.balance.k} synapses are more than there are cells")
        if self.stimulus > self.before:
            raise ValueError("stimulus: longer than the time before the targets")
        if self.n_times < 2:
            raise ValueError(
                f"learn_every: {self.learn_every:g} s is longer than the targets allow: they need "
                "two times at least"
            )
        return self

    @property
    def n_times(self) -> int:
        """Updates in a trial."""
        return int(np.floor(self.duration / self.learn_every + 1e-6))

    @property
    def trial(self) -> float:
        """Length of a trial, s."""
        return self.before + self.duration


def declare(options: BalancedTrained) -> Network:
    """Declare the network: trained E cells, other E cells, I cells."""
    n, n_e = options.n_trained, options.balance.n_e
    learned = "recursive least squares"
    phases: tuple[Phase, ...] = (Phase("train", repeats=options.loops),)
    if (shown := options.shown) is not None:
        block = Phase("block", repeats=shown.repeats, plastic=False)
        pause = Phase("pause", duration=shown.pause, plastic=False)
        phases = (*phases, pause, *in_blocks(shown.blocks, block, pause))
    return Network(
        populations=(Population("T", n), Population("E", n_e - n), Population("I", n_e)),
        sources=tuple(rates.inputs(one, options.n_outside) for one in CONDITIONS),
        projections=(
            rates.matrix("TtoT", "T", "T", 10.0, learned),
            rates.matrix("ItoT", "I", "T", 10.0, learned, "inhibitory"),
            *(rates.matrix(f"{one}_to_T", one, "T", 10.0, learned) for one in CONDITIONS),
        ),
        protocol=Protocol(
            phases,
            n_segments=len(CONDITIONS),
            duration=options.duration,
            gap=options.before,
            order="fixed",
        ),
        recording=Recording(
            "T",
            trace_interval=options.trace_loops * len(CONDITIONS) * options.trial,
            n_synapses=2000,
            weights="ms",
            assumed="units are trained cells, and their targets were drawn",
        ),
    )


class Trained:
    """The network, its targets and its weights."""

    def __init__(self, plan: "Plan") -> None:
        from spikedrift.simulation import streams
        from spikedrift.training import recorded, siegert
        from spikedrift.training.rls import RecursiveLeastSquares

        options = plan.options
        assert isinstance(options, BalancedTrained)
        self.options, self.plan, dt = options, plan, options.simulation.dt
        balance = options.balance
        begins = round(options.before / dt)
        self.times = Times(
            begins - round(options.stimulus / dt), begins, begins + round(options.duration / dt),
            round(options.learn_every / dt),
        )  # fmt: skip
        key = int(streams.branch(plan.key, streams.purpose("wiring"), 0))
        self.network = Balanced(balance, dt, self.times, key)
        self.initial = self.network.trial(plan.rng("initial"), inputs=True)
        excitatory = slice(balance.n_e)
        self.seconds = self.times.stop * dt
        rate = self.initial.spikes / self.seconds
        if not (noise := float(self.initial.sd[excitatory].mean())) > 0:
            raise RuntimeError(f"{plan.run.recording}: silent before training: a larger drive?")
        cell = siegert.Cell(
            # What reaches V at low frequencies of noise through synapses, see `siegert.Cell`.
            sd=noise * (balance.tau_static / balance.tau) ** 0.5,
            tau=balance.tau,
            tau_syn=balance.tau_static,
        )
        wanted = recorded.synthetic(
            plan.rng("targets"), options.n_trained, len(CONDITIONS), options.n_times,
            options.learn_every, options.depth,
        )  # fmt: skip
        self.target = recorded.drive(cell, wanted)
        self.cells = recorded.matched(wanted.mean(axis=(0, 1)), rate[excitatory])
        rng = plan.rng("plastic")
        inhibitory = np.arange(balance.n_e, balance.n_cells)
        n_in = options.in_degree
        self.presynaptic = [
            np.concatenate(
                [
                    rng.choice(np.delete(self.cells, unit), n_in, replace=False),
                    rng.choice(inhibitory, n_in, replace=False),
                ]
            )
            for unit in range(options.n_trained)
        ]
        first = balance.weight / options.plastic_scale * np.repeat([1, -INHIBITION], n_in)
        n, n_outside = balance.n_cells, options.n_outside
        self.rls = RecursiveLeastSquares(
            self.presynaptic,
            [first] * options.n_trained,
            n + n_outside,
            ridge=np.repeat([options.ridge, options.outside_ridge], [n, n_outside]),
            row_sum=[options.row_sum, options.row_sum, 0.0],
            group=np.repeat([0, 1, 2], [balance.n_e, balance.n_e, n_outside]),
            common=np.arange(n, n + n_outside),
            precision=options.precision,
        )
        self.network.train(self.cells, self.presynaptic, self.rls)
        self.outside = np.zeros((len(CONDITIONS), *self.rls.state.common_weights.shape))
        self.stimulus, self.chance = [], []
        for one in CONDITIONS:
            rng = plan.rng(one)
            self.stimulus.append(options.stimulus_size * rng.uniform(-1, 1, n))
            n_steps = self.times.stop - self.times.outside
            self.chance.append(chances(n_outside, n_steps, options.outside_rate, dt, rng))

    def run(self, condition: int, purpose: str, learn: bool = False, inputs: bool = False) -> Trial:
        """Run a trial, which learns or leaves all weights as they are."""
        weights = self.rls.state.common_weights
        weights[:] = self.outside[condition]
        found = self.network.trial(
            self.plan.rng(purpose),
            stimulus=self.stimulus[condition],
            chance=self.chance[condition],
            target=self.target[condition] if learn else None,
            spikes=not inputs,
            inputs=inputs,
        )
        self.outside[condition] = weights
        return found

    def followed(self, trial: Trial) -> np.ndarray:
        """Input of all cells at the times of the targets, means over `WINDOW` on either side.

        Parameters
        ----------
        trial : Trial
            With inputs.

        Returns
        -------
        float64, shape (n_times, n_cells)
        """
        at = self.options.learn_every * np.arange(1, self.options.n_times + 1)
        edges = [np.round((at + side) / BIN).astype(int) for side in (-WINDOW, WINDOW)]
        return np.array(
            [trial.total[max(a, 0) : b].mean(axis=0) for a, b in zip(*edges, strict=True)]
        )

    @property
    def ends(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """(pre, post) of every projection."""
        options, n_in = self.options, self.options.in_degree
        place = self.numbers
        pre = place[np.array(self.presynaptic)]
        unit = np.repeat(np.arange(options.n_trained), n_in)
        found = {
            "TtoT": (pre[:, :n_in].ravel(), unit),
            "ItoT": (pre[:, n_in:].ravel() - options.balance.n_e, unit),
        }
        outside = rates.matrix_ends(options.n_outside, options.n_trained)
        return found | {f"{one}_to_T": outside for one in CONDITIONS}

    @property
    def numbers(self) -> np.ndarray:
        """Number of every cell through the populations: units first, then E cells, then I."""
        n_e = self.options.balance.n_e
        found = np.arange(self.options.balance.n_cells)
        found[self.cells] = np.arange(self.cells.size)
        rest = np.setdiff1d(np.arange(n_e), self.cells)
        found[rest] = np.arange(self.cells.size, n_e)
        return found

    def weights(self) -> dict[str, np.ndarray]:
        """Weights of every projection, unit after unit."""
        own = self.rls.state.weights.reshape(self.options.n_trained, 2, -1)
        found = {"TtoT": own[:, 0].ravel(), "ItoT": own[:, 1].ravel()}
        return found | {
            f"{name}_to_T": one.ravel() for name, one in zip(CONDITIONS, self.outside, strict=True)
        }

    def put(self, weights: dict[str, np.ndarray]) -> None:
        """Give the network weights that `weights` returned."""
        own = self.rls.state.weights.reshape(self.options.n_trained, 2, -1)
        for k, name in enumerate(("TtoT", "ItoT")):
            own[:, k] = weights[name].reshape(own[:, k].shape)
        for one, name in zip(self.outside, CONDITIONS, strict=True):
            one[:] = weights[f"{name}_to_T"].reshape(one.shape)


def integrate(plan: "Plan") -> "Recorded":
    """Train, and run the trials of the blocks."""
    from spikedrift.networks.copies import Recorded
    from spikedrift.simulation.run import Run, Save

    trained, told = Trained(plan), time.monotonic()
    timetable, dt = plan.timetable, plan.options.simulation.dt
    begins = timetable.presentation_step - trained.times.outside
    numbers, phases = trained.numbers, plan.network.protocol.phases
    saved: dict[str, list[np.ndarray]] = {name: [] for name in trained.ends}
    cells, at = [np.empty(0, np.int64)], [np.empty(0)]

    def save() -> None:
        for name, values in trained.weights().items():
            saved[name].append(values.astype(np.float32))

    shown = 0
    for step in plan.steps:
        if isinstance(step, Run):
            stop = round((step.start + step.duration) / dt)
            while shown < begins.size and begins[shown] < stop:
                phase = phases[timetable.presentation_phase[shown]]
                found = trained.run(
                    int(timetable.segment[shown]), f"trial {shown}", learn=phase.plastic
                )
                cells.append(numbers[found.cell])
                at.append((begins[shown] + found.step) * dt)
                shown += 1
                if time.monotonic() > told + 20:
                    told = time.monotonic()
                    log.info("%s: trial %d of %d", plan.run.recording, shown, begins.size)
        elif isinstance(step, Save):
            save()
    weights = {name: np.stack(values) for name, values in saved.items()}
    finite = all(np.isfinite(values).all() for values in weights.values())
    return Recorded(np.concatenate(cells), np.concatenate(at), weights, trained.ends, finite)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """How trained cells follow their targets loop by loop, and what the others do."""
    from spikedrift.training.projections import along, carried
    from spikedrift.training.recorded import correlations

    trained = Trained(plan)
    options, cells, seconds = trained.options, trained.cells, trained.seconds
    n_e, target = options.balance.n_e, trained.target[0]
    others = np.setdiff1d(np.arange(n_e), cells)
    loop = plan.save_time / (len(CONDITIONS) * options.trial)
    kept = np.flatnonzero(loop <= options.loops + 1e-6)
    found: dict[str, float | Curve] = {
        "initial_E": float(trained.initial.spikes[:n_e].mean() / seconds),
        "initial_I": float(trained.initial.spikes[n_e:].mean() / seconds),
        "drive_SD": float(target.std(axis=0).mean()),
    }

    def fit(activity: np.ndarray) -> float:
        return float(np.nanmean(correlations(activity[None, :, cells], target[None])))

    curve = []
    for save in kept.tolist():
        trained.put({name: values[save] for name, values in recorded.weights.items()})
        test = trained.run(0, f"test {save}", inputs=True)
        activity = trained.followed(test)
        curve.append(fit(activity))
        found[f"loop_{loop[save]:.0f}"] = curve[-1]
    for number, value in enumerate(along(activity[:, cells], target, 4), 1):
        found[f"PC{number}"] = float(value)
    found["untrained_E"] = carried(activity[:, others], target)
    found["untrained_I"] = carried(activity[:, n_e:], target)
    for name, of in (("T", cells), ("E", others), ("I", np.arange(n_e, 2 * n_e))):
        found[f"rate_{name}"] = float(test.spikes[of].mean() / seconds)
    own = trained.rls.state.weights.reshape(options.n_trained, 2, -1)
    first = options.balance.weight / options.plastic_scale * options.in_degree
    for of_sign, name, sign in ((own[:, 0], "E", 1.0), (own[:, 1], "I", -INHIBITION)):
        found[f"sum_{name}"] = float(of_sign.sum(axis=1).mean() / (sign * first))
        found[f"turned_{name}"] = float((of_sign * sign < 0).mean())
    tests = (trained.run(0, f"average {k}", inputs=True) for k in range(TESTS))
    found["average"] = fit(np.mean([trained.followed(one) for one in tests], axis=0))
    found["learning"] = Curve(loop[kept], np.array(curve), "loop", "correlation, single trial")
    return found


TUTORIAL = "the authors' tutorial, recomputed; one network"
CURVE = "the authors' tutorial, on recordings that are not there; here targets are drawn"
MODEL = Model(
    name="balanced_trained",
    title="a balanced network trained to recorded activity",
    citation="Kim CM, Finkelstein A, Chow CC, Svoboda K, Darshan R (2023) Nature Communications "
    "14:2851",
    options=BalancedTrained,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("short", "20 loops", instances=(1, 3)),
        Experiment("long", "50 loops", {"loops": 50}, instances=(0, 1)),
    ),
    readout=readout,
    targets=(),
)  # fmt: skip
