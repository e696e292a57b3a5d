"""Options of the analyses, by name, and the list of those that are run."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from spikedrift.config.base import Chosen, NamedAfter, Options, complete
from spikedrift.config.drift import IndexOptions, SignalOptions, StateOptions


class SurrogateOptions(Options):
    """What analyses with a surrogate test share."""

    surrogates: int = Field(
        199,
        ge=19,
        description="surrogates of a test; the smallest attainable p is 1 / (surrogates + 1)",
    )


class AnchoredOptions(IndexOptions):
    """Options of `anchored`: those of the anchored indices, and the matching of trials by state."""

    state: StateOptions = Field(
        default_factory=StateOptions, description="matching of trials, as in `drift.state`"
    )


class AreaDecoderOptions(SurrogateOptions):
    """Options of `area_decoder`."""

    splits: int = Field(
        50, ge=10, description="divisions of the units into two pseudo-mice (published: 3000)"
    )
    min_units: int = Field(
        15,
        ge=5,
        description="fewest units of an area in each pseudo-mouse; areas below are left out",
    )
    sizes: int = Field(
        6, ge=1, description="how many numbers of units per area are tried, each twice the last"
    )


class BehaviorOptions(SurrogateOptions):
    """Options of `behavior`."""

    min_shared: int = Field(
        5, ge=3, description="fewest units observed (rate) or active (timing) in both trials; units"
    )
    max_pairs: int = Field(
        200_000,
        ge=1000,
        description="most pairs of trials compared; beyond it, fewer segments are drawn at random",
    )
    shuffles: int = Field(
        100, ge=19, description="circular shifts of running and pupil for each unit's modulation"
    )
    indices: bool = Field(
        True, description="also compute signal indices with and without matched state"
    )
    index: SignalOptions = Field(
        default_factory=SignalOptions, description="options of these indices, as in `drift.index`"
    )
    state: StateOptions = Field(
        default_factory=StateOptions, description="matching of trials, as in `drift.state`"
    )


class DecodingOptions(SurrogateOptions):
    """Options of `decoding`."""

    surrogates: int = Field(
        39,
        ge=19,
        description="permutations of the labels; the smallest attainable p is 1 / (surrogates + 1)",
    )
    decoders: tuple[Literal["nearest", "lda", "logistic"], ...] = Field(
        ("nearest", "lda", "logistic"), min_length=1, description="decoders of the segment"
    )
    bins: int = Field(10, ge=2, description="bins of the temporal profile of a unit in a trial")
    folds: int = Field(5, ge=2, description="parts into which the repeats of a block are cut")
    min_shared: int = Field(2, ge=2, description="fewest active units that two trials share; units")
    unit_counts: tuple[int, ...] = Field(
        (10, 20, 50, 100, 200, 400, 800, 1600), description="numbers of units, drawn at random"
    )
    unit_draws: int = Field(10, ge=2, description="orders in which units are drawn")
    unit_decoder: Literal["nearest", "lda", "logistic"] = Field(
        "lda", description="decoder of the curve over numbers of units"
    )


class RdiOptions(SurrogateOptions):
    """Options of `rdi`."""

    resamples: int = Field(
        30,
        ge=1,
        description="random halves of the trials that tuning correlations are averaged over",
    )
    min_shared: int = Field(
        5, ge=3, description="fewest units with a defined index, or shared by two repeats; units"
    )
    bootstrap: int = Field(500, ge=100, description="resamples of units for intervals")


class EmbeddingOptions(SurrogateOptions):
    """Options of `embedding`."""

    neighbors: int = Field(10, ge=1, description="neighbors of trustworthiness and purity; trials")
    perplexity: float = Field(
        30.0, gt=1, description="perplexity of t-SNE; a fifth of the trials at most"
    )
    max_trials: int = Field(
        600,
        ge=20,
        description="most trials embedded; of more, whole repeats at even distances are taken",
    )
    min_shared: int = Field(2, ge=2, description="fewest active units that two trials share; units")


class GeometryOptions(SurrogateOptions):
    """Options of `geometry`."""

    splits: int = Field(20, ge=2, description="random halves of the repeats of a block")
    min_repeats: int = Field(4, ge=4, description="fewest trials of a segment in each block")
    components: int = Field(10, ge=2, description="most principal components that are shown")
    segment_pairs: int = Field(30, ge=1, description="most pairs of segments that are classified")


class InternalStructureOptions(SurrogateOptions):
    """Options of `internal_structure`."""

    min_shared: int = Field(
        5, ge=3, description="fewest units observed in all trials of the selection; units"
    )
    form: Literal["cross_repeat", "averaged"] = Field(
        "cross_repeat",
        description="cross_repeat: each half of a block is cut in two again, and segments of one "
        "part are correlated with segments of the other; averaged: segments of one average, as "
        "published, whose shared trial noise enters",
    )
    comparison: Literal["pearson", "spearman"] = Field(
        "pearson", description="correlation of two structures"
    )
    min_separation: int = Field(
        1, ge=1, description="pairs of segments nearer than this are left out (movies); segments"
    )
    partial_lag: bool = Field(
        False,
        description="take the mean of all pairs of segments at the same distance in time out of a "
        "structure (movies)",
    )
    segments: Literal["auto", "time", "labels"] = Field(
        "auto",
        description="time: segments follow each other, as in a movie; labels: they have no order; "
        "auto: labels where the start of trials says so",
    )
    orders: int = Field(
        1000, ge=99, description="permutations of the order of four or more sessions or blocks"
    )
    bootstrap: int = Field(500, ge=100, description="resamples of units for intervals")


class LowRankOptions(SurrogateOptions):
    """Options of `low_rank`."""

    surrogates: int = Field(
        49, ge=19, description="surrogates of the test, in each of which the halves are fitted anew"
    )
    ranks: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (1, 2, 3, 4, 6, 8),
        min_length=1,
        description="numbers of dimensions; those above a quarter of the units, or not below the "
        "number of bins of all segments, are left out",
    )
    splits: int = Field(2, ge=1, description="random halves of the trials of a block and segment")
    bin: float | None = Field(
        None, gt=0, description="width of a time bin; null: a tenth of the trial, 0.05 at most; s"
    )
    smoothing: float | None = Field(
        None, ge=0, description="standard deviation of the smoothing of averages; null: one bin; s"
    )
    time_constant: float = Field(
        0.02, gt=0, description="time constant of the units of a network; s"
    )
    iterations: int = Field(
        50,
        ge=1,
        description="most steps of a fit, of expectation maximization and of each network; "
        "stopping early keeps a network near the latent system that it begins with",
    )
    bootstrap: int = Field(300, ge=100, description="resamples of units for intervals")

    @field_validator("ranks")
    @classmethod
    def _rising(cls, ranks: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(ranks)))


class RateLadderOptions(SurrogateOptions):
    """Options of `rate_ladder`."""

    surrogates: int = Field(99, ge=19, description="exchange surrogates at each rung")
    gate_surrogates: int = Field(99, ge=19, description="surrogates of the gate at each rung")
    bins: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1.0, 0.5, 0.1, 0.033, 0.01),
        description="widths of time bins; those not shorter than the trial are left out, the whole "
        "trial is always a rung; s",
    )
    common: Literal["blocks", "repeats", "all"] = Field(
        "blocks", description="units kept: with a spike in every block, in every repeat, or all"
    )
    thinnings: int = Field(
        10, ge=1, description="thinnings over which the matched index is averaged"
    )
    max_pairs: int = Field(
        1000, ge=100, description="most pairs of trials used within blocks, and as many between"
    )
    min_shared: int = Field(5, ge=3, description="fewest units shared by a pair; units")


class ResponseCorrelationsOptions(SurrogateOptions):
    """Options of `response_correlations`."""

    min_shared: int = Field(
        5, ge=3, description="fewest units observed in both of two repeats or halves; units"
    )
    halves: Literal["equal", "published"] = Field(
        "equal",
        description="equal: all halves of blocks hold as many repeats; published: the second half "
        "of an odd number of repeats holds one more, as in Deitch et al. (2021)",
    )
    average: Literal["median", "mean"] = Field(
        "median", description="average of tuning-curve correlations over units"
    )
    edge: int = Field(
        5,
        ge=1,
        description="first and last repeats of a block that the activity difference compares, half "
        "of the block at most; repeats",
    )
    adaptation: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="control: leave out units whose rate falls from the first to the second half "
        "of blocks, by a one-tailed t test at this level (published: 0.05); null: keep all",
    )
    bootstrap: int = Field(
        500, ge=100, description="resamples of units for the intervals of correlations of halves"
    )


class SelfHealingReadoutOptions(Options):
    """Options of `self_healing_readout`."""

    ring: bool = Field(False, description="the last segment is next to the first")
    width: float = Field(
        0.06, gt=0, le=0.5, description="width of a readout cell's tuning, share of all segments"
    )
    every: int = Field(5, ge=1, description="repeats between two updates, which read all of them")
    iterations: int = Field(100, ge=1, description="steps of plasticity in an update")
    rate: float = Field(1.0, ge=0, description="rate of Hebbian learning")
    recurrent_rate: float = Field(
        0.1, ge=0, le=1, description="rate of learning toward the prediction of other readout cells"
    )
    bias_rate: float = Field(0.1, ge=0, description="rate of the homeostasis of the mean")
    gain_rate: float = Field(0.001, ge=0, description="rate of the homeostasis of the spread")
    decay: float = Field(1e-4, ge=0, description="decay of weights, beside Hebbian growth")


class TemplateReliabilityOptions(SurrogateOptions):
    """Options of `template_reliability`."""

    min_shared: int = Field(
        5, ge=3, description="fewest units observed in a trial and in its template; units"
    )


class TemporalComponentsOptions(SurrogateOptions):
    """Options of `temporal_components`."""

    surrogates: int = Field(
        49, ge=19, description="surrogates of a test, each with axes of its own; see `axes`"
    )
    axes: Literal["first", "all", "both"] = Field(
        "first",
        description="trials that axes are fitted on: every second repeat of the first block, which "
        "is then left out; all trials, as published; or one after the other",
    )
    boxcar: float | None = Field(
        None, gt=0, description="width of the boxcar; null: 0.049, a fifth of the trial at most; s"
    )
    bin: float | None = Field(
        None, gt=0, description="step at which the boxcar is read; null: a quarter of it; s"
    )
    components: int = Field(
        3, ge=1, description="axes used; at most one fewer than there are segments"
    )
    shrinkage: float | None = Field(
        None,
        gt=0,
        le=1,
        description="shrinkage of the covariance; null: Ledoit and Wolf's, unit by unit",
    )
    resamples: int = Field(
        30, ge=1, description="random halves that correlations are averaged over"
    )
    min_reliability: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="keep units with a larger r_0 in both codes, which raises the index; null: all",
    )


class TimingControlsOptions(SurrogateOptions):
    """Options of `timing_controls`."""

    surrogates: int = Field(99, ge=19, description="exchange surrogates of the test")
    draws: int = Field(10, ge=2, description="draws of each of the other surrogates")
    jitter_window: float = Field(0.025, gt=0, description="window of the jitter; s")
    poisson_bin: float = Field(0.01, gt=0, description="bin of the Poisson surrogate's profile; s")
    gain: float = Field(
        1.5, gt=1, description="factor on all rates after the first block in the rate control"
    )
    max_pairs: int = Field(
        1000, ge=100, description="most pairs of trials used within blocks, and as many between"
    )
    min_shared: int = Field(5, ge=2, description="fewest units active in both trials; units")


OPTIONS: dict[str, type[Options]] = {
    "anchored": AnchoredOptions,
    "area_decoder": AreaDecoderOptions,
    "behavior": BehaviorOptions,
    "decoding": DecodingOptions,
    "rdi": RdiOptions,
    "embedding": EmbeddingOptions,
    "geometry": GeometryOptions,
    "internal_structure": InternalStructureOptions,
    "low_rank": LowRankOptions,
    "rate_ladder": RateLadderOptions,
    "response_correlations": ResponseCorrelationsOptions,
    "self_healing_readout": SelfHealingReadoutOptions,
    "signal_drift": SignalOptions,
    "template_reliability": TemplateReliabilityOptions,
    "temporal_components": TemporalComponentsOptions,
    "timing_controls": TimingControlsOptions,
}


class AnalysisEntry(NamedAfter):
    """One analysis, its options, what it is applied to, and a name for its files."""

    key_of_name: ClassVar[str] = "analysis"
    chosen: ClassVar[Chosen] = {"options": ("analysis", OPTIONS)}

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")] = Field(
        description="label of the files; default: the name of the analysis"
    )
    analysis: str = Field(description="name of a file in src/spikedrift/analyses/")
    options: dict[str, Any] = Field(
        default_factory=dict, validate_default=True, description="options of the analysis"
    )
    recordings: list[str] | None = Field(
        None,
        description="recordings, pools, cohorts and sweeps that it is applied to; null: all "
        "recordings and pools",
    )
    selections: list[str] | None = Field(
        None, description="selections that it is applied to; null: all that apply to the recording"
    )

    @field_validator("options")
    @classmethod
    def _check_options(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return complete(OPTIONS, info.data.get("analysis", ""), options)
