"""Spontaneous activity that replays the transitions of stimuli, learned by prediction.

Asabuki & Clopath (2025), eLife 13:RP95243. Excitatory and inhibitory Poisson cells, half of all
pairs joined. Stimuli follow each other as a Markov chain; each drives a group of excitatory cells.
Excitatory synapses on these learn to predict by the recurrent input alone the rate at which a cell
fires, inhibitory ones learn to cancel that prediction. Where a constant input then takes the place
of the stimuli and weights rest, assemblies fire in turn, and follow each other as the stimuli did.

Equations and values are those of the paper, but for two. It prints g theta as the threshold of an
excitatory cell, with g = 2, at which no cell can ever fire more than .003 Hz; here it is theta / g,
as in the program of the first author for an earlier network with the same cells
(github.com/TAsabuki/PriorNet_codes, read for these two alone). And it does not say in what unit
rates enter the rules: here they are shares of the greatest rate, as in that program; with spikes in
1 ms learning takes twenty times as long. Not printed either, and chosen here: the probabilities of
the chain, from 1 and from 2 to 3 more often and from 3 to both alike as in its figure 2; weights
that stay above 0 and below a bound which none comes near; the first memory of a cell (1); that no
cell is joined to itself; how long the replay is looked at. The paper takes what assemblies do from
the rates of their cells; here it is their spikes, filtered as synapses filter them.

The paper shows no blocks. `shown` adds them: stimuli one by one in any order. In pauses the
environment goes on, that of the training or another one, or there is constant input; rules act
there unless `shown.pause_plasticity` says otherwise.
"""

import logging
import time
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from spikedrift.config.base import Options
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks import replay
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout, Target
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    constant,
    in_blocks,
    probability,
)
from spikedrift.networks.environment import CONSTANT, SEGMENTS, Chain, Environment, checked

if TYPE_CHECKING:
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.integrators.prediction import Constants, Weights
    from spikedrift.networks.session_plan import Plan

log = logging.getLogger(__name__)
MILLISECOND = 1e-3  # the paper's time step, s: what its rules change is changed in 1 ms
# Chains of stimuli that drive the cells where no segment is shown: `E.environment`.
TRAINED, SWITCHED, OTHER = 0, 1, 2
CHAIN = ((0.0, 0.25, 0.75), (0.25, 0.0, 0.75), (0.5, 0.5, 0.0))
REPLAY = "replay"  # label of the phase that is looked at
AFTER = 0.100  # within which the next reactivation counts as following; s


class Shown(Options):
    """Stimuli in blocks, after the training."""

    input: float = Field(default=1.0, gt=0, description="input by a stimulus in blocks")
    background: float = Field(default=0.0, description="constant input beside it and between")
    duration: float = Field(default=0.2, gt=0, description="length of a showing; s")
    gap: float = Field(default=0.2, ge=0, description="time before every showing; s")
    tail: float = Field(default=0.0, ge=0, description="trial time after the showing; s")
    repeats: int = Field(default=20, gt=1, description="showings of every stimulus in a block")
    blocks: int = Field(default=2, gt=0, description="blocks")
    pause: float = Field(default=100.0, gt=0, description="time between blocks; s")
    plasticity: bool = Field(default=False, description="rules act in blocks")
    pause_plasticity: bool = Field(default=True, description="rules act in pauses")
    stimuli: bool = Field(
        default=True, description="stimuli go on in pauses; otherwise there is constant input"
    )
    environment: Chain | None = Field(
        default=None, description="chain of the stimuli in pauses; null: that of the training"
    )

    _chain = field_validator("environment")(checked)


