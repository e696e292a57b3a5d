"""Latency difference: how far first spikes lie apart without the shift common to all units.

With d_i the difference of unit i's first-spike latencies in two trials, over the units that spike
in both: D = mean |d_i - median(d)|, in seconds. The median is the shift that makes D least, so that
D is blind to the onset of a trial, as SpikeShip is; unlike it, later spikes do not count. A unit
that fires faster has an earlier first spike: D depends on rates.
"""

import numpy as np
import xarray as xr

from spikedrift.similarity.latencies import first_spikes
from spikedrift.similarity.registry import Measure, Values

ROWS = 4096  # pairs taken at a time, so that memory is bounded


def pairs(dataset: xr.Dataset, first: np.ndarray, second: np.ndarray, min_shared: int) -> Values:
    """Mean absolute latency difference of each pair, s, and the units active in both trials."""
    latency = first_spikes(dataset)
    value, n_shared = np.full(first.size, np.nan), np.zeros(first.size, np.int64)
    for start in range(0, first.size, ROWS):
        part = slice(start, start + ROWS)
        difference = latency[first[part]] - latency[second[part]]
        difference.sort(axis=1)  # NaN last
        n = np.isfinite(difference).sum(axis=1)
        row, known = np.arange(n.size), np.maximum(n, 1)
        shift = 0.5 * (difference[row, (known - 1) // 2] + difference[row, known // 2])
        total = np.nansum(np.abs(difference - shift[:, None]), axis=1)
        np.divide(total, n, out=value[part], where=n >= min_shared)
        n_shared[part] = n
    return value, n_shared


MEASURE = Measure(
    name="latency",
    title="First-spike latency difference (s)",
    kind="distance",
    code="timing",
    units="s",
    citation="After VanRullen, Guyonneau & Thorpe 2005, doi:10.1016/j.tins.2004.10.010",
    pairs=pairs,
)
