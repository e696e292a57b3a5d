"""The trials contract: one file of spikes cut into trials, from a recording or a simulation.

A trial is one showing of one segment of a stimulus; a repeat is one pass through all segments; a
block is a run of uninterrupted repeats. Spikes are a CF contiguous ragged array: `spike_time` is
sorted by (trial, unit, time) and `spike_count[trial, unit]` says how many spikes each cell of the
table holds. docs/trials.md is the contract in words.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.columns import typed
from spikedrift.core.contract import (
    ATTRIBUTES,
    CONTRACT_VERSION,
    KINDS,
    NO_TIMING,
    PHASES,
    QUALITY,
    REPEAT_KEY,
    TRIAL_COLUMNS,
    TRIAL_KEY,
    UNIT_COLUMNS,
    check,
    normal,
)
from spikedrift.core.errors import InputError, unknown

__all__ = [
    "ATTRIBUTES",
    "CONTRACT_VERSION",
    "KINDS",
    "LEAST_COMMON",
    "NO_TIMING",
    "PHASES",
    "QUALITY",
    "REPEAT_KEY",
    "TRIAL_COLUMNS",
    "TRIAL_KEY",
    "UNIT_COLUMNS",
    "assemble",
    "check",
    "common_duration",
    "cut",
    "offsets",
    "quality",
    "quality_names",
    "ragged",
    "read",
    "select",
    "shorten",
    "spike_cells",
    "write",
]

# Trials are cut to the shortest if it lasts at least this share of the longest.
LEAST_COMMON = 0.9


def ragged(
    trial: npt.ArrayLike, unit: npt.ArrayLike, time: npt.ArrayLike, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Sort loose spikes into the ragged layout.

    Parameters
    ----------
    trial, unit : array of int, shape (n_spikes,)
        Trial and unit of each spike.
    time : array of float, shape (n_spikes,), s
        Time from the start of the trial.
    shape : (n_trials, n_units)

    Returns
    -------
    spike_time : float64, shape (n_spikes,), s
        Sorted by (trial, unit, time).
    spike_count : int32, shape (n_trials, n_units)
    """
    trial, unit = np.asarray(trial, dtype=np.int64), np.asarray(unit, dtype=np.int64)
    time = np.asarray(time, dtype=np.float64)
    cell = trial * shape[1] + unit
    order = np.lexsort((time, cell))
    count = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    return time[order], count.astype(np.int32)


