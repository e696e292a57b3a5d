"""Assemblies that STDP alone forms, holds and lets drift.

Manz & Memmesheimer (2023), PLoS Comput Biol 19:e1011006. Linear Poisson cells (a Hawkes process),
all joined to all: a spike raises the rates of the others by their weights, and this decays with
10 ms, the paper's unit of time. Symmetric STDP, a short potentiating and a longer depressing
window, and bounds are all that acts on the weights. From weak random weights assemblies emerge;
they persist while their members are exchanged one by one, driven by the noise of the spikes.

The paper shows no stimulus. `cues` adds one after its protocol: some cells of each group fire at a
higher spontaneous rate for a short time, and what the others do tells of the assemblies that the
group is in. The groups are the first cells, the same at every showing: they stand for inputs that
stay where they are; units are the others. Rules rest while cues are shown, unless
`cues.plasticity` says otherwise: each showing makes a group fire together, and would tie the
assemblies to the groups.
"""

import logging
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    all_to_all,
    in_blocks,
    uniform,
)

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)
UNIT = 0.010  # of time in the paper, s
CAPACITY = 2**20  # spikes between two looks at the clock


class Rule(Options):
    """Symmetric STDP; windows in s."""

    mu: float = Field(default=0.148, ge=0, description="learning rate")
    a_plus: float = Field(default=0.08, ge=0, description="amplitude of potentiation")
    a_minus: float = Field(default=0.0533, ge=0, description="amplitude of depression")
    tau_plus: float = Field(default=2.5 * UNIT, gt=0, description="window of potentiation; s")
    tau_minus: float = Field(default=5 * UNIT, gt=0, description="window of depression; s")


class Cues(Options):
    """Groups of cells that are made to fire, after the protocol of the paper."""

    groups: int = Field(default=4, gt=1, description="groups (segments)")
    cells: int = Field(default=6, gt=0, description="cells of a group")
    rate: float = Field(default=20.0, gt=0, description="added spontaneous rate; Hz")
    duration: float = Field(default=1.0, gt=0, description="length of a showing; s")
    gap: float = Field(default=0.5, ge=0, description="time before every showing; s")
    tail: float = Field(default=0.1, ge=0, description="trial time after the showing; s")
    repeats: int = Field(default=40, gt=1, description="showings of every group in a block")
    blocks: int = Field(default=2, gt=0, description="blocks")
    pause: float = Field(default=1e5, gt=0, description="time between blocks; s")
    plasticity: bool = Field(default=False, description="the rule acts while cues are shown")
    pause_plasticity: bool = Field(default=True, description="the rule acts in these pauses")
    record_cued: bool = Field(
        default=False,
        description="cells of the groups become units too; most of what they do is the cue itself",
    )


class ManzNetwork(NetworkOptions):
    """The drifting assemblies of Manz & Memmesheimer (2023)."""

    n: int = Field(default=72, gt=1, description="cells")
    rate: float = Field(default=0.002 / UNIT, gt=0, description="spontaneous rate; Hz")
    tau: float = Field(default=UNIT, gt=0, description="decay of evoked rates; s")
    w_max: float = Field(
        default=0.056, gt=0, description="greatest weight; spikes that one spike evokes"
    )
    rule: Rule = Rule()
    start: Literal["random", "assemblies"] = Field(
        default="random", description="first weights: weak and random, or equal assemblies"
    )
    assemblies: int = Field(default=6, gt=0, description="assemblies at the start")
    quiet: float = Field(
        default=0.0, ge=0, lt=1, description="probability that a cell is quiet in a part"
    )
    quiet_rate: float = Field(default=0.0003 / UNIT, ge=0, description="rate of quiet cells; Hz")
    warm_up: float = Field(default=1e4 * UNIT, gt=0, description="first, without the rule; s")
    parts: tuple[float, ...] = Field(
        default=(5e5, 5e5),
        min_length=1,
        description="lengths of parts of the session; quiet cells are drawn anew in each; s",
    )
    frozen_from: int | None = Field(
        default=None, ge=0, description="weights are frozen from this part on; null: in none"
    )
    recovery: float = Field(
        default=0.0, ge=0, description="last part, in which no cell is quiet; s"
    )
    cues: Cues | None = Field(default=None, description="groups that are made to fire afterwards")
    trace_interval: float = Field(default=1e4, gt=0, description="step of traces; s")
    simulation: Simulation = Simulation(dt=1e-3)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.cues and self.cues.groups * self.cues.cells > self.n - 2:
            raise ValueError(f"cues: {self.cues.groups} groups leave less than 2 of {self.n} cells")
        return self


