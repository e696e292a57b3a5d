"""Rates become Poisson spikes; compiled draws are those of NumPy."""

import numpy as np
import pytest

from spikedrift.networks.integrators import counted
from spikedrift.networks.rates import poisson_spikes
from spikedrift.simulation import streams


def test_spikes_have_the_rates_they_are_drawn_from():
    rate = np.array([[10.0, 0.0, 40.0], [0.0, 20.0, 80.0]])
    start, n_steps, dt = np.array([100_000, 1_000_000]), 500_000, 1e-3
    cell, time = poisson_spikes(rate, start, n_steps, dt, np.random.default_rng(1))
    for number, first in enumerate(start * dt):
        inside = (time >= first) & (time < first + n_steps * dt)
        n = np.bincount(cell[inside], minlength=3)
        expected = rate[number] * n_steps * dt
        assert (np.abs(n - expected) <= 4 * np.sqrt(expected)).all()
    assert (np.lexsort((cell, time)) == np.arange(cell.size)).all()
    interval = np.diff(time[(cell == 2) & (time < 600)])
    assert interval.std() / interval.mean() == pytest.approx(1, abs=0.03)


def test_spikes_keep_to_their_stretch():
    cell, time = poisson_spikes(
        np.full((3, 2), 100.0), np.array([0, 50, 200]), 10, 1e-3, np.random.default_rng(2)
    )
    step = np.round(time / 1e-3)
    assert set(step // 10) <= {0, 5, 20} and cell.max() == 1


def test_compiled_draws_are_those_of_numpy():
    for key in (0, 5, -(2**62), 2**63 - 1):
        for n in (0, 1, 10**9):
            assert counted.uniform(key, n) == streams.uniform(key, n)
            assert counted.normal(key, n) == pytest.approx(float(streams.normal(key, n)), rel=1e-12)
