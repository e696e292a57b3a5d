"""Behavior in an NWB file: series are found by their path and averaged over trials."""

import logging
from dataclasses import dataclass

import numpy as np
import pynwb

from spikedrift.config.sources import series_path
from spikedrift.core.errors import InputError
from spikedrift.sources.covariates import speed_factor, trial_means
from spikedrift.sources.hdf5 import reading
from spikedrift.sources.nwb_file import find, is_series

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Series:
    """Samples of a series.

    Attributes
    ----------
    time : float64, shape (n_samples,), s
    value : float64, shape (n_samples,)
        In `unit`: the file's conversion and offset are applied.
    unit : str
        As the file has it.
    """

    time: np.ndarray
    value: np.ndarray
    unit: str


@dataclass(frozen=True)
class Behavior:
    """Behavior in trials.

    Attributes
    ----------
    mean : dict of float64, shape (n_trials,)
        Mean of each series by the name of the trial's column; speed in cm/s, others in the unit of
        the file.
    unit : dict of str
        Unit of each in the file.
    assumptions : list of str
        What is assumed, or missing throughout.
    """

    mean: dict[str, np.ndarray]
    unit: dict[str, str]
    assumptions: list[str]


def behavior(
    nwb: pynwb.NWBFile,
    paths: dict[str, str],
    start: np.ndarray,
    stop: np.ndarray,
    where: str,
) -> Behavior:
    """Average series over trials.

    Parameters
    ----------
    nwb : NWBFile
    paths : dict of str
        Path of each series in the file, as `find` takes it, by the name of the trial's column;
        `path[k]` is column k of a series with several.
    start, stop : float64, shape (n_trials,), s
    where : str
        What an error starts with.

    Raises
    ------
    InputError
        As `find` and `samples`, and for times that are not finite or not in order.
    """
    out = Behavior({}, {}, [])
    for name, path in paths.items():
        place, column = series_path(path)
        found = find(nwb, is_series, place, "series", where)
        series = samples(found, column, f"{where}: series {place!r}")
        bad = ~np.isfinite(series.time)
        bad[1:] |= np.diff(series.time) < 0
        if bad.any():
            raise InputError(
                f"{where}: series {path!r}: sample {int(np.argmax(bad))} has no time, or an "
                "earlier one than the sample before it"
            )
        mean = trial_means(series.time, series.value, start, stop)
        out.unit[name] = series.unit
        if name == "running_speed":
            factor = speed_factor(series.unit)
            if factor is None:
                out.assumptions.append(
                    f"the unit of {name} in the file, {series.unit!r}, is taken as cm/s"
                )
            elif factor != 1:
                mean = mean * factor
        if np.isnan(mean).all():
            out.assumptions.append(f"{name} has no sample in any trial ({path})")
        out.mean[name] = mean
    for one in out.assumptions:
        logger.warning("%s: %s", where, one)
    return out


def samples(found: pynwb.TimeSeries, column: int | None, what: str) -> Series:
    """Read a series, or one column of a series with several.

    Raises
    ------
    InputError
        Where the series has several columns and none is chosen, its samples are no numbers or not
        as many as its times, it has no samples, neither times nor a rate, or cannot be read.
    """
    with reading(what):
        shape = getattr(found.data, "shape", None) or np.shape(found.data)
        value = np.asarray(found.data[_chosen(shape, column, what)])
        if value.dtype.kind not in "iufb":
            raise InputError(f"{what} holds {value.dtype}, not numbers")
        value = value.astype(np.float64) * found.conversion + found.offset
        if found.timestamps is not None:
            time = np.asarray(found.timestamps[:], dtype=np.float64)
        elif found.rate is not None and found.rate > 0:
            time = found.starting_time + np.arange(value.size) / found.rate
        else:
            raise InputError(f"{what} has neither times nor a rate above 0")
        unit = str(found.unit)
    if value.size == 0:
        raise InputError(f"{what} has no samples")
    if time.shape != value.shape:
        raise InputError(f"{what} has {value.size} samples, but {time.size} times")
    return Series(time, value, unit)


def _chosen(shape: tuple[int, ...], column: int | None, what: str) -> tuple[slice | int, ...]:
    """Index of a column of samples; where none is named, there must be only one."""
    columns = 1 if len(shape) == 1 else shape[1] if len(shape) == 2 else 0
    number = column or 0
    if columns == 0 or number >= columns or (column is None and columns > 1):
        ask = f"choose a column: [0] to [{columns - 1}]" if columns else "must be samples x columns"
        raise InputError(f"{what} has shape {tuple(shape)}; {ask}")
    return (slice(None),) if len(shape) == 1 else (slice(None), number)
