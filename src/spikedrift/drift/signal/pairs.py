"""Tuning indices of single pairs of blocks, for what says how drift grows from pair to pair."""

from dataclasses import dataclass

import numpy as np

from spikedrift.drift.signal.contributions import Contributions
from spikedrift.drift.signal.inference import ratio_influence
from spikedrift.drift.signal.tuned import Undefined, quotient

BLOCKS = 3


@dataclass(frozen=True)
class Pairs:
    """Pairs of blocks.

    Attributes
    ----------
    power, overlap : float64, shape (n_units, n_pairs)
        Contributions of units.
    chance : float
        Q over P P of signals of different units.
    precision : float64, shape (n_pairs,)
        One over the variance of each index over units.
    first, second : int64, shape (n_pairs,)
        Blocks.
    """

    power: np.ndarray
    overlap: np.ndarray
    chance: float
    precision: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def of(self, weight: np.ndarray) -> np.ndarray:
        """Index of each pair: (n_rows, n_units) -> (n_rows, n_pairs)."""
        power = weight @ self.power
        return quotient(power - weight @ self.overlap, power) / (1 - self.chance)

    def apart(self, place: np.ndarray) -> np.ndarray:
        """Distance of the two blocks of each pair: (n_blocks,) -> (n_pairs,)."""
        return np.asarray(place[self.second] - place[self.first])


def block_pairs(found: Contributions) -> Pairs:
    """Take all pairs of blocks that have an index.

    Raises
    ------
    Undefined
        For fewer than three blocks, or pairs without an index.
    """
    n = found.power.shape[1]
    if n < BLOCKS:
        raise Undefined(f"{n} blocks, it takes {BLOCKS}")
    first, second = np.triu_indices(n, k=1)
    power, overlap = found.power[:, first, second], found.overlap[:, first, second]
    if not (power.sum(axis=0) > 0).all():
        raise Undefined("a pair of blocks has no signal above its noise")
    influence = [
        ratio_influence(overlap[:, k], power[:, k]) / (1 - found.chance) for k in range(first.size)
    ]
    variance = (np.array(influence) ** 2).sum(axis=1)
    return Pairs(
        power, overlap, found.chance, quotient(np.ones(first.size), variance), first, second
    )
