"""Geometry kept while tuning turns: rotations, redraws, and the exact Procrustes residual."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from tunings import N_UNITS, tuned_of, tuning_curves, value

from spikedrift.drift.signal.geometry import geometry_change
from spikedrift.drift.signal.tuned import Undefined

EXPONENT = 3.0


def kept(before, rng):
    return 1.5 * before


def rotated(before, rng):
    return np.linalg.qr(rng.standard_normal((N_UNITS, N_UNITS)))[0] @ before


def redrawn(before, rng):
    return tuning_curves(rng)


def partly(before, rng):
    return np.sqrt(0.7) * before + np.sqrt(0.3) * tuning_curves(rng)


def some_units(before, rng):
    after = before.copy()
    after[: round(0.3 * N_UNITS)] = tuning_curves(rng)[: round(0.3 * N_UNITS)]
    return after


@pytest.mark.parametrize(
    ("drift", "expected"),
    [(kept, 0.0), (rotated, 0.0), (redrawn, 1.0), (partly, 0.3), (some_units, 0.3)],
)
@pytest.mark.parametrize(("noise", "later"), [(0.3, 1), (0.8, 1), (0.3, 2)])
def test_a_rotation_keeps_geometry_and_a_redraw_does_not(drift, expected, noise, later):
    found = []
    for seed in range(32):
        rng = np.random.default_rng(seed)
        before = tuning_curves(rng)
        tuning = tuned_of([before, drift(before, rng)], rng, noise, later=later)
        found.append(value(geometry_change(tuning, EXPONENT, rng)))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 3 * error < 0.05 + 0.3 * expected


def test_without_noise_it_is_the_residual_after_the_best_rotation():
    """Over the mean residual of populations that are drawn anew."""
    rng = np.random.default_rng(3)
    before = tuning_curves(rng)
    after = partly(before, rng)

    def residual(one, other):
        one, other = (a - a.mean(axis=1, keepdims=True) for a in (one, other))
        one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
        turn, _ = orthogonal_procrustes(one.T, other.T)
        return np.sum((one.T @ turn - other.T) ** 2)

    redraws = [residual(tuning_curves(rng), tuning_curves(rng)) for _ in range(300)]
    exact = residual(before, after) / np.mean(redraws)
    found = value(geometry_change(tuned_of([before, after], rng, 1e-6), EXPONENT, rng))
    assert found == pytest.approx(exact, rel=0.1)


def test_samples_of_units_have_the_expectation_of_all():
    rng = np.random.default_rng(5)
    before = tuning_curves(rng)
    of = geometry_change(tuned_of([before, redrawn(before, rng)], rng, 0.3), EXPONENT, rng)
    weight = rng.multinomial(N_UNITS, np.full(N_UNITS, 1 / N_UNITS), size=500).astype(float)
    samples = of(weight)
    whole = of(np.ones((1, N_UNITS)))[0]
    assert samples.mean() == pytest.approx(whole, abs=4 * samples.std() / np.sqrt(500) + 0.05)


def test_too_few_repeats_are_said():
    rng = np.random.default_rng(2)
    curves = tuning_curves(rng)
    with pytest.raises(Undefined, match="3 repeats, it takes 4"):
        geometry_change(tuned_of([curves, curves], rng, n_repeats=3), EXPONENT, rng)
