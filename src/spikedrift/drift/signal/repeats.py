"""Repeats for the signal indices: as they were shown, or made of the trials that remain.

Tuning needs repeats of all segments. Where trials are missing, as after a matching by state, hardly
a repeat may be whole. Within a block, the r-th remaining trial of every segment then makes the r-th
repeat.

Trials that were matched to each other by state have, by that choice, noise in common that comes
with the state. The noise of such a pair is not independent, and products of its trials would look
like a signal that is kept. Pairs are therefore divided into two parts, and one part of a block is
compared only with the other part of the other block.
"""

from dataclasses import dataclass

import numpy as np

from spikedrift.spikes.layout import Layout, trial_table
from spikedrift.spikes.state import covariates


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
        Number of the repeat, counted through the session; about the mean over its trials if made.
    part : int64, shape (n_repeats,)
        0 or 1 where trials were matched between two blocks: trials that were matched to each other
        are in the same part. 0 elsewhere.
    made : bool
        Whether repeats are made of trials that may have been shown in different repeats.
    """

    table: np.ndarray
    row: np.ndarray
    block: np.ndarray
    position: np.ndarray
    part: np.ndarray
    made: bool

    @property
    def note(self) -> str:
        """Caveat about made repeats; empty where repeats are as they were shown."""
        if not self.made:
            return ""
        whole = int((self.table >= 0).all(axis=1).sum())
        return (
            f"trials are missing or matched: {whole} repeats are made of those that each segment "
            "has left, in their order; gains of the trials of one of them need not be one gain"
        )


def rows_of(layout: Layout) -> Rows:
    """Repeats as shown where all are whole, and made ones elsewhere.

    Made repeats assume that the gains of trials in one repeat differ only by chance, or only
    little, since the trials lie close in time. Where gains are slow, or independent from trial to
    trial, the products of different made repeats have the same expectation as those of repeats as
    shown.

    Parameters
    ----------
    layout : Layout

    Returns
    -------
    Rows
    """
    shown, segment = layout.repeats, layout.segment
    matched = "state_matched_trials" in layout.dataset.attrs
    if (layout.table >= 0).all() and not matched:
        whole = np.zeros(shown.block.size, np.int64)
        return Rows(layout.table, layout.repeat, shown.block, shown.position, whole, made=False)
    group = 2 * layout.block + (_parts(layout) if matched else 0)
    order = np.lexsort((layout.repeat, segment, group))
    block = group[order]
    new = np.ones(order.size, bool)
    new[1:] = (np.diff(block) != 0) | (np.diff(segment[order]) != 0)
    rank = np.arange(order.size) - np.flatnonzero(new)[np.cumsum(new) - 1]
    longest = np.zeros(block.max() + 1, np.int64)
    np.maximum.at(longest, block, rank + 1)
    row = np.empty(order.size, np.int64)
    row[order] = (np.cumsum(longest) - longest)[block] + rank
    of_row = np.repeat(np.arange(longest.size), longest)
    return Rows(
        table=trial_table(row, segment),
        row=row,
        block=of_row // 2,
        position=_positions(shown.position[layout.repeat], row, of_row),
        part=of_row % 2,
        made=True,
    )


def _parts(layout: Layout) -> np.ndarray:
    """Part, 0 or 1, of every trial of two blocks that were matched by state: in turn, by pairs.

    Pairs are those of the matching, made again from the trials that it left. A trial without a
    partner counts as a pair of its own.
    """
    # Few recordings are matched, all import this module: a third of a second.
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    _, state = covariates(layout.dataset)
    part = np.zeros(layout.segment.size, np.int64)
    for segment in range(layout.n_segments):
        one, two = (
            np.flatnonzero((layout.segment == segment) & (layout.block == block))
            for block in (0, 1)
        )
        part[one], part[two] = np.arange(one.size) % 2, np.arange(two.size) % 2
        first, second = linear_sum_assignment(cdist(state[one], state[two]))
        part[two[second]] = part[one[first]]
    return part


def _positions(shown: np.ndarray, row: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Mean number of the trials of every row, made to rise from row to row of a block or part."""
    mean = np.floor(np.bincount(row, weights=shown) / np.bincount(row) + 0.5).astype(np.int64)
    for each in np.unique(block):
        here = np.flatnonzero(block == each)
        step = np.arange(here.size)
        # Later rows lack some segments, and their trials may be earlier on average.
        rising = np.maximum.accumulate(mean[here] - step) + step
        last = shown[block[row] == each].max()
        mean[here] = np.minimum(rising, last - step[::-1])
    return mean
