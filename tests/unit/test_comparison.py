"""The distance of models from a recording, against analytic cases and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.covariance import LedoitWolf

from spikedrift.comparison import ceiling, covariance, distance
from spikedrift.errors import InputError

GRID = np.geomspace(0.05, 20, 81)
SCALES = np.array([True, True, True, False, False])
MEAN = np.array([0.2, 0.4, 0.1, 0.9, 0.3])


def random_covariance(rng, size=5, scale=0.05):
    root = rng.normal(size=(size, 2 * size))
    return scale**2 * root @ root.T / (2 * size)


def test_ledoit_wolf_is_scikit_learns_on_a_common_scale():
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4)) * [1e-3, 1, 10, 500]
    scale = samples.std(axis=0, ddof=1)
    centered = (samples - samples.mean(axis=0)) / scale * np.sqrt(40 / 39)
    expected = LedoitWolf(assume_centered=True).fit(centered).covariance_
    ours = covariance.shrunk(samples) / np.outer(scale, scale)
    np.testing.assert_allclose(ours, expected, rtol=1e-10)
    # Shrinkage acts on correlations: the variances of the samples stay.
    plain = np.corrcoef(samples.T)
    assert np.abs(ours[0, 1]) < np.abs(plain[0, 1])


def test_ledoit_wolf_leaves_out_undefined_samples_and_refuses_constants():
    samples = np.random.default_rng(2).normal(size=(30, 3))
    broken = np.vstack([samples, [np.nan, 1, 2]])
    np.testing.assert_array_equal(covariance.shrunk(broken), covariance.shrunk(samples))
    with pytest.raises(InputError, match="2 of 30"):
        covariance.shrunk(np.where(np.arange(30)[:, None] < 2, samples, np.nan))
    with pytest.raises(InputError, match="does not vary"):
        covariance.shrunk(np.c_[samples, np.ones(30)])


def test_pooled_spread_ignores_where_the_groups_lie():
    rng = np.random.default_rng(3)
    truth = random_covariance(rng)
    groups = [rng.multivariate_normal(MEAN * k, truth, size=400) for k in (1, 3, -2)]
    np.testing.assert_allclose(covariance.pooled(groups), truth, atol=0.15 * truth.max())
    assert (covariance.pooled([np.ones((1, 3)), np.zeros((1, 3))]) == 0).all()


def test_a_right_model_scores_as_chi_squared():
    # y and x from one distribution each, C their summed covariance, no free factor:
    # p * score of one instance is chi squared with p degrees of freedom.
    rng = np.random.default_rng(4)
    sampling, spread = random_covariance(rng), random_covariance(rng)
    fixed = np.zeros(5, bool)
    value = [
        5
        * distance.fit(
            rng.multivariate_normal(MEAN, sampling),
            rng.multivariate_normal(MEAN, spread, size=1),
            sampling + spread,
            fixed,
            GRID,
        ).score
        for _ in range(600)
    ]
    assert stats.kstest(value, stats.chi2(5).cdf).pvalue > 0.01


def test_a_right_model_with_a_fitted_factor_scores_near_one():
    rng = np.random.default_rng(5)
    sampling, spread = random_covariance(rng), random_covariance(rng)
    score = [
        distance.fit(
            rng.multivariate_normal(MEAN, sampling),
            rng.multivariate_normal(MEAN, spread, size=4),
            sampling + spread,
            SCALES,
            GRID,
        ).score
        for _ in range(400)
    ]
    assert 0.85 < np.mean(score) < 1.15


@pytest.mark.parametrize("factor", [0.2, 1.0, 6.0])
def test_the_time_scale_is_recovered_and_ratios_do_not_move(factor):
    rng = np.random.default_rng(6)
    cov = random_covariance(rng, scale=0.005)
    instances = np.where(SCALES, MEAN / factor, MEAN) + rng.normal(0, 1e-4, size=(5, 5))
    found = distance.fit(MEAN, instances, cov, SCALES, GRID)
    assert found.time_scale == pytest.approx(factor, rel=0.05)
    assert not found.at_bound
    assert GRID[found.profile.argmin()] == pytest.approx(factor, rel=0.1)
    wrong = np.where(SCALES, MEAN / factor, MEAN + 0.05)
    assert distance.fit(MEAN, wrong[None], cov, SCALES, GRID).score > found.score + 1


def test_no_factor_can_mend_a_wrong_ratio_of_timing_to_rate():
    cov = np.diag(np.full(5, 0.01**2))
    swapped = MEAN[[2, 1, 0, 3, 4]]
    assert distance.fit(MEAN, swapped[None], cov, SCALES, GRID).score > 20


def test_noise_cannot_be_stretched_into_drift():
    # Without drift the best factor is small: large ones blow up what differs between instances.
    rng = np.random.default_rng(7)
    cov = np.diag(np.full(5, 0.02**2))
    none = np.where(SCALES, 0, MEAN) + rng.normal(0, 0.02, size=(6, 5))
    found = distance.fit(MEAN, none, cov, SCALES, GRID)
    drifting = MEAN + rng.normal(0, 0.02, size=(6, 5))
    assert found.score > 10 * distance.fit(MEAN, drifting, cov, SCALES, GRID).score
    assert found.time_scale < 5


def test_a_factor_outside_the_grid_is_set_to_its_end_and_said():
    found = distance.fit(MEAN, np.where(SCALES, MEAN / 100, MEAN)[None], np.eye(5), SCALES, GRID)
    assert (found.time_scale, found.at_bound) == (GRID[-1], True)
    opposite = distance.fit(MEAN, np.where(SCALES, -MEAN, MEAN)[None], np.eye(5), SCALES, GRID)
    assert (opposite.time_scale, opposite.at_bound) == (GRID[0], True)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_fit_is_the_least_score_and_does_not_depend_on_units(seed, n):
    rng = np.random.default_rng(seed)
    cov = random_covariance(rng)
    y, x = MEAN + rng.normal(0, 0.1, 5), MEAN + rng.normal(0, 0.1, (n, 5))
    found = distance.fit(y, x, cov, SCALES, GRID)
    assert found.score <= found.profile.min() + 1e-9
    assert found.score == pytest.approx(found.instance_score.mean())
    units = rng.uniform(0.1, 1000, 5)
    other = distance.fit(y * units, x * units, cov * np.outer(units, units), SCALES, GRID)
    assert other.score == pytest.approx(found.score, rel=1e-6)
    np.testing.assert_allclose(other.residual, found.residual, rtol=1e-6, atol=1e-9)


def test_the_ceiling_brackets_a_noise_free_and_an_independent_right_model():
    # Halves have twice the sampling covariance of the whole.
    rng = np.random.default_rng(8)
    sampling = random_covariance(rng)
    splits = rng.multivariate_normal(MEAN, 2 * sampling, size=(2, 800))
    low, high = ceiling.of_halves(*splits, sampling, SCALES, GRID)
    y = rng.multivariate_normal(MEAN, sampling, size=800)
    twin = rng.multivariate_normal(MEAN, sampling, size=800)
    perfect = [distance.fit(a, MEAN[None], sampling, SCALES, GRID).score for a in y]
    copy = [
        distance.fit(a, b[None], sampling, SCALES, GRID).score for a, b in zip(y, twin, strict=True)
    ]
    assert low == pytest.approx(np.mean(perfect), rel=0.15)
    assert high == pytest.approx(np.mean(copy), rel=0.15)


def test_the_ceiling_leaves_out_undefined_halves():
    one = np.tile(MEAN, (3, 1))
    two = one + 0.1
    broken = two.copy()
    broken[1, 0] = np.nan
    assert ceiling.of_halves(one, broken, np.eye(5), SCALES, GRID) == pytest.approx(
        ceiling.of_halves(one[[0, 2]], two[[0, 2]], np.eye(5), SCALES, GRID)
    )
    assert np.isnan(ceiling.of_halves(one[:1], one[:1] * np.nan, np.eye(5), SCALES, GRID)).all()


def test_matched_noise_is_the_score_of_a_condition_against_itself():
    rng = np.random.default_rng(9)
    spread = random_covariance(rng)
    value = [
        ceiling.matched_noise(
            rng.multivariate_normal(MEAN, spread, size=3), 2 * spread, SCALES, GRID
        )
        for _ in range(300)
    ]
    assert 0.85 < np.mean(value) < 1.1
    assert np.isnan(ceiling.matched_noise(MEAN[None], spread, SCALES, GRID))
