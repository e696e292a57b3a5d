"""Test of whether structures are alike at all: the segments of one of two are moved together.

In a movie they are shifted in time, and the trend with distance in time is taken out of both
structures, first and after every shift. Other segments are permuted.
"""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from spikedrift.config.analyses import InternalStructureOptions
from spikedrift.drift.responses import Halves
from spikedrift.drift.structures import TEST_SEGMENTS, compare, in_time_order, triangle
from spikedrift.spikes.selections import stream


@dataclass(frozen=True)
class Moved:
    """Similarity of structures in each relation, and with the segments of the second moved.

    Attributes
    ----------
    suffix : str
        Of the statistics that are tested: "_beyond_lag" in movies.
    value : dict of relation -> float
    null : dict of relation -> float64, shape (n_surrogates,)
    what : str
        The null in words; empty where there are too few segments for a test.
    """

    suffix: str = ""
    value: dict[str, float] = field(default_factory=dict)
    null: dict[str, np.ndarray] = field(default_factory=dict)
    what: str = ""


def moved_together(
    dataset: xr.Dataset,
    options: InternalStructureOptions,
    seed: int,
    matrices: np.ndarray,
    halves: Halves,
) -> Moved:
    """Compare structures with each other, and with the segments of one of the two moved together.

    Parameters
    ----------
    dataset : Dataset
        Trials; their start times say whether segments follow each other in time.
    options : InternalStructureOptions
    seed : int
    matrices : float64, shape (n_halves, n_segments, n_segments)
        The structure of each half of a block.
    halves : Halves

    Returns
    -------
    Moved
        Empty with fewer than `TEST_SEGMENTS` segments.
    """
    n_segments = matrices.shape[-1]
    if n_segments < TEST_SEGMENTS:
        return Moved()
    timed = options.segments == "time" or (options.segments == "auto" and in_time_order(dataset))
    where = np.arange(n_segments)
    if timed:
        orders = [np.roll(where, shift) for shift in range(1, n_segments)]
        what = "segments of one of two structures shifted in time (all shifts), trend with lag out"
    else:
        rng = stream(seed, str(dataset.attrs.get("recording")), "internal_structure", "labels")
        orders = [rng.permutation(n_segments) for _ in range(options.surrogates)]
        what = "segments of one of two structures permuted"

    def alike(order: np.ndarray) -> dict[str, float]:
        partial = timed or options.partial_lag
        ranks = options.comparison == "spearman"
        own, other = (
            triangle(matrix, options.min_separation, partial, ranks)
            for matrix in (matrices, matrices[:, order[:, None], order])
        )
        return halves.means(compare(own, other))

    value, null = alike(where), [alike(order) for order in orders]
    return Moved(
        "_beyond_lag" if timed else "",
        value,
        {name: np.array([one[name] for one in null]) for name in value},
        what,
    )
