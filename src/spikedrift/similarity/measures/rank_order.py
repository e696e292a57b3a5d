"""Rank order: Spearman correlation over units of when they spike in two trials.

`time: first` ranks first spikes, `time: mean` the mean spike times of the units that spike in both
trials; tied times share their mean rank. A shift or a stretch common to all units changes nothing.
"""

import numpy as np
import xarray as xr

from spikedrift.core.compiling import njit
from spikedrift.similarity.latencies import first_spikes, mean_times
from spikedrift.similarity.registry import Measure, Values

TIMES = {"first": first_spikes, "mean": mean_times}


@njit(cache=True, nogil=True)
def _rank(value, order, shared, rank):  # type: ignore[no-untyped-def]
    """Rank the shared units of one trial, from 1, ties at their mean; return their number.

    `order` sorts the trial's units by `value`; so every pair is ranked without another sort.
    """
    size = order.size
    member = np.empty(size, np.int64)
    n = 0
    for k in range(size):
        if shared[order[k]]:
            member[n] = order[k]
            n += 1
    begin = 0
    while begin < n:
        end = begin + 1
        while end < n and value[member[end]] == value[member[begin]]:
            end += 1
        for k in range(begin, end):
            rank[member[k]] = 0.5 * (begin + end + 1)
        begin = end
    return n


@njit(cache=True, nogil=True)
def _spearman(times, order, first, second, min_shared, value, n_shared):  # type: ignore[no-untyped-def]
    n_units = times.shape[1]
    left, right = np.empty(n_units), np.empty(n_units)
    shared = np.empty(n_units, np.bool_)
    for pair in range(first.size):
        a, b = first[pair], second[pair]
        for unit in range(n_units):
            shared[unit] = np.isfinite(times[a, unit]) and np.isfinite(times[b, unit])
        n = _rank(times[a], order[a], shared, left)
        _rank(times[b], order[b], shared, right)
        middle = 0.5 * (n + 1)
        joint = spread_a = spread_b = 0.0
        for unit in range(n_units):
            if shared[unit]:
                joint += (left[unit] - middle) * (right[unit] - middle)
                spread_a += (left[unit] - middle) ** 2
                spread_b += (right[unit] - middle) ** 2
        n_shared[pair] = n
        defined = n >= min_shared and spread_a > 0 and spread_b > 0
        value[pair] = joint / np.sqrt(spread_a * spread_b) if defined else np.nan


def pairs(
    dataset: xr.Dataset,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    time: str = "first",
) -> Values:
    """Rank correlation of each pair, and the units active in both trials."""
    times = TIMES[time](dataset)
    value, n_shared = np.empty(first.size), np.empty(first.size, np.int64)
    order = np.argsort(times, axis=1, kind="stable")
    _spearman(times, order, first, second, min_shared, value, n_shared)
    return value, n_shared


MEASURE = Measure(
    name="rank_order",
    title="Rank-order correlation of spike times",
    kind="similarity",
    code="timing",
    units="1",
    citation="After Thorpe & Gautrais 1998, in Computational Neuroscience: Trends in Research, "
    "113-118",
    pairs=pairs,
)
