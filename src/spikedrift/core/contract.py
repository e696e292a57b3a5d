"""What a trials file must hold, its variables and attributes, and the check of it.

docs/trials.md is the contract in words; `trials` makes, reads, cuts and writes such files.
"""

import json
from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.core.errors import InputError, unknown

CONTRACT_VERSION = 2
KINDS = ("data", "model", "synthetic")
NO_TIMING = "two-photon events: no spike timing"

# name -> (dtype, default, units, meaning). A default of None makes the column compulsory.
TRIAL_COLUMNS: dict[str, tuple[str, Any, str, str]] = {
    "stimulus": ("str", None, "1", "stimulus family"),
    "segment": ("int64", None, "1", "part of the stimulus: movie second, direction, pattern"),
    "segment_name": ("str", "", "1", "name of the segment in its source, empty where it has none"),
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
    "recording": ("str", None, "1", "recording that the unit is from"),
}
# Prefix of the names of quality columns, so that none collides with a column of the contract.
QUALITY = "quality_"
TRIAL_KEY = ("stimulus", "segment", "repeat", "block", "session", "phase")
REPEAT_KEY = ("session", "phase", "block", "repeat")
ATTRIBUTES: dict[str, Any] = {
    "source": "",
    "citation": "",
    "licence": "",
    "parameters": "{}",
    "software": "{}",
    "pseudo_population": 0,
    "subject": "",
    "trial_order_known": 1,
    "assumptions": "",
}

# name -> (dimensions, dtype) of the variables that are no columns; event_amplitude may be left out.
SPIKES: dict[str, tuple[tuple[str, ...], str]] = {
    "spike_time": (("spike",), "float64"),
    "spike_count": (("trial", "unit"), "int32"),
    "observed": (("trial", "unit"), "bool"),
    "event_amplitude": (("spike",), "float64"),
}
PHASES = ("naive", "train", "block")  # in the order of a model's life
TEXTS = ("recording", "kind", *(key for key, value in ATTRIBUTES.items() if value in ("", "{}")))
RENAMED = {"experience_unit": "subject"}  # attribute of older files -> what it is called now
FLAGS = ("pseudo_population", "trial_order_known", "spike_timing")
# The smallest whole number that a column may hold.
LEAST = {"repeat": 0, "block": 0, "session": 0, "presentation_index": -1}
_RANGE = {"int32": np.iinfo(np.int32).max, "int64": np.iinfo(np.int64).max}


def layout(name: Hashable) -> tuple[tuple[str, ...], str | None] | None:
    """Dimensions and dtype of a variable; None for a name that the contract does not know.

    The dtype of a quality column is None: it may hold numbers, truth values or texts.
    """
    if name in SPIKES:
        return SPIKES[str(name)]
    for dim, columns in (("trial", TRIAL_COLUMNS), ("unit", UNIT_COLUMNS)):
        if name in columns:
            return (dim,), columns[str(name)][0]
    return (("unit",), None) if str(name).startswith(QUALITY) and name != QUALITY else None


def check(dataset: xr.Dataset) -> None:
    """Refuse a Dataset that breaks the contract, before it is written and after it is read.

    Raises
    ------
    InputError
        Naming the recording and, where there is one, the variable, trial and unit at fault:
        attributes, variables, dimensions, dtypes and ranges that are not those of docs/trials.md;
        counts and spikes that do not fit each other; trials or units that are there twice;
        repeats that are not counted through the blocks.
    """
    recording = dataset.attrs.get("recording")
    name = recording if isinstance(recording, str) and recording else "trials"
    _check_attributes(dataset, name)
    _check_variables(dataset, name)
    _check_columns(dataset, name)
    _check_spikes(dataset, name)
    _check_units(dataset, name)
    _check_repeats(dataset, name)


def normal(dataset: xr.Dataset) -> xr.Dataset:
    """Give a checked Dataset the dtypes of the contract: a file may store narrower whole numbers.

    Columns of trials and units become coordinates and `unit_id` an index, so that
    `dataset["spike_count"].sel(unit_id="a")` works.
    """
    columns = []
    for name, variable in dataset.variables.items():
        found = layout(name)
        dtype = found[1] if found else None
        if dtype not in (None, "str") and variable.dtype != dtype:
            dataset = dataset.assign({name: variable.astype(str(dtype))})
        if name not in SPIKES:
            columns.append(name)
    return dataset.set_coords(columns).set_xindex("unit_id")


