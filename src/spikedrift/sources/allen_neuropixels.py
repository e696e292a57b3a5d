"""Sessions of the Allen Brain Observatory, Visual Coding Neuropixels: natural movies.

There is one NWB 2 file per session (Siegle et al. 2021, Nature 592:86). A recording is
`{session}.{movie}`. Trials are segments of the movie, cut at the times at which its frames were on
the screen. Only tables, spike times and behavior are read. Quality columns are kept unfiltered:
the selections say which units count, so that a looser filter needs no other file.
"""

import logging
from pathlib import Path

import numpy as np
import pynwb
import xarray as xr

from spikedrift import __version__, trials
from spikedrift.config.sources import NeuropixelsOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.behavior import samples
from spikedrift.sources.covariates import trial_means
from spikedrift.sources.movie import showings
from spikedrift.sources.nwb_file import find, is_intervals, open_nwb
from spikedrift.sources.registry import Source
from spikedrift.sources.tables import column, numbers, ragged_column, rows_of, spans
from spikedrift.sources.units import cut_units

logger = logging.getLogger(__name__)

QUALITY = ("presence_ratio", "isi_violations", "amplitude_cutoff", "snr", "firing_rate")


def read(path: str | Path, options: NeuropixelsOptions, recording: str) -> xr.Dataset:
    """Read one movie of a session through the trials contract.

    Units are those that the data set calls good, on valid channels, in one of `options.areas`.
    An interval in which a probe was invalid leaves the probe's units unobserved in the trials that
    it touches; an invalid interval of the whole session drops these trials. A trial with a frame
    that is missing or was cut short, or with a pause, is dropped as well.

    Parameters
    ----------
    path : path
        NWB file of the session.
    options : NeuropixelsOptions
    recording : str
        `{session}.{movie}`, the movie as in the file: `natural_movie_one`.

    Raises
    ------
    InputError
        Naming the file: not readable, of another session, without the movie, without a valid
        trial, or without good units in the areas.
    """
    session, _, movie = recording.partition(".")
    with open_nwb(path) as nwb:
        if str(nwb.identifier) != session:
            raise InputError(f"{path}: holds session {nwb.identifier}, not {session}")
        where = f"{path}, {movie}"
        table = find(nwb, is_intervals, f"{movie}_presentations", "table of intervals", where)
        frames = {
            name: numbers(table, name, where)
            for name in ("start_time", "stop_time", "frame", "stimulus_block")
        }
        order = np.argsort(frames["start_time"], kind="stable")
        shown = showings(
            start=frames["start_time"][order],
            stop=frames["stop_time"][order],
            frame=frames["frame"][order],
            block=frames["stimulus_block"][order],
            segment_frames=options.segment_frames,
            where=where,
            first_frame=0,
        )
        row, units, quality = _units(nwb, options.areas, str(path))
        lost_trials, observed = _validity(nwb, shown.start, shown.stop, quality["probe"], str(path))
        kept = shown.whole & ~lost_trials
        if not kept.any():
            raise InputError(f"{where}: no trial is left of {kept.size}; all are invalid")
        start, stop, observed = shown.start[kept], shown.stop[kept], observed[kept]
        spike_time, spike_count = cut_units(nwb.units, row, start, stop, observed, where)
        running = _series(nwb, "running", "running_speed", str(path))
        pupil = _series(nwb, "filtered_gaze_mapping", "pupil_area", str(path))
        subject = nwb.subject
        animal = getattr(subject, "specimen_name", None) or getattr(subject, "subject_id", "")
        session_type = str(nwb.stimulus_notes or "")
    dropped = {
        "trials_truncated": int((~shown.whole).sum()),
        "trials_invalid": int((shown.whole & lost_trials).sum()),
        "cells_invalid": int((~observed).sum()),
    }
    logger.info("%s: %d trials, %d units; left out: %s", recording, *observed.shape, dropped)
    return trials.assemble(
        spike_time,
        spike_count,
        recording=recording,
        kind="data",
        trial={
            "stimulus": movie,
            "segment": shown.segment[kept],
            "repeat": shown.repeat[kept],
            "block": shown.block[kept],
            "presentation_index": np.arange(kept.size)[kept],
            "start_time": start,
            "duration": stop - start,
            "running_speed": trial_means(*running, start, stop),
            "pupil_area": trial_means(*pupil, start, stop),
        },
        unit=units,
        quality=quality,
        observed=observed,
        attributes={
            "source": "spikedrift.sources.allen_neuropixels",
            "parameters": {**options.model_dump(), "session_type": session_type, **dropped},
            "software": {
                "spikedrift": __version__,
                "numpy": np.__version__,
                "pynwb": pynwb.__version__,
            },
            "subject": f"animal {animal}",
        },
    )


