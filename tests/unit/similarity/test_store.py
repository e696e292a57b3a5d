"""Similarity files too large for memory: killed and gone on with, the same as in one piece."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.similarity import store
from spikedrift.similarity.matrix import similarity, write

# Writes the file of trials.nc; killed in the middle where it is told to.
WRITE = """
import logging, os, signal, sys
from spikedrift import trials
from spikedrift.similarity.matrix import write
from spikedrift.similarity.measures import spikeship

folder, last = sys.argv[1], int(sys.argv[2])
logging.basicConfig(filename=f"{folder}/log", level=logging.INFO, filemode="w")
compute, calls = spikeship.spikeship_pairs, 0

def counted(*arguments, **options):
    global calls
    calls += 1
    if calls > last:
        os.kill(os.getpid(), signal.SIGKILL)
    return compute(*arguments, **options)

spikeship.spikeship_pairs = counted
data = trials.read(f"{folder}/trials.nc")
path = f"{folder}/out/spikeship.nc"
write(data, "spikeship", {"min_shared": 3}, path, sys.argv[3], whole=100, side=64)
print(calls)
"""


def recording(n_trials: int, seed: int = 0) -> xr.Dataset:
    """Sparse spikes: some pairs share too few units. 8 segments, two blocks, repeats in order."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(0.8, (n_trials, 12))
    times = np.concatenate([np.sort(rng.random(n)) for n in count.ravel()])
    repeat = np.arange(n_trials) // 8
    return trials.assemble(
        times, count, recording="made.movie", kind="synthetic",
        trial={"stimulus": "movie", "segment": np.arange(n_trials) % 8, "repeat": repeat,
               "block": (repeat >= n_trials // 16).astype(int), "duration": 1.0},
        unit={"unit_id": np.arange(12)},
    )  # fmt: skip


def run(folder: Path, last: int = 10**6, source: str = "code") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WRITE, str(folder), str(last), source],
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return recording(300)


@pytest.mark.parametrize("measure", ["spikeship", "rate_correlation"])
def test_a_file_in_pieces_is_the_file_in_one(
    data: xr.Dataset, tmp_path: Path, measure: str
) -> None:
    write(data, measure, {"min_shared": 3}, tmp_path / "pieces.nc", whole=100, side=64)
    assert [path.name for path in tmp_path.iterdir()] == ["pieces.nc"]
    got, expected = (
        xr.load_dataset(tmp_path / "pieces.nc"),
        similarity(data, measure, {"min_shared": 3}),
    )
    if measure == "spikeship":
        assert np.isnan(got["value"]).any() and np.isnan(got["value"]).mean() < 0.5
    xr.testing.assert_allclose(got, expected, rtol=1e-13)
    for name in ("value", "n_shared", "repeat_n_shared"):
        assert got[name].values.tobytes() == expected[name].values.tobytes()
        assert got[name].dtype == expected[name].dtype
    assert got.attrs == expected.attrs
    for name in expected.variables:
        assert got[name].attrs == expected[name].attrs


@pytest.mark.fault("files", "a stored block of a matrix that is damaged", cases=3)
def test_a_damaged_block_is_one_line(tmp_path: Path) -> None:
    kept = store.Store(tmp_path, 300, 200)
    kept.fill(lambda first, second: (first * 1.0, second))
    path = tmp_path / "0-200.npz"
    right = path.read_bytes()
    at = right.index(b"NUMPY") + 2000
    flipped = right[:at] + bytes([right[at] ^ 1]) + right[at + 1 :]
    for wrong in (flipped, right[: len(right) // 2], b""):
        path.write_bytes(wrong)
        with pytest.raises(InputError, match=r"0-200\.npz: is damaged .*; delete it and run"):
            list(kept.bands())


@pytest.mark.process
def test_a_killed_job_goes_on_where_it_stopped(data: xr.Dataset, tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    for folder in (once, twice):
        folder.mkdir()
        trials.write(data, folder / "trials.nc")
    undisturbed = run(once)
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert undisturbed.stdout.strip() == "15"  # 5 x 6 / 2 blocks of 64 x 64
    assert run(twice, last=6).returncode == -signal.SIGKILL
    assert not (twice / "out/spikeship.nc").exists()
    # Another code or other trials take nothing from the store.
    assert run(twice, last=2, source="other").returncode == -signal.SIGKILL
    assert "0 of 15 blocks of pairs are there already" in (twice / "log").read_text()
    # Snakemake deletes declared outputs before it runs a job again; the store is none.
    again = run(twice)
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() == "9"
    log = (twice / "log").read_text()
    assert "6 of 15 blocks of pairs are there already" in log
    assert log.count("block 7 of 15") == 1 and "block 6 of 15" not in log
    assert (twice / "out/spikeship.nc").read_bytes() == (once / "out/spikeship.nc").read_bytes()
    assert [path.name for path in (twice / "out").iterdir()] == ["spikeship.nc"]


def test_other_input_has_another_digest(data: xr.Dataset) -> None:
    same = recording(300)
    assert store.digest(data, "code", {"a": 1}) == store.digest(same, "code", {"a": 1})
    moved = same.copy(deep=True)
    moved["spike_time"][0] = np.nextafter(moved["spike_time"][0], 0)
    named = same.assign_coords(unit_id=("unit", [f"u{k}" for k in range(12)]))
    others = [
        store.digest(same, "code", {"a": 2}),
        store.digest(same, "edited", {"a": 1}),
        *(store.digest(other, "code", {"a": 1}) for other in (moved, named, recording(300, 1))),
    ]
    assert len({store.digest(data, "code", {"a": 1}), *others}) == 6
