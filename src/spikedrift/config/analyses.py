"""Options of the analyses, by name, and the list of those that are run."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spikedrift.config.base import Options
from spikedrift.config.drift import IndexOptions, StateOptions


class SurrogateOptions(Options):
    """What analyses with a surrogate test share."""

    surrogates: int = Field(
        199, ge=19, description="surrogates of a test; the least p is 1 / (surrogates + 1)"
    )


class BehaviorOptions(SurrogateOptions):
    """Options of `behavior`."""

    min_shared: int = Field(
        5, ge=3, description="fewest units observed (rate) or active (timing) in both trials; units"
    )
    max_pairs: int = Field(
        200_000,
        ge=1000,
        description="pairs of trials compared; beyond it fewer segments, drawn at random",
    )
    shuffles: int = Field(
        100, ge=19, description="circular shifts of running and pupil for each unit's modulation"
    )
    index: IndexOptions = Field(
        default_factory=IndexOptions, description="anchored indices, as in `drift.index`"
    )
    state: StateOptions = Field(
        default_factory=StateOptions, description="matching of trials, as in `drift.state`"
    )


class TemplateReliabilityOptions(SurrogateOptions):
    """Options of `template_reliability`."""

    min_shared: int = Field(
        5, ge=3, description="fewest units observed in a trial and in its template; units"
    )


OPTIONS: dict[str, type[Options]] = {
    "behavior": BehaviorOptions,
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
        None,
        description="recordings, pools, cohorts and sweeps that it is applied to; null: all "
        "recordings and pools",
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
