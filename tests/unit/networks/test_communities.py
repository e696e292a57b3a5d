"""Communities: planted ones are found, and partitions are compared by their best matches."""

import numpy as np
import pytest

from spikedrift.networks.communities import jaccard, louvain, modularity


def test_planted_communities_are_found():
    rng = np.random.default_rng(1)
    planted = rng.permutation(np.repeat(np.arange(4), [14, 16, 20, 22]))
    weight = rng.random((72, 72)) * np.where(planted[:, None] == planted, 1.0, 0.3)
    np.fill_diagonal(weight, 0.0)
    found = louvain(weight, rng)
    assert jaccard(planted, found) == 1.0
    assert np.bincount(found).tolist() == [22, 20, 16, 14]


def test_modularity_of_two_cliques():
    weight = np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3))
    assert modularity(weight, np.repeat([0, 1], 3)) == pytest.approx(0.5)
    assert modularity(weight, np.zeros(6, int)) == pytest.approx(0.0)
    assert np.array_equal(louvain(weight, np.random.default_rng(0)), np.repeat([0, 1], 3))


def test_without_weights_every_cell_is_alone():
    assert np.array_equal(louvain(np.zeros((3, 3)), np.random.default_rng(0)), np.arange(3))


def test_jaccard_is_the_mean_best_match():
    one, other = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1])
    assert jaccard(one, one[::-1]) == 1.0
    assert jaccard(one, other) == pytest.approx((2 / 3 + 3 / 4) / 2)
