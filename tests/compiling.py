"""What is compiled of this tree, once, and kept beside its source for all copies."""

import compileall
import fcntl
from pathlib import Path

import numpy as np

from spikedrift.similarity.spikeship import spikeship_pairs

SOURCES = Path(__file__).resolve().parents[1] / "src"


def compile_once(lock: Path) -> None:
    """Compile what the workflow calls, where it is not there; one worker does, others wait.

    These are Python's own files, which a job would compile anew where nothing may be written
    (PYTHONDONTWRITEBYTECODE), and numba's kernels.
    """
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        compileall.compile_dir(SOURCES, quiet=1)
        n, times = 40, np.arange(40.0)
        every = np.triu_indices(n, 1)
        neighbors = np.arange(n - 1), np.arange(1, n)
        for first, second in (every, neighbors):  # kernels of many pairs, and of few
            spikeship_pairs(times, np.arange(n + 1), n, 1, None, first, second)
