"""Spikes of a trials file as flat arrays, which measures and surrogates work on."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Spikes:
    """Spikes of a trials file as flat arrays.

    Attributes
    ----------
    times : float64, shape (n_spikes,), s
        From trial start, sorted by (trial, unit, time).
    counts : int64, shape (n_trials, n_units)
    observed : bool, shape (n_trials, n_units)
    segment, block, repeat : int64, shape (n_trials,)
        Index of the trial's (stimulus, segment), of its (session, phase, block), and of that with
        its repeat, from 0; as of `spikedrift.spikes.layout.Layout`.
    duration : float64, shape (n_trials,), s
    """

    times: np.ndarray
    counts: np.ndarray
    observed: np.ndarray
    segment: np.ndarray
    block: np.ndarray
    repeat: np.ndarray
    duration: np.ndarray

    @property
    def offsets(self) -> np.ndarray:
        """Start and stop of every (trial, unit) in `times`: int64, (n_trials * n_units + 1,)."""
        out = np.zeros(self.counts.size + 1, dtype=np.int64)
        np.cumsum(self.counts.ravel(), out=out[1:])
        return out

    @property
    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Trial and unit of every spike: int64, shape (n_spikes,) each."""
        cell = np.repeat(np.arange(self.counts.size), self.counts.ravel())
        trial, unit = np.divmod(cell, self.counts.shape[1])
        return trial, unit

    def kept(self, keep: np.ndarray) -> "Spikes":
        """Keep only the spikes for which `keep` is true: bool, shape (n_spikes,)."""
        cell = np.repeat(np.arange(self.counts.size), self.counts.ravel())
        counts = np.bincount(cell[keep], minlength=self.counts.size).reshape(self.counts.shape)
        return replace(self, times=self.times[keep], counts=counts)


def put(dataset: xr.Dataset, spikes: Spikes) -> xr.Dataset:
    """Return `dataset` with its spikes replaced; trials and units stay as they are.

    `observed` is replaced as well: where a whole response moves to another trial, it moves too.
    """
    out = dataset.drop_vars("spike_time")
    out["spike_time"] = ("spike", spikes.times, dataset["spike_time"].attrs)
    out["observed"] = (("trial", "unit"), spikes.observed, dataset["observed"].attrs)
    out["spike_count"] = (
        ("trial", "unit"),
        spikes.counts.astype(np.int32),
        dataset["spike_count"].attrs,
    )
    return out
