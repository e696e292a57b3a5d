"""Principal components of targets, and what of them is in activity."""

import numpy as np
import pytest

from spikedrift.core.errors import InputError
from spikedrift.training.projections import along, carried

TIME = np.linspace(0, 1, 80)
COURSE = np.stack([np.sin(2 * np.pi * TIME), np.cos(2 * np.pi * TIME), np.sin(6 * np.pi * TIME)])


def target(rng, n):
    axes = np.linalg.qr(rng.standard_normal((n, 3)))[0].T
    return 5 + (COURSE.T * [4, 2, 1]) @ axes, axes


def test_components_that_activity_follows_and_one_that_it_does_not():
    y, axes = target(np.random.default_rng(1), 30)
    activity = -2 + (COURSE[[0, 2, 1]].T * [1, 3, -1]) @ axes[[0, 1, 2]]
    # The first is there, the second holds the course of the third, the third the opposite of the
    # second's.
    np.testing.assert_allclose(along(activity, y, 3), [1, 0, 0], atol=0.02)
    np.testing.assert_allclose(along(y, y, 3), 1, atol=1e-12)
    np.testing.assert_allclose(along(-y, y, 3), -1, atol=1e-12)


def test_noise_of_cells_averages_out_in_components():
    rng = np.random.default_rng(2)
    y, _ = target(rng, 2000)
    noisy = y + 0.5 * rng.standard_normal(y.shape)
    cell = np.mean([np.corrcoef(noisy[:, k], y[:, k])[0, 1] for k in range(2000)])
    assert cell < 0.3 and (along(noisy, y, 2) > 0.9).all()


def test_other_cells_carry_the_component_with_either_sign():
    rng = np.random.default_rng(3)
    y, _ = target(rng, 40)
    others = 0.01 * rng.standard_normal((80, 15)) - np.outer(COURSE[0], rng.random(15))
    assert carried(others, y) > 0.99
    assert carried(np.outer(COURSE[1], rng.random(15)), y) < 0.05


def test_nothing_to_project_on_is_one_line():
    flat = np.ones((10, 4))
    with pytest.raises(InputError, match="0 principal components, fewer than 1"):
        carried(flat, np.random.default_rng(4).random((10, 4)))
    with pytest.raises(InputError, match="4 principal components, fewer than 5"):
        along(flat, np.random.default_rng(4).random((10, 4)), 5)