def declare(options: ManzNetwork) -> Network:
    """Declare the network."""
    rule, cues = options.rule, options.cues
    frozen = len(options.parts) if options.frozen_from is None else options.frozen_from
    phases = [
        Phase("pause", duration=options.warm_up, plastic=False, set={"E.quiet": 0.0}),
        *(
            Phase("pause", duration=part, plastic=number < frozen, set={"E.quiet": options.quiet})
            for number, part in enumerate(options.parts)
        ),
    ]
    if options.recovery:
        phases.append(Phase("pause", duration=options.recovery, set={"E.quiet": 0.0}))
    shown = Protocol(tuple(phases))
    if cues:
        block = Phase("block", repeats=cues.repeats, plastic=cues.plasticity)
        pause = Phase("pause", duration=cues.pause, plastic=cues.pause_plasticity)
        cued = np.arange(options.n)[:, None] // cues.cells == np.arange(cues.groups)
        shown = Protocol(
            phases=(*phases, *in_blocks(cues.blocks, block, pause)),
            n_segments=cues.groups,
            duration=cues.duration,
            gap=cues.gap,
            tail=cues.tail,
            cues=tuple(
                {"E.cue": (cues.rate * group, np.zeros(options.n))} for group in cued.T
            ),
        )  # fmt: skip
    unseen = None
    if cues and not cues.record_cued:
        unseen = tuple(range(cues.groups * cues.cells, options.n))
    values = {
        "eta": rule.mu / options.w_max,
        "A_plus": rule.a_plus,
        "A_minus": rule.a_minus,
        "tau_plus": rule.tau_plus,
        "tau_minus": rule.tau_minus,
    }
    return Network(
        populations=(Population("E", options.n),),
        projections=(
            Projection(
                "recurrent", "E", "E", "excitatory", all_to_all(),
                uniform(0.0, 0.25 * options.w_max), options.w_max,
                plasticity={"symmetric_stdp": values},
            ),
        ),
        protocol=shown,
        recording=Recording(
            "E", cells=unseen, trace_interval=options.trace_interval, n_synapses=None,
            ensembles="recurrent",
            weights="spikes evoked by a spike",
        ),
    )  # fmt: skip


def first_weights(options: ManzNetwork, rng: np.random.Generator) -> np.ndarray:
    """Weights before the session, from row to column."""
    if options.start == "assemblies":
        member = np.arange(options.n) * options.assemblies // options.n
        weight = options.w_max * (member[:, None] == member)
    else:
        weight = 0.25 * options.w_max * rng.random((options.n, options.n))
    np.fill_diagonal(weight, 0.0)
    return weight.astype(float)


def integrate(plan: "Plan") -> "Recorded":
    """Run the session from spike to spike; spikes of phases that show nothing are only counted."""
    import time

    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.integrators import hawkes
    from spikedrift.simulation import streams
    from spikedrift.simulation.run import Run, Set

    options = plan.options
    assert isinstance(options, ManzNetwork)
    rng = plan.rng("start")
    weight = first_weights(options, rng)
    evoked, positive, negative, cue = np.zeros((4, options.n))
    base = np.full(options.n, options.rate)
    rule = options.rule
    window = (rule.a_plus, rule.a_minus, rule.tau_plus, rule.tau_minus)
    key = int(streams.branch(plan.key, streams.purpose("spikes"), 0))
    dt, phases = options.simulation.dt, plan.network.protocol.phases
    shows = [phase.repeats is not None for phase in phases]
    others = ~np.eye(options.n, dtype=bool)
    cells, times = hawkes.buffers(CAPACITY)
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    weights: list[np.ndarray] = []
    counts: list[int] = []
    now, drawn, count, told = 0.0, 0, 0, time.monotonic()
    mu, hebb = np.zeros((2, options.n, options.n))
    for step in plan.steps:
        match step:
            case Set("recurrent.eta", value):
                mu = np.full_like(weight, value * options.w_max)
            case Set("E.quiet", value):
                quiet = rng.random(options.n) < value
                base = np.where(quiet, options.quiet_rate, options.rate)
            case Set("E.cue", value):
                cue = np.asarray(value)
            case Run(start, duration):
                number = np.searchsorted(plan.timetable.phase_start, round(start / dt), "right")
                while now < start + duration:
                    now, drawn, n = hawkes.advance(
                        weight, evoked, positive, negative, base + cue, now, start + duration,
                        window, options.tau, mu, hebb, options.w_max, key, drawn, cells, times,
                    )  # fmt: skip
                    if n < 0:
                        raise RuntimeError(f"{plan.run.recording}: activity exploded at {now:g} s")
                    count += n
                    if shows[number - 1]:
                        kept.append((cells[:n].copy(), times[:n].copy()))
                    if time.monotonic() > told + 20:
                        told = time.monotonic()
                        share = now / (plan.timetable.stop * dt)
                        log.info("%s: %.3g s, %.0f %%", plan.run.recording, now, 100 * share)
            case _:
                if weights:
                    counts.append(count)
                count = 0
                weights.append(weight[others].astype(np.float32))
    cell = np.concatenate([np.empty(0, np.int32), *(one for one, _ in kept)])
    at = np.floor(np.concatenate([np.empty(0), *(one for _, one in kept)]) / dt)
    order = np.lexsort((cell, at))
    return Recorded(
        cell[order].astype(np.int64),
        at[order] * dt,
        {"recurrent": np.stack(weights)},
        {"recurrent": np.nonzero(others)},
        bool(np.isfinite(weight).all()),
        np.array(counts)[:, None],
    )


