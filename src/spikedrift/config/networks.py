"""Options of the simulated networks.

Defaults reproduce the network of docs/network.md: conductance-based integrate-and-fire cells whose
weights are in units of the leak conductance, after the usual balanced network (Vogels et al.
2011), driven by frozen spike patterns hidden in Poisson background of the same rate.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.config.simulation import Simulation


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


class Patterns(Options):
    """Frozen spike patterns of the afferents in Poisson background of about the same rate."""

    n_afferents: int = Field(default=300, gt=1, description="afferents")
    n_patterns: int = Field(default=4, gt=1, description="patterns (segments)")
    duration: float = Field(default=0.150, gt=0, description="length of a pattern; s")
    gap: float = Field(
        default=0.250,
        ge=0,
        description="background before every pattern; s; with 0 segments follow without a pause",
    )
    gap_jitter: float = Field(
        default=0.0,
        ge=0,
        description="every pattern comes earlier, by a uniform draw up to this; s",
    )
    rate: float = Field(default=10.0, ge=0, description="rate of the frozen spikes; Hz")
    noise_rate: float = Field(
        default=1.0, ge=0, description="Poisson spikes added to a pattern; Hz"
    )
    jitter: float = Field(
        default=0.002, ge=0, description="normal jitter of each frozen spike, SD; s"
    )
    deletion: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="probability that a frozen spike is missing at a showing",
    )
    participation: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description=(
            "fraction of the afferents that take part in a pattern; the others go on as outside it"
        ),
    )
    background_rate: float = Field(
        default=10.0, ge=0, description="Poisson rate outside patterns; Hz"
    )
    order: Literal["random", "fixed"] = Field(
        default="random", description="order of the patterns in a repeat; fixed makes a movie"
    )
    scrambled: bool = Field(
        default=False,
        description=(
            "control: every showing draws a new pattern under the old label, so nothing repeats"
        ),
    )

    @model_validator(mode="after")
    def _gaps(self) -> Self:
        if self.gap_jitter > self.gap:
            raise ValueError(
                f"gap_jitter: {self.gap_jitter:g} s is longer than the gap ({self.gap:g} s)"
            )
        return self


class Plasticity(Options):
    """Plasticity of a projection: a rule, its parameters, and rules that act beside it."""

    rule: str = Field(
        default="", description="a rule of docs/plasticity.md; empty where nothing is plastic"
    )
    set: str = Field(default="", description="a named parameter set of the rule")
    parameters: dict[str, float] | tuple[float, ...] = Field(
        default_factory=dict,
        description=(
            "parameters of the rules by name, in place of those of the set; numbers alone are the "
            "rule's vector"
        ),
    )
    eta: float = Field(
        default=0.0,
        ge=0,
        description=(
            "size of the steps, in place of the rule's own `eta`, whose default in "
            "docs/plasticity.md acts in induction protocols only; 0 is off"
        ),
    )
    also: tuple[str, ...] = Field(
        default=(), description="further rules, such as normalization or short-term plasticity"
    )
    w_max: float = Field(
        default=0.15, gt=0, description="upper bound of the weight; leak conductances"
    )

    @property
    def rules(self) -> tuple[str, ...]:
        """All rules of the projection."""
        return (*filter(None, [self.rule]), *self.also)


class ExcitatoryPlasticity(Plasticity):
    """What changes an excitatory projection onto E: rules and weight noise (turnover)."""

    rule: str = Field(default="pair_stdp", description="a rule of docs/plasticity.md")
    noise: float = Field(
        default=0.0,
        ge=0,
        description="weight noise, SD after one second; w_max per square root of s",
    )

    @property
    def rules(self) -> tuple[str, ...]:
        """All rules of the projection; weight noise is always built in."""
        return (*super().rules, "weight_noise")


class RecurrentPlasticity(ExcitatoryPlasticity):
    """Plasticity from E to E."""

    w_max: float = Field(
        default=0.09, gt=0, description="upper bound of the weight; leak conductances"
    )


class InhibitoryPlasticity(Plasticity):
    """Plasticity from I to E; the default holds the excitatory rate near a target."""

    rule: str = Field(default="inhibitory", description="a rule of docs/plasticity.md")
    w_max: float = Field(
        default=3.0, gt=0, description="upper bound of the weight; leak conductances"
    )
    eta: float = Field(
        default=0.002,
        ge=0,
        description="size of the steps after settling, in place of the rule's own `eta`",
    )
    settle_eta: float = Field(
        default=0.002, ge=0, description="the same while settling, in every variant"
    )


MOST_STEPS = 2**31  # time steps are 32-bit integers
PROJECTIONS = ("afferent", "recurrent", "inhibitory", "ei", "ii")  # those that can be plastic
SIX_PARAMETER_ORDER = ("recurrent", "ei", "inhibitory", "ii")


class NetworkPlasticity(Options):
    """Plasticity by projection; a rate of 0 turns a rule off."""

    afferent: ExcitatoryPlasticity = Field(
        default=ExcitatoryPlasticity(), description="afferent to E"
    )
    recurrent: RecurrentPlasticity = Field(default=RecurrentPlasticity(), description="E to E")
    inhibitory: InhibitoryPlasticity = Field(default=InhibitoryPlasticity(), description="I to E")
    ei: Plasticity = Field(default=Plasticity(), description="E to I")
    ii: Plasticity = Field(default=Plasticity(w_max=3.0), description="I to I")
    six_parameter: tuple[float, ...] | None = Field(
        default=None,
        min_length=24,
        max_length=24,
        description=(
            "24 numbers that make six_parameter the rule of E to E, E to I, I to E and I to I, in "
            "this order: tau_pre, tau_post (s), alpha, beta, gamma, kappa of each; each "
            "projection's eta still scales its steps"
        ),
    )

    def of(self, projection: str) -> Plasticity:
        """Return the plasticity of a projection."""
        options: Plasticity = getattr(self, projection)
        if self.six_parameter is None or projection not in SIX_PARAMETER_ORDER:
            return options
        first = 6 * SIX_PARAMETER_ORDER.index(projection)
        return options.model_copy(
            update={
                "rule": "six_parameter",
                "set": "",
                "parameters": self.six_parameter[first : first + 6],
            }
        )


class Phase(Options):
    """A stretch of the session.

    In `settle` only the inhibitory rule acts, at its settling rate, whatever the variant: all
    variants of an instance start from the same network. `naive`, `train` and `block` show
    patterns, which become trials; patterns shown in a `pause` do not.
    """

    kind: Literal["settle", "naive", "train", "pause", "block"] = Field(
        description="what the phase is for"
    )
    duration: float | None = Field(default=None, gt=0, description="length without patterns; s")
    repeats: int | None = Field(default=None, gt=0, description="showings of every pattern")
    plasticity: bool = Field(default=True, description="the variant's plasticity acts")
    turnover: bool | None = Field(
        default=None, description="weight noise acts; null: as the other plasticity does"
    )
    background: bool = Field(default=True, description="afferents fire outside patterns")
    state_rate: float = Field(
        default=0.0,
        ge=0,
        description="state input: extra Poisson rate of every afferent, in patterns too; Hz",
    )

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
    n_synapses: int | None = Field(
        default=200,
        gt=0,
        description="plastic synapses per projection kept at phase edges; null keeps all",
    )


class PatternNetwork(Options):
    """A recurrent network that receives the same spike patterns again and again."""

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
        shortest = self.patterns.gap - self.patterns.gap_jitter
        if self.recording.tail > shortest:
            raise ValueError(
                f"recording.tail: {self.recording.tail:g} s is longer than the shortest gap "
                f"({shortest:g} s), trials would overlap"
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
            total += (phase.repeats or 0) * self.patterns.n_patterns * period
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
