"""Rejection ABC against a posterior in closed form, and recordings unlike any run."""

import numpy as np

from spikedrift.comparison.posterior.rejection import atypical, nearest

NOISE = 0.5


def runs(n, seed=1):
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal((n, 1))
    return truth, truth + NOISE * rng.standard_normal((n, 1))


def test_nearest_runs_have_the_conjugate_posterior():
    truth, seen = runs(50_000)
    shrink = 1 / (1 + NOISE**2)
    asked = np.array([[-1.0], [0.0], [1.5]])
    taken = truth[nearest(asked, seen, 500)][..., 0]
    np.testing.assert_allclose(taken.mean(axis=1), shrink * asked[:, 0], atol=0.08)
    np.testing.assert_allclose(taken.std(axis=1), NOISE * np.sqrt(shrink), rtol=0.1)


def test_nearest_first():
    found = nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0], [2.0, 0.0]]), 2)
    assert found.tolist() == [[1, 2]]


def test_recordings_of_the_family_are_atypical_as_often_as_p_says():
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        x = rng.standard_normal((60, 2))
        found.append(atypical(x[0], x[1:20], x[20:], 3))
    assert abs(np.mean(np.array(found) <= 0.25) - 0.25) < 0.12
    assert min(found) >= 1 / 20


def test_a_recording_unlike_any_run_is_atypical():
    x = np.random.default_rng(3).standard_normal((200, 2))
    assert atypical(np.array([6.0, 0.0]), x[:100], x[100:], 5) == 1 / 101
