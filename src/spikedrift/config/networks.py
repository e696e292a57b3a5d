"""Options of the simulated networks, of how they are built, and of sweeps over them.

Defaults reproduce the network of docs/methods.md: conductance-based integrate-and-fire cells whose
weights are in units of the leak conductance, after the usual balanced network (Vogels et al.
2011), driven by frozen spike patterns hidden in Poisson background of the same rate.
"""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options


class Cells(Options):
    """Conductance-based leaky integrate-and-fire cells."""

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


class Wiring(Options):
    """Random connectivity and initial weights (units of the leak conductance).

    Every initial weight is its mean times a uniform draw from [0.5, 1.5).
    """

    p_afferent: float = Field(
        default=0.3, gt=0, le=1, description="afferent to E and to I; probability"
    )
    p_ee: float = Field(default=0.2, gt=0, le=1, description="E to E; probability")
    p_ei: float = Field(default=0.25, gt=0, le=1, description="E to I; probability")
    p_ie: float = Field(default=0.4, gt=0, le=1, description="I to E; probability")
    p_ii: float = Field(default=0.4, gt=0, le=1, description="I to I; probability")
    delay: float = Field(default=0.001, ge=0, description="delay of recurrent synapses; s")
    w_afferent_e: float = Field(default=0.07, ge=0, description="afferent to E; leak conductances")
    w_afferent_i: float = Field(default=0.06, ge=0, description="afferent to I; leak conductances")
    w_ee: float = Field(default=0.03, ge=0, description="E to E; leak conductances")
    w_ei: float = Field(default=0.05, ge=0, description="E to I; leak conductances")
    w_ie: float = Field(default=0.13, ge=0, description="I to E; leak conductances")
    w_ii: float = Field(default=0.1, ge=0, description="I to I; leak conductances")


class Patterns(Options):
    """Frozen spike patterns of the afferents in Poisson background of about the same rate."""

    n_afferents: int = Field(default=300, gt=1, description="afferents")
    n_patterns: int = Field(default=4, gt=1, description="patterns (segments)")
    duration: float = Field(default=0.150, gt=0, description="length of a pattern; s")
    gap: float = Field(default=0.250, ge=0, description="background before every pattern; s")
    rate: float = Field(default=10.0, ge=0, description="rate of the frozen spikes; Hz")
    noise_rate: float = Field(
        default=1.0, ge=0, description="Poisson spikes added to a pattern; Hz"
    )
    jitter: float = Field(
        default=0.002, ge=0, description="normal jitter of each frozen spike, SD; s"
    )
    background_rate: float = Field(
        default=10.0, ge=0, description="Poisson rate outside patterns; Hz"
    )
    order: Literal["random", "fixed"] = Field(
        default="random", description="order of the patterns in a repeat; fixed makes a movie"
    )


class ExcitatoryPlasticity(Options):
    """What changes an excitatory projection: a spike-timing rule and weight noise (turnover)."""

    rule: str = Field(default="pair_stdp", description="a rule of spikedrift.plasticity")
    w_max: float = Field(
        default=0.15, gt=0, description="upper bound of the weight; leak conductances"
    )
    eta: float = Field(default=0.0, ge=0, description="size of a step; fraction of w_max")
    ratio: float = Field(default=1.05, ge=0, description="A-/A+, depression over potentiation; 1")
    tau_plus: float = Field(default=0.020, gt=0, description="window of potentiation; s")
    tau_minus: float = Field(default=0.020, gt=0, description="window of depression; s")
    noise: float = Field(
        default=0.0,
        ge=0,
        description="weight noise, SD after one second; w_max per square root of s",
    )


class RecurrentPlasticity(ExcitatoryPlasticity):
    """Plasticity from E to E."""

    w_max: float = Field(
        default=0.09, gt=0, description="upper bound of the weight; leak conductances"
    )


class InhibitoryPlasticity(Options):
    """The rule on I to E that holds the excitatory rate near a target (Vogels et al. 2011)."""

    rule: str = Field(default="inhibitory", description="a rule of spikedrift.plasticity")
    w_max: float = Field(
        default=3.0, gt=0, description="upper bound of the weight; leak conductances"
    )
    eta: float = Field(
        default=0.002, ge=0, description="size of a step after settling; leak conductances"
    )
    settle_eta: float = Field(
        default=0.002, ge=0, description="size of a step while settling, in every condition"
    )
    target_rate: float = Field(
        default=4.0, ge=0, description="rate the rule steers each E cell to; Hz"
    )
    tau: float = Field(default=0.020, gt=0, description="window of the rule; s")


