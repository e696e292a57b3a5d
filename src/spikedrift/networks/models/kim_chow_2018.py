"""Theta neurons whose inputs are trained to follow functions of time of their own.

Kim & Chow (2018), eLife 7:e37124, after the authors' program (github.com/chrismkkim/SpikeLearning).
200 theta neurons hear each other through sparse random weights of either sign. An input of 100 ms
begins each loop, and from its end on recursive least squares (`training/rls.py`) moves all weights
every 10 ms, so that the input of each cell from the others follows a function of 1 s. Two kinds of
targets: `periodic`, a product of two sines, and `ou`, an Ornstein-Uhlenbeck process. The network
goes on from loop to loop, so that each begins from other phases; there are 10.

The unit of time of the model, in which a cell with a constant input I fires sqrt(I) / pi times, is
10 ms. No noise is in it.

The program prints no number, and none was found: bounds show, and judge nothing. The
correlation is that of input and target from the end of the fixed input on, mean over cells, in a
run from new phases with the weights held. In ten instances it is .58 (SD .06) for `periodic` after
10 loops and .79 (SD .03) for `ou`; 20 loops more change nothing (.62 and .65 in two). The noise
of few spikes is a part of what is missing: the mean over ten runs has .67 to .76 and .86 to .88.
Inputs have 70 % of the SD of periodic targets.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from spikedrift.config.simulation import Simulation
from spikedrift.networks import loops
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import Network
from spikedrift.networks.loops import TrainedInLoops

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan


class ThetaNetwork(TrainedInLoops):
    """The network of theta neurons of Kim & Chow (2018), and its training."""

    n: int = Field(default=200, gt=1, description="cells")
    p: float = Field(default=0.3, gt=0, le=1, description="probability of a synapse")
    strength: float = Field(default=1.0, ge=0, description="SD of first weights; over 1/sqrt(n p)")
    unit: float = Field(default=0.01, gt=0, description="unit of time of the model; s")
    decay: float = Field(default=0.02, gt=0, description="decay of synapses; s")
    stimulus: float = Field(default=2.0, ge=0, description="largest fixed input that begins a loop")
    targets: Literal["periodic", "ou"] = Field(default="periodic", description="what to follow")
    amplitudes: tuple[float, float] = Field(
        default=(0.5, 1.5), description="lowest and highest amplitude of periodic targets"
    )
    slow: tuple[float, float] = Field(
        default=(0.5, 1.0), description="shortest and longest period of the slow sine; s"
    )
    fast: tuple[float, float] = Field(
        default=(0.1, 0.5), description="shortest and longest period of the fast sine; s"
    )
    ou_tau: float = Field(default=0.2, gt=0, description="time constant of ou targets; s")
    ou_noise: float = Field(
        default=0.3, ge=0, description="noise of ou targets in a root of the unit of time"
    )
    simulation: Simulation = Simulation(dt=1e-3)


def declare(options: ThetaNetwork) -> Network:
    """Declare the network."""
    return loops.declared(options, "1")


class Trained:
    """The network while it is trained; `weight` is from row to column."""

    def __init__(self, plan: "Plan") -> None:
        from spikedrift.training.rls import RecursiveLeastSquares

        options = plan.options
        assert isinstance(options, ThetaNetwork)
        self.options, n, rng = options, options.n, plan.rng("start")
        self.step = options.simulation.dt / options.unit
        self.rate = options.unit / options.decay
        joined = rng.random((n, n)) < options.p
        np.fill_diagonal(joined, False)
        weight = options.strength / np.sqrt(n * options.p) * rng.standard_normal((n, n)) * joined
        self.weight = np.ascontiguousarray(weight.T)
        self.heard = [np.flatnonzero(one) for one in joined[: options.n_trained]]
        self.stimulus = options.stimulus * (2 * rng.random(n) - 1)
        self.before, self.during, self.after, self.every = (
            round(part / options.simulation.dt)
            for part in (options.onset, options.length, options.response, options.every)
        )
        self.target = self._targets(rng)
        self.tests = plan.rng("test")
        self.begin(plan.rng("phases"))
        self.rls = RecursiveLeastSquares(
            self.heard,
            [weight[cell, heard] for cell, heard in enumerate(self.heard)],
            n,
            ridge=options.ridge,
            threads=options.simulation.threads,
        )

    def _targets(self, rng: np.random.Generator) -> np.ndarray:
        """Input that trained cells should get from others, float64, shape (n_steps, n)."""
        from spikedrift.training import targets

        options, n, dt = self.options, len(self.heard), self.options.simulation.dt
        if options.targets == "ou":
            sd = options.ou_noise * np.sqrt(options.ou_tau / options.unit / 2)
            wanted = targets.ornstein_uhlenbeck(rng, self.after, n, dt, options.ou_tau, sd)
        else:
            period = np.array([rng.uniform(*one, n) for one in (options.slow, options.fast)])
            amplitude, phase = rng.uniform(*options.amplitudes, n), rng.random((2, n))
            time = np.arange(1, self.after + 1) * dt
            wanted = targets.sines(time, period, phase, amplitude)
        return targets.checked(wanted, n, (np.pi / self.step) ** 2, dt)

    def begin(self, rng: np.random.Generator) -> None:
        """Set all cells to new phases, and synapses to silence."""
        n = self.options.n
        self.phase = 2 * np.pi * rng.random(n)
        self.filtered, self.drive = np.zeros((2, n))

    def loop(self, n_steps: int, learning: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Go on for a loop; return drives, and cells and steps of spikes.

        Drives, float64, shape (n_steps, n), are what cells get from each other.
        """
        from spikedrift.networks.integrators import theta

        silence, parts, done = np.zeros(self.options.n), [], 0
        lead = self.before + self.during
        while done < n_steps:
            if done < self.before:
                length, outside = self.before - done, silence
            elif done < lead:
                length, outside = lead - done, self.stimulus
            else:
                length, outside = self.every if learning else n_steps - done, silence
            length = min(length, n_steps - done)
            drives, cells, steps = theta.run(
                self.weight, self.phase, self.filtered, self.drive, outside, self.step, self.rate,
                length,
            )  # fmt: skip
            parts.append((drives, cells, done + steps))
            done += length
            if learning and done > lead and length == self.every:
                self.rls.update(self.filtered, self.target[done - lead - 1])
                self.weight[:, : len(self.heard)] = self.rls.matrix().T
        drives, cells, steps = (np.concatenate(one) for one in zip(*parts, strict=True))
        return drives, cells, steps

    def run(self, n_steps: int, learning: bool) -> tuple[np.ndarray, np.ndarray]:
        """Run a loop of the session."""
        return self.loop(n_steps, learning)[1:]

    @property
    def weights(self) -> np.ndarray:
        """Trained weights, cell by cell."""
        return self.rls.state.weights

    def held(self, weights: np.ndarray) -> tuple[float, float]:
        """Correlation with the target and rate (Hz), mean over trained cells, weights held."""
        from spikedrift.training.targets import correlations

        n, lead = len(self.heard), self.before + self.during
        self.rls.state.weights[:] = weights
        self.weight[:, :n] = self.rls.matrix().T
        self.begin(self.tests)
        drives, cells, steps = self.loop(lead + self.after, False)
        found = correlations(drives[lead:, :n], self.target)
        spikes = np.count_nonzero((steps >= lead) & (cells < n))
        return float(found.mean()), spikes / n / (self.after * self.options.simulation.dt)


