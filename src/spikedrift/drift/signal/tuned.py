"""Tuning of all units at once, for what concerns units, segments and blocks together."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikedrift.core.errors import InputError
from spikedrift.drift.signal.occasions import Occasions
from spikedrift.drift.signal.products import everything, powers
from spikedrift.drift.signal.repeats import Rows
from spikedrift.drift.signal.responses import amounts, tuning
from spikedrift.spikes.layout import Layout

type Of = Callable[[np.ndarray], np.ndarray]
"""A number of weighted units: (n_rows, n_units) -> (n_rows,), NaN where it is undefined. A weight
is how often the unit occurs."""


class Undefined(InputError):
    """A number that a recording does not have; the message says why."""


@dataclass(frozen=True)
class Tuned:
    """Responses of the rate code.

    Attributes
    ----------
    response : float64, shape (n_units, n_repeats, n_segments)
        Counts less their mean over segments; 0 where there is no response.
    observed : bool, shape (n_units, n_repeats)
    amount : float64, shape (n_units, n_repeats)
        Sum over segments before centering.
    count : float64, shape (n_units,)
        Mean count of a trial plus 1/2, geometric mean over blocks.
    blocks : tuple of slice
        Repeats of each block.
    """

    response: np.ndarray
    observed: np.ndarray
    amount: np.ndarray
    count: np.ndarray
    blocks: tuple[slice, ...]

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return int(self.response.shape[2])

    @property
    def pairs(self) -> list[tuple[slice, slice]]:
        """All pairs of blocks, the earlier first."""
        return list(itertools.combinations(self.blocks, 2))

    def needs(self, repeats: int) -> None:
        """Refuse recordings whose blocks have too few repeats.

        Raises
        ------
        Undefined
        """
        fewest = min(block.stop - block.start for block in self.blocks)
        if fewest < repeats:
            raise Undefined(f"a block has {fewest} repeats, it takes {repeats}")

    def scaled(self, exponent: float) -> np.ndarray:
        """Responses over a power of the unit's mean count, at one depth of the code in all blocks.

        The count makes units of different rates alike, and knows nothing of the tuning. The depth
        that all units share may change from block to block without any drift; it is taken out by
        the power of the population's signal, 1 in every block.

        Parameters
        ----------
        exponent : float
            Responses are divided by count ** exponent.

        Returns
        -------
        float64, shape (n_units, n_repeats, n_segments)

        Raises
        ------
        Undefined
            Where a block has no signal.
        """
        out = self.response / (self.count**exponent)[:, None, None]
        for number, block in enumerate(self.blocks):
            power = powers(out[:, block], self.observed[:, block], everything)
            depth = float(np.nansum(power))
            if not depth > 0:
                raise Undefined(f"block {number} has no signal above its noise")
            out[:, block] /= np.sqrt(depth)
        return out


def tuned(layout: Layout, rows: Rows, times: Occasions, elements: int) -> Tuned:
    """Take the tuning of all units out of a recording.

    Parameters
    ----------
    layout : Layout
    rows : Rows
    times : Occasions
    elements : int
        As in `spikedrift.drift.signal.responses.tuning`.

    Raises
    ------
    Undefined
        For trials that are matched by state, whose blocks are compared by parts.
    """
    if rows.part.any():
        raise Undefined("trials are matched by state, and only parts of blocks can be compared")
    order = np.arange(layout.events.counts.shape[1])
    chunks = [*tuning(layout.events, rows, order, amounts(layout), times.block, elements)]
    ends = np.cumsum(times.block.sum(axis=1))
    starts = np.append(0, ends[:-1])
    return Tuned(
        response=np.concatenate([chunk.response for chunk in chunks]),
        observed=np.concatenate([chunk.observed for chunk in chunks]),
        amount=np.concatenate([chunk.amount for chunk in chunks]),
        count=np.concatenate([chunk.count for chunk in chunks]),
        blocks=tuple(slice(int(a), int(b)) for a, b in zip(starts, ends, strict=True)),
    )


def both_seen(tuning: Tuned, one: slice, other: slice, repeats: int) -> np.ndarray:
    """Units that were seen in so many repeats of both blocks: bool, shape (n_units,)."""
    n, m = (tuning.observed[:, block].sum(axis=1) for block in (one, other))
    return np.asarray((n >= repeats) & (m >= repeats))


def mean_products(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Square of every unit's signal at every segment, from products of different repeats.

    Parameters
    ----------
    response : float64, shape (n_units, n_repeats, n_segments)
        0 where it was not observed.
    observed : bool, shape (n_units, n_repeats)

    Returns
    -------
    float64, shape (n_units, n_segments)
        NaN where there are fewer than two repeats.
    """
    n = observed.sum(axis=1).astype(np.float64)[:, None]
    total = response.sum(axis=1) ** 2 - (response**2).sum(axis=1)
    return np.divide(total, n * (n - 1), out=np.full(total.shape, np.nan), where=n > 1)


def means(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Mean over the repeats in which a unit was seen: float64, shape (n_units, n_segments)."""
    return np.asarray(response.sum(axis=1) / np.maximum(observed.sum(axis=1), 1)[:, None])


def quotient(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotient of arrays; NaN where the denominator is not above 0."""
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
