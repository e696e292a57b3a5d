"""Temporal components of single units: the shape of a response, divided by its count.

After Zhu et al. (2025): the spikes of a trial, smoothed by a boxcar and divided by their sum over
the trial, are projected on the axes of a linear discriminant analysis over segments, unit by unit.
All units are computed at once, since a test refits every unit for every surrogate.
"""

import numpy as np
from scipy import sparse

from spikedrift.drift.curve_statistics import contrast
from spikedrift.spikes.arrays import Spikes
from spikedrift.stats.means import defined_means


def profiles(spikes: Spikes, units: np.ndarray, bin: float, boxcar: float) -> np.ndarray:
    """Smooth single trials and divide each by its own sum.

    Parameters
    ----------
    spikes : Spikes
    units : int64, shape (n,)
    bin : float, s
        Distance between the centers at which the smoothed response is read.
    boxcar : float, s
        Width of the window around a center; it is cut at the ends of the trial.

    Returns
    -------
    float64, shape (n, n_trials, n_bins)
        Each trial sums to 1; a silent trial is 0 throughout.
    """
    duration = float(spikes.duration.min())
    n_bins = max(int(np.floor(duration / bin + 1e-9)), 1)
    place = np.full(spikes.counts.shape[1], -1)
    place[units] = np.arange(units.size)
    trial, unit = spikes.cells
    keep = (place[unit] >= 0) & (spikes.times < duration)
    time = spikes.times[keep]
    row = (place[unit[keep]] * spikes.counts.shape[0] + trial[keep]) * (n_bins + 1)
    # A spike counts for the centers within half a boxcar of it: 1 is added at the first of them and
    # subtracted after the last, before the running sum is taken.
    start = np.ceil((time - boxcar / 2) / bin - 0.5).clip(0, n_bins).astype(np.int64)
    stop = np.floor((time + boxcar / 2) / bin + 0.5).clip(0, n_bins).astype(np.int64)
    size = units.size * spikes.counts.shape[0] * (n_bins + 1)
    step = np.bincount(row + start, minlength=size) - np.bincount(row + stop, minlength=size)
    smooth = np.cumsum(step.reshape(units.size, -1, n_bins + 1)[..., :-1], axis=2).astype(float)
    center = (np.arange(n_bins) + 0.5) * bin
    smooth /= np.minimum(center + boxcar / 2, duration) - np.maximum(center - boxcar / 2, 0.0)
    total = smooth.sum(axis=2, keepdims=True)
    return np.divide(smooth, total, out=smooth, where=total > 0)


