"""Options of the ground truth: recordings whose drift is known, and what is measured in them."""

from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from spikedrift.config.analyses import OPTIONS
from spikedrift.config.base import LONGEST_NAME, Options, complete, repeated
from spikedrift.config.drift import IndexOptions, StateOptions
from spikedrift.config.synthetic import SyntheticOptions

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Code = Literal["rate", "timing", "both"]

# What a reading of each code is meant to see; all other knobs must leave it where it is. A change
# of event gains at fixed times is a change of the temporal profile (docs/ground-truth.md).
# The difference of the two indices reads both: it is judged where neither code drifts.
SEES: dict[Literal["rate", "timing"], tuple[str, ...]] = {
    "rate": ("rate_drift", "rate_drift_within", "tuning_drift"),
    "timing": (
        "event_time_drift",
        "event_time_drift_within",
        "event_time_shift",
        "event_gain_drift",
        "event_gain_drift_within",
    ),
}


class TruthCase(Options):
    """A kind of synthetic recording: knobs turned, and whether trials are matched by state."""

    name: str = Field(
        pattern=NAME, max_length=LONGEST_NAME, description="word for files and tables"
    )
    title: str = Field("", description="words for figures; default: the name")
    set: dict[str, Any] = Field(
        default_factory=dict, description="what differs from `recording`: knobs and sizes"
    )
    match_state: bool = Field(
        False, description="measure in trials matched by behavior state between the blocks"
    )
    seeds: int | None = Field(None, ge=2, description="most seeds of this case; null: all")
    measures: tuple[str, ...] | None = Field(
        None, description="measures and analyses that are applied to it; null: all"
    )

    def moves(self, options: SyntheticOptions, code: Code) -> bool:
        """Whether what readings of `code` are meant to see changes in such a recording."""
        if code == "both":
            return self.moves(options, "rate") or self.moves(options, "timing")
        if code == "timing" and options.flat_code:
            return False
        return any(getattr(options, knob) > 0 for knob in SEES[code])


class Power(Options):
    """A grid of amounts of one knob, for a power curve; each amount is a further case."""

    knob: str = Field(description="knob of a synthetic recording")
    amounts: tuple[float, ...] = Field(
        (0.05, 0.1, 0.2, 0.4, 0.7, 1.0), min_length=1, description="values that the knob takes"
    )
    seeds: int = Field(50, ge=2, description="seeds of each amount")


class TruthMeasure(Options):
    """What is measured in every recording."""

    measure: str = Field(
        pattern=NAME,
        max_length=LONGEST_NAME,
        description="curves (statistics of similarity curves), rate_index, timing_index, or an "
        "analysis",
    )
    seeds: int = Field(200, ge=2, description="seeds, from 0")
    power: bool = Field(True, description="also at the amounts of the power curves")
    options: dict[str, Any] = Field(
        default_factory=dict, description="options of an analysis; default: its own"
    )


# Block 1 mostly at rest, block 2 mostly active, with states in common to match.
_BEHAVING = {
    "repeats": 20,
    "state_coefficient": 0.5,
    "state_level": -0.9,
    "state_shift": 1.8,
    "state_background": 1.75,
}
# Noise that all units share in a trial, in few repeats.
_SHARED = {"state_coefficient": 0.5, "state_background": 1.75}
# Other sizes, for `signal_drift` alone: they are too large for slow measures, and of no interest
# for those that mark small recordings.
_SIZED = {"measures": ("signal_drift",)}
_SLOW = {"unit_state": 0.3}
_HALF = {"rate_drift": 0.5, "event_time_drift": 0.5}


def _case(name: str, title: str, **options: Any) -> TruthCase:
    return TruthCase(name=name, title=title, **options)


