"""Place fields that stay while all synapses beneath them are exchanged.

Acker, Paradis & Miller (2019), J Neurophysiol 122:66. 2,000 place cells on a track of a meter each
have 1,200 synapses from 10,000 grid cells. Every day some of the synapses of each cell are lost and
as many others made, wherever there were none, with strengths drawn anew. Then the track is replayed
once: cells that fire, those near the most excited one, strengthen the synapses that are active
along with them, and each cell's strengths are scaled back to their sum. So new synapses come to fit
those that are there, and place fields stay; without learning they wander as the synapses go.

This is the second model of the paper; equations and values are those of the authors' program
(github.com/AckerDWM/Stable-memory-and-computation-in-randomly-rewiring-neural-networks). It keeps
one set of grid cells and of strengths for all its runs; here they are drawn by the instance.

A day is an update, and stands for `interval`. Segments are places at equal distances on the track;
a rate of 1 is the mean greatest rate on the first day. Rates become trials by Poisson spikes
(`networks/rates.py`).
"""

from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field, model_validator

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import rates
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import Network, Phase, Population

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

PLACES = 100  # on a track of a meter
ORIENTATIONS = np.deg2rad([0.0, 20.0, 40.0])
WAVES = np.deg2rad([90.0, 30.0, -30.0])
SHARPNESS = 0.3  # of grid fields
POOL = 100_000  # strengths that synapses are drawn from
FIELD, NARROW = 0.8, 5  # of a field: least share of the greatest rate; places, at least one more
TRACED = 20  # cells whose strengths are saved


class DayShown(rates.Shown):
    """Places on the track that are shown in blocks."""

    segments: int = Field(default=20, gt=1, le=PLACES, description="segments")
    pause: float = Field(default=10.0, gt=0, description="time between blocks; s")


class AckerNetwork(NetworkOptions):
    """The second model of Acker et al. (2019)."""

    n: int = Field(default=2000, ge=TRACED, description="place cells")
    n_inputs: int = Field(default=10_000, gt=1, description="grid cells")
    synapses: int = Field(default=1200, gt=0, description="synapses of a place cell")
    turnover: int = Field(default=114, ge=0, description="synapses that are exchanged in a day")
    eta: float = Field(default=1e-4, ge=0, description="step of learning; 0: there is none")
    total: float = Field(default=149.1, gt=0, description="sum of a cell's strengths after replay")
    winning: float = Field(
        default=0.9, ge=0, le=1, description="share of the greatest excitation that makes one fire"
    )
    days: int = Field(default=60, gt=0, description="days")
    interval: float = Field(default=1.0, gt=0, description="time that a day stands for; s")
    trace_interval: float = Field(default=5.0, gt=0, description="step of traces; s")
    shown: DayShown | None = Field(default=None, description="blocks after the days")
    simulation: Simulation = Simulation(dt=1e-3)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.synapses + self.turnover > self.n_inputs or self.turnover > self.synapses:
            raise ValueError(
                f"turnover: {self.turnover} of {self.synapses} synapses cannot be exchanged with "
                f"{self.n_inputs} grid cells"
            )
        return self


def declare(options: AckerNetwork) -> Network:
    """Declare the network; of the first cells alone strengths are saved."""
    return Network(
        populations=(Population("P", options.n),),
        sources=(rates.inputs("G", options.n_inputs),),
        projections=(rates.matrix("input", "G", "P", 10.0, "turnover and learning in replay"),),
        protocol=rates.protocol(
            "P", (Phase("pause", duration=options.days * options.interval),), options.shown
        ),
        recording=rates.recording("P", options.trace_interval, options.shown),
    )


class Rewiring:
    """The network while it runs."""

    def __init__(self, plan: "Plan") -> None:
        options = plan.options
        assert isinstance(options, AckerNetwork)
        self.options, self.rng = options, plan.rng("days")
        start = plan.rng("start")
        self.grid = grid_cells(options.n_inputs, start)
        self.pool = strengths(start)
        self.weight = np.zeros((options.n, options.n_inputs))
        for cell in self.weight:
            at = start.choice(options.n_inputs, options.synapses, replace=False)
            cell[at] = start.choice(self.pool, options.synapses)
        self._replay()
        self.rate = self.firing()
        self.scale = float(self.rate.max(axis=1).mean())

    def current(self) -> np.ndarray:
        """Excitation of every cell at every place, shape (n, PLACES)."""
        return np.asarray(self.weight @ self.grid)

    def firing(self) -> np.ndarray:
        """Rates at every place: at each, the excitation of cells that are nearly the greatest."""
        current = self.current()
        return np.where(current >= self.options.winning * current.max(axis=0), current, 0.0)

    def _replay(self) -> None:
        """Learn from one pass along the track."""
        if self.options.eta:
            there = self.weight > 0
            self.weight += there * (self.options.eta * (self.firing() @ self.grid.T))
        self.weight *= self.options.total / self.weight.sum(axis=1, keepdims=True)

    def update(self, n: int, phase: int) -> None:
        """Go on by `n` days."""
        rng, turnover = self.rng, self.options.turnover
        for _ in range(n):
            for cell in self.weight:
                cell[rng.choice(np.flatnonzero(cell), turnover, replace=False)] = 0.0
                made = rng.choice(np.flatnonzero(cell == 0), turnover, replace=False)
                cell[made] = rng.choice(self.pool, turnover)
            self._replay()
            self.rate = self.firing()

    def respond(self, segment: int) -> np.ndarray:
        """Rates at a place."""
        assert self.options.shown is not None
        place = segment * PLACES // self.options.shown.segments
        return np.asarray(self.rate[:, place] / self.scale)

    def weights(self) -> dict[str, np.ndarray]:
        """Strengths of the first cells' synapses; 0 where there is none."""
        return {"input": self.weight[:TRACED].ravel()}


