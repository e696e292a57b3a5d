"""Spikes of a trials file as flat arrays, which measures and surrogates work on."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from spikedrift.core.errors import InputError
from spikedrift.trials import REPEAT_KEY

SEGMENT_KEY = ("stimulus", "segment")
BLOCK_KEY = ("session", "phase", "block")


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
        its repeat, from 0 in sorted order.
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
        """Trial and unit of every spike."""
        cell = np.repeat(np.arange(self.counts.size), self.counts.ravel())
        trial, unit = np.divmod(cell, self.counts.shape[1])
        return trial, unit


def label(dataset: xr.Dataset, columns: tuple[str, ...]) -> np.ndarray:
    """Index of each trial's combination of `columns`, from 0 in sorted order."""
    codes = [np.unique(dataset[name].values, return_inverse=True)[1] for name in columns]
    return np.unique(np.stack(codes), axis=1, return_inverse=True)[1].ravel().astype(np.int64)


def segment_names(dataset: xr.Dataset) -> list[str]:
    """Name of each segment in the order of `label`, its number where the source has no name."""
    _, first = np.unique(label(dataset, SEGMENT_KEY), return_index=True)
    names, numbers = dataset["segment_name"].values[first], dataset["segment"].values[first]
    return [str(name) or str(number) for name, number in zip(names, numbers, strict=True)]


def spikes_of(dataset: xr.Dataset, events: bool = False) -> Spikes:
    """Take the spikes out of a trials Dataset.

    Parameters
    ----------
    dataset : trials Dataset
    events : bool
        Take two-photon events for spikes, without their amplitudes: for what reads counts alone.

    Raises
    ------
    InputError
        Where the file holds two-photon events and they are not asked for: they have no spike
        times to permute.
    """
    if "event_amplitude" in dataset and not events:
        raise InputError(
            f"{dataset.attrs.get('recording')}: holds two-photon events; surrogates and thinning "
            "need spikes"
        )
    return Spikes(
        times=dataset["spike_time"].values,
        counts=dataset["spike_count"].values.astype(np.int64),
        observed=dataset["observed"].values.astype(bool),
        segment=label(dataset, SEGMENT_KEY),
        block=label(dataset, BLOCK_KEY),
        repeat=label(dataset, REPEAT_KEY),
        duration=dataset["duration"].values,
    )


def put(dataset: xr.Dataset, spikes: Spikes) -> xr.Dataset:
    """Return `dataset` with its spikes replaced; trials and units stay as they are.

    Where a whole response is moved to another trial, what was not observed moves with it.
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
