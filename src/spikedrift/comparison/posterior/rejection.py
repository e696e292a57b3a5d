"""Rejection ABC, the reference of the posterior, and whether a recording is like any run.

Parameters of the runs whose statistics are nearest to a recording's are draws of a posterior
without anything that could be fitted too well (Pritchard et al. 1999, Mol. Biol. Evol. 16:1791). It
is too wide, since the nearest runs are not at the recording.
"""

import numpy as np


def standard(statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation by which statistics are made comparable: (n_statistics,) each."""
    return statistics.mean(axis=0), statistics.std(axis=0)


def nearest(asked: np.ndarray, runs: np.ndarray, n: int) -> np.ndarray:
    """The n runs nearest to every asked set of standardized statistics: int, (n_asked, n).

    Parameters
    ----------
    asked : float, shape (n_asked, n_statistics)
    runs : float, shape (n_runs, n_statistics)
    n : int
    """
    return np.argsort(_distance(asked, runs), axis=1, kind="stable")[:, :n]


def atypical(observed: np.ndarray, held_out: np.ndarray, runs: np.ndarray, n: int) -> float:
    """P that a run of the family is as far from its n-th nearest run as the recording is.

    Held-out runs and, if the family made it, the recording are exchangeable: P is exact. Where it
    is small, no posterior of this family says anything, since the flow was never shown its like.

    Parameters
    ----------
    observed : float, shape (n_statistics,)
    held_out : float, shape (n_sets, n_statistics)
    runs : float, shape (n_runs, n_statistics)
        Those trained on.
    n : int
    """
    both = np.vstack([observed, held_out])
    far = np.sort(_distance(both, runs), axis=1)[:, n - 1]
    return float((far[1:] >= far[0]).sum() + 1) / len(both)


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Squared distances of all pairs: shape (n_one, n_other)."""
    return np.asarray(((one[:, None] - other[None]) ** 2).sum(axis=2))
