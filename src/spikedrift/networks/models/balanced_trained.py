"""A balanced network of which a part was trained to generate recorded activity.

Kim, Finkelstein, Chow, Svoboda & Darshan (2023), Nat Commun 14:2851, in the sizes of the authors'
tutorial. Half of the cells are inhibitory; static synapses are strong, of the order of 1 / sqrt(k),
and keep the network in balance. 1824 E cells, which had about the mean rates of recorded ones, also
hear 20 other trained cells, 20 inhibitory ones and 300 Poisson cells outside by slow synapses, and
recursive least squares changes these until the total input of every trained cell follows its
target, in two conditions, lick right and lick left. The other cells are left alone.

The recordings that were learned cannot be redistributed: targets are drawn with their statistics
(`training/recorded.py`), or are the rates of a trials file, each of whose segments is a condition.
As in the published code P is one for all conditions, which have weights of their own from outside,
and is updated in each with the spikes from outside of that condition.

A segment is a condition. A trial is 1 s with a stimulus at its end, and 2 s in which activity is to
follow the targets; it begins from potentials drawn anew. Between trials nothing is simulated, since
nothing would be left of it.

With `after`, plasticity rules, noise and turnover act on the plastic synapses from the end of
training on (`networks/after_training.py`): rules of the library that see spikes and weights alone,
in trials and on spontaneous activity at the end of pauses; noise that keeps the mean of every
weight, and synapses that are removed while other cells take their places, over all the time. A
synapse keeps the sign that training gave it and may shrink to nothing.

What is read: the correlation with targets loop by loop, and of averages over trials after training
and after each block; what untrained cells carry; and how fast activity comes back when trained
cells are pushed along the first component of the targets (`networks/pushed.py`).

Of the gratings that `config/trained-balanced.yaml` learns, it stays below the noise ceiling (two
instances; 320 units, four segments in bins of 10 ms, every second of 50 repeats). Mean rates of 30
trials correlate with those of the repeats that were held out by .46 and .42, mean over units, where
the repeats that were learned reach .66 and .67, and the true rates would reach the root of that,
.82. On the first four principal components it is .88 to .98, and the ceiling above .99. Input
follows its targets by .73 and .70 in the mean over trials, and by .39 and .35 in a single one.
Sizes and times were chosen by the repeats that are learned; a training takes 51 s of a core.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import rates
from spikedrift.networks.after_training import After, restore
from spikedrift.networks.balanced import Balance
from spikedrift.networks.balanced_training import INHIBITION, Trained
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Protocol,
    Recording,
    in_blocks,
)
from spikedrift.networks.pushed import recovery

if TYPE_CHECKING:
    import xarray as xr

    from spikedrift.networks.checkpoints import Checkpoints
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

PUBLISHED = "right", "left"  # conditions
TESTS = 20  # trials of the trial average
PAIRS = 10  # trials that are run again with a push


class Shown(Options):
    """Blocks of trials after training."""

    repeats: int = Field(default=20, gt=1, description="trials of either condition in a block")
    blocks: int = Field(default=2, gt=0, description="blocks")
    pause: float = Field(default=100.0, gt=0, description="time between blocks; s")


class BalancedTrained(NetworkOptions):
    """A balanced network trained to generate recorded activity, after Kim et al. (2023)."""

    recordings: ClassVar[tuple[str, ...]] = ("file",)

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
    file: str = Field(
        default="",
        description="trials file whose rates are learned, of every second repeat, or the name of a "
        "recording or a pool; rates are drawn without it",
    )
    segments: int = Field(
        default=2, gt=1, description="conditions; as many as the file has segments"
    )
    smoothing: float = Field(
        default=0.05, ge=0, description="SD of the Gaussian over the rates of the file; s"
    )
    least_rate: float = Field(
        default=1.0, gt=0, description="mean rate of units of the file that are learned; Hz"
    )
    lowest: float = Field(default=0.1, gt=0, description="rates are taken to be this at least; Hz")
    depth: float = Field(
        default=0.35,
        gt=0,
        description="SD of the logarithm of target rates; the drive then has the published SD",
    )
    relaxation: float = Field(
        default=0.4, gt=0, description="time in which drawn rates forget what they were; s"
    )
    before: float = Field(default=1.0, gt=0, description="time of a trial before the targets; s")
    stimulus: float = Field(default=0.2, gt=0, description="of which the stimulus; s")
    stimulus_size: float = Field(default=0.5, ge=0, description="greatest input of the stimulus")
    duration: float = Field(default=2.0, gt=0, description="length of the targets; s")
    learn_every: float = Field(default=0.02, gt=0, description="time between updates; s")
    loops: int = Field(default=20, gt=0, description="loops of training, both conditions in each")
    trace_loops: int = Field(default=10, gt=0, description="step of traces; loops")
    window: float = Field(
        default=0.05,
        gt=0,
        description="input is held against its target as a mean over so long on either side; s",
    )
    tests: int = Field(
        default=20,
        gt=1,
        description="trials of each condition that test a training, at every step of traces",
    )
    shown: Shown | None = Field(default=None, description="blocks after training")
    # Left out where it is not given, so that sessions without it keep their names.
    after: After | None = Field(
        default=None,
        exclude_if=lambda after: after is None,
        description="what acts on plastic synapses from the end of training on; null: nothing",
    )
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
        if self.after is not None and self.shown is None:
            raise ValueError("after: nothing comes after training: give shown")
        turnover = self.after.turnover if self.after is not None else None
        if turnover is not None and self.in_degree > min(self.n_trained, self.balance.n_e + 1) - 2:
            raise ValueError(
                f"after.turnover: in_degree: {self.in_degree} of {self.n_trained} trained cells "
                "leave none to take the place of one"
            )
        if self.n_times < 2:
            raise ValueError(
                f"learn_every: {self.learn_every:g} s is longer than the targets allow: they need "
                "two times at least"
            )
        return self

    def as_trained(self) -> Self:
        """Return the options without what comes after training."""
        return self.model_copy(update={"shown": None, "after": None})

    def shared_files(self) -> list[str]:
        """Return the trials file that is learned."""
        return [self.file] if self.file else []

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions."""
        if self.file or self.segments != len(PUBLISHED):
            return tuple(f"segment{k}" for k in range(self.segments))
        return PUBLISHED

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
    learned, acts = "recursive least squares", options.after is not None
    rules = options.after.rules() if options.after is not None else ({}, {})
    phases: tuple[Phase, ...] = (Phase("train", repeats=options.loops),)
    if (shown := options.shown) is not None:
        block = Phase("block", repeats=shown.repeats, plastic=acts)
        pause = Phase("pause", duration=shown.pause, plastic=acts)
        phases = (*phases, pause, *in_blocks(shown.blocks, block, pause))
    return Network(
        populations=(Population("T", n), Population("E", n_e - n), Population("I", n_e)),
        sources=tuple(rates.inputs(one, options.n_outside) for one in options.conditions),
        projections=(
            replace(rates.matrix("TtoT", "T", "T", 10.0, learned), plasticity=rules[0]),
            replace(
                rates.matrix("ItoT", "I", "T", 10.0, learned, "inhibitory"), plasticity=rules[1]
            ),
            *(rates.matrix(f"{one}_to_T", one, "T", 10.0, learned) for one in options.conditions),
        ),
        protocol=Protocol(
            phases,
            n_segments=options.segments,
            duration=options.duration,
            gap=options.before,
            order="fixed",
        ),
        recording=Recording(
            "T",
            trace_interval=options.trace_loops * options.segments * options.trial,
            n_synapses=2000,
            weights="ms",
            assumed="units are trained cells"
            + ("" if options.file else ", and the rates that they learned were drawn"),
        ),
    )


