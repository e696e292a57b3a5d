"""Any NWB 2 file with units and a table of intervals: a recording of one's own.

The recording's options name the table and those of its columns that say what was shown;
docs/adding-a-data-set.md walks through an example.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pynwb
import xarray as xr
from pynwb.core import DynamicTable

from spikedrift import __version__, trials
from spikedrift.config.sources import NwbOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.behavior import behavior
from spikedrift.sources.hdf5 import reading
from spikedrift.sources.labels import as_labels, as_text
from spikedrift.sources.movie import showings
from spikedrift.sources.nwb_file import find, is_intervals, open_nwb
from spikedrift.sources.registry import Source
from spikedrift.sources.repeats import counted_through, order_within
from spikedrift.sources.tables import column, numbers, spans
from spikedrift.sources.units import cut_units, ids, observed_in, populations, quality, units

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Shown:
    """Trials in their order of showing; arrays of shape (n_trials,), times in s.

    `labels` are those of segments; `unlabeled` is the number of trials that were left out because
    one of their labels is missing.
    """

    start: np.ndarray
    stop: np.ndarray
    segment: np.ndarray
    repeat: np.ndarray
    block: np.ndarray
    whole: np.ndarray
    labels: list[str]
    unlabeled: int


def read(location: str | Path, options: NwbOptions, recording: str) -> xr.Dataset:
    """Read a recording through the trials contract.

    A trial that overlaps an interval of the file's `invalid_times`, or whose segment, repeat or
    block is missing, is dropped, and so is a unit whose population is missing. Where the file has
    `obs_intervals`, a unit is observed in the trials that lie within one of its intervals. All
    columns of units that hold one number per unit become quality columns.

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
        table = find(nwb, is_intervals, options.intervals, "table of intervals", where)
        shown = _shown(table, options, where)
        kept = shown.whole & ~_invalid(nwb, shown, where)
        if not kept.any():
            raise InputError(f"{where}: no trial is left of {kept.size}; all are invalid")
        start, stop = shown.start[kept], shown.stop[kept]
        table = units(nwb, options.units, where)
        rows, unit, of_unit = _labeled(table, options, where)
        observed = observed_in(table, rows, start, stop, where)
        spike_time, spike_count = cut_units(table, rows, start, stop, observed, where)
        moved = behavior(nwb, options.behavior(), start, stop, where)
        with reading(f"{where}: what the file says of itself"):
            subject = nwb.subject.subject_id if nwb.subject is not None else None
            session = str(nwb.identifier)
            papers = nwb.related_publications
            cited = papers if isinstance(papers, str) else ", ".join(map(str, papers or ()))
            lost = len(table) - rows.size
    left_out = {
        "trials_truncated": int((~shown.whole).sum()),
        "trials_invalid": int((shown.whole & ~kept).sum()),
        "trials_unlabeled": shown.unlabeled,
        "units_unlabeled": lost,
    }
    if any(left_out.values()):
        logger.warning("%s: left out: %s", recording, left_out)
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
            **moved.mean,
        },
        unit=unit,
        quality=of_unit,
        observed=observed,
        attributes={
            "source": "spikedrift.sources.nwb",
            "citation": options.citation or cited,
            "licence": options.licence,
            "parameters": {
                **options.model_dump(),
                "file": where,
                "behavior_units": moved.unit,
                **left_out,
            },
            "software": {
                "spikedrift": __version__,
                "numpy": np.__version__,
                "pynwb": pynwb.__version__,
            },
            "subject": f"animal {subject}" if subject else f"session {session}",
            "assumptions": "; ".join(moved.assumptions),
        },
    )


def _shown(table: DynamicTable, options: NwbOptions, where: str) -> _Shown:
    """Trials in their order of showing, without those that lack a label."""
    row, begin, end = _taken(table, options, where)
    start = begin + options.offset
    stop = end if options.duration is None else start + options.duration
    if (stop <= start).any():
        number = row[np.argmax(stop <= start)]
        raise InputError(f"{where}: row {number} of {table.name!r} is shorter than the offset")
    block, labeled = _blocks(table, options, row, begin, np.where(np.isnan(end), stop, end), where)
    label: dict[str, np.ndarray] = {}
    for key in ("segment", "repeat"):
        if (name := getattr(options, key)) is not None:
            number = key == "repeat" or options.segment_frames is not None  # frames
            found = as_labels((numbers if number else column)(table, name, where)[row])
            label[key], labeled = found.value, labeled & ~found.missing
    if not labeled.any():
        raise InputError(
            f"{where}: no interval of {table.name!r} is left: segment, repeat or block is missing "
            f"in all {row.size}"
        )
    label = {key: value[labeled] for key, value in label.items()}
    block, start, stop = _numbered(block[labeled]), start[labeled], stop[labeled]
    unlabeled = int((~labeled).sum())
    if options.segment_frames is not None:
        movie = showings(
            start, stop, label["segment"], block, options.segment_frames, where, options.first_frame
        )
        return _Shown(**vars(movie), labels=[], unlabeled=unlabeled)
    names, segment = np.unique(
        label.get("segment", np.full(block.size, "all")), return_inverse=True
    )
    showing = label.get("repeat", order_within(segment + names.size * block))
    return _Shown(
        start=start,
        stop=stop,
        segment=segment,
        repeat=counted_through(block, showing),
        block=block,
        whole=np.ones(block.size, dtype=bool),
        labels=as_text(names).tolist(),
        unlabeled=unlabeled,
    )


