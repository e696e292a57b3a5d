"""Powers and overlaps of signals that noise, gain and background of single trials leave unbiased.

A cell is answered by a response y_r in trial r: signal times a gain of that trial, plus noise of
zero mean that differs from trial to trial. In blocks A and B, with i, k in A and j, l in B, all
four different trials,

    power   P_A P_B = mean of <y_i, y_k> <y_j, y_l>
    overlap Q_AB    = mean of <y_i, y_j> <y_k, y_l>

hold no trial twice, so that noise drops out of both expectations, and each trial once, so that the
gains of trials, however they are correlated, enter both as the same factors. The expectation of
P_A P_B - Q_AB is therefore 0 exactly where the two signals are proportional (Cauchy-Schwarz), and
positive elsewhere.

Norms without the noise of single trials are those of the crossnobis distance (Walther et al. 2016,
NeuroImage 137:188); a ratio of an overlap to powers is the disattenuated correlation of Spearman
(1904). Pospisil & Bair (2021, Journal of Neuroscience 41:5638) subtract a known noise variance from
numerator and denominator instead; here no model of the noise is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Sum = Callable[[np.ndarray, int], np.ndarray]
"""Sums over the trials of each occasion, along an axis: (array, axis) -> array."""


@dataclass(frozen=True)
class Products:
    """Unbiased products of signals on several occasions; NaN where there are too few trials.

    Attributes
    ----------
    power : float64, shape (n_cells, n_occasions)
        P: mean of <y_i, y_k> over pairs of different trials. The squared norm of the signal.
    overlap : float64, shape (n_cells, n_occasions, n_occasions)
        Q: square of the scalar product of the signals of two occasions. NaN on the diagonal, and
        where two occasions share a trial.
    """

    power: np.ndarray
    overlap: np.ndarray


def everything(values: np.ndarray, axis: int) -> np.ndarray:
    """Sum over all trials, which are one occasion."""
    return np.asarray(values.sum(axis=axis, keepdims=True))


def members(member: np.ndarray) -> Sum:
    """Sum over the trials of occasions: bool, shape (n_occasions, n_trials); they may overlap."""
    within = member.astype(np.float64)
    return lambda values, axis: np.moveaxis(np.moveaxis(values, axis, -1) @ within.T, -1, axis)


def runs(width: int) -> Sum:
    """Sum over all runs of `width` successive trials, by their first trial."""

    def over(values: np.ndarray, axis: int) -> np.ndarray:
        lines = np.moveaxis(values, axis, -1)
        n = lines.shape[-1] - width + 1
        total = lines[..., :n] + lines[..., 1 : n + 1]
        for step in range(2, width):
            total += lines[..., step : step + n]
        return np.moveaxis(total, -1, axis)

    return over


def powers(response: np.ndarray, observed: np.ndarray, over: Sum) -> np.ndarray:
    """Mean of <y_i, y_k> over pairs of different trials: of their sum, |sum y|^2 - sum |y|^2.

    Parameters
    ----------
    response : float, shape (n_cells, n_trials, n_features)
        0 for trials that were not observed.
    observed : bool, shape (n_cells, n_trials)
    over : Sum

    Returns
    -------
    float64, shape (n_cells, n_occasions)
        P; NaN where there are fewer than two trials.
    """
    total = over(response, 1)
    own = np.einsum("cof,cof->co", total, total)
    own -= over(np.einsum("ctf,ctf->ct", response, response), 1)
    return _mean(own, n_pairs(observed, over))


def n_pairs(observed: np.ndarray, over: Sum) -> np.ndarray:
    """Ordered pairs of different trials: float64, shape (n_cells, n_occasions)."""
    n = over(observed.astype(np.float64), 1)
    return np.asarray(n * (n - 1))


def quadruples(scalar: np.ndarray, over: Sum = everything) -> np.ndarray:
    """Sum of M_ij M_kl over i != k of one occasion and j != l of another, in closed form.

    Of the square of a sum over pairs (i, j), what has i or j twice is taken away,

        sum M_ij M_kl = (sum M)^2 - sum_i (sum_j M)^2 - sum_j (sum_i M)^2 + sum M^2.

    Parameters
    ----------
    scalar : float64, shape (n_cells, n_trials, n_other_trials)
        M: scalar products of trials with other trials; 0 for trials that were not observed. They
        may be trials of one unit or of two.
    over : Sum

    Returns
    -------
    float64, shape (n_cells, n_occasions, n_other_occasions)
        Meaningless where two occasions share a trial.
    """
    rows = over(scalar, -1)
    found = over(rows, -2) ** 2
    found -= over(rows**2, -2)
    found -= over(over(scalar, -2) ** 2, -1)
    found += over(over(scalar**2, -1), -2)
    return np.asarray(found)


def powers_without(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Power P of all trials but one: of `powers`, the terms that hold the trial are taken away.

    Parameters
    ----------
    response : float, shape (n_cells, n_trials, n_features)
        0 for trials that were not observed.
    observed : bool, shape (n_cells, n_trials)

    Returns
    -------
    float64, shape (n_cells, n_trials)
        By the trial that is left out; P itself for one that was not observed, NaN where fewer than
        two trials are left.
    """
    total = response.sum(axis=1)
    size = np.einsum("ctf,ctf->ct", response, response)
    whole = np.einsum("cf,cf->c", total, total) - size.sum(axis=1)
    left = whole[:, None] - 2 * (np.einsum("cf,ctf->ct", total, response) - size)
    return _mean(left, _pairs_without(observed))