def _units(
    nwb: pynwb.NWBFile, areas: tuple[str, ...], where: str
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Rows of the good units in some areas, their ids and areas, and their quality and probe."""
    table, channels = nwb.units, nwb.electrodes
    if table is None or channels is None:
        raise InputError(f"{where}: the file has no units or no electrodes")
    channel = rows_of(channels.id[:], where, "electrodes")
    peak = numbers(table, "peak_channel_id", where).tolist()
    lost = next((unit for unit, value in enumerate(peak) if value not in channel), None)
    if lost is not None:
        raise InputError(
            f"{where}: unit in row {lost} is on channel {peak[lost]:g}, which is not there"
        )
    at = np.array([channel[value] for value in peak], dtype=np.int64)
    area = column(channels, "location", where)[at]
    _spelled(areas, area, where)
    good = np.isin(area, areas) & (column(table, "quality", where) == "good")
    good &= column(channels, "valid_data", where)[at].astype(bool)
    if not good.any():
        raise InputError(f"{where}: no good unit in {', '.join(areas)}")
    ids = np.asarray(table.id[:])
    row = np.flatnonzero(good)
    row = row[np.argsort(ids[row], kind="stable")]
    quality = {
        name: column(table, name, where)[row].astype(np.float64)
        for name in QUALITY
        if name in table.colnames
    }
    quality["probe"] = column(channels, "probe_id", where)[at][row].astype(str)
    return row, {"unit_id": ids[row].astype(str), "population": area[row]}, quality


def _spelled(areas: tuple[str, ...], there: np.ndarray, where: str) -> None:
    """Refuse an area that the file has in other capitals: its units would be left out silently.

    An area that the file does not have at all is no error, since no session has all areas.
    """
    known = np.unique(there).tolist()
    for name in areas:
        other = [one for one in known if one.lower() == name.lower()]
        if other and name not in other:
            raise InputError(f"{where}: area {name!r} is written {other[0]!r} there (option areas)")


def _validity(
    nwb: pynwb.NWBFile, start: np.ndarray, stop: np.ndarray, probe: np.ndarray, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Which trials are invalid as a whole, and which units are valid in which trial.

    The tags of an invalid interval are its scope, the scope's id and its name.
    """
    lost = np.zeros(start.size, dtype=bool)
    valid = np.ones((start.size, probe.size), dtype=bool)
    table = nwb.invalid_times
    if table is None or len(table) == 0:
        return lost, valid
    bounds = zip(*spans(table, where), strict=True)
    tagged = ragged_column(table, "tags", where) if "tags" in table.colnames else None
    names = {
        name: str(getattr(group, "probe_id", name)) for name, group in nwb.electrode_groups.items()
    }
    for row, (first, last) in enumerate(bounds):
        touched = (start < last) & (stop > first)
        tags = set() if tagged is None else {str(tag) for tag in tagged.row(row)}
        probes = {names.get(tag, tag) for tag in tags} & set(names.values())
        if "EcephysProbe" in tags and probes:
            valid[np.ix_(touched, np.isin(probe, list(probes)))] = False
        else:
            lost |= touched
    return lost, valid


def _series(
    nwb: pynwb.NWBFile, module: str, name: str, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Times (s) and values of a series; empty where a session has none, as without eye tracking."""
    if module not in nwb.processing or name not in nwb.processing[module].data_interfaces:
        logger.info("%s: no %s/%s in this file", where, module, name)
        return np.empty(0), np.empty(0)
    found = samples(nwb.processing[module][name], None, f"{where}: series {module}/{name}")
    return found.time, found.value


def _prepare(options: NeuropixelsOptions, recording: str, seed: int, directory: Path) -> xr.Dataset:
    ((data_set, file),) = options.files(recording)
    return read(directory / data_set / file, options, recording)


SOURCE = Source(options=NeuropixelsOptions, prepare=_prepare)
