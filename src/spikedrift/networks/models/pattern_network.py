"""A recurrent network of excitatory and inhibitory cells that learns frozen spike patterns.

Conductance-based integrate-and-fire cells whose weights are in units of the leak conductance, after
the usual balanced network (Vogels et al. 2011), driven by frozen spike patterns hidden in Poisson
background of the same rate: spike-timing-dependent plasticity on afferent and recurrent excitatory
synapses, the inhibitory rule of Vogels et al. on I to E, and weight noise. docs/network.md says
what was chosen and why. Variants of one instance differ in nothing but what the variant sets:
wiring, first weights, patterns and noise are those of the instance.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.config.networks import (
    MOST_STEPS,
    NetworkOptions,
    Recording,
    ShownPatterns,
)
from spikedrift.config.phases import Phase
from spikedrift.networks import declaration as network
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import (
    Network,
    Population,
    Projection,
    Protocol,
    Source,
    probability,
    spread,
)
from spikedrift.networks.frozen_patterns import Frozen, frozen_patterns
from spikedrift.networks.projection_rules import PROJECTIONS, NetworkPlasticity
from spikedrift.networks.timetable import OFTEN
from spikedrift.plasticity import registry
from spikedrift.plasticity.parameters import chosen


class Cells(Options):
    """Leaky integrate-and-fire cells."""

    n_excitatory: int = Field(default=320, gt=1, description="excitatory cells (E)")
    n_inhibitory: int = Field(default=80, gt=0, description="inhibitory cells (I)")
    tau_membrane: float = Field(default=0.020, gt=0, description="membrane time constant; s")
    rest: float = Field(default=-0.060, description="resting and reset potential; V")
    threshold: float = Field(default=-0.050, description="spike threshold; V")
    reversal_excitatory: float = Field(default=0.0, description="excitatory reversal potential; V")
    reversal_inhibitory: float = Field(
        default=-0.080, description="inhibitory reversal potential; V"
    )
    tau_excitatory: float = Field(
        default=0.005, gt=0, description="decay of excitatory conductance; s"
    )
    tau_inhibitory: float = Field(
        default=0.010, gt=0, description="decay of inhibitory conductance; s"
    )
    refractory_excitatory: float = Field(default=0.003, ge=0, description="dead time of E cells; s")
    refractory_inhibitory: float = Field(default=0.002, ge=0, description="dead time of I cells; s")
    membrane_noise: float = Field(
        default=0.006, ge=0, description="membrane noise, sigma of sigma*xi/sqrt(tau_membrane); V"
    )
    synapses: Literal["conductance", "current"] = Field(
        default="conductance",
        description=(
            "current: the drive of a synapse is its reversal potential minus rest, not minus the "
            "present potential; compiled in"
        ),
    )
    spike_peak: float = Field(
        default=0.020, description="membrane potential in a spike, as voltage rules see it; V"
    )
    spike_width: float = Field(
        default=0.001, ge=0, description="how long voltage rules see it after a spike; s"
    )

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.threshold <= self.rest:
            raise ValueError(
                f"threshold: {self.threshold:g} V is not above rest ({self.rest:g} V), to which a "
                "spike resets"
            )
        return self


class Excitability(Options):
    """Slow excitability of E cells: the threshold of each wanders, whatever the cell does.

    It is a state of the cell, drawn by the instance: variants have the same, times their `sd`. It
    acts in all phases but those that say `excitability: false`, in which it goes on unseen.
    """

    sd: float = Field(gt=0, description="SD of the shift of the threshold, over time and cells; V")
    tau: float = Field(gt=0, description="time constant; s")


class Wiring(Options):
    """Random connectivity and initial weights (units of the leak conductance).

    Every initial weight is its mean times a uniform draw from [0.5, 1.5).
    """

    p_afferent: float = Field(
        default=0.3, gt=0, le=1, description="afferent to E and to I; probability"
    )
    p_ee: float = Field(
        default=0.2, ge=0, le=1, description="E to E; probability; 0 is a feed-forward network"
    )
    p_ei: float = Field(default=0.25, ge=0, le=1, description="E to I; probability")
    p_ie: float = Field(default=0.4, ge=0, le=1, description="I to E; probability")
    p_ii: float = Field(default=0.4, ge=0, le=1, description="I to I; probability")
    delay: float = Field(default=0.001, ge=0, description="delay of recurrent synapses; s")
    w_afferent_e: float = Field(default=0.07, ge=0, description="afferent to E; leak conductances")
    w_afferent_i: float = Field(default=0.06, ge=0, description="afferent to I; leak conductances")
    w_ee: float = Field(default=0.03, ge=0, description="E to E; leak conductances")
    w_ei: float = Field(default=0.05, ge=0, description="E to I; leak conductances")
    w_ie: float = Field(default=0.13, ge=0, description="I to E; leak conductances")
    w_ii: float = Field(default=0.1, ge=0, description="I to I; leak conductances")


DEFAULT_PHASES = (
    Phase(kind="settle", duration=60),
    Phase(kind="naive", repeats=12, plasticity=False),
    Phase(kind="pause", duration=10),
    Phase(kind="train", repeats=60),
    Phase(kind="pause", duration=10),
    Phase(kind="block", repeats=20),
    Phase(kind="pause", duration=150),
    Phase(kind="block", repeats=20),
)


class PatternNetwork(NetworkOptions):
    """A recurrent network that receives the same spike patterns again and again."""

    cells: Cells = Cells()
    wiring: Wiring = Wiring()
    patterns: ShownPatterns = ShownPatterns()
    plasticity: NetworkPlasticity = NetworkPlasticity()
    # Left out where it is not given, so that networks without it keep their names.
    excitability: Excitability | None = Field(
        default=None,
        exclude_if=lambda excitability: excitability is None,
        description="slow excitability of E cells; null: none",
    )
    phases: tuple[Phase, ...] = Field(
        default=DEFAULT_PHASES, min_length=1, description="the session"
    )
    recording: Recording = Recording()

    @model_validator(mode="after")
    def _trials(self) -> Self:
        if not any(phase.kind == "block" for phase in self.phases):
            raise ValueError("phases: needs at least one phase of kind block")
        shortest = self.patterns.gap - self.patterns.gap_jitter
        if self.recording.tail > shortest:
            raise ValueError(
                f"recording.tail: {self.recording.tail:g} s is longer than the shortest gap "
                f"({shortest:g} s), trials would overlap"
            )
        return self

    @model_validator(mode="after")
    def _thresholds(self) -> Self:
        room = self.cells.threshold - self.cells.rest
        if self.excitability is not None and not 4 * self.excitability.sd < room:
            raise ValueError(
                f"excitability.sd: four times {self.excitability.sd:g} V take a threshold to rest, "
                f"{room:g} V below, where a cell fires by itself"
            )
        for number, phase in enumerate(self.phases):
            if not phase.excitability and self.excitability is None:
                raise ValueError(
                    f"phases[{number}].excitability: the network has none (excitability: null)"
                )
        return self

    @model_validator(mode="after")
    def _lesions(self) -> Self:
        for number, phase in enumerate(self.phases):
            if unknown := {*phase.lesion} - ENDS.keys():
                raise ValueError(
                    f"phases[{number}].lesion: no projection {min(unknown)!r}; there are "
                    f"{', '.join(ENDS)}"
                )
        return self

    @model_validator(mode="after")
    def _steps(self) -> Self:
        dt, total = self.simulation.dt, self.recording.tail
        period = self.patterns.gap + self.patterns.duration
        lengths = {"patterns.duration": self.patterns.duration}
        for number, phase in enumerate(self.phases):
            if phase.duration is not None:
                lengths[f"phases[{number}].duration"] = phase.duration
                total += phase.duration
            if phase.others is not None and (phase.duration or 0) < period:
                raise ValueError(
                    f"phases[{number}].others: the pause ({phase.duration:g} s) is shorter than "
                    f"a gap and a pattern ({period:g} s)"
                )
            more = self.patterns.often - 1 if phase.kind in OFTEN else 0
            total += (phase.repeats or 0) * (self.patterns.n_patterns + more) * period
        for key, length in lengths.items():
            if length < dt:
                raise ValueError(
                    f"{key}: {length:g} s is shorter than a time step (simulation.dt {dt:g} s)"
                )
        if total / dt >= MOST_STEPS:
            raise ValueError(
                f"phases: {total:.3g} s are more than {MOST_STEPS} time steps of {dt:g} s"
            )
        return self


# Projection: pre, post, receptor.
ENDS = {
    "afferent": ("afferents", "E", "excitatory"),
    "recurrent": ("E", "E", "excitatory"),
    "inhibitory": ("I", "E", "inhibitory"),
    "afferent_i": ("afferents", "I", "excitatory"),
    "ei": ("E", "I", "excitatory"),
    "ii": ("I", "I", "inhibitory"),
}


def declare(options: PatternNetwork) -> Network:
    """Declare the network.

    Raises
    ------
    InputError
        For a parameter or a set that no rule of a projection has.
    """
    cells, wiring, patterns = options.cells, options.wiring, options.patterns
    learning = {
        name: chosen(options.plasticity.of(name), f"plasticity.{name}") for name in PROJECTIONS
    }
    own = {
        "n_excitatory", "n_inhibitory", "synapses", "refractory_excitatory", "refractory_inhibitory"
    }  # fmt: skip
    shared = {**cells.model_dump(exclude=own), "reset": cells.rest}

    def population(name: str, size: int, dead_time: float) -> Population:
        cell, values = f"{cells.synapses}_lif", {**shared, "dead_time": dead_time}
        if name == "E" and (slow := options.excitability) is not None:
            cell = f"excitable_{cell}"
            values |= {"excitability": slow.sd, "tau_excitability": slow.tau}
        return Population(name, size, cell, values)

    def projection(name: str, p: float, weight: float) -> Projection:
        pre, post, receptor = ENDS[name]
        plastic = bool(learning.get(name))
        return Projection(
            name,
            pre,
            post,
            receptor,
            probability(p),
            spread(weight),
            w_max=options.plasticity.of(name).w_max if plastic else 2 * weight,
            delay=0.0 if pre == "afferents" else wiring.delay,
            plasticity=learning.get(name, {}),
        )

    return Network(
        populations=(
            population("E", cells.n_excitatory, cells.refractory_excitatory),
            population("I", cells.n_inhibitory, cells.refractory_inhibitory),
        ),
        projections=(
            projection("afferent", wiring.p_afferent, wiring.w_afferent_e),
            projection("recurrent", wiring.p_ee, wiring.w_ee),
            projection("inhibitory", wiring.p_ie, wiring.w_ie),
            projection("ei", wiring.p_ei, wiring.w_ei),
            projection("ii", wiring.p_ii, wiring.w_ii),
            projection("afferent_i", wiring.p_afferent, wiring.w_afferent_i),
        ),
        sources=(_afferents(options),),
        protocol=Protocol(
            phases=tuple(_phases(options, learning)),
            n_segments=patterns.n_patterns,
            duration=patterns.duration,
            gap=patterns.gap,
            gap_jitter=patterns.gap_jitter,
            order=patterns.order,
            tail=options.recording.tail,
            often=patterns.often,
        ),
        recording=network.Recording(
            units="E",
            n_units=options.recording.n_units,
            trace_interval=options.recording.trace_interval,
            n_synapses=options.recording.n_synapses,
            ensembles="recurrent",
            settling="inhibitory",
        ),
    )


def _afferents(options: PatternNetwork) -> Source:
    frozen = Frozen(
        options.patterns,
        tuple(options.patterns.background_rate * phase.background for phase in options.phases),
        tuple(phase.state_rate for phase in options.phases),
        tuple(phase.cue for phase in options.phases),
        tuple(phase.others for phase in options.phases),
    )
    spikes = frozen_patterns(frozen, options.simulation.dt)
    return Source("afferents", options.patterns.n_afferents, spikes)


def _phases(options: PatternNetwork, learning: dict[str, Any]) -> Iterator[network.Phase]:
    """Declare the phases; what was lesioned stays so."""
    lesioned: set[str] = set()
    for phase in options.phases:
        lesioned |= {*phase.lesion}
        declared = _phase(options, phase, learning)
        none = {f"{name}.{rule}": 0.0 for name in lesioned for rule in learning.get(name, {})}
        slow = options.excitability
        acts = {} if slow is None else {"E.excitability": slow.sd * phase.excitability}
        yield replace(
            declared,
            rates={**declared.rates, **none},
            set=acts | {f"{name}.w": 0.0 for name in phase.lesion},
        )


def _phase(options: PatternNetwork, phase: Phase, learning: dict[str, Any]) -> network.Phase:
    """Declare a phase by itself.

    While the network settles, only the main rule from I to E acts, at its settling rate. Rules that
    move weights without spikes, such as weight noise, act as the phase's `turnover` says, or as its
    `plasticity` where that is left out.
    """
    settling, cue = phase.kind == "settle", phase.cue
    turnover = phase.plasticity if phase.turnover is None else phase.turnover
    rates: dict[str, float] = {}
    for name, rules in learning.items():
        for rule, values in rules.items():
            declared = registry.declared(rule)
            if declared.spontaneous:
                rates[f"{name}.{rule}"] = values[declared.rate] * (turnover and not settling)
    if settling and (rule := options.plasticity.of("inhibitory").rule):
        rates[f"inhibitory.{rule}"] = options.plasticity.inhibitory.settle_eta
    return network.Phase(
        phase.kind,
        phase.duration,
        phase.repeats,
        plastic=phase.plasticity and not settling,
        rates=rates,
        rest=None if cue is None else cue.share * (cue.by == "onset"),
        label=_label(phase),
        until=phase.until,
    )


def _label(phase: Phase) -> str:
    """Words for what a cue or a pause shows."""
    if phase.others is not None:
        return "other patterns"
    if phase.kind == "pause" and phase.repeats is None:
        return "background" if phase.background else "silence"
    if phase.kind != "cue":
        return ""
    return "whole" if phase.cue is None else f"{phase.cue.by} {phase.cue.share:.3g}"


MODEL = Model(
    name="pattern_network",
    title="a network that learns frozen spike patterns",
    citation="this project, docs/network.md",
    options=PatternNetwork,
    declare=declare,
)
