"""Drift by showing against drift by second.

With three or more blocks and gaps that are filled differently, index = b n + c t over pairs of
blocks, with n showings of every segment and t seconds between them, b and c not below 0. The share
of the drift that showings explain is b n over both terms, at the mean n and t. It needs that the
indices are small, or alike: near 1 they no longer grow with either.
"""

import numpy as np

from spikedrift.drift.signal.pairs import Pairs
from spikedrift.drift.signal.tuned import Of, Undefined, quotient

CONDITION = 10.0  # of the two columns at equal length, beyond which they say the same


def by_showing(pairs: Pairs, time: np.ndarray, shown: np.ndarray) -> Of:
    """Share of the drift that showings explain, and not time.

    Parameters
    ----------
    pairs : Pairs
    time : float64, shape (n_blocks,)
        Of every block, NaN where it is not known; s.
    shown : float64, shape (n_blocks,)
        Showings of every segment before the block, its own counted halfway.

    Raises
    ------
    Undefined
        Where times or showings are not known, or one goes with the other.
    """
    if not np.isfinite(shown).all():
        raise Undefined("how often segments were shown between blocks is not known")
    if not np.isfinite(time).all():
        raise Undefined("when trials were shown is not known")
    columns = np.stack([pairs.apart(shown), pairs.apart(time)])
    if not (columns > 0).any(axis=1).all():
        raise Undefined("nothing was shown between blocks")
    scaled = columns * np.sqrt(pairs.precision)
    condition = np.linalg.cond((scaled / np.linalg.norm(scaled, axis=1, keepdims=True)).T)
    if condition > CONDITION:
        raise Undefined(
            f"showings and time go together from block to block (condition number {condition:.3g}, "
            f"at most {CONDITION:g})"
        )
    return lambda weight: share_of_first(pairs.of(weight), columns, pairs.precision)


def share_of_first(index: np.ndarray, columns: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Share of the first of two terms in a weighted nonnegative least-squares fit of each row.

    Parameters
    ----------
    index : float64, shape (n_rows, n_pairs)
    columns : float64, shape (2, n_pairs)
    precision : float64, shape (n_pairs,)

    Returns
    -------
    float64, shape (n_rows,)
        NaN where neither term is above 0.
    """
    weighted = columns * precision
    gram, along = weighted @ columns.T, index @ weighted.T
    term = np.linalg.solve(gram, along.T).T
    # With a negative term, the other one alone, and 0 where that would be negative too.
    alone = np.clip(along / np.diag(gram), 0.0, None)
    term = np.where((term < 0).any(axis=1, keepdims=True), alone * (term > 0), term)
    parts = term * np.average(columns, axis=1, weights=precision)
    return quotient(parts[:, 0], parts.sum(axis=1))
