"""Tests and intervals of signal indices, over units and over repeats.

Given the gains of all trials, the contributions of units are independent and, where nothing drifts,
of mean 0: states and gains that units share do not make them dependent. Noise that units share
does. It differs from repeat to repeat, so that leaving each repeat out says how far it moves a sum:
a test rejects only where it would for independent units and for independent repeats, and holds its
level where either is the truth.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from spikedrift.stats.monte_carlo import upper_tail


@dataclass(frozen=True)
class Jackknife:
    """Variance of a sum that comes from the repeats.

    Attributes
    ----------
    variance : float
    freedom : int
        Repeats less the groups that they are in.
    """

    variance: float
    freedom: int

    def error(self, degree: int) -> float:
        """Standard error of a sum of this degree in the noise of repeats.

        Leaving one out counts the variance of what holds the noise of two repeats twice (Efron &
        Stein 1981, Annals of Statistics 9:586): degree 2 where there is nothing else, 1 where there
        is, which is then too large rather than too small.
        """
        return float(np.sqrt(self.variance / degree))

    def tail(self, value: float, degree: int, two_sided: bool = False) -> float:
        """P of a value as large, or as far from 0, in Student's distribution.

        Parameters
        ----------
        value : float
            Of the sum, of mean 0 under the null.
        degree : int
            As of `error`.
        two_sided : bool
        """
        if not (self.variance > 0 and self.freedom > 0):
            return 1.0
        t = value / self.error(degree)
        if two_sided:
            return float(2 * special.stdtr(self.freedom, -abs(t)))
        return float(special.stdtr(self.freedom, -t))


def jackknife(lost: np.ndarray, group: np.ndarray) -> Jackknife:
    """Jackknife over repeats that are independent given their group (Arvesen 1969).

    Parameters
    ----------
    lost : float64, shape (n_repeats,)
        What the sum loses if a repeat is left out.
    group : int64, shape (n_repeats,)
        Block of a repeat, or part of a block: leaving out is done in each by itself.
    """
    _, place = np.unique(group, return_inverse=True)
    squares, n = np.bincount(place, weights=lost**2), np.bincount(place)
    used = squares > 0
    return Jackknife(
        variance=float(((n - 1) / n * squares).sum()), freedom=int((n - 1)[used].sum())
    )


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
        Random signs; the smallest attainable p is 1 / (flips + 1).
    rng : Generator
    two_sided : bool
    """
    size = np.sqrt((values**2).sum())
    if not size > 0:
        return 1.0
    signs = rng.integers(0, 2, size=(flips, values.size), dtype=np.int8) * 2 - 1
    real, flipped = float(values.sum() / size), signs @ (values / size)
    return upper_tail(abs(real), np.abs(flipped)) if two_sided else upper_tail(real, flipped)


def drift_test(
    units: np.ndarray,
    repeats: np.ndarray,
    group: np.ndarray,
    flips: int,
    rng: np.random.Generator,
) -> float:
    """P of drift, a sum above 0: the larger of random signs of units and the jackknife.

    Without drift the sum is degenerate: noise of one repeat alone does not move it, that of two
    does.

    Parameters
    ----------
    units : float64, shape (n_units,)
        What units add to the sum.
    repeats : float64, shape (n_repeats,)
        What it loses without a repeat.
    group : int64, shape (n_repeats,)
    flips : int
    rng : Generator
    """
    tail = jackknife(repeats, group).tail(float(units.sum()), degree=2)
    return max(flip_test(units, flips, rng), tail)


def difference_test(
    units: np.ndarray,
    repeats: np.ndarray,
    group: np.ndarray,
    flips: int,
    rng: np.random.Generator,
) -> float:
    """P of a sum other than 0, as of `drift_test`, two-sided; what it is made of may drift."""
    tail = jackknife(repeats, group).tail(float(units.sum()), degree=1, two_sided=True)
    return max(flip_test(units, flips, rng, two_sided=True), tail)


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


def interval(
    value: float,
    units: np.ndarray,
    repeats: np.ndarray,
    group: np.ndarray,
    confidence: float,
    degree: int = 2,
) -> tuple[float, float, float]:
    """Standard error and ends, over units or over repeats, whichever reaches further.

    Parameters
    ----------
    value : float
    units : float64, shape (n_units,)
        Influences.
    repeats : float64, shape (n_repeats,)
        What the value loses without a repeat.
    group : int64, shape (n_repeats,)
    confidence : float
    degree : int
        As of `Jackknife.error`. 2 is exact where nothing drifts.
    """
    error, low, high = student_interval(value, units, confidence)
    spread = jackknife(repeats, group)
    if spread.freedom == 0:
        return error, low, high
    other = spread.error(degree)
    reach = other * float(special.stdtrit(spread.freedom, (1 + confidence) / 2))
    return max(error, other), min(low, value - reach), max(high, value + reach)


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
