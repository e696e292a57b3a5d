"""Options of the analyses, by name, and the list of those that are run."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spikedrift.config.base import Options


class SurrogateOptions(Options):
    """What analyses with a surrogate test share."""

    surrogates: int = Field(
        199, ge=19, description="surrogates of a test; the least p is 1 / (surrogates + 1)"
    )


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
    thinnings: int = Field(10, ge=1, description="thinnings that the matched index averages")
    max_pairs: int = Field(
        1000, ge=100, description="pairs of trials used within and between blocks, each"
    )
    min_shared: int = Field(5, ge=3, description="fewest units shared by a pair; units")


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
        1000, ge=100, description="pairs of trials used within and between blocks, each"
    )
    min_shared: int = Field(5, ge=2, description="fewest units active in both trials; units")


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
        None, gt=0, description="step at which it is read; null: a quarter of the boxcar; s"
    )
    components: int = Field(3, ge=1, description="axes used, one fewer than segments at most")
    shrinkage: float | None = Field(
        None, gt=0, le=1, description="of the covariance; null: Ledoit and Wolf's, unit by unit"
    )
    resamples: int = Field(
        30, ge=1, description="random halves that correlations are averaged over"
    )
    min_reliability: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="units kept have a larger r_0 in both codes, which raises the index; null: all",
    )


class TemplateReliabilityOptions(SurrogateOptions):
    """Options of `template_reliability`."""

    min_shared: int = Field(
        5, ge=3, description="fewest units observed in a trial and in its template; units"
    )


OPTIONS: dict[str, type[Options]] = {
    "rate_ladder": RateLadderOptions,
    "template_reliability": TemplateReliabilityOptions,
    "temporal_components": TemporalComponentsOptions,
    "timing_controls": TimingControlsOptions,
}


def complete(analysis: str, options: dict[str, Any]) -> dict[str, Any]:
    """Options of an analysis, checked and with defaults filled in.

    An analysis that is not built in takes its options as they are.

    Raises
    ------
    pydantic.ValidationError
        For an unknown option of a built-in analysis, or a value out of bounds.
    """
    model = OPTIONS.get(analysis)
    if model is None:
        return dict(options)
    return model.model_validate(dict(options)).model_dump(mode="json")


class AnalysisEntry(Options):
    """One analysis, its options, what it is applied to, and a name for its files."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")] = Field(
        description="label of the files; default: the name of the analysis"
    )
    analysis: str = Field(description="name of a file in src/spikedrift/drift/analyses/")
    options: dict[str, Any] = Field(
        default_factory=dict, validate_default=True, description="options of the analysis"
    )
    recordings: list[str] | None = Field(
        None, description="recordings and pools that it is applied to; null: all"
    )
    selections: list[str] | None = Field(
        None, description="selections that it is applied to; null: all that apply to the recording"
    )

    @classmethod
    def block_model(cls, key: str, raw: Any) -> type[Options] | None:
        """Model of `options`: that of the analysis."""
        return OPTIONS.get(str(raw.get("analysis"))) if key == "options" else None

    @model_validator(mode="before")
    @classmethod
    def _name_after_analysis(cls, entry: Any) -> Any:
        if isinstance(entry, dict) and "analysis" in entry:
            return {"name": entry["analysis"], **entry}
        return entry

    @field_validator("options")
    @classmethod
    def _check_options(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        return complete(info.data.get("analysis", ""), options)
