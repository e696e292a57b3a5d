"""Options of the induction protocols, and which rules are run through them.

Times are in s, rates in Hz. An interval is t_post - t_pre: above 0 the presynaptic spike is first.
"""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spikedrift.config.balance import DEFAULT, Balancing
from spikedrift.config.base import Chosen, NamedAfter, Options

Rates = Annotated[tuple[float, ...], Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]


class Pairing(Options):
    """Pairs of spikes, one interval apart, at a frequency."""

    along: Literal["frequency", "interval"] = Field(
        default="frequency", description="what the axis of figures shows; the other gives curves"
    )
    frequencies: tuple[Positive, ...] = Field(
        default=(1.0,), min_length=1, description="pairs per second; Hz"
    )
    intervals: Rates = Field(default=(-0.010, 0.010), description="t_post - t_pre; s")
    pairs: int = Field(default=60, gt=0, description="pairs in a train")
    trains: Count | tuple[Count, ...] = Field(
        default=1, description="trains: one number, or one for every frequency"
    )
    train_interval: float = Field(
        default=10.0, gt=0, description="time from the start of a train to that of the next; s"
    )
    ends: Literal["pairs", "extra_post", "window"] = Field(
        default="pairs",
        description=(
            "ends of a train: whole pairs; where postsynaptic spikes come first, one more of them "
            "(Clopath et al. 2010); or endless trains seen for as many periods, of which the last "
            "ends one interval after a postsynaptic spike (Agnes & Vogels 2024)"
        ),
    )

    @model_validator(mode="after")
    def _trains(self) -> Self:
        if isinstance(self.trains, tuple) and len(self.trains) != len(self.frequencies):
            raise ValueError(
                f"trains: {len(self.trains)} numbers for {len(self.frequencies)} frequencies"
            )
        return self


class Triplets(Options):
    """Three spikes, two of them on one side, repeated."""

    order: Literal["pre-post-pre", "post-pre-post"] = Field(
        default="pre-post-pre", description="which side has two spikes"
    )
    intervals: tuple[tuple[float, float], ...] = Field(
        default=((0.005, -0.005), (0.010, -0.010), (0.015, -0.005), (0.005, -0.015)),
        min_length=1,
        description="intervals of the first and the second pair, each t_post - t_pre; s",
    )
    triplets: int = Field(default=60, gt=0, description="repetitions")
    frequency: float = Field(default=1.0, gt=0, description="repetitions per second; Hz")


class Quadruplets(Options):
    """Two pairs of opposite order, a time apart, repeated."""

    times: Rates = Field(
        default=(-0.090, -0.060, -0.040, -0.020, 0.020, 0.040, 0.060, 0.090),
        description=(
            "time between the two inner spikes; above 0 post-pre comes before pre-post, below 0 it "
            "comes after; s"
        ),
    )
    interval: float = Field(default=0.005, gt=0, description="interval within each pair; s")
    quadruplets: int = Field(default=60, gt=0, description="repetitions")
    frequency: float = Field(default=1.0, gt=0, description="repetitions per second; Hz")


class Bursts(Options):
    """One presynaptic spike with a burst of postsynaptic ones (two: a doublet), repeated."""

    intervals: Rates = Field(
        default=(-0.050, -0.020, -0.010, 0.0, 0.010, 0.020, 0.050),
        description="last postsynaptic spike minus the presynaptic one; s",
    )
    spikes: int = Field(default=2, gt=0, description="postsynaptic spikes in a burst")
    spacing: float = Field(default=0.0115, gt=0, description="time between spikes of a burst; s")
    bursts: tuple[int, ...] = Field(
        default=(60,), min_length=1, description="repetitions, one curve each"
    )
    frequency: float = Field(default=5.0, gt=0, description="repetitions per second; Hz")


class IrregularPairs(Options):
    """Poisson trains of one rate on both sides; some presynaptic spikes have a partner."""

    rates: tuple[Positive, ...] = Field(
        default=(1, 2, 5, 10, 15, 20, 30, 40, 50, 60),
        min_length=1,
        description="rates of both sides; Hz",
    )
    paired: Rates = Field(
        default=(0.0, 0.4),
        description="share of presynaptic spikes with a postsynaptic one; one curve each",
    )
    interval: float = Field(default=0.010, description="t_post - t_pre of the partners; s")
    duration: float = Field(default=10.0, gt=0, description="length; s")


