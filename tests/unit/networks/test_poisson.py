"""Poisson sources: as many spikes as asked for, in the engine's order."""

import numpy as np
import pytest

from spikedrift.networks import poisson as module
from spikedrift.networks.declaration import Draws, Phase, Protocol
from spikedrift.networks.poisson import in_order, poisson
from spikedrift.networks.timetable import lay_out

DT = 1e-3


def drawn(rate, size, seconds, seed=1):
    timetable = lay_out(Protocol((Phase("pause", duration=seconds),)), DT, rng(0))
    return poisson(rate, size, DT)(timetable, Draws(rng(seed), rng(seed)))


def rng(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("at_once", [module.AT_ONCE, 700], ids=["one piece", "many pieces"])
def test_rates_are_those_asked_for_in_every_part_of_the_session(at_once, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    rate = np.array([0.0, 5.0, 20.0, 40.0])
    index, step = drawn(rate, 4, 100.0)
    assert index.dtype == step.dtype == np.int32
    key = step.astype(np.int64) * 4 + index
    assert np.all(np.diff(key) > 0)
    merged = -np.expm1(-rate * DT) / DT  # spikes in one time step are one
    for part in np.array_split(np.arange(100_000), 4):
        inside = (step >= part[0]) & (step <= part[-1])
        count = np.bincount(index[inside], minlength=4)
        assert np.all(np.abs(count - 25 * merged) <= 5 * np.sqrt(25 * merged))


def test_counts_vary_as_those_of_a_poisson_process():
    index, step = drawn(20.0, 50, 100.0)
    count = np.histogram2d(index, step, (50, 1000), ((0, 50), (0, 100_000)))[0]
    expected = 20 * 0.1
    # The variance of the Fano factor of n counts is about 2/n; merging takes rate*DT of it.
    assert count.var() / count.mean() == pytest.approx(1 - 20 * DT, abs=5 * np.sqrt(2 / count.size))
    assert count.mean() == pytest.approx(expected, abs=0.05)


def test_a_silent_source_has_no_spikes():
    index, step = drawn(0.0, 3, 1.0)
    assert index.size == step.size == 0


def test_spikes_are_sorted_and_merged():
    index, step = in_order(np.array([2, 0, 2, 1, 2]), np.array([5, 9, 5, 0, 0]), 3, 10)
    np.testing.assert_array_equal(step, [0, 0, 5, 9])
    np.testing.assert_array_equal(index, [1, 2, 2, 0])
    assert index.dtype == step.dtype == np.int32
