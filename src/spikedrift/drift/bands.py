"""Bootstrap intervals that hold the value they belong to.

A resample of units with replacement holds some units twice, and statistics computed from it are
biased: a plain percentile interval may miss its own point estimate, the more so the fewer units
there are. The bias of the bootstrap (the median of the resamples less the value) is subtracted from
the interval; its width and skew stay.
"""

import numpy as np


def centered(
    samples: np.ndarray, value: np.ndarray | float, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval, moved so that the median of the samples lies on the value.

    Only the bias of resampling is taken out; a bias of the value itself stays. An interval may
    therefore reach past the range of its statistic by as much as it is moved.

    Parameters
    ----------
    samples : float64, shape (n_samples, ...)
        NaN where a resample has no value; those are left out.
    value : float64, shape (...)
    confidence : float

    Returns
    -------
    low, high : float64, shape (...)
        NaN where there is no value or no sample.
    """
    value = np.asarray(value, dtype=np.float64)
    if value.size == 0:
        return value, value.copy()
    known = np.isfinite(samples).any(axis=0) & np.isfinite(value)
    tail = (1 - confidence) / 2
    filled = np.where(known, samples, 0.0)
    # NumPy leaves NaN out column by column, in many times the time and with the same bits.
    quantile = np.nanquantile if np.isnan(filled).any() else np.quantile
    low, middle, high = quantile(filled, [tail, 0.5, 1 - tail], axis=0)
    return tuple(np.where(known, value + end - middle, np.nan) for end in (low, high))  # type: ignore[return-value]