def integrate(plan: "Plan") -> "Recorded":
    """Train, then show stretches of the response."""
    options = plan.options
    assert isinstance(options, ThetaNetwork)
    network = Trained(plan)
    ends = loops.ends_of(network.heard)
    return loops.session(plan, network, "recurrent", ends, options.loop)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Run the network with the weights that it had after every loop."""
    options = plan.options
    assert isinstance(options, ThetaNetwork)
    network, at = Trained(plan), np.arange(options.loops + 1)
    saves = np.searchsorted(plan.save_time, (at - 0.5) * options.loop)
    found = np.array([network.held(recorded.weights["recurrent"][save]) for save in saves])
    words = "loop", "correlation with the target, weights held"
    return {
        "correlation": found[-1, 0],
        "first": found[min(1, options.loops), 0],
        "rate": found[-1, 1],
        "held": Curve(at.astype(float), found[:, 0], *words),
    }


OWN = "this project; no published number was found"
MODEL = Model(
    name="kim_chow_2018",
    title="theta neurons are trained to generate functions of time",
    citation="Kim CM, Chow CC (2018) eLife 7:e37124",
    options=ThetaNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("periodic", "a product of two sines in every cell", instances=(3, 10)),
        Experiment("ou", "an Ornstein-Uhlenbeck process in every cell", {"targets": "ou"},
                   instances=(3, 10)),
    ),
    readout=readout,
    targets=(
        Target("periodic", "correlation", "correlation with the target, loop 10", OWN,
               "unverified", low=0.5),
        Target("ou", "correlation", "correlation with the target, loop 10", OWN, "unverified",
               low=0.7),
    ),
)  # fmt: skip