def _pairs_without(observed: np.ndarray) -> np.ndarray:
    """`n_pairs` of all trials but one: float64, shape (n_cells, n_trials)."""
    n = observed.sum(axis=1, keepdims=True) - observed.astype(np.float64)
    return np.asarray(n * (n - 1))


def overlaps_without(
    scalar: np.ndarray, first_observed: np.ndarray, second_observed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Overlap Q of all trials, of all but one of the first occasion, and but one of the second.

    What holds the trial i in `quadruples` is 2 [S r_i - r_i^2 - sum_j c_j M_ij + sum_j M_ij^2],
    with r_i and c_j the sums of M over j and over i, and S over both.

    Parameters
    ----------
    scalar : float64, shape (n_cells, n_trials, n_other_trials)
        As in `overlaps`.
    first_observed, second_observed : bool, shape (n_cells, n_trials)

    Returns
    -------
    float64, shapes (n_cells,), (n_cells, n_trials) and (n_cells, n_other_trials)
        The latter by the trial that is left out. NaN where fewer than two trials are left on either
        side.
    """
    squared = scalar**2
    row, column = scalar.sum(axis=2), scalar.sum(axis=1)
    row_squares, column_squares = squared.sum(axis=2), squared.sum(axis=1)
    total = row.sum(axis=1, keepdims=True)
    all_of_it = (total**2)[:, 0] - (row**2).sum(axis=1) - (column**2).sum(axis=1)
    all_of_it += row_squares.sum(axis=1)
    with_row = (total - row) * row - (scalar @ column[..., None])[..., 0] + row_squares
    with_column = (total - column) * column - (row[:, None] @ scalar)[:, 0] + column_squares
    n, other = n_pairs(first_observed, everything), n_pairs(second_observed, everything)
    return (
        _mean(all_of_it, (n * other)[:, 0]),
        _mean(all_of_it[:, None] - 2 * with_row, _pairs_without(first_observed) * other),
        _mean(all_of_it[:, None] - 2 * with_column, _pairs_without(second_observed) * n),
    )


def _mean(total: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Sums by their numbers of terms; NaN where there are none."""
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def products(response: np.ndarray, observed: np.ndarray, member: np.ndarray) -> Products:
    """Powers and overlaps of the signals of every cell.

    Parameters
    ----------
    response : float, shape (n_cells, n_trials, n_features)
        Centered responses (`spikedrift.drift.signal.responses`).
    observed : bool, shape (n_cells, n_trials)
        Trials of a cell that count.
    member : bool, shape (n_occasions, n_trials)
        Trials of each occasion, such as a block. Occasions may overlap.

    Returns
    -------
    Products
    """
    seen = np.where(observed[..., None], response, 0.0)
    over = members(member)
    overlap = np.full((observed.shape[0], member.shape[0], member.shape[0]), np.nan)
    for one, other in zip(*np.triu_indices(member.shape[0], k=1), strict=True):
        if not (member[one] & member[other]).any():
            scalar = seen[:, member[one]] @ seen[:, member[other]].transpose(0, 2, 1)
            overlap[:, one, other] = overlaps(
                scalar, observed[:, member[one]], observed[:, member[other]]
            )
            overlap[:, other, one] = overlap[:, one, other]
    return Products(power=powers(seen, observed, over), overlap=overlap)


def overlaps(
    scalar: np.ndarray, first_observed: np.ndarray, second_observed: np.ndarray
) -> np.ndarray:
    """Overlaps Q of two signals that have no trial in common, of one unit or of two.

    Parameters
    ----------
    scalar : float64, shape (n_cells, n_trials, n_other_trials)
        Scalar products of centered responses on one occasion with those on another; 0 for trials
        that were not observed.
    first_observed, second_observed : bool, shape (n_cells, n_trials)

    Returns
    -------
    float64, shape (n_cells,)
        NaN where there are fewer than two trials on either side.
    """
    found = quadruples(scalar)[:, 0, 0]
    every = n_pairs(first_observed, everything) * n_pairs(second_observed, everything)
    return _mean(found, every[:, 0])


def window_products(response: np.ndarray, observed: np.ndarray, width: int) -> Products:
    """Powers and overlaps of all runs of `width` successive trials, by their first trial.

    Parameters
    ----------
    response : float, shape (n_cells, n_trials, n_features)
        0 for trials that were not observed.
    observed : bool, shape (n_cells, n_trials)
    width : int
        Two or more.

    Returns
    -------
    Products
        0, not NaN, where there are too few trials, so that sums leave it out; an overlap is
        meaningless where two runs share a trial.
    """
    over = runs(width)
    pairs = n_pairs(observed, over)
    share = np.divide(1.0, pairs, out=np.zeros(pairs.shape), where=pairs > 0)
    overlap = quadruples(response @ response.transpose(0, 2, 1), over)
    if observed.all():
        overlap *= share[0, 0] ** 2
    else:
        overlap *= share[:, :, None] * share[:, None, :]
    return Products(power=np.nan_to_num(powers(response, observed, over), nan=0.0), overlap=overlap)
