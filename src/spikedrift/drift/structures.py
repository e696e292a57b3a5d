"""The internal structure of responses: how alike a population's responses to segments are.

A structure is a segment x segment matrix of correlations over units. Two of them are compared over
their strict upper triangles, so that the units need not be the same (Deitch, Rubin & Ziv 2021,
Current Biology 31:4327).
"""

import numpy as np
import scipy
import xarray as xr

from spikedrift.similarity.correlation import pearson_stacks
from spikedrift.spikes.layout import Layout

FEWEST_SEGMENTS = 3  # two segments have a single pair, over which nothing can be correlated
TEST_SEGMENTS = 7  # fewer segments have too few permutations and pairs for a test


def structure(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Correlation over units of each segment in one set of repeats with each segment in another.

    With two disjoint sets, noise that segments share in single repeats does not enter.

    Parameters
    ----------
    first, second : float64, shape (..., n_segments, n_units)
        Mean rates, Hz; the same array twice for the structure of one average.

    Returns
    -------
    float64, shape (..., n_segments, n_segments)
        Symmetric: the mean of the correlations of (t in the first, t' in the second) and of the
        reverse.
    """
    value = pearson_stacks(first, second)
    return 0.5 * (value + np.swapaxes(value, -1, -2))


def triangle(
    matrix: np.ndarray, min_separation: int = 1, partial_lag: bool = False, ranks: bool = False
) -> np.ndarray:
    """Upper triangle of structures as vectors: shape (..., n_pairs).

    Parameters
    ----------
    matrix : float64, shape (..., n_segments, n_segments)
    min_separation : int
        Pairs of segments nearer than this are left out; 1 leaves out the diagonal only.
    partial_lag : bool
        Subtract from each entry the mean of its diagonal, which removes any trend with |t - t'|.
    ranks : bool
        Take ranks in place of values, so that Pearson's correlation becomes Spearman's.
    """
    row, column = np.triu_indices(matrix.shape[-1], k=min_separation)
    value = matrix[..., row, column]
    if partial_lag:
        lag = np.equal.outer(np.arange(matrix.shape[-1]), column - row).astype(np.float64)
        known = np.isfinite(value)
        total, n = np.where(known, value, 0.0) @ lag.T, known @ lag.T
        mean = np.divide(total, n, out=np.zeros_like(total), where=n > 0)
        value = value - mean @ lag
    if ranks:
        value = scipy.stats.rankdata(value, axis=-1, nan_policy="omit")
    return value


def compare(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson correlation of every vector of `first` with every one of `second`.

    Parameters
    ----------
    first, second : float64, shape (..., n, n_pairs)
        Upper triangles. Pairs that are NaN in either are left out.

    Returns
    -------
    float64, shape (..., n, n)
        NaN with fewer than three pairs.
    """
    return pearson_stacks(first, second, np.isfinite(first), np.isfinite(second), 3)


def in_time_order(dataset: xr.Dataset) -> bool:
    """Whether segments may follow each other in time; false where start times rule it out.

    It is true where start times are unknown. A shift in time is a permutation, too, so that its
    test stays valid there. Trials that are missing, or that a selection has cut short, do not
    change the answer.
    """
    start, duration = dataset["start_time"].values, float(dataset["duration"].mean())
    if not np.isfinite(start).all():
        return True
    layout = Layout.of(dataset)
    order = np.lexsort((layout.segment, layout.repeat))
    same = np.diff(layout.repeat[order]) == 0
    step = (np.diff(start[order]) / np.maximum(np.diff(layout.segment[order]), 1))[same]
    shown = float(dataset.attrs.get("longest_duration", duration))
    return bool(((step > 0.5 * shown) & (step < 1.5 * shown)).all())
