"""The model's predictions for recordings, written down before looking at these."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options, repeated
from spikedrift.config.selections import Selection

STATISTIC = (
    r"^(index\.(rate|timing)\.[a-z_]+|curves\.[A-Za-z0-9_-]+\.[a-z_]+"
    r"|analyses\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+)$"
)
StatisticName = Annotated[str, Field(pattern=STATISTIC)]


class HeldOut(Options):
    """Sessions kept aside for predictions, chosen by a rule that depends on no result."""

    name: str = Field(description="name that predictions use")
    rule: str = Field(description="how they were chosen, in words")
    sessions: list[str | int] = Field(min_length=1, description="sessions")


class From(Options):
    """The results of the model on which a prediction rests."""

    sweep: str = Field(description="file of the sweep, or its name")
    variants: list[str] = Field(min_length=1, description="variants of the sweep")
    found: str = Field(description="what the simulations gave, in words and numbers")


class Prediction(Options):
    """One statement about recordings, with what would refute it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="letters, digits, -, _")
    written: datetime.date = Field(description="day on which it was written")
    kind: Literal["prediction", "exploratory"] = Field(
        default="prediction", description="exploratory: written after the data were seen"
    )
    statement: str = Field(description="what is predicted, in words")
    refuted_by: str = Field(description="what would refute it, in words")
    withdrawn: str | None = Field(
        default=None, description="why it is no longer scored, with the day; null: it is scored"
    )
    model: From = Field(description="what it rests on")
    recordings: list[str] | None = Field(default=None, description="recordings by name")
    stimulus: str | None = Field(
        default=None, description="or all recordings `{session}.{stimulus}` of held-out sessions"
    )
    held_out: str | None = Field(default=None, description="name of the sessions kept aside")
    selection: str = Field(description="selection of the recordings")
    filters: Selection | None = Field(
        default=None,
        description="what that selection has to be, since another one of the same name tests "
        "nothing; null: not checked",
    )
    statistic: StatisticName = Field(
        description="primary statistic: `index.{code}.{variable}` of the signal indices (with "
        "`_matched`: trials matched by state), `curves.{measure}.{statistic}` or "
        "`analyses.{name}.{statistic}`"
    )
    minus: StatisticName | None = Field(
        default=None, description="statistic that is subtracted from it, recording by recording"
    )
    times: float = Field(default=1.0, description="factor on what is subtracted; 1")
    above: float | None = Field(default=None, description="the mean lies above")
    below: float | None = Field(default=None, description="the mean lies below")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.recordings is None) == (self.stimulus is None):
            raise ValueError("give either recordings or stimulus")
        if self.stimulus is not None and self.held_out is None:
            raise ValueError("held_out: missing; a stimulus needs its sessions")
        if self.above is None and self.below is None:
            raise ValueError("above, below: give one of them or both")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"above {self.above} must be less than below {self.below}")
        return self


class Predictions(Options):
    """A file of predictions."""

    confidence: float = Field(default=0.95, gt=0, lt=1, description="coverage of the intervals")
    min_animals: int = Field(default=3, ge=3, description="fewest animals that test a prediction")
    held_out: list[HeldOut] = Field(default=[], description="sessions kept aside")
    predictions: list[Prediction] = Field(min_length=1, description="the predictions")

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [entry.name for entry in self.predictions]
        aside = [entry.name for entry in self.held_out]
        for known, block in ((names, "predictions"), (aside, "held_out")):
            if twice := repeated(known):
                raise ValueError(f"{block}[{twice[0]}].name: {twice[1]!r} is used twice")
        for index, entry in enumerate(self.predictions):
            if entry.held_out is not None and entry.held_out not in aside:
                raise ValueError(
                    f"predictions[{index}].held_out: {entry.held_out!r} is not among {aside}"
                )
        return self
