"""Areas of a session of Visual Coding Neuropixels, in a small file of its form."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pynwb
import pytest
from hdmf.common import VectorData

from spikedrift.config.sources import NeuropixelsOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.allen_neuropixels import read

AREAS = ("VISp", "VISl", "LGd")
FRAMES, REPEATS, PERIOD = 6, 3, 0.1


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with one unit an area, which fires in the middle of every frame."""
    nwb = pynwb.NWBFile("a session", "7", datetime(2026, 1, 1, tzinfo=UTC))
    group = nwb.create_electrode_group("probeA", "a", "a", nwb.create_device("probeA"))
    for name in ("valid_data", "probe_id"):
        nwb.add_electrode_column(name, name)
    for area in AREAS:
        nwb.add_electrode(location=area, group=group, valid_data=True, probe_id=1)
    for name in ("peak_channel_id", "quality"):
        nwb.add_unit_column(name, name)
    start = PERIOD * np.arange(FRAMES * REPEATS)
    for channel in range(len(AREAS)):
        nwb.add_unit(spike_times=start + PERIOD / 2, peak_channel_id=channel, quality="good")
    columns = {
        "start_time": start,
        "stop_time": start + PERIOD,
        "frame": np.tile(np.arange(float(FRAMES)), REPEATS),
        "stimulus_block": np.zeros(start.size),
    }
    name = "movie_presentations"
    nwb.add_time_intervals(
        pynwb.epoch.TimeIntervals(
            name=name,
            description=name,
            columns=[VectorData(name=k, description=k, data=v) for k, v in columns.items()],
        )
    )
    out = tmp_path_factory.mktemp("session") / "session_7.nwb"
    with pynwb.NWBHDF5IO(out, "w") as file:
        file.write(nwb)
    return out


def test_an_area_that_a_session_lacks_is_left_out(path: Path) -> None:
    found = read(path, NeuropixelsOptions(areas=("VISp", "VISam"), segment_frames=3), "7.movie")
    assert found["population"].values.tolist() == ["VISp"]
    np.testing.assert_array_equal(found["spike_count"], 3)


def test_an_area_in_other_capitals_is_refused_and_not_left_out(path: Path) -> None:
    with pytest.raises(InputError, match="area 'visl' is written 'VISl' there"):
        read(path, NeuropixelsOptions(areas=("VISp", "visl"), segment_frames=3), "7.movie")