class AsabukiNetwork(NetworkOptions):
    """The network of Asabuki & Clopath (2025)."""

    n_excitatory: int = Field(default=500, gt=2, description="excitatory cells (E)")
    n_inhibitory: int = Field(default=500, gt=1, description="inhibitory cells (I)")
    p: float = Field(default=0.5, gt=0, le=1, description="probability that two cells are joined")
    environment: Chain = Field(
        default=CHAIN, description="probabilities of the next stimulus, a row for every stimulus"
    )
    switched: Chain | None = Field(
        default=None, description="chain of the second half of the training; null: the same"
    )
    state: float = Field(default=0.2, gt=0, description="time that a stimulus lasts; s")
    input: float = Field(default=1.0, gt=0, description="input by a stimulus")
    constant: float = Field(default=0.3, description="constant input in place of stimuli")
    training: float = Field(default=1000.0, gt=0, description="time with stimuli; s")
    replay: float = Field(
        default=200.0, gt=0, description="time after the training with constant input; s"
    )
    learning_rate: float = Field(default=1e-4, ge=0, description="step of the rule in 1 ms")
    inhibitory_learning: float = Field(
        default=1.0, ge=0, description="step of inhibitory synapses over that of excitatory ones"
    )
    w_excitatory: float = Field(default=0.1, ge=0, description="first weights on E, times √(pN)")
    w_inhibitory: float = Field(default=1.0, ge=0, description="weights on I, times √(pN)")
    w_max: float = Field(default=1.0, gt=0, description="greatest weight")
    peak_rate: float = Field(default=50.0, gt=0, description="greatest rate of a cell; Hz")
    slope: float = Field(default=5.0, gt=0, description="slope of a cell's response")
    threshold: float = Field(default=1.0, description="input at half of the greatest rate")
    gain: float = Field(default=2.0, gt=0, description="gain of E cells")
    memory: float = Field(
        default=10.0, gt=0, description="decay of the greatest input an E cell remembers; s"
    )
    tau_synapse: float = Field(default=0.005, gt=0, description="decay of synaptic currents; s")
    tau: float = Field(default=0.015, gt=0, description="decay of potentials; s")
    psp: float = Field(default=0.025, gt=0, description="area of a postsynaptic potential; s")
    shown: Shown | None = Field(default=None, description="blocks after the training")
    trace_interval: float = Field(default=10.0, gt=0, description="step of traces; s")
    simulation: Simulation = Simulation(dt=1e-3)

    _chain = field_validator("environment", "switched")(checked)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        n = len(self.environment)
        for other in (self.switched, self.shown and self.shown.environment):
            if other and len(other) != n:
                raise ValueError(f"environments of {n} and of {len(other)} stimuli")
        if n > self.n_excitatory:
            raise ValueError(f"{n} stimuli, and {self.n_excitatory} excitatory cells")
        return self

    def group(self) -> np.ndarray:
        """Stimulus that drives each excitatory cell."""
        return np.arange(self.n_excitatory) * len(self.environment) // self.n_excitatory


def declare(options: AsabukiNetwork) -> Network:
    """Declare the network."""
    shown, training = options.shown, options.training
    parts = [(TRAINED, training)]
    if options.switched:
        parts = [(TRAINED, training / 2), (SWITCHED, training / 2)]
    phases = [
        *(
            Phase("pause", duration=length, set={"E.environment": which}, label="stimuli")
            for which, length in parts
        ),
        Phase(
            "pause", duration=options.replay, plastic=False, set={"E.environment": CONSTANT},
            label=REPLAY,
        ),
    ]  # fmt: skip
    protocol = Protocol(tuple(phases))
    if shown:
        block = Phase("block", repeats=shown.repeats, plastic=shown.plasticity,
                      set={"E.environment": SEGMENTS})  # fmt: skip
        goes_on = OTHER if shown.environment else parts[-1][0]
        pause = Phase(
            "pause", duration=shown.pause, plastic=shown.pause_plasticity,
            set={"E.environment": goes_on if shown.stimuli else CONSTANT},
        )  # fmt: skip
        n = len(options.environment)
        protocol = Protocol(
            (*phases, *in_blocks(shown.blocks, block, pause)),
            n_segments=n,
            duration=shown.duration,
            gap=shown.gap,
            tail=shown.tail,
            cues=tuple({"E.segment": (k, -1)} for k in range(n)),
        )
    joined = probability(options.p)
    pairs = {"E": options.p * options.n_excitatory, "I": options.p * options.n_inhibitory}
    first = {"E": options.w_excitatory, "I": options.w_inhibitory}
    changed = {"EtoE": "prediction of the rate", "ItoE": "balance of the prediction"}
    receptor = {"E": "excitatory", "I": "inhibitory"}
    return Network(
        populations=(
            Population("E", options.n_excitatory),
            Population("I", options.n_inhibitory, recorded=False),
        ),
        projections=tuple(
            Projection(
                name, name[0], name[-1], receptor[name[0]], joined,
                constant(first[name[-1]] / np.sqrt(pairs[name[0]])), options.w_max,
                changed_by=changed.get(name, ""),
            )
            for name in ("EtoE", "ItoE", "EtoI", "ItoI")
        ),
        protocol=protocol,
        recording=Recording(
            "E", trace_interval=options.trace_interval, n_synapses=None, ensembles="EtoE",
            weights="1",
        ),
    )  # fmt: skip


