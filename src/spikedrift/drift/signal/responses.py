"""Responses whose signals are compared: temporal profiles, and tuning over segments.

The two are made alike, so that the same products, tests and units serve both codes. A flat
background drops out of either by its centering, and a gain multiplies it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikedrift.spikes import Spikes


@dataclass(frozen=True)
class Cells:
    """Centered responses of some cells.

    Attributes
    ----------
    unit : int64, shape (n_units,)
        Units whose cells these are, unit by unit and as many of each.
    response : float64, shape (n_cells, n_repeats, n_features)
        Timing: binned spikes of a trial less their mean over bins; a cell is a (unit, segment).
        Rate: counts of a repeat less their mean over segments; a cell is a unit.
    observed : bool, shape (n_cells, n_repeats)
        Whether the cell has a response in the repeat.
    amount : float64, shape (n_cells, n_repeats)
        Sum of the response before it was centered.
    count : float64, shape (n_cells,)
        Mean count of a trial, over the blocks in the sense of `mean_counts`.
    """

    unit: np.ndarray
    response: np.ndarray
    observed: np.ndarray
    amount: np.ndarray
    count: np.ndarray


def trial_table(spikes: Spikes) -> np.ndarray:
    """Trial of every repeat and segment: int64, shape (n_repeats, n_segments); -1 where none is."""
    table = np.full((spikes.repeat.max() + 1, spikes.segment.max() + 1), -1)
    table[spikes.repeat, spikes.segment] = np.arange(spikes.repeat.size)
    return table


def mean_counts(count: np.ndarray, observed: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Geometric mean over blocks of the mean count of a trial, plus one half.

    Parameters
    ----------
    count : float64, shape (n_cells, n_repeats)
    observed : bool, shape (n_cells, n_repeats)
    member : bool, shape (n_blocks, n_repeats)

    Returns
    -------
    float64, shape (n_cells,)
    """
    n = observed @ member.T.astype(np.float64)
    total = np.where(observed, count, 0.0) @ member.T.astype(np.float64)
    mean = np.divide(total, n, out=np.zeros(n.shape), where=n > 0)
    return np.exp(np.log(mean + 0.5).mean(axis=1))


def tuning(spikes: Spikes, order: np.ndarray, amount: np.ndarray, member: np.ndarray) -> Cells:
    """Responses of the rate code: counts of each repeat over segments, less their mean.

    A unit has a response in the repeats in which it was observed in all segments.

    Parameters
    ----------
    spikes : Spikes
    order : int64, shape (n_units,)
        Units in the order in which cells are given.
    amount : float64, shape (n_trials, n_units)
        What a trial's response is: spike counts, or summed amplitudes of two-photon events.
    member : bool, shape (n_blocks, n_repeats)
    """
    table = trial_table(spikes)
    whole = (table >= 0).all(axis=1)
    observed = whole & spikes.observed[table].all(axis=1).T[order]
    counts = np.where(observed[..., None], amount[table].transpose(2, 0, 1)[order], 0.0)
    mean = counts.mean(axis=2, keepdims=True)
    spiked = spikes.counts[table].mean(axis=1).T[order]
    return Cells(
        unit=order,
        response=counts - mean,
        observed=observed,
        amount=counts.sum(axis=2),
        count=mean_counts(spiked, observed, member),
    )


def profiles(
    spikes: Spikes, order: np.ndarray, n_bins: int, kernel: float, member: np.ndarray, cells: int
) -> Iterator[Cells]:
    """Responses of the timing code: binned spikes of each trial, less their mean over bins.

    Parameters
    ----------
    spikes : Spikes
        Trials of one duration.
    order : int64, shape (n_units,)
        Units in the order in which cells are given.
    n_bins : int
        Bins of a trial.
    kernel : float
        Standard deviation of the Gaussian that smooths over bins, in bins; 0: none. It is cut at
        the ends of the trial and normalized there, so that a flat response stays flat.
    member : bool, shape (n_blocks, n_repeats)
    cells : int
        About as many cells as are given at a time, which bounds the memory.

    Yields
    ------
    Cells
        Of a few units, all their segments.
    """
    table = trial_table(spikes)
    n_repeats, n_segments = table.shape
    n_units = order.size
    rank = np.empty(n_units, np.int64)
    rank[order] = np.arange(n_units)
    trial, unit = spikes.cells
    unit = rank[unit]
    bin_ = np.minimum(spikes.times / spikes.duration[trial] * n_bins, n_bins - 1).astype(np.int64)
    by_unit = np.argsort(unit, kind="stable")
    trial, bin_ = trial[by_unit], bin_[by_unit]
    begin = np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=n_units))])
    place = spikes.segment * n_repeats + spikes.repeat  # of a trial among the cells of its unit
    smooth = _smoothing(n_bins, kernel)
    # Two units at least, which are each other's partners; none is left over alone.
    parts = max(min(n_units * n_segments // cells, n_units // 2), 1)
    for units in np.array_split(np.arange(n_units), parts):
        here = slice(begin[units[0]], begin[units[-1] + 1])
        owner = np.repeat(units - units[0], np.diff(begin[units[0] : units[-1] + 2]))
        at = (owner * n_segments * n_repeats + place[trial[here]]) * n_bins + bin_[here]
        shape = (units.size * n_segments, n_repeats, n_bins)
        binned = np.bincount(at, minlength=np.prod(shape)).reshape(shape).astype(np.float64)
        seen = np.zeros((units.size, n_segments, n_repeats), bool)
        seen[:, spikes.segment, spikes.repeat] = spikes.observed[:, order[units]].T
        observed = seen.reshape(-1, n_repeats)
        amount = binned.sum(axis=2)
        response = binned @ smooth
        yield Cells(
            unit=order[units],
            response=response - response.mean(axis=2, keepdims=True),
            observed=observed,
            amount=amount,
            count=mean_counts(amount, observed, member),
        )


def _smoothing(n_bins: int, kernel: float) -> np.ndarray:
    """Matrix that smooths over bins and leaves a flat response flat: shape (n_bins, n_bins)."""
    if kernel == 0:
        return np.eye(n_bins)
    distance = np.subtract.outer(np.arange(n_bins), np.arange(n_bins))
    weight = np.exp(-0.5 * (distance / kernel) ** 2)
    return np.asarray(weight / weight.sum(axis=0))
