"""Regression of a repeat x repeat matrix on other such matrices, tested by circular shifts.

Pairs of repeats are not independent, so that no p of ordinary least squares holds. Instead, rows
and columns are permuted together (Mantel 1967, Cancer Res 27:209); one predictor is tested given
the others by permuting the residuals of the model without it (Freedman & Lane 1983, J Bus Econ Stat
1:292; for matrices Legendre 2000, J Stat Comput Simul 67:37; Dekker, Krackhardt & Snijders 2007,
Psychometrika 72:563).

Successive repeats share a slow state, and free permutations, which mix them, reject far too often.
Only circular shifts are used here: they keep every repeat beside its neighbors, except the two
where the ends meet.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from spikedrift.core.errors import InputError


@dataclass(frozen=True)
class Fit:
    """Least squares of a standardized response on standardized predictors.

    Attributes
    ----------
    coefficient : float64, shape (n_predictors,)
        In standard deviations of the response per standard deviation of the predictor; NaN where
        the other predictors explain all of the predictor.
    unique : float64, shape (n_predictors,)
        Share of the variance that goes with the predictor (squared semi-partial correlation).
    explained : float
        Share of the variance that goes with all of them.
    """

    coefficient: np.ndarray
    unique: np.ndarray
    explained: float


def standardized(values: np.ndarray) -> np.ndarray:
    """Scale to mean 0 and standard deviation 1 over the last axis; 0 where nothing varies."""
    centered = values - values.mean(axis=-1, keepdims=True)
    spread = centered.std(axis=-1, keepdims=True)
    return np.divide(centered, spread, out=np.zeros_like(centered), where=spread > 1e-12)


def _without(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Residuals of `values` after regression on `others` (n_others, n_pairs) and a constant."""
    design = np.vstack([np.ones(values.shape[-1]), others]).T
    solution = np.linalg.lstsq(design, values.T, rcond=None)[0]
    return np.asarray(values - (design @ solution).T)


def _basis(predictors: np.ndarray, tested: np.ndarray) -> np.ndarray:
    """Orthonormal rows that span what the tested predictors add to the others."""
    left = _without(predictors[tested], predictors[~tested])
    _, size, rows = np.linalg.svd(left, full_matrices=False)
    return np.asarray(rows[size > 1e-6 * np.sqrt(predictors.shape[1])])


def fit(response: np.ndarray, predictors: np.ndarray) -> Fit:
    """Regress the response on all predictors.

    Parameters
    ----------
    response : float64, shape (n_pairs,)
        One value per pair of repeats.
    predictors : float64, shape (n_predictors, n_pairs)
    """
    y, x = standardized(response), standardized(predictors)
    coefficient, unique = np.full((2, x.shape[0]), np.nan)
    for index in range(x.shape[0]):
        tested = np.arange(x.shape[0]) == index
        basis = _basis(x, tested)
        if basis.size:
            along = float(basis[0] @ y)
            coefficient[index] = along / float(basis[0] @ x[index])
            unique[index] = along**2 / y.size
    return Fit(coefficient, unique, 1 - float((_without(y, x) ** 2).mean()))


def shifts_within(block: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Orders of repeats by circular shifts within blocks, every block by a shift of its own.

    Parameters
    ----------
    block : int64, shape (n_repeats,)
        Block of each repeat; repeats of a block follow each other.
    most : int
        Largest number of orders: all except the given one where there are no more, otherwise this
        many drawn at random.
    rng : Generator

    Returns
    -------
    int64, shape (n_orders, n_repeats)
    """
    members = [np.flatnonzero(block == index) for index in np.unique(block)]
    sizes = [part.size for part in members]
    if np.prod([float(size) for size in sizes]) - 1 <= most:
        steps = np.array(list(itertools.product(*map(range, sizes)))[1:], dtype=np.int64)
        steps = steps.reshape(-1, len(sizes))
    else:
        steps = rng.integers(sizes, size=(most, len(sizes)))
    out = np.empty((len(steps), block.size), dtype=np.int64)
    for part, step in zip(members, steps.T, strict=True):
        out[:, part] = part[(np.arange(part.size) + step[:, None]) % part.size]
    return out


def shifts_over(n_repeats: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Orders by circular shifts of the whole recording: all except the given one, or `most`.

    Returns
    -------
    int64, shape (n_orders, n_repeats)
    """
    steps = np.arange(1, n_repeats)
    if steps.size > most:
        steps = np.sort(rng.choice(steps, most, replace=False))
    return (np.arange(n_repeats) + steps[:, None]) % n_repeats


def partial_null(
    response: np.ndarray, predictors: np.ndarray, tested: np.ndarray, orders: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit the tested predictors to the residuals of the others, put into other orders.

    The residuals of the model without the tested predictors are permuted, rows and columns
    together (Freedman-Lane). The fit of that model is not added to them again, since the
    coefficients of the tested predictors do not depend on it.

    Parameters
    ----------
    response, predictors
        As for `fit`; pairs are those of `numpy.triu_indices(n_repeats, k=1)`.
    tested : bool, shape (n_predictors,)
    orders : int64, shape (n_orders, n_repeats)

    Returns
    -------
    coefficient : float64, shape (n_orders,)
        Of the tested predictor; NaN where several are tested, or where the others explain all of
        it.
    gain : float64, shape (n_orders,)
        Share of the variance that the tested predictors add.

    Raises
    ------
    InputError
        Where the numbers of pairs and of repeats do not fit each other.
    """
    n_repeats = orders.shape[1]
    row, column = np.triu_indices(n_repeats, k=1)
    if response.size != row.size:
        raise InputError(f"{response.size} pairs of repeats, {row.size} are needed for {n_repeats}")
    y, x = standardized(response), standardized(predictors)
    basis = _basis(x, tested)
    residual = np.zeros((n_repeats, n_repeats))
    residual[row, column] = residual[column, row] = _without(y, x[~tested])
    coefficient, gain = np.full(len(orders), np.nan), np.zeros(len(orders))
    single = basis.shape[0] == 1 and tested.sum() == 1
    for index, order in enumerate(orders):
        along = basis @ residual[order[row], order[column]]
        gain[index] = float(along @ along) / y.size
        if single:
            coefficient[index] = along[0] / float(basis[0] @ x[np.flatnonzero(tested)[0]])
    return coefficient, gain
