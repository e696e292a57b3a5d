"""Containers of the Allen Brain Observatory, Visual Coding two-photon: one movie on several days.

A container is one field of view; its experiments are sessions on different days, and each shows
natural movie one ten times (de Vries et al. 2020, Nat Neurosci 23:138). An experiment has an NWB 1
file and, beside it, the events that were inferred from dF/F with an L0 penalty: one row per cell,
in the order of the NWB file's cells, and one column per two-photon frame. Cells carry the same id
on all days. A recording is `{container}.natural_movie_one`: the days are its sessions and blocks.

Spikes of the trials file are frames with an event, at the time of the frame: they say how much a
cell did, not when it fired.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from spikedrift import __version__, trials
from spikedrift.config.sources import TwoPhotonOptions
from spikedrift.core.errors import InputError, unknown
from spikedrift.sources.covariates import trial_means
from spikedrift.sources.hdf5 import open_hdf5, reading, reason
from spikedrift.sources.movie import showings
from spikedrift.sources.registry import Source
from spikedrift.sources.tables import rows_of

logger = logging.getLogger(__name__)

MODULE = "processing/brain_observatory_pipeline"
PLANE = "general/optophysiology/imaging_plane_1"
# What the days of a container must have in common, and where it stands in an NWB file.
SHARED = {"animal": "general/specimen_name", "area": f"{PLANE}/location"}
# What is taken from the first day's file as it stands there.
DESCRIBED = {
    "imaging_depth": f"{PLANE}/imaging depth",
    "indicator": f"{PLANE}/indicator",
    "genotype": "general/subject/genotype",
}
Samples = tuple[np.ndarray, np.ndarray]
"""Times (s) and values."""


@dataclass(frozen=True)
class _Day:
    """One experiment.

    Attributes
    ----------
    path : Path
        Of the NWB file.
    began : Timestamp
    session_type : str
    shared, described : dict of str
        As `SHARED` and `DESCRIBED`; what a file does not describe is left out.
    cells : int64, shape (n_cells,)
    time : float64, shape (n_frames,), s
        Two-photon frames.
    frame, first, last : int64, shape (n_shown,)
        Movie frames in order of showing: their numbers, and the two-photon frames in which each
        began and ended.
    running, pupil : Samples
        Speed, cm/s, and area, pixels; empty where not recorded.
    """

    path: Path
    began: pd.Timestamp
    session_type: str
    shared: dict[str, str]
    described: dict[str, str]
    cells: np.ndarray
    time: np.ndarray
    frame: np.ndarray
    first: np.ndarray
    last: np.ndarray
    running: Samples
    pupil: Samples


@dataclass(frozen=True)
class _Cut:
    """One experiment cut into trials.

    Attributes
    ----------
    trial : dict of arrays of shape (n_trials,)
        Columns of the trials file, repeats and start times counted from this day's first.
    event : int64, shape (n_events, 2)
        Trial and cell of each event.
    time, amplitude : float64, shape (n_events,)
        From trial start, s; size of the event.
    found : bool, shape (n_cells,)
        Whether events of the cell could be inferred.
    truncated : int
        Number of segments left out.
    """

    trial: dict[str, np.ndarray]
    event: np.ndarray
    time: np.ndarray
    amplitude: np.ndarray
    found: np.ndarray
    truncated: int


def read(directory: str | Path, options: TwoPhotonOptions, recording: str) -> xr.Dataset:
    """Read a container through the trials contract.

    Days are ordered by date. A cell that was not found on a day is not observed in its trials, nor
    is one whose events during the movie are not finite. Segments of which a frame is missing are
    left out. Start times count from the start of the first day's session. The quality column
    `days_found` says on how many days each cell was found.

    Parameters
    ----------
    directory : path
        Holds `ophys_experiment_data` and `ophys_experiment_events`.
    options : TwoPhotonOptions
    recording : str
        `{container}.{movie}`, the movie as in the files.

    Raises
    ------
    InputError
        Naming the file: missing, not readable, of another experiment or container, of another
        animal or area than the others, without the movie, or with events that do not fit.
    """
    container, _, movie = recording.partition(".")
    folder = Path(directory)
    days = [_day(folder, experiment, container, movie) for experiment in options.experiments]
    days.sort(key=lambda day: day.began)
    for day in days[1:]:
        for name, value in day.shared.items():
            if value != days[0].shared[name]:
                raise InputError(
                    f"{day.path}: {name} is {value!r}, but {days[0].shared[name]!r} in "
                    f"{days[0].path.name}; days of one container must agree"
                )
    cuts = [_cut(folder, day, movie, options.segment_frames) for day in days]
    cells = np.unique(np.concatenate([day.cells for day in days]))
    places = [np.searchsorted(cells, day.cells) for day in days]
    shared = days[0].shared

    n_trials = [cut.trial["segment"].size for cut in cuts]
    first_trial = np.concatenate([[0], np.cumsum(n_trials)])
    session = np.repeat(np.arange(len(days)), n_trials)
    found = np.zeros((len(days), cells.size), dtype=bool)
    for row, place, cut in zip(found, places, cuts, strict=True):
        row[place] = cut.found
    column = {name: np.concatenate([cut.trial[name] for cut in cuts]) for name in cuts[0].trial}
    shown = np.cumsum([0, *(cut.trial["repeat"].max() + 1 for cut in cuts)])
    since = np.array([(day.began - days[0].began).total_seconds() for day in days])
    cell = np.concatenate(
        [
            (cut.event[:, 0] + offset) * cells.size + place[cut.event[:, 1]]
            for cut, offset, place in zip(cuts, first_trial[:-1], places, strict=True)
        ]
    )
    time = np.concatenate([cut.time for cut in cuts])
    order = np.lexsort((time, cell))
    shape = (int(first_trial[-1]), cells.size)
    logger.info(
        "%s: %d days, %d trials, %d cells, %d on all days",
        recording, len(days), *shape, (found.sum(axis=0) == len(days)).sum(),
    )  # fmt: skip
    return trials.assemble(
        time[order],
        np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape),
        recording=recording,
        kind="data",
        trial={
            **column,
            "stimulus": movie,
            "repeat": column["repeat"] + shown[session],
            "block": session,
            "session": session,
            "presentation_index": np.arange(shape[0]),
            "start_time": column["start_time"] + since[session],
        },
        unit={"unit_id": cells.astype(str), "population": shared["area"]},
        quality={"days_found": found.sum(axis=0)},
        observed=found[session],
        event_amplitude=np.concatenate([cut.amplitude for cut in cuts])[order],
        attributes={
            "source": "spikedrift.sources.allen_two_photon",
            "parameters": {
                **options.model_dump(),
                "experiments": [int(day.path.stem) for day in days],
                "session_types": [day.session_type for day in days],
                "dates": [day.began.isoformat() for day in days],
                **shared,
                **days[0].described,
                "trials_truncated": sum(cut.truncated for cut in cuts),
            },
            "software": {
                "spikedrift": __version__,
                "numpy": np.__version__,
                "h5py": h5py.__version__,
            },
            "subject": f"animal {shared['animal']}",
        },
    )


def _day(folder: Path, experiment: int, container: str, movie: str) -> _Day:
    """Read the NWB file of an experiment."""
    path = folder / "ophys_experiment_data" / f"{experiment}.nwb"
    with open_hdf5(path) as file:
        for name, wanted in (
            ("session_id", str(experiment)),
            ("experiment_container_id", container),
        ):
            if (holds := _text(file, f"general/{name}", path)) != wanted:
                raise InputError(f"{path}: {name} is {holds}, not {wanted}")
        began = _text(file, "session_start_time", path)
        try:
            date = pd.Timestamp(began)
        except ValueError:
            raise InputError(f"{path}: session_start_time {began!r} is no date") from None
        # The frame's number, and the two-photon frames in which it began and ended.
        shown = [name.removesuffix("_stimulus") for name in _group(file, "stimulus/presentation")]
        if movie not in shown:
            raise unknown(f"{path}: no stimulus", movie, shown)
        at = f"stimulus/presentation/{movie}"
        at += "_stimulus" if f"{at}_stimulus" in file else ""
        frame = _array(file, f"{at}/data", path, 1).astype(np.int64)
        spans = _array(file, f"{at}/frame_duration", path, 2).astype(np.int64)
        time = _array(file, f"{MODULE}/Fluorescence/imaging_plane_1/timestamps", path, 1)
        cells = _array(file, f"{MODULE}/ImageSegmentation/cell_specimen_ids", path, 1)
        rows_of(cells, str(path), "cells")
        if spans.shape != (frame.size, 2):
            raise InputError(
                f"{path}: {movie}: frame_duration has shape {spans.shape}, needs ({frame.size}, 2)"
            )
        if not (np.diff(time) > 0).all():
            raise InputError(f"{path}: times of two-photon frames do not rise")
        if frame.size == 0 or spans.min() < 0 or spans.max() >= time.size:
            raise InputError(
                f"{path}: {movie} was shown outside the {time.size} two-photon frames of the file"
            )
        described = {name: _text(file, key, path) for name, key in DESCRIBED.items() if key in file}
        described["cre_line"] = described.get("genotype", "").partition(";")[0]
        order = np.lexsort((spans[:, 1], spans[:, 0]))  # some files are not in order
        return _Day(
            path=path,
            began=date,
            session_type=_text(file, "general/session_type", path),
            shared={name: _text(file, key, path) for name, key in SHARED.items()},
            described=described,
            cells=cells.astype(np.int64),
            time=time,
            frame=frame[order],
            first=spans[order, 0],
            last=spans[order, 1],
            running=_samples(file, f"{MODULE}/BehavioralTimeSeries/running_speed", path),
            pupil=_samples(file, f"{MODULE}/PupilTracking/pupil_size", path),
        )


def _cut(folder: Path, day: _Day, movie: str, segment_frames: int) -> _Cut:
    """Cut the events of an experiment into segments of the movie."""
    # A movie frame lasts 0, 1 or 2 two-photon frames. Frames are therefore counted by their place
    # in the table; two-photon frames say when they were shown.
    place = np.arange(day.frame.size)
    shown = showings(
        place,
        place + 1,
        day.frame,
        np.zeros(place.size),
        segment_frames,
        f"{day.path}, {movie}",
        first_frame=0,
    )
    first, last = shown.start[shown.whole].astype(int), shown.stop[shown.whole].astype(int) - 1
    # A segment lasts until the next frame begins, if that follows at once.
    after = np.append(day.first, day.time.size)[last + 1]
    begin, end = day.first[first], np.maximum(day.last[last], day.first[last] + 1)
    end = np.where(after <= day.last[last] + 1, after, end)
    if end.size == 0:
        raise InputError(f"{day.path}: {movie}: no segment of {segment_frames} frames is whole")
    if not ((begin < end) & (end < day.time.size)).all():
        raise InputError(
            f"{day.path}: {movie}: a segment is shorter than a two-photon frame, or ends after "
            "the last; use longer segments"
        )
    start, stop = day.time[begin], day.time[end]

    path = folder / "ophys_experiment_events" / f"{day.path.stem}_events.npz"
    shape = (day.cells.size, day.time.size)
    events = _events(path, shape)[:, : end.max()].astype(np.float64)
    found = np.isfinite(events[:, begin.min() :]).all(axis=1)
    if not found.any():
        raise InputError(f"{path}: events of no cell are finite while {movie} was shown")
    cell, frame = np.nonzero(np.where(found[:, None], events, 0))
    trial = np.searchsorted(begin, frame, side="right") - 1
    inside = (trial >= 0) & (frame < end[trial])
    trial, cell, frame = trial[inside], cell[inside], frame[inside]
    amplitude = events[cell, frame]
    if (amplitude < 0).any():
        k = int(np.argmax(amplitude < 0))
        raise InputError(
            f"{path}: event of cell {day.cells[cell[k]]} in frame {frame[k]} is negative"
        )
    return _Cut(
        trial={
            "segment": shown.segment[shown.whole],
            "repeat": shown.repeat[shown.whole],
            "start_time": start,
            "duration": stop - start,
            "running_speed": trial_means(*day.running, start, stop),
            "pupil_area": trial_means(*day.pupil, start, stop),
        },
        event=np.column_stack([trial, cell]),
        time=day.time[frame] - start[trial],
        amplitude=amplitude,
        found=found,
        truncated=int((~shown.whole).sum()),
    )


def _events(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Load events: shape (n_cells, n_frames), 0 where there is none."""
    if not path.is_file():
        raise InputError(f"{path}: no such file of events")
    try:
        with np.load(path, allow_pickle=False) as archive:
            events = archive["ev"]
    except Exception as error:  # numpy, zipfile and zlib raise errors of many kinds
        raise InputError(
            f"{path}: no archive with an array 'ev' ({reason(error)}); fetch it again"
        ) from None
    if events.shape != shape or events.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: ev is {events.dtype} of shape {events.shape}, but the NWB file has "
            f"{shape[0]} cells and {shape[1]} two-photon frames"
        )
    return events


