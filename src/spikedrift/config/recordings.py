"""Recordings: which there are and where each comes from."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from spikedrift.config.base import Chosen, Location, Options, complete
from spikedrift.config.simulated import SimulatedOptions
from spikedrift.config.sources import (
    ArraysOptions,
    NeuropixelsOptions,
    NwbOptions,
    PhyOptions,
    SourceOptions,
    TwoPhotonOptions,
)
from spikedrift.config.synthetic import SyntheticOptions

OPTIONS: dict[str, type[SourceOptions]] = {
    "synthetic": SyntheticOptions,
    "simulated": SimulatedOptions,
    "arrays": ArraysOptions,
    "allen_neuropixels": NeuropixelsOptions,
    "allen_two_photon": TwoPhotonOptions,
    "nwb": NwbOptions,
    "phy": PhyOptions,
}


RECORDING_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]*\.[A-Za-z0-9][A-Za-z0-9_-]*$"


class Recording(Options):
    """One entry of the list `recordings`."""

    chosen: ClassVar[Chosen] = {"options": ("source", OPTIONS)}

    name: Annotated[str, Field(pattern=RECORDING_ID)] = Field(
        description="recording id, `{session}.{stimulus}`; letters, digits, - and _"
    )
    source: str = Field(description="name of a file in src/spikedrift/sources/ that is a source")
    options: dict[str, Any] = Field(
        default_factory=dict, validate_default=True, description="options of the source"
    )

    @field_validator("options")
    @classmethod
    def _complete(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Check the options of a source of the library and fill in its defaults."""
        return complete(OPTIONS, info.data.get("source", ""), options)


class Cohort(Options):
    """One entry of the list `cohorts`: the same recording of many sessions.

    Every session that showed one of the stimuli becomes a recording `{session}.{stimulus}`.
    """

    chosen: ClassVar[Chosen] = {"options": ("source", OPTIONS)}

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")] = Field(
        description="name that pools use"
    )
    source: str = Field(description="name of a file in src/spikedrift/sources/ that is a source")
    table: Location = Field(
        description="tab-separated table of sessions: `session`, `stimuli` (separated by commas), "
        "columns that are options of the source, and columns named as a population with its number "
        "of units; a relative path starts at the working directory, else at the project"
    )
    sessions: Literal["all"] | list[str | int] = Field(
        description="sessions of the table, or all of them"
    )
    stimuli: list[str] = Field(min_length=1, description="stimuli to take from each session")
    options: dict[str, Any] = Field(
        default_factory=dict, description="options of the source, the same for all"
    )


class Pool(Options):
    """One entry of the list `pools`: units of several recordings side by side.

    Trials of the same stimulus, segment, repeat and block are joined into one recording, a pseudo-
    population: its units were not recorded together.
    """

    name: Annotated[str, Field(pattern=RECORDING_ID)] = Field(
        description="recording id, `{pool}.{stimulus}`"
    )
    cohort: str | None = Field(None, description="cohort whose recordings of the stimulus to join")
    recordings: list[str] | None = Field(None, min_length=2, description="or recordings by name")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.cohort is None) == (self.recordings is None):
            raise ValueError(f"pool {self.name!r} needs either cohort or recordings")
        return self
