"""What lag and block alone say about window x window matrices: baselines, and their removal.

A matrix that knows only the lag correlates better with a recording than the true model does, by
chance (docs/comparison.md). So it stands beside every score, and structure is claimed only of what
is left when lag and block are out.
"""

import numpy as np

from spikedrift.comparison.baselines import BASELINES
from spikedrift.comparison.comparator import cleared
from spikedrift.comparison.rdm_stacks import relabeled


def pairs_of(block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of windows: lag, relation and cell, shape (n_pairs,) each.

    Parameters
    ----------
    block : int64, shape (n_windows,)

    Returns
    -------
    lag : int64
        Windows.
    within : bool
        Both windows lie in one block.
    cell : int64
        Index of the pair's (block, block, lag).
    """
    row, column = np.triu_indices(block.size, k=1)
    keys = np.stack([block[row], block[column], column - row])
    cell = np.unique(keys, axis=1, return_inverse=True)[1].ravel()
    return column - row, block[row] == block[column], cell.astype(np.int64)


def _means(rdms: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Every entry replaced by the mean of the defined entries of its cell."""
    member = np.equal.outer(np.arange(int(cell.max(initial=-1)) + 1), cell).astype(np.float64)
    known = np.isfinite(rdms)
    n = known @ member.T
    total = np.where(known, rdms, 0.0) @ member.T
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    return np.asarray(mean[..., cell])


def beyond(rdms: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Take lag and block out: each entry less the mean of all with its lag and pair of blocks.

    Whatever is a function of lag and block is 0 afterwards, as is an entry alone in its cell.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
    block : int64, shape (n_windows,)
    """
    residual = rdms - _means(rdms, pairs_of(block)[2])
    left = cleared(np.nan_to_num(residual), np.nan_to_num(rdms))
    return np.where(np.isfinite(rdms), left, np.nan)


def baseline_rdms(rdm: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Noise-free matrices of generators that know less than any model: (n_baselines, n_pairs).

    In the order of `BASELINES`. `lag_only`, `block_only`: means of the recording's own
    dissimilarities at each lag, or within and between blocks; as strong as they can be.
    `no_drift`: 0 everywhere.
    """
    lag, within, _ = pairs_of(block)
    found = {
        "lag_only": _means(rdm[None], lag)[0],
        "block_only": _means(rdm[None], within.astype(np.int64))[0],
        "no_drift": np.zeros(rdm.shape),
    }
    return np.stack([found[name] for name in BASELINES])


def shifted(rdms: np.ndarray, block: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Residuals of matrices whose windows are put into other orders, lag and block out again.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
        Lag and block are out.
    block : int64, shape (n_windows,)
    orders : int64, shape (n_orders, n_windows)

    Returns
    -------
    float64, shape (n_orders, k, n_pairs)
    """
    moved = relabeled(rdms, orders)
    return beyond(moved.reshape(-1, rdms.shape[1]), block).reshape(moved.shape)