class RateSweep(Options):
    """Independent Poisson trains; the rate of one side is swept."""

    swept: Literal["pre", "post"] = Field(default="pre", description="the side that is swept")
    rates: Rates = Field(
        default=(1, 2, 5, 10, 15, 20, 30, 40, 50), description="rates of the swept side; Hz"
    )
    others: Rates = Field(default=(10.0,), description="rates of the other side; Hz")
    duration: float = Field(default=10.0, gt=0, description="length; s")


class VoltageClamp(Options):
    """Presynaptic spikes at a frequency while the postsynaptic potential is held."""

    potentials: Rates = Field(
        default=(-0.08, -0.07, -0.06, -0.05, -0.04, -0.03, -0.02, -0.01, 0.0),
        description="held potential; V",
    )
    frequency: float = Field(default=25.0, gt=0, description="presynaptic spikes per second; Hz")
    post_interval: float | None = Field(
        default=None,
        gt=0,
        description="time from every presynaptic spike to a postsynaptic one; s, null: none",
    )
    duration: float = Field(default=50.0, gt=0, description="length; s")


PROTOCOLS: dict[str, type[Options]] = {
    "pairing": Pairing,
    "triplets": Triplets,
    "quadruplets": Quadruplets,
    "bursts": Bursts,
    "irregular_pairs": IrregularPairs,
    "rates": RateSweep,
    "voltage_clamp": VoltageClamp,
}


class Induction(NamedAfter):
    """A rule run through a protocol."""

    key_of_name: ClassVar[str] = "protocol"
    chosen: ClassVar[Chosen] = {"options": ("protocol", PROTOCOLS)}

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")] = Field(
        default="", description="word for tables; default: the name of the protocol"
    )
    title: str = Field(default="", description="words for figures; default: the name")
    rule: str = Field(default="", description="a rule of docs/plasticity.md")
    protocol: str = Field(description="a protocol of docs/plasticity.md")
    options: dict[str, Any] = Field(
        default_factory=dict, validate_default=True, description="options of the protocol"
    )
    sets: tuple[str, ...] = Field(
        default=(), description="parameter sets; empty: all, or the defaults where there are none"
    )
    parameters: dict[str, float] | tuple[float, ...] = Field(
        default_factory=dict, description="parameters in place of those of the set, or a vector"
    )
    cell: str = Field(
        default="forced", description="postsynaptic cell, a file of spikedrift.cells.models"
    )
    dt: float = Field(default=0.0001, gt=0, le=0.001, description="time step; s")
    weight: float = Field(default=0.5, ge=0, description="first weight")
    w_max: float = Field(default=1.0, gt=0, description="upper bound of the weight")
    readout: Literal["difference", "ratio", "two_states", "released"] = Field(
        default="difference",
        description=(
            "last minus first weight, last over first, or the same after every weight has been "
            "rounded to the nearer of its two stable values (`weight` and `w_max`); or what the "
            "last presynaptic spike released (short-term plasticity)"
        ),
    )
    low: float = Field(
        default=0.5, ge=0, le=1, description="share of synapses that start low (two_states)"
    )
    tolerance: float | None = Field(
        default=None,
        gt=0,
        description="distance from theory that passes; null: theory is drawn, not tested",
    )
    replicates: int = Field(
        default=1, gt=0, le=16384, description="synapses a condition, for what is random"
    )

    @field_validator("options")
    @classmethod
    def _options(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        model = PROTOCOLS.get(str(info.data.get("protocol")))
        return options if model is None else model.model_validate(options).model_dump()


class Validation(Options):
    """What `snakemake validate` and `snakemake balance` run."""

    rules: tuple[str, ...] | None = Field(default=None, description="rules; null: all there are")
    inductions: tuple[Induction, ...] = Field(
        default=(), description="runs beside those that a rule's file names"
    )
    balance: tuple[Balancing, ...] = Field(
        default=DEFAULT,
        min_length=1,
        description="rules to balance (docs/plasticity.md); default: those that say how, at 4 Hz",
    )
    seed: int = Field(default=1, ge=0, description="every random draw of these runs comes from it")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for index, induction in enumerate(self.inductions):
            if not induction.rule:
                raise ValueError(f"inductions[{index}].rule: this key is missing")
        return self
