"""Representations that drift because other patterns are stored in the same synapses.

Devalle, Zou, Cecchini & Roxin (2025), Sci Rep 15:27746. Synapses have few states, so that to store
a pattern is to overwrite others in part, and responses to an input that stays the same decorrelate.
The paper fits a spiking network of area CA1 to recordings, with a turnover of its input synapses;
here is the mechanism alone: binary synapses from input to rate cells, in which random pairs of
input and output patterns are stored one after the other. A synapse from an input cell that is
active in the pair takes the state of its output cell with a probability. Then the correlation of
weights, and of the currents that an input evokes, is (1 - f q)**k after k patterns, f the share of
active cells and q that probability. By default four patterns are stored in a session, so that the
correlation is .95 between sessions, as between sessions of the authors' program
(github.com/FDevalle/representational-drift), whose share of strong synapses, .125, is f here.

A stored pattern is an update and stands for `interval`. Rates become trials by Poisson spikes
(`networks/rates.py`).
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

N_TESTED = 20  # inputs of the readout


class SessionShown(rates.Shown):
    """Inputs that are shown in blocks."""

    pause: float = Field(default=40.0, gt=0, description="time between blocks; s")


class DevalleNetwork(NetworkOptions):
    """Storage of other patterns, after Devalle et al. (2025)."""

    n: int = Field(default=200, gt=1, description="cells")
    n_inputs: int = Field(default=800, gt=1, description="input cells")
    active: float = Field(default=0.125, gt=0, lt=1, description="share of cells in a pattern")
    storing: float = Field(
        default=0.1, ge=0, le=1, description="probability that a synapse takes a new state"
    )
    threshold: float = Field(
        default=1.0, description="of a cell, over the mean current; SD of currents"
    )
    settling: int = Field(
        default=400,
        ge=0,
        description="patterns that are stored before the session; fewer leave currents that do not"
        " yet vary as they will",
    )
    patterns: int = Field(default=400, gt=0, description="patterns that are stored")
    interval: float = Field(default=1.0, gt=0, description="time that a pattern stands for; s")
    trace_interval: float = Field(default=4.0, gt=0, description="step of traces; s")
    shown: SessionShown | None = Field(default=None, description="blocks after the patterns")
    simulation: Simulation = Simulation(dt=1e-3)


def declare(options: DevalleNetwork) -> Network:
    """Declare the network."""
    return Network(
        populations=(Population("E", options.n),),
        sources=(rates.inputs("X", options.n_inputs),),
        projections=(rates.matrix("input", "X", "E", 1.0, "storage of patterns"),),
        protocol=rates.protocol(
            "E", (Phase("pause", duration=options.patterns * options.interval),), options.shown
        ),
        recording=rates.recording("E", options.trace_interval, options.shown),
    )


class Storing:
    """The network while patterns are stored."""

    def __init__(self, plan: "Plan") -> None:
        options = plan.options
        assert isinstance(options, DevalleNetwork)
        self.options = options
        start, self.rng = (plan.rng(name) for name in ("start", "patterns"))
        self.weight = start.random((options.n, options.n_inputs)) < options.active
        shown = options.shown.segments if options.shown else 0
        n_active = round(options.active * options.n_inputs)
        order = start.random((max(shown, N_TESTED), options.n_inputs)).argsort(axis=1)
        self.inputs = order < n_active
        self.scale = 1.0
        # Synapses of a cell change together: at first their sums would vary too little.
        self.update(options.settling, 0)
        self.scale = float(self.current().std())

    def update(self, n: int, phase: int) -> None:
        """Store `n` patterns."""
        options, rng = self.options, self.rng
        for _ in range(n):
            pre = np.flatnonzero(rng.random(options.n_inputs) < options.active)
            post = rng.random(options.n) < options.active
            taken = rng.random((options.n, pre.size)) < options.storing
            self.weight[:, pre] = np.where(taken, post[:, None], self.weight[:, pre])

    def current(self) -> np.ndarray:
        """Currents of all inputs, over their mean, in SD at the beginning; (n_inputs, n)."""
        summed = self.inputs.astype(float) @ self.weight.T
        return np.asarray((summed - self.options.active * self.inputs[0].sum()) / self.scale)

    def respond(self, segment: int) -> np.ndarray:
        """Rates to an input: what is above threshold."""
        return np.maximum(self.current()[segment] - self.options.threshold, 0.0)

    def weights(self) -> dict[str, np.ndarray]:
        """Weights, row by row."""
        return {"input": self.weight.ravel()}


def integrate(plan: "Plan") -> "Recorded":
    """Store the patterns, and those of the pauses."""
    options = plan.options
    assert isinstance(options, DevalleNetwork)
    ends = {"input": rates.matrix_ends(options.n_inputs, options.n)}
    return rates.session(plan, Storing(plan), options.interval, ends, options.shown)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Correlations with the responses at the beginning; the session is run again."""
    options = plan.options
    assert isinstance(options, DevalleNetwork)
    model = Storing(plan)
    first = model.current()
    rate = np.maximum(first - options.threshold, 0.0)
    step = max(1, round(options.trace_interval / options.interval))
    stored = np.arange(0, options.patterns + 1, step)
    currents, responses = [], []
    for number in range(stored.size):
        model.update(step if number else 0, 0)
        now = model.current()
        currents.append(np.corrcoef(now.ravel(), first.ravel())[0, 1])
        above = np.maximum(now - options.threshold, 0.0)
        responses.append(np.corrcoef(above.ravel(), rate.ravel())[0, 1])
    half = np.log(0.5) / np.log1p(-options.active * options.storing) if options.storing else np.inf
    found: dict[str, float | Curve] = {
        "response": float(responses[-1]),
        "session": float(currents[1]),
        "currents": Curve(stored.astype(float), np.array(currents), "patterns", "currents kept"),
        "responses": Curve(stored.astype(float), np.array(responses), "patterns", "rates kept"),
    }
    if half <= options.patterns:
        found["half"] = float(np.interp(half, stored, currents))
    return found


FORM = "closed form: (1 - f q)**k after k patterns"
OVERWRITES = "abstract: storage decorrelates activity though inputs stay; less than half is kept"
MODEL = Model(
    name="devalle_2025",
    title="drift by storage of other patterns",
    citation="Devalle F, Zou L, Cecchini G, Roxin A (2025) Scientific Reports 15:27746",
    options=DevalleNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(Experiment("storage", "400 other patterns are stored", instances=(5, 20)),),
    readout=readout,
    targets=(
        Target("storage", "session", "currents after a session", FORM, "computed",
               value=0.951, low=0.941, high=0.961),
        Target("storage", "half", "currents after 55.1 patterns", FORM, "computed",
               value=0.5, low=0.45, high=0.55),
        Target("storage", "response", "correlation of rates at the end", OVERWRITES, "published",
               high=0.5),
    ),
)  # fmt: skip
