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

from dataclasses import dataclass

import numpy as np


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


def products(response: np.ndarray, observed: np.ndarray, member: np.ndarray) -> Products:
    """Powers and overlaps of the signals of every cell.

    Parameters
    ----------
    response : float, shape (n_cells, n_trials, n_features)
        Centered responses (`spikedrift.drift.signal.responses`).
    observed : bool, shape (n_cells, n_trials)
        Trials of a cell that count.
    member : bool, shape (n_occasions, n_trials)
        Trials of each occasion, such as a block or a window of repeats. Occasions may overlap.

    Returns
    -------
    Products
    """
    seen = np.where(observed[..., None], response, 0.0)
    return crossed(seen @ seen.transpose(0, 2, 1), observed, member)


def crossed(gram: np.ndarray, observed: np.ndarray, member: np.ndarray) -> Products:
    """`products` from the scalar products of all trials of a cell.

    In closed form: of the square of a sum over pairs (i, j), what has i or j twice is taken away,

        sum M_ij M_kl = (sum M)^2 - sum_i (sum_j M)^2 - sum_j (sum_i M)^2 + sum M^2.

    Parameters
    ----------
    gram : float64, shape (n_cells, n_trials, n_trials)
        0 for trials that were not observed.
    observed : bool, shape (n_cells, n_trials)
    member : bool, shape (n_occasions, n_trials)
    """
    within = member.astype(np.float64)
    n = observed @ within.T
    pairs = n * (n - 1)
    rows = gram @ within.T  # (cell, trial, occasion): of each trial, with all of an occasion
    total = within @ rows
    by_row = within @ rows**2
    quadruples = total**2 - by_row - by_row.transpose(0, 2, 1) + within @ (gram**2 @ within.T)
    own = np.einsum("coo->co", total) - np.einsum("ctt->ct", gram) @ within.T
    disjoint = (within @ within.T) == 0
    every = np.where(disjoint, pairs[:, :, None] * pairs[:, None, :], 0.0)
    missing = np.full(quadruples.shape, np.nan)
    return Products(
        power=np.divide(own, pairs, out=np.full(own.shape, np.nan), where=pairs > 0),
        overlap=np.divide(quadruples, every, out=missing, where=every > 0),
    )


def between_units(
    first: np.ndarray, first_observed: np.ndarray, second: np.ndarray, second_observed: np.ndarray
) -> np.ndarray:
    """Overlaps Q of the signals of different units on two occasions.

    Parameters
    ----------
    first, second : float, shape (n_cells, n_trials, n_features)
        Centered responses of one unit on one occasion and of another on another.
    first_observed, second_observed : bool, shape (n_cells, n_trials)

    Returns
    -------
    float64, shape (n_cells,)
        NaN where there are fewer than two trials on either side.
    """
    one = np.where(first_observed[..., None], first, 0.0)
    two = np.where(second_observed[..., None], second, 0.0)
    m = one @ two.transpose(0, 2, 1)
    quadruples = (
        m.sum(axis=(1, 2)) ** 2
        - (m.sum(axis=2) ** 2).sum(axis=1)
        - (m.sum(axis=1) ** 2).sum(axis=1)
        + (m**2).sum(axis=(1, 2))
    )
    n, k = first_observed.sum(axis=1), second_observed.sum(axis=1)
    every = (n * (n - 1) * k * (k - 1)).astype(np.float64)
    return np.divide(quadruples, every, out=np.full(every.shape, np.nan), where=every > 0)
