"""Write the three two-photon sessions of a container in the layout of the Brain Observatory.

Files are NWB 1 (HDF5) with events beside them, as `BrainObservatoryNwbDataSet` and
`BrainObservatoryCache` of AllenSDK read them; names of groups and datasets are theirs. What was
written is known: `write` returns it. Nothing of spikedrift is imported.

    python tests/allen/write_two_photon.py DIRECTORY
"""

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np

DATA_SET = "visual-coding-2p"
CONTAINER = 600000000
SPECIMEN = "Cux2-CreERT2;Camk2a-tTA;Ai93-600001"
# In order of date, which is not the order of ids, nor that of session types.
EXPERIMENTS = (600000002, 600000003, 600000001)
SESSION_TYPES = ("three_session_B", "three_session_A", "three_session_C")
DATES = (datetime(2016, 2, 4, 10, 25, 24), datetime(2016, 2, 5, 9, 2, 11),
         datetime(2016, 2, 8, 14, 40, 0))  # fmt: skip
SEGMENTS, SEGMENT_FRAMES, REPEATS = 6, 30, 10
EVERY_DAY, SOME_DAYS = 24, ((0,), (1,), (2,), (0, 1), (1, 2), (0, 2))  # cells, days of the others
MODULE = "processing/brain_observatory_pipeline"


@dataclass(frozen=True)
class Day:
    """What one experiment holds.

    `cells` are in the order of the file; `time` are the two-photon frames, s; `shown` has a row a
    movie frame: its number, first and last two-photon frame. `trial` has a row a segment shown:
    repeat, segment, first two-photon frame, and the one after its last; `event` a row an event in
    one of them: place of the cell, trial, two-photon frame, with `amplitude`. `running` and
    `pupil` are time and value; `pupil` may be missing.
    """

    experiment: int
    date: datetime
    session_type: str
    cells: np.ndarray
    time: np.ndarray
    shown: np.ndarray
    trial: np.ndarray
    event: np.ndarray
    amplitude: np.ndarray
    running: tuple[np.ndarray, np.ndarray]
    pupil: tuple[np.ndarray, np.ndarray] | None


def write(directory: Path, redrawn: bool = True, seed: int = 0) -> list[Day]:
    """Write three NWB files and three files of events below `directory`; return their truth.

    Every cell has a rate for each segment, the same on all days; with `redrawn` the third day has
    rates of its own.
    """
    rng = np.random.default_rng(seed)
    n_cells = EVERY_DAY + len(SOME_DAYS)
    ids = 517_000_000 + rng.choice(99_999, n_cells, replace=False)
    on_day = [(0, 1, 2)] * EVERY_DAY + list(SOME_DAYS)
    rate = [rng.gamma(0.6, 2.0, (n_cells, SEGMENTS)) for _ in range(2)]
    days = []
    for day, experiment in enumerate(EXPERIMENTS):
        here = rng.permutation([k for k in range(n_cells) if day in on_day[k]])
        rates = rate[int(redrawn and day == 2)][here]
        truth, events = _record(rng, day, experiment, ids[here], rates)
        _write_nwb(directory / DATA_SET / "ophys_experiment_data" / f"{experiment}.nwb", truth, rng)
        path = directory / DATA_SET / "ophys_experiment_events" / f"{experiment}_events.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, ev=events)
        days.append(truth)
    return days


def _record(
    rng: np.random.Generator, day: int, experiment: int, cells: np.ndarray, rate: np.ndarray
) -> tuple[Day, np.ndarray]:
    """Show the movie ten times and draw events, as many a second as `rate` (cell, segment) says."""
    n_movie = SEGMENTS * SEGMENT_FRAMES
    lead, n_frames = 150, 150 + 60 + REPEATS * n_movie + 60
    # The two clocks differ, and the microscope's is not even: movie frames take 0, 1 or 2 frames.
    step = (1 + 0.002 * rng.standard_normal(n_frames)) / 30.08
    step[700] += 0.04
    time = 8.3 + day + np.cumsum(step)
    onset = time[lead] + 0.011 + np.arange(REPEATS * n_movie + 1) / 29.97
    at = np.searchsorted(time, onset, side="right") - 1
    shown = np.column_stack([np.tile(np.arange(n_movie), REPEATS), at[:-1], at[1:]])
    repeat, segment = np.divmod(np.arange(REPEATS * SEGMENTS), SEGMENTS)
    edges = at[::SEGMENT_FRAMES]
    trial = np.column_stack([repeat, segment, edges[:-1], edges[1:]])

    dense = np.zeros((cells.size, n_frames))
    gray = np.r_[0:lead, edges[-1] : n_frames]  # what happens there belongs to no trial
    dense[:, gray] = (rng.random((cells.size, gray.size)) < 0.05) * 0.7
    event = []
    for k, (_, part, first, stop) in enumerate(trial):
        chance = rate[:, part, None] * np.diff(time[first : stop + 1])
        cell, frame = np.nonzero(rng.random((cells.size, stop - first)) < chance)
        event.append(np.column_stack([cell, np.full(cell.size, k), first + frame]))
    event = np.concatenate(event)
    amplitude = rng.gamma(3.0, 0.05, len(event))
    dense[event[:, 0], event[:, 2]] = amplitude

    running = np.maximum(0, 5 + 8 * np.sin(time / 9 + day) + rng.standard_normal(n_frames))
    running[400:430] = np.nan
    pupil = None if day == 1 else (time[::3] + 0.002, 300 + 50 * np.cos(time[::3] / 7 + day))
    truth = Day(
        experiment, DATES[day], SESSION_TYPES[day], cells, time, shown, trial, event, amplitude,
        running=(time[12:], running[12:]), pupil=pupil,
    )  # fmt: skip
    return truth, dense


