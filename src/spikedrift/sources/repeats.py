"""Repeats: which showing of a segment a trial is, counted within a block or through all of them."""

import numpy as np


def order_within(group: np.ndarray) -> np.ndarray:
    """How many members of its group came before each item: int64, shape of `group`."""
    order = np.argsort(group, kind="stable")
    size = np.bincount(group)
    rank = np.empty(group.size, dtype=np.int64)
    rank[order] = np.arange(group.size) - np.repeat(np.cumsum(size) - size, size)
    return rank


def counted_through(block: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Repeats numbered over all blocks, as the trials contract has them.

    Parameters
    ----------
    block : array of int, shape (n_trials,)
        Numbers that rise in the order of showing.
    label : array, shape (n_trials,)
        Repeat of each trial within its block; it may start again in every block or count through.

    Returns
    -------
    int64, shape (n_trials,)
        From 0 without a gap, ordered by block and then by label: a number is in one block only.
    """
    _, number = np.unique(label, return_inverse=True)
    pairs = np.stack([np.asarray(block, dtype=np.int64), number.ravel().astype(np.int64)])
    return np.unique(pairs, axis=1, return_inverse=True)[1].ravel().astype(np.int64)
