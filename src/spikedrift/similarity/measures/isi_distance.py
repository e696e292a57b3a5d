"""ISI-distance of single units' spike trains, averaged over units (PySpike).

The relative difference of the two trains' interspike intervals, averaged over the trial: 0 to 1.
Shared units are those that spike in both trials: a silent train has no interval of its own.
Duplicate times are taken once, as PySpike asks. A pair of trains takes about 10 us: half a minute
for 200 trials x 1000 units at 8 Hz and 0.1 s. Longer trials take longer: restrict `units` in a
selection.
"""

import numpy as np
import pyspike
import xarray as xr

from spikedrift.similarity.pyspike_means import active_means
from spikedrift.similarity.registry import Measure, Values


def pairs(dataset: xr.Dataset, first: np.ndarray, second: np.ndarray, min_shared: int) -> Values:
    """Mean distance of each pair of trials, and the units active in both."""
    return active_means(dataset, first, second, min_shared, pyspike.isi_distance)


MEASURE = Measure(
    name="isi_distance",
    title="ISI-distance, mean over units",
    kind="distance",
    code="timing",
    units="1",
    citation="Kreuz, Haas, Morelli, Abarbanel & Politi 2007, doi:10.1016/j.jneumeth.2007.05.031",
    pairs=pairs,
)
