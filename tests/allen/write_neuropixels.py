"""Write a synthetic session as a Visual Coding Neuropixels file, with AllenSDK's own writer.

Run by the AllenSDK's Python, it makes DIRECTORY/session_SESSION.nwb and, beside it, what is in it:
session_SESSION.truth.npz.
"""

import argparse
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from session_truth import PROBES, SCHEDULES, Session, truth

warnings.simplefilter("ignore")

from allensdk.brain_observatory.behavior.data_objects.stimuli.presentations import (  # noqa: E402
    Presentations,
)
from allensdk.brain_observatory.ecephys.write_nwb.__main__ import write_ecephys_nwb  # noqa: E402

CAMERA_CLOCK = 100_000  # Hz


def stimulus_table(held: dict[str, Any], path: Path) -> None:
    """CSV of presentations, with the columns that differ between the stimuli of a session."""
    movie = held["shown_frame"] >= 0
    gabor = held["shown_stimulus"] == "gabors"
    _, index = np.unique(held["shown_stimulus"], return_inverse=True)
    pd.DataFrame(
        {
            "Start": held["shown_start"],
            "End": held["shown_stop"],
            "stimulus_name": held["shown_stimulus"],
            "stimulus_block": np.where(held["shown_block"] >= 0, held["shown_block"], np.nan),
            "stimulus_index": np.where(held["shown_stimulus"] == "spontaneous", np.nan, index),
            "frame": np.where(movie, held["shown_frame"], np.nan),
            "contrast": np.where(gabor, 0.8, np.where(movie, 1.0, np.nan)),
            "orientation": np.where(gabor, 45.0, np.where(movie, 0.0, np.nan)),
            "x_position": np.where(gabor, 10.0 * (np.arange(gabor.size) % 9), np.nan),
            "y_position": np.where(gabor, -30.0, np.nan),
            "color": np.where(movie, "[1.0, 1.0, 1.0]", None),
        }
    ).to_csv(path, index=False)


def probe(held: dict[str, Any], name: str, folder: Path) -> dict[str, Any]:
    """One probe as the writer takes it: tables, and the sorter's files on disk."""
    folder.mkdir()
    id_ = int(held["probe_id"][held["probe_name"] == name][0])
    channels = [
        {
            "id": int(held["channel_id"][i]),
            "probe_id": id_,
            "valid_data": bool(held["channel_valid"][i]),
            "probe_channel_number": int(held["channel_index"][i]),
            "probe_vertical_position": int(held["channel_vertical"][i]),
            "probe_horizontal_position": 43,
            "structure_id": 385 if held["channel_area"][i] else None,
            # What the files have, and AllenSDK reads, where a channel is outside the brain.
            "structure_acronym": str(held["channel_area"][i]) or "None",
            "anterior_posterior_ccf_coordinate": 8000.0,
            "dorsal_ventral_ccf_coordinate": 1500.0 + float(held["channel_vertical"][i]),
            "left_right_ccf_coordinate": 8300.0,
        }
        for i in np.flatnonzero(held["channel_probe"] == name)
    ]
    rows = np.flatnonzero(held["probe"] == name)
    trains = [held["spike_time"][slice(*held["spike_offset"][i : i + 2])] for i in rows]
    end = held["spike_time"].max()
    unused = (
        *("isolation_distance", "l_ratio", "d_prime", "nn_hit_rate", "nn_miss_rate", "max_drift"),
        *("cumulative_drift", "silhouette_score", "waveform_halfwidth", "repolarization_slope"),
        *("recovery_slope", "spread", "velocity_above", "velocity_below"),
    )
    units = [
        {
            "id": int(held["unit_id"][i]),
            "peak_channel_id": int(held["unit_channel_id"][i]),
            "local_index": local,
            "cluster_id": local,
            "quality": str(held["quality"][i]),
            "firing_rate": trains[local].size / end,
            "snr": 2.5,
            "isi_violations": float(held["isi_violations"][i]),
            "presence_ratio": float(held["presence_ratio"][i]),
            "amplitude_cutoff": float(np.nan_to_num(held["amplitude_cutoff"][i], nan=9.0)),
            "waveform_duration": 0.4,
            "PT_ratio": 0.5,
            "amplitude": 120.0,
            **dict.fromkeys(unused, 0.5),
        }
        for local, i in enumerate(rows)
    ]
    cluster = np.repeat(np.arange(rows.size), [train.size for train in trains])
    order = np.argsort(np.concatenate(trains), kind="stable")
    arrays = {
        "spike_times": np.concatenate(trains)[order],
        "spike_clusters": cluster[order],
        "spike_amplitudes": np.full(order.size, 20.0),
        "spike_templates": cluster[order],
        "templates": np.broadcast_to(np.hanning(10)[:, None], (rows.size, 10, 2)).copy(),
        "inverse_whitening_matrix": np.eye(2),
        "mean_waveforms": np.broadcast_to(np.hanning(10)[:, None], (rows.size, 10, 2)).copy(),
    }
    for key, value in arrays.items():
        np.save(folder / f"{key}.npy", value)
    paths = {f"{key}_path": str(folder / f"{key}.npy") for key in arrays}
    return {
        "id": id_,
        "name": name,
        "sampling_rate": 29_999.95,
        "lfp": None,
        "temporal_subsampling_factor": 2.0,
        "channels": channels,
        "units": units,
        "spike_clusters_file": paths.pop("spike_clusters_path"),
        **paths,
    }


