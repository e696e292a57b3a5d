"""The clock is put back after a run: what was made is kept, and what is made of it is not lost."""

import os
import time

import pytest
from comparing import assert_same
from running import said, small

INDEX = "results/drift/mouse-s.movie/all/index.nc"
AHEAD = 86400  # s


def put_back(folder) -> None:
    """Date all files of a folder a day later, as made before the clock was put back."""
    for path in folder.rglob("*"):
        if path.is_file():
            date = path.stat().st_mtime + AHEAD
            os.utime(path, (date, date))


@pytest.mark.fault("clock", "put back: jobs read files that are dated in the future")
def test_a_run_goes_on_after_the_clock_was_put_back(copied, finished):
    (copied / INDEX).unlink()
    put_back(copied / "results")
    script = copied / "workflow/scripts/signal_index.py"
    date = script.stat().st_mtime
    os.utime(script, (time.time() + AHEAD,) * 2)
    done = small(copied, "--", INDEX)
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert f"{script}: is dated in the future (" in said(done.stdout)[-1]
    assert not (copied / INDEX).exists()

    put_back(copied / "results")
    os.utime(script, (date, date))
    done = small(copied, "--", INDEX)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "were dated in the future, such as results/" in said(done.stdout)[0]
    assert_same(copied / INDEX, finished / INDEX)
    assert all(path.stat().st_mtime <= time.time() for path in copied.rglob("results/**/*"))
