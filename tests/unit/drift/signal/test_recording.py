"""Index files: what a recording whose order of trials is assumed may say."""

import numpy as np
import pytest

from spikedrift.config.drift import CurveOptions, DriftOptions, SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.signal.recording import drift_values, magnitudes_of
from spikedrift.sources.synthetic import record

OPTIONS = DriftOptions(
    curves=CurveOptions(bootstrap=20, halves=4), index=SignalOptions(flips=99, bootstrap=99)
)


@pytest.mark.fault("trials", "a test of drift where the order of trials is assumed")
def test_an_assumed_order_leaves_no_test_of_drift():
    recording = record(
        SyntheticOptions(units=40, segments=5, repeats=6, rate_drift=0.5, event_time_drift=0.5),
        "m.movie",
        1,
    )
    known = drift_values(recording, OPTIONS, 1).sel(matching="none")
    assumed = drift_values(recording.assign_attrs(trial_order_known=0), OPTIONS, 1)
    tests = {name for name in known if name.endswith("p_value")}
    assert tests >= {"p_value", "unshifted_p_value", "difference_p_value"}
    assert np.isfinite(known["unshifted_p_value"].sel(code="timing"))
    # Whether there is a code does not rest on the order of trials.
    assert all(assumed[name].isnull().all() for name in tests - {"code_p_value"})
    assert np.isfinite(assumed["code_p_value"].sel(matching="none")).all()
    assert "no test" in assumed.attrs["inference"]
    np.testing.assert_array_equal(assumed["index"].sel(matching="none"), known["index"])


def gain_and_step(knobs, seeds=range(16)):
    """Mean gain and step of the rate code over recordings, with their standard errors."""
    options = DriftOptions(index=SignalOptions(flips=99, bootstrap=99))
    asked = SyntheticOptions(units=30, segments=4, repeats=8, segment_duration=1.0, **knobs)
    found = [
        magnitudes_of(drift_values(record(asked, "m.movie", seed), options, seed), "rate")
        for seed in seeds
    ]
    values = np.array([[one["gain"], one["step"]] for one in found], dtype=float)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({}, 0.0),
        ({"background": 2.0}, 0.0),
        # Powers of 1 and 2.25: half the squared difference over the product.
        ({"gain": 1.5}, 1.25**2 / 4.5),
    ],
)
def test_the_gain_of_units_has_its_closed_form(knobs, expected):
    (gain, step), (error, step_error) = gain_and_step(knobs)
    assert abs(gain - expected) < 4 * error and error < 0.1
    assert abs(step) < 4 * step_error


def test_gain_and_turn_are_told_apart():
    """Excitability that is drawn anew against tuning drawn anew at a fixed depth."""
    (gain, step), (error, step_error) = gain_and_step({"excitability": 0.25})
    assert gain > 4 * error and abs(step) < 4 * step_error
    (gain, step), (error, step_error) = gain_and_step({"tuning_drift": 0.3})
    assert abs(gain) < 4 * error and step > 8 * step_error
