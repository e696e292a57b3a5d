"""Bootstrap intervals hold the value that they belong to."""

import warnings

import numpy as np
import pytest

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.config.drift import CurveOptions
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.bands import centered
from spikedrift.drift.curves import curves
from spikedrift.sources import synthetic

SEEDS = 50
OPTIONS = CurveOptions(bootstrap=20, halves=2)


def recorded(seed, **more):
    knobs = {"units": 12, "segments": 3, "repeats": 3, "segment_duration": 0.25}
    drift = {"rate_drift": seed % 5 / 4}
    return synthetic.record(SyntheticOptions(**knobs, **drift, **more), f"m{seed}.movie", seed)


def test_bias_is_taken_out_and_width_is_not():
    rng = np.random.default_rng(1)
    samples = 5 + rng.gamma(2.0, size=(4000, 3))  # skewed, far from the value
    low, high = centered(samples, np.zeros(3), 0.9)
    plain = np.quantile(samples, [0.05, 0.95], axis=0)
    np.testing.assert_allclose(high - low, plain[1] - plain[0])
    assert (low < 0).all() and (high > -low).all()
    # Without bias it is the percentile interval.
    unbiased = samples - np.median(samples, axis=0)
    np.testing.assert_allclose(centered(unbiased, np.zeros(3), 0.9), np.quantile(
        unbiased, [0.05, 0.95], axis=0), atol=1e-12)  # fmt: skip


def test_what_is_undefined_has_no_interval():
    samples = np.array([[1.0, np.nan, 1.0], [3.0, np.nan, np.nan]])
    low, high = centered(samples, np.array([2.0, 1.0, np.nan]))
    assert np.isfinite([low[0], high[0]]).all()
    assert np.isnan([low[1:], high[1:]]).all()


@pytest.mark.fault("bands", "a bootstrap band beside its own point", cases=SEEDS)
@pytest.mark.slow
def test_bands_of_curves_hold_their_points():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(SEEDS):
            recording = recorded(seed)
            for measure in ("population_vector", "spikeship"):
                found = curves(recording, MeasureEntry(name=measure, measure=measure), OPTIONS, 1)
                for value, low, high in (
                    ("value", "low", "high"),
                    ("similarity_index", "similarity_index_low", "similarity_index_high"),
                    ("statistic_value", "statistic_low", "statistic_high"),
                ):
                    of, below, above = (found[name].values for name in (value, low, high))
                    known = np.isfinite(below) & np.isfinite(of)
                    assert known.any()
                    tight = 1e-9 * np.abs(of[known])
                    assert (below[known] <= of[known] + tight).all(), (seed, measure, value)
                    assert (of[known] - tight <= above[known]).all(), (seed, measure, value)


@pytest.mark.parametrize(
    "name", ["response_correlations", "internal_structure", "rdi", "temporal_components"]
)
def test_intervals_of_analyses_hold_their_values(name):
    options = {"surrogates": 19} | ({} if name == "temporal_components" else {"bootstrap": 100})
    recording = synthetic.record(
        SyntheticOptions(units=30, segments=4, repeats=6, segment_duration=0.5, rate_drift=0.5),
        "m.movie", 1,
    )  # fmt: skip
    found = analyze(recording, name, options)
    value, low, high = (found[key].values for key in ("value", "low", "high"))
    bootstrap = np.array(["bootstrap" in str(text) for text in found["interval"].values])
    known = bootstrap & np.isfinite(low) & np.isfinite(value)
    assert known.any()
    assert (low[known] <= value[known]).all() and (value[known] <= high[known]).all()