def grid_cells(n: int, rng: np.random.Generator) -> np.ndarray:
    """Rates of grid cells along the track, shape (n, PLACES): sums of three plane waves."""
    place = np.stack([np.arange(PLACES) / 100, np.ones(PLACES)], axis=1)
    origin = rng.uniform(0.0, 99.0, (n, 1, 2))
    spacing = rng.uniform(0.2, 1.0, (n, 1))
    turned = rng.choice(ORIENTATIONS, (n, 1))
    summed = np.zeros((n, PLACES))
    for wave in WAVES:
        # The program multiplies waves by the rotation from the right, which turns them back.
        angle = wave - turned
        along = np.stack([np.cos(angle), np.sin(angle)], axis=2)
        summed += np.cos(4 * np.pi / np.sqrt(3) / spacing * ((place - origin) * along).sum(axis=2))
    return np.asarray(np.exp(SHARPNESS * (summed + 1.5)) - 1)


def strengths(rng: np.random.Generator) -> np.ndarray:
    """Draw strengths of synapses from the distribution of their sizes (um2), by rejection."""
    size = rng.uniform(0.0, 0.2, 12 * POOL)
    density = 100.7 * (1 - np.exp(-size / 0.022))
    density *= np.exp(-size / 0.018) + 0.02 * np.exp(-size / 0.150)
    kept = size[rng.uniform(0.0, 23.0, size.size) <= density][:POOL]
    return np.asarray(kept / 0.2 * kept / (kept + 0.0314))


def centers(rate: np.ndarray) -> np.ndarray:
    """Center of each cell's field, in places; NaN for a cell without a field or with several."""
    found = np.full(len(rate), np.nan)
    for cell, one in enumerate(rate):
        inside = np.concatenate([[False], one > FIELD * one.max(), [False]])
        edge = np.flatnonzero(np.diff(inside.astype(int)))
        begin, length = edge[::2], edge[1::2] - edge[::2]
        if np.count_nonzero(length > NARROW) == 1:
            found[cell] = begin[length > NARROW][0] + length[length > NARROW][0] / 2
    return found


def integrate(plan: "Plan") -> "Recorded":
    """Run the days, and what is shown after them."""
    options = plan.options
    assert isinstance(options, AckerNetwork)
    ends = {"input": rates.matrix_ends(options.n_inputs, TRACED)}
    return rates.session(plan, Rewiring(plan), options.interval, ends, options.shown)


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """How far place fields have gone from those of the first day; the session is run again."""
    options = plan.options
    assert isinstance(options, AckerNetwork)
    model = Rewiring(plan)
    rate, current, there = model.rate, model.current(), model.weight > 0
    center = centers(rate)
    step = max(1, options.days // 15)
    day = np.arange(0, options.days + 1, step)
    lasting = there.copy()
    fields, currents, moved = [], [], []
    for number in range(day.size):
        for _ in range(step if number else 0):
            model.update(1, 0)
            lasting &= model.weight > 0
        now = centers(model.rate)
        both = np.flatnonzero(np.isfinite(center) & np.isfinite(now))
        kept = [np.corrcoef(rate[cell], model.rate[cell])[0, 1] for cell in both]
        fields.append(np.median(kept) if both.size else np.nan)
        moved.append(np.median(np.abs(now - center)[both]) if both.size else np.nan)
        one, other = (part - part.mean(axis=0) for part in (current, model.current()))
        currents.append(np.corrcoef(one.ravel(), other.ravel())[0, 1])
    return {
        "field": float(fields[-1]),
        "current": float(currents[-1]),
        "moved": float(moved[-1]),
        "lasting": float(lasting.sum() / there.sum()),
        "place_cells": float(np.isfinite(center).sum()),
        "fields": Curve(day.astype(float), np.array(fields), "day", "place fields kept"),
        "currents": Curve(day.astype(float), np.array(currents), "day", "excitation kept"),
        "drift": Curve(day.astype(float), np.array(moved), "day", "shift of fields (cm)"),
    }


STAYS = "abstract: learning in replay suffices to stabilize place fields; more than half is kept"
GOES = "abstract: what learning is needed against; less than half is kept without it"
LASTS = "abstract: about 95 % of the synapses turn over within 30 days"
FORM = "closed form: of two draws of synapses those in common; within a tenth of the whole"
MODEL = Model(
    name="acker_2019",
    title="place fields stay while synapses are exchanged",
    citation="Acker D, Paradis S, Miller P (2019) J Neurophysiol 122:66-80",
    options=AckerNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("replay", "30 days with learning in replay", {"days": 30}, {"n": 400},
                   instances=(1, 2)),
        Experiment("none", "30 days without learning", {"days": 30, "eta": 0.0}, {"n": 400},
                   instances=(1, 2)),
    ),
    readout=readout,
    targets=(
        Target("replay", "field", "correlation of place fields, day 30", STAYS, "published",
               low=0.5),
        Target("replay", "lasting", "synapses of the first day left", LASTS, "published",
               value=0.05, low=0.04, high=0.06),
        Target("none", "field", "correlation of place fields, day 30", GOES, "published",
               high=0.5),
        Target("none", "current", "correlation of excitation, day 30", FORM, "computed",
               value=0.05, low=-0.05, high=0.15),
    ),
)  # fmt: skip
