"""How the share of the signal that is drawn anew grows with the time between blocks.

The exponent a of a power law, index = c time^a, fitted to the indices of all pairs of three or more
blocks by least squares with their precision as weights. It is fitted to the indices themselves: the
logarithm of a noisy estimate is biased, and there is none of one below 0.

About 1: steps in many directions that add up as in a random walk, far from saturation. 2: all
change goes on in one direction. Between 0 and 1: change that is bounded or slows down, as an
Ornstein-Uhlenbeck process does, whose index is 1 - exp(-2 t / tau). About 0: what happens takes no
longer than the shortest gap, a fast fluctuation about a mean. Even a random walk that nothing
bounds slows down as an index, c t / (1 + c t), for that is the share of a signal which the walk
makes stronger. Exponents are therefore comparable where the indices are: small, or matched.
"""

import numpy as np

from spikedrift.drift.signal.pairs import Pairs
from spikedrift.drift.signal.tuned import Of, Undefined

EXPONENTS = np.linspace(-1.0, 4.0, 1001)


def growth_exponent(pairs: Pairs, time: np.ndarray) -> Of:
    """Exponent of the growth of the index over time between blocks.

    Parameters
    ----------
    pairs : Pairs
    time : float64, shape (n_blocks,)
        Of every block, NaN where it is not known; s.

    Raises
    ------
    Undefined
        Where times are not known, or all pairs lie as far apart.
    """
    if not np.isfinite(time).all():
        raise Undefined("when trials were shown is not known")
    apart = pairs.apart(time)
    if not (apart > 0).all() or np.ptp(apart) < 0.1 * apart.max():
        raise Undefined("all pairs of blocks lie as far apart in time")
    return lambda weight: fitted_exponent(pairs.of(weight), apart, pairs.precision)


def fitted_exponent(index: np.ndarray, time: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Exponent a of the weighted least-squares fit of c time^a to each row.

    Parameters
    ----------
    index : float64, shape (n_rows, n_pairs)
    time, precision : float64, shape (n_pairs,)

    Returns
    -------
    float64, shape (n_rows,)
        NaN where c is not above 0, or the best exponent lies at an end of `EXPONENTS`.
    """
    curve = (time / np.exp(np.mean(np.log(time)))) ** EXPONENTS[:, None]
    along = (index * precision) @ curve.T
    size = curve**2 @ precision
    explained = np.where(np.isnan(along), -np.inf, along) ** 2 / size
    explained = np.where(along > 0, explained, -np.inf)
    best = np.clip(explained.argmax(axis=1), 1, EXPONENTS.size - 2)
    row = np.arange(len(index))
    low, middle, high = (explained[row, best + step] for step in (-1, 0, 1))
    with np.errstate(invalid="ignore"):
        bend = low - 2 * middle + high
        inside = (middle >= low) & (middle >= high) & (bend < 0)
        move = np.where(inside, (low - high) / np.where(inside, 2 * bend, 1.0), np.nan)
    return np.asarray(EXPONENTS[best] + move * (EXPONENTS[1] - EXPONENTS[0]))
