"""Tests and intervals of signal indices: against Student's, and their levels by simulation."""

import numpy as np
import pytest
from scipy import stats

from spikedrift.config.drift import SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.signal.indices import block_index, signal_contributions, signal_indices
from spikedrift.drift.signal.inference import flip_test, student_interval
from spikedrift.sources.synthetic import record

OPTIONS = SignalOptions(flips=199, bootstrap=99, max_shift=0)


def test_interval_is_students_where_units_weigh_alike() -> None:
    """The mean of values that all are one from it: n - 1 degrees of freedom."""
    values = np.repeat([4.0, 2.0], 5)
    error, low, high = student_interval(3.0, (values - 3.0) / 10, 0.9)
    assert error == pytest.approx(stats.sem(values), rel=1e-12)
    expected = stats.t.interval(0.9, 9, 3.0, stats.sem(values))
    assert (low, high) == pytest.approx(expected, rel=1e-12)


def test_few_units_that_make_up_the_variance_count_as_few() -> None:
    influence = np.r_[1.0, -1.0, 1.0, np.full(97, 1e-6)]
    _, low, high = student_interval(0.0, influence, 0.95)
    reach = np.sqrt(3 * 3 / 2) * stats.t.ppf(0.975, 2)
    assert (low, high) == pytest.approx((-reach, reach), rel=1e-4)


@pytest.mark.parametrize("two_sided", [False, True])
def test_random_signs_hold_their_level(two_sided: bool) -> None:
    """Of symmetric values with very different sizes: within four standard errors of 5 %."""
    rng = np.random.default_rng(0)
    size = np.exp(rng.standard_normal((1500, 12)))
    p = np.array([
        flip_test(row, 199, rng, two_sided) for row in size * rng.standard_normal(size.shape)
    ])  # fmt: skip
    assert abs((p <= 0.05).mean() - 0.05) < 4 * np.sqrt(0.05 * 0.95 / p.size)
    far = flip_test(-np.ones(20), 199, rng, two_sided)
    assert far == (1 / 200 if two_sided else 1.0)


def test_codes_that_drift_alike_are_told_apart_at_the_level_only() -> None:
    """Neither drifts, or both do alike: no more rejections than chance at 5 % allows (99.9 %)."""
    alike = {"tuning_drift": 0.2, "event_time_drift": 0.18}
    for knobs in ({}, alike):
        found = [
            signal_indices(
                record(
                    SyntheticOptions(segments=6, repeats=8, units=30, **knobs), "truth.movie", seed
                ),
                OPTIONS,
                seed,
            )
            for seed in range(40)
        ]
        p = np.array([float(one["difference_p_value"]) for one in found])
        assert (p <= 0.05).sum() <= stats.binom.ppf(0.999, p.size, 0.05)
        difference = np.array([float(one["difference"]) for one in found])
        inside = [one["difference_low"] <= 0 <= one["difference_high"] for one in found]
        assert np.sum(inside) >= stats.binom.ppf(0.001, p.size, 0.95)
        assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(p.size)


def test_influences_are_what_leaving_units_out_does() -> None:
    """Against the infinitesimal jackknife of the whole estimator, its scale included."""
    dataset = record(
        SyntheticOptions(segments=6, repeats=8, units=30, tuning_drift=0.5), "truth.movie", 1
    )
    found = signal_contributions(dataset, OPTIONS, 0)[0]["rate"]
    one = block_index(found, "rate", OPTIONS, np.random.default_rng(0))
    power, overlap = found.power.sum(axis=(1, 2)), found.overlap.sum(axis=(1, 2))
    step = 1e-6
    for unit in range(30):
        weight = 1 + step * (np.arange(30) == unit)
        kept = (weight @ overlap) / (weight @ power)
        # A pair of units weighs the product of the weights of both.
        above = found.chance_overlap.sum() + step * found.unit_chance_overlap[unit]
        below = found.chance_power.sum() + step * found.unit_chance_power[unit]
        value = (1 - kept) / (1 - above / below)
        assert (value - one.index) / step == pytest.approx(one.influence[unit], abs=1e-6)
    assert one.influence.sum() == pytest.approx(0, abs=1e-12)
    assert one.share.sum() == pytest.approx(1, rel=1e-12)
