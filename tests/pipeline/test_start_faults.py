"""Started where nothing can be written, or interrupted: one line of ours, and no traceback."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import said, small

TRIALS = "results/trials/mouse-s.movie.nc"


@pytest.fixture(scope="module")
def directory(new_clone) -> Path:
    return new_clone()


@pytest.fixture
def results(directory) -> Iterator[Path]:
    yield directory / "results"
    (directory / "results").unlink()


def refused(directory: Path) -> str:
    """The line with which a run ends before its first job."""
    done = small(directory, "--", TRIALS)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout and "rule prepare_trials:" not in done.stdout
    (line,) = said(done.stdout)
    assert done.stdout.rstrip().endswith(line)
    return line


@pytest.mark.fault("disk", "results is a link to nothing")
def test_a_link_to_nothing_is_one_line(directory, results):
    results.symlink_to(directory / "nowhere")
    assert refused(directory) == (
        "spikedrift: results: cannot be written: a part of its path is a file, or a link to "
        "nothing (File exists); remove or rename what stands there, then run the same command again"
    )


@pytest.mark.fault("disk", "results on a disk that is read-only")
def test_a_read_only_folder_is_one_line(directory, results, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a disk takes root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", tmp_path], check=True)
    try:
        results.symlink_to(tmp_path)
        assert f"the disk at {tmp_path} is read-only" in refused(directory)
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.fault("kill", "Ctrl-C while the workflow starts")
def test_interrupted_at_the_start_is_one_line(directory, tmp_path):
    # Read last of all files of the workflow.
    rules = tmp_path / "interrupting.smk"
    rules.write_text("import os, signal\n\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = small(directory, "--config", f"custom_rules=[{rules}]", "--", TRIALS)
    assert done.returncode == 130
    assert "Traceback" not in done.stdout
    assert said(done.stdout) == ["spikedrift: interrupted"]


@pytest.mark.fault("kill", "Ctrl-C before a job has begun")
def test_a_job_that_has_not_begun_ends_without_a_word(directory):
    interrupt = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    done = subprocess.run(
        [".venv/bin/python", "-c", interrupt],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(directory / "workflow" / "start")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-2, "", "")


def test_another_sitecustomize_is_read_too(directory, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('another')\n")
    paths = [str(directory / "workflow" / "start"), str(tmp_path)]
    done = subprocess.run(
        [".venv/bin/python", "-c", "print('job')"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("another\njob\n", "")
