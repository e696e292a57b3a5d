"""Tests and intervals of signal indices, over units.

Given the gains of all trials, the contributions of units are independent and, where nothing drifts,
of mean 0: states and gains that units share do not make them dependent. Noise that units share
does, and inference over animals is what remains then.
"""

import numpy as np
from scipy import special

from spikedrift.drift.anchored import upper_tail


def flip_test(values: np.ndarray, flips: int, rng: np.random.Generator) -> float:
    """P of a studentized sum as large under random signs of the values.

    The null: values are independent, of mean 0 and symmetric about it. Studentizing makes the
    level hold for many values without the symmetry.

    Parameters
    ----------
    values : float64, shape (n_units,)
        Contributions of units.
    flips : int
        Random signs; the least p is 1 / (flips + 1).
    rng : Generator
    """
    size = np.sqrt((values**2).sum())
    if not size > 0:
        return 1.0
    signs = rng.integers(0, 2, size=(flips, values.size), dtype=np.int8) * 2 - 1
    return upper_tail(float(values.sum() / size), signs @ (values / size))


def ratio_influence(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Influence of every unit on sum(part) / sum(whole): float64, shape (n_units,); sums to 0.

    The sum of squares, times n / (n - 1), is the variance of the ratio (Cochran 1977, Sampling
    Techniques, eq. 6.13).
    """
    total = whole.sum()
    return np.asarray((part - part.sum() / total * whole) / total)


def effective_number(weight: np.ndarray) -> float:
    """Units that count: (sum w)^2 / sum w^2 (Kish 1965), as few deep units may carry an index."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def student_interval(
    value: float, influence: np.ndarray, n: float, confidence: float
) -> tuple[float, float, float]:
    """Standard error, and the ends of Student's interval about the value, which it holds.

    Parameters
    ----------
    value : float
    influence : float64, shape (n_units,)
    n : float
        Effective number of units; the degrees of freedom are one fewer, and 1 at least.
    confidence : float
    """
    error, freedom = _error(influence, n)
    reach = error * float(special.stdtrit(freedom, (1 + confidence) / 2))
    return error, value - reach, value + reach


def student_p(value: float, influence: np.ndarray, n: float) -> float:
    """Two-sided p of a value as far from 0, by its influences over units (Student's t)."""
    error, freedom = _error(influence, n)
    return float(2 * special.stdtr(freedom, -abs(value) / error)) if error > 0 else 1.0


def _error(influence: np.ndarray, n: float) -> tuple[float, float]:
    freedom = max(n - 1, 1.0)
    return float(np.sqrt((influence**2).sum() * (freedom + 1) / freedom)), freedom


def resampled_ratios(
    part: np.ndarray, whole: np.ndarray, samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Ratios of sums over units drawn with replacement, the same units for all columns.

    Parameters
    ----------
    part, whole : float64, shape (n_units, n_columns)
    samples : int
    rng : Generator

    Returns
    -------
    float64, shape (samples, n_columns)
    """
    n = part.shape[0]
    times = rng.multinomial(n, np.full(n, 1 / n), size=samples).astype(np.float64)
    below = times @ whole
    return np.divide(times @ part, below, out=np.full(below.shape, np.nan), where=below != 0)
