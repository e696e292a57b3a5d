"""Responses whose signals are compared: temporal profiles, and tuning over segments.

The two have the same form, so that the same products, tests and units serve both codes. Centering
removes a flat background from either, and a gain multiplies either.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikedrift.drift.signal.repeats import Rows
from spikedrift.spikes.arrays import Spikes
from spikedrift.spikes.layout import Layout


@dataclass(frozen=True)
class Cells:
    """Centered responses of some cells.

    Attributes
    ----------
    unit : int64, shape (n_units,)
        Units of these cells; cells are sorted by unit, and every unit has the same number of them.
    response : float64, shape (n_cells, n_repeats, n_features)
        Timing: binned spikes of a trial less their mean over bins; a cell is a (unit, segment).
        Rate: counts of a repeat less their mean over segments; a cell is a unit. 0 where there is
        no response.
    observed : bool, shape (n_cells, n_repeats)
        Whether the cell has a response in the repeat.
    amount : float64, shape (n_cells, n_repeats)
        Sum of the response before it was centered.
    count : float64, shape (n_cells,)
        Mean count of a trial, averaged over blocks by `mean_counts`.
    cropped : tuple of pairs of float64, shape (n_cells, n_repeats, n_features - s)
        For s = 1, 2, ...: the response without its last s features, and that without its first s
        features, each smoothed and centered by itself.
    """

    unit: np.ndarray
    response: np.ndarray
    observed: np.ndarray
    amount: np.ndarray
    count: np.ndarray
    cropped: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


def mean_counts(count: np.ndarray, observed: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Geometric mean of a cell's mean count plus 1/2 over the blocks that have two responses of it.

    Parameters
    ----------
    count : float64, shape (n_cells, n_repeats)
    observed : bool, shape (n_cells, n_repeats)
    member : bool, shape (n_blocks, n_repeats)

    Returns
    -------
    float64, shape (n_cells,)
        1 for a cell without such a block, which contributes nothing.
    """
    n = observed @ member.T.astype(np.float64)
    total = np.where(observed, count, 0.0) @ member.T.astype(np.float64)
    mean = np.divide(total, n, out=np.full(n.shape, 0.5), where=n > 1)
    log = np.where(n > 1, np.log(mean + 0.5), 0.0).sum(axis=1)
    return np.asarray(np.exp(log / np.maximum((n > 1).sum(axis=1), 1)))


def amounts(layout: Layout) -> np.ndarray:
    """Response of every trial: spike counts, or summed amplitudes of two-photon events.

    Amplitudes are in units of the cell's mean amplitude. How bright a cell is says nothing of what
    it does, and cells are weighted by their events: with their own units, the few brightest would
    carry all sums.

    Shape (n_trials, n_units).
    """
    spikes = layout.events
    if layout.timed:
        return spikes.counts
    trial, unit = spikes.cells
    amplitude = layout.dataset["event_amplitude"].values
    n_units = spikes.counts.shape[1]
    size = np.bincount(unit, np.abs(amplitude), n_units)
    n = np.bincount(unit, minlength=n_units)
    mean = np.divide(size, n, out=np.ones(n_units), where=size > 0)
    amount = np.zeros(spikes.counts.shape)
    np.add.at(amount, (trial, unit), amplitude / mean[unit])
    return amount


