"""Tails of the steps that single units take from block to block: jumps against a random walk.

Where every unit's tuning takes many small steps of its own, its change between blocks is Gaussian;
where units keep their tuning for long and then redraw it, few units carry all change (Micou &
O'Leary 2023). Both can have the same tuning index.

The step d of a unit is its whole change of tuning over p = segments - 1 dimensions, in units of its
mean count. Its own change of strength counts: a unit that is turned up makes a step, and what is
left of a step without that factor depends on how strongly the unit is tuned, so that Gaussian steps
would have heavy tails. So do states of units that last as long as a block. A change of depth that
the whole population shares is no step, and is taken out. With d of equal size in all directions,
the excess kurtosis of its components is

    3 (p / (p + 2) mean |d|^4 / (mean |d|^2)^2 - 1),

0 for Gaussian steps of one size, 3 / f - 3 where a share f of the units takes such steps and the
others none. Units that differ in how far they walk have tails too, so that the number is for
comparisons. The fourth power is the mean over four different repeats of either block, and the
square of the mean is taken over different units: neither holds the noise of repeats.
"""

from itertools import pairwise

import numpy as np

from spikedrift.drift.signal.products import everything, overlaps, powers, squares
from spikedrift.drift.signal.tuned import Of, Tuned, both_seen, means, quotient

REPEATS = 4  # different repeats of a block in the fourth power
SCALE = 1.0  # responses over the unit's mean count


def step_kurtosis(tuning: Tuned) -> Of:
    """Excess kurtosis of the steps of units, over all pairs of successive blocks.

    Parameters
    ----------
    tuning : Tuned

    Raises
    ------
    Undefined
        For a block with fewer than four repeats, or without a signal.
    """
    tuning.needs(REPEATS)
    response = tuning.scaled(SCALE)
    second, fourth, known = [], [], []
    for one, other in pairwise(tuning.blocks):
        seen = both_seen(tuning, one, other, REPEATS)
        found = step_powers(
            response[:, one], tuning.observed[:, one], response[:, other], tuning.observed[:, other]
        )
        known.append(seen.astype(np.float64))
        second.append(np.where(seen, found[0], 0.0))
        fourth.append(np.where(seen, found[1], 0.0))
    p = tuning.n_segments - 1

    def of(weight: np.ndarray) -> np.ndarray:
        part = whole = np.zeros(len(weight))
        for square, power, there in zip(second, fourth, known, strict=True):
            n, same = weight @ there, weight**2 @ there
            part = part + quotient(weight @ power, n)
            different = (weight @ square) ** 2 - weight**2 @ square**2
            whole = whole + quotient(different, n**2 - same)
        return 3 * (p / (p + 2) * quotient(part, whole) - 1)

    return of


def step_powers(
    first: np.ndarray, first_observed: np.ndarray, second: np.ndarray, second_observed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """|d|^2 and |d|^4 of the step d = b - a of every unit, each product over different repeats.

    With a of the first block and b of the second, |d|^4 is multiplied out; <a, a> <a, b> is the
    mean over three different repeats of the first block.

    Parameters
    ----------
    first, second : float64, shape (n_units, n_repeats, n_segments)
        0 for repeats that were not observed.
    first_observed, second_observed : bool, shape (n_units, n_repeats)

    Returns
    -------
    float64, shape (n_units,) each
        NaN where there are fewer than two, or four, repeats in a block.
    """
    power, other = (
        powers(values, observed, everything)[:, 0]
        for values, observed in ((first, first_observed), (second, second_observed))
    )
    a, b = means(first, first_observed), means(second, second_observed)
    square = power + other - 2 * (a * b).sum(axis=1)
    overlap = overlaps(first @ second.transpose(0, 2, 1), first_observed, second_observed)
    fourth = squares(first, first_observed) + squares(second, second_observed)
    fourth += 2 * power * other + 4 * overlap
    fourth -= 4 * (_with_other(first, first_observed, b) + _with_other(second, second_observed, a))
    return square, fourth


def _with_other(response: np.ndarray, observed: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Mean of <y_i, y_k> <y_m, other> over three different repeats: float64, shape (n_units,).

    With M_ik = <y_i, y_k>, 0 where i = k, r_i = sum_k M_ik and h_m = <y_m, other>, the sum is
    (sum M) (sum h) - 2 sum_i r_i h_i.
    """
    scalar = response @ response.transpose(0, 2, 1)
    place = np.arange(scalar.shape[1])
    scalar[:, place, place] = 0.0
    row = scalar.sum(axis=2)
    along = np.einsum("crf,cf->cr", response, mean)
    total = row.sum(axis=1) * along.sum(axis=1) - 2 * (row * along).sum(axis=1)
    n = observed.sum(axis=1).astype(np.float64)
    return quotient(total, np.clip(n * (n - 1) * (n - 2), 0.0, None))
