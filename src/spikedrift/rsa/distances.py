"""Dissimilarities of responses, cross-validated over folds (repeats).

A distance of two noisy averages is biased up by their noise, and more so where spike counts or
numbers of trials are small: drifting rates then look like structure. A product of differences from
two folds with independent noise is not biased; it can be negative (Walther et al. 2016, NeuroImage
137:188; Schuett et al. 2023, eLife 12:e82566).

Shapes: folds x conditions x features throughout; distances are the upper triangle of the condition
x condition matrix, row by row, one vector a fold.
"""

from typing import Literal

import numpy as np

from spikedrift.stats.covariance import shrunk_residuals
from spikedrift.stats.means import defined_means

Stabilization = Literal["none", "sqrt", "anscombe"]
Normalization = Literal["none", "univariate", "shrunk"]
PRIOR_RATE, PRIOR_WEIGHT = 1.0, 0.1  # spikes, folds: keeps the logarithm of silence finite


def stabilized(count: np.ndarray, how: Stabilization) -> np.ndarray:
    """Spike counts on a scale on which Poisson noise has nearly one variance.

    sqrt: x^(1/2), variance 1/4 from a mean of about 10 on; anscombe: 2 (x + 3/8)^(1/2), variance 1
    from a mean of about 4 on (Anscombe 1948, Biometrika 35:246). Below a mean of 1 neither holds.
    The shape of `count` stays.
    """
    if how == "sqrt":
        return np.sqrt(count)
    if how == "anscombe":
        return np.asarray(2 * np.sqrt(count + 3 / 8))
    return count


def normalized(
    response: np.ndarray, observed: np.ndarray, how: Normalization
) -> tuple[np.ndarray, np.ndarray]:
    """Responses in units of their noise: distances between them are Mahalanobis distances.

    Noise is what differs between the repeats of a window, which lie side by side, so that drift
    hardly enters.

    Parameters
    ----------
    response : float64, shape (n_windows, n_members, n_segments, n_units)
    observed : bool, same shape
    how : {"none", "univariate", "shrunk"}
        univariate: every unit over its standard deviation. shrunk: whitened by the inverse root of
        the noise covariance, its correlations shrunk (Ledoit & Wolf 2004, J Multivar Anal 88:365).

    Returns
    -------
    response, observed : same shape, except for the number of units
        Units without noise to divide by are left out; by "shrunk" also those not observed in all
        trials.
    """
    if how == "none":
        return response, observed
    if how == "shrunk":
        whole = observed.all(axis=(0, 1, 2))
        response, observed = response[..., whole], observed[..., whole]
    # Residuals about the mean of a (window, segment), over trials in which the unit was observed.
    n = observed.sum(axis=1, keepdims=True)
    total = np.where(observed, response, 0.0).sum(axis=1, keepdims=True)
    mean = np.divide(total, n, out=np.zeros(total.shape), where=n > 0)
    residual = np.where(observed, response - mean, 0.0)
    freedom = np.maximum(n - 1, 0).sum(axis=(0, 1, 2))
    square = (residual**2).sum(axis=(0, 1, 2))
    noisy = square > 1e-12 * (np.where(observed, response, 0.0) ** 2).sum(axis=(0, 1, 2))
    response, observed, residual = (part[..., noisy] for part in (response, observed, residual))
    if how == "univariate":
        deviation = np.sqrt(square[noisy] / freedom[noisy])
        return response / deviation, observed
    if not noisy.any():
        return response, observed
    units = int(noisy.sum())
    covariance = shrunk_residuals(residual.reshape(-1, units), int(freedom[noisy][0]))
    size, direction = np.linalg.eigh(covariance)
    return response @ (direction / np.sqrt(size)) @ direction.T, observed


def _products(left: np.ndarray, right: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Mean over shared features of (l_i - l_j)(r_i - r_j): shape (n_pairs,), NaN without any.

    Parameters
    ----------
    left, right : float64, shape (n_conditions, n_features)
    observed : bool, same shape
        A pair shares the features that are observed in both of its conditions.
    """
    seen = observed.astype(np.float64)
    left, right = np.where(observed, left, 0.0), np.where(observed, right, 0.0)
    both = left * right
    cross = left @ right.T
    own = both @ seen.T  # l_i r_i over the features that j shares
    n = seen @ seen.T
    total = own + own.T - cross - cross.T
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    return np.asarray(mean[np.triu_indices(len(left), k=1)])


def _folds(response: np.ndarray, observed: np.ndarray, poisson: bool) -> np.ndarray:
    n_folds, n = response.shape[:2]
    out = np.full((n_folds, n * (n - 1) // 2), np.nan)
    seen = np.where(observed, response, 0.0)
    total, count = seen.sum(axis=0), observed.sum(axis=0)
    for fold in range(n_folds):
        others = count - observed[fold]
        shared = observed[fold] & (others > 0)
        train = np.divide(total - seen[fold], others, out=np.zeros(total.shape), where=others > 0)
        test = seen[fold]
        if poisson:
            train, test = (
                (side + PRIOR_RATE * PRIOR_WEIGHT) / (1 + PRIOR_WEIGHT) for side in (train, test)
            )
            test = np.log(test)
        out[fold] = _products(train, test, shared)
    return out


def crossnobis_folds(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Squared distances of conditions per feature, the mean of all other folds against each fold.

    Parameters
    ----------
    response : float64, shape (n_folds, n_conditions, n_features)
        Normalized by their noise (`normalized`) for crossnobis; without it the result is the
        cross-validated squared Euclidean distance.
    observed : bool, same shape

    Returns
    -------
    float64, shape (n_folds, n_pairs)
        NaN where no feature is shared. The distance is their mean, `crossvalidated`.
    """
    return _folds(response, observed, poisson=False)


def poisson_folds(count: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Symmetrized Kullback-Leibler divergence of Poisson rates per feature, nats; shapes as above.

    It is (m_i - m_j)(log m'_i - log m'_j), with m from the mean counts of all other folds and m'
    from each fold, both drawn toward one spike with the weight of a tenth of a fold. The logarithm
    of few spikes is biased, so that this estimate is free of shared noise, but not of bias.
    """
    return _folds(count, observed, poisson=True)


def crossvalidated(folds: np.ndarray) -> np.ndarray:
    """Mean over folds of the distances that are defined: shape (n_pairs,)."""
    return defined_means(folds, axis=0)


def without_floor(mean: np.ndarray) -> np.ndarray:
    """Take out of mean dissimilarities between conditions what trials of one condition differ by.

    D_ij - (D_ii + D_jj) / 2, with D_ii over different trials: half of the energy distance (Szekely
    & Rizzo 2013, J Stat Plan Inference 143:1249), estimated without bias and 0 on average where
    two conditions have one distribution. Of squared Euclidean distances it is crossnobis.

    Parameters
    ----------
    mean : float64, shape (..., n_conditions, n_conditions)

    Returns
    -------
    float64, shape (..., n_pairs)
    """
    own = np.diagonal(mean, axis1=-2, axis2=-1)
    row, column = np.triu_indices(mean.shape[-1], k=1)
    return np.asarray(mean[..., row, column] - 0.5 * (own[..., row] + own[..., column]))
