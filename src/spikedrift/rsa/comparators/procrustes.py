"""Procrustes: the angle between two sets of responses after the best rotation.

The plain angle, arccos(||X'Y||_* / (|X| |Y|)) of responses centered over conditions, is the angular
shape distance (Williams, Kunz, Kornblith & Linderman 2021, arXiv:2110.14739), a metric. Where there
are more units than conditions, the rotation is fitted to noise, which makes that angle small. So
the comparator fits the rotation on some repeats and takes the angle on others.
"""

import numpy as np

from spikedrift.core.errors import InputError
from spikedrift.rsa.comparator import Comparator


def _unit(response: np.ndarray) -> np.ndarray:
    """Centered over conditions, of length 1; 0 where nothing varies."""
    centered = response - response.mean(axis=0)
    length, size = np.linalg.norm(centered), np.linalg.norm(response)
    return centered / length if length > 1e-12 * size else np.zeros_like(centered)


def angle(one: np.ndarray, two: np.ndarray) -> float:
    """Angular shape distance, rotation fitted and scored on the same responses: rad, [0, pi/2].

    Parameters
    ----------
    one, two : float64, shapes (n_conditions, p) and (n_conditions, q)
        With p != q the smaller one counts as filled up with silent units.
    """
    # X'Y and the product of the triangular factors have the same singular values.
    left, right = (np.linalg.qr(_unit(side).T)[1] for side in (one, two))
    total = np.linalg.svd(left @ right.T, compute_uv=False).sum()
    return float(np.arccos(np.clip(total, -1.0, 1.0)))


def cross_validated(one: np.ndarray, two: np.ndarray) -> float:
    """Angle between responses of one fold after a rotation fitted on the others: rad, [0, pi].

    The result is the mean over folds. Where the other folds span fewer directions than there are
    units, the part of a fold outside of these finds no partner and widens the angle, as all noise
    does: compare it with the angle between halves of the data or instances of the model.

    Parameters
    ----------
    one, two : float64, shapes (n_folds, n_conditions, p) and (n_folds, n_conditions, q)

    Returns
    -------
    float
        NaN where responses do not vary over conditions.

    Raises
    ------
    InputError
        Where the shapes do not fit, or with fewer than two folds.
    """
    if len(one) != len(two) or len(one) < 2 or one.shape[1] != two.shape[1]:
        raise InputError(
            f"procrustes: responses {one.shape} and {two.shape} need the same conditions in the "
            "same number of folds, two at least"
        )
    found = []
    for fold in range(len(one)):
        fit, score = [], []
        for side in (one, two):
            rest = _unit(np.delete(side, fold, axis=0).mean(axis=0))
            basis, factor = np.linalg.qr(rest.T)
            fit.append(factor)
            score.append(_unit(side[fold]) @ basis)
            if not rest.any() or not _unit(side[fold]).any():
                return float("nan")
        left, _, right = np.linalg.svd(fit[0] @ fit[1].T, full_matrices=False)
        turned = score[0] @ left @ right
        found.append(np.arccos(np.clip((turned * score[1]).sum(), -1.0, 1.0)))
    return float(np.mean(found))


def compare(models: np.ndarray, recordings: np.ndarray) -> np.ndarray:
    """Cross-validated angle of every model with every recording: shape (..., k), rad."""
    stack = models.reshape(-1, *models.shape[-3:])
    value = [[cross_validated(one, two) for two in recordings] for one in stack]
    return np.array(value).reshape(*models.shape[:-3], len(recordings))


COMPARATOR = Comparator(
    name="procrustes",
    title="Procrustes angle (rad)",
    takes="responses",
    direction="lower",
    blind_to="rotation, reflection and scale: which units carry what, and whether single units or "
    "mixtures of them change. It follows the few directions of most variance, and noise widens it",
    citation="Williams et al. 2021, arXiv:2110.14739",
    compare=compare,
)
