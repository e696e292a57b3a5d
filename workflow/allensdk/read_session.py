"""Read a Neuropixels session through AllenSDK, as a second opinion on what a file holds.

Units and spike times under given quality limits, presentations of the stimuli, invalid times and,
for given intervals, AllenSDK's own spike counts go to one .npz. Presentations that AllenSDK masks
have the stimulus `invalid_presentation`, frame -1 and block -1.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from program import Failure, replacing, run

LIMITS = {
    "default": {},  # AllenSDK's: isi_violations 0.5, amplitude_cutoff 0.1, presence_ratio 0.95
    "0.9": {"presence_ratio_minimum": 0.9},
    "unfiltered": {
        "isi_violations_maximum": np.inf,
        "amplitude_cutoff_maximum": np.inf,
        "presence_ratio_minimum": -np.inf,
    },
}
METRICS = ("isi_violations", "amplitude_cutoff", "presence_ratio")


def numbers(column: pd.Series) -> np.ndarray:
    """Numbers of a column of presentations, -1 where AllenSDK has none ('null')."""
    return pd.to_numeric(column, errors="coerce").fillna(-1).to_numpy(dtype=np.int64)


def read(path: Path, limits: str, intervals: np.ndarray | None) -> dict[str, np.ndarray]:
    """Arrays of a session by name; times in s.

    Parameters
    ----------
    path : Path
        NWB file of the session.
    limits : str
        Which limits units must pass, a key of `LIMITS`.
    intervals : array, shape (n, 2), optional
        Starts and ends to count spikes in; spikes on either edge count.

    Raises
    ------
    Failure
        Naming the file, where AllenSDK cannot read it.
    """
    from allensdk.brain_observatory.ecephys.ecephys_session import (
        EcephysSession,
        build_spike_histogram,
    )

    if not path.is_file():
        raise Failure(f"{path}: no such file")
    try:
        session = EcephysSession.from_nwb_path(str(path), api_kwargs=LIMITS[limits])
        # AllenSDK would open the file, and read the schemas in it, anew for every table.
        session.api._nwbfile = session.api.nwbfile
        units = session.units.sort_index()
        spikes = session.spike_times
        shown = session.stimulus_presentations
        invalid = session.invalid_times
        identity = session.ecephys_session_id
    except Exception as error:
        raise Failure(
            f"{path}: AllenSDK cannot read it ({type(error).__name__}: {error})"
        ) from error
    trains = [np.asarray(spikes[unit]) for unit in units.index]
    frame = shown["frame"] if "frame" in shown else pd.Series(-1, index=shown.index)
    found = {
        "session": np.array(identity),
        "unit_id": units.index.to_numpy(),
        "area": units["structure_acronym"].to_numpy(dtype=str),
        "probe_id": units["probe_id"].to_numpy(),
        **{name: units[name].to_numpy(dtype=float) for name in METRICS},
        "spike_time": np.concatenate([np.empty(0), *trains]),
        "spike_offset": np.concatenate([[0], np.cumsum([train.size for train in trains])]),
        "shown_start": shown["start_time"].to_numpy(dtype=float),
        "shown_stop": shown["stop_time"].to_numpy(dtype=float),
        "shown_stimulus": shown["stimulus_name"].to_numpy(dtype=str),
        "shown_frame": numbers(frame),
        "shown_block": numbers(shown["stimulus_block"]),
        "invalid_start": invalid.get("start_time", pd.Series(dtype=float)).to_numpy(),
        "invalid_stop": invalid.get("stop_time", pd.Series(dtype=float)).to_numpy(),
        "invalid_tags": np.array(
            [" ".join(map(str, tags)) for tags in invalid.get("tags", [])], dtype=str
        ),
    }
    if intervals is not None:
        histogram = build_spike_histogram(intervals, spikes, units.index, dtype=np.int64)
        found["spike_count"] = histogram[:, 0, :]
    return found


def main() -> None:
    """Write the arrays of a session."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session", type=Path, help="NWB file")
    parser.add_argument("output", type=Path, help=".npz")
    parser.add_argument("--limits", choices=LIMITS, default="default")
    parser.add_argument("--intervals", type=Path, help=".npy, shape (n, 2), s: count spikes in")
    given = parser.parse_args()
    intervals = None if given.intervals is None else np.load(given.intervals)
    found = read(given.session, given.limits, intervals)
    with replacing(given.output) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **found)


if __name__ == "__main__":
    run(main)
