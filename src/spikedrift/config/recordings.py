"""Recordings: which there are and where each comes from."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from spikedrift.config.base import Options
from spikedrift.config.sources import (
    ArraysOptions,
    NeuropixelsOptions,
    NwbOptions,
    SourceOptions,
)
from spikedrift.config.synthetic import SyntheticOptions

OPTIONS: dict[str, type[SourceOptions]] = {
    "synthetic": SyntheticOptions,
    "arrays": ArraysOptions,
    "allen_neuropixels": NeuropixelsOptions,
    "nwb": NwbOptions,
}


class Recording(Options):
    """One entry of the list `recordings`."""

    name: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*\.[A-Za-z0-9][A-Za-z0-9_-]*$")
    ] = Field(description="recording id, `{session}.{stimulus}`; letters, digits, - and _")
    source: str = Field(description="name of a file in src/spikedrift/sources/ that is a source")
    options: dict[str, Any] = Field(
        default_factory=dict, validate_default=True, description="options of the source"
    )

    @classmethod
    def block_model(cls, key: str, raw: Any) -> type[Options] | None:
        """Model of `options`: that of the source."""
        return OPTIONS.get(str(raw.get("source"))) if key == "options" else None

    @field_validator("options")
    @classmethod
    def _complete(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Check the options of a source that ships here and fill in its defaults."""
        model = OPTIONS.get(info.data.get("source", ""))
        return options if model is None else model.model_validate(options).model_dump(mode="json")
