"""A job fails: the same command makes it again, and all that stands on what it was to make."""

import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress

import preloaded
import psutil
import pytest
import xarray as xr
from forks import snakemake
from running import SMALL, jobs

MADE = (
    "results/trials/mouse-s.movie.nc",
    "results/drift/mouse-s.movie/all/index.nc",
    "results/drift/sensitivity.tsv",
)
KILOBYTES = 32  # less than the trials need, more than a file of rules, which Snakemake copies


def killed(command, directory) -> str:
    """Run a command and kill -9 the process that prepares the trials, and no other."""
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, cwd=directory, stdout=said, stderr=said) as process,
    ):
        while process.poll() is None:
            with suppress(psutil.Error):  # ended meanwhile
                for child in psutil.Process(process.pid).children(recursive=True):
                    if any("prepare_trials.py" in word for word in child.cmdline()[:2]):
                        child.kill()
            time.sleep(0.05)
        assert process.returncode != 0
        said.seek(0)
        return said.read()


def full(command, directory) -> str:
    """Run a command that can write no file of more than some kilobytes."""
    done = subprocess.run(
        ["bash", "-c", f'ulimit -f {KILOBYTES}; exec "$@"', "bash", *command],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    return done.stdout


@pytest.mark.fault("stale", "a job is killed, then its disk is full", cases=2)
def test_a_failed_job_is_made_again_with_all_that_stands_on_it(copied, finished, tmp_path):
    config = tmp_path / "other.yaml"
    config.write_text(SMALL.read_text().replace("rate_drift: 0.5", "rate_drift: 0.9"))
    arguments = ("--cores", "2", "--configfile", str(config), "--", "sensitivity")
    with preloaded.jobs():
        before = snakemake(
            copied, *(str(SMALL) if one == str(config) else one for one in arguments)
        )
    assert before.returncode == 0, before.stdout
    old = (copied / MADE[-1]).read_text()

    for fail in (killed, full):
        said = fail([".venv/bin/snakemake", *arguments], copied)
        assert "Error in rule prepare_trials" in said
        count, named, how = (line for line in said.splitlines() if "spikedrift: failed" in line)
        assert count.startswith("spikedrift: failed: 1 job after ") and " not begun" in count
        log = "results/logs/prepare_trials/mouse-s.movie.log"
        assert named.startswith("spikedrift: failed: prepare trials, mouse-s.movie: ")
        assert named.endswith(f" ({log})") and (copied / log).is_file()
        # A shell may have made the path of the program absolute.
        assert how.endswith(shlex.join([".venv/bin/snakemake", *arguments]))
        assert not (copied / MADE[0]).exists()
        assert (copied / MADE[-1]).read_text() == old
        again = {job.rule for job in jobs(copied, "--configfile", str(config))}
        assert {"prepare_trials", "drift_curves", "signal_index", "compare_sweep"} <= again

    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(finished, undisturbed, symlinks=True)
    with preloaded.jobs():
        after = [snakemake(directory, *arguments) for directory in (copied, undisturbed)]
    assert [done.returncode for done in after] == [0, 0], after[0].stdout
    made = next(line for line in after[0].stdout.splitlines() if "spikedrift: made by" in line)
    assert "prepare trials 1" in made and "index table" in made and "sensitivity" not in made
    assert "spikedrift: results: results/" in after[0].stdout.splitlines()
    assert "spikedrift: failed" not in after[0].stdout
    for path in MADE[:2]:
        with xr.open_dataset(copied / path) as a, xr.open_dataset(undisturbed / path) as b:
            xr.testing.assert_identical(a.load(), b.load())
    assert (copied / MADE[-1]).read_text() == (undisturbed / MADE[-1]).read_text() != old
