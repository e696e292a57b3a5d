"""Posteriors of a family whose posterior is known, with an estimator that knows the form of it."""

import json

import numpy as np
import pytest
from posteriors import AXES, KNOWN, NOISE, Seen, family, inferred, linear, options

from spikedrift.comparison.posterior.posterior import infer
from spikedrift.comparison.scores.models import Failed, Models
from spikedrift.core.errors import InputError
from spikedrift.drift import gates


def test_parameters_are_found_and_the_rest_is_excluded():
    found = inferred(*family()).isel(variant=0)
    assert found["calibrated"] and (found["sbc_p"] > 0.025).all()
    for axis, value in KNOWN.items():
        low, high = found["interval"].sel(axis=axis).values
        assert low < value < high
        other = found["nearest_interval"].sel(axis=axis).values
        assert other[0] < value < other[1]
    # Of the standard normal prior a region of the radius 2.45 SD of the posterior is left.
    shrunk = NOISE**2 / (1 + NOISE**2)
    assert 1 - 6 * shrunk < float(found["excluded"]) < 1 - shrunk
    assert (found["recovery"] > 0.8).all() and (found["nearest_recovery"] > 0.7).all()
    np.testing.assert_allclose(found["coverage"].sel(level=0.8), 0.8, atol=0.12)
    assert (found["n_trained"], found.sizes["held_out"]) == (200, 200)
    assert "correlation time (days)" in found.attrs["conclusion"]
    assert "Calibration was not rejected" in found.attrs["conclusion"]


def test_a_posterior_that_is_too_sure_concludes_nothing():
    found = inferred(*family(), wide=0.4)
    assert not found["calibrated"].any()
    assert "not calibrated" in found.attrs["conclusion"]
    assert "excluded" not in found.attrs["conclusion"]


def test_a_flow_that_extrapolates_for_the_recording_concludes_nothing():
    """It is right for all runs that were held out, and off for the recording alone."""

    def estimate(data, given):
        found = linear()(data, given)
        found["draw"][-1] += 6.0
        return found

    models, recording = family()
    found = infer(recording, models, ["drifts"], AXES, options(), estimate, 1)
    assert found["calibrated"].all()
    assert "do not meet" in found.attrs["conclusion"]
    assert "excluded" not in found.attrs["conclusion"]


def test_a_recording_like_no_run_excludes_the_family():
    models, _ = family()
    found = inferred(models, Seen("other", {"rate_drop": 30.0, "rate_step": -30.0}))
    assert found["atypical_p"].item() < 0.05
    assert "no run of the family is like the recording" in found.attrs["conclusion"]


def test_runs_that_cannot_be_used_are_counted():
    models, recording = family(n=430)
    runs = dict(models.runs)
    runs["p0"] = [Failed("p0", "diverged")]
    runs["p1"] = [Failed("p1", "not accepted", gates.REJECTED)]
    runs["p2"] = [Seen("p2", {"rate_drop": 1.0})]
    lacking = Models(runs, models.coordinates, {}, "")
    found = inferred(lacking, recording).isel(variant=0)
    counts = [int(found[f"n_{name}"]) for name in ("drawn", "failed", "rejected", "undefined")]
    assert counts == [430, 1, 1, 1]
    assert int(found["n_trained"]) == 430 - 3 - 200


def test_statistics_that_one_side_lacks_are_dropped_with_the_reason():
    asked = ("rate_drop", "rate_step", "timing_step", "log_rate")
    found = inferred(*family(), statistics=asked)
    assert list(found["statistic"].values) == ["rate_drop", "rate_step"]
    dropped = json.loads(found.attrs["dropped"])
    assert dropped == {"timing_step": "hidden lacks it", "log_rate": "it does not vary in drifts"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"trials": (0.2, 4)}, "Not the same: trials of 0.1 s, 4 segments in the recording"),
        ({"n_units": 41}, "40 units in hidden, 41 in the survey"),
        ({"lag": 7}, "5 lags in blocks in hidden, 7 in the survey"),
    ],
)
@pytest.mark.fault("comparison", "runs of a posterior with other trials or units")
def test_runs_unlike_the_recording_in_trials_or_units_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        inferred(*family(n=3, **settings))


def test_too_few_runs_are_one_line():
    words = r"posterior p: 250 of 250 runs of drifts can be used .* ask for 300: give more samples"
    with pytest.raises(InputError, match=words):
        inferred(*family(n=250))


def test_one_seed_gives_one_posterior_and_another_another():
    models, recording = family()
    first = inferred(models, recording)
    assert first.identical(inferred(models, recording))
    other = infer(recording, models, ["drifts"], AXES, options(), linear(), 2)
    assert not first["rank"].identical(other["rank"])
