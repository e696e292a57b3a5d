"""Options of synthetic recordings: what is drawn, and how it drifts."""

from typing import ClassVar

from pydantic import Field

from spikedrift.config.sources import SourceOptions


class SyntheticOptions(SourceOptions):
    """A synthetic recording with a known truth.

    A drift knob is the share of what it governs that is drawn anew: 0 leaves all as it was, 1
    redraws everything. `*_drift` acts in the gap between two blocks; `*_drift_within` acts
    gradually, spread evenly over the repeats of each block.
    """

    quality: ClassVar[tuple[str, ...] | None] = ()

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
    tuning_drift: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the variance of every unit's tuning over segments that is drawn anew "
        "between blocks, its depth and the unit's mean rate kept; three segments or more",
    )
    depth: float = Field(
        1.0,
        gt=0,
        description="depth of tuning after the first block over that in it; shape and mean stay, "
        "and the deeper side is as drawn",
    )
    later_flat_share: float | None = Field(
        None, ge=0, le=1, description="flat share after the first block; null: as in that block"
    )
    event_time_shift: float = Field(
        0.0, description="shift of all events after the first block, cut at the ends of a trial; s"
    )
    excitability: float = Field(
        0.0,
        ge=0,
        description="standard deviation of the natural logarithm of a factor on each unit's rate, "
        "drawn anew between blocks",
    )
    baseline: float = Field(
        0.0, ge=0, description="untuned, flat rate of every unit, in all trials; Hz"
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

    unit_state: float = Field(
        0.0,
        ge=0,
        description="standard deviation of the natural logarithm of a slow factor on each unit's "
        "rate, independent between units and the same for all segments",
    )
    unit_state_events: float = Field(
        0.0,
        ge=0,
        description="the same for a factor on the spikes outside the flat share alone",
    )
    unit_state_coefficient: float = Field(
        0.98, ge=0, lt=1, description="correlation of these factors in successive trials"
    )

    burstiness: float = Field(
        0.0,
        ge=0,
        le=0.9,
        description="probability that a spike is followed by another of its burst, rates kept",
    )
    burst_interval: float = Field(
        0.004, gt=0, description="mean interval in a burst, added to the refractory period; s"
    )
    refractory_period: float = Field(
        0.0, ge=0, description="shortest interval between spikes of a unit, rates kept; s"
    )

    def known_populations(self) -> tuple[str, ...] | None:
        """Return the areas that are drawn."""
        return self.populations
