"""An ensemble that drifts because other cells are excitable on other days.

Delamare, Zaki, Cai & Clopath (2024), eLife 12:RP88053. 50 rate cells with Hebbian recurrent weights
that decay and with global inhibition get the same stimulus ten times on each of four days. On each
day other cells are more excitable: they fire along with the cells that fired before, to which they
become joined, and so the ensemble moves on. Equations and values are those of the authors' program
(github.com/gdelamar/drift); its unit of time is a step here, and stands for 1 ms.

The paper shows one stimulus, which drives all cells alike. `shown` adds blocks after the days, with
a day in each pause: every segment drives half of the cells, drawn by the instance, and answers are
those of the network with the weights and the excitability of that time. Rates become trials by
Poisson spikes (`networks/rates.py`).
"""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import rates
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
)

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

STEP = 1e-3  # time that a step stands for, s
DAY, PULSE, PULSES = 3000, 100, 10  # steps; pulses, as far apart as they are long, end a day
FIRST = DAY - PULSES * 2 * PULSE
CHANGE = 500  # step of a day at which other cells become excitable
GROUP, SPARED = 10, 10  # cells that are excitable together; cells that never are
SQUARED = 0.05  # inhibition by squared rates
SILENT = 1e-5  # rates below are 0


class DayShown(rates.Shown):
    """Halves of the cells that are driven in blocks."""

    pause: float = Field(default=DAY * STEP, gt=0, description="time between blocks; a day is 3 s")
    gain: float = Field(default=5.0, gt=0, description="rate of the spikes for a rate of 1; Hz")


class DelamareNetwork(NetworkOptions):
    """The network of Delamare et al. (2024)."""

    n: int = Field(default=50, gt=20, description="cells")
    days: int = Field(default=4, gt=0, description="days")
    tau_rate: float = Field(default=20.0, gt=1, description="decay of rates; steps")
    tau_weight: float = Field(default=800.0, gt=0, description="slowness of learning; steps")
    decay: float = Field(default=1000.0, gt=0, description="decay of weights; steps")
    inhibition: float = Field(default=12.0, ge=0, description="constant inhibition")
    feedback: float = Field(default=0.5, ge=0, description="inhibition by the summed rates")
    stimulus: float = Field(default=15.0, ge=0, description="drive of a stimulus")
    spread: float = Field(default=1.0, ge=0, description="SD of the lasting excitability")
    notebook: bool = Field(
        default=False,
        description="lasting excitability of the seed that the authors' notebook has as instance",
    )
    excitability: float = Field(default=1.5, ge=0, description="added to the cells of the day")
    trace_interval: float = Field(default=1.0, gt=0, description="step of traces; s")
    shown: DayShown | None = Field(default=None, description="blocks after the days")
    simulation: Simulation = Simulation(dt=1e-3)


def stimulus(now: int) -> float:
    """Strength of the stimulus at a step, from 0 to 1; edges are as soft as a hyperbolic tangent.

    Soft edges matter: which cells win is decided in the first steps of a stimulus.
    """
    of_day = now % DAY
    pulse = np.round((of_day - FIRST) / (2 * PULSE) - 0.25) + np.arange(-1, 2)
    start = FIRST + 2 * PULSE * pulse[(pulse >= 0) & (pulse < PULSES)]
    return float(np.sum(np.tanh(of_day - start) - np.tanh(of_day - start - PULSE)) / 2)


def declare(options: DelamareNetwork) -> Network:
    """Declare the network."""
    days = tuple(Phase("pause", duration=DAY * STEP) for _ in range(options.days))
    return Network(
        populations=(Population("E", options.n),),
        projections=(rates.matrix("recurrent", "E", "E", 1.0, "Hebbian learning with decay"),),
        protocol=rates.protocol("E", days, options.shown),
        recording=rates.recording(
            "E", options.trace_interval, options.shown, n_synapses=None, ensembles="recurrent"
        ),
    )


