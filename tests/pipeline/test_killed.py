"""Killed at five random moments and resumed as documented: the results of an undisturbed run."""

import os
import random
import signal
import subprocess
import time

import preloaded
from comparing import assert_same_results
from running import SMALL, small

SEED = 11
KILLS = ("group", "group", "parent", "group", "group")
# A job of every rule that computes; pages, figures and others of these rules come later.
TARGETS = ("compare", "results/similarity/mouse-s.movie/all/spikeship.nc")


def run_until_killed(directory, whom: str, chance: random.Random) -> None:
    """Start the workflow and kill it -9 a random moment after a random number of jobs."""
    jobs, delay = chance.randint(0, 2), chance.uniform(0.0, 1.5)
    process = subprocess.Popen(
        [".venv/bin/snakemake", "--cores", "2", "--configfile", SMALL, "--", *TARGETS],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    started = finished = 0
    for line in process.stdout:
        started += line.startswith(("rule ", "localrule "))
        finished += line.startswith("Finished jobid")
        if started and finished >= jobs:
            break
    time.sleep(delay)
    assert process.poll() is None, "the run ended before it was killed"
    if whom == "group":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def test_killed_and_resumed(finished, new_clone):
    chance = random.Random(SEED)
    directory = new_clone()
    for whom in KILLS:
        run_until_killed(directory, whom, chance)
        unlocked = small(directory, "--unlock")
        assert unlocked.returncode == 0, unlocked.stdout
    with preloaded.jobs():
        resumed = small(directory, "--", *TARGETS)
    assert resumed.returncode == 0, resumed.stdout[-5000:]
    assert_same_results(directory / "results", finished / "results", part=True)
