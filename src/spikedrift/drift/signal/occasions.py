"""Occasions of a recording that are compared: its blocks, and windows of successive repeats."""

import itertools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Occasions:
    """Blocks, and windows of successive repeats within them, as sets of repeats.

    Attributes
    ----------
    block : bool, shape (n_blocks, n_repeats)
    group : int64, shape (n_repeats,)
        Number of the block, or of the part of a block, that a repeat is in.
    compared : tuple of (int, int, slice, slice)
        Two blocks, the earlier first, and the repeats of each that are compared with each other.
    width : int
        Number of repeats in a window.
    pair : tuple of int64, shape (n_pairs,)
        Indices of the first repeats of two windows, the earlier window first. Each window lies in
        one block, and the two share no repeat.
    lag : int64, shape (n_pairs,)
        Distance of the two windows in repeats.
    between : bool, shape (n_pairs,)
        Whether the two windows lie in different blocks.
    """

    block: np.ndarray
    group: np.ndarray
    compared: tuple[tuple[int, int, slice, slice], ...]
    width: int
    pair: tuple[np.ndarray, np.ndarray]
    lag: np.ndarray
    between: np.ndarray


def occasions(
    block: np.ndarray, position: np.ndarray, width: int, part: np.ndarray | None = None
) -> Occasions:
    """Blocks and windows of a recording.

    Parameters
    ----------
    block : int64, shape (n_repeats,)
        Block of every repeat, from 0; repeats are in order.
    position : int64, shape (n_repeats,)
        Number of the repeat, counted through the session.
    width : int
        Number of repeats in a window, two or more.
    part : int64, shape (n_repeats,), optional
        0 or 1; the repeats of a block are sorted by part. Where both occur, each part of a block is
        compared with the other part of another block only, and each window lies in one part.
    """
    part = np.zeros_like(block) if part is None else part
    group = 2 * block + part
    start = np.arange(max(block.size - width + 1, 0))
    start = start[group[start] == group[start + width - 1]]
    first, second = np.triu_indices(start.size, k=1)
    apart = start[second] - start[first] >= width
    first, second = start[first[apart]], start[second[apart]]
    split = bool(part.any())
    if split:
        far = np.abs(position[second] - position[first]) >= width
        kept = np.where(block[first] == block[second], far, part[first] != part[second])
        first, second = first[kept], second[kept]
    names = np.unique(group)
    return Occasions(
        block=np.equal.outer(np.arange(block.max() + 1), block),
        group=group,
        compared=tuple(
            (int(one // 2), int(other // 2), _run(group == one), _run(group == other))
            for one, other in itertools.combinations(names, 2)
            if one // 2 != other // 2 and (not split or one % 2 != other % 2)
        ),
        width=width,
        pair=(first, second),
        lag=np.abs(position[second] - position[first]),
        between=block[first] != block[second],
    )


def _run(member: np.ndarray) -> slice:
    """Slice of the repeats of a block or part, which are contiguous."""
    at = np.flatnonzero(member)
    return slice(at[0], at[-1] + 1)
