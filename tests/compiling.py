"""Numba's kernels of this tree, compiled once and kept beside their sources for all copies."""

import fcntl
from pathlib import Path

import numpy as np

from spikedrift.similarity.spikeship import spikeship_pairs


def compile_once(lock: Path) -> None:
    """Compile what the workflow calls, where it is not there; one worker does, others wait."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        n, times = 40, np.arange(40.0)
        every = np.triu_indices(n, 1)
        neighbors = np.arange(n - 1), np.arange(1, n)
        for first, second in (every, neighbors):  # kernels of many pairs, and of few
            spikeship_pairs(times, np.arange(n + 1), n, 1, None, first, second)