def first_weights(plan: "Plan") -> "Weights":
    """Weights before the session."""
    from spikedrift.networks.integrators.prediction import Weights

    rng, network = plan.rng("start"), plan.network
    options = plan.options
    assert isinstance(options, AsabukiNetwork)
    sizes, found = network.sizes, {}
    for one in network.projections:
        joined = rng.random((sizes[one.pre], sizes[one.post])) < options.p
        if one.pre == one.post:
            np.fill_diagonal(joined, False)
        weight = min(one.weight.values["w_start"], one.w_max) * joined
        found[one.name] = weight
        if one.changed_by:
            found[f"most_{one.name}"] = one.w_max * joined
    return Weights(**found)


def constants(options: AsabukiNetwork, plastic: bool) -> "Constants":
    """Values that a step needs."""
    from spikedrift.networks.integrators.prediction import Constants

    dt = options.simulation.dt
    learns = plastic * options.learning_rate * (dt / MILLISECOND)
    return Constants(
        dt, options.tau_synapse, options.tau, options.psp, options.peak_rate, options.slope,
        options.threshold, options.gain, options.memory, learns,
        learns * options.inhibitory_learning,
    )  # fmt: skip


def integrate(plan: "Plan") -> "Recorded":
    """Run the session; spikes are kept where segments are shown and in the replay."""
    from spikedrift.networks.copies import Recorded
    from spikedrift.networks.integrators import prediction
    from spikedrift.simulation import streams
    from spikedrift.simulation.run import Run, Set

    options = plan.options
    assert isinstance(options, AsabukiNetwork)
    n_e, n_i = options.n_excitatory, options.n_inhibitory
    weights = first_weights(plan)
    state = prediction.State(
        np.zeros(n_e), np.zeros(n_i), np.zeros(n_e), np.zeros(n_i), np.ones(n_e)
    )
    shown = options.shown or Shown()
    chains = {TRAINED: options.environment, SWITCHED: options.switched, OTHER: shown.environment}
    dt, phases = options.simulation.dt, plan.network.protocol.phases
    stimuli = Environment(
        {number: chain for number, chain in chains.items() if chain},
        options.group(),
        max(1, round(options.state / dt)),
        strength=options.input,
        constant=options.constant,
        shown=shown.input,
        background=shown.background,
        rng=plan.rng("environment"),
    )
    key = int(streams.branch(plan.key, streams.purpose("spikes"), 0))
    ends = {name: np.nonzero(getattr(weights, f"most_{name}")) for name in ("EtoE", "ItoE")}
    saved: dict[str, list[np.ndarray]] = {name: [] for name in ends}
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    counts: list[np.ndarray] = []
    count, told = np.zeros(2, np.int64), time.monotonic()
    for step in plan.steps:
        match step:
            case Set("E.environment", value):
                stimuli.number = int(value)
            case Set("E.segment", value):
                stimuli.segment = int(value)
            case Run(start, duration):
                now, stop = round(start / dt), round((start + duration) / dt)
                phase = phases[np.searchsorted(plan.timetable.phase_start, now, "right") - 1]
                step_of = constants(options, phase.plastic)
                while now < stop:
                    outside, n_steps = stimuli.until(stop - now)
                    cells, steps = np.empty((2, n_steps * n_e), np.int32)
                    n = prediction.advance(
                        weights, state, step_of, outside, key, now * (n_e + n_i), n_steps,
                        cells, steps, count,
                    )  # fmt: skip
                    if phase.repeats is not None or phase.label == REPLAY:
                        kept.append((cells[:n].astype(np.int64), now + steps[:n].astype(np.int64)))
                    now += n_steps
                if time.monotonic() > told + 20:
                    told, share = time.monotonic(), now / plan.timetable.stop
                    log.info("%s: %.3g s, %.0f %%", plan.run.recording, now * dt, 100 * share)
            case _:
                if saved["EtoE"]:
                    counts.append(count.copy())
                count[:] = 0
                for name, joined in ends.items():
                    saved[name].append(getattr(weights, name)[joined].astype(np.float32))
    cell = np.concatenate([np.empty(0, np.int64), *(one for one, _ in kept)])
    at = np.concatenate([np.empty(0, np.int64), *(one for _, one in kept)])
    finite = all(np.isfinite(one).all() for one in (*weights, *state))
    return Recorded(
        cell, at * dt, {name: np.stack(one) for name, one in saved.items()}, ends, finite,
        np.array(counts),
    )  # fmt: skip


def replayed(plan: "Plan", recorded: "Recorded") -> list[tuple[int, int, int]]:
    """Reactivations of assemblies, which stand for stimuli, under constant input."""
    options, timetable = plan.options, plan.timetable
    assert isinstance(options, AsabukiNetwork)
    number = [one.label for one in plan.network.protocol.phases].index(REPLAY)
    start, stop = (int(edge[number]) for edge in (timetable.phase_start, timetable.phase_stop))
    dt = options.simulation.dt
    at = np.round(recorded.spike_time / dt).astype(int)
    inside = (at >= start) & (at < stop)
    decays = options.tau_synapse / dt, options.tau / dt
    return replay.reactivations(
        replay.activities(
            recorded.spike_cell[inside], at[inside] - start, options.group(), stop - start, decays
        )
    )


