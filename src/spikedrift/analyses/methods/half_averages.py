"""Trial averages over random halves of every block and segment, in time bins."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.ndimage import gaussian_filter1d

from spikedrift.analyses.methods.components import random_halves
from spikedrift.config.analyses import LowRankOptions
from spikedrift.core.errors import InputError
from spikedrift.spikes.layout import Layout

WIDEST = 0.05  # s, of a bin by default
FEWEST_BINS = 4


@dataclass(frozen=True)
class Halves:
    """Trials of a recording in bins, and random halves of every block and segment.

    Attributes
    ----------
    counts : sparse, shape (n_trials, n_units * n_bins)
    segment : int64, shape (n_trials,)
    member : sparse, shape (n_splits * 2 * n_blocks * n_segments, n_trials)
        1 where the trial is in that half.
    shape : (n_splits, 2, n_blocks, n_segments, n_units, n_bins)
    trials : int
        Trials of a segment in a half.
    bin, smoothing : float, s
    """

    counts: sparse.csr_array
    segment: np.ndarray
    member: sparse.csr_array
    shape: tuple[int, ...]
    trials: int
    bin: float
    smoothing: float

    def averages(self, order: np.ndarray) -> np.ndarray:
        """Mean responses of all halves, with trials taken in some order.

        Returns
        -------
        float64, shape (n_splits, 2, n_blocks, n_segments, n_bins, n_units)
            In units of the root of a unit's mean count, less its mean over segments and bins.
        """
        total = self.counts.sum(axis=0).reshape(self.shape[-2:]).mean(axis=1)
        mean = (self.member @ self.counts[order]).toarray().reshape(self.shape) / self.trials
        if self.smoothing:
            mean = gaussian_filter1d(mean, self.smoothing / self.bin, axis=-1, mode="nearest")
        mean /= np.sqrt(total / self.counts.shape[0])[:, None]
        mean -= mean.mean(axis=(3, 5), keepdims=True)
        return np.ascontiguousarray(mean.swapaxes(-1, -2))


def halves_of(layout: Layout, options: LowRankOptions, rng: np.random.Generator) -> Halves:
    """Bin the trials of units that were seen throughout, and draw halves.

    Raises
    ------
    InputError
        For fewer than two units observed in every trial, fewer than four bins in a trial, or a
        segment with fewer than two trials in a block.
    """
    spikes, where = layout.spikes, f"{layout.name}: low_rank"
    units = np.flatnonzero(spikes.observed.all(axis=0) & (spikes.counts.sum(axis=0) > 0))
    if units.size < 2:
        raise InputError(
            f"{where} needs two units that spike and are observed in every trial, there are "
            f"{units.size}; select units found in all blocks"
        )
    duration = float(spikes.duration.min())
    bin = options.bin or min(duration / 10, WIDEST)
    n_bins = int(np.floor(duration / bin + 1e-9))
    if n_bins < FEWEST_BINS:
        raise InputError(
            f"{where}: bins of {bin:.4g} s leave {n_bins} in a trial of {duration:.4g} s, "
            f"{FEWEST_BINS} are needed; choose a smaller bin"
        )
    cell = spikes.block * layout.n_segments + spikes.segment
    n_cells = layout.n_blocks * layout.n_segments
    if (least := np.bincount(cell, minlength=n_cells).min()) < 2:
        raise InputError(
            f"{where} needs two trials of every segment in every block, there are {least}; choose "
            "a selection with more repeats"
        )
    member, size = random_halves(cell, np.ones(cell.size, bool), options.splits, rng)
    trial, unit = spikes.cells
    at = np.floor(spikes.times / bin).astype(np.int64)
    place = np.full(spikes.counts.shape[1], -1)
    place[units] = np.arange(units.size)
    keep = (place[unit] >= 0) & (at < n_bins)
    column = place[unit[keep]] * n_bins + at[keep]
    counts = sparse.csr_array(
        (np.ones(column.size), (trial[keep], column)), (cell.size, units.size * n_bins)
    )
    shape = (options.splits, 2, layout.n_blocks, layout.n_segments, units.size, n_bins)
    smoothing = bin if options.smoothing is None else options.smoothing
    return Halves(counts, spikes.segment, member, shape, size, bin, smoothing)