def _write_nwb(path: Path, day: Day, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    n_cells, n_frames = day.cells.size, day.time.size
    dff = np.zeros((n_cells, n_frames), np.float32)
    dff[day.event[:, 0], day.event[:, 2]] = day.amplitude
    with h5py.File(path, "w") as file:

        def put(name: str, value: object) -> None:
            # Text has a fixed length in these files; AllenSDK stumbles over any other.
            if isinstance(value, str):
                file[name] = np.bytes_(value)
            elif isinstance(value, list):
                file[name] = np.array(value, dtype="S")
            else:
                array = np.asarray(value)
                packed = {"compression": "gzip", "shuffle": True} if array.size > 256 else {}
                file.create_dataset(name, data=array, **packed)

        def series(name: str, time: np.ndarray, **values: object) -> None:
            put(f"{name}/timestamps", time)
            put(f"{name}/num_samples", np.uint64(time.size))
            for key, value in values.items():
                put(f"{name}/{key}", value)

        put("nwb_version", "NWB-1.0.5")
        put("identifier", f"{day.experiment}")
        put("session_description", "synthetic events in the layout of Visual Coding 2P")
        put("session_start_time", day.date.strftime("%a %b %d %H:%M:%S %Y"))
        put("file_create_date", ["Tue Mar 01 12:00:00 2016"])
        for name, value in {
            "session_id": str(day.experiment),
            "ophys_experiment_id": str(day.experiment),
            "experiment_container_id": str(CONTAINER),
            "session_type": day.session_type,
            "specimen_name": SPECIMEN,
            "targeted_structure": "VISp",
            "fov": "400x400 microns (512 x 512 pixels)",
            "generated_by": [
                "allen_brain_observatory_fixture",
                "version",
                "pipeline_version",
                "3.0",
            ],
            "institution": "none",
            "subject/subject_id": SPECIMEN.rpartition("-")[2],
            "subject/age": "104 days",
            "subject/sex": "male",
            "subject/species": "Mus musculus",
            "subject/genotype": "Cux2-CreERT2/wt;Camk2a-tTA/wt;Ai93(TITL-GCaMP6f)/wt",
            "devices/2-photon microscope": "Nikon A1R-MP multiphoton microscope. CAM2P.1 Please "
            "note that this is a fixture",
            "optophysiology/imaging_plane_1/imaging depth": "175 microns",
            "optophysiology/imaging_plane_1/location": "VISp",
            "optophysiology/imaging_plane_1/excitation_lambda": "910 nanometers",
            "optophysiology/imaging_plane_1/indicator": "GCaMP6f",
        }.items():
            put(f"general/{name}", value)

        roi = [f"roi_{k:03d}" for k in range(n_cells)]
        put(f"{MODULE}/ImageSegmentation/cell_specimen_ids", day.cells)
        put(f"{MODULE}/ImageSegmentation/roi_ids", 700_000_000 + np.arange(n_cells))
        put(f"{MODULE}/ImageSegmentation/imaging_plane_1/roi_list", roi)
        for name, data in {
            "Fluorescence/imaging_plane_1": 100 * (1 + dff),
            "Fluorescence/imaging_plane_1_demixed_signal": 100 * (1 + dff),
            "Fluorescence/imaging_plane_1_neuropil_response": np.zeros_like(dff),
            "DfOverF/imaging_plane_1": dff,
        }.items():
            series(f"{MODULE}/{name}", day.time, data=data)
        put(f"{MODULE}/Fluorescence/imaging_plane_1_neuropil_response/r", np.full(n_cells, 0.7))
        time, speed = day.running
        series(f"{MODULE}/BehavioralTimeSeries/running_speed", time, data=speed)
        if day.pupil is not None:
            time, area = day.pupil
            series(f"{MODULE}/PupilTracking/pupil_size", time, data=area)
        motion = rng.integers(-3, 4, (n_frames, 2))
        series(
            f"{MODULE}/MotionCorrection/2p_image_series/xy_translation", day.time,
            data=motion, feature_description=["x_motion", "y_motion"],
        )  # fmt: skip

        movie = rng.integers(0, 256, (SEGMENTS * SEGMENT_FRAMES, 4, 6), dtype=np.uint8)
        put("stimulus/templates/natural_movie_one_image_stack/data", movie)
        shown = "stimulus/presentation/natural_movie_one_stimulus"
        series(
            shown, day.time[day.shown[:, 1]], data=day.shown[:, 0],
            frame_duration=day.shown[:, 1:].astype(np.float64),
        )  # fmt: skip
        file[f"{shown}/indexed_timeseries"] = h5py.SoftLink(
            "/stimulus/templates/natural_movie_one_image_stack"
        )
        quiet = np.array([[0, 0], [140, 140]])
        series(
            "stimulus/presentation/spontaneous_stimulus", day.time[quiet[:, 0]],
            data=np.array([1, -1]), frame_duration=quiet.astype(np.float64),
        )  # fmt: skip


if __name__ == "__main__":
    for written in write(Path(sys.argv[1])):
        print(written.experiment, written.date, written.cells.size, "cells")
