"""Powers and overlaps of signals, unbiased by noise, gain and background of single trials.

The response y_r of a cell in trial r is the signal times a gain of that trial, plus noise of zero
mean that is independent from trial to trial. For blocks A and B, with trials i, k in A and j, l in
B, all four different,

    power   P_A P_B = mean of <y_i, y_k> <y_j, y_l>
    overlap Q_AB    = mean of <y_i, y_j> <y_k, y_l>

have every trial in each of their terms exactly once. Noise therefore drops out of both
expectations, and the gains of trials, however they are correlated, enter both as the same factors.
The expectation of P_A P_B - Q_AB is 0 exactly where the two signals are proportional
(Cauchy-Schwarz), and positive elsewhere.

Norms without the noise of single trials are those of the crossnobis distance (Walther et al. 2016,
NeuroImage 137:188); a ratio of an overlap to powers is the square of the disattenuated correlation
of Spearman (1904). Pospisil & Bair (2021, Journal of Neuroscience 41:5638) subtract a known noise
variance from numerator and denominator instead; no model of the noise is needed here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Sum = Callable[[np.ndarray, int], np.ndarray]
"""Function that sums over the trials of each occasion along an axis: (array, axis) -> array."""


@dataclass(frozen=True)
class Products:
    """Unbiased products of signals on several occasions; NaN where there are too few trials.

    Attributes
    ----------
    power : float64, shape (n_cells, n_occasions)
        P: mean of <y_i, y_k> over pairs of different trials. The squared norm of the signal.
    overlap : float64, shape (n_cells, n_occasions, n_occasions)
        Q: square of the scalar product of the signals of two occasions. NaN on the diagonal and
        where two occasions share a trial.
    """

    power: np.ndarray
    overlap: np.ndarray


def everything(values: np.ndarray, axis: int) -> np.ndarray:
    """`Sum` over all trials, which are one occasion."""
    return np.asarray(values.sum(axis=axis, keepdims=True))


def members(member: np.ndarray) -> Sum:
    """`Sum` over occasions given as bool, shape (n_occasions, n_trials); they may overlap."""
    within = member.astype(np.float64)
    return lambda values, axis: np.moveaxis(np.moveaxis(values, axis, -1) @ within.T, -1, axis)


def runs(width: int) -> Sum:
    """`Sum` over all runs of `width` (two or more) successive trials, by their first trial."""

    def over(values: np.ndarray, axis: int) -> np.ndarray:
        lines = np.moveaxis(values, axis, -1)
        n = lines.shape[-1] - width + 1
        total = lines[..., :n] + lines[..., 1 : n + 1]
        for step in range(2, width):
            total += lines[..., step : step + n]
        return np.moveaxis(total, -1, axis)

    return over


def powers(response: np.ndarray, observed: np.ndarray, over: Sum) -> np.ndarray:
    """Mean of <y_i, y_k> over pairs of different trials, whose sum is |sum y|^2 - sum |y|^2.

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

    Terms with i or j twice are subtracted from the square of the sum over pairs (i, j),

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


def squares(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Square of the power: mean of <y_i, y_k> <y_j, y_l> over four different trials of an occasion.

    With M_ik = <y_i, y_k>, 0 where i = k, and r_i = sum_k M_ik, the terms of (sum M)^2 with a trial
    twice are subtracted: (sum M)^2 - 4 sum_i r_i^2 + 2 sum M^2.

    Parameters
    ----------
    response : float, shape (n_cells, n_trials, n_features)
        0 for trials that were not observed.
    observed : bool, shape (n_cells, n_trials)

    Returns
    -------
    float64, shape (n_cells,)
        P^2 without the noise of trials, as far as their gains are independent; NaN where there are
        fewer than four trials.
    """
    scalar = response @ response.transpose(0, 2, 1)
    place = np.arange(scalar.shape[1])
    scalar[:, place, place] = 0.0
    row = scalar.sum(axis=2)
    total = row.sum(axis=1) ** 2 - 4 * (row**2).sum(axis=1) + 2 * (scalar**2).sum(axis=(1, 2))
    n = observed.sum(axis=1).astype(np.float64)
    return _mean(total, np.clip(n * (n - 1) * (n - 2) * (n - 3), 0.0, None))


def powers_without(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Power P without each trial in turn: `powers` less the terms that hold the trial.

    Parameters
    ----------
    response : float, shape (n_cells, n_trials, n_features)
        0 for trials that were not observed.
    observed : bool, shape (n_cells, n_trials)

    Returns
    -------
    float64, shape (n_cells, n_trials)
        By the trial that is left out: P of all trials if it was not observed, NaN where fewer than
        two trials are left.
    """
    total = response.sum(axis=1)
    size = np.einsum("ctf,ctf->ct", response, response)
    whole = np.einsum("cf,cf->c", total, total) - size.sum(axis=1)
    left = whole[:, None] - 2 * (np.einsum("cf,ctf->ct", total, response) - size)
    return _mean(left, _pairs_without(observed))


def _pairs_without(observed: np.ndarray) -> np.ndarray:
    """`n_pairs` without each trial in turn: float64, shape (n_cells, n_trials)."""
    n = observed.sum(axis=1, keepdims=True) - observed.astype(np.float64)
    return np.asarray(n * (n - 1))


def overlaps_without(
    scalar: np.ndarray, first_observed: np.ndarray, second_observed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Overlap Q of all trials, and without each trial of the first and of the second occasion.

    The terms of `quadruples` that hold the trial i sum to 2 [S r_i - r_i^2 - sum_j c_j M_ij + sum_j
    M_ij^2], where r_i and c_j are the sums of M over j and over i, and S is the sum over both.

    Parameters
    ----------
    scalar : float64, shape (n_cells, n_trials, n_other_trials)
        As in `overlaps`.
    first_observed : bool, shape (n_cells, n_trials)
    second_observed : bool, shape (n_cells, n_other_trials)

    Returns
    -------
    float64, shapes (n_cells,), (n_cells, n_trials) and (n_cells, n_other_trials)
        The last two are by the trial that is left out. NaN where fewer than two trials are left on
        either side.
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
    """Sums divided by their numbers of terms; NaN where there are none."""
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
    first_observed : bool, shape (n_cells, n_trials)
    second_observed : bool, shape (n_cells, n_other_trials)

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
        0 (not NaN) where there are too few trials, so that sums leave it out. An overlap is
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
