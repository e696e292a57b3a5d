"""Repeats of segments that come in any order."""

import numpy as np


def order_within(group: np.ndarray) -> np.ndarray:
    """How many members of its group came before each item: int64, shape of `group`."""
    order = np.argsort(group, kind="stable")
    size = np.bincount(group)
    rank = np.empty(group.size, dtype=np.int64)
    rank[order] = np.arange(group.size) - np.repeat(np.cumsum(size) - size, size)
    return rank