def cut(
    spike_time: npt.ArrayLike,
    spike_unit: npt.ArrayLike,
    start: npt.ArrayLike,
    duration: npt.ArrayLike,
    n_units: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut session-long spike trains into trials [start, start + duration).

    Trials may overlap and come in any order; a spike in two trials is counted in both.

    Parameters
    ----------
    spike_time : array, shape (n_spikes,), s
        Absolute times, in any order.
    spike_unit : array of int, shape (n_spikes,)
    start, duration : array, shape (n_trials,), s
    n_units : int

    Returns
    -------
    spike_time, spike_count
        As `ragged` returns them, times relative to the start of each trial; rounding moves none
        of them to the very end.
    """
    time = np.asarray(spike_time, dtype=np.float64)
    order = np.argsort(time, kind="stable")
    time, unit = time[order], np.asarray(spike_unit, dtype=np.int64)[order]
    start = np.asarray(start, dtype=np.float64)
    duration = np.broadcast_to(np.asarray(duration, dtype=np.float64), start.shape)
    first, last = np.searchsorted(time, start), np.searchsorted(time, start + duration)
    length = last - first
    trial = np.repeat(np.arange(start.size), length)
    index = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + first[trial]
    within = np.minimum(time[index] - start[trial], np.nextafter(duration, 0)[trial])
    return ragged(trial, unit[index], within, (start.size, n_units))


def assemble(
    spike_time: npt.ArrayLike,
    spike_count: npt.ArrayLike,
    *,
    recording: str,
    kind: str,
    trial: Mapping[str, npt.ArrayLike],
    unit: Mapping[str, npt.ArrayLike],
    quality: Mapping[str, npt.ArrayLike] | None = None,
    observed: npt.ArrayLike | None = None,
    event_amplitude: npt.ArrayLike | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Build and check a trials Dataset.

    Parameters
    ----------
    spike_time : array, shape (n_spikes,), s
        From trial start, sorted by (trial, unit, time).
    spike_count : array of int, shape (n_trials, n_units)
    recording : str
        Id, `{session}.{stimulus}`.
    kind : {"data", "model", "synthetic"}
    trial : mapping of name -> array, shape (n_trials,)
        Columns of `TRIAL_COLUMNS`; those left out take their default. Scalars are broadcast.
    unit : mapping of name -> array, shape (n_units,)
        Columns of `UNIT_COLUMNS`; those left out take their default, `recording` this one's id.
    quality : mapping of name -> array, shape (n_units,), optional
        Further columns of the source under any name, with numbers or text, stored as variables
        `quality_{name}`; `quality` and `quality_names` return them.
    observed : array of bool, shape (n_trials, n_units), optional
        False where the unit was not measured in that trial. Default: all observed.
    event_amplitude : array, shape (n_spikes,), optional
        Amplitudes of two-photon events. Timing measures refuse a file that has them, and its
        attribute `spike_timing` is 0.
    attributes : mapping, optional
        Entries of `ATTRIBUTES`; `parameters` and `software` may be dicts (stored as JSON).

    Raises
    ------
    InputError
        Where `check` refuses the result, or a column is missing, unknown or of the wrong shape.
    """
    count = np.asarray(spike_count)
    if count.ndim != 2:
        raise InputError(f"{recording}: spike_count must be (trial, unit), got {count.ndim} dims")
    n_trials, n_units = count.shape
    variables: dict[str, Any] = {
        "spike_time": ("spike", np.asarray(spike_time, dtype=np.float64), {"units": "s"}),
        "spike_count": (("trial", "unit"), count.astype(np.int32), {"sample_dimension": "spike"}),
    }
    seen = np.ones(count.shape, bool) if observed is None else np.asarray(observed, bool)
    if seen.shape != count.shape:
        raise InputError(f"{recording}: observed has shape {seen.shape}, needs {count.shape}")
    variables["observed"] = (("trial", "unit"), seen)
    if event_amplitude is not None:
        amplitude, spikes = np.asarray(event_amplitude, dtype=np.float64), np.shape(spike_time)
        if amplitude.shape != spikes:
            raise InputError(
                f"{recording}: event_amplitude has shape {amplitude.shape}, needs {spikes}"
            )
        variables["event_amplitude"] = ("spike", amplitude)
    for given, dim, size, known in (
        (trial, "trial", n_trials, TRIAL_COLUMNS),
        ({"recording": recording, **unit}, "unit", n_units, UNIT_COLUMNS),
    ):
        for name in given:
            if name not in known:
                raise unknown(f"{recording}: no {dim} column of the contract is", name, known)
        for name, (dtype, default, units, meaning) in known.items():
            value = given.get(name, default)
            if value is None:
                raise InputError(f"{recording}: {dim} column {name!r} is missing")
            column = typed(np.asarray(value), dtype, f"{recording}: {dim} column {name!r}")
            if column.ndim and column.shape != (size,):
                raise InputError(
                    f"{recording}: {dim} column {name!r} has shape {column.shape}, needs ({size},)"
                )
            column = np.broadcast_to(column, (size,)).copy()
            variables[name] = (dim, column, {"units": units, "long_name": meaning})
    for name, values in (quality or {}).items():
        column = np.asarray(values)
        if column.shape != (n_units,):
            raise InputError(
                f"{recording}: quality column {name!r} has shape {column.shape}, needs ({n_units},)"
            )
        variables[QUALITY + name] = ("unit", column)
    merged = {**ATTRIBUTES, **(attributes or {})}
    for name in ("parameters", "software"):
        if not isinstance(merged[name], str):
            merged[name] = json.dumps(merged[name], sort_keys=True)
    for name in ("pseudo_population", "trial_order_known"):
        merged[name] = int(merged[name])
    merged.update(
        recording=recording,
        kind=kind,
        spike_timing=int(event_amplitude is None),
        contract_version=CONTRACT_VERSION,
    )
    dataset = xr.Dataset(variables, attrs=merged)
    check(dataset)
    return normal(dataset)


def quality_names(dataset: xr.Dataset) -> list[str]:
    """Names of the quality columns, as the source has them, in the order of the file."""
    names = (str(name) for name in dataset.variables)
    return [name.removeprefix(QUALITY) for name in names if name.startswith(QUALITY)]


def quality(dataset: xr.Dataset, name: str) -> np.ndarray:
    """Quality column of the units by its name in the source: shape (n_units,).

    Raises
    ------
    InputError
        Where there is none; the message names those that there are.
    """
    if QUALITY + name not in dataset:
        recording = dataset.attrs.get("recording", "trials")
        raise unknown(f"{recording}: no quality column", name, quality_names(dataset))
    return np.asarray(dataset[QUALITY + name].values)


def offsets(dataset: xr.Dataset) -> np.ndarray:
    """Start and stop of every (trial, unit) in `spike_time`: int64, shape (trial * unit + 1,)."""
    out = np.zeros(dataset["spike_count"].size + 1, dtype=np.int64)
    np.cumsum(dataset["spike_count"].values.ravel(), dtype=np.int64, out=out[1:])
    return out


def spike_cells(dataset: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Trial and unit index of every spike: two int64 arrays of shape (n_spikes,)."""
    count = dataset["spike_count"].values
    cell = np.repeat(np.arange(count.size), count.ravel())
    trial, unit = np.divmod(cell, count.shape[1])
    return trial, unit


def select(
    dataset: xr.Dataset,
    trials: npt.ArrayLike | None = None,
    units: npt.ArrayLike | None = None,
) -> xr.Dataset:
    """Keep some trials and units (boolean masks or integer indices), spikes included.

    Integer indices may reorder trials and units, and may repeat them.
    """
    n_trials, n_units = dataset["spike_count"].shape
    rows = np.arange(n_trials) if trials is None else np.arange(n_trials)[np.asarray(trials)]
    columns = np.arange(n_units) if units is None else np.arange(n_units)[np.asarray(units)]
    start = offsets(dataset)[:-1].reshape(n_trials, n_units)[np.ix_(rows, columns)].ravel()
    length = dataset["spike_count"].values[np.ix_(rows, columns)].ravel().astype(np.int64)
    index = np.arange(length.sum()) + np.repeat(start - (np.cumsum(length) - length), length)
    out = dataset.isel(trial=rows, unit=columns, spike=index)
    out.attrs = dict(dataset.attrs)  # those of what `isel` returns are the same object
    return out


def shorten(dataset: xr.Dataset, duration: npt.ArrayLike) -> xr.Dataset:
    """Cut trials to a duration, as if they had been recorded with it.

    Parameters
    ----------
    dataset : trials Dataset
    duration : float, or array of shape (n_trials,), s
        Longer trials lose the spikes after it; shorter ones stay as they are.
    """
    shape = dataset["spike_count"].shape
    stop = np.minimum(dataset["duration"].values, duration)
    trial, unit = spike_cells(dataset)
    kept = dataset["spike_time"].values < stop[trial]
    cell = (trial * shape[1] + unit)[kept]
    count = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int32)
    out = dataset.isel(spike=np.flatnonzero(kept))
    return out.assign(
        spike_count=(("trial", "unit"), count, dataset["spike_count"].attrs),
        duration=("trial", stop, dataset["duration"].attrs),
    )


def common_duration(duration: npt.ArrayLike, where: str) -> float:
    """Duration to which trials are cut before they are compared: that of the shortest, s.

    Counts, spike times and flows of windows of unequal length differ even where nothing has
    changed. Frame clocks jitter and times are rounded, so that trials of one kind need not last
    equally long.

    Parameters
    ----------
    duration : array, shape (n,), s
    where : str
        Start of an error message.

    Raises
    ------
    InputError
        Where the shortest lasts less than `LEAST_COMMON` of the longest: too much would be lost.
    """
    lasting = np.asarray(duration, dtype=np.float64)
    shortest, longest = float(lasting.min()), float(lasting.max())
    if shortest < LEAST_COMMON * longest:
        raise InputError(
            f"{where}: trials last {shortest:.4g} to {longest:.4g} s, which is too unequal to cut "
            f"them to the shortest (at least {LEAST_COMMON:.0%} of the longest); set the option "
            "duration of the recording, or make a recording of the trials of each duration"
        )
    return shortest


def read(path: str | Path) -> xr.Dataset:
    """Read and check a trials file; below `results` it must be of the recording in its name.

    Raises
    ------
    InputError
        Where the file is missing, damaged, of another recording, or breaks the contract; the
        message names it.
    """
    dataset = results.read(path, **results.recording_of(path))
    try:
        check(dataset)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return normal(dataset)


def write(dataset: xr.Dataset, path: str | Path) -> None:
    """Check a Dataset and write it, whole or not at all.

    Raises
    ------
    InputError
        Where `check` refuses the Dataset.
    """
    check(dataset)
    write_netcdf(dataset, path)
