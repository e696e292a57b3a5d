"""Victor-Purpura distance of single units' spike trains, averaged over units (elephant).

The least cost of turning one train into the other: 1 for a spike added or taken away, `cost` per
second that a spike is moved. Shared units are those observed in both trials; two silent trains have
distance 0. The distance depends on counts as well as on times. It is slow: a pair of trains that
spike takes 1 ms or more, and 200 trials x 1000 units take hours. Restrict `units` in a selection.
"""

from collections.abc import Sequence

import numpy as np
import quantities as pq
import xarray as xr
from elephant.spike_train_dissimilarity import victor_purpura_distance

from spikedrift.similarity.registry import Measure, Values
from spikedrift.similarity.univariate import from_matrix, unit_means


def pairs(
    dataset: xr.Dataset, first: np.ndarray, second: np.ndarray, min_shared: int, cost: float = 100.0
) -> Values:
    """Mean distance of each pair of trials, and the units observed in both."""

    def matrix(trains: Sequence[np.ndarray]) -> np.ndarray:
        found: np.ndarray = victor_purpura_distance(
            [train * pq.s for train in trains], cost * pq.Hz, sort=False
        )
        return found

    return unit_means(
        dataset, dataset["observed"].values, first, second, min_shared, from_matrix(matrix)
    )


MEASURE = Measure(
    name="victor_purpura",
    title="Victor-Purpura distance, mean over units",
    kind="distance",
    code="timing",
    units="1",
    citation="Victor & Purpura 1996, doi:10.1152/jn.1996.76.2.1310",
    pairs=pairs,
)
