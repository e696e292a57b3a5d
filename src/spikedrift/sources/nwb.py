"""Any NWB 2 file with units and a table of intervals: a recording of one's own.

Which table, and which of its columns say what was shown, stand in the recording's options;
docs/adding-a-data-set.md walks through one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pynwb
import xarray as xr
from pynwb.epoch import TimeIntervals

from spikedrift import __version__, trials
from spikedrift.config.sources import NwbOptions
from spikedrift.errors import InputError
from spikedrift.sources.covariates import trial_means
from spikedrift.sources.movie import showings
from spikedrift.sources.nwb_file import (
    column,
    cut_units,
    intervals,
    numbers,
    open_nwb,
    series,
)
from spikedrift.sources.registry import Source
from spikedrift.sources.repeats import order_within


@dataclass(frozen=True)
class _Trials:
    """Trials of a table of intervals; arrays of shape (n_trials,), times in s."""

    start: np.ndarray
    stop: np.ndarray
    segment: np.ndarray
    repeat: np.ndarray
    block: np.ndarray
    whole: np.ndarray
    labels: list[str]


def read(location: str | Path, options: NwbOptions, recording: str) -> xr.Dataset:
    """Read a recording through the trials contract.

    A trial that overlaps an interval of the file's `invalid_times` is dropped; a unit is observed
    in the trials that lie within one of its `obs_intervals`, where the file has them. All columns
    of units that hold one number a unit become quality columns.

    Parameters
    ----------
    location : path or str
        Path, https:// or s3:// address.
    options : NwbOptions
    recording : str
        Id, `{session}.{stimulus}`.

    Raises
    ------
    InputError
        Naming the file and the table, column or row at fault.
    """
    where = str(location)
    with open_nwb(location) as nwb:
        shown = _trials(intervals(nwb, options.intervals, where), options, where)
        kept = shown.whole & ~_invalid(nwb, shown, where)
        if not kept.any():
            raise InputError(f"{where}: no trial is left of {kept.size}; all are invalid")
        start, stop = shown.start[kept], shown.stop[kept]
        units, quality = _units(nwb, options, where), _quality(nwb, where)
        observed = _observed(nwb, start, stop)
        rows = np.arange(len(nwb.units))
        spike_time, spike_count = cut_units(nwb, rows, start, stop, observed, where)
        covariates = {
            name: trial_means(*series(nwb, *at.split("/")), start, stop)
            for name in ("running_speed", "pupil_area")
            if (at := getattr(options, name)) is not None
        }
        subject = nwb.subject.subject_id if nwb.subject is not None else None
        session = str(nwb.identifier)
        papers = nwb.related_publications
    cited = ", ".join(papers) if isinstance(papers, tuple | list) else papers or ""
    return trials.assemble(
        spike_time,
        spike_count,
        recording=recording,
        kind="data",
        trial={
            "stimulus": recording.partition(".")[2],
            "segment": shown.segment[kept],
            "segment_name": np.array(shown.labels)[shown.segment[kept]] if shown.labels else "",
            "repeat": shown.repeat[kept],
            "block": shown.block[kept],
            "presentation_index": np.arange(kept.size)[kept],
            "start_time": start,
            "duration": stop - start,
            **covariates,
        },
        unit=units,
        quality=quality,
        observed=observed,
        attributes={
            "source": "spikedrift.sources.nwb",
            "citation": options.citation or cited,
            "licence": options.licence,
            "parameters": {
                **options.model_dump(),
                "file": where,
                "trials_truncated": int((~shown.whole).sum()),
                "trials_invalid": int((shown.whole & ~kept).sum()),
            },
            "software": {
                "spikedrift": __version__,
                "numpy": np.__version__,
                "pynwb": pynwb.__version__,
            },
            "experience_unit": f"animal {subject}" if subject else f"session {session}",
        },
    )


def _trials(table: TimeIntervals, options: NwbOptions, where: str) -> _Trials:
    """Trials in their order of showing."""
    start, stop = numbers(table, "start_time", where), numbers(table, "stop_time", where)
    taken = np.ones(start.size, dtype=bool)
    for name, wanted in options.where.items():
        taken &= _is_one_of(column(table, name, where), wanted)
    row = np.flatnonzero(taken)
    row = row[np.argsort(start[row], kind="stable")]
    if row.size == 0:
        raise InputError(f"{where}: no interval of {table.name!r} has {options.where}")
    start, stop = start[row], stop[row]
    bad = ~(np.isfinite(start) & (stop > start))
    if bad.any():
        raise InputError(
            f"{where}: row {row[np.argmax(bad)]} of {table.name!r} has no start, or ends before it"
        )
    if options.block is not None:
        labels = column(table, options.block, where)[row]
        _, first, label = np.unique(labels, return_index=True, return_inverse=True)
        block = np.argsort(np.argsort(first))[label]  # numbered as they came
    else:
        gap = np.inf if options.block_gap is None else options.block_gap
        block = np.concatenate([[0], np.cumsum(start[1:] - stop[:-1] > gap)])
    if options.segment_frames is not None and options.segment is not None:
        frame = numbers(table, options.segment, where)[row]
        shown = showings(start, stop, frame, block, options.segment_frames, where)
        return _Trials(
            shown.start, shown.stop, shown.segment, shown.repeat, shown.block, shown.whole, []
        )
    if options.segment is None:
        names, segment = np.array(["all"]), np.zeros(row.size, dtype=np.int64)
    else:
        names, segment = np.unique(column(table, options.segment, where)[row], return_inverse=True)
    if options.repeat is None:
        repeat = order_within(segment)
    else:
        repeat = np.unique(numbers(table, options.repeat, where)[row], return_inverse=True)[1]
    start = start + options.offset
    stop = stop if options.duration is None else start + options.duration
    if (stop <= start).any():
        number = row[np.argmax(stop <= start)]
        raise InputError(f"{where}: row {number} of {table.name!r} is shorter than the offset")
    whole = np.ones(row.size, dtype=bool)
    return _Trials(start, stop, segment, repeat, block, whole, [str(name) for name in names])


def _is_one_of(values: np.ndarray, wanted: str | float | list[str | float]) -> np.ndarray:
    """Rows whose value is, as a number or as text, one of those wanted."""
    found = np.zeros(values.size, dtype=bool)
    for value in wanted if isinstance(wanted, list) else [wanted]:
        if values.dtype.kind in "iufb" and not isinstance(value, str):
            found |= values == value
        else:
            found |= values.astype(str) == str(value)
    return found


def _invalid(nwb: pynwb.NWBFile, shown: _Trials, where: str) -> np.ndarray:
    """Trials that overlap an invalid interval of the file."""
    lost = np.zeros(shown.start.size, dtype=bool)
    if nwb.invalid_times is not None:
        first = numbers(nwb.invalid_times, "start_time", where)
        last = numbers(nwb.invalid_times, "stop_time", where)
        for begin, end in zip(first, last, strict=True):
            lost |= (shown.start < end) & (shown.stop > begin)
    return lost


def _observed(nwb: pynwb.NWBFile, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Which unit was observed throughout which trial: bool, shape (n_trials, n_units)."""
    n_units = len(nwb.units)
    observed = np.ones((start.size, n_units), dtype=bool)
    if "obs_intervals" in nwb.units.colnames:
        for unit in range(n_units):
            span = np.reshape(nwb.units["obs_intervals"][unit], (-1, 2))
            inside = (start[:, None] >= span[:, 0]) & (stop[:, None] <= span[:, 1])
            observed[:, unit] = inside.any(axis=1)
    return observed