def trained(plan: "Plan") -> Trained:
    """Make the network of a plan, before training."""
    assert isinstance(plan.options, BalancedTrained)
    return Trained(plan, plan.options)


def train(plan: "Plan", checkpoints: "Checkpoints") -> "xr.Dataset":
    """Train, and test what was learned."""
    from spikedrift.networks import balanced_session, balanced_tests

    network = trained(plan)
    return balanced_tests.tested(balanced_session.train(plan, network, checkpoints))


def integrate(plan: "Plan") -> "Recorded":
    """Train, or take what was trained, and run the trials of the blocks."""
    from spikedrift.networks import balanced_session, training

    learned = training.learned(plan)
    session = balanced_session.Session(plan, trained(plan))
    if learned is not None:
        session.take({str(name): one.values for name, one in learned.data_vars.items()})
    session.go_on()
    return session.recorded


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """How trained cells follow their targets loop by loop, and what the others do."""
    from spikedrift.training.projections import along, carried
    from spikedrift.training.targets import correlations

    network = trained(plan)
    options, cells, seconds = network.options, network.cells, network.seconds
    n_e, target = options.balance.n_e, network.target[0]
    others = np.setdiff1d(np.arange(n_e), cells)
    loop = plan.save_time / (options.segments * options.trial)
    kept = np.flatnonzero(loop <= options.loops + 1e-6)
    found: dict[str, float | Curve] = {
        "initial_E": float(network.initial.spikes[:n_e].mean() / seconds),
        "initial_I": float(network.initial.spikes[n_e:].mean() / seconds),
        "drive_SD": float(target.std(axis=0).mean()),
    }

    def fit(activity: np.ndarray) -> float:
        return float(np.nanmean(correlations(activity[:, cells], target)))

    curve = []
    for save in kept.tolist():
        restore(network, recorded, save)
        test = network.run(0, f"test {save}", inputs=True)
        activity = network.followed(test)
        curve.append(fit(activity))
        found[f"loop_{loop[save]:.0f}"] = curve[-1]
    for number, value in enumerate(along(activity[:, cells], target, 4), 1):
        found[f"PC{number}"] = float(value)
    found["untrained_E"] = carried(activity[:, others], target)
    found["untrained_I"] = carried(activity[:, n_e:], target)
    for name, of in (("T", cells), ("E", others), ("I", np.arange(n_e, 2 * n_e))):
        found[f"rate_{name}"] = float(test.spikes[of].mean() / seconds)
    own = network.rls.state.weights.reshape(options.n_trained, 2, -1)
    first = options.balance.weight / options.plastic_scale * options.in_degree
    for of_sign, name, sign in ((own[:, 0], "E", 1.0), (own[:, 1], "I", -INHIBITION)):
        found[f"sum_{name}"] = float(of_sign.sum(axis=1).mean() / (sign * first))
        found[f"turned_{name}"] = float((of_sign * sign < 0).mean())

    def average() -> float:
        tests = (network.run(0, f"average {k}", inputs=True) for k in range(TESTS))
        return fit(np.mean([network.followed(one) for one in tests], axis=0))

    found["average"] = average()
    pushed = recovery(network, PAIRS, options.duration / 4)
    found["pushed"] = float(pushed.along.max())
    found["pushed_back"], found["pushed_apart"] = pushed.back, pushed.apart
    found["recovery"] = Curve(pushed.time, pushed.along, "s from the push", "displacement, SDs")
    if options.shown is not None:
        lasting = [found["average"]]
        blocks = [k for k, one in enumerate(plan.network.protocol.phases) if one.kind == "block"]
        ends = plan.timetable.phase_stop[blocks] * options.simulation.dt
        for number, end in enumerate(ends):
            restore(network, recorded, int(np.searchsorted(plan.save_time, end - 1e-6)))
            lasting.append(average())
            found[f"block_{number}"] = lasting[-1]
        since = np.concatenate([[0.0], ends - plan.timetable.phase_stop[0] * options.simulation.dt])
        found["lasting"] = Curve(since, np.array(lasting), "s since training", "correlation")
    found["learning"] = Curve(loop[kept], np.array(curve), "loop", "correlation, single trial")
    return found


