"""Calibration is not rejected where posteriors are right, and is where they are wrong."""

import numpy as np
import pytest
import scipy

from spikedrift.comparison.posterior.calibration import (
    LEVELS,
    coverage,
    ranks,
    recovered,
    uniformity,
)

NOISE = 0.5  # of what is observed of a standard normal parameter
SHRINK, SPREAD = 1 / (1 + NOISE**2), np.sqrt(NOISE**2 / (1 + NOISE**2))


def posteriors(n=200, n_draws=199, seed=1, off=0.0, wide=1.0):
    """Truths and posterior draws of a conjugate problem; moved and stretched, they are wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((n, 2))
    seen = truth + NOISE * rng.standard_normal((n, 2))
    draws = rng.standard_normal((n, n_draws, 2))
    return truth, SHRINK * seen[:, None] + SPREAD * (off + wide * draws)


def test_ranks_count_the_draws_below():
    draws = np.array([[[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]])
    assert ranks(np.array([[2.5, 4.0]]), draws).tolist() == [[2, 0]]


@pytest.mark.parametrize(
    ("wrong", "passes"),
    [({}, True), ({"wide": 0.5}, False), ({"wide": 2.0}, False), ({"off": 0.5}, False)],
    ids=["right", "too sure", "too wide", "biased"],
)
def test_ranks_are_uniform_for_the_right_posterior_alone(wrong, passes):
    rank = ranks(*posteriors(**wrong))
    found = uniformity(rank, 199, np.random.default_rng(2))
    inside = (found.share >= found.low[:, None]) & (found.share <= found.high[:, None])
    for k in range(2):
        assert (found.p_value[k] > 0.05) == passes
        assert (found.chi_square_p[k] > 0.01) == passes
        assert inside[:, k].all() == passes, "band and p say the same"


def test_p_of_uniform_ranks_is_uniform():
    """The level holds: of many sets of uniform ranks, a twentieth is rejected."""
    rank = np.random.default_rng(3).integers(0, 100, size=(100, 400))
    found = uniformity(rank, 99, np.random.default_rng(4))
    for p in (found.p_value, found.chi_square_p):
        n = int((p <= 0.05).sum())
        low, high = scipy.stats.binom(400, 0.05).interval(0.999)
        assert low <= n <= high
    outside = (found.share < found.low[:, None]) | (found.share > found.high[:, None])
    np.testing.assert_array_equal(outside.any(axis=0), found.p_value <= 0.05)


def test_intervals_cover_what_they_say():
    truth, draws = posteriors(n=4000, n_draws=99)
    found = coverage(ranks(truth, draws), 99)
    for level, shares in zip(LEVELS, found, strict=True):
        error = 4 * np.sqrt(level * (1 - level) / 4000)
        np.testing.assert_allclose(shares, level, atol=error)
    truth, draws = posteriors(n=4000, n_draws=99, wide=0.5)
    assert (coverage(ranks(truth, draws), 99) < np.array(LEVELS)[:, None] - 0.05).all()


def test_recovery_is_that_of_the_conjugate_posterior():
    truth, draws = posteriors(n=4000, n_draws=99)
    found = recovered(truth, draws, np.random.default_rng(5).standard_normal((4000, 2)))
    np.testing.assert_allclose(found.correlation, np.sqrt(SHRINK), atol=0.02)
    np.testing.assert_allclose(found.contraction.mean(axis=0), 1 - SPREAD**2, atol=0.02)
    np.testing.assert_allclose(found.z_score.std(axis=0), 1.0, atol=0.05)


def test_the_prior_is_calibrated_and_recovers_nothing():
    rng = np.random.default_rng(6)
    truth, draws = rng.standard_normal((200, 1)), rng.standard_normal((200, 199, 1))
    assert uniformity(ranks(truth, draws), 199, rng).p_value[0] > 0.05
    found = recovered(truth, draws, rng.standard_normal((200, 1)))
    assert abs(found.correlation[0]) < 0.3
    assert abs(found.contraction.mean()) < 0.2
