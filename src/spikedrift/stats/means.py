"""Means of what is defined: NaN entries are left out, and where none is left the mean is NaN."""

import numpy as np


def defined_mean(values: np.ndarray) -> float:
    """Mean over all entries of an array of any shape."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def defined_means(values: np.ndarray, axis: int = -1) -> np.ndarray:
    """Mean over one axis: shape of `values` without it."""
    known = np.isfinite(values)
    n = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0)
