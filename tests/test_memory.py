"""Memory of what is large: sessions as the real ones, matrices over thousands of trials."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import numpy as np
import pytest
import similarity
import xarray as xr
from prepare_neuropixels import FILE_SIZE, SESSION, generate, measure, prepare

from spikedrift import trials
from spikedrift.similarity.matrix import WHOLE

pytestmark = [pytest.mark.process, pytest.mark.slow]


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


def test_a_matrix_over_many_trials_never_is_in_memory(tmp_path):
    n_trials = 4500
    assert n_trials > WHOLE
    _, least = similarity.measure(1, similarity.write_file, tmp_path, 300, 12, 1.0)
    _, peak = similarity.measure(1, similarity.write_file, tmp_path, n_trials, 12, 1.0)
    matrices = (8 + 4) * n_trials**2  # bytes of value and n_shared
    assert peak - least < 0.8 * matrices
    with xr.open_dataset(tmp_path / "spikeship.nc") as file:
        assert file["value"].shape == file["n_shared"].shape == (n_trials, n_trials)
        part = file[["value", "n_shared"]].isel(trial=[7, 4490], trial_other=[7, 4490]).load()
    for name in ("value", "n_shared"):
        np.testing.assert_array_equal(part[name], part[name].T)
    assert (part["value"].values.diagonal() == 0).all()
    assert (part["n_shared"].values.diagonal() > 0).all()
