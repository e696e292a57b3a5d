"""Aspects of the drift of recordings: which there are, and why others are not."""

import json

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.drift import CurveOptions, DriftOptions, SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.signal.aspects import ASPECTS, SHOWN_BEFORE, SHOWN_OFTEN
from spikedrift.drift.signal.recording import drift_values, recording_drift
from spikedrift.sources.synthetic import record

OPTIONS = DriftOptions(
    curves=CurveOptions(bootstrap=20, halves=4), index=SignalOptions(flips=99, bootstrap=99)
)


def recording(units=60, **knobs):
    asked = SyntheticOptions(units=units, segments=5, repeats=8, segment_duration=1.0, **knobs)
    return record(asked, "m.movie", 1)


def told(data):
    found = drift_values(data, OPTIONS, 1)
    return (
        dict(zip(ASPECTS, found["aspect_value"].values, strict=True)),
        dict(zip(ASPECTS, found["aspect_note"].values, strict=True)),
    )


@pytest.fixture(scope="module")
def drifting():
    return recording(rate_drift=0.5)


def test_two_blocks_have_what_two_blocks_can_have(drifting):
    value, note = told(drifting)
    for name in ("step_kurtosis", "geometry_change", "noise_space"):
        assert np.isfinite(value[name]) and note[name] == "", name
    assert note["growth_exponent"] == note["by_showing"] == "2 blocks, it takes 3"
    assert "no segment is known" in note["rare_to_often"]
    assert all(np.isnan(value[name]) for name in ("growth_exponent", "by_showing", "rare_to_often"))


def test_segments_shown_often_are_those_that_the_file_names(drifting):
    names = np.unique(drifting["segment"].values)
    said = drifting.assign_attrs({SHOWN_OFTEN: json.dumps([int(names[0])])})
    value, note = told(said)
    assert np.isfinite(value["rare_to_often"]) and note["rare_to_often"] == ""
    # A selection that leaves the segment out leaves no other in its place.
    rest = trials.select(said, trials=said["segment"].values != names[0])
    assert "no segment is known" in told(rest)[1]["rare_to_often"]


def test_what_does_not_drift_has_no_manner_of_drifting():
    value, note = told(recording())
    assert np.isfinite(value["geometry_change"]) and abs(value["geometry_change"]) < 0.5
    for name in ("step_kurtosis", "noise_space"):
        assert np.isnan(value[name]) and note[name].startswith("no drift of tuning was found"), name


@pytest.fixture(scope="module")
def three():
    """Equal gaps, in each of which three tenths of what is there are drawn anew."""
    return recording(units=120, blocks=3, tuning_drift=0.3)


def test_three_blocks_grow_as_what_is_kept_is_kept_again(three):
    value, note = told(three)
    # After two gaps .7 * .7 of the signal's variance is left: the index is .51 after .30.
    assert note["growth_exponent"] == ""
    assert value["growth_exponent"] == pytest.approx(np.log2(0.51 / 0.30), abs=0.12)
    unknown = three.assign_coords(start_time=three["start_time"] * np.nan)
    assert "not known" in told(unknown)[1]["growth_exponent"]


def test_showings_explain_what_goes_with_them(three):
    assert "how often segments were shown" in told(three)[1]["by_showing"]

    def by_showing(data, *shown):
        counted = {str(block): each for block, each in enumerate(shown)}
        value, note = told(data.assign_attrs({SHOWN_BEFORE: json.dumps(counted)}))
        return value["by_showing"] if note["by_showing"] == "" else note["by_showing"]

    assert by_showing(three, 0.0, 5.0, 105.0) < 0.35
    assert "go together" in by_showing(three, 0.0, 50.0, 100.0)
    pause = 50_000.0 * (three["block"].values == 2)
    late = three.assign_coords(start_time=("trial", three["start_time"].values + pause))
    assert by_showing(late, 0.0, 50.0, 100.0) > 0.65


def test_samples_stand_beside_those_of_the_magnitudes(drifting):
    found = recording_drift(drifting, OPTIONS, 1)
    for name in ASPECTS:
        sample = found["statistic_sample"].sel(statistic=name)
        half = found["half_statistic"].sel(statistic=name)
        there = bool(np.isfinite(found["aspect_value"].sel(aspect=name)))
        assert bool(np.isfinite(sample).any()) == bool(np.isfinite(half).any()) == there, name