class NetworkPlasticity(Options):
    """Plasticity by projection; a rate of 0 turns a rule off."""

    afferent: ExcitatoryPlasticity = Field(
        default=ExcitatoryPlasticity(), description="afferent to E"
    )
    recurrent: RecurrentPlasticity = Field(default=RecurrentPlasticity(), description="E to E")
    inhibitory: InhibitoryPlasticity = Field(default=InhibitoryPlasticity(), description="I to E")


class Phase(Options):
    """A stretch of the session.

    In `settle` only the inhibitory rule acts, at its settling rate, whatever the condition: all
    conditions of an instance start from the same network. `naive`, `train` and `block` show
    patterns, which become trials; patterns shown in a `pause` do not.
    """

    kind: Literal["settle", "naive", "train", "pause", "block"] = Field(
        description="what the phase is for"
    )
    duration: float | None = Field(default=None, gt=0, description="length without patterns; s")
    repeats: int | None = Field(default=None, gt=0, description="showings of every pattern")
    plasticity: bool = Field(default=True, description="the condition's plasticity acts")
    background: bool = Field(default=True, description="afferents fire outside patterns")

    @model_validator(mode="after")
    def _length(self) -> Self:
        if (self.duration is None) == (self.repeats is None):
            raise ValueError(f"phase {self.kind}: give either duration (s) or repeats")
        if self.kind == "settle" and self.duration is None:
            raise ValueError("phase settle: shows no patterns; give duration (s)")
        if self.kind in ("naive", "train", "block") and self.repeats is None:
            raise ValueError(f"phase {self.kind}: shows patterns; give repeats")
        return self


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


class Recording(Options):
    """What a simulated session keeps."""

    n_units: int | None = Field(
        default=None, gt=1, description="E cells kept, drawn by the instance seed; null keeps all"
    )
    tail: float = Field(default=0.0, ge=0, description="trial time after the end of the pattern; s")
    trace_interval: float = Field(
        default=5.0, gt=0, description="step of weight and rate traces; s"
    )
    n_synapses: int = Field(
        default=200, gt=0, description="synapses a projection kept at phase edges"
    )


class Simulation(Options):
    """How the network becomes a program."""

    dt: float = Field(default=0.0002, gt=0, le=0.001, description="time step; s")
    backend: Literal["cpp"] = Field(default="cpp", description="Brian2 device")
    march: str = Field(
        default="x86-64-v2",
        pattern=r"^[A-Za-z0-9_.+-]*$",
        description=(
            "instruction set the compiler may use on x86-64 (-march; ignored elsewhere): a named "
            "level travels between machines, `native` does not; empty for the compiler's default"
        ),
    )
    jobs: int = Field(default=2, gt=0, description="compilers at once while building")


class PatternNetwork(Options):
    """A recurrent network that hears the same spike patterns again and again."""

    cells: Cells = Cells()
    wiring: Wiring = Wiring()
    patterns: Patterns = Patterns()
    plasticity: NetworkPlasticity = NetworkPlasticity()
    phases: tuple[Phase, ...] = Field(
        default=DEFAULT_PHASES, min_length=1, description="the session"
    )
    recording: Recording = Recording()
    simulation: Simulation = Simulation()

    @model_validator(mode="after")
    def _trials(self) -> Self:
        if not any(phase.kind == "block" for phase in self.phases):
            raise ValueError("phases: needs at least one phase of kind block")
        if self.recording.tail > self.patterns.gap:
            raise ValueError("recording.tail: longer than patterns.gap, trials would overlap")
        return self


class Condition(Options):
    """A named point of a sweep."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="word for tables")
    title: str = Field(default="", description="words for figures; default: the name")
    control: bool = Field(default=False, description="the others are compared with this condition")
    set: dict[str, Any] = Field(
        default_factory=dict, description="network options by dotted key, such as plasticity.*.eta"
    )


class Sweep(Options):
    """Conditions times instances of one network; an instance is wiring, patterns and noise."""

    name: str = Field(
        default="patterns",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        description="first part of recording ids",
    )
    network: str = Field(default="pattern_network", description="a network of spikedrift.networks")
    options: PatternNetwork = PatternNetwork()
    conditions: tuple[Condition, ...] = Field(min_length=1, description="what is compared")
    instances: int = Field(default=3, gt=0, description="network instances of every condition")
    seed: int = Field(default=1, ge=0, description="every random draw of the sweep comes from it")

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [condition.name for condition in self.conditions]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"conditions: the name {sorted(twice)[0]!r} is used twice")
        return self
