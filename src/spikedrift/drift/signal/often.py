"""Drift of segments that are shown more often than others against that of the others.

Where showings hold a representation in place, what is shown often drifts less; where each showing
moves it, more (Pashakhanloo & Koulakov 2023). The share
of the signal that is drawn anew is taken segment by segment: the squared change of the population's
response to the segment over twice its squared signal, from products of different repeats.

Responses are centered over segments, which takes out what a unit's rate does as a whole and puts a
part of the change of one segment into all others. If changes of segments are independent, with
squared length v_s, what is left of them is e_s = (1 - 2/S) v_s + sum_s v_s / S^2. That is solved
for v_s; for the signal likewise. Written as an angle (`spikedrift.stats.balance`): 0 where both
drift by the same share, 1 where only the rare segments drift, -1 where only the often shown do.
"""

import numpy as np

from spikedrift.drift.signal.tuned import (
    Of,
    Tuned,
    Undefined,
    both_seen,
    mean_products,
    means,
    quotient,
)
from spikedrift.stats.balance import balance


def rare_to_often(tuning: Tuned, often: np.ndarray, exponent: float) -> Of:
    """Share of the signal that is new in the other segments against those shown more often.

    Parameters
    ----------
    tuning : Tuned
    often : bool, shape (n_segments,)
        Segments that were shown more often than the others.
    exponent : float
        Weights of products of four responses are count ** -exponent, as in the tuning index.

    Raises
    ------
    Undefined
        Where no segments, or all, were shown more often.
    """
    if not often.any():
        raise Undefined("no segment is known to have been shown more often than others")
    if often.all():
        raise Undefined("all segments were shown equally often")
    response = tuning.scaled(exponent / 4)
    change, signal = np.zeros((2, tuning.response.shape[0], tuning.n_segments))
    for one, other in tuning.pairs:
        seen = both_seen(tuning, one, other, 2)[:, None]
        sides = [(response[:, block], tuning.observed[:, block]) for block in (one, other)]
        power = np.sum([mean_products(*side) for side in sides], axis=0)
        cross = np.prod([means(*side) for side in sides], axis=0)
        change += np.where(seen, apart(power - 2 * cross), 0.0)
        signal += np.where(seen, apart(power), 0.0)

    def of(weight: np.ndarray) -> np.ndarray:
        rare, shown = (
            quotient(
                (weight @ change)[:, these].sum(axis=1), (weight @ signal)[:, these].sum(axis=1)
            )
            for these in (~often, often)
        )
        return balance(rare, shown)

    return of


def apart(squares: np.ndarray) -> np.ndarray:
    """Squared lengths by segment before the responses were centered over segments.

    Parameters
    ----------
    squares : float64, shape (..., n_segments)
        Of centered responses, to three or more segments that are independent.
    """
    n = squares.shape[-1]
    total = squares.sum(axis=-1, keepdims=True) / (1 - 1 / n)
    return np.asarray((squares - total / n**2) / (1 - 2 / n))
