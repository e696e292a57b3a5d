"""Bootstrap intervals that hold the value they belong to.

A resample of units with replacement holds some twice, and what is computed from it is biased: a
plain percentile interval lies beside its own point, the more so the fewer units there are. The
bootstrap's bias, the median of the resamples less the value, is taken out; widths and skew stay.
"""

import numpy as np


def centered(
    samples: np.ndarray, value: np.ndarray | float, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval, moved so that the median of the samples lies on the value.

    The bias that is taken out of the samples is the bootstrap's own; that of the value stays in
    it. An interval may reach past the range of its statistic by as much.

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
    low, middle, high = np.nanquantile(filled, [tail, 0.5, 1 - tail], axis=0)
    return tuple(np.where(known, value + end - middle, np.nan) for end in (low, high))  # type: ignore[return-value]
