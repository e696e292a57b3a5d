"""Overlap of subspaces that are known, its chance level, and drift through noise."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from spikedrift.analyses.methods.subspaces import by_block, by_distance, drift_by_lag, overlaps


def turned(rng, units, rank, angle):
    """A subspace, and one whose principal angles with it all are `angle`."""
    axes = np.linalg.qr(rng.normal(size=(units, 2 * rank)))[0]
    one, across = axes[:, :rank], axes[:, rank:]
    return one, np.cos(angle) * one + np.sin(angle) * across


def test_overlap_is_the_mean_squared_cosine_less_chance():
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(3, 20, 4))
    found, chance = overlaps(loadings, np.ones(20)), 4 / 20
    for i in range(3):
        for j in range(3):
            mean = (np.cos(subspace_angles(loadings[i], loadings[j])) ** 2).mean()
            assert found[i, j] == pytest.approx((mean - chance) / (1 - chance), abs=1e-10)
    np.testing.assert_allclose(np.diagonal(found), 1)
    # Another basis of the same subspaces, at another scale, changes nothing.
    mixed = loadings @ rng.normal(size=(3, 4, 4)) * 7
    np.testing.assert_allclose(overlaps(mixed, np.ones(20)), found, atol=1e-9)


def test_independent_subspaces_overlap_by_chance_also_in_a_bootstrap():
    rng = np.random.default_rng(1)
    loadings = rng.normal(size=(200, 60, 3))
    drawn = rng.multinomial(60, np.full(60, 1 / 60)).astype(float)
    for weights, most in ((np.ones(60), 0.002), (drawn, 0.004)):
        found = overlaps(loadings, weights)[np.triu_indices(200, 1)]
        assert abs(found.mean()) < most


def test_a_bootstrap_counts_a_unit_as_often_as_it_is_drawn():
    rng = np.random.default_rng(2)
    loadings = rng.normal(size=(2, 30, 2))
    weights = rng.multinomial(30, np.full(30, 1 / 30)).astype(float)
    rows = np.repeat(np.arange(30), weights.astype(int))
    one, two = loadings[:, rows]
    mean = (np.cos(subspace_angles(one, two)) ** 2).mean()
    chance = 2 * (weights**2).sum() / 900
    expected = (mean - chance) / (1 - chance)
    assert overlaps(loadings, weights)[0, 1] == pytest.approx(expected, abs=1e-10)


def test_a_loading_that_is_zero_is_no_error():
    loadings = np.random.default_rng(3).normal(size=(2, 10, 2))
    loadings[0, :, 1] = 0
    found = overlaps(loadings, np.ones(10))
    assert np.isfinite(found).all() and found[0, 0] == pytest.approx((0.5 - 0.2) / 0.8)


def test_blocks_are_compared_over_all_pairs_of_halves():
    overlap = np.random.default_rng(4).random((12, 12))
    overlap += overlap.T
    found = by_block(overlap, (2, 2, 3))  # spaces: split, half, block
    index = np.arange(12).reshape(2, 2, 3)
    for a in range(3):
        own = [overlap[index[s, 0, a], index[s, 1, a]] for s in range(2)]
        assert found[a, a] == pytest.approx(np.mean(own))
        for b in range(a):
            pairs = overlap[np.ix_(index[..., a].ravel(), index[..., b].ravel())]
            assert found[a, b] == pytest.approx(pairs.mean())
    apart = by_distance(found)
    np.testing.assert_allclose(apart[0], np.trace(found) / 3)
    np.testing.assert_allclose(apart[1:], [(found[0, 1] + found[1, 2]) / 2, found[0, 2]])


def test_drift_by_lag_of_known_overlaps():
    overlap = np.array([[0.5, 0.4, 0.2], [0.4, 0.8, 0.0], [0.2, 0.0, -0.1]])
    found = drift_by_lag(np.stack([overlap, np.eye(3)]))
    # The third block has no subspace: only the first pair is left.
    expected = 1 - 0.4 / np.sqrt(0.5 * 0.8)
    np.testing.assert_allclose(found[0], [expected, expected, np.nan])
    np.testing.assert_allclose(found[1], 1)


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2])
def test_drift_is_the_squared_sine_of_the_angle_at_any_noise_and_gain(angle):
    """Halves whose loadings have noise of their own, in blocks of different noise and gain.

    Subspaces at right angles overlap by less than independent ones.
    """
    rng, chance = np.random.default_rng(5), 3 / 80
    for noise in ((0.05, 0.05), (0.2, 0.2), (0.05, 0.2)):
        found = []
        for _ in range(40):
            spaces = turned(rng, 80, 3, angle)
            loadings = np.stack([
                [gain * (space + rng.normal(0, size, space.shape))
                 for space, size, gain in zip(spaces, noise, (1.0, 3.0), strict=True)]
                for _ in range(2)
            ]).reshape(4, 80, 3)  # fmt: skip
            found.append(by_block(overlaps(loadings, np.ones(80)), (1, 2, 2)))
        drift = drift_by_lag(np.mean(found, axis=0))[0]
        assert drift == pytest.approx(np.sin(angle) ** 2 / (1 - chance), abs=0.02)
        assert np.mean(found, axis=0)[1, 1] < 0.97  # noise was there
