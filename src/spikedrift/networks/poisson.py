"""Spikes of sources that fire at random, and the order in which the engine wants all spikes."""

from collections.abc import Callable

import numpy as np

from spikedrift.networks.declaration import Draws
from spikedrift.networks.timetable import Timetable

AT_ONCE = 2**21  # spikes that are drawn together: a session may have more than memory likes


def poisson(
    rate: float | np.ndarray, size: int, dt: float
) -> Callable[[Timetable, Draws], tuple[np.ndarray, np.ndarray]]:
    """Return the function by which a `Source` draws Poisson spikes, from first to last step.

    Parameters
    ----------
    rate : float or float64, shape (size,), Hz
        Two spikes of a cell that fall on one time step are one.
    size : int
    dt : float, s
    """
    rates = np.broadcast_to(rate, size).astype(float)
    total = float(rates.sum())

    def spikes(timetable: Timetable, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
        rng = draws.input
        found = [(np.empty(0, np.int32), np.empty(0, np.int32))]
        piece = int(AT_ONCE / (total * dt)) if total else timetable.stop
        for start in range(0, timetable.stop, max(1, piece)):
            n_steps = min(piece, timetable.stop - start)
            count = rng.poisson(rates * n_steps * dt)
            cell = np.repeat(np.arange(size), count)
            step = rng.integers(n_steps, size=cell.size)
            index, at = in_order(cell, step, size, n_steps)
            found.append((index, at + np.int32(start)))
        index, at = (np.concatenate(column) for column in zip(*found, strict=True))
        return index, at

    return spikes


def in_order(
    index: np.ndarray, step: np.ndarray, size: int, n_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sort spikes by step, then cell, and merge those of one cell in one step.

    A sparse matrix does it by counting: `numpy.unique` takes minutes for 20 million spikes.

    Parameters
    ----------
    index, step : int, shape (n,)
        Cells, below `size`, and time steps, below `n_steps`.
    size, n_steps : int

    Returns
    -------
    index, step : int32, shape (n_merged,)
    """
    from scipy.sparse import coo_array

    places = (step.astype(np.int32), index.astype(np.int32))
    rows = coo_array((np.ones(step.size, np.int8), places), shape=(n_steps, size)).tocsr()
    at = np.repeat(np.arange(n_steps, dtype=np.int32), np.diff(rows.indptr))
    return rows.indices.astype(np.int32, copy=False), at
