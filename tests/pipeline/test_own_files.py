"""A file of the user's is replaced by one with an older date: what was made of it is made again."""

import os
import shutil

import pytest
from forks import dry_run, snakemake

CONFIG = """
recordings:
  - {name: mine.patterns, source: simulated, options: {trials: mine.nc}}
predictions: null
"""
TRIALS = "results/trials/mine.patterns.nc"


@pytest.mark.fault("clock", "a file of the user's is replaced by one with an older date")
def test_an_older_file_is_another_one(finished, tmp_path):
    one, other = sorted(finished.glob("results/trials/tiny-*.nc"))
    (tmp_path / "mine.yaml").write_text(CONFIG)
    call = ("--snakefile", str(finished / "Snakefile"), "--configfile", "mine.yaml")
    call += ("--cores", "1", "--quiet", "progress", "--", TRIALS)
    shutil.copy(one, tmp_path / "mine.nc")
    done = snakemake(tmp_path, *call)
    assert done.returncode == 0, done.stdout
    assert "Nothing to be done" in dry_run(tmp_path, *call).stdout

    shutil.copy(other, tmp_path / "mine.nc")
    long_ago = (tmp_path / TRIALS).stat().st_mtime - 86400
    os.utime(tmp_path / "mine.nc", (long_ago, long_ago))
    found = dry_run(tmp_path, *call).stdout
    assert "rule prepare_trials:" in found and "Params have changed" in found
