"""Functions of time to follow: their values, their statistics, and what cannot be followed."""

import numpy as np
import pytest

from spikedrift.core.errors import InputError
from spikedrift.training import targets


def test_sines_have_their_period_phase_and_amplitude():
    time = np.arange(0, 2, 0.05)
    found = targets.sines(time, 0.5, [[0.0, 0.25]], [1.0, 3.0])
    np.testing.assert_allclose(found[:, 0], np.sin(4 * np.pi * time), atol=1e-12)
    np.testing.assert_allclose(found[:, 1], -3 * np.cos(4 * np.pi * time), atol=1e-12)


def test_factors_multiply():
    time, period = np.linspace(0, 1, 30), np.array([[0.7], [0.2]])
    one, other = (targets.sines(time, period[k], [[0.1]]) for k in range(2))
    both = targets.sines(time, period, [[0.1], [0.1]], 2.0)
    np.testing.assert_allclose(both, 2 * one * other, atol=1e-12)


@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_processes_have_the_same_statistics_at_any_step(dt):
    found = targets.ornstein_uhlenbeck(np.random.default_rng(1), 61, 4000, dt, 0.2, 0.9)
    np.testing.assert_allclose(found.std(axis=1), 0.9, rtol=0.05)
    lag = round(0.2 / dt)
    kept = (found[:-lag] * found[lag:]).mean() / 0.81
    assert kept == pytest.approx(np.exp(-1), abs=0.02)


def test_correlations_are_those_of_numpy_and_none_of_a_constant():
    one, other = np.random.default_rng(2).standard_normal((2, 50, 3))
    other[:, 2] = 1.0
    found = targets.correlations(one, other)
    for cell in range(2):
        assert found[cell] == pytest.approx(np.corrcoef(one[:, cell], other[:, cell])[0, 1])
    assert np.isnan(found[2])


def bad(at, value):
    target = np.zeros((10, 3))
    target[at] = value
    return target


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (bad((4, 1), np.nan), "the target of cell 1 is nan at step 4"),
        (bad((0, 2), np.inf), "the target of cell 2 is inf at step 0"),
        (bad((7, 0), 120.0), "target of cell 0 rises to 120; from 100 on a cell fires in every"),
        (np.zeros((10, 2)), r"shape \(10, 2\), needed \(n_times, 3\)"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
        (np.zeros(3), r"shape \(3,\)"),
    ],
)
def test_what_cannot_be_followed_is_one_line(target, told):
    with pytest.raises(InputError, match=told) as error:
        targets.checked(target, 3, 100.0, 1e-4)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("period", "phase", "amplitude", "told"),
    [
        (0.0, [[0.0]], 1.0, "period 0 s: must be positive"),
        (np.nan, [[0.0]], 1.0, "period nan s: must be positive"),
        (1.0, [[np.nan]], 1.0, "the target of cell 0 is nan"),
        (1.0, [0.0], 1.0, r"phases of shape \(1,\)"),
        ([1.0, 2.0, 3.0], [[0.0, 0.1]], 1.0, r"periods and amplitudes of shape \(3,\)"),
    ],
)
def test_sines_that_are_none_are_one_line(period, phase, amplitude, told):
    with pytest.raises(InputError, match=told):
        targets.sines([0.0, 0.1], period, phase, amplitude)


@pytest.mark.parametrize("changes", [{"dt": 0.0}, {"tau": -1.0}, {"sd": -1.0}, {"tau": np.nan}])
def test_processes_that_are_none_are_one_line(changes):
    asked = {"dt": 0.1, "tau": 0.2, "sd": 1.0} | changes
    with pytest.raises(InputError, match="times must be positive"):
        targets.ornstein_uhlenbeck(np.random.default_rng(1), 5, 2, **asked)
