"""Tests and intervals of signal indices, over units and over repeats.

Given the gains of all trials, the contributions of units are independent and, where nothing drifts,
have mean 0; states and gains that units share do not make them dependent. Noise that units share
does. Such noise differs from repeat to repeat, so that leaving out each repeat shows how far it
moves a sum. A test therefore rejects only if it does so both over units and over repeats, and it
holds its level where either units or repeats are independent.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from spikedrift.stats.monte_carlo import upper_tail


@dataclass(frozen=True)
class Jackknife:
    """Variance of a sum that comes from the repeats.

    Attributes
    ----------
    variance : float
    freedom : int
        Degrees of freedom: repeats less the groups that they are in.
    """

    variance: float
    freedom: int

    def error(self, degree: int) -> float:
        """Standard error of a sum of this degree in the noise of repeats.

        The jackknife counts the variance of terms with the noise of two repeats twice (Efron &
        Stein 1981, Annals of Statistics 9:586). Degree 2 corrects for that where there are no other
        terms; with degree 1 the error is too large rather than too small.
        """
        return float(np.sqrt(self.variance / degree))

    def tail(self, value: float, degree: int, two_sided: bool = False) -> float:
        """Probability of a value as large, or as far from 0, in Student's distribution.

        Parameters
        ----------
        value : float
            Value of the sum, whose mean is 0 under the null.
        degree : int
            As in `error`.
        two_sided : bool

        Returns
        -------
        float
            1 where the repeats have no variance or no degrees of freedom.
        """
        if not (self.variance > 0 and self.freedom > 0):
            return 1.0
        t = value / self.error(degree)
        if two_sided:
            return float(2 * scipy.special.stdtr(self.freedom, -abs(t)))
        return float(scipy.special.stdtr(self.freedom, -t))


def jackknife(lost: np.ndarray, group: np.ndarray) -> Jackknife:
    """Jackknife over repeats that are independent given their group (Arvesen 1969).

    Parameters
    ----------
    lost : float64, shape (n_repeats,)
        What the sum loses if a repeat is left out.
    group : int64, shape (n_repeats,)
        Block of a repeat, or part of a block; each group is a stratum of its own.
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
    """Probability of a studentized sum as large, or as far from 0, under random signs.

    Under the null, values are independent and symmetric about 0. Since the sum is studentized, the
    level also holds without the symmetry where there are many values.

    Parameters
    ----------
    values : float64, shape (n_units,)
        Contributions of units.
    flips : int
        Number of random draws of signs; the smallest attainable p is 1 / (flips + 1).
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
    """Test whether a sum exceeds 0, which is drift, over units and over repeats.

    Returns the larger p of random signs of units (`flip_test`) and of the jackknife over repeats.

    Without drift the sum is degenerate: the noise of one repeat alone does not move it, only
    products of the noise of two repeats do. The jackknife has degree 2.

    Parameters
    ----------
    units : float64, shape (n_units,)
        What each unit adds to the sum.
    repeats : float64, shape (n_repeats,)
        What the sum loses if a repeat is left out.
    group : int64, shape (n_repeats,)
        As in `jackknife`.
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
    """Test whether a sum differs from 0, over units and over repeats, two-sided.

    As `drift_test`, but with a jackknife of degree 1, which allows for the noise of single repeats:
    it moves the sum where both codes drift.
    """
    tail = jackknife(repeats, group).tail(float(units.sum()), degree=1, two_sided=True)
    return max(flip_test(units, flips, rng, two_sided=True), tail)


def ratio_influence(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Influence of every unit on sum(part) / sum(whole): float64, shape (n_units,); sums to 0.

    The sum of their squares, times n / (n - 1), estimates the variance of the ratio (Cochran 1977,
    Sampling Techniques, eq. 6.13).
    """
    total = whole.sum()
    return np.asarray((part - part.sum() / total * whole) / total)


def effective_number(weight: np.ndarray) -> float:
    """Effective number of units, (sum w)^2 / sum w^2 (Kish 1965).

    A few deeply tuned units may carry an index.
    """
    return float(weight.sum() ** 2 / (weight**2).sum())


def student_interval(
    value: float, influence: np.ndarray, confidence: float
) -> tuple[float, float, float]:
    """Standard error, and the ends of Student's interval about the value.

    A few units may make up most of the variance. The degrees of freedom are therefore those of
    Satterthwaite (1946): (sum of squares)^2 / (sum of fourth powers) - 1, at least 1.

    Parameters
    ----------
    value : float
    influence : float64, shape (n_units,)
        Influence of every unit on the value.
    confidence : float
    """
    error, freedom = _error(influence)
    reach = error * float(scipy.special.stdtrit(freedom, (1 + confidence) / 2))
    return error, value - reach, value + reach


def interval(
    value: float,
    units: np.ndarray,
    repeats: np.ndarray,
    group: np.ndarray,
    confidence: float,
    degree: int = 2,
) -> tuple[float, float, float]:
    """Standard error and ends of an interval, over units or over repeats, whichever is wider.

    Parameters
    ----------
    value : float
    units : float64, shape (n_units,)
        Influence of every unit on the value.
    repeats : float64, shape (n_repeats,)
        What the value loses if a repeat is left out.
    group : int64, shape (n_repeats,)
        As in `jackknife`.
    confidence : float
    degree : int
        As in `Jackknife.error`; 2 is right where nothing drifts.
    """
    error, low, high = student_interval(value, units, confidence)
    spread = jackknife(repeats, group)
    if spread.freedom == 0:
        return error, low, high
    other = spread.error(degree)
    reach = other * float(scipy.special.stdtrit(spread.freedom, (1 + confidence) / 2))
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
