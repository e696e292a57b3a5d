"""The norm of responses: of rates that are known, and without a response."""

import numpy as np
import pytest

from spikedrift.networks.response_norm import lasting, squared_norm

N, REPEATS, PERIOD = 50, 40, 1.2
EDGES = np.arange(0.0, 1.01, 0.1)
ONSET = 0.5 + PERIOD * np.arange(2 * REPEATS)
SEGMENT = np.arange(2 * REPEATS) % 2


def spikes(added, seed):
    """Poisson spikes of 8 Hz, and of so many Hz more, (2, N), in 0.2 s from the onsets on."""
    rng = np.random.default_rng(seed)
    stop = ONSET[-1] + PERIOD
    cell = np.repeat(np.arange(N), rng.poisson(8 * stop, N))
    time = rng.uniform(0, stop, cell.size)
    for onset, segment in zip(ONSET, SEGMENT, strict=True):
        more = np.repeat(np.arange(N), rng.poisson(np.asarray(added)[segment] * 0.2))
        cell, time = np.r_[cell, more], np.r_[time, onset + rng.uniform(0, 0.2, more.size)]
    order = np.argsort(time)
    return time[order], cell[order]


def measured(added, seed):
    return squared_norm(*spikes(added, seed), N, ONSET, SEGMENT, EDGES, 0.2)


def test_it_is_the_square_of_what_rates_differ_by():
    added = np.zeros((2, N))
    added[0, :10], added[1, 10:30] = 20.0, 10.0
    square = np.array([measured(added, seed)[:2] for seed in range(10)])
    error = square.std() / np.sqrt(square.size)
    assert error < 0.05 * (added**2).mean()
    assert square.mean() == pytest.approx((added**2).mean(), abs=4 * error)


def test_without_a_response_noise_adds_nothing():
    """The square is as often negative as positive, and its mean is within its error of 0."""
    square = np.array([measured(np.zeros((2, N)), seed) for seed in range(10)])
    error = square.std() / np.sqrt(square.size)
    assert abs(square.mean()) < 4 * error
    assert square.min() < 0 < square.max()


@pytest.mark.parametrize("tau", [0.1, 0.25])
def test_a_norm_that_decays_lasts_its_time_constant(tau):
    edges = np.arange(0, 2, 0.01)
    since = np.maximum(edges[:-1] - 0.2, 0)
    assert lasting(np.exp(-2 * since / tau), edges, 0.2) == pytest.approx(tau, abs=0.011)


def test_a_norm_that_does_not_decay_lasts_to_the_end():
    assert lasting(np.ones(10), EDGES, 0.2) == pytest.approx(0.8)