def _taken(
    table: DynamicTable, options: NwbOptions, where: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the intervals that are taken, in order of start, and their start and stop, s.

    A stop may be missing where the options give a duration.
    """
    if len(table) == 0:
        raise InputError(f"{where}: table {table.name!r} of intervals is empty")
    taken = np.ones(len(table), dtype=bool)
    for name, wanted in options.where.items():
        values = column(table, name, where)
        taken &= _is_one_of(values, wanted)
        if not taken.any():
            raise InputError(
                f"{where}: no interval of {table.name!r} has {options.where}; {name} holds "
                f"{_some(values)}"
            )
    start = numbers(table, "start_time", where)
    stop = np.full(start.size, np.nan)
    if options.duration is None or "stop_time" in table.colnames:
        stop = numbers(table, "stop_time", where)
    row = np.flatnonzero(taken)
    row = row[np.argsort(start[row], kind="stable")]
    start, stop = start[row], stop[row]
    open_end = np.isnan(stop) & (options.duration is not None)
    bad = ~np.isfinite(start) | ~(open_end | (np.isfinite(stop) & (stop > start)))
    if bad.any():
        raise InputError(
            f"{where}: row {row[np.argmax(bad)]} of {table.name!r} has no start or no stop, or "
            "ends before it starts"
        )
    return row, start, stop


def _blocks(
    table: DynamicTable,
    options: NwbOptions,
    row: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Label of the block of each row, and whether it is known."""
    if options.block is not None:
        block = as_labels(column(table, options.block, where))
        return block.value[row], ~block.missing[row]
    gap = np.inf if options.block_gap is None else options.block_gap
    number = np.concatenate([[0], np.cumsum(start[1:] - stop[:-1] > gap)])
    return number, np.ones(row.size, dtype=bool)


def _numbered(block: np.ndarray) -> np.ndarray:
    """Blocks numbered from 0, a new one wherever the label changes: int64, shape (n_trials,)."""
    return np.concatenate([[0], np.cumsum(block[1:] != block[:-1])]).astype(np.int64)


def _is_one_of(
    values: np.ndarray, wanted: str | bool | float | list[str | bool | float]
) -> np.ndarray:
    """Whether each value is one of those wanted: the same text or the same number.

    Where one is a number and the other a text, the text is read as a number; true and false are 1
    and 0, as in columns of bool.
    """
    found = np.zeros(values.size, dtype=bool)
    for value in wanted if isinstance(wanted, list) else [wanted]:
        if values.dtype.kind == "U" and isinstance(value, str):
            found |= values == value
        elif values.dtype.kind == "U":
            found |= np.array([_number(one) for one in values.tolist()]) == float(value)
        else:
            found |= values == _number(str(value))
    return found


def _number(text: str) -> float:
    """Number that a text stands for; NaN where it is none."""
    text = text.strip().lower()
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return np.nan if "_" in text else float(text)
    except ValueError:
        return np.nan


def _some(values: np.ndarray) -> str:
    """The first few different values."""
    several = np.unique(as_text(values)).tolist()
    return ", ".join(several[:10]) + (", ..." if len(several) > 10 else "")


def _invalid(nwb: pynwb.NWBFile, shown: _Shown, where: str) -> np.ndarray:
    """Trials that overlap an invalid interval of the file."""
    lost = np.zeros(shown.start.size, dtype=bool)
    if nwb.invalid_times is not None:
        for begin, end in zip(*spans(nwb.invalid_times, where), strict=True):
            lost |= (shown.start < end) & (shown.stop > begin)
    return lost


def _labeled(
    table: DynamicTable, options: NwbOptions, where: str
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Rows of the units that have a population, their columns and their quality."""
    unit = {"unit_id": ids(table, where)}
    kept = np.ones(len(table), dtype=bool)
    if options.population is not None:
        population = populations(table, options.population, where)
        unit["population"], kept = population.value, ~population.missing
        if not kept.any():
            raise InputError(f"{where}: {options.population} is missing in all {kept.size} units")
    return (
        np.flatnonzero(kept),
        {name: values[kept] for name, values in unit.items()},
        {name: values[kept] for name, values in quality(table, where).items()},
    )


def _prepare(options: NwbOptions, recording: str, seed: int, directory: Path) -> xr.Dataset:
    location: str | Path = options.location(recording)
    if options.dataset is not None:
        location = directory / options.dataset / location
    return read(location, options, recording)


SOURCE = Source(options=NwbOptions, prepare=_prepare)
