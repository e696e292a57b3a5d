"""Recordings: where each comes from and the options of every source that ships here."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from spikedrift.config.base import Options


class SourceOptions(Options):
    """Options of a source; `files` says what has to be fetched before it can run."""

    def files(self) -> list[tuple[str, str]]:
        """Return the (data set, file) pairs of the data registry that the source reads."""
        return []

    def doubt(self) -> str:
        """Return why inference from the recording is refused; empty where nothing is against it."""
        return ""


class SyntheticOptions(SourceOptions):
    """A synthetic recording with a known truth.

    A drift knob is the share of what it governs that is drawn anew: 0 leaves all as it was, 1
    redraws everything. `*_drift` acts in the gap between two blocks; `*_drift_within` acts
    gradually, spread evenly over the repeats of each block.
    """

    segments: int = Field(10, ge=1, description="segments of the movie")
    segment_duration: float = Field(1.0, gt=0, description="length of a segment; s")
    blocks: int = Field(2, ge=1, description="blocks of uninterrupted repeats")
    repeats: int = Field(10, ge=1, description="repeats of the whole movie in each block")
    gap: float = Field(5400.0, ge=0, description="time between two blocks; s")
    units: int = Field(80, ge=1, description="units in all populations together")
    populations: tuple[str, ...] = Field(
        ("VISp", "VISl"), min_length=1, description="areas, with equal numbers of units"
    )

    mean_rate: float = Field(6.0, gt=0, description="expected firing rate over units; Hz")
    rate_spread: float = Field(
        1.0, ge=0, description="standard deviation of the natural logarithm of the rate"
    )
    unit_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of the variance of the log rate that lies between units "
        "(the rest lies between the segments of a unit)",
    )
    segment_correlation: float = Field(
        0.0, ge=0, lt=1, description="correlation of a unit's log rate in successive segments"
    )
    events: int = Field(3, ge=1, description="response events of a unit in a segment")
    event_width: float = Field(0.05, gt=0, description="standard deviation of an event; s")
    flat_share: float = Field(
        0.3, ge=0, le=1, description="share of spikes that are not locked to the stimulus"
    )
    flat_code: bool = Field(
        False, description="no timing code: spike times uniform over the segment, rates kept"
    )

    rate_drift: float = Field(
        0.0, ge=0, le=1, description="share of (unit, segment) rates redrawn between blocks"
    )
    rate_drift_within: float = Field(
        0.0, ge=0, le=1, description="share of (unit, segment) rates redrawn over a block"
    )
    event_time_drift: float = Field(
        0.0, ge=0, le=1, description="share of events whose time is redrawn between blocks"
    )
    event_time_drift_within: float = Field(
        0.0, ge=0, le=1, description="share of events whose time is redrawn over a block"
    )
    event_gain_drift: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of (unit, segment) pairs whose event gains are redrawn between blocks",
    )
    event_gain_drift_within: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of (unit, segment) pairs whose event gains are redrawn over a block",
    )
    gain: float = Field(1.0, ge=0, description="factor on all rates after the first block")
    background: float = Field(
        0.0,
        ge=0,
        description="untuned, flat rate added after the first block, per mean rate of the unit",
    )
    unit_loss: float = Field(
        0.0, ge=0, le=1, description="share of units not observed after the first block"
    )

    state_coefficient: float = Field(
        0.9, ge=0, lt=1, description="correlation of the behavior state in successive trials"
    )
    state_level: float = Field(
        0.0, description="level of the behavior state in the first block; standard deviations"
    )
    state_shift: float = Field(
        0.0, description="shift of the behavior state after the first block; standard deviations"
    )
    state_gain: float = Field(
        0.0, ge=0, description="rise of all rates from rest to full running, as a share"
    )
    state_background: float = Field(
        0.0,
        ge=0,
        description="untuned, flat rate added from rest to full running, per mean rate of the unit",
    )

    burstiness: float = Field(
        0.0,
        ge=0,
        le=0.9,
        description="probability that a spike is followed by another of its burst, rates kept",
    )
    burst_interval: float = Field(
        0.004, gt=0, description="mean interval of spikes in a burst beyond the refractory one; s"
    )
    refractory_period: float = Field(
        0.0, ge=0, description="shortest interval between spikes of a unit, rates kept; s"
    )


class ArraysOptions(SourceOptions):
    """Spikes in the array layout of SpikeShip: epochs x units slices into one list of times."""

    dataset: str = Field(
        "allen_neuropixels_gratings",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="data set in resources/data-registry.tsv that holds the three files",
    )
    duration: float = Field(0.1, gt=0, description="length of an epoch; s")
    blocks: Literal["none", "halves"] = Field(
        "none",
        description="the layout knows no blocks; `halves` assumes that the first and the second "
        "half of the repeats were two",
    )

    def files(self) -> list[tuple[str, str]]:
        """Return the three arrays of the data set."""
        names = ("spike_times.npy", "ii_spike_times.npy", "stim_label.npy")
        return [(self.dataset, name) for name in names]

    def doubt(self) -> str:
        """Units of this layout are pooled over sessions, and their order is undocumented."""
        return "its units are pooled over sessions and its trial order is assumed"


OPTIONS: dict[str, type[SourceOptions]] = {"synthetic": SyntheticOptions, "arrays": ArraysOptions}


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


class FetchOptions(Options):
    """How files of public data sets come in: from a mirror first, then from their address."""

    mirror: str | None = Field(
        None,
        description="directory with files as `{data set}/{file}`, taken before the network; a "
        "relative one starts at the working directory",
    )
    timeout: float = Field(30.0, gt=0, description="longest wait for the next bytes; s")
    attempts: int = Field(5, ge=1, description="tries of a download before it is given up")
    wait: float = Field(1.0, ge=0, description="wait before the second try, doubled each time; s")
