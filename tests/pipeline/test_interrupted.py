"""Two runs at once, then SIGTERM, where nobody else may read and neither home nor TMPDIR exists."""

import os
import signal
import stat
import subprocess
import time

import pytest
from comparing import assert_same
from running import SMALL, small


@pytest.mark.fault("kill", "SIGTERM of Snakemake: the job ends, nothing else begins")
@pytest.mark.fault("kill", "a second run in the same directory")
@pytest.mark.fault("disk", "umask 077, and neither a home directory nor TMPDIR")
def test_a_run_that_is_terminated_is_finished_by_the_same_command(copied, finished, tmp_path):
    made = min((copied / "results/similarity").glob("tiny-*/*/spikeship.nc"))
    matrix = str(made.relative_to(copied))
    trials = f"results/trials/{made.parts[-3]}.nc"
    for path in (trials, matrix):
        (copied / path).unlink()
    nowhere = {"HOME": str(tmp_path / "no" / "home"), "TMPDIR": str(tmp_path / "no" / "tmp")}
    left = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    said = tmp_path / "said"
    with said.open("w") as output:
        first = subprocess.Popen(
            [".venv/bin/snakemake", "--cores", "1", "--configfile", SMALL, "--", matrix],
            cwd=copied,
            env=left | nowhere,
            umask=0o077,
            stdout=output,
            stderr=output,
        )
    while "rule simulate_point:" not in said.read_text():
        assert first.poll() is None, said.read_text()
        time.sleep(0.05)
    second = small(copied, "--", matrix)
    assert second.returncode == 1 and "Directory cannot be locked" in second.stdout
    first.send_signal(signal.SIGTERM)
    assert first.wait() != 0
    assert "Finished jobid" in said.read_text() and not (copied / matrix).exists()
    for text in (said.read_text(), second.stdout):
        assert "Traceback" not in text and "arning" not in text
    assert stat.S_IMODE((copied / trials).stat().st_mode) == 0o600
    assert_same(copied / trials, finished / trials)

    done = small(copied, "--", matrix)
    assert done.returncode == 0 and "rule simulate_point:" not in done.stdout, done.stdout[-5000:]
    assert_same(copied / matrix, finished / matrix)