class Excitable:
    """The network while it runs."""

    def __init__(self, plan: "Plan") -> None:
        options = plan.options
        assert isinstance(options, DelamareNetwork)
        self.options, self.now = options, 0
        rng = plan.rng("start")
        lasting = rng.normal(0.0, options.spread, options.n)
        if options.notebook:
            lasting = np.random.RandomState(plan.run.instance).normal(0, options.spread, options.n)
        self.lasting = np.abs(lasting)
        shown = options.shown.segments if options.shown else 0
        self.driven = rng.random((shown, options.n)).argsort(axis=1) < options.n // 2
        self.rate, self.weight = np.zeros(options.n), np.zeros((options.n, options.n))
        self.ensembles: list[np.ndarray] = []  # rates at the end of each day's last stimulus

    def excitability(self) -> np.ndarray:
        """Excitability of every cell now."""
        day = max((self.now - CHANGE) // DAY, 0)
        groups = (self.options.n - SPARED) // GROUP
        first = SPARED + GROUP * (day % groups)
        found = self.lasting.copy()
        found[first : first + GROUP] += self.options.excitability
        return found

    def step(self, drive: np.ndarray | float, excitability: np.ndarray) -> np.ndarray:
        """Rates after a step."""
        options, rate = self.options, np.where(self.rate > SILENT, self.rate, 0.0)
        inhibition = options.inhibition + options.feedback * rate.sum() + SQUARED * (rate @ rate)
        total = self.weight @ rate + drive + 1 - inhibition + excitability
        self.rate = self.rate + (np.maximum(total, 0.0) - rate) / options.tau_rate
        return rate

    def update(self, n: int, phase: int) -> None:
        """Go on by `n` steps of the days."""
        for _ in range(n):
            if self.now % DAY == DAY - PULSE:
                self.ensembles.append(self.rate.copy())
            rate = self.step(self.options.stimulus * stimulus(self.now), self.excitability())
            change = np.outer(rate, rate) / self.options.tau_weight
            change -= self.weight / self.options.decay
            # As in the program: a weight may pass a bound by one step, and goes no farther.
            change[((self.weight >= 1) & (change > 0)) | ((self.weight <= 0) & (change < 0))] = 0.0
            self.weight = self.weight + change
            self.now += 1

    def respond(self, segment: int) -> np.ndarray:
        """Rates at the end of a stimulus to half of the cells, from silence, nothing learned."""
        before, excitability = self.rate, self.excitability()
        self.rate = np.zeros_like(before)
        for _ in range(PULSE):
            self.step(self.options.stimulus * self.driven[segment], excitability)
        found, self.rate = np.maximum(self.rate, 0.0), before
        return found

    def weights(self) -> dict[str, np.ndarray]:
        """Weights, row by row."""
        return {"recurrent": self.weight.ravel()}


def integrate(plan: "Plan") -> "Recorded":
    """Run the days, and what is shown after them."""
    options = plan.options
    assert isinstance(options, DelamareNetwork)
    ends = {"recurrent": rates.matrix_ends(options.n, options.n)}
    return rates.session(plan, Excitable(plan), STEP, ends, options.shown)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Correlation of ensembles of the days, which are run again: nothing is random in them."""
    options = plan.options
    assert isinstance(options, DelamareNetwork)
    model = Excitable(plan)
    model.update(options.days * DAY, 0)
    days = np.corrcoef(model.ensembles)
    since = np.arange(options.days)
    kept = np.array([days.diagonal(lag).mean() for lag in since])
    return {
        **{f"day_{day + 1}": float(days[0, day]) for day in since[1:]},
        "next": float(kept[1]) if options.days > 1 else np.nan,
        "kept": Curve(since + 1.0, days[0], "day", "correlation with day 1"),
    }


NOTEBOOK = "output stored in the authors' notebook, mean of 10 seeds"
CAUSE = "abstract: fluctuations of excitability drive drift"
MODEL = Model(
    name="delamare_2024",
    title="ensembles drift with excitability",
    citation="Delamare G, Zaki Y, Cai DJ, Clopath C (2024) eLife 12:RP88053",
    options=DelamareNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("notebook", "four days, the excitabilities of the authors' notebook",
                   {"notebook": True}, instances=(10, 10)),
        Experiment("drawn", "the same, excitabilities drawn anew", instances=(10, 50)),
        Experiment("steady", "no cells are more excitable on some day", {"excitability": 0.0},
                   instances=(10, 50)),
    ),
    readout=readout,
    targets=(
        Target("notebook", "day_2", "correlation of day 2 with 1", NOTEBOOK, "published",
               value=0.7284, low=0.7234, high=0.7334),
        Target("notebook", "day_3", "correlation of day 3 with 1", NOTEBOOK, "published",
               value=0.6178, low=0.6128, high=0.6228),
        Target("notebook", "day_4", "correlation of day 4 with 1", NOTEBOOK, "published",
               value=0.5740, low=0.5690, high=0.5790),
        Target("drawn", "day_4", "correlation of day 4 with 1", CAUSE, "published", high=0.9),
        Target("steady", "day_4", "correlation of day 4 with 1", CAUSE, "published", low=0.9),
    ),
)  # fmt: skip
