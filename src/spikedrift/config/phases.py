"""Phases of a session of the pattern network, and what is shown in them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from spikedrift.config.base import Options


class Cue(Options):
    """The part of every pattern that is shown; the rest of it is as outside patterns."""

    by: Literal["onset", "afferents", "deletion"] = Field(
        description=(
            "onset: the pattern breaks off; afferents: some of those that take part show it, the "
            "same ones at every showing; deletion: frozen spikes are missing by chance, drawn anew "
            "at every showing, and nothing comes in their place"
        )
    )
    share: float = Field(gt=0, lt=1, description="share of the pattern that is shown")


class Others(Options):
    """Other patterns than the segments, drawn by the instance and shown while a pause lasts.

    The pause is divided into slots as long as a gap and a pattern. Each of these patterns is shown
    so many times in succession and never again: a fresh one follows, and begins every later pause.
    They are no trials.
    """

    showings: int = Field(default=20, gt=0, description="how often each of them is shown")
    share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description=(
            "share of the slots in which one is shown, drawn by the instance; slots of a smaller "
            "share are among those of a larger one"
        ),
    )


class Until(Options):
    """When training has come to rest: no mean weight moves any more.

    Looked at is the change of the mean weight of every plastic projection, as a share of its value,
    in the time of the first block that follows.
    """

    moves: float = Field(
        default=0.01, gt=0, description="all mean weights move by less than this, relative"
    )
    every: int = Field(default=20, gt=0, description="repeats between two looks")


class Phase(Options):
    """A stretch of the session.

    In `settle` only the inhibitory rule acts, at its settling rate, whatever the variant: all
    variants of an instance start from the same network. `naive`, `train` and `block` show
    patterns, which become trials; patterns shown in a `pause` do not, nor those of `cue`, whose
    responses are in the traces.
    """

    kind: Literal["settle", "naive", "train", "pause", "block", "cue"] = Field(
        description="what the phase is for"
    )
    duration: float | None = Field(default=None, gt=0, description="length without patterns; s")
    repeats: int | None = Field(default=None, gt=0, description="showings of every pattern")
    plasticity: bool = Field(default=True, description="the variant's plasticity acts")
    turnover: bool | None = Field(
        default=None,
        description="weight noise of any kind acts; null: as the other plasticity does",
    )
    background: bool = Field(default=True, description="afferents fire outside patterns")
    state_rate: float = Field(
        default=0.0,
        ge=0,
        description="state input: extra Poisson rate of every afferent, in patterns too; Hz",
    )
    # Left out where they are not given, so that sessions without them keep their names.
    cue: Cue | None = Field(
        default=None,
        exclude_if=lambda cue: cue is None,
        description="part of the patterns that a phase of kind cue shows; null: all of it",
    )
    lesion: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda lesion: not lesion,
        description="projections without weights from here on; they learn nothing any more",
    )
    excitability: bool = Field(
        default=True,
        exclude_if=lambda acts: acts,
        description="the slow excitability of E cells acts, if the network has one",
    )
    others: Others | None = Field(
        default=None,
        exclude_if=lambda others: others is None,
        description="other patterns than the segments, shown in a phase of kind pause; null: none",
    )

    until: Until | None = Field(
        default=None,
        exclude_if=lambda until: until is None,
        description="a phase of kind train ends when weights rest, after `repeats` at the latest; "
        "null: after `repeats`",
    )

    @model_validator(mode="after")
    def _until(self) -> Self:
        if self.until is not None and self.kind != "train":
            raise ValueError(f"phase {self.kind}: until: only a phase of kind train has one")
        return self

    @model_validator(mode="after")
    def _others(self) -> Self:
        if self.others is not None and (self.kind != "pause" or self.duration is None):
            raise ValueError(
                f"phase {self.kind}: others: shown in a phase of kind pause that has a duration (s)"
            )
        return self

    @model_validator(mode="after")
    def _cued(self) -> Self:
        if self.cue is not None and self.kind != "cue":
            raise ValueError(f"phase {self.kind}: cue: only a phase of kind cue has one")
        if self.kind == "cue" and (self.repeats or 0) < 2:
            raise ValueError("phase cue: shows patterns; give 2 or more repeats")
        return self

    @model_validator(mode="after")
    def _length(self) -> Self:
        if (self.duration is None) == (self.repeats is None):
            raise ValueError(f"phase {self.kind}: give either duration (s) or repeats")
        if self.kind == "settle" and self.duration is None:
            raise ValueError("phase settle: shows no patterns; give duration (s)")
        if self.kind in ("naive", "train", "block") and self.repeats is None:
            raise ValueError(f"phase {self.kind}: shows patterns; give repeats")
        return self
