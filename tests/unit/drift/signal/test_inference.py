"""Tests and intervals of signal indices: against Student's, and their levels by simulation."""

import numpy as np
import pytest
from scipy import stats

from spikedrift.config.drift import SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.signal.index import block_index
from spikedrift.drift.signal.indices import signal_contributions, signal_indices
from spikedrift.drift.signal.inference import (
    difference_test,
    drift_test,
    flip_test,
    interval,
    jackknife,
    student_interval,
)
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select

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


def test_jackknife_of_a_mean_is_the_variance_of_the_mean() -> None:
    values = np.random.default_rng(0).standard_normal(7)
    lost = values.mean() - (values.sum() - values) / 6
    spread = jackknife(lost, np.zeros(7, int))
    assert spread.variance == pytest.approx(values.var(ddof=1) / 7, rel=1e-12)
    assert spread.freedom == 6
    expected = stats.ttest_1samp(values, 0.0)
    assert spread.tail(values.mean(), 1, two_sided=True) == pytest.approx(expected.pvalue)
    upper = stats.ttest_1samp(values, 0.0, alternative="greater")
    assert spread.tail(values.mean(), 1) == pytest.approx(upper.pvalue)


def test_jackknife_counts_what_pairs_of_repeats_share_twice() -> None:
    """Mean product of different standard normal values: its variance is 2 / (n (n - 1))."""
    n, rng = 8, np.random.default_rng(1)
    found = []
    for _ in range(20_000):
        x = rng.standard_normal(n)
        whole = (x.sum() ** 2 - (x**2).sum()) / (n * (n - 1))
        left = ((x.sum() - x) ** 2 - ((x**2).sum() - x**2)) / ((n - 1) * (n - 2))
        found.append(jackknife(whole - left, np.zeros(n, int)).variance / 2)
    expected = 2 / (n * (n - 1))
    # Of a finite sample the jackknife has n - 2 repeats fewer to pair a repeat with than it needs.
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected * (n - 1) / (n - 2)) < 4 * error


def test_groups_of_repeats_are_left_out_each_by_itself() -> None:
    """The variance of a difference of means is the sum of the two of means."""
    rng = np.random.default_rng(2)
    one, two = rng.standard_normal(5), 3 * rng.standard_normal(9)
    lost = np.concatenate([x.mean() - (x.sum() - x) / (x.size - 1) for x in (one, two)])
    spread = jackknife(lost, np.repeat([3, 7], [5, 9]))
    assert spread.variance == pytest.approx(one.var(ddof=1) / 5 + two.var(ddof=1) / 9, rel=1e-12)
    assert spread.freedom == 12


def test_a_test_asks_for_units_and_for_repeats() -> None:
    rng = np.random.default_rng(3)
    group, even = np.repeat([0, 1], 10), np.full(30, 1.0)
    quiet, loud = 0.1 * rng.standard_normal(20), 10 * rng.standard_normal(20)
    assert drift_test(even, quiet, group, 199, rng) == 1 / 200
    assert drift_test(even, 10 * loud, group, 199, rng) > 0.3
    assert difference_test(-even, quiet, group, 199, rng) == 1 / 200
    assert difference_test(-even, 10 * loud, group, 199, rng) > 0.3
    few = np.r_[30.0, np.zeros(29)]
    assert drift_test(few, quiet, group, 199, rng) > 0.3
    spread = jackknife(loud, group)
    error, low, high = interval(1.0, even * 0.01, loud, group, 0.9)
    reach = np.sqrt(spread.variance / 2) * stats.t.ppf(0.95, 18)
    assert error == pytest.approx(np.sqrt(spread.variance / 2), rel=1e-12)
    assert (low, high) == pytest.approx((1 - reach, 1 + reach), rel=1e-12)


@pytest.mark.parametrize("code", ["rate", "timing"])
def test_what_repeats_lose_is_the_sums_without_them(code: str) -> None:
    """Against contributions of the recording from which the trials of a repeat are gone."""
    recording = SyntheticOptions(segments=5, repeats=4, units=12)
    dataset = record(recording, "truth.movie", 2)
    # Weights that counts do not move: they are those of all trials else.
    options = SignalOptions(flips=199, bootstrap=99, max_shift=2, exponent=0)
    found = signal_contributions(Layout.of(dataset), options, 0)[0][code]
    lost_power, lost_overlap = found.lost
    assert found.lost_power.shape[3] == (1 if code == "rate" else 5)
    for gone in (0, 6):
        left = select(dataset, trials=Layout.of(dataset).repeats.of_trial != gone)
        assert left.sizes["trial"] == 35
        less = signal_contributions(Layout.of(left), options, 0)[0][code]
        power, overlap = found.power.sum(), found.overlap.sum()
        assert power - lost_power[gone] == pytest.approx(less.power.sum(), rel=1e-9)
        assert overlap - lost_overlap[gone] == pytest.approx(less.overlap.sum(), rel=1e-9)


@pytest.mark.slow
def test_noise_that_units_share_does_not_raise_the_level() -> None:
    """A background that a slow state of all units scales, and few repeats, without drift.

    Random signs of units alone reject 10 % of such recordings.
    """
    found = []
    for seed in range(100):
        dataset = record(
            SyntheticOptions(
                segments=4, repeats=5, units=30, state_background=1.75, state_coefficient=0.5
            ),
            "truth.movie",
            seed,
        )
        one = signal_indices(dataset, OPTIONS, seed)
        found.append([*one["p_value"].values, float(one["difference_p_value"])])
    p = np.array(found)
    rejected = (p <= 0.05).sum(axis=0)
    known = np.isfinite(p).sum(axis=0)
    assert (known > 50).all()
    assert (rejected <= stats.binom.ppf(0.999, known, 0.05)).all()


@pytest.mark.slow
def test_codes_that_drift_alike_are_distinguished_at_the_level_only() -> None:
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
    found = signal_contributions(Layout.of(dataset), OPTIONS, 0)[0]["rate"]
    one = block_index(found, "rate", OPTIONS, np.random.default_rng(0))
    assert one.plain.units is not None
    influence = one.plain.units.off(one.plain.value)
    power, overlap = found.power.sum(axis=(1, 2)), found.overlap.sum(axis=(1, 2))
    step = 1e-6
    for unit in range(30):
        weight = 1 + step * (np.arange(30) == unit)
        kept = (weight @ overlap) / (weight @ power)
        # A pair of units weighs the product of the weights of both.
        above = found.chance_overlap.sum() + step * found.unit_chance_overlap[unit]
        below = found.chance_power.sum() + step * found.unit_chance_power[unit]
        value = (1 - kept) / (1 - above / below)
        assert (value - one.plain.value) / step == pytest.approx(influence[unit], abs=1e-6)
    assert influence.sum() == pytest.approx(0, abs=1e-12)
    assert one.plain.units.share.sum() == pytest.approx(1, rel=1e-12)