CASES = (
    _case("none", "no drift"),
    _case("rate-drift", "rates redrawn", set={"rate_drift": 1.0}),
    _case("event-time-drift", "event times redrawn", set={"event_time_drift": 1.0}),
    _case("event-gain-drift", "event gains redrawn", set={"event_gain_drift": 1.0}),
    _case("gain", "gain x1.5", set={"gain": 1.5}),
    _case("background", "additive background", set={"background": 0.5}),
    _case("state", "background with state", set=_BEHAVING, seeds=100),
    _case("state-matched", "background with state, matched", set=_BEHAVING, match_state=True,
          seeds=400),
    _case("state-matched-drift", "half redrawn, background with state, matched",
          set={**_BEHAVING, **_HALF}, match_state=True, seeds=400),
    _case("state-gain", "state gain, no shift", set={"repeats": 14, "state_gain": 1.0},
          seeds=100),
    _case("state-background", "state background, no shift",
          set={"repeats": 14, "state_background": 1.0}, seeds=100),
    _case("bursts", "bursts", set={"burstiness": 0.3}),
    _case("bursts-rate-drift", "bursts, rates redrawn", set={"burstiness": 0.3, "rate_drift": 1.0}),
    _case("refractory", "refractory 5 ms", set={"refractory_period": 0.005}),
    _case("unit-loss", "10 % of units lost", set={"unit_loss": 0.1}),
    _case("flat-code", "flat code", set={"flat_code": True}),
    _case("flat-code-rate-drift", "flat code, rates redrawn",
          set={"flat_code": True, "rate_drift": 1.0}),
    _case("unit-state", "slow state of each unit", set={"unit_state": 0.3}),
    _case("unit-state-fast", "state of each unit, AR .9, SD .5",
          set={"unit_state": 0.5, "unit_state_coefficient": 0.9}),
    _case("unit-state-slow", "state of each unit, AR .995, SD .5",
          set={"unit_state": 0.5, "unit_state_coefficient": 0.995}),
    _case("event-state", "slow state of each unit's events", set={"unit_state_events": 0.5}),
    _case("states", "states of each unit and of all",
          set={"unit_state": 0.3, "state_gain": 1.0, "state_shift": 1.0}),
    _case("depth-half", "tuning half as deep", set={"depth": 0.5}),
    _case("depth-double", "tuning twice as deep", set={"depth": 2.0}),
    _case("flat-double", "flat share .3 to .6", set={"later_flat_share": 0.6}),
    _case("flat-none", "flat share .3 to 0", set={"later_flat_share": 0.0}),
    _case("baseline", "constant baseline of 3 Hz", set={"baseline": 3.0}),
    _case("baseline-rate-drift", "rates redrawn over a baseline of 3 Hz",
          set={"baseline": 3.0, "rate_drift": 1.0}),
    _case("excitability", "excitability of each unit redrawn", set={"excitability": 0.5}),
    _case("tuning-drift", "a fifth of the tuning redrawn at fixed depth",
          set={"tuning_drift": 0.2}),
    _case("time-shift", "all events 20 ms later", set={"event_time_shift": 0.02}),
    _case("shared-background-3", "background of all units, 3 repeats",
          set={**_SHARED, "repeats": 3}, **_SIZED),
    _case("shared-background", "background of all units, 5 repeats", set=_SHARED, **_SIZED),
    _case("shared-background-8", "background of all units, 8 repeats",
          set={**_SHARED, "repeats": 8}, **_SIZED),
    _case("repeats-3", "3 repeats", set={"repeats": 3}, **_SIZED),
    _case("repeats-3-state", "3 repeats, slow state of each unit",
          set={**_SLOW, "repeats": 3}, **_SIZED),
    _case("repeats-10", "10 repeats", set={"repeats": 10}, **_SIZED),
    _case("repeats-10-state", "10 repeats, slow state of each unit",
          set={**_SLOW, "repeats": 10}, **_SIZED),
    _case("repeats-25", "25 repeats", set={"repeats": 25}, **_SIZED),
    _case("repeats-25-state", "25 repeats, slow state of each unit",
          set={**_SLOW, "repeats": 25}, **_SIZED),
    _case("units-60", "60 units", set={"units": 60}, **_SIZED),
    _case("units-60-state", "60 units, slow state of each", set={**_SLOW, "units": 60}, **_SIZED),
    _case("units-300", "300 units", set={"units": 300}, seeds=200, **_SIZED),
    _case("units-300-state", "300 units, slow state of each",
          set={**_SLOW, "units": 300}, seeds=200, **_SIZED),
    _case("short", "25 repeats of 100 ms, 60 units",
          set={"segment_duration": 0.1, "repeats": 25, "units": 60}, seeds=200, **_SIZED),
    _case("short-state", "25 repeats of 100 ms, 60 units, slow state of each",
          set={**_SLOW, "segment_duration": 0.1, "repeats": 25, "units": 60}, seeds=200, **_SIZED),
)  # fmt: skip
MEASURES = (
    TruthMeasure(measure="curves", seeds=400),
    TruthMeasure(measure="rate_index", seeds=400),
    TruthMeasure(measure="timing_index", seeds=200),
)
# Analyses that are not measured by default options: slow ones in fewer recordings, `area_decoder`
# in areas as small as here, `behavior` without the indices, which are measures of their own.
ANALYSES = {
    "anchored": TruthMeasure(
        measure="anchored", seeds=100, power=False,
        options={"gate_surrogates": 99, "thinnings": 5, "max_standard_error": 0.2},
    ),
    "area_decoder": TruthMeasure(
        measure="area_decoder", seeds=50, power=False, options={"min_units": 7}
    ),
    "behavior": TruthMeasure(measure="behavior", power=False, options={"indices": False}),
    "rate_ladder": TruthMeasure(
        measure="rate_ladder", seeds=50, power=False,
        options={"bins": [0.1, 0.01], "max_pairs": 300},
    ),
    "decoding": TruthMeasure(
        measure="decoding", seeds=50, power=False, options={"decoders": ["nearest", "lda"]}
    ),
    "geometry": TruthMeasure(measure="geometry", seeds=50, power=False),
    "low_rank": TruthMeasure(
        measure="low_rank", seeds=50, power=False,
        options={"ranks": [1, 2, 4], "surrogates": 19, "splits": 1},
    ),
    "signal_drift": TruthMeasure(measure="signal_drift", seeds=400),
    "temporal_components": TruthMeasure(measure="temporal_components", seeds=50, power=False),
}  # fmt: skip


