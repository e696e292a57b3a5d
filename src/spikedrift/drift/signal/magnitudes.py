"""Three numbers of signal drift for a recording, a resample of its units or a model.

All are shares of the signal's variance that are drawn anew, from the same sums over units:

* `drop`: within blocks, what is new at the largest lag more than at the smallest, on a straight
  line over lags;
* `gap`: between blocks less within blocks, over the lags that both have: what happens in the gap;
* `step`: between blocks, over all pairs of blocks; the signal index itself.

Ratios are of sums over all lags that enter, not means of ratios: the power of a single lag can be
drowned in noise, and nothing here is biased by that.
"""

from dataclasses import dataclass

import numpy as np

MAGNITUDES = ("drop", "gap", "step")


@dataclass(frozen=True)
class Sums:
    """Sums over units.

    Attributes
    ----------
    power, overlap : float64, shape (...)
        Of P_A P_B and Q_AB over pairs of blocks (`spikedrift.drift.signal.products`).
    lag_power, lag_overlap : float64, shape (..., 2, n_lags)
        The same over pairs of windows: within blocks and between them, by lag.
    lag_known : float64, shape (2, n_lags)
        Number of pairs of windows and cells that these are of.
    """

    power: np.ndarray
    overlap: np.ndarray
    lag_power: np.ndarray
    lag_overlap: np.ndarray
    lag_known: np.ndarray


def magnitudes(sums: Sums, lags: np.ndarray, chance: float, most: float = np.inf) -> np.ndarray:
    """Return drop, gap and step: float64, shape (..., 3); NaN where there is nothing to compare.

    Parameters
    ----------
    sums : Sums
    lags : int64, shape (n_lags,)
        In repeats.
    chance : float
        Q over P P of signals of different units.
    most : float
        Largest lag that the drop takes.
    """
    new = sums.lag_power - sums.lag_overlap
    n = sums.lag_known
    step = _over(sums.power - sums.overlap, sums.power)
    values = [
        _drop(new[..., 0, :], sums.lag_power[..., 0, :], n[0], lags, most),
        _gap(new, sums.lag_power, n),
        step,
    ]
    return np.stack(values, axis=-1) / (1.0 - chance)


def _drop(
    new: np.ndarray, power: np.ndarray, known: np.ndarray, lags: np.ndarray, most: float
) -> np.ndarray:
    """Weighted least squares of what is new by lag, times the range of lags."""
    used = (known > 0) & (lags <= most)
    if used.sum() < 2:
        return np.full(new.shape[:-1], np.nan)
    lag, n = lags[used].astype(np.float64), known[used].astype(np.float64)
    distance = lag - np.average(lag, weights=n)
    # Sums over n pairs are n times their mean, which is the weight that the mean has.
    slope = new[..., used] @ distance / (n @ distance**2)
    return _over(slope * np.ptp(lag), power[..., used].sum(axis=-1) / n.sum())


def _gap(new: np.ndarray, power: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Between blocks less within them, every lag with the weight of its rarer relation."""
    shared = (known > 0).all(axis=0)
    if not shared.any():
        return np.full(new.shape[:-2], np.nan)
    n = known[:, shared].astype(np.float64)
    weight = n.prod(axis=0) / n.sum(axis=0) / n
    part = (new[..., shared] * weight).sum(axis=-1)
    whole = (power[..., shared] * weight).sum(axis=-1)
    share = _over(part, whole)
    return np.asarray(share[..., 1] - share[..., 0])


def _over(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotient, NaN where what is divided by is not positive."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
