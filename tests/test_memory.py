"""Memory of preparing a session as large as the real ones: benchmarks/prepare_neuropixels.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from prepare_neuropixels import FILE_SIZE, SESSION, generate, measure, prepare

from spikedrift import trials


def test_a_session_of_two_gigabytes_needs_less_than_two(tmp_path):
    path = generate(tmp_path, 700, 9000.0)
    assert path.stat().st_size >= FILE_SIZE
    _, peak = measure(prepare, path)
    assert 50 * 2**20 < peak < 2 * 2**30
    dataset = trials.read(tmp_path / "trials.nc")
    assert dataset.sizes["unit"] == 700
    assert dataset.sizes["trial"] == 600
    assert dataset.attrs["recording"].startswith(str(SESSION))
    # Uniform spikes: what is in trials is the share of the session that trials cover.
    assert 2.0e6 < dataset.sizes["spike"] < 4.5e6
    path.unlink()