def tuning(
    spikes: Spikes,
    rows: Rows,
    order: np.ndarray,
    amount: np.ndarray,
    member: np.ndarray,
    elements: int,
) -> Iterator[Cells]:
    """Responses of the rate code: counts of each repeat over segments, less their mean.

    A unit has a response in the repeats in which it was observed in all segments.

    Parameters
    ----------
    spikes : Spikes
    rows : Rows
    order : int64, shape (n_units,)
        Units in the order in which cells are given.
    amount : shape (n_trials, n_units)
        Response of every trial, as of `amounts`.
    member : bool, shape (n_blocks, n_repeats)
    elements : int
        Approximate largest number of values held in memory at a time.

    Yields
    ------
    Cells
        Cells of some units.
    """
    whole = (rows.table >= 0).all(axis=1)
    for units in _parts(order.size, max(elements // rows.table.size, 1)):
        here = order[units]
        seen = np.zeros((here.size, whole.size), bool)
        seen[:, whole] = spikes.observed[:, here].T[:, rows.table[whole]].all(axis=2)
        counts = amount[:, here].T[:, rows.table].astype(np.float64)
        counts[~seen] = 0.0
        spiked = spikes.counts[:, here].T[:, rows.table].mean(axis=2)
        yield Cells(
            unit=here,
            response=counts - counts.mean(axis=2, keepdims=True),
            observed=seen,
            amount=counts.sum(axis=2),
            count=mean_counts(spiked, seen, member),
        )


def profiles(
    spikes: Spikes,
    rows: Rows,
    order: np.ndarray,
    n_bins: int,
    kernel: float,
    max_shift: int,
    member: np.ndarray,
    elements: int,
) -> Iterator[Cells]:
    """Responses of the timing code: binned spikes of each trial, less their mean over bins.

    Parameters
    ----------
    spikes : Spikes
        Trials of one duration.
    rows : Rows
    order : int64, shape (n_units,)
        Units in the order in which cells are given.
    n_bins : int
        Bins of a trial.
    kernel : float
        Standard deviation, in bins, of the Gaussian that smooths over bins; 0 for no smoothing. It
        is cut at the ends of the trial and normalized there, so that a flat response stays flat.
    max_shift : int
        Responses are also given without up to this number of bins at either end.
    member : bool, shape (n_blocks, n_repeats)
    elements : int
        Approximate largest number of values held in memory at a time.

    Yields
    ------
    Cells
        Cells of a few units in all their segments.
    """
    n_repeats, n_segments = rows.table.shape
    n_trials, n_units = spikes.counts.shape
    starts = spikes.offsets
    place = spikes.segment * n_repeats + rows.row  # of a trial among the cells of its unit
    whole = _smoothing(n_bins, kernel)
    crops = [_crops(n_bins, cut, kernel) for cut in range(1, max_shift + 1)]
    cells = max(elements // (n_repeats * n_bins), 1)
    for units in _parts(n_units, max(cells // n_segments, 1)):
        here = order[units]
        # Spikes of one trial and unit are contiguous; those of these units are taken by trial.
        first = starts[np.arange(n_trials)[:, None] * n_units + here].ravel()
        size = spikes.counts[:, here].ravel()
        behind = np.cumsum(size)
        spike = np.arange(behind[-1]) + np.repeat(first - behind + size, size)
        home = np.add.outer(place, np.arange(here.size) * n_segments * n_repeats).ravel()
        per_bin = np.repeat(n_bins / spikes.duration, here.size)
        bin_ = (spikes.times[spike] * np.repeat(per_bin, size)).astype(np.int64)
        at = np.repeat(home * n_bins, size) + np.minimum(bin_, n_bins - 1)
        shape = (here.size * n_segments, n_repeats, -1)
        size_of_all = here.size * n_segments * n_repeats * n_bins
        binned = np.bincount(at, minlength=size_of_all).astype(np.float64).reshape(-1, n_bins)
        observed = np.zeros((here.size, n_segments * n_repeats), bool)
        observed[:, place] = spikes.observed[:, here].T
        observed = observed.reshape(-1, n_repeats)
        binned[~observed.ravel()] = 0.0
        amount = binned.sum(axis=1).reshape(shape[:2])
        yield Cells(
            unit=here,
            response=(binned @ whole).reshape(shape),
            observed=observed,
            amount=amount,
            count=mean_counts(amount, observed, member),
            cropped=tuple(
                ((binned @ early).reshape(shape), (binned @ late).reshape(shape))
                for early, late in crops
            ),
        )


def _crops(n_bins: int, cut: int, kernel: float) -> tuple[np.ndarray, np.ndarray]:
    """`_smoothing` without the last `cut` bins, and without the first: (n_bins, n_bins - cut)."""
    smooth, gone = _smoothing(n_bins - cut, kernel), np.zeros((cut, n_bins - cut))
    return np.concatenate([smooth, gone]), np.concatenate([gone, smooth])


def _parts(n_units: int, most: int) -> list[np.ndarray]:
    """Divide units into parts of about `most`, two at least, so that none lacks a partner."""
    return np.array_split(np.arange(n_units), max(min(n_units // most, n_units // 2), 1))


def _smoothing(n_bins: int, kernel: float) -> np.ndarray:
    """Matrix that smooths over bins, with ends normalized, and then subtracts the mean over bins.

    Float64, shape (n_bins, n_bins).
    """
    distance = np.subtract.outer(np.arange(n_bins), np.arange(n_bins))
    weight = np.exp(-0.5 * (distance / kernel) ** 2) if kernel > 0 else np.eye(n_bins)
    weight /= weight.sum(axis=0)
    return np.asarray(weight - weight.mean(axis=1, keepdims=True))
