"""Pearson correlations over units, for many pairs of trials at once, missing units left out.

All sums are matrix products of spike counts with counts or with the mask of observed units:
whole numbers below 2 ** 53, hence exact, so that neither the order of summation nor the number of
threads changes a bit (amplitudes of two-photon events are not whole numbers and can differ in
the last bit between numbers of threads, and so can standardized counts).
"""

import numpy as np
import xarray as xr

from spikedrift.core.errors import InputError
from spikedrift.trials import spike_cells

CELLS = 4_000_000  # trials times units of the time bins that are multiplied at once
ROWS = 512  # pairs gathered at a time, few enough for the cache, where a matrix product is too much


def activity(
    dataset: xr.Dataset, width: float | None = None, standardize: bool = False
) -> np.ndarray:
    """Spikes (or summed event amplitude) of every unit in each time bin of every trial.

    Parameters
    ----------
    dataset : xr.Dataset
        A trials file.
    width : float or None, s
        Width of a bin; None: one bin, the whole trial. Bins are counted from the start of a trial
        up to the shortest trial's end; what is left over there is not used.
    standardize : bool
        Give every unit mean 0 and standard deviation 1 over its observed trials and all bins; a
        unit that never varies is 0 throughout.

    Returns
    -------
    float64, shape (n_bins, n_trials, n_units)

    Raises
    ------
    InputError
        Where not one bin fits into a trial.
    """
    shape = dataset["spike_count"].shape
    trial, unit = spike_cells(dataset)
    keep, n_bins = np.arange(trial.size), 1
    cell = trial * shape[1] + unit
    if width is not None:
        shortest = float(dataset["duration"].min()) if shape[0] else width
        # The small term puts times that are whole multiples of the width into the later bin.
        n_bins = int(np.floor(shortest / width + 1e-9))
        if n_bins < 1:
            raise InputError(
                f"{dataset.attrs.get('recording', 'trials')}: a bin of {width} s is longer than "
                f"the shortest trial ({shortest} s); choose a smaller bin, or null for the trial"
            )
        index = np.floor(dataset["spike_time"].values / width + 1e-9).astype(np.int64)
        keep = np.flatnonzero(index < n_bins)
        cell = cell[keep] + index[keep] * (shape[0] * shape[1])
    weight = dataset["event_amplitude"].values[keep] if "event_amplitude" in dataset else None
    size = n_bins * shape[0] * shape[1]
    out = np.bincount(cell, weights=weight, minlength=size).astype(np.float64)
    out = out.reshape(n_bins, *shape)
    if not standardize:
        return out
    seen = np.broadcast_to(dataset["observed"].values, out.shape)
    n = np.maximum(seen.sum(axis=(0, 1)), 1)
    out = np.where(seen, out - (out * seen).sum(axis=(0, 1)) / n, 0.0)
    spread = np.sqrt((out**2).sum(axis=(0, 1)) / n)
    return np.divide(out, spread, out=np.zeros_like(out), where=spread > 0)


