"""Options of the analyses, by name, and the list of those that are run."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spikedrift.config.base import Options


class SurrogateOptions(Options):
    """What analyses with a surrogate test share."""

    surrogates: int = Field(
        199, ge=19, description="surrogates of a test; the least p is 1 / (surrogates + 1)"
    )


class DecodingOptions(SurrogateOptions):
    """Options of `decoding`."""

    surrogates: int = Field(
        39, ge=19, description="permutations of the labels; the least p is 1 / (surrogates + 1)"
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


class EmbeddingOptions(SurrogateOptions):
    """Options of `embedding`."""

    neighbors: int = Field(10, ge=1, description="neighbors of trustworthiness and purity; trials")
    perplexity: float = Field(
        30.0, gt=1, description="of t-SNE; a fifth of the trials where that is less"
    )
    max_trials: int = Field(
        600, ge=20, description="trials embedded; of more, whole repeats at even distances"
    )
    min_shared: int = Field(2, ge=2, description="fewest active units that two trials share; units")


class GeometryOptions(SurrogateOptions):
    """Options of `geometry`."""

    splits: int = Field(20, ge=2, description="random halves of the repeats of a block")
    min_repeats: int = Field(4, ge=4, description="fewest trials of a segment in each block")
    components: int = Field(10, ge=2, description="most principal components that are shown")
    segment_pairs: int = Field(30, ge=1, description="most pairs of segments that are classified")


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


OPTIONS: dict[str, type[Options]] = {
    "decoding": DecodingOptions,
    "embedding": EmbeddingOptions,
    "geometry": GeometryOptions,
    "self_healing_readout": SelfHealingReadoutOptions,
    "template_reliability": TemplateReliabilityOptions,
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