def readout(plan: "Plan", recorded: "Recorded") -> Readout:
    """How well weights between assemblies, and their replay, follow the chain of the stimuli."""
    options = plan.options
    assert isinstance(options, AsabukiNetwork)
    dt, chain = options.simulation.dt, np.array(options.switched or options.environment)
    other = ~np.eye(len(chain), dtype=bool)
    weight = replay.mean_weights(recorded.weights["EtoE"], *recorded.ends["EtoE"], options.group())
    trained, half = (
        int(np.argmin(abs(plan.save_time - part * options.training))) for part in (1, 0.5)
    )
    events = replayed(plan, recorded)
    found = replay.transitions(events, len(chain), round(AFTER / dt))
    within, between = (weight[:, where].mean(axis=1) for where in (~other, other))
    length = dt * np.array([stop - start for start, stop, _ in events])
    time = plan.save_time[: trained + 1]
    return {
        "replay": replay.alike(found, chain),
        "off": float(np.abs(found - chain)[other].mean()),
        "weights": replay.alike(weight[trained], chain),
        "weights_before": replay.alike(weight[half], chain),
        "within": float(within[trained] / within[0]),
        "between": float(between[trained] / between[0]),
        "kept": float(within[trained] / within[half]),
        "rate": len(events) / len(chain) / options.replay,
        "length": float(np.median(length)) if events else np.nan,
        "replayed": Curve(chain[other], found[other], "probability of stimuli", "replayed"),
        "within_time": Curve(time, within[: trained + 1], "time (s)", "weight within"),
        "between_time": Curve(time, between[: trained + 1], "time (s)", "weight between"),
    }


ALIGNED = "Asabuki & Clopath 2025, figure 2f: replayed transitions align with the stimuli's"
STORED = "figure 3d: weights between assemblies follow the probabilities of transitions"
NEEDED = "figure 3, supplement 1: not aligned without inhibitory plasticity, though weights are"
ADAPTS = "figure 3, supplement 2: between assemblies weights are learned anew, within they stay"
SMALL = {"n_excitatory": 150, "n_inhibitory": 150}
MODEL = Model(
    name="asabuki_clopath_2025",
    title="replay of the transitions of stimuli, learned by prediction",
    citation="Asabuki T, Clopath C (2025) eLife 13:RP95243",
    options=AsabukiNetwork,
    declare=declare,
    integrate=integrate,
    experiments=(
        Experiment("replay", "three stimuli, then constant input",
                   quick={**SMALL, "training": 60.0, "replay": 150.0}, instances=(3, 2)),
        Experiment("fixed", "the same, inhibitory weights fixed", {"inhibitory_learning": 0.0},
                   quick={**SMALL, "training": 60.0, "replay": 100.0}, instances=(2, 1)),
        Experiment("switch", "another chain in the second half of the training",
                   {"switched": ((0.0, 0.75, 0.25), (0.5, 0.0, 0.5), (0.25, 0.75, 0.0))},
                   quick={**SMALL, "training": 120.0, "replay": 100.0}, instances=(1, 1)),
    ),
    readout=readout,
    targets=(
        Target("replay", "replay", "correlation of replayed transitions with the stimuli's",
               ALIGNED, "published", low=0.0),
        Target("replay", "off", "mean difference of their probabilities",
               f"{ALIGNED}; bound by judgment", "unverified", value=0.0, high=0.2),
        Target("replay", "weights", "correlation of weights between assemblies with transitions",
               STORED, "published", low=0.0),
        Target("replay", "within", "weight within assemblies over the first",
               "figure 3b: it grows", "published", low=1.0),
        Target("replay", "between", "weight between assemblies over the first",
               "figure 3b: it falls", "published", high=1.0),
        Target("fixed", "off", "mean difference of the probabilities",
               f"{NEEDED}; bound by judgment", "unverified", low=0.2),
        Target("fixed", "weights", "correlation of weights between assemblies with transitions",
               NEEDED, "published", low=0.0),
        Target("switch", "weights_before", "that with the second chain, at half time",
               ADAPTS, "published", high=0.0),
        Target("switch", "weights", "that with the second chain, at the end",
               ADAPTS, "published", low=0.0),
        Target("switch", "kept", "weight within assemblies, at the end over half time",
               f"{ADAPTS}; bounds by judgment", "unverified", value=1.0, low=0.9, high=1.1),
    ),
)  # fmt: skip
