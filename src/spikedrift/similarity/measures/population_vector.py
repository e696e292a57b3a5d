"""Population vector correlation: Pearson over units in each time bin, averaged over bins."""

import numpy as np
import xarray as xr

from spikedrift.similarity.correlation import activity, pearson_pairs
from spikedrift.similarity.registry import Measure, Values


def pairs(
    dataset: xr.Dataset,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
    bin: float | None = None,
    standardize: bool = False,
) -> Values:
    """Correlate population vectors bin by bin; mean over the bins where it is defined."""
    total, defined = np.zeros(first.size), np.zeros(first.size, np.int64)
    n_shared = np.zeros(first.size, np.int64)
    for spikes in activity(dataset, bin, standardize):
        corr, n_shared = pearson_pairs(
            spikes, dataset["observed"].values, first, second, min_shared
        )
        total += np.nan_to_num(corr)
        defined += np.isfinite(corr)
    value = np.full(first.size, np.nan)
    return np.divide(total, defined, where=defined > 0, out=value), n_shared


MEASURE = Measure(
    name="population_vector",
    title="Population vector correlation",
    kind="similarity",
    code="rate",
    units="1",
    citation="Deitch, Rubin & Ziv 2021, doi:10.1016/j.cub.2021.07.062",
    pairs=pairs,
)
