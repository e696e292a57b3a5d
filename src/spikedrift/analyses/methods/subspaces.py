"""Overlap of subspaces of units between blocks, corrected for chance and for noise.

The overlap of two subspaces of r dimensions among n units is the mean squared cosine of their
principal angles, |U'V|^2 / r for orthonormal U and V. Independent random ones overlap by r / n.
"""

import numpy as np


def overlaps(loadings: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Overlap of every pair of subspaces beyond chance, and 1 for the same one.

    Parameters
    ----------
    loadings : float64, shape (n_spaces, n_units, rank)
        Columns span a subspace.
    weights : float64, shape (n_units,)
        How often each unit counts: 1, or how often a bootstrap drew it.

    Returns
    -------
    float64, shape (n_spaces, n_spaces)
        (overlap - chance) / (1 - chance), so that independent random subspaces have the mean 0;
        NaN where a bootstrap leaves fewer units than there are dimensions.
    """
    n_spaces, _, rank = loadings.shape
    flat = loadings.transpose(1, 0, 2).reshape(loadings.shape[1], -1)
    gram = (flat.T @ (weights[:, None] * flat)).reshape(n_spaces, rank, n_spaces, rank)
    own = np.moveaxis(np.diagonal(gram, axis1=0, axis2=2), -1, 0)
    size, axes = np.linalg.eigh(own)
    kept = size > 1e-10 * size[:, -1:]
    root = axes * np.where(kept, 1 / np.sqrt(np.where(kept, size, 1.0)), 0.0)[:, None]
    turned = np.einsum("xai,xayb,ybj->xyij", root, gram, root, optimize=True)
    found = (turned**2).sum(axis=(2, 3)) / rank
    chance = rank * (weights**2).sum() / weights.sum() ** 2
    if chance >= 1:
        return np.full(found.shape, np.nan)
    return np.asarray((found - chance) / (1 - chance))


def by_block(overlap: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Mean overlap within each block, between halves of it, and between blocks.

    Parameters
    ----------
    overlap : float64, shape (n_spaces, n_spaces)
        Spaces in the order (split, half, block).
    shape : (n_splits, 2, n_blocks)

    Returns
    -------
    float64, shape (n_blocks, n_blocks)
        Diagonal: the two halves of a split. Elsewhere: all pairs of halves, since trials of two
        blocks are never the same.
    """
    whole = overlap.reshape(shape + shape)
    out = whole.mean(axis=(0, 1, 3, 4))
    blocks = np.arange(shape[2])
    out[blocks, blocks] = np.mean(
        [whole[split, 0, blocks, split, 1, blocks] for split in range(shape[0])], axis=0
    )
    return np.asarray(out)


def by_distance(overlap: np.ndarray) -> np.ndarray:
    """Mean overlap of blocks that are 0, 1, 2 ... apart: shape (..., n_blocks).

    Parameters
    ----------
    overlap : float64, shape (..., n_blocks, n_blocks)
        Of `by_block`.
    """
    n = overlap.shape[-1]
    apart = [np.diagonal(overlap, k, axis1=-2, axis2=-1).mean(axis=-1) for k in range(n)]
    return np.stack(apart, axis=-1)


def drift_by_lag(overlap: np.ndarray) -> np.ndarray:
    """Share of a subspace that is replaced between blocks: 0 kept, 1 independent.

    It is 1 - between / sqrt(within_a within_b), each summed over the pairs of blocks. Noise tilts
    both estimates of a subspace and lowers the overlap within a block by what it takes between two
    (Spearman 1904).

    Parameters
    ----------
    overlap : float64, shape (..., n_blocks, n_blocks)
        Of `by_block`.

    Returns
    -------
    float64, shape (..., n_blocks)
        Over all pairs of blocks, then at lags of 1, 2 ... blocks. Pairs with a block whose halves
        have no subspace in common are left out; NaN where none is left.
    """
    within = np.maximum(np.diagonal(overlap, axis1=-2, axis2=-1), 0.0)
    n = within.shape[-1]
    one, two = np.triu_indices(n, k=1)
    size = np.sqrt(within[..., one] * within[..., two])
    kept = np.where(size > 0, overlap[..., one, two], 0.0)
    out = []
    for lag in range(n):
        pairs = np.ones(one.size, bool) if lag == 0 else two - one == lag
        total, found = (part[..., pairs].sum(axis=-1) for part in (size, kept))
        share = np.divide(found, total, out=np.full(total.shape, np.nan), where=total > 0)
        out.append(1 - share)
    return np.stack(out, axis=-1)
