"""Recordings in the array layout of SpikeShip (Sotomayor-Gomez et al. 2023): three .npy files.

`spike_times` holds the times of all spikes, s from the start of their epoch; spikes of epoch e and
unit n are `spike_times[ii_spike_times[e, n, 0]:ii_spike_times[e, n, 1]]`; `stim_label[e]` is the
stimulus of the epoch. An epoch becomes a trial, a label a segment (in increasing order), the n-th
epoch of a label its repeat n. The layout has no unit ids, areas, times of day or order of showing.
"""

import logging
from pathlib import Path

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.config.sources import ArraysOptions
from spikedrift.core.errors import InputError
from spikedrift.sources import slices
from spikedrift.sources.hdf5 import reason
from spikedrift.sources.labels import as_text
from spikedrift.sources.registry import Source
from spikedrift.sources.repeats import order_within

logger = logging.getLogger(__name__)

ORDER = "the order of epochs within a label is assumed to be that of showing (undocumented)"
HALVES = "the first and the second half of the repeats are assumed to be two blocks"


def read(directory: str | Path, options: ArraysOptions, recording: str) -> xr.Dataset:
    """Read the three arrays through the trials contract.

    Parameters
    ----------
    directory : path
        Holds `spike_times.npy`, `ii_spike_times.npy` and `stim_label.npy`.
    options : ArraysOptions
    recording : str
        Id, `{session}.{stimulus}`.

    Raises
    ------
    InputError
        Naming the file, and the epoch and unit where there is one: a missing file, an object
        array, a wrong shape or type, a slice that ends before it starts, leaves the array or
        shares spikes with another, and times that are not finite, not sorted, or outside
        [0, duration). A spike at the very end of the epoch is outside, as in the contract: it
        belongs to what follows.
    """
    directory = Path(directory)
    time = _load(directory / "spike_times.npy", "f", 1)
    pairs = _load(directory / "ii_spike_times.npy", "iu", 3).astype(np.int64)
    label = _load(directory / "stim_label.npy", "iuf", 1)
    n_epochs, n_units = pairs.shape[:2]
    if pairs.shape[2] != 2:
        raise InputError(
            f"{directory / 'ii_spike_times.npy'}: shape {pairs.shape}, must be (epochs, units, 2)"
        )
    if not n_epochs or not n_units:
        raise InputError(
            f"{directory / 'ii_spike_times.npy'}: {n_epochs} epochs of {n_units} units: empty"
        )
    if label.size != n_epochs:
        raise InputError(
            f"{directory / 'stim_label.npy'}: {label.size} labels for the {n_epochs} epochs of "
            "ii_spike_times.npy"
        )
    if not np.isfinite(label).all():
        raise InputError(
            f"{directory / 'stim_label.npy'}: epoch {np.argmin(np.isfinite(label))} has no label"
        )
    _check_slices(directory / "ii_spike_times.npy", pairs, time.size)
    start, stop = pairs.reshape(-1, 2).T
    length = stop - start
    cell = np.repeat(np.arange(length.size), length)
    index = np.arange(cell.size) + np.repeat(start - (np.cumsum(length) - length), length)
    spikes = time[index].astype(np.float64)
    _check_times(directory / "spike_times.npy", spikes, cell, n_units, options.duration)
    if spikes.size < time.size:
        logger.warning("%s: %d spikes are in no epoch", recording, time.size - spikes.size)

    labels, segment = np.unique(label, return_inverse=True)
    repeat = order_within(segment)
    block = np.zeros(n_epochs, dtype=np.int64)
    assumptions = ORDER
    if options.blocks == "halves":
        shown = np.bincount(segment)
        if (shown != shown[0]).any() or shown[0] % 2:
            raise InputError(
                f"{recording}: blocks 'halves' needs the same even number of epochs for every "
                f"label, got {dict(zip(labels.tolist(), shown.tolist(), strict=True))}; use 'none'"
            )
        block = (repeat >= shown[0] // 2).astype(np.int64)
        assumptions += f"; {HALVES}"
    return trials.assemble(
        spikes,
        length.reshape(n_epochs, n_units),
        recording=recording,
        kind="data",
        trial={
            "stimulus": recording.rpartition(".")[2],
            "segment": segment,
            "segment_name": as_text(labels)[segment],
            "repeat": repeat,
            "block": block,
            "duration": options.duration,
        },
        unit={"unit_id": [f"{n:04d}" for n in range(n_units)]},
        attributes={
            "source": "spikedrift.sources.arrays",
            "parameters": options.model_dump(),
            "pseudo_population": 1,
            "trial_order_known": 0,
            "assumptions": assumptions,
        },
    )


def _load(path: Path, kinds: str, dims: int) -> np.ndarray:
    """Load an array of numbers of the given kinds (numpy's letters) and number of dimensions."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        array = np.load(path, allow_pickle=False)
    except Exception as error:  # numpy, zipfile and zlib raise errors of many kinds
        raise InputError(
            f"{path}: not a readable .npy array of numbers ({reason(error)})"
        ) from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds or array.ndim != dims:
        found = (
            f"{array.dtype} with {array.ndim} dimensions"
            if isinstance(array, np.ndarray)
            else "an archive"
        )
        expected = " or ".join({"f": "float", "i": "int", "u": "uint"}[kind] for kind in kinds)
        raise InputError(f"{path}: holds {found}, must be {expected} with {dims}")
    return array


def _check_slices(path: Path, pairs: np.ndarray, n_spikes: int) -> None:
    """Refuse slices that run backward, leave the array, or share a spike."""

    def name(cell: int) -> str:
        epoch, unit = divmod(cell, pairs.shape[1])
        return f"epoch {epoch}, unit {unit}"

    start, stop = pairs.reshape(-1, 2).T
    slices.check(
        start, stop, n_spikes, "spikes of spike_times.npy", lambda cell: f"{path}: {name(cell)}"
    )
    filled = np.flatnonzero(stop > start)
    filled = filled[np.argsort(start[filled], kind="stable")]
    shared = start[filled[1:]] < stop[filled[:-1]]
    if shared.any():
        first, second = filled[int(np.argmax(shared)) :][:2].tolist()
        raise InputError(
            f"{path}: {name(second)}: slice {start[second]}:{stop[second]} shares spikes with "
            f"{start[first]}:{stop[first]} of {name(first)}"
        )


def _check_times(
    path: Path, time: np.ndarray, cell: np.ndarray, n_units: int, duration: float
) -> None:
    """Refuse times that are not finite, not sorted within their cell, or outside the epoch."""
    unsorted = np.zeros(time.size, dtype=bool)
    unsorted[1:] = (np.diff(cell) == 0) & (np.diff(time) < 0)
    for bad, problem in (
        (~np.isfinite(time), "is not finite"),
        (
            (time < 0) | (time >= duration),
            f"is outside [0, {duration}) s; times count from the start of the epoch, whose length "
            "is the option duration",
        ),
        (unsorted, "comes after a later one; sort the spikes of every slice"),
    ):
        if bad.any():
            spike = int(np.argmax(bad))
            epoch, unit = divmod(int(cell[spike]), n_units)
            raise InputError(
                f"{path}: epoch {epoch}, unit {unit}: spike at {time[spike]} s {problem}"
            )


SOURCE = Source(
    options=ArraysOptions,
    prepare=lambda options, recording, seed, directory: read(
        directory / options.dataset, options, recording
    ),
)