def discriminant_axes(
    response: np.ndarray,
    used: np.ndarray,
    segment: np.ndarray,
    n_axes: int,
    shrinkage: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Axes of a linear discriminant analysis over segments, for every unit.

    The axes are the generalized eigenvectors v of (B, W), largest eigenvalue first, with v'Wv = 1.
    B is the covariance of the segments' means, and W the covariance within segments, shrunk as
    (1 - g) W + g tr(W) / p I.

    Parameters
    ----------
    response : float64, shape (n_units, n_trials, p)
    used : bool, shape (n_units, n_trials)
        Trials to fit on.
    segment : int64, shape (n_trials,)
    n_axes : int
        At most one fewer than there are segments.
    shrinkage : float, optional
        g; by default that of Ledoit & Wolf (2004) for each unit.

    Returns
    -------
    center : float64, shape (n_units, p)
        Mean over the trials used.
    axes : float64, shape (n_units, p, n_axes)
        NaN where a unit's response does not vary within segments.
    """
    n_units, _, p = response.shape
    member = np.equal.outer(np.arange(segment.max() + 1), segment).astype(float)
    weight = used.astype(float)
    n = weight.sum(axis=1)
    per_segment = weight @ member.T
    mean = np.einsum("st,ut,utp->usp", member, weight, response, optimize=True)
    mean /= np.maximum(per_segment, 1.0)[..., None]
    residual = (response - mean[:, segment]) * weight[..., None]
    samples = np.maximum(n, 1.0)[:, None, None]
    within = residual.transpose(0, 2, 1) @ residual / samples
    level = np.trace(within, axis1=1, axis2=2) / p
    if shrinkage is None:
        square = np.einsum("upq,upq->u", within, within)
        fourth = (np.einsum("utp,utp->ut", residual, residual) ** 2).sum(axis=1)
        spread = (square - p * level**2) / p
        noise = np.minimum((fourth / samples[:, 0, 0] - square) / (p * samples[:, 0, 0]), spread)
        share = np.divide(noise, spread, out=np.zeros(n_units), where=spread > 0)
    else:
        share = np.full(n_units, shrinkage)
    varies = (level > 0) & (share > 0)
    level, share = np.where(varies, level, 1.0), np.where(varies, share, 1.0)
    shrunk = (1.0 - share)[:, None, None] * within
    shrunk[:, np.arange(p), np.arange(p)] += (share * level)[:, None]
    center = np.einsum("us,usp->up", per_segment, mean) / samples[:, 0]
    prior = np.sqrt(per_segment / samples[:, 0])
    between = (mean - center[:, None]) * prior[..., None]
    # With W = LL', the axes are L'^-1 times the left singular vectors of L^-1 B^(1/2).
    root = np.linalg.cholesky(shrunk)
    left = np.linalg.svd(np.linalg.solve(root, between.transpose(0, 2, 1)), full_matrices=False).U[
        ..., :n_axes
    ]
    axes = np.linalg.solve(root.transpose(0, 2, 1), left)
    axes[~varies] = np.nan
    return center, axes


def random_halves(
    cell: np.ndarray, used: np.ndarray, resamples: int, rng: np.random.Generator
) -> tuple[sparse.csr_array, int]:
    """Draw two disjoint halves of the trials of every cell, of one size for all cells.

    Parameters
    ----------
    cell : int64, shape (n_trials,)
        Index of the trial's (occasion, segment).
    used : bool, shape (n_trials,)
        Trials that may be drawn.
    resamples : int

    Returns
    -------
    member : sparse, shape (resamples * 2 * n_cells, n_trials)
        1 where the trial is in that half of that cell.
    size : int
        Trials in each half.
    """
    n_cells, trials = int(cell.max()) + 1, np.flatnonzero(used)
    here = cell[trials]
    size_of = np.bincount(here, minlength=n_cells)
    size = int(size_of.min()) // 2
    order = np.argsort(here + rng.random((resamples, trials.size)), axis=1)
    start = np.cumsum(size_of) - size_of
    ordered = np.sort(here)
    rank = np.arange(trials.size) - start[ordered]
    half = rank // max(size, 1)
    kept = np.flatnonzero(half < 2) if size else np.empty(0, np.int64)
    row = (np.arange(resamples)[:, None] * 2 + half[kept]) * n_cells + ordered[kept]
    column = trials[order[:, kept]]
    shape = (resamples * 2 * n_cells, cell.size)
    member = sparse.csr_array((np.ones(row.size), (row.ravel(), column.ravel())), shape=shape)
    return member, size


def tuning_correlations(
    response: np.ndarray, observed: np.ndarray, member: sparse.csr_array, shape: tuple[int, int]
) -> np.ndarray:
    """Correlate tuning vectors of random halves of the trials of two occasions, for every unit.

    Parameters
    ----------
    response : float64, shape (n_trials, n_units, k)
        k numbers for each trial; a tuning vector holds their means in all segments.
    observed : bool, shape (n_trials, n_units)
    member : sparse, shape (resamples * 2 * n_occasions * n_segments, n_trials)
        From `random_halves`.
    shape : (n_occasions, n_segments)

    Returns
    -------
    float64, shape (n_units, n_occasions, n_occasions)
        Pearson, mean over resamples. Diagonal: one half against the other of the same occasion.
        NaN where a tuning vector does not vary or a segment lacks trials of the unit.
    """
    n_trials, n_units, k = response.shape
    n_occasions, n_segments = shape
    values = np.where(observed[..., None], response, 0.0).reshape(n_trials, -1)
    count = (member @ observed.astype(float))[..., None]
    total = (member @ values).reshape(-1, n_units, k)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    # half, resample, unit, occasion, and the tuning vector
    vector = (
        mean.reshape(-1, 2, n_occasions, n_segments, n_units, k)
        .transpose(1, 0, 4, 2, 3, 5)
        .reshape(2, -1, n_units, n_occasions, n_segments * k)
    )
    vector = vector - vector.mean(axis=-1, keepdims=True)
    norm = np.sqrt(np.einsum("...f,...f->...", vector, vector))[..., None]
    # Rounding leaves a vector of equal numbers with a norm near 0.
    varies = norm > 1e-12 * np.nanmax(np.abs(mean), initial=0.0)
    vector = np.divide(vector, norm, out=np.full(vector.shape, np.nan), where=varies)
    each = vector[0] @ vector[1].swapaxes(-1, -2)
    known = np.isfinite(each)
    n = known.sum(axis=0)
    out = np.full(n.shape, np.nan)
    np.divide(np.where(known, each, 0.0).sum(axis=0), n, out=out, where=n > 0)
    return 0.5 * (out + out.swapaxes(-1, -2))


def drift_by_lag(correlation: np.ndarray) -> np.ndarray:
    """RDI of every unit at every lag, and over all pairs of occasions.

    Parameters
    ----------
    correlation : float64, shape (n_units, n_occasions, n_occasions)
        From `tuning_correlations`, with occasions in order.

    Returns
    -------
    float64, shape (n_units, n_occasions)
        RDI = (r_0 - r_d) / (r_0 + r_d), negative correlations set to 0: column 0 over all pairs of
        occasions, column d at lag d.
    """
    n = correlation.shape[1]
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    near = defined_means(correlation[:, lag == 0])
    far = [defined_means(correlation[:, lag == d if d else lag > 0]) for d in range(n)]
    return contrast(near[:, None], np.stack(far, axis=1), "similarity")
