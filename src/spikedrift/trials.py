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

from spikedrift import results
from spikedrift.atomic import write_netcdf
from spikedrift.errors import InputError

CONTRACT_VERSION = 1
KINDS = ("data", "model", "synthetic")
NO_TIMING = "two-photon events: no spike timing"

# name -> (dtype, default, units, meaning). A default of None makes the column compulsory.
TRIAL_COLUMNS: dict[str, tuple[str, Any, str, str]] = {
    "stimulus": ("str", None, "1", "stimulus family"),
    "segment": ("int64", None, "1", "part of the stimulus: movie second, direction, pattern"),
    "repeat": ("int64", None, "1", "showing, counted over the whole session"),
    "block": ("int64", 0, "1", "run of uninterrupted repeats"),
    "session": ("int64", 0, "1", "recording day"),
    "phase": ("str", "block", "1", "naive, train or block (a model's phases; data: block)"),
    "plasticity_on": ("bool", False, "1", "plasticity acts during the trial (models)"),
    "presentation_index": ("int64", -1, "1", "order of showing, -1 where unknown"),
    "start_time": (
        "float64",
        np.nan,
        "s",
        "from the start of the first session, NaN where unknown",
    ),
    "duration": ("float64", None, "s", "length of the trial"),
    "running_speed": ("float64", np.nan, "cm/s", "mean over the trial, NaN where missing"),
    "pupil_area": ("float64", np.nan, "1", "mean over the trial, NaN where missing"),
}
UNIT_COLUMNS: dict[str, tuple[str, Any, str, str]] = {
    "unit_id": ("str", None, "1", "identifier of the unit in its source"),
    "population": ("str", "all", "1", "area, cell group or assembly"),
}
TRIAL_KEY = ("stimulus", "segment", "repeat", "block", "session", "phase")
REPEAT_KEY = ("session", "phase", "block", "repeat")
ATTRIBUTES: dict[str, Any] = {
    "source": "",
    "citation": "",
    "licence": "",
    "parameters": "{}",
    "software": "{}",
    "pseudo_population": 0,
    "experience_unit": "",
    "trial_order_known": 1,
    "assumptions": "",
}


