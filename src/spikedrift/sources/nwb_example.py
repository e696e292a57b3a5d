"""A synthetic recording as an NWB file: `python -m spikedrift.sources.nwb_example example-1.nwb`.

`config/minimal-nwb.yaml` analyzes it. The file has what a lab's conversion writes: a table of
trials with what was shown, a table of units with spike times and areas, running speed.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pynwb
import xarray as xr

from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.atomic import replacing
from spikedrift.sources.synthetic import record

# Half of the rates are drawn anew in the gap between the two blocks, and no event time.
OPTIONS = SyntheticOptions(units=100, segments=6, repeats=12, gap=1800.0, rate_drift=0.5)


def session(recording: xr.Dataset) -> pynwb.NWBFile:
    """Return a recording as an NWB session.

    Parameters
    ----------
    recording : Dataset
        Trials, each unit observed in all of them. The column `part` of the file's trials is the
        segment, `area` of its units the population; running speed has one sample a trial, cm/s.
    """
    file = pynwb.NWBFile(
        "synthetic responses to a movie, two blocks",
        str(recording.attrs["recording"]),
        datetime(2026, 1, 15, tzinfo=UTC),
    )
    file.subject = pynwb.file.Subject(
        subject_id="synthetic", species="Mus musculus", age="P90D", sex="U"
    )
    start, duration = recording["start_time"].values, recording["duration"].values
    file.add_trial_column("part", "part of the movie that was shown")
    for begin, length, part in zip(start, duration, recording["segment"].values, strict=True):
        file.add_trial(start_time=begin, stop_time=begin + length, part=int(part))
    file.add_unit_column("area", "brain area")
    counts = recording["spike_count"].values
    unit = np.tile(np.arange(counts.shape[1]), counts.shape[0])
    of_unit = np.repeat(unit, counts.ravel())
    times = np.repeat(start, counts.sum(axis=1)) + recording["spike_time"].values
    for index, area in enumerate(recording["population"].values):
        file.add_unit(spike_times=np.sort(times[of_unit == index]), area=str(area))
    running = pynwb.TimeSeries(
        name="running_speed",
        data=recording["running_speed"].values,
        unit="cm/s",
        timestamps=start + duration / 2,
    )
    file.create_processing_module("behavior", "behavior").add(running)
    return file


def main(arguments: list[str]) -> None:
    """Write the file that is named on the command line."""
    parser = argparse.ArgumentParser(description="Write a synthetic recording as an NWB file.")
    parser.add_argument("file", type=Path, help="path of the file, such as example-1.nwb")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another recording")
    given = parser.parse_args(arguments)
    recording = record(OPTIONS, f"{given.file.stem}.movie", given.seed)
    with replacing(given.file) as temporary, pynwb.NWBHDF5IO(str(temporary), "w") as io:
        io.write(session(recording))
    print(f"{given.file}: {recording.sizes['unit']} units, {recording.sizes['trial']} trials")


if __name__ == "__main__":
    main(sys.argv[1:])
