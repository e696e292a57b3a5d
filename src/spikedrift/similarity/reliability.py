"""Stimulus reliability of units: how alike their responses to the whole stimulus are."""

import numpy as np

MIN_SEGMENTS = 3  # with two, every correlation is 1 or -1


def unit_reliability(
    counts: np.ndarray, observed: np.ndarray, repeat: np.ndarray, segment: np.ndarray
) -> np.ndarray:
    """Mean Pearson correlation over segments of a unit's responses in all pairs of repeats.

    Pairs of repeats that share fewer than three segments in which the unit was observed are left
    out. A repeat in which the unit was observed and its count does not vary correlates 0 with the
    others: if such repeats were left out, a unit that spikes in two repeats of fifty could have
    reliability 1 (Sadeh & Clopath 2022, eLife 11:e77907, who average over pairs of repeats).

    Parameters
    ----------
    counts : array, shape (n_trials, n_units)
    observed : bool, shape (n_trials, n_units)
    repeat, segment : int64, shape (n_trials,)
        Of each trial, from 0; every repeat shows a segment once at most.

    Returns
    -------
    float64, shape (n_units,)
        NaN where no pair of repeats is left.
    """
    n_units = counts.shape[1]
    shape = (int(repeat.max(initial=-1)) + 1, int(segment.max(initial=-1)) + 1, n_units)
    response, seen = np.zeros(shape), np.zeros(shape, dtype=bool)
    response[repeat, segment] = np.where(observed, counts, 0)
    seen[repeat, segment] = observed
    out = np.full(n_units, np.nan)
    if shape[0] < 2 or shape[1] < MIN_SEGMENTS:
        return out
    complete = seen.all(axis=(0, 1))
    x = response[:, :, complete]
    x = x - x.mean(axis=1, keepdims=True)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    x = np.divide(x, length, out=np.zeros_like(x), where=length > 0)
    # The sum over pairs of products is the square of the sum less the sum of squares.
    total = (x.sum(axis=0) ** 2).sum(axis=0) - (x**2).sum(axis=(0, 1))
    out[complete] = total / (shape[0] * (shape[0] - 1))
    first, second = np.triu_indices(shape[0], k=1)
    for unit in np.flatnonzero(~complete & seen.any(axis=(0, 1))):
        mask, value = seen[:, :, unit].astype(np.float64), response[:, :, unit]
        n = mask @ mask.T
        joint = n * (value @ value.T) - (value @ mask.T) * (mask @ value.T)
        spread = n * (value**2 @ mask.T) - (value @ mask.T) ** 2
        scale = np.sqrt(spread * spread.T)
        pairs = np.divide(joint, scale, out=np.zeros_like(joint), where=scale > 1e-9)
        used = n[first, second] >= MIN_SEGMENTS
        if used.any():
            out[unit] = pairs[first, second][used].mean()
    return out
