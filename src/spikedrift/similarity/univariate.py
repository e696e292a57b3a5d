"""Distances of single spike trains by another library, averaged over units.

They are the field's references for one unit at a time and know nothing of relations between
units. The libraries work pair by pair in Python, so that a population costs seconds to hours:
each distinct pair of trains of a unit is computed once, progress is logged, and `units` of a
selection limits how many units are drawn.
"""

import logging
import time
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from spikedrift.similarity.registry import Values
from spikedrift.trials import offsets

log = logging.getLogger(__name__)

Distance = Callable[[Sequence[np.ndarray], np.ndarray, np.ndarray], np.ndarray]


def unit_means(
    dataset: xr.Dataset,
    taking_part: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    distance: Distance,
) -> Values:
    """Mean over units of the distance between their spike trains in two trials.

    Parameters
    ----------
    dataset : trials Dataset
    taking_part : bool, shape (n_trials, n_units)
        A pair shares the units for which this holds in both of its trials.
    first, second : int, shape (n_pairs,)
        Trials.
    min_shared : int
        Pairs that share fewer units are NaN.
    distance : callable
        (trains, i, j) -> distance of trains i[k] and j[k], i < j, all pairs distinct. Equal trains
        have the distance 0 and are not asked for.

    Returns
    -------
    value : float64, shape (n_pairs,)
    n_shared : int64, shape (n_pairs,)
    """
    times, start = dataset["spike_time"].values, offsets(dataset)
    n_trials, n_units = dataset["spike_count"].shape
    total, n_shared = np.zeros(first.size), np.zeros(first.size, np.int64)
    asked = np.union1d(first, second)
    told = time.monotonic()
    for unit in range(n_units):
        cells = asked * n_units + unit
        trains = [times[start[cell] : start[cell + 1]] for cell in cells]
        # Sorted, so that a pair of trains is always handed over in the same order.
        distinct = sorted({train.tobytes(): train for train in trains}.items())
        place = {key: k for k, (key, _) in enumerate(distinct)}
        of_trial = np.zeros(n_trials, np.int64)
        of_trial[asked] = [place[train.tobytes()] for train in trains]
        sharing = np.flatnonzero(taking_part[first, unit] & taking_part[second, unit])
        one, two = of_trial[first[sharing]], of_trial[second[sharing]]
        code = np.minimum(one, two) * len(distinct) + np.maximum(one, two)
        codes, back = np.unique(code, return_inverse=True)
        i, j = np.divmod(codes, len(distinct))
        found, differ = np.zeros(codes.size), i != j
        if differ.any():
            found[differ] = distance([train for _, train in distinct], i[differ], j[differ])
        total[sharing] += found[back]
        n_shared[sharing] += 1
        if time.monotonic() - told > 5:
            told = time.monotonic()
            log.info("%d of %d units", unit + 1, n_units)
    value = np.full(first.size, np.nan)
    np.divide(total, n_shared, out=value, where=n_shared >= max(min_shared, 1))
    return value, n_shared


def from_matrix(matrix: Callable[[Sequence[np.ndarray]], np.ndarray]) -> Distance:
    """Distance of pairs from a library's function that compares all trains with all.

    Where only a few of all pairs are asked for, each is compared in a call of its own.
    """

    def distance(trains: Sequence[np.ndarray], i: np.ndarray, j: np.ndarray) -> np.ndarray:
        used, place = np.unique(np.concatenate([i, j]), return_inverse=True)
        if 4 * i.size >= used.size * (used.size - 1) // 2:
            found = matrix([trains[k] for k in used])
            return found[place[: i.size], place[i.size :]]
        return np.array(
            [matrix([trains[a], trains[b]])[0, 1] for a, b in zip(i, j, strict=True)], np.float64
        )

    return distance