NETWORK = "authors' tutorial, before training, one network; 3 % on either side are ours"
CURVE = "authors' tutorial; theirs are recordings, ours drawn rates; 0.03 on either side are ours"
SLOW = "as the short one; how fast recorded rates changed is not known here: this shows"
FIRST = "authors' tutorial, recomputed after 200 loops; the bound is ours"
SPREAD = "authors' tutorial, recomputed after 200 loops: 0.88 and 0.90; the bound is ours"
KEPT = "authors' tutorial, recomputed after 200 loops: 11.88 of 11.93; 2 % on either side are ours"


def _about(value: float, by: float) -> dict[str, Any]:
    return {"value": value, "low": value - by, "high": value + by}


# How much is learned in 20 loops hangs on how fast targets change, which is not known here: those
# drawn here relax in 0.4 s, a choice of before the first run, and with it 0.089 was reached and not
# 0.130. It is left so, and `slow` shows the other.
MODEL = Model(
    name="balanced_trained",
    title="a balanced network trained to recorded activity",
    citation="Kim CM, Finkelstein A, Chow CC, Svoboda K, Darshan R (2023) Nature Communications "
    "14:2851",
    options=BalancedTrained,
    declare=declare,
    integrate=integrate,
    train=train,
    experiments=(
        Experiment("short", "20 loops", instances=(1, 3)),
        Experiment("long", "50 loops", {"loops": 50}, instances=(0, 1)),
        Experiment("slow", "20 loops; rates that change more slowly, and the same SD of the drive",
                   {"relaxation": 2.0, "depth": 0.467}, instances=(0, 1)),
    ),
    readout=readout,
    targets=(
        Target("short", "initial_E", "rate of E cells before training", NETWORK, "published",
               **_about(6.607, 0.2), unit="Hz"),
        Target("short", "initial_I", "rate of I cells before training", NETWORK, "published",
               **_about(11.986, 0.36), unit="Hz"),
        Target("short", "loop_10", "correlation with targets, 10 loops", CURVE, "published",
               **_about(0.089, 0.03)),
        Target("short", "loop_20", "correlation with targets, 20 loops", CURVE, "published",
               **_about(0.130, 0.03)),
        Target("short", "sum_E", "sums of weights from E over those before", KEPT, "computed",
               **_about(0.996, 0.02)),
        Target("long", "loop_50", "correlation with targets, 50 loops", CURVE, "published",
               **_about(0.170, 0.03)),
        Target("long", "PC1", "first component of targets, activity on it", FIRST, "computed",
               value=0.991, low=0.98),
        Target("long", "untrained_E", "first component of other E cells", SPREAD, "computed",
               value=0.88, low=0.78),
        Target("long", "untrained_I", "first component of I cells", SPREAD, "computed",
               value=0.90, low=0.80),
        Target("slow", "loop_10", "correlation with targets, 10 loops", SLOW, "unverified",
               **_about(0.089, 0.03)),
        Target("slow", "loop_20", "correlation with targets, 20 loops", SLOW, "unverified",
               **_about(0.130, 0.03)),
    ),
)  # fmt: skip