def running(held: dict[str, Any], path: Path) -> None:
    """Wheel of the animal, as HDF5."""
    time = held["running_start"]
    speed = pd.DataFrame(
        {
            "start_time": time,
            "end_time": held["running_stop"],
            "velocity": held["running_speed"],
            "net_rotation": held["running_speed"] / 500,
        }
    )
    raw = pd.DataFrame({"frame_time": time, "dx": 0.0, "vsig": 2.5, "vin": 5.0})
    speed.to_hdf(path, key="running_speed", mode="w")
    raw.to_hdf(path, key="raw_data")


def eye(held: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Ellipses, gaze and the camera's clock; nothing where the session has no pupil."""
    if "pupil_time" not in held:
        return {}
    time, area = held["pupil_time"], held["pupil_area"]
    radius = np.sqrt(area / np.pi)
    ellipses, gaze, sync = (folder / name for name in ("ellipses.h5", "gaze.h5", "sync.h5"))
    for key, half in (("cr", 5.0), ("eye", 60.0), ("pupil", radius)):
        table = {"center_x": 300.0, "center_y": 200.0, "height": half, "phi": 0.1, "width": half}
        pd.DataFrame(table, index=range(time.size)).to_hdf(ellipses, key=key, mode="a")
    for kind in ("raw", "new"):
        pd.Series(area).to_hdf(gaze, key=f"{kind}_pupil_areas", mode="a")
        pd.Series(np.full(time.size, 11_000.0)).to_hdf(gaze, key=f"{kind}_eye_areas", mode="a")
        for suffix, unit in (("", "cm"), ("_spherical", "deg")):
            place = {f"x_pos_{unit}": np.zeros(time.size), f"y_pos_{unit}": np.ones(time.size)}
            pd.DataFrame(place).to_hdf(gaze, key=f"{kind}_screen_coordinates{suffix}", mode="a")
    pd.Series(time).to_hdf(gaze, key="synced_frame_timestamps", mode="a")
    ticks = np.round(time * CAMERA_CLOCK)
    events = np.empty((2 * time.size, 2), np.uint32)  # each frame: up, and down 1 ms later
    events[0::2, 0], events[1::2, 0] = ticks, ticks + CAMERA_CLOCK // 1000
    events[0::2, 1], events[1::2, 1] = 1, 0
    # The line goes down once before the first frame, so that this has an edge.
    events = np.vstack([[0, 0], events]).astype(np.uint32)
    meta = {
        "line_labels": ["eye_frame_received"],
        "ni_daq": {"counter_bits": 32, "counter_output_freq": float(CAMERA_CLOCK)},
    }
    with h5py.File(sync, "w") as file:
        file["data"], file["meta"] = events, str(meta)
    return {
        "eye_tracking_rig_geometry": {
            "monitor_position_mm": [118.6, 86.2, 31.6],
            "monitor_rotation_deg": [0.0, 0.0, 0.0],
            "camera_position_mm": [102.8, 74.7, 31.6],
            "camera_rotation_deg": [0.0, 0.0, 2.8],
            "led_position": [246.0, 92.3, 52.6],
            "equipment": "NP.1",
        },
        "eye_dlc_ellipses_path": str(ellipses),
        "eye_gaze_mapping_path": str(gaze),
        "session_sync_path": str(sync),
    }


def write(of: Session, directory: Path) -> Path:
    """Write the file and its truth, whole or not at all; return the file's path."""
    held = truth(of)
    # The novelty of images is asked of a database inside the institute.
    Presentations._add_is_image_novel = classmethod(lambda cls, **_: None)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        folder = Path(scratch)
        stimulus_table(held, folder / "stimulus.csv")
        running(held, folder / "running.h5")
        arguments: dict[str, Any] = {"session_sync_path": None} | eye(held, folder)
        write_ecephys_nwb(
            output_path=str(folder / "session.nwb"),
            session_id=of.session,
            session_start_time=datetime(2019, 1, 19, 8, 54, 18, tzinfo=UTC),
            stimulus_table_path=str(folder / "stimulus.csv"),
            invalid_epochs=[
                {"type": kind, "id": int(id_), "label": label, "start_time": a, "end_time": b}
                for kind, id_, label, a, b in zip(
                    held["invalid_type"].tolist(),
                    held["invalid_id"],
                    held["invalid_label"].tolist(),
                    held["invalid_start"],
                    held["invalid_stop"],
                    strict=True,
                )
            ],
            probes=[probe(held, name, folder / name) for name in PROBES],
            running_speed_path=str(folder / "running.h5"),
            pool_size=1,
            session_metadata={
                "specimen_name": f"Sst-IRES-Cre;Ai32-{held['specimen']}",
                "age_in_days": 118.0,
                "full_genotype": "wt/wt",
                "strain": "C57BL/6J",
                "sex": "M",
                "stimulus_name": of.kind,
                "donor_id": held["specimen"],
                "species": "Mus musculus",
            },
            **arguments,
        )
        with h5py.File(folder / "session.nwb", "r+") as file:
            # The writer leaves out a unit with a missing metric; files of real sessions need not.
            file["units/amplitude_cutoff"][...] = held["amplitude_cutoff"]
        path = directory / f"session_{of.session}.nwb"
        np.savez_compressed(folder / "truth.npz", **held)
        (folder / "truth.npz").replace(path.with_suffix(".truth.npz"))
        (folder / "session.nwb").replace(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", type=int)
    parser.add_argument("kind", choices=SCHEDULES)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--no-eye-tracking", action="store_true")
    given = parser.parse_args()
    print(write(Session(given.session, given.kind, not given.no_eye_tracking), given.directory))


if __name__ == "__main__":
    main()
