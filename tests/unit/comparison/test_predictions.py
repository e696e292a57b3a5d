"""Predictions: which can be tested, and how an outcome is read off."""

import csv
import datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml
from planning import plan_for, words
from scipy import stats

from spikedrift.comparison.predictions import outcome, score, value_of
from spikedrift.config.check import checked
from spikedrift.config.predictions import Predictions
from spikedrift.config.selections import Selection
from spikedrift.core.errors import InputError
from spikedrift.plan.outputs import output
from spikedrift.plan.predictions import Preregistered, read

ROOT = Path(__file__).parents[3]
SHIPPED = read("config/predictions.yaml", ROOT)

ENTRY = {
    "name": "one",
    "written": "2026-01-02",
    "statement": "drifts",
    "refuted_by": "no drift",
    "model": {"sweep": "s", "variants": ["c"], "found": "1"},
    "stimulus": "movie",
    "held_out": "aside",
    "selection": "visual",
    "statistic": "index.rate.index",
    "above": 0.0,
}
ASIDE = [{"name": "aside", "rule": "the first", "sessions": ["a", "b", "c", "d"]}]


def options(**changes):
    return checked(Predictions, {"held_out": ASIDE, "predictions": [{**ENTRY, **changes}]})


def index_file(rate, timing=0.1, animal="mouse", note="", **attributes):
    value = np.array([[rate, timing], [rate / 2, timing]])
    return xr.Dataset(
        {
            "index": (("matching", "code"), value),
            "gate_note": (("matching", "code"), [["", note], ["", note]]),
        },
        {"matching": ["none", "state"], "code": ["rate", "timing"]},
        {
            "recording": "a.movie",
            "subject": animal,
            "pseudo_population": 0,
            "trial_order_known": 1,
            **attributes,
        },
    )


def scored(file, datasets, **row):
    statistic = [file.predictions[0].statistic, file.predictions[0].minus]
    files = [{one: path for one in statistic if one} for path in datasets]
    full = {
        "files": files,
        "note": "",
        "absent": 0,
        "n_preregistered": 4,
        "n_here": len(files),
        **row,
    }
    return score(file, [full], datasets).iloc[0]


def animals(values, **more):
    return {f"{k}": index_file(v, animal=f"mouse {k}", **more) for k, v in enumerate(values)}


def test_the_outcome_is_read_off_the_interval():
    assert outcome(0.1, 0.3, 0.0, None) == "held"
    assert outcome(-0.3, -0.1, 0.0, None) == "not held"
    assert outcome(-0.1, 0.3, 0.0, None) == "undecided"
    assert outcome(-0.3, -0.1, None, 0.0) == "held"
    assert outcome(0.1, 0.2, 0.0, 0.3) == "held"
    assert outcome(0.1, 0.4, 0.0, 0.3) == "undecided"
    assert outcome(0.3, 0.4, 0.0, 0.3) == "not held"


def test_a_prediction_is_tested_over_animals():
    values = [0.3, 0.2, 0.25, 0.4]
    found = scored(options(), animals(values))
    assert (found["outcome"], found["n_animals"], found["reason"]) == ("held", 4, "")
    interval = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert (found["low"], found["high"]) == pytest.approx(interval)
    assert scored(options(), animals([-0.3, -0.2, -0.25, -0.3]))["outcome"] == "not held"
    assert scored(options(), animals([-0.3, 0.2, 0.25, -0.1]))["outcome"] == "undecided"
    # two recordings of one animal count once
    twice = animals([0.3, 0.2, 0.25]) | {"more": index_file(0.5, animal="mouse 0")}
    found = scored(options(), twice)
    assert found["n_animals"] == 3
    assert found["n_recordings"] == 4
    assert found["value"] == pytest.approx(np.mean([0.4, 0.2, 0.25]))


def test_what_is_taken_off_is_taken_off_recording_by_recording():
    file = options(minus="index.timing.index", times=0.5)
    found = scored(file, animals([0.3, 0.2, 0.4], timing=0.2))
    assert found["value"] == pytest.approx(0.3 - 0.1)
    assert found["statistic"] == "index.rate.index - 0.5 x index.timing.index"
    matched = scored(options(statistic="index.rate.index_matched"), animals([0.3, 0.2, 0.4]))
    assert matched["value"] == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("datasets", "reason"),
    [
        (animals([0.3, 0.2]), "no inference over animals: 2, 3 are needed"),
        (animals([0.3, 0.2, 0.1], trial_order_known=0), "the order of its trials"),
        (
            animals([0.3, 0.2, 0.1], pseudo_population=1),
            "units are pooled over sessions",
        ),
    ],
)
def test_what_carries_no_inference_is_described_and_not_tested(datasets, reason):
    found = scored(options(), datasets)
    assert found["outcome"] == "cannot be tested"
    assert reason in found["reason"]
    assert np.isfinite(found["value"])
    assert np.isnan(found["low"])


def test_a_missing_code_is_the_reason_that_is_given():
    file = options(statistic="index.timing.index")
    absent = animals([0.3, 0.2, 0.1], timing=np.nan, note="no timing code")
    found = scored(file, absent)
    assert found["outcome"] == "cannot be tested"
    assert found["reason"] == "undefined in all recordings: timing: no timing code"
    some = absent | animals([0.3, 0.2, 0.1]) | {"x": index_file(0.3, np.nan, animal="mouse x")}
    assert scored(file, some)["n_undefined"] == 1


