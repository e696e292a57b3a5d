"""Any NWB 2 file with units and a table of intervals: a recording of one's own.

The recording's options name the table and those of its columns that say what was shown;
docs/adding-a-data-set.md walks through an example.
"""

import logging
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
from spikedrift.sources.nwb_file import find, is_intervals, open_nwb
from spikedrift.sources.registry import Source
from spikedrift.sources.shown import Shown, shown
from spikedrift.sources.tables import CLOCK, ragged_column, spans
from spikedrift.sources.units import cut_units, ids, observed_in, populations, quality, units

logger = logging.getLogger(__name__)

COARSE = 1e-4  # s; where times of single precision lie further apart, it is said
LONG_TRIAL = 30.0  # s
SLOW_UNIT = 0.05  # Hz; with trials that are long as well, times are probably in ms


def read(location: str | Path, options: NwbOptions, recording: str) -> xr.Dataset:
    """Read a recording through the trials contract.

    A trial that overlaps an interval of the file's `invalid_times`, or whose segment, repeat or
    block is missing, is dropped, and so is a unit whose population is missing. Where the file has
    `obs_intervals`, a unit is observed in the trials that lie within one of its intervals. All
    columns of units that hold one number or text per unit become quality columns.

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
        seen = shown(table, options, where)
        kept = seen.whole & ~_invalid(nwb, seen, where)
        if not kept.any():
            raise InputError(f"{where}: no trial is left of {kept.size}; all are invalid")
        start, stop = seen.start[kept], seen.stop[kept]
        table = units(nwb, options.units, where)
        rows, unit, of_unit = _labeled(table, options, where)
        observed = observed_in(table, rows, start, stop, where)
        spike_time, spike_count = cut_units(table, rows, start, stop, observed, where)
        assumed = _taken_as_seconds(stop - start, spike_count, observed, where)
        assumed += _rounded(table, rows, where)
        moved = behavior(nwb, options.behavior(), start, stop, where)
        with reading(f"{where}: what the file says of itself"):
            subject = nwb.subject.subject_id if nwb.subject is not None else None
            session = str(nwb.identifier)
            papers = nwb.related_publications
            cited = papers if isinstance(papers, str) else ", ".join(map(str, papers or ()))
            lost = len(table) - rows.size
    left_out = {
        "trials_truncated": int((~seen.whole).sum()),
        "trials_invalid": int((seen.whole & ~kept).sum()),
        "trials_unlabeled": seen.unlabeled,
        "units_unlabeled": lost,
        "cells_unobserved": int((~observed).sum()),
    }
    if any(left_out.values()):
        logger.warning("%s: left out: %s", recording, left_out)
    return trials.assemble(
        spike_time,
        spike_count,
        recording=recording,
        kind="data",
        trial={**seen.columns(kept, recording.partition(".")[2]), **moved.mean},
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
            "assumptions": "; ".join(assumed + moved.assumptions),
        },
    )


def _invalid(nwb: pynwb.NWBFile, seen: Shown, where: str) -> np.ndarray:
    """Trials that overlap an invalid interval of the file."""
    lost = np.zeros(seen.start.size, dtype=bool)
    if nwb.invalid_times is not None:
        for begin, end in zip(*spans(nwb.invalid_times, where), strict=True):
            lost |= (seen.start < end - CLOCK) & (seen.stop > begin + CLOCK)
    return lost


def _taken_as_seconds(
    duration: np.ndarray, spike_count: np.ndarray, observed: np.ndarray, where: str
) -> list[str]:
    """What is assumed of the unit of time, where trials and rates look as if times were in ms.

    NWB has times in s. A file in ms is read without a fault, but all its trials are a thousand
    times as long, units a thousand times as slow, and pauses between trials start new blocks.
    """
    seen = (duration[:, None] * observed).sum(axis=0)
    if not seen.any():
        return []
    length, rate = (
        np.median(duration),
        np.median(spike_count.sum(axis=0)[seen > 0] / seen[seen > 0]),
    )
    if length < LONG_TRIAL or rate >= SLOW_UNIT:
        return []
    assumed = (
        f"times in the file are taken as s, though its median trial then lasts {length:.4g} s and "
        f"its median unit fires at {rate:.2g} Hz: they may be in ms"
    )
    logger.warning("%s: %s", where, assumed)
    return [assumed]


def _rounded(table: DynamicTable, rows: np.ndarray, where: str) -> list[str]:
    """What is lost where spike times once were of single precision, though the file has double.

    Late in a session, or where times count from a distant origin, they then lie milliseconds apart.
    """
    times = ragged_column(table, "spike_times", where)
    longest = rows[np.argmax((times.stop - times.start)[rows])]
    found = times.floats(int(longest))
    single = found.astype(np.float32)
    step = float(np.spacing(np.abs(single).max(initial=0)))
    whole = bool((np.mod(found, 1) == 0).all())  # samples, or ms: no sign of rounding
    if step < COARSE or whole or not (single == found).all():
        return []
    said = (
        f"spike times were rounded to single precision: the latest lie {1000 * step:.2g} ms apart"
    )
    logger.warning("%s: %s", where, said)
    return [said]


def _labeled(
    table: DynamicTable, options: NwbOptions, where: str
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Rows of the units that have a population, their columns and their quality."""
    unit = {"unit_id": ids(table, options.unit_id, where)}
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
