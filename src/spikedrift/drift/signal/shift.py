"""A shift that all units share, found in one half of the units and taken out of the other."""

from dataclasses import dataclass

import numpy as np

from spikedrift.drift.signal.contributions import Contributions


@dataclass(frozen=True)
class Unshifted:
    """Contributions of the units with the later block moved back by the common shift.

    Attributes
    ----------
    power, overlap : float64, shape (n_units,)
        Over all pairs of blocks.
    lost_power, lost_overlap : float64, shape (n_repeats,)
        What the sums of these over units lose if a repeat is left out and the shift is kept.
    shift : float
        Shift of the last block against the first, in bins, mean over the two halves of the units;
        positive where events come later in the last block.
    """

    power: np.ndarray
    overlap: np.ndarray
    lost_power: np.ndarray
    lost_overlap: np.ndarray
    shift: float


def unshifted(found: Contributions) -> Unshifted:
    """Take the best common shift out of each pair of blocks, by halves of the units.

    The best shift of a half is the one with the largest ratio of overlap to power. It is applied to
    the other half, on whose noise it does not depend. The index therefore keeps its expectation of
    0 where the blocks differ by this shift only, and of 1 where nothing is kept.
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
    """Index of the shift with the largest overlap over power, summed over units.

    Among equal ratios, the smallest shift is taken; shift 0 where no power exceeds 0. Arrays have
    shape (n_units, n_shifts).
    """
    whole = power.sum(axis=0)
    ratio = np.divide(
        overlap.sum(axis=0), whole, out=np.full(whole.shape, -np.inf), where=whole > 0
    )
    middle = ratio.size // 2
    near_first = np.argsort(np.abs(np.arange(ratio.size) - middle), kind="stable")
    return int(near_first[np.argmax(ratio[near_first])])