def test_few_of_the_sessions_are_said():
    found = scored(options(), animals([0.3, 0.2, 0.25]))
    assert found["reason"] == "3 of 4 recordings are in this configuration"
    away = scored(options(), {}, absent=1, note="none of its 4 recordings")
    assert away["outcome"] == "not in this configuration"


def test_statistics_of_curves_and_analyses_and_unknown_ones():
    curve = xr.Dataset({"statistic_value": ("statistic", [0.5])}, {"statistic": ["step"]})
    assert value_of(curve, "curves.population_vector.step") == 0.5
    analysis = xr.Dataset({"value": ("statistic", [2.0])}, {"statistic": ["rate.lag"]})
    assert value_of(analysis, "analyses.behavior.rate.lag") == 2
    with pytest.raises(InputError, match=r"index.rate.nothing is not a statistic of a.movie"):
        value_of(index_file(0.1), "index.rate.nothing")


def preregistered(file, recordings, selections=None, made=("signal_index.index",)):
    selections = selections or {"visual": Selection(name="visual")}
    return Preregistered(
        file,
        recordings,
        selections,
        lambda name: list(selections),
        lambda name, selection: [output(one, recording=name, selection=selection) for one in made],
    )


def test_a_prediction_takes_the_sessions_kept_aside_and_no_others():
    found = preregistered(options(), ["a.movie", "c.movie", "e.movie", "a.other"])
    assert [*map(words, found.inputs)] == [
        "signal_index.index a.movie visual", "signal_index.index c.movie visual",
    ]  # fmt: skip
    statistic = ENTRY["statistic"]
    assert found.entry["rows"][0]["files"] == [{statistic: 0}, {statistic: 1}]
    assert found.entry["rows"][0]["n_preregistered"] == 4
    assert [*map(words, found.made)] == ["score_predictions.tsv"]
    assert preregistered(None, ["a.movie"]).made == []


def test_why_a_prediction_is_not_tested_is_known_before_anything_is_made():
    def row(file, *given, **more):
        return preregistered(file, *given, **more).entry["rows"][0]

    assert row(options(), ["e.movie"])["absent"] == 1
    assert row(options(selection="V1"), ["a.movie"])["note"] == "no selection V1"
    other = {"visual": Selection(name="visual", min_population=30)}
    strict = options(filters={"name": "visual", "min_population": 15})
    note = row(strict, ["a.movie"], selections=other)["note"]
    assert note == "the selection visual is not the one preregistered (min_population)"
    assert row(strict, ["a.movie"], {"visual": Selection(name="visual", min_population=15)})[
        "files"
    ]
    analysis = options(statistic="analyses.behavior.rate.lag")
    note = row(analysis, ["a.movie"])["note"]
    assert note == "analyses.behavior is not made in this configuration"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"above": None}, "give one of them or both"),
        ({"below": -1.0}, "must be less than below"),
        ({"recordings": ["a.movie"]}, "either recordings or stimulus"),
        ({"held_out": None}, "a stimulus needs its sessions"),
        ({"held_out": "nobody"}, "is not among"),
        ({"statistic": "rate"}, "statistic"),
    ],
)
def test_predictions_that_say_nothing_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        options(**changes)


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"no such file nowhere\.yaml"):
        read("nowhere.yaml", ROOT)


# what is shipped


def test_the_sessions_kept_aside_are_those_of_the_rule():
    with (ROOT / "config" / "sessions" / "neuropixels.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    chosen = [row["session"] for row in rows if row["session_type"] == "functional_connectivity"]
    every_third = sorted(chosen, key=int)[2::3]
    assert [str(one) for one in SHIPPED.held_out[0].sessions] == every_third
    animal = {row["session"]: row["animal"] for row in rows}
    assert len({animal[one] for one in every_third}) == len(every_third) >= SHIPPED.min_animals


def test_what_is_shipped_can_be_tested_on_all_sessions():
    raw = yaml.safe_load((ROOT / "config" / "allen-neuropixels-all.yaml").read_text())
    rows = plan_for(raw).preregistered.entry["rows"]
    for entry, row in zip(SHIPPED.predictions, rows, strict=True):
        assert entry.written >= datetime.date(2026, 1, 1)
        assert row["note"] == "" or entry.stimulus is None
        assert len(row["files"]) == (0 if entry.withdrawn else 8)
    scored_still = [entry for entry in SHIPPED.predictions if entry.withdrawn is None]
    assert {entry.name for entry in scored_still} == {
        "tuning-drifts", "profiles-drift", "timing-drifts-as-tuning", "tuning-not-behavior",
    }  # fmt: skip
    assert all(entry.written >= datetime.date(2026, 11, 29) for entry in scored_still)


def test_a_prediction_that_was_withdrawn_says_why_and_is_not_scored():
    found = scored(options(withdrawn="biased"), animals([0.3, 0.2, 0.25]))
    assert (found["outcome"], found["reason"]) == ("withdrawn", "biased")
    assert np.isnan(found["value"])
