"""Files are whole or not there, whatever goes wrong while they are written."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spikedrift.core import atomic


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("old", [None, "old"])
def test_replacing_is_all_or_nothing(tmp_path, error, old):
    path = tmp_path / "deep" / "a.txt"
    if old is not None:
        path.parent.mkdir()
        path.write_text(old)
    with pytest.raises(error), atomic.replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    left = {each.name: each.read_text() for each in path.parent.iterdir()}
    assert left == ({} if old is None else {"a.txt": "old"})


def test_replacing_shows_the_new_file_only_at_the_end(tmp_path):
    path = tmp_path / "a.tar.gz"
    with atomic.replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == path.parent
        assert temporary.suffix == ".gz"
        assert str(os.getpid()) in temporary.name
    assert path.read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["a.tar.gz"]


def test_replacing_asks_for_a_file(tmp_path):
    with pytest.raises(FileNotFoundError), atomic.replacing(tmp_path / "a.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_failing_writer_leaves_nothing(tmp_path):
    with pytest.raises((TypeError, ValueError)):
        atomic.write_netcdf(xr.Dataset({"x": ("n", [object()])}), tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


def test_tables_are_written_whole_and_read_back(tmp_path):
    table = pd.DataFrame({"name": ["a", "b"], "value": [0.1, np.nan]})
    atomic.write_tsv(table, tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_text() == "name\tvalue\na\t0.1\nb\tnan\n"
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.tsv", sep="\t"), table)


@pytest.mark.process
def test_what_a_killed_process_left_is_cleared_and_a_live_one_is_left_alone(tmp_path):
    path = tmp_path / "a [1].nc"
    killed = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                            capture_output=True, text=True, check=True)  # fmt: skip
    dead = tmp_path / f".a [1].{int(killed.stdout)}.partial.nc"
    live = tmp_path / f".a [1].{os.getppid()}.partial.nc"
    other = tmp_path / f".b.{int(killed.stdout)}.partial.nc"
    for file in (dead, live, other):
        file.write_text("half")
    with atomic.replacing(path) as temporary:
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert not dead.exists()
    assert live.exists() and other.exists()