def pearson_pairs(
    response: np.ndarray,
    observed: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Pearson correlation over the units observed in both rows of each pair.

    Parameters
    ----------
    response : float64, shape (n_rows, n_units) or (n_bins, n_rows, n_units)
        With bins the correlation is over units and bins together.
    observed : bool, shape (n_rows, n_units)
    first, second : int, shape (n_pairs,)
        Rows of `response`.
    min_shared : int
        Pairs with fewer units observed in both are NaN.

    Returns
    -------
    value : float64, shape (n_pairs,)
        NaN also where one of the two does not vary over units.
    n_shared : int64, shape (n_pairs,)
    """
    rows, row = np.unique(first, return_inverse=True)
    columns, column = np.unique(second, return_inverse=True)
    dense = rows.size * columns.size <= 8 * first.size

    def dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        if dense:
            return (left[rows] @ right[columns].T)[row, column]
        parts = [slice(k, k + ROWS) for k in range(0, first.size, ROWS)]
        sums = [np.einsum("pu,pu->p", left[first[k]], right[second[k]]) for k in parts]
        return np.concatenate([np.empty(0), *sums])

    seen = observed.astype(np.float64)
    whole = bool(observed.all())
    shared = np.full(first.size, float(observed.shape[1])) if whole else dot(seen, seen)
    layers = response if response.ndim == 3 else response[None]
    joint, sum_1, sum_2, square_1, square_2 = np.zeros((5, first.size))
    step = max(1, CELLS // max(1, layers[0].size)) if whole else 1
    for start in range(0, len(layers), step):
        # Several bins at once, side by side as if they were more units.
        part = layers[start : start + step]
        if whole:
            x = np.moveaxis(part, 0, 1).reshape(part.shape[1], -1)
        else:
            x = np.where(observed, part[0], 0.0)
        joint += dot(x, x)
        if whole:
            total, square = x.sum(axis=1), np.einsum("ru,ru->r", x, x)
            sum_1, sum_2 = sum_1 + total[first], sum_2 + total[second]
            square_1, square_2 = square_1 + square[first], square_2 + square[second]
        else:
            sum_1, sum_2 = sum_1 + dot(x, seen), sum_2 + dot(seen, x)
            square_1, square_2 = square_1 + dot(x * x, seen), square_2 + dot(seen, x * x)
    n = shared * len(layers)
    spread_1, spread_2 = n * square_1 - sum_1**2, n * square_2 - sum_2**2
    varies = (spread_1 > 1e-13 * n * square_1) & (spread_2 > 1e-13 * n * square_2)
    valid = varies & (shared >= min_shared)
    value = np.full(first.size, np.nan)
    joint = n * joint - sum_1 * sum_2
    value[valid] = joint[valid] / np.sqrt(spread_1[valid] * spread_2[valid])
    return np.clip(value, -1.0, 1.0), shared.astype(np.int64)


def pearson_stacks(
    x: np.ndarray,
    y: np.ndarray,
    seen_x: np.ndarray | None = None,
    seen_y: np.ndarray | None = None,
    least: int = 2,
) -> np.ndarray:
    """Pearson correlation of every row of `x` with every row of `y`, over the last axis.

    Parameters
    ----------
    x : float64, shape (..., n_x, n)
    y : float64, shape (..., n_y, n)
        Leading axes are those of `x`.
    seen_x, seen_y : bool, shapes of `x` and `y`, optional
        Entries that count; a pair of rows is correlated over what is seen in both.
    least : int
        Pairs with fewer entries seen in both are NaN.

    Returns
    -------
    float64, shape (..., n_x, n_y)
        NaN also where a row does not vary.
    """
    if seen_x is None or seen_y is None or (seen_x.all() and seen_y.all()):
        if x.shape[-1] < least:
            return np.full((*x.shape[:-1], y.shape[-2]), np.nan)
        rows = []
        for value in (x, y):
            centered = value - value.mean(axis=-1, keepdims=True)
            norm = np.sqrt(np.einsum("...n,...n->...", centered, centered))[..., None]
            size = np.sqrt(np.einsum("...n,...n->...", value, value))[..., None]
            varies = norm > 1e-7 * size
            rows.append(np.divide(centered, norm, out=np.full_like(centered, np.nan), where=varies))
        out: np.ndarray = rows[0] @ np.swapaxes(rows[1], -1, -2)
        return np.clip(out, -1.0, 1.0)
    m_x, m_y = seen_x.astype(np.float64), np.swapaxes(seen_y, -1, -2).astype(np.float64)
    x, y = np.where(seen_x, x, 0.0), np.swapaxes(np.where(seen_y, y, 0.0), -1, -2)
    n, sum_x, sum_y = m_x @ m_y, x @ m_y, m_x @ y
    square_x, square_y = (x * x) @ m_y, m_x @ (y * y)
    spread_x, spread_y = n * square_x - sum_x**2, n * square_y - sum_y**2
    valid = (spread_x > 1e-13 * n * square_x) & (spread_y > 1e-13 * n * square_y) & (n >= least)
    spread = np.sqrt(np.where(valid, spread_x * spread_y, 1.0))
    value = np.where(valid, (n * (x @ y) - sum_x * sum_y) / spread, np.nan)
    return np.clip(value, -1.0, 1.0)