LAGS = (1e5, 2e5, 3e5, 4e5, 5e5)  # s after the first part


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """Assemblies at every save, and how far they are from those at the end of the first part."""
    from spikedrift.networks.communities import jaccard, louvain

    options = plan.options
    assert isinstance(options, ManzNetwork) and recorded.counts is not None
    pre, post = recorded.ends["recurrent"]
    found, within = [], []
    for saved in recorded.weights["recurrent"]:
        weight = np.zeros((options.n, options.n))
        weight[pre, post] = saved
        # The same orders at every save: the same weights give the same partition.
        found.append(louvain(weight, plan.rng("louvain")))
        within.append(float(saved[found[-1][pre] == found[-1][post]].mean()) / options.w_max)
    n = np.array([one.max() + 1 for one in found])
    time = plan.save_time - options.warm_up - options.parts[0]
    half = int(np.searchsorted(time, -1e-6))
    kept = np.array([jaccard(found[half], one) for one in found])
    size = np.bincount(found[-1])
    rate = recorded.counts[half:].sum() / options.n / (plan.save_time[-1] - plan.save_time[half])
    mean = recorded.weights["recurrent"].mean(axis=1, dtype=float) / options.w_max
    return {
        "assemblies": float(n[-1]),
        "least_assemblies": float(n[half:].min()),
        "most_assemblies": float(n[half:].max()),
        "smallest": float(size.min()),
        "largest": float(size.max()),
        "weight": float(mean[-1]),
        "within": within[-1],
        "rate": float(rate * UNIT),
        **{
            f"kept_{lag:.0e}".replace("+0", ""): float(kept[np.searchsorted(time, lag - 1e-6)])
            for lag in LAGS
            if lag <= time[-1] + 1e-6
        },
        "last": float(kept[-1]),
        "kept": Curve(
            time[half:] / 1e5, kept[half:], "time from half time (1e5 s)", "Jaccard index"
        ),
        "number": Curve(plan.save_time / 1e5, n.astype(float), "time (1e5 s)", "assemblies"),
        "mean": Curve(plan.save_time / 1e5, mean, "time (1e5 s)", "mean weight / greatest"),
    }


PORT = "an independent program of the same equations, two seeds"
PROGRAM = "the authors' program, which draws the weights and reports no number"
MODEL = Model(
    name="manz_memmesheimer_2023",
    title="assemblies drift under STDP alone",
    citation="Manz P, Memmesheimer R-M (2023) PLoS Computational Biology 19:e1011006",
    options=ManzNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("drift", "72 cells, 1e6 s; assemblies emerge and drift", instances=(4, 10)),
        Experiment(
            "frozen", "the same, weights frozen after the first part", {"frozen_from": 1},
            instances=(1, 2),
        ),
        Experiment(
            "quiet", "six assemblies; a few cells are quiet in turn",
            {
                "n": 120, "w_max": 0.024, "rule.mu": 0.05, "rate": 0.0015 / UNIT,
                "start": "assemblies", "quiet": 0.03, "parts": [3e5] * 4, "recovery": 3e5,
            },
            instances=(1, 3),
        ),
    ),
    readout=readout,
    targets=(
        Target("drift", "assemblies", "assemblies at the end", PORT, "computed",
               value=4.0, low=3.5, high=4.5),
        Target("drift", "smallest", "cells of the smallest assembly", PORT, "computed",
               low=12.0),
        Target("drift", "largest", "cells of the largest assembly", PORT, "computed",
               high=24.0),
        Target("drift", "weight", "mean weight / greatest", PORT, "computed",
               value=0.1725, low=0.15, high=0.195),
        Target("drift", "rate", "spikes of a cell in 10 ms", PORT, "computed",
               value=0.0067, low=0.0060, high=0.0074),
        Target("drift", "kept_1e5", "Jaccard index after 1e5 s", PORT, "computed",
               value=0.73, low=0.58, high=0.88),
        Target("drift", "kept_3e5", "Jaccard index after 3e5 s", PORT, "computed",
               value=0.48, low=0.33, high=0.63),
        Target("drift", "kept_5e5", "Jaccard index after 5e5 s", PORT, "computed",
               value=0.31, high=0.5),
        Target("frozen", "last", "Jaccard index with frozen weights", PORT, "computed",
               value=1.0, low=0.999, high=1.001),
        Target("quiet", "assemblies", "assemblies at the end", PROGRAM, "unverified",
               value=6.0, low=5.5, high=6.5),
        Target("quiet", "last", "Jaccard index at the end", PROGRAM, "unverified", high=0.999),
    ),
)  # fmt: skip
