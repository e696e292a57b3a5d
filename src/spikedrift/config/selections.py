"""Selections: which part of a recording an analysis sees, and what is done to its spikes."""

from typing import Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options
from spikedrift.config.drift import StateOptions

# Keys that say where a selection is used, and not which units and trials it takes.
WHERE_USED = {"recordings", "sensitivity"}


class Bounds(Options):
    """Limits of a quality column of numbers, both included, or the values kept of one of texts."""

    min: float | None = Field(None, description="lowest value kept; null: no limit")
    max: float | None = Field(None, description="highest value kept; null: no limit")
    values: list[str] | None = Field(
        None,
        min_length=1,
        description="texts kept, such as good, where the column holds texts; null: limits",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.values is not None:
            if self.min is not None or self.max is not None:
                raise ValueError("values are of a column of texts, min and max of one of numbers")
            if "" in self.values:
                raise ValueError("a unit without a text is never kept; leave out the empty one")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Reliability(Options):
    """Units whose responses to the stimulus repeat, judged in the first block."""

    min: float = Field(
        ge=-1, lt=1, description="lowest mean Pearson correlation over segments of two repeats"
    )
    held_out: bool = Field(
        True,
        description="judge by the first half of the repeats of the first block and leave them out "
        "of the analysis; false: by all repeats of that block, which are then analyzed as well and "
        "look more alike than those of other blocks",
    )


class Selection(Options):
    """One named selection; its name is a folder of results."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="folder of the results; letters, -, _"
    )
    population: list[str] | None = Field(
        None, min_length=1, description="populations kept (areas, cell groups); null: all"
    )
    min_rate: float = Field(0.0, ge=0, description="lowest mean rate of a unit; Hz")
    quality: dict[str, Bounds] = Field(
        default_factory=dict,
        description="limits of quality columns of numbers, such as presence_ratio, or values kept "
        "of those of texts; units without a value are left out",
    )
    reliability: Reliability | None = Field(
        None, description="units with a reliable response to the stimulus; null: all"
    )
    common: bool = Field(
        False,
        description="units observed with every segment and active in each of the blocks kept",
    )
    recordings: list[str] | None = Field(
        None, description="recordings, pools, cohorts and sweeps that it applies to; null: all"
    )
    sensitivity: bool = Field(
        False, description="analyzed for the target `sensitivity` only, beside the others"
    )
    units: int | None = Field(
        None, ge=2, description="number of units drawn at random, to match counts; null: all"
    )
    min_units: int = Field(15, ge=2, description="fewest units with which an analysis is made")
    min_population: int = Field(
        0, ge=0, description="populations in which fewer units pass the filters are left out"
    )
    phases: tuple[Literal["naive", "train", "block"], ...] = Field(
        ("block",), min_length=1, description="phases of trials kept"
    )
    repeats: tuple[int, int] | None = Field(
        None, description="first and last repeat kept, counted over the session; null: all"
    )
    duration: float | None = Field(
        None,
        gt=0,
        description="length that is kept of every trial from its start, to match lengths of "
        "trials; s, null: all",
    )
    segments: int | None = Field(
        None,
        ge=2,
        description="number of segments drawn at random, to match their number; null: all",
    )
    state: Literal["all", "matched"] = Field(
        "all",
        description="matched: trials of two blocks are paired by running and pupil, others are "
        "left out",
    )
    matching: StateOptions = Field(
        default_factory=StateOptions, description="how trials are matched by state"
    )
    thinning: Literal["none", "blocks"] = Field(
        "none",
        description="blocks: thin each (segment, unit) to the mean count of its quietest block",
    )
    surrogate: Literal[
        "none",
        "permute",
        "exchange",
        "redraw",
        "shuffle",
        "jitter",
        "poisson",
        "circular_shift",
        "permute_labels",
    ] = Field("none", description="surrogate that replaces the spikes")
    jitter_window: float = Field(0.025, gt=0, le=10, description="window of surrogate jitter; s")
    poisson_bin: float = Field(0.01, gt=0, le=10, description="bin of surrogate poisson; s")
    shift: Literal["repeat", "unit"] = Field(
        "repeat",
        description="surrogate circular_shift: one shift per repeat, or per unit in all repeats",
    )
    seed: int = Field(0, ge=0, description="seed of the unit draw, thinning and surrogate")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.repeats is not None and not 0 <= self.repeats[0] <= self.repeats[1]:
            raise ValueError(f"repeats {list(self.repeats)} must be [first, last], from 0")
        if self.units is not None and self.units < self.min_units:
            raise ValueError(f"units {self.units} is below min_units {self.min_units}")
        return self