class GroundTruth(Options):
    """Recordings with a known truth (target `ground_truth`); seeds are 0 to n - 1.

    Statistics whose value without drift is not stated are compared with the case `none`, which
    sets no knobs.
    """

    recording: SyntheticOptions = Field(
        SyntheticOptions(segments=4, repeats=5, units=30),
        description="recording of all cases, except for what each case sets",
    )
    cases: tuple[TruthCase, ...] = Field(CASES, min_length=1, description="what is known")
    power: tuple[Power, ...] = Field(
        (Power(knob="rate_drift"), Power(knob="event_time_drift"), Power(knob="tuning_drift")),
        description="power curves",
    )
    measures: tuple[TruthMeasure, ...] = Field(MEASURES, description="what is measured")
    analyses: tuple[TruthMeasure, ...] | None = Field(
        None,
        description="analyses that are measured too; null: every one, slow ones with fewer seeds, "
        "and none at the amounts of the power curves",
    )
    curves: tuple[str, ...] = Field(
        ("spikeship", "rate_correlation", "population_vector"),
        description="similarity measures whose curves are measured",
    )
    index: IndexOptions = Field(
        IndexOptions(
            surrogates=99, gate_surrogates=99, thinnings=5, max_pairs=300, max_standard_error=0.2
        ),
        description="anchored indices; small recordings get a wider bar for the standard error",
    )
    state: StateOptions = Field(StateOptions(), description="state matching")
    surrogates: int = Field(
        99, ge=19, description="surrogates of analyses that have such an option and do not set it"
    )
    chunk: int = Field(
        200, ge=1, description="seeds of one case and measure that a job takes; adding seeds "
        "reruns only a chunk that was not full"
    )  # fmt: skip
    level: float = Field(0.05, gt=0, lt=1, description="level of the tests, and of the marks")

    def every_case(self) -> list[TruthCase]:
        """All cases, with those of the power curves that are not listed."""
        found = {case.name: case for case in self.cases}
        given = [case.set for case in self.cases if not case.match_state]
        for curve in self.power:
            for amount in curve.amounts:
                knobs = {curve.knob: amount}
                if knobs not in given:
                    word = curve.knob.replace("_", "-")
                    name = f"{word}-{amount:g}"
                    title = f"{curve.knob.replace('_', ' ')} {amount:g}"
                    found[name] = TruthCase(name=name, title=title, set=knobs, seeds=curve.seeds)
        return list(found.values())

    def recorded(self, case: TruthCase) -> SyntheticOptions:
        """Options of the recordings of a case."""
        return SyntheticOptions.model_validate({**self.recording.model_dump(), **case.set})

    def knob(self, case: TruthCase) -> tuple[str, float] | None:
        """Knob and amount of a case that is a point of a power curve."""
        if len(case.set) != 1 or case.match_state:
            return None
        ((knob, amount),) = case.set.items()
        return (knob, float(amount)) if knob in {curve.knob for curve in self.power} else None

    def options_of(self, measure: TruthMeasure) -> dict[str, Any]:
        """Options of a measure or analysis, with defaults filled in."""
        name = measure.measure
        if name == "curves":
            return {"measures": list(self.curves)}
        if name in ("rate_index", "timing_index"):
            return self.index.model_dump(mode="json")
        chosen = dict(measure.options)
        if name in OPTIONS and "surrogates" in OPTIONS[name].model_fields:
            chosen = {"surrogates": self.surrogates, **chosen}
        return complete(OPTIONS, name, chosen)

    @model_validator(mode="after")
    def _cases(self) -> Self:
        if twice := repeated(case.name for case in self.cases):
            raise ValueError(f"cases: the name {twice[1]!r} is used twice")
        for curve in self.power:
            if curve.knob not in SyntheticOptions.model_fields:
                raise ValueError(f"power: {curve.knob!r} is no knob of a synthetic recording")
        for case in self.every_case():
            try:
                self.recorded(case)
            except ValidationError as error:
                found = error.errors()[0]
                where = ".".join(map(str, found["loc"]))
                raise ValueError(f"case {case.name}: {where}: {found['msg']}") from None
        return self
