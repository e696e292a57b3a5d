"""Time and peak memory of preparing a session as large as those of the Allen Brain Observatory.

    python benchmarks/prepare_neuropixels.py [--units 700] [--seconds 9000] [--directory DIR]

A session of about 2 GB is generated in DIR, and natural movie one x20 is prepared from it in a
process of its own. The reference, in the same run, is reading every spike time of the file once
with h5py and nothing else.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pynwb

from spikedrift import trials
from spikedrift.config.sources import NeuropixelsOptions
from spikedrift.sources.allen_neuropixels import read

SESSION = 999000001
MOVIE = "natural_movie_one"
FRAMES, REPEATS, PERIOD = 900, 10, 0.03336  # a movie, a block, s
MEAN_RATE = 7.0  # Hz
FILE_SIZE = 2_000_000_000  # bytes
CHANNELS = 384


def generate(directory: Path, units: int, seconds: float) -> Path:
    """Write a session with the tables that the reader looks at, filled up to the size of one."""
    path = directory / f"session_{SESSION}.nwb"
    file = pynwb.NWBFile("generated", str(SESSION), datetime(2019, 1, 1, tzinfo=UTC))
    group = file.create_electrode_group("probeA", "", "", file.create_device("probeA"))
    for name in ("probe_id", "valid_data"):
        file.add_electrode_column(name, name)
    for channel in range(CHANNELS):
        file.add_electrode(id=channel, location="VISp", group=group, probe_id=1, valid_data=True)
    for name in ("peak_channel_id", "quality", "presence_ratio"):
        file.add_unit_column(name, name)
    for unit in range(units):
        quality = {"quality": "good", "presence_ratio": 1.0}
        file.add_unit(spike_times=[0.0], peak_channel_id=unit % CHANNELS, **quality)
    table = pynwb.epoch.TimeIntervals(name=f"{MOVIE}_presentations", description="frames")
    for name in ("frame", "stimulus_block"):
        table.add_column(name, name)
    shown = FRAMES * REPEATS
    for block in range(2):
        begin = 10 + block * (seconds - shown * PERIOD - 20)
        for frame in range(shown):
            start = begin + frame * PERIOD
            number = float(frame % FRAMES)
            table.add_row(
                start_time=start,
                stop_time=start + PERIOD,
                frame=number,
                stimulus_block=float(block),
            )
    file.add_time_intervals(table)
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    rng = np.random.default_rng(0)
    rate = np.minimum(rng.lognormal(np.log(MEAN_RATE) - 0.5, 1.0, units), 60.0)
    count = rng.poisson(rate * seconds)
    with h5py.File(path, "r+") as opened:
        times = _replace(opened["units"], "spike_times", (int(count.sum()),), "f8")
        index = _replace(opened["units"], "spike_times_index", (units,), "u8")
        index[...] = np.cumsum(count)
        for last, n in zip(np.cumsum(count).tolist(), count.tolist(), strict=True):
            times[last - n : last] = np.sort(rng.uniform(0, seconds, n))
        missing = max(FILE_SIZE - 8 * int(count.sum()), 0) // 8
        opened["acquisition"].create_dataset("rest", data=np.ones(missing))
    return path


def _replace(group: Any, name: str, shape: tuple[int, ...], dtype: str) -> Any:
    """Put an empty dataset in the place of another, with its attributes."""
    attributes = dict(group[name].attrs)
    del group[name]
    new = group.create_dataset(name, shape, dtype)
    if "target" in attributes:  # a reference to the dataset that this one indexes
        attributes["target"] = group["spike_times"].ref
    new.attrs.update(attributes)
    return new


def prepare(path: Path) -> None:
    """Read the movie's trials and write them, as the rule does."""
    dataset = read(path, NeuropixelsOptions(), f"{SESSION}.{MOVIE}")
    trials.write(dataset, path.with_name("trials.nc"))


def scan(path: Path) -> None:
    """Read every spike time of the file once, a million at a time."""
    with h5py.File(path) as file:
        times = file["units/spike_times"]
        for first in range(0, times.size, 1 << 20):
            times[first : first + (1 << 20)]


def _measured(work: Callable[[Path], None], path: Path) -> tuple[float, float]:
    start = time.monotonic()
    work(path)
    # Not getrusage: its maximum is inherited from the process that generated the file.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return time.monotonic() - start, float(peak.split()[1]) * 1024


def measure(work: Callable[[Path], None], path: Path) -> tuple[float, float]:
    """Seconds and peak memory (bytes) of some work in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_measured, work, path).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=700)
    parser.add_argument("--seconds", type=float, default=9000.0)
    parser.add_argument("--directory", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as folder:
        path = generate(Path(folder), arguments.units, arguments.seconds)
        print(f"{path.stat().st_size / 1e9:.2f} GB, {arguments.units} units")
        measure(scan, path)  # both find the file in the same cache
        scanned, _ = measure(scan, path)
        prepared, memory = measure(prepare, path)
        print("what\ts\tratio\tpeak memory, GiB")
        print(f"read all spike times\t{scanned:.2f}\t1.0\t")
        print(f"prepare\t{prepared:.2f}\t{prepared / scanned:.1f}\t{memory / 2**30:.2f}")


if __name__ == "__main__":
    main()
