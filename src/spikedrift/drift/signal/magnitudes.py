"""Numbers of signal drift for a recording, a resample of its units or a model.

Three are shares of the signal's variance that are drawn anew, from the same sums over units:

* `drop`: within blocks, the increase of this share from the smallest to the largest lag, from a
  straight line over lags;
* `gap`: this share between blocks less that within blocks, over the lags that both have: the drift
  that happens in the gap;
* `step`: this share between blocks, over all pairs of blocks; it is the signal index.

The fourth is what these three do not see: `gain`, how far the power of units' signals changes
between blocks, each unit for itself or all alike. It is half the squared difference of the powers
of two blocks over their product, 0 where no unit's response gets stronger or weaker. States of
units that last as long as a block are such changes.

Each of the three is a ratio of sums over lags, not a mean of ratios, since noise can drown the
power at a single lag.
"""

from dataclasses import dataclass

import numpy as np

MAGNITUDES = ("drop", "gap", "step", "gain")


@dataclass(frozen=True)
class Sums:
    """Sums over units.

    Attributes
    ----------
    power, overlap : float64, shape (...)
        Sums of P_A P_B and Q_AB over pairs of blocks (`spikedrift.drift.signal.products`).
    gain, gain_power : float64, shape (...)
        Sums of half the squared difference of powers, and of P_A P_B, over pairs of blocks.
    lag_power, lag_overlap : float64, shape (..., 2, n_lags)
        The same sums over pairs of windows: within blocks and between them, by lag.
    lag_known : float64, shape (2, n_lags)
        Number of pairs of windows, counted in every cell, over which these sums run.
    """

    power: np.ndarray
    overlap: np.ndarray
    gain: np.ndarray
    gain_power: np.ndarray
    lag_power: np.ndarray
    lag_overlap: np.ndarray
    lag_known: np.ndarray


def magnitudes(sums: Sums, lags: np.ndarray, chance: float, most: float = np.inf) -> np.ndarray:
    """Compute drop, gap, step and gain: float64, shape (..., 4); NaN where nothing is to compare.

    Parameters
    ----------
    sums : Sums
    lags : int64, shape (n_lags,)
        In repeats.
    chance : float
        Q over P P of signals of different units.
    most : float
        Largest lag of the drop, in repeats.
    """
    new = sums.lag_power - sums.lag_overlap
    n = sums.lag_known
    step = _over(sums.power - sums.overlap, sums.power)
    values = [
        _drop(new[..., 0, :], sums.lag_power[..., 0, :], n[0], lags, most),
        _gap(new, sums.lag_power, n),
        step,
    ]
    shares = [value / (1.0 - chance) for value in values]
    return np.stack([*shares, _over(sums.gain, sums.gain_power)], axis=-1)


def _drop(
    new: np.ndarray, power: np.ndarray, known: np.ndarray, lags: np.ndarray, most: float
) -> np.ndarray:
    """Weighted least-squares slope of the share drawn anew over lags, times the range of lags."""
    used = (known > 0) & (lags <= most)
    if used.sum() < 2:
        return np.full(new.shape[:-1], np.nan)
    lag, n = lags[used].astype(np.float64), known[used].astype(np.float64)
    distance = lag - np.average(lag, weights=n)
    # A sum over n pairs is n times their mean, and n is the weight of the mean.
    slope = new[..., used] @ distance / (n @ distance**2)
    return _over(slope * np.ptp(lag), power[..., used].sum(axis=-1) / n.sum())


def _gap(new: np.ndarray, power: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Share drawn anew between blocks less within; weights of lags are harmonic means of counts."""
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
    """Quotient; NaN where the denominator is not positive."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
