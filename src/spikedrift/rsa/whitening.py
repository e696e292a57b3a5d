"""Whitening of dissimilarities: pairs that share a condition share its noise.

The estimates of two distances have covariance V = Xi * Xi, elementwise, up to a factor, where
Xi = C S C', C holds a row (1, -1) for each pair of conditions and S is the noise covariance of the
conditions (Diedrichsen et al. 2021, arXiv:2007.02789).
"""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial.distance import squareform

from spikedrift.rsa.stacks import n_conditions


def covariance(n: int, sigma: np.ndarray | None = None) -> np.ndarray:
    """V of all pairs of n conditions: shape (n_pairs, n_pairs).

    Parameters
    ----------
    n : int
    sigma : float64, shape (n, n), optional
        S; left out: independent noise of the same size.
    """
    row, column = np.triu_indices(n, k=1)
    s = np.eye(n) if sigma is None else sigma
    xi = s[np.ix_(row, row)] + s[np.ix_(column, column)]
    xi = xi - s[np.ix_(row, column)] - s[np.ix_(column, row)]
    return np.asarray(xi * xi)


def whitened(
    rdms: np.ndarray, pairs: np.ndarray | None = None, sigma: np.ndarray | None = None
) -> np.ndarray:
    """Rows whose inner products are a' V^-1 b.

    With all pairs and independent noise these are, up to a factor, the inner products of the
    doubly centered matrices -HDH/2: the second moments of the responses.

    Parameters
    ----------
    rdms : float64, shape (m, n)
        Dissimilarities of the pairs that are left.
    pairs : bool, shape (n_pairs,), optional
        Which ones these are; left out: all.
    sigma : float64, shape (n_conditions, n_conditions), optional
        As for `covariance`.

    Returns
    -------
    float64, shape (m, anything)
    """
    pairs = np.ones(rdms.shape[1], bool) if pairs is None else pairs
    n = n_conditions(pairs)
    if sigma is None and pairs.all():
        center = np.eye(n) - 1 / n
        moments = np.stack([center @ squareform(row, checks=False) @ center for row in rdms])
        return np.asarray(moments.reshape(len(rdms), -1))
    v = covariance(n, sigma)[np.ix_(pairs, pairs)]
    return np.asarray(solve_triangular(np.linalg.cholesky(v), rdms.T, lower=True).T)
