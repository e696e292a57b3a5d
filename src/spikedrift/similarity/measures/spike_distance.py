"""SPIKE-distance of single units' spike trains, averaged over units (PySpike).

The distance of each spike to the nearest of the other train, relative to the local intervals,
averaged over the trial: 0 to 1.
Shared units are those that spike in both trials: a silent train has no interval of its own.
Duplicate times are taken once, as PySpike asks. About 10 us a pair of trains: half a minute for 200
trials x 1000 units at 8 Hz and 0.1 s; longer trials take longer, restrict `units` in a selection.
"""

from collections.abc import Sequence

import numpy as np
import pyspike
import xarray as xr

from spikedrift.similarity.registry import Measure, Values
from spikedrift.similarity.univariate import unit_means


def pairs(dataset: xr.Dataset, first: np.ndarray, second: np.ndarray, min_shared: int) -> Values:
    """Mean distance of each pair of trials, and the units active in both."""
    edges = (0.0, float(dataset["duration"].max()))

    def distance(trains: Sequence[np.ndarray], i: np.ndarray, j: np.ndarray) -> np.ndarray:
        # PySpike would do the same for every pair: unique times and common edges.
        made = [pyspike.SpikeTrain(np.unique(train), edges) for train in trains]
        return np.array(
            [
                pyspike.spike_distance(made[a], made[b], Reconcile=False)
                for a, b in zip(i, j, strict=True)
            ]
        )

    active = dataset["observed"].values & (dataset["spike_count"].values > 0)
    return unit_means(dataset, active, first, second, min_shared, distance)


MEASURE = Measure(
    name="spike_distance",
    title="SPIKE-distance, mean over units",
    kind="distance",
    code="timing",
    units="1",
    citation="Kreuz, Chicharro, Houghton, Andrzejak & Mormann 2013, doi:10.1152/jn.00873.2012",
    pairs=pairs,
)
