"""Units of an NWB file: their spikes in trials, when they were observed, and their columns."""

import logging

import numpy as np
import pynwb
from pynwb.core import DynamicTable

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.sources.labels import Labels, as_labels, as_text
from spikedrift.sources.nwb_file import by_path, find, is_units
from spikedrift.sources.tables import CLOCK, column, is_number, is_text, merged, ragged_column

logger = logging.getLogger(__name__)


def units(nwb: pynwb.NWBFile, path: str | None, where: str) -> DynamicTable:
    """Table of units: the one at a path, otherwise the file's own, otherwise the only one.

    Raises
    ------
    InputError
        Where there is no table, it is empty, or there are several and none is the file's own.
    """
    if path is not None:
        table = find(nwb, is_units, path, "table of units", where)
    elif nwb.units is not None:
        table = nwb.units
    else:
        known = by_path(nwb, is_units)
        if len(known) != 1:
            there = f"but {', '.join(sorted(known))}; say which: units" if known else "nowhere"
            raise InputError(f"{where}: the file has no units at /units, {there}")
        ((name, table),) = known.items()
        logger.info("%s: units are those of %s", where, name)
    if len(table) == 0:
        raise InputError(f"{where}: the file has no units: table {table.name!r} is empty")
    return table


def cut_units(
    table: DynamicTable,
    rows: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    observed: np.ndarray,
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the spikes of some units into trials, one unit after the other.

    Parameters
    ----------
    table : DynamicTable
        Units.
    rows : array of int, shape (n_units,)
        Rows of the table of units.
    start, stop : float64, shape (n_trials,), s
        Trials, which may overlap.
    observed : bool, shape (n_trials, n_units)
        Spikes of a unit in trials in which it was not observed are left out.
    where : str
        What an error starts with.

    Returns
    -------
    spike_time, spike_count
        As `trials.ragged` returns them.

    Raises
    ------
    InputError
        Where the units have no spike times, their index does not fit them, one of the times is not
        finite, or no unit is observed in any trial.
    """
    if not observed.any():
        raise InputError(f"{where}: no unit was observed in any trial; see when units are observed")
    if "spike_times" not in table.colnames:
        raise InputError(f"{where}: the file has no units with spike times")
    times = ragged_column(table, "spike_times", where)
    latest = np.nextafter(stop - start, 0)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for unit, row in enumerate(rows.tolist()):
        time = times.floats(row)
        if not np.isfinite(time).all():
            raise InputError(f"{where}: unit in row {row}: a spike time is not finite")
        if (np.diff(time) < 0).any():
            time = np.sort(time)
        first, last = np.searchsorted(time, start), np.searchsorted(time, stop)
        length = np.where(observed[:, unit], last - first, 0)
        trial = np.repeat(np.arange(start.size, dtype=np.int32), length)
        taken = np.arange(trial.size) + np.repeat(first - (np.cumsum(length) - length), length)
        # Rounding must not move a spike before the end of a trial to its very end.
        relative = np.minimum(time[taken] - start[trial], latest[trial])
        parts.append((trial, np.full(trial.size, unit, np.int32), relative))
        if (unit + 1) % 100 == 0:
            logger.info("%s: %d of %d units", where, unit + 1, rows.size)
    trial, cell, relative = (np.concatenate(values) for values in zip(*parts, strict=True))
    return trials.ragged(trial, cell, relative, (start.size, rows.size))


def observed_in(
    table: DynamicTable, rows: np.ndarray, start: np.ndarray, stop: np.ndarray, where: str
) -> np.ndarray:
    """Which unit was observed throughout which trial: bool, shape (n_trials, n_units).

    Intervals that touch are one, so that a trial may lie across them. Times are compared to a
    microsecond: a start plus a duration need not be the same number as the end in the file.

    Raises
    ------
    InputError
        Naming the unit whose `obs_intervals` are no pairs of start and stop.
    """
    observed = np.ones((start.size, rows.size), dtype=bool)
    if "obs_intervals" not in table.colnames:
        return observed
    intervals = ragged_column(table, "obs_intervals", where)
    for unit, row in enumerate(rows.tolist()):
        span = intervals.floats(row, (2,))
        if not (span[:, 1] >= span[:, 0]).all():
            raise InputError(f"{intervals.what}: row {row}: an interval stops before it starts")
        begin, end = merged(span[:, 0], span[:, 1], CLOCK).T
        inside = (start[:, None] >= begin - CLOCK) & (stop[:, None] <= end + CLOCK)
        observed[:, unit] = inside.any(axis=1)
    return observed


def ids(table: DynamicTable, name: str | None, where: str) -> np.ndarray:
    """Ids of units as text, shape (n_units,): those of the table, or of one of its columns.

    Raises
    ------
    InputError
        Where there is no such column, a unit has no id in it, or two units have the same id.
    """
    labels = as_labels(np.asarray(table.id[:]) if name is None else column(table, name, where))
    if labels.missing.any():
        raise InputError(f"{where}: unit in row {int(np.argmax(labels.missing))} has no {name!r}")
    found = as_text(labels.value)
    once, count = np.unique(found, return_counts=True)
    if (count > 1).any():
        raise InputError(f"{where}: two units have the same id {once[np.argmax(count > 1)]}")
    return found


def quality(table: DynamicTable, where: str) -> dict[str, np.ndarray]:
    """All columns that hold one number (then float64) or text per unit: shape (n_units,)."""
    found = {}
    for name in table.colnames:
        if is_number(table, name):
            found[name] = column(table, name, where).astype(np.float64)
        elif is_text(table, name):
            found[name] = column(table, name, where)
    return found


def populations(table: DynamicTable, name: str, where: str) -> Labels:
    """Area or group of every unit, by a column of units or of the electrodes they refer to.

    A unit without an electrode has no label.

    Raises
    ------
    InputError
        Where neither table has such a column, or a unit refers to an electrode that is not there.
    """
    if name in table.colnames:
        found = as_labels(column(table, name, where))
        return Labels(as_text(found.value), found.missing)
    region = ragged_column(table, "electrodes", where) if "electrodes" in table.colnames else None
    channels = getattr(getattr(region, "target", None), "table", None)
    if region is None or channels is None or name not in channels.colnames:
        raise InputError(
            f"{where}: no column {name!r} among units ({', '.join(table.colnames)}), nor one of "
            "the electrodes that units refer to"
        )
    of_channel = as_text(column(channels, name, where))
    text = np.full(region.start.size, "", dtype=of_channel.dtype)
    for row in np.flatnonzero(region.stop > region.start).tolist():
        electrode = int(region.row(row)[0])
        if not 0 <= electrode < of_channel.size:
            raise InputError(
                f"{region.what}: row {row} refers to electrode {electrode}, but there are "
                f"{of_channel.size}"
            )
        text[row] = of_channel[electrode]
    return as_labels(text)
