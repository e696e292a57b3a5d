"""Covariance of a few statistics from few samples: Ledoit-Wolf shrinkage on a common scale."""

from collections.abc import Sequence

import numpy as np

from spikedrift.core.errors import InputError


def shrunk(samples: np.ndarray) -> np.ndarray:
    """Covariance of bootstrap samples.

    The samples are divided by their standard deviations before the shrinkage, whose target is a
    multiple of the identity: statistics with different units must not shrink to one variance.

    Parameters
    ----------
    samples : array, shape (n_samples, n_statistics)
        Rows with a NaN are left out.

    Returns
    -------
    covariance : array, shape (n_statistics, n_statistics)

    Raises
    ------
    InputError
        With fewer than three complete samples, or a statistic that does not vary.

    References
    ----------
    Ledoit & Wolf 2004, J Multivar Anal 88:365 (scikit-learn's `ledoit_wolf`).
    """
    complete = samples[np.isfinite(samples).all(axis=1)]
    if len(complete) < 3:
        raise InputError(
            f"comparison: {len(complete)} of {len(samples)} bootstrap samples have all statistics, "
            "needs 3; drop the undefined statistic from compare.statistics or ask for more samples"
        )
    return shrunk_residuals(complete - complete.mean(axis=0), len(complete) - 1)


def pooled(groups: Sequence[np.ndarray]) -> np.ndarray:
    """Covariance within groups, one for all: spread of the instances around their point.

    One matrix serves every point, so that a point whose instances scatter does not come
    closer to the recording by it.

    Parameters
    ----------
    groups : sequence of arrays, shape (n_instances, n_statistics)
        Rows with a NaN are left out; groups of one row add nothing.

    Returns
    -------
    covariance : array, shape (n_statistics, n_statistics)
        Zero where no group has two rows.

    Raises
    ------
    InputError
        For a statistic that does not vary within groups.
    """
    whole = [group[np.isfinite(group).all(axis=1)] for group in groups]
    whole = [group for group in whole if len(group) > 1]
    if not whole:
        size = groups[0].shape[1] if len(groups) else 0
        return np.zeros((size, size))
    residual = np.concatenate([group - group.mean(axis=0) for group in whole])
    return shrunk_residuals(residual, len(residual) - len(whole))


def spread(groups: Sequence[np.ndarray]) -> np.ndarray:
    """Variance of every statistic within groups, over the values that are defined.

    Parameters
    ----------
    groups : sequence of arrays, shape (n_samples, n_statistics)

    Returns
    -------
    variance : array, shape (n_statistics,)
        NaN where no group has two values.
    """
    square, freedom = np.zeros(groups[0].shape[1]), np.zeros(groups[0].shape[1])
    for group in groups:
        known = np.isfinite(group)
        n = known.sum(axis=0)
        mean = np.where(known, group, 0.0).sum(axis=0) / np.maximum(n, 1)
        square += (np.where(known, group - mean, 0.0) ** 2).sum(axis=0)
        freedom += np.maximum(n - 1, 0)
    return np.divide(square, freedom, out=np.full(square.shape, np.nan), where=freedom > 0)


def shrunk_residuals(residual: np.ndarray, freedom: int) -> np.ndarray:
    """Covariance of residuals whose mean is known to be 0, with shrunk correlations.

    Parameters
    ----------
    residual : float64, shape (n_residuals, n_statistics)
    freedom : int
        Degrees of freedom that the residuals have left.

    Returns
    -------
    covariance : float64, shape (n_statistics, n_statistics)

    Raises
    ------
    InputError
        For a statistic that does not vary.
    """
    from sklearn.covariance import ledoit_wolf  # takes a second, and many import this for `spread`

    scale = np.sqrt((residual**2).sum(axis=0) / freedom)
    if not (scale > 0).all():
        raise InputError(
            f"comparison: statistic {int(np.flatnonzero(~(scale > 0))[0])} does not vary over "
            "samples; drop it from compare.statistics"
        )
    standardized = residual / scale * np.sqrt(len(residual) / freedom)
    correlation, _ = ledoit_wolf(standardized, assume_centered=True)
    return np.asarray(correlation) * np.outer(scale, scale)
