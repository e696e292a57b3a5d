"""What the options of networks are made of: blocks that model files share.

The options of a network stand in its own file, `networks/models/`.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import InputError
from spikedrift.core.plugins import Plugins

MOST_STEPS = 2**31  # time steps are 32-bit integers


class NetworkOptions(Options):
    """Options that every network has; its own file adds the others.

    Attributes
    ----------
    recordings : tuple of str
        Options that name a trials file, or a recording of the same configuration, which then is
        made first.
    """

    recordings: ClassVar[tuple[str, ...]] = ()

    simulation: Simulation = Simulation()

    def of_instance(self, instance: int) -> Self:
        """Return the options of one instance; they differ where each has files of its own."""
        return self

    def files(self) -> list[str]:
        """Return files of the user's own from which sessions are read and not simulated."""
        return []

    def shared_files(self) -> list[str]:
        """Return files that sessions which are simulated read too, whatever the variant."""
        return []

    def as_trained(self) -> Self | None:
        """Return what training depends on: the options without those of what comes after it.

        Variants for which it is the same share one training, a job of its own. None for a network
        that is not trained apart from its sessions.
        """
        return None


# The objects of the files are `spikedrift.networks.catalog.Model`, which lies above.
FILES = Plugins("networks", "MODEL", object, "network")


def model_of(network: str) -> type[NetworkOptions] | None:
    """Model of a network's options, taken from its file; None where there is no such network.

    Raises
    ------
    InputError
        For a file that defines no network.
    """
    if network not in FILES.names():
        return None
    found = getattr(FILES.get(network), "options", None)
    if isinstance(found, type) and issubclass(found, NetworkOptions):
        return found
    raise InputError(
        f"network {network}: {FILES.file(network)} must define MODEL, a Model of "
        "spikedrift.networks.catalog, with options that are NetworkOptions"
    )


class _Models(Mapping[str, type[NetworkOptions]]):
    """Models of the options of networks by name; a file is imported when it is asked for."""

    def __getitem__(self, network: str) -> type[NetworkOptions]:
        if (model := model_of(network)) is None:
            raise KeyError(network)
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(FILES.names())

    def __len__(self) -> int:
        return len(FILES.names())


OPTIONS = _Models()


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


class ShownPatterns(Patterns):
    """Frozen spike patterns, of which one may be shown more often than the others."""

    # Left out where all are shown equally often, so that sessions without it keep their names.
    often: int = Field(
        default=1,
        ge=1,
        exclude_if=lambda often: often == 1,
        description=(
            "showings of the first pattern in a repeat of phases train and pause, where the others "
            "have one; the further ones are no trials"
        ),
    )


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


class Probes(Options):
    """Frozen patterns that are shown to a network whose paper shows none, to see how it drifts.

    Blocks of showings follow the protocol of the paper, with a pause between them. The afferents
    add to the input that the network has learned under; `settle` lets its rules take that in.
    """

    patterns: Patterns = Patterns()
    p: float = Field(default=0.3, gt=0, le=1, description="afferent to recorded cell; probability")
    weight: float = Field(default=0.07, gt=0, description="afferent to recorded cell; weight")
    settle: float = Field(
        default=0.0, ge=0, description="background before the first block, while rules act; s"
    )
    repeats: int = Field(default=20, gt=1, description="showings of every pattern in a block")
    blocks: int = Field(default=2, gt=0, description="blocks")
    pause: float = Field(default=60.0, gt=0, description="time between blocks; s")
    plasticity: bool = Field(default=True, description="rules act in blocks too")
    pause_plasticity: bool = Field(default=True, description="rules act between blocks")
