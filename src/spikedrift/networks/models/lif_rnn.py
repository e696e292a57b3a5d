"""Integrate-and-fire cells whose inputs are trained to follow sines.

The second part of a tutorial on training spiking networks (github.com/chrismkkim/TutorialCNS2025,
`src_part2`). 100 cells hear each other through random weights of either sign, and noise. Half of
the spikes' effect is over after 140 ms. A fixed input of 200 ms begins each loop, and from its end
on recursive least squares (`training/rls.py`) moves all weights every 20 ms, so that the input of
each cell from the others follows a sine of amplitude 0.5 and 2 s, with a phase of its own, around
the mean that the input has before training. Its error is noisy on purpose. A loop starts
from random membrane potentials and silent synapses; there are 20, of 3 s.

The correlation is that of input and target from the end of the fixed input on, mean over cells, in
a run with the weights held as they were after so many loops. The published notebook says no number;
those of comparison are of an independent port with three seeds, which has .08 to .36 after 5 loops,
.68 to .86 after 10, .83 to .88 after 15 and .941 to .949 after 20. In eight instances here it is
.23 (SD .20), .77 (.17), .83 (.12) and .88 (.08, median .91): as in the port up to loop 15, and the
last number is missed. The tutorial's loop written out once more, with draws of its own, comes to
.90 (SD .02, six networks) at loop 20, so that the distance is not of this integrator. Noisy errors
move the weights to the end, and the correlation of a network by .1 from loop to loop; in one
instance without them it is .99 from loop 15 on. The mean input before training is taken, as in the
tutorial, with synapses of 3 ms.

The weights act on filtered spikes in 1/ms. After training they are held, and segments are
successive stretches of the response, which the network's own spikes make.
"""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from spikedrift.config.simulation import Simulation
from spikedrift.networks import loops
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import Network
from spikedrift.networks.loops import TrainedInLoops

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.integrators import lif
    from spikedrift.networks.session_plan import Plan

TESTED = 5, 10, 15, 20  # loops at which the port was tested


class LifNetwork(TrainedInLoops):
    """The integrate-and-fire network of the tutorial, and its training."""

    strength: float = Field(default=0.3, ge=0, description="SD of first weights; ms")
    tau_membrane: float = Field(default=0.01, gt=0, description="of the membrane; s")
    tau_synapse: float = Field(default=0.2, gt=0, description="decay of synapses; s")
    tau_before: float = Field(
        default=0.003, gt=0, description="decay of synapses where the mean input is measured; s"
    )
    mean_input: float = Field(default=0.72, description="constant input; thresholds")
    noise: float = Field(
        default=2.0, ge=0, description="noise of the membrane; thresholds a root of a second"
    )
    stimulus: float = Field(
        default=0.5, ge=0, description="SD over cells of the fixed input that begins a loop"
    )
    onset: float = Field(default=0.8, gt=0, description="when the fixed input begins in a loop; s")
    length: float = Field(default=0.2, gt=0, description="length of the fixed input; s")
    response: float = Field(default=2.0, gt=0, description="length of the targets; s")
    period: float = Field(default=2.0, gt=0, description="of the targets; s")
    amplitude: float = Field(default=0.5, ge=0, description="of the targets; thresholds")
    every: float = Field(default=0.02, gt=0, description="time between updates of weights; s")
    error_noise: float = Field(default=2.0, ge=0, description="SD of noise added to errors")
    loops: int = Field(default=20, gt=0, description="loops of training")
    simulation: Simulation = Simulation(dt=1e-4)

    @property
    def heard(self) -> list[np.ndarray]:
        """Cells that each trained cell hears: all but itself."""
        cells = np.arange(self.n)
        return [np.delete(cells, cell) for cell in range(self.n_trained)]


def declare(options: LifNetwork) -> Network:
    """Declare the network."""
    return loops.declared(options, "ms")


