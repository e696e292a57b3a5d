"""Options of the drift analysis: curves against lag, signal indices, state matching."""

from pydantic import Field

from spikedrift.config.base import Options


class CurveOptions(Options):
    """Curves of similarity against lag and their statistics."""

    bootstrap: int = Field(default=200, ge=20, description="resamples of units for the intervals")
    confidence: float = Field(default=0.95, gt=0, lt=1, description="coverage of the intervals")
    halves: int = Field(default=20, ge=2, description="random splits of the units into two halves")


class IndexOptions(Options):
    """Anchored indices of rate and timing, their gate and their test."""

    surrogates: int = Field(default=199, ge=19, description="exchange surrogates of the test")
    gate_surrogates: int = Field(default=199, ge=19, description="surrogates of the gate")
    gate_level: float = Field(
        default=0.99,
        gt=0.5,
        lt=1,
        description="quantile of the surrogates to exceed",
    )
    thinnings: int = Field(
        default=20, ge=1, description="thinnings over which the effect size is averaged"
    )
    max_pairs: int = Field(
        default=2000,
        ge=100,
        description="timing: most pairs of trials of one segment used within blocks, and as many "
        "between; of more, a random subset is taken. Rate uses all pairs",
    )
    max_others: int = Field(
        default=4,
        ge=1,
        description="timing: most other segments that each pair is compared with; of more, some at "
        "even distances are taken. Rate uses all of them",
    )
    min_shared: int = Field(
        default=5,
        ge=2,
        description="fewest units active in both trials of a defined pair",
    )
    max_missing: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="largest share of undefined pairs at the gate",
    )
    max_standard_error: float = Field(
        default=0.05,
        gt=0,
        description="timing: largest standard deviation of the index at the gate",
    )


class SignalOptions(Options):
    """Signal indices: drift from products of different trials, for rate and for timing."""

    bins: int = Field(default=20, ge=2, description="timing: bins of a trial, whatever its length")
    kernel: float = Field(
        default=1.0,
        ge=0,
        description="timing: standard deviation of the Gaussian that smooths over bins; bins, "
        "0: none",
    )
    max_shift: int = Field(
        default=3,
        ge=0,
        description="timing: largest shift common to all units that is looked for and taken out, "
        "to either side; bins, at most a fourth of all",
    )
    exponent: float = Field(
        default=3.0,
        ge=0,
        description="the weight of a cell is its mean count to the power of minus this: 4 weighs "
        "by noise alone, 0 by signal alone",
    )
    window: int = Field(
        default=2,
        ge=2,
        description="successive repeats from which the signal at one time is estimated, for curves "
        "against lag",
    )
    flips: int = Field(default=1999, ge=99, description="random signs of the units, for tests")
    bootstrap: int = Field(
        default=1000, ge=99, description="resamples of the units, for intervals of curves"
    )
    confidence: float = Field(default=0.95, gt=0, lt=1, description="coverage of the intervals")
    code_level: float = Field(
        default=0.01, gt=0, lt=1, description="level of the test for a code in each block"
    )
    max_standard_error: float = Field(
        default=0.1,
        gt=0,
        description="an index with a larger standard error is marked as too imprecise",
    )


class StateOptions(Options):
    """Matching of trials by behavior state between two blocks."""

    caliper: float = Field(
        default=0.5, gt=0, description="largest distance of matched trials; standard deviations"
    )
    min_repeats: int = Field(
        default=3,
        ge=2,
        description="fewest matched trials of a segment in a block; other segments are left out",
    )
    min_segments: int = Field(default=2, ge=2, description="fewest segments with matched trials")


class DriftOptions(Options):
    """All options of the drift analysis."""

    curves: CurveOptions = Field(default_factory=CurveOptions, description="similarity against lag")
    index: SignalOptions = Field(default_factory=SignalOptions, description="signal indices")
    state: StateOptions = Field(default_factory=StateOptions, description="state matching")
