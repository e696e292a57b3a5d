"""Symmetric matrices over pairs of trials, filled block by block in bounded memory."""

import logging
import time
from collections.abc import Callable, Iterator

import numpy as np

log = logging.getLogger(__name__)

SIDE = 1024  # a block holds at most SIDE ** 2 pairs

# (first, second) -> (value, n_shared), one entry per pair of trials
Pairs = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Band = tuple[int, np.ndarray, np.ndarray]  # first row; rows of value and of n_shared


def block_pairs(size: int, side: int, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs of the upper triangle, diagonal included, in the block at (row, column)."""
    rows = np.arange(row, min(row + side, size))
    columns = np.arange(column, min(column + side, size))
    first, second = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    keep = first <= second
    return first[keep], second[keep]


def triangle(size: int, side: int = SIDE) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield index pairs of the upper triangle, diagonal included, at most `side` ** 2 at a time."""
    for row in range(0, size, side):
        for column in range(row, size, side):
            yield block_pairs(size, side, row, column)


def symmetric(
    size: int,
    pairs: Pairs,
    side: int = SIDE,
) -> tuple[np.ndarray, np.ndarray]:
    """Fill symmetric matrices from a function of index pairs.

    Parameters
    ----------
    size : int
        Number of trials.
    pairs : callable
        (first, second) -> (value, n_shared), one entry per pair.
    side : int
        Blocks hold at most side ** 2 pairs, which bounds the memory beyond the two matrices.

    Returns
    -------
    value : float64, shape (size, size)
    n_shared : int32, shape (size, size)
    """
    value = np.empty((size, size))
    n_shared = np.empty((size, size), np.int32)
    total, done, told = size * (size + 1) // 2, 0, time.monotonic()
    for first, second in triangle(size, side):
        value[first, second], n_shared[first, second] = pairs(first, second)
        value[second, first] = value[first, second]
        n_shared[second, first] = n_shared[first, second]
        done += first.size
        if time.monotonic() - told > 5:
            told = time.monotonic()
            log.info("%d of %d pairs of trials (%.0f %%)", done, total, 100 * done / total)
    return value, n_shared
