"""Rate correlation: Pearson correlation over units of the rates in two trials or two repeats."""

import numpy as np
import xarray as xr

from spikedrift.similarity.correlation import activity, pearson_pairs
from spikedrift.similarity.registry import Measure, Values

CELLS = 1_000_000  # of pairs times units at once


def pairs(
    dataset: xr.Dataset,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    standardize: bool = False,
) -> Values:
    """Correlate the rates of pairs of trials over the units observed in both.

    Counts stand for rates: dividing each trial by its duration changes no correlation.
    """
    return pearson_pairs(
        activity(dataset, standardize=standardize)[0],
        dataset["observed"].values,
        first,
        second,
        min_shared,
    )


def repeats(
    dataset: xr.Dataset, members: list[np.ndarray], min_shared: int, standardize: bool = False
) -> Values:
    """Ensemble rate correlation: rates averaged over each repeat, correlated over units.

    A unit's rates in two repeats are averaged over the segments in which it was observed in both
    of them, so that a segment missing in one repeat does not look like a change of rate.
    """
    spikes, observed = activity(dataset, standardize=standardize)[0], dataset["observed"].values
    duration = dataset["duration"].values
    keys = list(zip(dataset["stimulus"].values, dataset["segment"].values, strict=True))
    segment = {key: k for k, key in enumerate(sorted(set(keys)))}
    shape = (len(members), len(segment), spikes.shape[1])
    count, time = np.zeros(shape), np.zeros(shape)  # time 0: not observed
    for repeat, trials in enumerate(members):
        position = [segment[keys[trial]] for trial in trials]
        count[repeat, position] = spikes[trials]
        time[repeat, position] = duration[trials, None] * observed[trials]
    first, second = np.triu_indices(len(members))
    if (time > 0).all():
        everywhere = np.ones((len(members), shape[2]), bool)
        corr, n_shared = pearson_pairs(count.sum(axis=1), everywhere, first, second, min_shared)
    else:
        corr, n_shared = _jointly_observed(count, time, first, second, min_shared)
    value, shared = np.empty((2, len(members), len(members)))
    value[first, second] = value[second, first] = corr
    shared[first, second] = shared[second, first] = n_shared
    return value, shared.astype(np.int64)


def _jointly_observed(
    count: np.ndarray, time: np.ndarray, first: np.ndarray, second: np.ndarray, min_shared: int
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate rates over what was observed in both repeats of each pair.

    Sums over the segments of two repeats are matrix products unit by unit: the spikes, or the
    time, of one repeat with the mask of the other. `first` ascends.
    """
    mask = (time > 0).astype(np.float64)
    spikes, seconds, seen = (
        np.ascontiguousarray(np.moveaxis(x, 2, 0)) for x in (count, time, mask)
    )
    n_repeats, _, n_units = count.shape
    step = max(1, CELLS // (n_repeats * n_units))
    found = []
    for start in range(0, n_repeats, step):
        rows = slice(start, start + step)
        some = (first >= start) & (first < start + step)
        pairs_here = first[some] - start, second[some]
        both = _summed(seen[:, rows], seen, pairs_here) > 0
        rates = [
            np.divide(n, t, where=both, out=np.zeros(both.shape))
            for n, t in (
                (
                    _summed(spikes[:, rows], seen, pairs_here),
                    _summed(seconds[:, rows], seen, pairs_here),
                ),
                (
                    _summed(seen[:, rows], spikes, pairs_here),
                    _summed(seen[:, rows], seconds, pairs_here),
                ),
            )
        ]
        pair = np.arange(len(both))
        stacked = np.concatenate(rates), np.tile(both, (2, 1))
        found.append(pearson_pairs(*stacked, pair, pair.size + pair, min_shared))
    corr, n_shared = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return corr, n_shared


def _summed(
    one: np.ndarray, two: np.ndarray, pairs_of: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Sum over segments of products of two repeats, (unit, repeat, segment) each: (pair, unit)."""
    row, column = pairs_of
    return np.asarray((one @ np.swapaxes(two, 1, 2))[:, row, column].T)


MEASURE = Measure(
    name="rate_correlation",
    title="Rate correlation",
    kind="similarity",
    code="rate",
    units="1",
    citation="Deitch, Rubin & Ziv 2021, doi:10.1016/j.cub.2021.07.062",
    pairs=pairs,
    repeats=repeats,
)
