"""Read a container by AllenSDK and write down what it says, for a check of our own reader.

Run by the AllenSDK's Python: `python read_two_photon.py DIRECTORY OUTPUT EXPERIMENT...`, where
DIRECTORY is laid out as `BrainObservatoryCache` keeps its files, so that nothing is downloaded.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")

from allensdk.brain_observatory.brain_observatory_exceptions import (  # noqa: E402
    NoEyeTrackingException,
)
from allensdk.core.brain_observatory_cache import BrainObservatoryCache  # noqa: E402

METADATA = (
    "ophys_experiment_id", "experiment_container_id", "session_start_time", "session_type",
    "specimen_name", "targeted_structure", "imaging_depth_um", "cre_line",
)  # fmt: skip


def read(cache: BrainObservatoryCache, experiment: int) -> dict[str, np.ndarray]:
    """All that is compared of one experiment."""
    data = cache.get_ophys_experiment_data(experiment)
    table = data.get_stimulus_table("natural_movie_one")
    metadata = data.get_metadata()
    speed, speed_time = data.get_running_speed()
    try:
        pupil_time, pupil = data.get_pupil_size()
    except NoEyeTrackingException:
        pupil_time = pupil = np.empty(0)
    return {
        "cells": data.get_cell_specimen_ids(),
        "time": data.get_fluorescence_timestamps(),
        **{name: table[name].to_numpy() for name in ("frame", "start", "end", "repeat")},
        "events": cache.get_ophys_experiment_events(experiment),
        "speed": speed,
        "speed_time": speed_time,
        "pupil": pupil,
        "pupil_time": pupil_time,
        **{name: np.array(str(metadata[name])) for name in METADATA},
    }


if __name__ == "__main__":
    directory, output, *experiments = sys.argv[1:]
    cache = BrainObservatoryCache(manifest_file=str(Path(directory) / "manifest.json"))
    np.savez(
        output,
        **{
            f"{experiment}/{name}": value
            for experiment in experiments
            for name, value in read(cache, int(experiment)).items()
        },
    )
