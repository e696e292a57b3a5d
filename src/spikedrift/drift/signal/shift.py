"""A shift that all units share, found in one half of the units and taken out of the other."""

from dataclasses import dataclass

import numpy as np

from spikedrift.drift.signal.contributions import Contributions


@dataclass(frozen=True)
class Unshifted:
    """What the units contribute where the later block is moved by the common shift.

    Attributes
    ----------
    power, overlap : float64, shape (n_units,)
        Over all pairs of blocks.
    lost_power, lost_overlap : float64, shape (n_repeats,)
        What their sums over units lose if a repeat is left out and the shift is kept.
    shift : float
        Of the last block against the first, in bins: the mean over the two halves of the units.
        Positive where events come later.
    """

    power: np.ndarray
    overlap: np.ndarray
    lost_power: np.ndarray
    lost_overlap: np.ndarray
    shift: float


def unshifted(found: Contributions) -> Unshifted:
    """Take the best common shift of each pair of blocks out, by halves of the units.

    The best shift of a half is the one with the largest overlap by power. Applied to the other half
    it is fixed as far as that half's noise goes, so that the index keeps its expectation of 0 where
    the shift is the truth, and of 1 where nothing is kept.
    """
    n_units, n_blocks, _, n_shifts = found.shift_power.shape
    power, overlap = np.zeros((2, n_units))
    lost_power, lost_overlap = np.zeros((2, found.group.size))
    shift = 0.0
    for a, b in zip(*np.triu_indices(n_blocks, k=1), strict=True):
        best = []
        for other, half in ((1, found.half), (0, ~found.half)):
            at = _best(found.shift_power[half, a, b], found.shift_overlap[half, a, b])
            power[~half] += found.shift_power[~half, a, b, at]
            overlap[~half] += found.shift_overlap[~half, a, b, at]
            lost_power += found.lost_power[other, a, b, at]
            lost_overlap += found.lost_overlap[other, a, b, at]
            best.append(at - n_shifts // 2)
        if (a, b) == (0, n_blocks - 1):
            shift = float(np.mean(best))
    return Unshifted(power, overlap, lost_power, lost_overlap, shift)


def _best(power: np.ndarray, overlap: np.ndarray) -> int:
    """Place of the shift with the largest ratio over units, (n_units, n_shifts); the least of two.

    No shift where no power exceeds 0.
    """
    whole = power.sum(axis=0)
    ratio = np.divide(
        overlap.sum(axis=0), whole, out=np.full(whole.shape, -np.inf), where=whole > 0
    )
    middle = ratio.size // 2
    near_first = np.argsort(np.abs(np.arange(ratio.size) - middle), kind="stable")
    return int(near_first[np.argmax(ratio[near_first])])
