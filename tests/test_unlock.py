"""After `kill -9`: the lock is kept while anything of the run lives, and taken off after."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.pipeline

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "1"]


def unlock(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "workflow" / "unlock.py"), *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
    )


def test_only_a_dead_run_is_unlocked(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text("rule job:\n    output: 'out'\n    script: 'job.py'\n")
    (tmp_path / "job.py").write_text(
        "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(600)\n"
    )
    idle = unlock(tmp_path)  # nothing ran here yet
    assert (idle.returncode, idle.stdout.startswith(f"no lock in {tmp_path}: ")) == (0, True)
    assert unlock(tmp_path, "--quiet").stdout == ""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(SNAKEMAKE, cwd=tmp_path, **quiet)
    family = [psutil.Process(running.pid)]
    try:
        while not (tmp_path / "started").exists():
            assert running.poll() is None
            time.sleep(0.1)
        family += family[0].children(recursive=True)
        job = next(each.pid for each in family if "job.py" in each.cmdline()[-1])
        alive = unlock(tmp_path)
        assert (alive.returncode, str(running.pid) in alive.stdout) == (1, True)

        running.kill()
        running.wait()
        orphan = unlock(tmp_path)
        assert (orphan.returncode, str(job) in orphan.stdout) == (1, True)
    finally:
        for process in filter(psutil.Process.is_running, family):
            process.kill()
        psutil.wait_procs(family[1:])
        running.wait()

    locks = tmp_path / ".snakemake" / "locks"
    assert any(locks.glob("*.lock"))
    assert unlock(tmp_path).returncode == 0
    assert not any(locks.glob("*.lock"))
    (tmp_path / "job.py").write_text("import pathlib\npathlib.Path('out').touch()\n")
    resumed = subprocess.run([*SNAKEMAKE, "--rerun-incomplete"], cwd=tmp_path, **quiet)
    assert resumed.returncode == 0


@pytest.mark.fault("kill", "a lock in another directory, named from the project or from there")
@pytest.mark.parametrize("named", [True, False])
def test_the_lock_of_another_directory(tmp_path: Path, named: bool) -> None:
    lock = tmp_path / ".snakemake" / "locks" / "0.input.lock"  # and no Snakefile beside it
    lock.parent.mkdir(parents=True)
    lock.touch()
    done = unlock(ROOT, str(tmp_path)) if named else unlock(tmp_path)
    assert (done.returncode, done.stdout) == (0, "unlocking after an interrupted run\n")
    assert not lock.exists()


def test_no_such_directory(tmp_path: Path) -> None:
    done = unlock(tmp_path, "elsewhere")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"{tmp_path}/elsewhere: no such directory")
