"""Repeats as the signal indices take them: as they were shown, or made of the trials that remain.

Tuning needs repeats of all segments. Where trials are missing, as after a matching by state, hardly
a repeat may be whole. Within a block, the r-th remaining trial of every segment then makes the r-th
repeat.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from spikedrift.drift.pairs import repeats_of
from spikedrift.spikes import Spikes


@dataclass(frozen=True)
class Rows:
    """Repeats of a recording, in their order.

    Attributes
    ----------
    table : int64, shape (n_repeats, n_segments)
        Trial of every repeat and segment; -1 where there is none.
    row : int64, shape (n_trials,)
        Repeat of every trial.
    block : int64, shape (n_repeats,)
    position : int64, shape (n_repeats,)
        Number of the repeat, counted through the session; of a made one, the mean over its trials.
    made : bool
        Whether they are made of trials that were shown in different repeats.
    """

    table: np.ndarray
    row: np.ndarray
    block: np.ndarray
    position: np.ndarray
    made: bool

    @property
    def note(self) -> str:
        """What a reader of made repeats should know; empty where none are made."""
        if not self.made:
            return ""
        whole = int((self.table >= 0).all(axis=1).sum())
        return (
            f"trials are missing: {whole} repeats are made of those that remain of each segment, "
            "in their order, so that the gains of the trials of one of them need not be one gain"
        )


def rows_of(dataset: xr.Dataset, spikes: Spikes) -> Rows:
    """Repeats as shown where all are whole, and made ones elsewhere.

    What is assumed of made ones: the gains of trials that come into one repeat differ by chance
    only, or little, since the trials lie close in time. Where gains are slow, or independent from
    trial to trial, the products of different repeats have the expectation that they have otherwise.

    Parameters
    ----------
    dataset : trials Dataset
    spikes : Spikes
        Of the same trials.
    """
    shown = repeats_of(dataset)
    table = _table(shown.of_trial, spikes.segment)
    if (table >= 0).all():
        return Rows(table, shown.of_trial, shown.block, shown.position, made=False)
    order = np.lexsort((shown.of_trial, spikes.segment, spikes.block))
    block = spikes.block[order]
    new = np.ones(order.size, bool)
    new[1:] = (np.diff(block) != 0) | (np.diff(spikes.segment[order]) != 0)
    rank = np.arange(order.size) - np.flatnonzero(new)[np.cumsum(new) - 1]
    longest = np.zeros(block.max() + 1, np.int64)
    np.maximum.at(longest, block, rank + 1)
    row = np.empty(order.size, np.int64)
    row[order] = (np.cumsum(longest) - longest)[block] + rank
    of_row = np.repeat(np.arange(longest.size), longest)
    return Rows(
        table=_table(row, spikes.segment),
        row=row,
        block=of_row,
        position=_positions(shown.position[shown.of_trial], row, of_row),
        made=True,
    )


def _table(row: np.ndarray, segment: np.ndarray) -> np.ndarray:
    table = np.full((row.max() + 1, segment.max() + 1), -1)
    table[row, segment] = np.arange(row.size)
    return table


def _positions(shown: np.ndarray, row: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Mean number of the trials of every row, rising from row to row within the block's numbers."""
    mean = np.floor(np.bincount(row, weights=shown) / np.bincount(row) + 0.5).astype(np.int64)
    for each in range(block.max() + 1):
        here = np.flatnonzero(block == each)
        step = np.arange(here.size)
        # Rows that not all segments reach may have earlier trials on the average.
        rising = np.maximum.accumulate(mean[here] - step) + step
        last = shown[block[row] == each].max()
        mean[here] = np.minimum(rising, last - step[::-1])
    return mean
