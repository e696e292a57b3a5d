"""PySpike's distances of single spike trains, averaged over the units active in both trials."""

from collections.abc import Callable, Sequence

import numpy as np
import pyspike
import xarray as xr

from spikedrift.similarity.registry import Values
from spikedrift.similarity.univariate import unit_means


def active_means(
    dataset: xr.Dataset,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    compare: Callable[..., float],
) -> Values:
    """Mean over shared units of a PySpike function of two trains.

    Shared units are those that spike in both trials: a silent train has no interval of its own.
    Duplicate times are taken once, as PySpike asks.

    Parameters
    ----------
    dataset : trials Dataset
    first, second : int, shape (n_pairs,)
        Trials.
    min_shared : int
        Pairs that share fewer units are NaN.
    compare : callable
        `pyspike.isi_distance`, for example.

    Returns
    -------
    value : float64, shape (n_pairs,)
    n_shared : int64, shape (n_pairs,)
    """
    edges = (0.0, float(dataset["duration"].max()))

    def distance(trains: Sequence[np.ndarray], i: np.ndarray, j: np.ndarray) -> np.ndarray:
        # PySpike would do the same for every pair: unique times and common edges.
        made = [pyspike.SpikeTrain(np.unique(train), edges) for train in trains]
        return np.array(
            [compare(made[a], made[b], Reconcile=False) for a, b in zip(i, j, strict=True)]
        )

    active = dataset["observed"].values & (dataset["spike_count"].values > 0)
    return unit_means(dataset, active, first, second, min_shared, distance)
