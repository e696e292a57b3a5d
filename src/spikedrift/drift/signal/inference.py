"""Tests and intervals of signal indices, over units.

Given the gains of all trials, the contributions of units are independent and, where nothing drifts,
of mean 0: states and gains that units share do not make them dependent. Noise that units share
does, and inference over animals is what remains then.
"""

import numpy as np
from scipy import special

from spikedrift.drift.anchored import upper_tail


def flip_test(
    values: np.ndarray, flips: int, rng: np.random.Generator, two_sided: bool = False
) -> float:
    """P of a studentized sum as large, or as far from 0, under random signs of the values.

    The null: values are independent, of mean 0 and symmetric about it. Studentizing makes the
    level hold for many values without the symmetry.

    Parameters
    ----------
    values : float64, shape (n_units,)
        Contributions of units.
    flips : int
        Random signs; the least p is 1 / (flips + 1).
    rng : Generator
    two_sided : bool
    """
    size = np.sqrt((values**2).sum())
    if not size > 0:
        return 1.0
    signs = rng.integers(0, 2, size=(flips, values.size), dtype=np.int8) * 2 - 1
    real, flipped = float(values.sum() / size), signs @ (values / size)
    return upper_tail(abs(real), np.abs(flipped)) if two_sided else upper_tail(real, flipped)


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
    value: float, influence: np.ndarray, confidence: float
) -> tuple[float, float, float]:
    """Standard error, and the ends of Student's interval about the value, which it holds.

    Parameters
    ----------
    value : float
    influence : float64, shape (n_units,)
        Squares of few units may make up the variance: the degrees of freedom are those of
        Satterthwaite (1946), (sum of squares)^2 by the sum of fourth powers, less 1 and 1 at least.
    confidence : float
    """
    error, freedom = _error(influence)
    reach = error * float(special.stdtrit(freedom, (1 + confidence) / 2))
    return error, value - reach, value + reach


def _error(influence: np.ndarray) -> tuple[float, float]:
    square = influence**2
    if not square.any():
        return 0.0, 1.0
    freedom = max(float(square.sum() ** 2 / (square**2).sum()) - 1, 1.0)
    return float(np.sqrt(square.sum() * (freedom + 1) / freedom)), freedom


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
