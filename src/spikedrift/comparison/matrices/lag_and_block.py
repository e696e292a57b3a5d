"""Effects of lag and block alone on window x window matrices: baselines, and their removal.

A matrix that depends only on the lag can correlate better with a recording than the true model
does, because it has no noise of its own (docs/comparison-matrices.md). It is therefore shown beside
every score, and structure is claimed only for the residuals after lag and block are removed.
"""

import numpy as np

from spikedrift.comparison.scores.baselines import BASELINES
from spikedrift.rsa.comparator import cleared
from spikedrift.rsa.stacks import relabeled


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
    """Replace every entry by the mean of the defined entries of its cell."""
    member = np.equal.outer(np.arange(int(cell.max(initial=-1)) + 1), cell).astype(np.float64)
    known = np.isfinite(rdms)
    n = known @ member.T
    total = np.where(known, rdms, 0.0) @ member.T
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    return np.asarray(mean[..., cell])


def _design(block: np.ndarray) -> np.ndarray:
    """Design matrix, indicators of cells and of windows: shape (n_pairs, n_cells + n_windows)."""
    row, column = np.triu_indices(block.size, k=1)
    cell = pairs_of(block)[2]
    design = np.zeros((row.size, int(cell.max(initial=-1)) + 1 + block.size))
    pair, first = np.arange(row.size), design.shape[1] - block.size
    design[pair, cell] = design[pair, first + row] = design[pair, first + column] = 1.0
    return design


def residual(rdms: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Take lag and block out, and the level of single windows: residuals of a least-squares fit.

    The fit has a term for each (block, block, lag) and a term a_i + a_j for each window. Whatever
    is a function of lag and block is 0 afterwards, as is an entry alone in its cell. The level of a
    window goes too, as no model could know which window was noisy or lay in another state, and
    as shifts are no null for noise that all pairs of a window share.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
        NaN pairs stay NaN and enter no fit.
    block : int64, shape (n_windows,)
    """
    design, known = _design(block), np.isfinite(rdms)
    out = np.full(rdms.shape, np.nan)
    # Rows with the same undefined pairs are fitted together.
    whole = bool(known.all())
    patterns, member = (
        (known[:1], np.zeros(len(rdms), np.int64))
        if whole
        else np.unique(known, axis=0, return_inverse=True)
    )
    for index, pairs in enumerate(patterns):
        rows = np.flatnonzero(member.ravel() == index)
        given = rdms[np.ix_(rows, np.flatnonzero(pairs))]
        basis, size, _ = np.linalg.svd(design[pairs], full_matrices=False)
        basis = basis[:, size > 1e-9 * size.max(initial=0.0)]
        out[np.ix_(rows, np.flatnonzero(pairs))] = cleared(given - (given @ basis) @ basis.T, given)
    return out


def baseline_rdms(rdm: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Noise-free matrices of baselines that know less than any model: (n_baselines, n_pairs).

    They are in the order of `BASELINES`. `lag_only` and `block_only` are means of the recording's
    own dissimilarities at each lag, or within and between blocks, and so as strong as possible.
    `no_drift` is 0 everywhere.
    """
    lag, within, _ = pairs_of(block)
    found = {
        "lag_only": _means(rdm[None], lag)[0],
        "block_only": _means(rdm[None], within.astype(np.int64))[0],
        "no_drift": np.zeros(rdm.shape),
    }
    return np.stack([found[name] for name in BASELINES])


def shifted(rdms: np.ndarray, block: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Residuals of matrices with windows in other orders; lag and block are removed again.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
        Residuals without lag and block.
    block : int64, shape (n_windows,)
    orders : int64, shape (n_orders, n_windows)

    Returns
    -------
    float64, shape (n_orders, k, n_pairs)
    """
    moved = relabeled(rdms, orders)
    return residual(moved.reshape(-1, rdms.shape[1]), block).reshape(moved.shape)
