"""How far the activity of many cells follows targets as a whole: along their principal components.

A trained cell follows its target in the mean over trials and is noisy in each; components, which
average over cells, show in a single trial what was learned, and in which cells it is seen.
"""

import numpy as np

from spikedrift.core.errors import InputError


def along(activity: np.ndarray, target: np.ndarray, n: int) -> np.ndarray:
    """Correlation over time of activity and targets, both projected on components of the targets.

    Parameters
    ----------
    activity, target : float, shape (n_times, n_units)
    n : int
        Components.

    Returns
    -------
    float64, shape (n,)

    Raises
    ------
    InputError
        For targets of fewer components.
    """
    scores, axes = components(target, n)
    centered = activity - activity.mean(axis=0)
    return np.array(
        [np.corrcoef(centered @ axis, score)[0, 1]
         for axis, score in zip(axes, scores.T, strict=True)]
    )  # fmt: skip


def carried(activity: np.ndarray, target: np.ndarray) -> float:
    """Size of the correlation over time of the first components of activity and of targets.

    Parameters
    ----------
    activity : float, shape (n_times, n_cells)
        Of any cells, trained or not.
    target : float, shape (n_times, n_units)

    Raises
    ------
    InputError
        Where one of the two does not change.
    """
    one, other = (components(part, 1)[0][:, 0] for part in (activity, target))
    return float(abs(np.corrcoef(one, other)[0, 1]))


def components(values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores and axes of the first principal components.

    Parameters
    ----------
    values : float, shape (n_times, n_units)
    n : int

    Returns
    -------
    scores : float64, shape (n_times, n)
    axes : float64, shape (n, n_units)
        Of length 1.

    Raises
    ------
    InputError
        For values of fewer components.
    """
    scores, size, axes = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    if (found := int((size > 1e-10 * np.abs(values).max()).sum())) < n:
        raise InputError(f"targets or activity have {found} principal components, fewer than {n}")
    return scores[:, :n] * size[:n], axes[:n]
