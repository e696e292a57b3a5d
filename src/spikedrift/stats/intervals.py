"""Confidence intervals of means."""

import numpy as np
import scipy


def t_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Student interval of the mean; NaN with fewer than two defined values.

    Parameters
    ----------
    values : array, shape (n,)
        NaN are left out.
    confidence : float
        Coverage, between 0 and 1.
    """
    values = values[np.isfinite(values)]
    if values.size < 2:
        return float("nan"), float("nan")
    error = float(values.std(ddof=1)) / np.sqrt(values.size)
    # Of Student's distribution; not by `scipy.stats`, which takes half a second to import.
    reach = float(scipy.special.stdtrit(values.size - 1, 0.5 + confidence / 2)) * error
    return float(values.mean()) - reach, float(values.mean()) + reach