def _check_attributes(dataset: xr.Dataset, name: str) -> None:
    attributes = dataset.attrs
    version: Any = attributes.get("contract_version")
    if version is None:
        raise InputError(f"{name}: has no contract_version, so it is no trials file")
    if not _whole(version) or int(version) != CONTRACT_VERSION:
        raise InputError(
            f"{name}: contract_version {version!r}, this version of spikedrift reads "
            f"{CONTRACT_VERSION}; delete the file and run the same command to make it again"
        )
    for old, new in RENAMED.items():
        if old in attributes:
            raise InputError(
                f"{name}: attribute {old!r} is now called {new!r}; "
                "rename it, or make the file again"
            )
    for key in (*TEXTS, *FLAGS):
        if key not in attributes:
            raise InputError(f"{name}: attribute {key!r} is missing from the trials file")
        value = attributes[key]
        if key in FLAGS and not (_whole(value) and int(value) in (0, 1)):
            raise InputError(f"{name}: attribute {key!r} is {value!r}, must be 0 or 1")
        if key not in FLAGS and not isinstance(value, str):
            raise InputError(f"{name}: attribute {key!r} is {value!r}, must be a text")
    if not attributes["recording"]:
        raise InputError(f"{name}: attribute 'recording' is empty, must be the recording's id")
    if attributes["kind"] not in KINDS:
        raise InputError(f"{name}: kind is {attributes['kind']!r}, must be one of {KINDS}")
    for key in ("parameters", "software"):
        try:
            found = json.loads(attributes[key])
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{name}: attribute {key!r} must be JSON of a mapping")
    if bool(attributes["spike_timing"]) == ("event_amplitude" in dataset.variables):
        raise InputError(
            f"{name}: attribute 'spike_timing' is {attributes['spike_timing']}, but "
            f"event_amplitude is {'there' if attributes['spike_timing'] else 'missing'}"
        )


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check_variables(dataset: xr.Dataset, name: str) -> None:
    """Check the names, dimensions, dtypes and units of variables, and how they are stored."""
    needed = [*SPIKES, *TRIAL_COLUMNS, *UNIT_COLUMNS]
    for variable in needed:
        if variable not in dataset.variables and variable != "event_amplitude":
            raise InputError(f"{name}: variable {variable!r} is missing from the trials file")
    for key, stored in dataset.variables.items():
        found = layout(key)
        if found is None or "/" in str(key):
            raise unknown(
                f"{name}: no variable of the contract is", key, [*needed, f"{QUALITY}..."]
            )
        dims, dtype = found
        if stored.dims != dims:
            raise InputError(
                f"{name}: variable {key!r} is over ({', '.join(map(str, stored.dims))}), must be "
                f"over ({', '.join(dims)})"
            )
        if not _is(stored.values, dtype):
            raise InputError(
                f"{name}: variable {key!r} holds {stored.dtype}, must hold {_KINDS[dtype]}"
            )
        unit = stored.attrs.get("units")
        meant = {**TRIAL_COLUMNS, **UNIT_COLUMNS}.get(str(key), (None, None, None))[2]
        meant = "s" if key == "spike_time" else meant
        if meant is not None and unit is not None and unit != meant:
            raise InputError(f"{name}: variable {key!r} is in units {unit!r}, must be {meant!r}")
        fill = stored.encoding.get("_FillValue")
        packed = [one for one in ("scale_factor", "add_offset", "missing_value")
                  if one in stored.encoding]  # fmt: skip
        if packed or (isinstance(fill, float | np.floating) and not np.isnan(fill)):
            raise InputError(
                f"{name}: variable {key!r} is stored with {', '.join(packed) or '_FillValue'}, "
                "which changes its values; store them as they are"
            )


_KINDS = {
    "int32": "whole numbers",
    "int64": "whole numbers",
    "float64": "float64",
    "bool": "true or false",
    "str": "texts",
    None: "numbers, true or false, or texts",
}


def _is(values: np.ndarray, dtype: str | None) -> bool:
    """Whether an array holds values of a dtype, stored in any width that loses nothing."""
    text = values.dtype.kind in "UT" or (
        values.dtype.kind == "O" and all(isinstance(value, str) for value in values.ravel())
    )
    match dtype:
        case "str":
            return text
        case "float64":
            return values.dtype == np.float64
        case "bool":
            stored = values.dtype.kind in "iu" and np.isin(values, (0, 1)).all()
            return values.dtype.kind == "b" or bool(stored)
        case None:
            return text or values.dtype.kind in "biuf"
        case _:
            return values.dtype.kind in "iu" and bool((values <= _RANGE[dtype]).all())


def _first(bad: np.ndarray) -> int:
    return int(np.argmax(bad))