def _units(nwb: pynwb.NWBFile, options: NwbOptions, where: str) -> dict[str, np.ndarray]:
    """Ids and populations."""
    table = nwb.units
    if table is None or len(table) == 0:
        raise InputError(f"{where}: the file has no units")
    out = {"unit_id": np.asarray(table.id[:]).astype(str)}
    if options.population is not None:
        out["population"] = _population(nwb, options.population, where)
    return out


def _quality(nwb: pynwb.NWBFile, where: str) -> dict[str, np.ndarray]:
    """All columns of units that hold one number a unit, under their own names."""
    table, out = nwb.units, {}
    for name in table.colnames:
        values = table[name]
        if hasattr(values, "target") or np.ndim(getattr(values, "data", values)) != 1:
            continue
        values = column(table, name, where)
        if values.dtype.kind in "iufb":
            out[name] = values.astype(np.float64)
    return out


def _population(nwb: pynwb.NWBFile, name: str, where: str) -> np.ndarray:
    """Area or group of every unit, by a column of units or of their electrodes."""
    table, channels = nwb.units, nwb.electrodes
    if name in table.colnames:
        return column(table, name, where).astype(str)
    if channels is None or "electrodes" not in table.colnames or name not in channels.colnames:
        raise InputError(
            f"{where}: no column {name!r} among units ({', '.join(table.colnames)}), nor one of "
            "the electrodes that units refer to"
        )
    index = table["electrodes"]
    end = np.asarray(index.data[:], dtype=np.int64)
    begin = np.concatenate([[0], end[:-1]])
    if (end == begin).any():
        unit = int(np.argmax(end == begin))
        raise InputError(f"{where}: unit in row {unit} has no electrode; set population: null")
    first = np.asarray(index.target.data[:], dtype=np.int64)[begin]
    return column(channels, name, where)[first].astype(str)


def _prepare(options: NwbOptions, recording: str, seed: int, directory: Path) -> xr.Dataset:
    location: str | Path = options.location(recording)
    if options.dataset is not None:
        location = directory / options.dataset / location
    return read(location, options, recording)


SOURCE = Source(options=NwbOptions, prepare=_prepare)
