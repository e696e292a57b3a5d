"""Options of the comparison of models with recordings."""

from typing import Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options, check_once

MIN_ANIMALS = 5  # for a covariance between animals
Statistic = Literal[
    "rate_drop",
    "rate_step",
    "timing_drop",
    "timing_step",
    "timing_to_rate",
    "step_to_drop",
    "rate_gain",
    "gain_to_turn",
    "step_kurtosis",
    "geometry_change",
    "geometry_to_turn",
    "growth_exponent",
    "noise_space",
    "by_showing",
    "rare_to_often",
    "ensemble_rate_drop",
    "ensemble_rate_step",
    "tuning_curve_drop",
    "tuning_curve_step",
    "log_rate",
    "fano_factor",
    "local_variation",
    "population_sparseness",
    "lifetime_sparseness",
    "rate_discrimination",
    "timing_discrimination",
]
Trait = Literal[
    "log_rate",
    "fano_factor",
    "local_variation",
    "population_sparseness",
    "lifetime_sparseness",
    "rate_discrimination",
    "timing_discrimination",
    "rate_reliability",
    "timing_reliability",
]


class TimeScaleGrid(Options):
    """Factors on a model's drift magnitudes that are tried; the fit stays between the ends."""

    low: float = Field(default=0.05, gt=0, description="smallest factor; 1")
    high: float = Field(default=20.0, gt=0, description="largest factor; 1")
    points: int = Field(default=81, ge=5, le=2000, description="factors on a logarithmic grid")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        return self


class Structure(Options):
    """Similarity matrices of models against those of recordings; docs/comparison-matrices.md."""

    comparators: tuple[str, ...] = Field(
        default=(
            "rho_a",
            "cosine",
            "correlation",
            "whitened_cosine",
            "whitened_correlation",
            "cka",
            "procrustes",
        ),
        min_length=1,
        description="files of rsa/comparators, all reported side by side",
    )
    units: int | None = Field(
        default=None,
        ge=2,
        description="units drawn on both sides; null: as many as the smaller side has",
    )
    window: int = Field(
        default=2,
        ge=2,
        description="successive repeats that are one condition of repeat x repeat matrices, over "
        "which its distances are cross-validated; repeats",
    )
    distance: Literal["crossnobis", "poisson"] = Field(
        default="crossnobis",
        description="distance of rate responses: between stabilized counts over their noise, or "
        "the symmetrized divergence of Poisson rates",
    )
    stabilize: Literal["none", "sqrt", "anscombe"] = Field(
        default="anscombe", description="scale of spike counts in crossnobis"
    )
    noise: Literal["none", "univariate", "shrunk"] = Field(
        default="univariate",
        description="what crossnobis divides by: nothing, each unit's noise, or the noise "
        "covariance of units, shrunk",
    )
    halves: int = Field(
        default=20, ge=2, description="random halves of the recording's units for the ceiling"
    )
    shifts: int = Field(
        default=999, ge=19, description="most circular shifts or permutations of an instance"
    )
    draws: int = Field(
        default=9999, ge=99, description="joint shifts or permutations of the instances of a test"
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        check_once("comparators", self.comparators)
        return self


class Compare(Options):
    """How near a model is to a recording; docs/comparison.md says what a score means."""

    rate: str = Field(default="population_vector", description="measure of the rate statistics")
    timing: str = Field(default="spikeship", description="measure of the timing statistics")
    statistics: tuple[Statistic, ...] = Field(
        default=(
            "rate_drop",
            "rate_step",
            "timing_drop",
            "timing_step",
            "timing_to_rate",
            "step_to_drop",
        ),
        min_length=2,
        description="statistics that enter the score, in this order",
    )
    comparable_on: tuple[Trait, ...] = Field(
        default=(
            "log_rate",
            "fano_factor",
            "local_variation",
            "population_sparseness",
            "lifetime_sparseness",
            "rate_discrimination",
            "timing_discrimination",
            "rate_reliability",
            "timing_reliability",
        ),
        description="what a point should share with the recording; no part of the score",
    )
    incomparable_above: float = Field(
        default=3.0,
        gt=0,
        description="difference beyond which a point is marked as not comparable, and kept; "
        "standard deviations",
    )
    time_scale: TimeScaleGrid = Field(
        default=TimeScaleGrid(), description="the one factor fitted for every point"
    )
    structure: Structure = Field(
        default=Structure(), description="similarity matrices against similarity matrices"
    )
    min_units: int = Field(
        default=15, ge=4, description="fewest units on either side of a comparison"
    )
    bootstrap: int = Field(
        default=1000, ge=100, description="resamples of the instances for the interval of a score"
    )
    confidence: float = Field(default=0.95, gt=0, lt=1, description="coverage of intervals")
    min_instances: int = Field(
        default=10,
        ge=3,
        description="instances of a point below which no interval is given and the "
        "comparison is labeled an illustration",
    )
    assumed_order: Literal["refuse", "describe"] = Field(
        default="refuse",
        description="recordings whose trial order or blocks are assumed, or whose units are "
        "pooled: refuse, or compare and label the result descriptive",
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        check_once("statistics", self.statistics)
        check_once("comparable_on", self.comparable_on)
        return self


class Comparison(Options):
    """Recordings compared with all points of sweeps: one by one and, from five on, together."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="file of the results; letters, -, _"
    )
    recording: str | None = Field(
        default=None, description="name of a recording; or give recordings or cohort"
    )
    recordings: tuple[str, ...] | None = Field(
        default=None,
        min_length=2,
        description="names of recordings; from five animals on the point that is best for the "
        "others is scored on each animal left out",
    )
    cohort: str | None = Field(
        default=None, description="name of a cohort: its recordings that have the selection's units"
    )
    sweep: str | None = Field(
        default=None, description="name of a sweep; or give sweeps, such as of several networks"
    )
    sweeps: tuple[str, ...] | None = Field(
        default=None,
        min_length=1,
        description="names of sweeps that show trials alike: in length, segments, units, blocks "
        "and repeats",
    )
    selection: str = Field(default="all", description="selection of the recording")
    model_selection: str = Field(
        default="all", description="selection of the simulations; not of a sweep with a survey"
    )
    out_of_model: list[str] = Field(
        default=[],
        description="out-of-model controls: recordings that no rule of the sweeps made, such as "
        "those of source synthetic, that the posterior-predictive check of the recovery test must "
        "reject; seen through the same selection",
    )

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        given = [key for key in ("recording", "recordings", "cohort") if getattr(self, key)]
        if len(given) != 1:
            raise ValueError(
                "give one of recording, recordings and cohort, not "
                + (" and ".join(given) or "none of them")
            )
        check_once("recordings", self.recordings or ())
        if (self.sweep is None) == (self.sweeps is None):
            raise ValueError(
                "give one of sweep and sweeps, not "
                + ("none of them" if self.sweep is None else "both")
            )
        check_once("sweeps", self.sweeps or ())
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the sweeps."""
        return self.sweeps or (str(self.sweep),)
