"""How far a network repeats what was recorded, beside the most that can be hoped."""

import numpy as np
import pytest

from spikedrift.training.reproduced import reproduced


def rates(n_segments=4, n_times=10, n_units=60, seed=0):
    rng = np.random.default_rng(seed)
    shape = n_segments * n_times, 5
    course = rng.standard_normal(shape) @ rng.standard_normal((5, n_units))
    return course.reshape(n_segments, n_times, n_units), rng


def test_a_network_that_repeats_what_it_learned_reaches_the_ceiling():
    true, rng = rates()
    learned, held_out = (true + rng.standard_normal(true.shape) for _ in range(2))
    found = reproduced(learned, learned, held_out)
    assert found.units == found.units_ceiling
    np.testing.assert_array_equal(found.components, found.components_ceiling)
    assert found.components.shape == (4,) and (found.components > 0.9).all()


def test_one_that_found_the_true_rates_reaches_the_root_of_the_ceiling():
    true, rng = rates(n_times=500)
    true /= true.std(axis=(0, 1))
    learned, held_out = (true + rng.standard_normal(true.shape) for _ in range(2))
    found = reproduced(true, learned, held_out)
    assert found.units_ceiling == pytest.approx(0.5, abs=0.02)
    assert found.units == pytest.approx(np.sqrt(found.units_ceiling), abs=0.02)


def test_one_that_learned_nothing_is_at_chance():
    true, rng = rates()
    found = reproduced(rng.standard_normal(true.shape), true, true)
    assert abs(found.units) < 0.1 and found.units_ceiling == pytest.approx(1)
    assert np.abs(found.components).max() < 0.6


def test_there_are_no_more_components_than_times():
    true, _ = rates(n_segments=2, n_times=2)
    assert reproduced(true, true, true).components.shape == (3,)
