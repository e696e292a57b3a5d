"""Sweeps over the options of a network: variants, axes, instances, and how they are surveyed."""

import math
from typing import Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from spikedrift.config.base import Chosen, Options, repeated
from spikedrift.config.drift import SignalOptions
from spikedrift.config.networks import OPTIONS, NetworkOptions, model_of

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
# Snakemake plans a sweep anew at every start: beyond these that takes longer than some seconds.
MOST_POINTS = 10_000
MOST_RUNS = 100_000  # with a survey
MOST_RECORDINGS = 2_000  # without, where every run is a dozen jobs
MOST_BY_DEFAULT = 50  # runs that are recordings where nothing is said of a survey
LEAST_CHUNK = 8  # runs of a job of a survey, where nothing is said of it
MOST_CHUNKS = 600  # and its jobs, but for one more for each variant


class VariantAxis(Options):
    """An axis as one variant takes it, where that is otherwise than the axis says."""

    keys: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="options that take the value here; null: the axis'"
    )
    divide: bool | None = Field(
        default=None, description="whether the factor divides here; null: as the axis says"
    )
    low: float | None = Field(default=None, description="smallest value here; null: the axis'")
    high: float | None = Field(default=None, description="largest value here; null: the axis'")


class Variant(Options):
    """A named variant of a sweep's network."""

    name: str = Field(pattern=NAME, description="word for tables")
    title: str = Field(default="", description="words for figures; default: the name")
    control: bool = Field(default=False, description="the others are compared with this variant")
    swept: bool = Field(
        default=True, description="takes the values of the axes; false: one point, as it is set"
    )
    set: dict[str, Any] = Field(
        default_factory=dict, description="network options by dotted key, such as plasticity.*.eta"
    )
    axes: dict[str, VariantAxis] = Field(
        default_factory=dict,
        description="by name of an axis: what it changes in this variant, and between which ends, "
        "such as the size of noise where the axis is a learning rate in the others",
    )


