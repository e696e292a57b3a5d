"""Fixed degrees from draws: a cell is joined to the partners with its lowest draws.

A pair of cells is joined where its draw is at most the bound of a cell, which is the k-th lowest
draw of this cell. So wiring by degree is wiring by a probability of each cell's own, and the same
program makes it, on C++ and CUDA, alone and in a batch.
"""

import numpy as np

from spikedrift.networks.declaration import Projection
from spikedrift.simulation import streams

ROWS = 512  # postsynaptic cells whose draws are in memory at once


def bounds(projection: Projection, keys: np.ndarray, n_pre: int) -> np.ndarray:
    """Greatest draw that joins, for every cell of the side whose degree is fixed.

    Parameters
    ----------
    projection : Projection
        Its wiring has a degree.
    keys : int64, shape (n_post,)
        Keys of the postsynaptic cells.
    n_pre : int

    Returns
    -------
    float64, shape (n_post,) or (n_pre,)
    """
    degree = projection.wiring.degree
    assert degree is not None
    by_post = projection.wiring.fixed == "post"
    purpose, n_post = streams.purpose(f"{projection.name}.wiring"), keys.size
    if degree == 0:
        return np.full(n_post if by_post else n_pre, -1.0)
    parts = []
    lowest = np.empty((0, n_pre))
    for first in range(0, n_post, ROWS):
        post = np.arange(first, min(first + ROWS, n_post))
        keyed = streams.branch(keys[post, None], purpose, np.arange(n_pre))
        draws = streams.uniform(keyed, 0)
        if projection.pre == projection.post:
            draws[np.arange(post.size), post] = 2.0  # no cell is joined to itself
        if by_post:
            parts.append(np.partition(draws, degree - 1, axis=1)[:, degree - 1])
        else:  # the lowest so far of every presynaptic cell
            lowest = np.sort(np.concatenate([lowest, draws]), axis=0)[:degree]
    return np.concatenate(parts) if by_post else np.asarray(lowest[-1])