class Trained:
    """The network while it is trained; `weight` is from row to column."""

    def __init__(self, plan: "Plan") -> None:
        from spikedrift.training.rls import RecursiveLeastSquares

        options = plan.options
        assert isinstance(options, LifNetwork)
        self.options, self.key, self.number = options, plan.key, 0
        self.dt, n, rng = options.simulation.dt, options.n, plan.rng("start")
        weight = options.strength * rng.standard_normal((n, n))
        np.fill_diagonal(weight, 0.0)
        self.weight = np.ascontiguousarray(weight.T)
        self.stimulus = options.stimulus * rng.standard_normal(n)
        self.error_noise = plan.rng("error")
        self.before, self.during, self.after, self.every = (
            round(part / self.dt)
            for part in (options.onset, options.length, options.response, options.every)
        )
        self.target = self._targets(rng.random(n))
        self.rls = RecursiveLeastSquares(
            options.heard,
            [weight[cell, heard] for cell, heard in enumerate(options.heard)],
            n,
            ridge=options.ridge,
            threads=options.simulation.threads,
        )

    def _targets(self, phase: np.ndarray) -> np.ndarray:
        """Input that trained cells should get from all sides, float64, shape (n_steps, n)."""
        from spikedrift.training import targets

        options, n = self.options, len(self.options.heard)
        total = self.before + self.during + self.after
        mean = self.untrained(total).mean(axis=0) + options.mean_input
        time = np.arange(1, self.after + 1) * self.dt
        wanted = targets.sines(time, options.period, phase[None], options.amplitude) + mean
        highest = 1 / -np.expm1(-self.dt / options.tau_membrane)
        return targets.checked(wanted[:, :n], n, highest, self.dt)

    def constants(self, tau_synapse: float) -> "lif.Cells":
        """Return the constants of cells with synapses of a time constant, s."""
        from spikedrift.networks.integrators import lif

        options, dt = self.options, self.dt
        return lif.Cells(
            options.tau_membrane / dt, tau_synapse / dt, 1.0, 0.0, options.noise * np.sqrt(dt),
            1e-3 / dt,
        )  # fmt: skip

    def start(self, what: str) -> tuple["lif.State", int]:
        """State in which a loop starts, and the key of its noise."""
        from spikedrift.networks.integrators import lif
        from spikedrift.simulation import streams

        key = int(streams.branch(self.key, streams.purpose(what), self.number))
        of_start = streams.branch(key, streams.purpose("potential"), np.arange(self.options.n))
        potential = np.array(streams.uniform(of_start, 0))
        return lif.State(potential, *np.zeros((4, self.options.n))), key

    def untrained(self, n_steps: int) -> np.ndarray:
        """Input from other cells before training, with synapses of `tau_before`."""
        from spikedrift.networks.integrators import lif

        state, key = self.start("before")
        outside = np.full(self.options.n, self.options.mean_input)
        constants = self.constants(self.options.tau_before)
        return lif.run(self.weight, state, constants, outside, key, 0, n_steps)[0]

    def loop(
        self, n_steps: int, learning: bool, what: str = "loop"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Run from the start of a loop; return drives, and cells and steps of spikes.

        Drives, float64, shape (n_steps, n), are what cells get from each other.
        """
        from spikedrift.networks.integrators import lif

        rest = np.full(self.options.n, self.options.mean_input)
        constants, (state, key) = self.constants(self.options.tau_synapse), self.start(what)
        parts, done = [], 0
        lead = self.before + self.during
        while done < n_steps:
            if done < self.before:
                length, outside = self.before - done, rest
            elif done < lead:
                length, outside = lead - done, rest + self.stimulus
            else:
                length, outside = self.every if learning else n_steps - done, rest
            length = min(length, n_steps - done)
            parts.append(lif.run(self.weight, state, constants, outside, key, done, length))
            done += length
            if learning and done > lead and length == self.every:
                self.learn(state.filtered, self.target[done - lead - 1])
        self.number += 1
        drives, cells, steps = (np.concatenate(one) for one in zip(*parts, strict=True))
        return drives, cells, steps

    def learn(self, filtered: np.ndarray, target: np.ndarray) -> None:
        """Move the weights toward a target, with a noisy error."""
        options, n = self.options, self.rls.n_units
        noise = options.error_noise * self.error_noise.standard_normal(n)
        self.rls.update(filtered, target - options.mean_input - noise)
        self.weight[:, :n] = self.rls.matrix().T

    def run(self, n_steps: int, learning: bool) -> tuple[np.ndarray, np.ndarray]:
        """Run a loop of the session."""
        return self.loop(n_steps, learning)[1:]

    @property
    def weights(self) -> np.ndarray:
        """Trained weights, cell by cell."""
        return self.rls.state.weights

    def held(self, weights: np.ndarray, number: int) -> tuple[float, float]:
        """Correlation with the target and rate (Hz), mean over trained cells, weights held."""
        from spikedrift.training.targets import correlations

        self.number, n = number, self.rls.n_units
        self.rls.state.weights[:] = weights
        self.weight[:, :n] = self.rls.matrix().T
        lead = self.before + self.during
        drives, cells, steps = self.loop(lead + self.after, False, "test")
        found = correlations(drives[lead:, :n], self.target)
        spikes = np.count_nonzero((steps >= lead) & (cells < n))
        return float(found.mean()), spikes / n / (self.after * self.dt)


def integrate(plan: "Plan") -> "Recorded":
    """Train, then show stretches of the response."""
    options = plan.options
    assert isinstance(options, LifNetwork)
    ends = loops.ends_of(options.heard)
    return loops.session(plan, Trained(plan), "recurrent", ends, options.loop)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Run the network with the weights that it had after some loops."""
    options = plan.options
    assert isinstance(options, LifNetwork)
    network, half = Trained(plan), options.loop / 2
    at = [loop for loop in (0, *TESTED) if loop <= options.loops]
    saves = np.searchsorted(plan.save_time, np.array(at) * options.loop - half)
    found = np.array(
        [
            network.held(recorded.weights["recurrent"][save], loop)
            for loop, save in zip(at, saves, strict=True)
        ]
    )
    words = "loop", "correlation with the target, weights held"
    return {
        **{f"correlation_{loop}": value for loop, value in zip(at[1:], found[1:, 0], strict=True)},
        "correlation": found[-1, 0],
        "rate": found[-1, 1],
        "held": Curve(np.array(at, float), found[:, 0], *words),
    }


PORT = "an independent port of the tutorial, three seeds"
MODEL = Model(
    name="lif_rnn",
    title="integrate-and-fire cells are trained to generate functions of time",
    citation="Kim CM, Chow CC (2018) eLife 7:e37124, and the tutorial CNS 2025",
    options=LifNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("sines", "a sine of 2 s in every cell", instances=(3, 10)),
        Experiment("half", "half of the cells are trained", {"trained": 0.5}, instances=(1, 5)),
    ),
    readout=readout,
    targets=(
        Target("sines", "correlation_20", "correlation with the target, loop 20", PORT, "computed",
               value=0.945, low=0.92, high=0.96),
        Target("sines", "correlation_15", "the same, loop 15", PORT, "computed", value=0.855,
               low=0.83, high=0.88),
        Target("sines", "correlation_10", "the same, loop 10", PORT, "computed", value=0.77,
               low=0.68, high=0.86),
        Target("sines", "correlation_5", "the same, loop 5", PORT, "computed", value=0.22,
               low=0.08, high=0.36),
        Target("sines", "rate", "rate after training", PORT, "computed", value=20.0, low=18.0,
               high=22.0, unit="Hz"),
        Target("half", "correlation_20", "correlation with the target, loop 20", "this project",
               "unverified", low=0.5),
    ),
)  # fmt: skip