def _check_columns(dataset: xr.Dataset, name: str) -> None:
    """Check the values of the columns."""

    def refuse(key: str, bad: np.ndarray, must: str) -> None:
        if bad.any():
            trial = _first(bad)
            value = dataset[key].values[trial]
            raise InputError(f"{name}: trial {trial}: {key} is {value!s}, must be {must}")

    for key in ("stimulus", "unit_id", "population", "recording"):
        if (empty := dataset[key].values == "").any():
            dim = dataset[key].dims[0]
            raise InputError(f"{name}: {dim} {_first(empty)}: {key} is empty, must be a label")
    for key, least in LEAST.items():
        refuse(key, dataset[key].values < least, f"a whole number from {least}")
    phase = dataset["phase"].values
    refuse("phase", ~np.isin(phase.astype(str), PHASES), f"one of {', '.join(PHASES)}")
    duration = dataset["duration"].values
    if not (good := np.isfinite(duration) & (duration > 0)).all():
        trial = _first(~good)
        raise InputError(f"{name}: trial {trial}: duration {duration[trial]} s must be positive")
    for key in ("start_time", "running_speed", "pupil_area"):
        refuse(key, np.isinf(dataset[key].values), "finite, or NaN where it is not known")


def _check_spikes(dataset: xr.Dataset, name: str) -> None:
    count, time = dataset["spike_count"].values, dataset["spike_time"].values
    unit_id, observed = dataset["unit_id"].values, dataset["observed"].values.astype(bool)
    duration = dataset["duration"].values

    def at(trial: int, unit: int) -> str:
        return f"{name}: trial {trial}, unit {unit_id[unit]}"

    if (count < 0).any():
        trial, unit = np.argwhere(count < 0)[0]
        raise InputError(f"{at(trial, unit)}: spike_count {count[trial, unit]} is negative")
    total = int(count.sum(dtype=np.float64))
    if total != time.size:
        raise InputError(f"{name}: spike_count sums to {total}, but there are {time.size} spikes")
    if (lost := (count > 0) & ~observed).any():
        trial, unit = np.argwhere(lost)[0]
        raise InputError(f"{at(trial, unit)}: has spikes but is marked as not observed")
    cell = np.repeat(np.arange(count.size), count.ravel())
    trial_of, unit_of = np.divmod(cell, max(count.shape[1], 1))
    outside = ~((time >= 0) & (time < duration[trial_of]))
    if outside.any():
        k = _first(outside)
        raise InputError(
            f"{at(trial_of[k], unit_of[k])}: spike at {time[k]} s is outside "
            f"[0, {duration[trial_of[k]]}) s"
        )
    unsorted = (np.diff(cell) == 0) & (np.diff(time) < 0)
    if unsorted.any():
        k = _first(unsorted)
        raise InputError(f"{at(trial_of[k], unit_of[k])}: spike times are not sorted")
    if "event_amplitude" in dataset.variables:
        wrong = ~np.isfinite(dataset["event_amplitude"].values)
        if wrong.any():
            k = _first(wrong)
            raise InputError(f"{at(trial_of[k], unit_of[k])}: event_amplitude is not finite")


def _check_units(dataset: xr.Dataset, name: str) -> None:
    unit_id = dataset["unit_id"].values.astype(str)
    ids, count = np.unique(unit_id, return_counts=True)
    if (count > 1).any():
        twice = ids[_first(count > 1)]
        raise InputError(f"{name}: two units have the unit_id {str(twice)!r}; ids must differ")


def _check_repeats(dataset: xr.Dataset, name: str) -> None:
    """Check that no trial is there twice, and that repeats are counted through the blocks."""
    table = pd.DataFrame({column: dataset[column].values for column in TRIAL_KEY})
    repeated = table.duplicated().to_numpy()
    if repeated.any():
        trial = _first(repeated)
        key = ", ".join(f"{column} {table[column].iloc[trial]}" for column in TRIAL_KEY)
        raise InputError(f"{name}: trial {trial} is a duplicate ({key})")
    number = (
        "repeats count through the blocks of a recording "
        "(sources.repeats.counted_through numbers them so)"
    )
    blocks = table[list(REPEAT_KEY)].drop_duplicates()
    again = blocks.duplicated("repeat").to_numpy()
    if again.any():
        row = blocks.iloc[_first(again)]
        other = blocks[blocks["repeat"] == row["repeat"]].iloc[0]
        raise InputError(
            f"{name}: repeat {row['repeat']} is in {_block(other)} and in {_block(row)}; {number}"
        )
    blocks = blocks.sort_values(["phase", "session", "block", "repeat"])
    falls = (blocks["repeat"].diff() < 0) & (blocks["phase"] == blocks["phase"].shift())
    if falls.any():
        k = _first(falls.to_numpy())
        before, row = blocks.iloc[k - 1], blocks.iloc[k]
        raise InputError(
            f"{name}: repeat {row['repeat']} of {_block(row)} comes after repeat "
            f"{before['repeat']} of {_block(before)}; {number}"
        )


def _block(row: Any) -> str:
    return f"session {row['session']}, phase {row['phase']}, block {row['block']}"