def _value(file: h5py.File, name: str, path: Path) -> Any:
    """Read a dataset."""
    with reading(f"{path}: {name}"):
        item = file.get(name)
        if not isinstance(item, h5py.Dataset):
            raise InputError(f"{path}: no {name}; not an NWB 1 file of Visual Coding two-photon")
        return item[()]


def _group(file: h5py.File, name: str) -> list[str]:
    item = file.get(name)
    return list(item) if isinstance(item, h5py.Group) else []


def _text(file: h5py.File, name: str, path: Path) -> str:
    value = _value(file, name, path)
    with reading(f"{path}: {name}"):
        return value.decode() if isinstance(value, bytes) else str(value)


def _array(file: h5py.File, name: str, path: Path, dims: int) -> np.ndarray:
    """Read an array of finite numbers."""
    value = _value(file, name, path)
    if np.ndim(value) != dims or value.dtype.kind not in "fiu" or not np.isfinite(value).all():
        raise InputError(f"{path}: {name} must be finite numbers with {dims} dimensions")
    return np.asarray(value)


def _samples(file: h5py.File, name: str, path: Path) -> Samples:
    """Read a series; empty where there is none."""
    if name not in file:
        logger.info("%s: no %s", path, name)
        return np.empty(0), np.empty(0)
    time = np.asarray(_value(file, f"{name}/timestamps", path), dtype=np.float64).ravel()
    value = np.asarray(_value(file, f"{name}/data", path), dtype=np.float64)
    value = value.reshape(value.shape[0], -1)[:, 0]  # a column in the oldest files
    if value.size != time.size:
        raise InputError(f"{path}: {name} has {value.size} samples and {time.size} times")
    return time, value


SOURCE = Source(
    options=TwoPhotonOptions,
    prepare=lambda options, recording, seed, directory: read(
        directory / "visual-coding-2p", options, recording
    ),
)
