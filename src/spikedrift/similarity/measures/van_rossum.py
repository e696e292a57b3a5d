"""Van Rossum distance of single units' spike trains, averaged over units (elephant).

The Euclidean distance of trains smoothed by a decaying exponential of `time_constant`, normalized
so that a silent train and one spike are 1 apart. Shared units are those observed in both trials;
two silent trains have distance 0. The distance depends on counts as well as on times: for constants
much longer than the trial it is the difference of counts. A pair of trains that spike takes about
30 us: minutes for 200 trials x 1000 units. Restrict `units` in a selection where that is too long.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import quantities as pq
import xarray as xr
from elephant.spike_train_dissimilarity import van_rossum_distance

from spikedrift.similarity.registry import Measure, Values
from spikedrift.similarity.univariate import from_matrix, unit_means


def pairs(
    dataset: xr.Dataset,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    time_constant: float = 0.01,
) -> Values:
    """Mean distance of each pair of trials, and the units observed in both."""

    def matrix(trains: Sequence[np.ndarray]) -> np.ndarray:
        with warnings.catch_warnings():
            # Squares of nearly equal trains that rounding makes negative are set to 0 there.
            warnings.filterwarnings("ignore", "van_rossum_distance: very small negative")
            found: np.ndarray = van_rossum_distance(
                [train * pq.s for train in trains], time_constant * pq.s, sort=False
            )
        return found

    return unit_means(
        dataset, dataset["observed"].values, first, second, min_shared, from_matrix(matrix)
    )


MEASURE = Measure(
    name="van_rossum",
    title="van Rossum distance, mean over units",
    kind="distance",
    code="timing",
    units="1",
    citation="van Rossum 2001, doi:10.1162/089976601300014321",
    pairs=pairs,
)
