"""The example in NWB holds the recording that it is written from."""

from pathlib import Path

import numpy as np
import pynwb
import pytest

from spikedrift.config.read import read as read_config
from spikedrift.config.recordings import Recording
from spikedrift.sources import nwb_example, registry
from spikedrift.sources.synthetic import record

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """Path of the file, and the recording as the shipped configuration reads it."""
    path = tmp_path_factory.mktemp("example") / "example-1.nwb"
    nwb_example.main([str(path)])
    (entry,) = read_config(ROOT / "config" / "minimal-nwb.yaml")["recordings"]
    entry["options"]["file"] = str(path.with_name(entry["options"]["file"]))
    return path, registry.prepare(Recording.model_validate(entry), 1, path.parent, {})


def test_spikes_trials_and_behavior_come_back(example):
    _, found = example
    written = record(nwb_example.OPTIONS, "example-1.movie", 1)
    assert found.sizes["unit"] == 100 and found.sizes["trial"] == 144
    for name in ("segment", "block", "repeat"):
        np.testing.assert_array_equal(found[name], written[name])
    np.testing.assert_array_equal(found["population"], written["population"])
    np.testing.assert_array_equal(found["spike_count"], written["spike_count"])
    np.testing.assert_allclose(found["spike_time"], written["spike_time"], atol=1e-9)
    np.testing.assert_allclose(found["running_speed"], written["running_speed"])


def test_the_file_is_valid_nwb(example):
    path, _ = example
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        assert pynwb.validate(io=io) == []


def test_another_seed_is_another_recording(example, tmp_path, capsys):
    path, _ = example
    nwb_example.main([str(tmp_path / "b.nwb"), "--seed", "2"])
    assert "b.nwb: 100 units, 144 trials" in capsys.readouterr().out
    assert (tmp_path / "b.nwb").read_bytes() != path.read_bytes()
    assert [one.name for one in tmp_path.iterdir()] == ["b.nwb"]
