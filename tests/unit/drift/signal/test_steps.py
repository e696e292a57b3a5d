"""Tails of steps of units: the closed form, and what a Gaussian walk and jumps give."""

import itertools

import numpy as np
import pytest
from tunings import N_UNITS, tuned_of, tuning_curves, value

from spikedrift.drift.signal.steps import step_kurtosis, step_powers
from spikedrift.drift.signal.tuned import Undefined


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_powers_of_a_step_are_means_over_different_repeats(lost):
    rng = np.random.default_rng(4)
    seen = [rng.random((4, n)) >= lost for n in (5, 6)]
    for observed in seen:
        observed[:, :4] = True
    first, second = (rng.standard_normal((*o.shape, 3)) * o[..., None] for o in seen)
    square, fourth = step_powers(first, seen[0], second, seen[1])
    for unit in range(4):
        quadruples = [
            list(itertools.permutations(y[unit][o[unit]], 4))
            for y, o in zip((first, second), seen, strict=True)
        ]
        steps = [
            ((b[0] - a[0]) @ (b[1] - a[1]), (b[2] - a[2]) @ (b[3] - a[3]))
            for a, b in itertools.product(*quadruples)
        ]
        assert square[unit] == pytest.approx(np.mean(steps), rel=1e-10)
        assert fourth[unit] == pytest.approx(np.mean(np.prod(steps, axis=1)), rel=1e-9)


def kurtosis(step_share, jumping, noise, later=1.0, deeper=1.0, n=24):
    """Mean and standard error over recordings where a share of the units takes Gaussian steps."""
    found = []
    for seed in range(n):
        rng = np.random.default_rng(seed)
        before = tuning_curves(rng)
        after = np.sqrt(1 - step_share) * before
        after = after + np.sqrt(step_share) * tuning_curves(rng)
        after[: round((1 - jumping) * N_UNITS)] = before[: round((1 - jumping) * N_UNITS)]
        found.append(
            value(step_kurtosis(tuned_of([before, deeper * after], rng, noise, later=later)))
        )
    return np.mean(found), np.std(found) / np.sqrt(n)


@pytest.mark.parametrize(("noise", "later", "deeper"), [(0.3, 1, 1), (1, 1, 1), (0.3, 3, 1.5)])
def test_gaussian_steps_have_no_tails_and_jumps_have(noise, later, deeper):
    mean, error = kurtosis(0.3, 1.0, noise, later, deeper)
    assert abs(mean) < 3 * error < 0.5
    mean, error = kurtosis(1.0, 0.2, noise, later, deeper)
    assert abs(mean - (3 / 0.2 - 3)) < 3 * error < 2.5


def test_a_unit_that_occurs_twice_is_no_pair_of_units():
    rng = np.random.default_rng(1)
    before = tuning_curves(rng)
    of = step_kurtosis(tuned_of([before, before + tuning_curves(rng)], rng))
    twice = of(np.full((1, N_UNITS), 2.0))[0]
    assert twice == pytest.approx(of(np.ones((1, N_UNITS)))[0], rel=1e-12)


def test_too_few_repeats_and_no_signal_are_said():
    rng = np.random.default_rng(2)
    curves = tuning_curves(rng)
    with pytest.raises(Undefined, match="3 repeats, it takes 4"):
        step_kurtosis(tuned_of([curves, curves], rng, n_repeats=3))
    with pytest.raises(Undefined, match="block 1 has no signal"):
        step_kurtosis(tuned_of([curves, 0 * curves], rng, noise=0.0))