def ragged(
    trial: npt.ArrayLike, unit: npt.ArrayLike, time: npt.ArrayLike, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Sort loose spikes into the ragged layout.

    Parameters
    ----------
    trial, unit : array of int, shape (n_spikes,)
        Cell of the table that each spike belongs to.
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
        As `ragged` returns them, times relative to the start of each trial.
    """
    time = np.asarray(spike_time, dtype=np.float64)
    order = np.argsort(time, kind="stable")
    time, unit = time[order], np.asarray(spike_unit, dtype=np.int64)[order]
    start = np.asarray(start, dtype=np.float64)
    stop = start + np.broadcast_to(np.asarray(duration, dtype=np.float64), start.shape)
    first, last = np.searchsorted(time, start), np.searchsorted(time, stop)
    length = last - first
    trial = np.repeat(np.arange(start.size), length)
    index = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + first[trial]
    return ragged(trial, unit[index], time[index] - start[trial], (start.size, n_units))


def assemble(
    spike_time: npt.ArrayLike,
    spike_count: npt.ArrayLike,
    *,
    recording: str,
    kind: str,
    trial: Mapping[str, npt.ArrayLike],
    unit: Mapping[str, npt.ArrayLike],
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
        Columns of `UNIT_COLUMNS`, and any further quality column.
    observed : array of bool, shape (n_trials, n_units), optional
        False where the unit was not measured in that trial. Default: all observed.
    event_amplitude : array, shape (n_spikes,), optional
        Two-photon events; timing measures refuse a file that has it, and the attribute
        `spike_timing` is 0.
    attributes : mapping, optional
        Entries of `ATTRIBUTES`; `parameters` and `software` may be dicts (stored as JSON).

    Raises
    ------
    InputError
        Where `check` finds the result unsound, or a column is missing or unknown.
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
    unknown = set(trial) - set(TRIAL_COLUMNS)
    if unknown:
        raise InputError(f"{recording}: unknown trial column {sorted(unknown)[0]!r}")
    for given, dim, size, known in (
        (trial, "trial", n_trials, TRIAL_COLUMNS),
        (unit, "unit", n_units, UNIT_COLUMNS),
    ):
        for name, (dtype, default, units, meaning) in known.items():
            value = given.get(name, default)
            if value is None:
                raise InputError(f"{recording}: {dim} column {name!r} is missing")
            column = _typed(np.asarray(value), dtype, f"{recording}: {dim} column {name!r}")
            if column.ndim and column.shape != (size,):
                raise InputError(
                    f"{recording}: {dim} column {name!r} has shape {column.shape}, needs ({size},)"
                )
            column = np.broadcast_to(column, (size,)).copy()
            variables[name] = (dim, column, {"units": units, "long_name": meaning})
    for name in unit:
        if name not in UNIT_COLUMNS:
            column = np.asarray(unit[name])
            if column.shape != (n_units,):
                raise InputError(
                    f"{recording}: unit column {name!r} has shape {column.shape}, "
                    f"needs ({n_units},)"
                )
            variables[name] = ("unit", column)
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
    return dataset


def _typed(column: np.ndarray, dtype: str, name: str) -> np.ndarray:
    """Convert a column without losing anything: no text or fraction becomes a whole number."""
    if dtype == "str":
        return column.astype(str)
    try:
        exact = dtype != "int64" or bool(np.all(np.mod(column, 1) == 0))
        converted = column.astype(dtype) if exact else column
    except (TypeError, ValueError):
        raise InputError(f"{name} must be {dtype}, got {column.dtype}") from None
    if not exact:
        raise InputError(f"{name} must hold whole numbers")
    return converted


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
    count = dataset["spike_count"].values[np.ix_(rows, columns)]
    length = count.ravel().astype(np.int64)
    index = np.arange(length.sum()) + np.repeat(start - (np.cumsum(length) - length), length)
    spike_variables = [name for name in dataset.variables if "spike" in dataset[name].dims]
    out = dataset.drop_vars(spike_variables).isel(trial=rows, unit=columns)
    for name in spike_variables:
        out[name] = ("spike", dataset[name].values[index], dataset[name].attrs)
    return out


def check(dataset: xr.Dataset) -> None:
    """Refuse a Dataset that breaks the contract.

    Raises
    ------
    InputError
        Naming the recording and the first trial and unit at fault: a missing variable, a
        negative or mismatched count, an unsorted or NaN time or one outside [0, duration),
        spikes where the unit was not observed, or a duplicate (stimulus, segment, repeat,
        block, session, phase).
    """
    name = dataset.attrs.get("recording", "trials")
    needed = ("spike_time", "spike_count", "observed", *TRIAL_COLUMNS, *UNIT_COLUMNS)
    for variable in needed:
        if variable not in dataset:
            raise InputError(f"{name}: variable {variable!r} is missing from the trials file")
    if dataset.attrs.get("kind") not in KINDS:
        raise InputError(f"{name}: kind is {dataset.attrs.get('kind')!r}, must be one of {KINDS}")
    if dataset.attrs.get("contract_version") != CONTRACT_VERSION:
        raise InputError(
            f"{name}: contract_version {dataset.attrs.get('contract_version')!r}, this version "
            f"reads {CONTRACT_VERSION}; make the file again"
        )
    count, time = dataset["spike_count"].values, dataset["spike_time"].values
    unit_id = dataset["unit_id"].values

    def at(trial: int, unit: int) -> str:
        return f"{name}: trial {trial}, unit {unit_id[unit]}"

    if (count < 0).any():
        trial, unit = np.argwhere(count < 0)[0]
        raise InputError(f"{at(trial, unit)}: spike_count {count[trial, unit]} is negative")
    if count.sum() != time.size:
        raise InputError(f"{name}: spike_count sums to {count.sum()}, but there are {time.size}")
    if dataset["observed"].shape != count.shape:
        raise InputError(f"{name}: observed has shape {dataset['observed'].shape}")
    lost = (count > 0) & ~dataset["observed"].values
    if lost.any():
        trial, unit = np.argwhere(lost)[0]
        raise InputError(f"{at(trial, unit)}: has spikes but is marked as not observed")
    duration = dataset["duration"].values
    if not (np.isfinite(duration) & (duration > 0)).all():
        trial = np.flatnonzero(~(np.isfinite(duration) & (duration > 0)))[0]
        raise InputError(f"{name}: trial {trial}: duration {duration[trial]} s must be positive")
    trial_of, unit_of = spike_cells(dataset)
    outside = ~((time >= 0) & (time < duration[trial_of]))
    if outside.any():
        k = np.flatnonzero(outside)[0]
        raise InputError(
            f"{at(trial_of[k], unit_of[k])}: spike at {time[k]} s is outside "
            f"[0, {duration[trial_of[k]]}) s"
        )
    same = (np.diff(trial_of) == 0) & (np.diff(unit_of) == 0)
    unsorted = same & (np.diff(time) < 0)
    if unsorted.any():
        k = np.flatnonzero(unsorted)[0]
        raise InputError(f"{at(trial_of[k], unit_of[k])}: spike times are not sorted")
    table = dataset[list(TRIAL_KEY)].to_dataframe().reset_index(drop=True)
    repeated = table.duplicated()
    if repeated.any():
        trial = int(np.flatnonzero(repeated)[0])
        key = ", ".join(f"{column} {dataset[column].values[trial]}" for column in TRIAL_KEY)
        raise InputError(f"{name}: trial {trial} is a duplicate ({key})")


def read(path: str | Path) -> xr.Dataset:
    """Read and check a trials file; below `results` it must be of the recording in its name.

    Raises
    ------
    InputError
        Where the file is missing, damaged, of another recording, or breaks the contract.
    """
    dataset = results.read(path, **results.recording_of(path))
    check(dataset)
    return dataset


def write(dataset: xr.Dataset, path: str | Path) -> None:
    """Check a Dataset and write it, whole or not at all."""
    check(dataset)
    write_netcdf(dataset, path)
