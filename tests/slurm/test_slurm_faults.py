"""What happens to a run when a cluster fails it: the results of an undisturbed run.

Trials of the synthetic recording are one job. What it is tried again with, and where, Slurm says.
"""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clusters import Cluster, finish
from comparing import assert_same
from running import SMALL, small

pytestmark = pytest.mark.slurm

MADE = "results/trials/mouse-s.movie.nc"
PATIENCE = 120  # s until a job runs


class Run:
    """A run with one job, watched from outside."""

    def __init__(self, slurm: Cluster, tree: Path, *options: str) -> None:
        self.slurm, self.tree = slurm, tree
        self.before = {job["JobId"] for job in slurm.jobs()}
        self.process = slurm.snakemake(tree, "--configfile", str(SMALL), *options, "--", MADE)

    def jobs(self) -> list[dict[str, str]]:
        """Jobs of this run, in the order of their numbers."""
        found = [job for job in self.slurm.jobs() if job["JobId"] not in self.before]
        return sorted(found, key=lambda job: int(job["JobId"]))

    def running(self) -> dict[str, str]:
        """Wait until the step of the job that does the work runs."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for job in self.jobs():
                if self.slurm.processes(job["JobId"], step="0"):
                    return job
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.process.kill()
        pytest.fail(f"no job ran: {self.process.communicate()[0][-3000:]}", pytrace=False)

    def end(self, undisturbed: Path) -> list[dict[str, str]]:
        """Wait for the run, compare what it made, and return its jobs."""
        finish(self.process, self.tree)
        assert_same(self.tree / MADE, undisturbed / MADE)
        return self.jobs()


@pytest.fixture(scope="module")
def undisturbed(new_clone: Callable[[], Path]) -> Path:
    """A copy in which the job ran here."""
    tree = new_clone()
    done = small(tree, "--", MADE)
    assert done.returncode == 0, done.stdout
    return tree


@pytest.fixture
def start(slurm: Cluster, clone: Path) -> Callable[..., Run]:
    """Start a run in an empty copy."""
    return lambda *options: Run(slurm, clone, *options)


@pytest.mark.fault("Slurm", "a node fails in mid-job")
def test_a_node_fails(slurm: Cluster, start: Callable[..., Run], undisturbed: Path) -> None:
    run = start()
    job = run.running()
    node = job["NodeList"]
    slurm.fail(node, job["JobId"])
    try:
        (again,) = run.end(undisturbed)
    finally:
        slurm.start(node)
    assert again["JobState"] == "COMPLETED"
    assert again["Restarts"] == "1"
    assert again["NodeList"] != node
    slurm.wait_until_idle()


@pytest.mark.fault("Slurm", "the controller is restarted in mid-run")
def test_the_controller_is_restarted(
    slurm: Cluster, start: Callable[..., Run], undisturbed: Path
) -> None:
    run = start()
    run.running()
    slurm.stop("slurmctld")
    time.sleep(5)  # longer than Snakemake waits between two looks
    slurm.start("slurmctld")
    slurm.wait_until_answering()
    (job,) = run.end(undisturbed)
    assert job["JobState"] == "COMPLETED"


@pytest.mark.fault("Slurm", "a job is cancelled from outside")
def test_a_job_is_cancelled(slurm: Cluster, start: Callable[..., Run], undisturbed: Path) -> None:
    run = start()
    slurm.asked("scancel", run.running()["JobId"])
    assert [job["JobState"] for job in run.end(undisturbed)] == ["CANCELLED", "COMPLETED"]


@pytest.mark.fault("Slurm", "Snakemake is interrupted, its jobs are cancelled with it")
def test_interrupted_and_resumed(
    slurm: Cluster, start: Callable[..., Run], clone: Path, undisturbed: Path
) -> None:
    run = start()
    run.running()
    run.process.send_signal(signal.SIGINT)
    said, _ = run.process.communicate(timeout=120)
    assert run.process.returncode != 0, said
    assert {job["JobState"] for job in run.jobs()} == {"CANCELLED"}
    assert not (clone / MADE).exists()
    unlocked = subprocess.run(
        [".venv/bin/python", "workflow/unlock.py"], cwd=clone, capture_output=True, text=True
    )
    assert unlocked.returncode == 0, unlocked.stdout
    assert start().end(undisturbed)[-1]["JobState"] == "COMPLETED"


@pytest.mark.fault("Slurm", "a job needs more memory than it asked for")
def test_more_memory_at_the_next_attempt(start: Callable[..., Run], undisturbed: Path) -> None:
    run = start("--set-resources", "prepare_trials:mem_mb=40 * attempt**5")
    first, last = run.end(undisturbed)
    assert first["JobState"] in ("OUT_OF_MEMORY", "FAILED", "CANCELLED")
    assert (first["MinMemoryNode"], last["MinMemoryNode"]) == ("40M", "1280M")
    assert last["JobState"] == "COMPLETED"


@pytest.mark.fault("Slurm", "a job takes longer than it asked for")
def test_more_time_at_the_next_attempt(
    slurm: Cluster, start: Callable[..., Run], undisturbed: Path
) -> None:
    run = start("--set-resources", "prepare_trials:runtime=attempt")
    job = run.running()
    for process in slurm.processes(job["JobId"]):
        if "slurmstepd" not in process.name():
            process.suspend()  # a job that hangs
    first, last = run.end(undisturbed)
    assert (first["JobState"], first["TimeLimit"]) == ("TIMEOUT", "00:01:00")
    assert (last["JobState"], last["TimeLimit"]) == ("COMPLETED", "00:02:00")