class Axis(Options):
    """Values that one or several options take: listed, or between two ends."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", description="word for tables and figures")
    title: str = Field(default="", description="words for figures, with the unit")
    keys: tuple[str, ...] = Field(
        min_length=1, description="network options that take the value, by dotted key"
    )
    factor: bool = Field(
        default=False,
        description="the value multiplies what the variant has, such as a rule's own rate",
    )
    divide: bool = Field(
        default=False,
        description="the factor divides what the variant has, such as a time constant, so that a "
        "greater value is faster",
    )
    values: tuple[Any, ...] | None = Field(
        default=None, min_length=1, description="values, listed; or give low and high"
    )
    low: float | None = Field(default=None, description="smallest value")
    high: float | None = Field(default=None, description="largest value")
    n: int = Field(default=8, gt=1, description="values of a grid from low to high, ends included")
    scale: Literal["linear", "log"] = Field(
        default="linear", description="how values lie between low and high"
    )

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (self.values is None) == (self.low is None or self.high is None):
            raise ValueError(f"axis {self.name}: give either values, or low and high")
        if self.values is not None:
            if self.low is not None or self.high is not None:
                raise ValueError(f"axis {self.name}: give either values, or low and high")
            numbers = all(isinstance(v, int | float) and math.isfinite(v) for v in self.values)
            if self.factor and not numbers:
                raise ValueError(f"axis {self.name}: factors are numbers")
            if self.divide and 0 in self.values:
                raise ValueError(f"axis {self.name}: nothing can be divided by 0")
        if self.low is not None and self.high is not None:
            if self.low >= self.high:
                raise ValueError(f"axis {self.name}: low {self.low} is not below high {self.high}")
            if self.scale == "log" and self.low <= 0:
                raise ValueError(f"axis {self.name}: a log scale needs low above 0")
            if self.divide and self.low <= 0 <= self.high:
                raise ValueError(f"axis {self.name}: nothing can be divided by 0")
        if self.divide and not self.factor:
            raise ValueError(f"axis {self.name}: what divides is a factor; set factor: true")
        return self

    @property
    def words(self) -> str:
        """Words for figures, of an axis without a title too."""
        return self.title or (f"{self.name}, times the variant's" if self.factor else self.name)

    def taken(self, otherwise: VariantAxis | None) -> "Axis":
        """Return the axis as a variant takes it.

        Raises
        ------
        pydantic.ValidationError
            For what no axis can be.
        """
        if otherwise is None:
            return self
        return Axis.model_validate({**self.model_dump(), **otherwise.model_dump(exclude_none=True)})


class Survey(Options):
    """A sweep that is summarized run by run, in jobs of many runs, a failed run among them."""

    chunk: int | None = Field(
        default=None,
        gt=0,
        description=f"runs of one variant that a job takes; null: {LEAST_CHUNK}, or as many as "
        f"it takes to have no more than some {MOST_CHUNKS} jobs",
    )
    units: int | None = Field(
        default=None, ge=4, description="units that the measures see, drawn by seed; null: all"
    )
    duration: float | None = Field(
        default=None,
        gt=0,
        description="what the measures see of every trial, as `selections[].duration`; s",
    )
    segments: int | None = Field(
        default=None, ge=2, description="patterns that the measures see, as `selections[].segments`"
    )
    index: SignalOptions = Field(
        default=SignalOptions(flips=499, bootstrap=99),
        description="signal indices of a run; fewer random signs than where one run is looked at",
    )
    halves: int = Field(
        default=20, ge=2, description="random splits of the units, for the reliability of a run"
    )
    match: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="tuning index to which the speed of drift is matched: each point is compared "
        "by its first block and that later one at which its index, mean over instances, is nearest "
        "to this; null: by all blocks",
    )
    keep_trials: bool = Field(
        default=False,
        description="keep trials and traces in results/surveys/{sweep}/trials, megabytes a run",
    )


class Accept(Options):
    """What a run of a survey must show, apart from drift, to be compared; null asks for nothing."""

    rate: tuple[float, float] | None = Field(
        default=(3.6, 4.4), description="least and greatest mean rate of the units in blocks; Hz"
    )
    interval_cv: tuple[float, float] | None = Field(
        default=(0.8, 1.2),
        description="least and greatest coefficient of variation of their intervals in blocks",
    )
    depth: float | None = Field(
        default=1.5, ge=0, description="least depth of the rate code, over that of the control"
    )
    depth_change: float | None = Field(
        default=0.1, gt=0, description="greatest relative difference of the depth between blocks"
    )
    weight_change: float | None = Field(
        default=0.01,
        gt=0,
        description="greatest relative change of the mean weight of a plastic projection in the "
        "time of a block, at the end of training",
    )
    off_match: float | None = Field(
        default=0.03,
        gt=0,
        description="greatest distance of a point's tuning index from `survey.match`",
    )
    at_bounds: float | None = Field(
        default=0.5,
        gt=0,
        le=1,
        description="greatest share of the weights of a plastic projection at its bounds then",
    )

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        for name in ("rate", "interval_cv"):
            ends = getattr(self, name)
            if ends is not None and not ends[0] < ends[1]:
                raise ValueError(f"{name}: {ends[0]:g} is not below {ends[1]:g}")
        return self


class Sweep(Options):
    """Variants, axes and instances of one network; an instance is wiring, patterns and noise."""

    chosen: ClassVar[Chosen] = {"options": ("network", OPTIONS)}

    name: str = Field(default="patterns", pattern=NAME, description="first part of recording ids")
    network: str = Field(
        default="pattern_network", description="a network, docs/networks.md, or one of your own"
    )
    options: SerializeAsAny[NetworkOptions] = Field(
        default_factory=NetworkOptions,
        validate_default=True,
        description="options of the network; those of its own stand below, by network",
    )
    variants: tuple[Variant, ...] = Field(min_length=1, description="what is compared")
    axes: tuple[Axis, ...] = Field(
        default=(), description="options that take a range of values in every variant"
    )
    sampling: Literal["grid", "list", "random", "latin_hypercube"] = Field(
        default="grid",
        description=(
            "grid: all combinations of the axes; list: the first values of all, the second ones "
            "and so on; random, latin_hypercube: samples between low and high"
        ),
    )
    samples: int | None = Field(
        default=None,
        gt=0,
        description="points of a random or Latin hypercube sample; with several axes figures and "
        "pages call them draw 1, draw 2 and so on, and tables say their values",
    )
    instances: int = Field(
        default=3,
        gt=0,
        description=(
            "network instances of every point; points are at most 10,000, and points times "
            "instances 2,000, or 100,000 with a survey"
        ),
    )
    paired: bool = Field(
        default=True,
        description=(
            "instances of one number have the same wiring, patterns and noise in all points, which "
            "makes points comparable; false: every point has its own, as the draws of a posterior "
            "must"
        ),
    )
    seed: int = Field(default=1, ge=0, description="every random draw of the sweep comes from it")
    survey: Survey | None = Field(
        default=None,
        description=(
            "summarize the runs (target `survey`); null: every run is a recording, analyzed like "
            f"any other. A sweep of more than {MOST_BY_DEFAULT} runs that does not say is a survey"
        ),
    )
    accept: Accept | None = Field(
        default=None,
        description="runs of the survey that do not show this are kept, counted and not compared; "
        "null: all are compared",
    )

    @field_validator("options", mode="before")
    @classmethod
    def _of_network(cls, options: Any, info: ValidationInfo) -> Any:
        """Take the model of the options from the network's file."""
        model = model_of(str(info.data.get("network")))
        if model is None or isinstance(options, model):
            return NetworkOptions() if model is None else options
        given = {} if type(options) is NetworkOptions else options
        return model.model_validate(given)

    @model_validator(mode="after")
    def _names(self) -> Self:
        for block, names in (
            ("variants", [variant.name for variant in self.variants]),
            ("axes", [axis.name for axis in self.axes]),
        ):
            if twice := repeated(names):
                raise ValueError(f"{block}: the name {twice[1]!r} is used twice")
        return self

    @model_validator(mode="after")
    def _taken(self) -> Self:
        known = {axis.name: axis for axis in self.axes}
        for variant in self.variants:
            of = f"variant {variant.name}: axes"
            if variant.axes and not variant.swept:
                raise ValueError(f"{of}: swept is false, so that it takes no axis")
            for name, otherwise in variant.axes.items():
                if name not in known:
                    raise ValueError(f"{of}: no axis {name!r}; there are {', '.join(known)}")
                ends = {otherwise.low, otherwise.high} != {None}
                if ends and known[name].values is not None:
                    raise ValueError(f"{of}.{name}: the axis has values, and no ends to change")
                try:
                    known[name].taken(otherwise)
                except ValidationError as error:
                    said = error.errors()[0]["msg"].removeprefix("Value error, ")
                    raise ValueError(f"variant {variant.name}: {said}") from None
        return self

    @model_validator(mode="after")
    def _sampled(self) -> Self:
        drawn = self.sampling in ("random", "latin_hypercube")
        if drawn != (self.samples is not None):
            raise ValueError(
                f"sampling {self.sampling}: "
                + ("give samples, the number of points" if drawn else "takes no samples")
            )
        listed = [axis.name for axis in self.axes if axis.values is not None]
        if drawn and (listed or not self.axes):
            raise ValueError(
                f"sampling {self.sampling}: axes need low and high"
                + (f", {listed[0]} has values" if listed else ", there are none")
            )
        sizes = {axis.n if axis.values is None else len(axis.values) for axis in self.axes}
        if self.sampling == "list" and len(sizes) > 1:
            raise ValueError("sampling list: all axes need the same number of values")
        return self

    @model_validator(mode="after")
    def _surveyed(self) -> Self:
        many = self.size * self.instances > MOST_BY_DEFAULT
        if many and "survey" not in self.model_fields_set:
            object.__setattr__(self, "survey", Survey())
        return self

    @model_validator(mode="after")
    def _unpaired(self) -> Self:
        if not self.paired and (self.survey is None or self.instances > 1):
            raise ValueError(
                "paired: false: points share no wiring, patterns and noise: give a survey, and "
                "instances: 1 (more samples instead of more instances)"
            )
        return self

    @model_validator(mode="after")
    def _acceptable(self) -> Self:
        if self.accept is None:
            return self
        if self.survey is None:
            raise ValueError("accept: runs are accepted in a survey; give one, or leave accept out")
        if self.accept.depth is not None and not any(one.control for one in self.variants):
            raise ValueError(
                "accept.depth: is taken over that of a control; mark a variant as control, or set "
                "depth to null"
            )
        return self

    def axes_of(self, variant: Variant) -> tuple[Axis, ...]:
        """Axes as a variant takes them; none where it is not swept."""
        if not variant.swept:
            return ()
        return tuple(axis.taken(variant.axes.get(axis.name)) for axis in self.axes)

    @property
    def size(self) -> int:
        """Number of points, counted without listing them."""
        sizes = [axis.n if axis.values is None else len(axis.values) for axis in self.axes]
        if self.samples is not None:
            swept = self.samples
        elif self.sampling == "list":
            swept = sizes[0] if sizes else 1
        else:
            swept = math.prod(sizes)
        return sum(swept if variant.swept else 1 for variant in self.variants)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        points, runs = self.size, self.size * self.instances
        if points > MOST_POINTS:
            raise ValueError(
                f"sweep {self.name}: {points} points are more than {MOST_POINTS}: give fewer "
                "values of axes or samples, or divide it into several sweeps"
            )
        if self.survey is None and runs > MOST_RECORDINGS:
            raise ValueError(
                f"sweep {self.name}: {runs} runs, each a recording, are more than "
                f"{MOST_RECORDINGS}: give it a survey, or fewer instances or points"
            )
        if runs > MOST_RUNS:
            raise ValueError(
                f"sweep {self.name}: {runs} runs are more than {MOST_RUNS}: give fewer instances "
                "or points, or divide it into several sweeps"
            )
        return self
