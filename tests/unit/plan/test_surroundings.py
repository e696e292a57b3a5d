"""What the provenance says of code, locks and machine, and that it follows every change of them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from spikedrift.plan import surroundings

ROOT = Path(__file__).resolve().parents[3]


def git(root: Path, *arguments: str) -> str:
    named = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *named, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    for name in ("Snakefile", "src/a.py", "README.md"):
        (tmp_path / name).write_text("one\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


@pytest.mark.process
def test_the_commit_and_what_differs_from_it(project: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    assert surroundings.code(project) == {"commit": first, "changed": {}}
    (project / "src/a.py").write_text("two\n")
    assert surroundings.code(project)["changed"] == {"src/a.py": sha256("two\n")}
    (project / "src/a.py").write_text("three\n")
    (project / "src/b c.py").write_text("new\n")
    (project / "Snakefile").unlink()
    (project / "README.md").write_text("no code\n")
    assert surroundings.code(project) == {
        "commit": first,
        "changed": {
            "Snakefile": None,
            "src/a.py": sha256("three\n"),
            "src/b c.py": sha256("new\n"),
        },
    }
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "second")
    second = surroundings.code(project)
    assert second == {"commit": git(project, "rev-parse", "HEAD"), "changed": {}}
    assert second["commit"] != first


@pytest.mark.process
def test_a_project_without_a_repository_of_its_own_has_no_commit(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unknown = {"commit": None, "changed": {}}
    assert surroundings.code(project / "src") == unknown  # lies in the repository of another
    monkeypatch.setenv("GIT_DIR", str(project / ".git"))
    assert surroundings.code(tmp_path.parent) == unknown
    assert surroundings.code(project)["commit"]
    monkeypatch.setenv("PATH", str(project))  # no Git
    assert surroundings.code(project) == unknown


def test_every_lock_counts(tmp_path: Path) -> None:
    envs = tmp_path / "envs"
    envs.mkdir()
    for name in surroundings.ENVIRONMENTS:
        (envs / f"{name}.lock.txt").write_text(name)
    before = surroundings.locks(tmp_path)
    assert before == {name: sha256(name) for name in surroundings.ENVIRONMENTS}
    (envs / "allensdk.lock.txt").write_text("another")
    assert surroundings.locks(tmp_path) == before | {"allensdk": sha256("another")}
    assert surroundings.locks(ROOT).keys() == before.keys()


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.process
def test_machine_names_compiler_cpu_and_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CXX", "mycc")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(surroundings, "CPU", tmp_path / "cpuinfo")
    surroundings.CPU.write_text("processor\t: 0\nmodel name\t: A Fast One @ 3 GHz\n\n")
    program(tmp_path / "nvidia-smi", "exit 9")  # no GPU
    before = surroundings.machine()
    assert before["system"] and before["compiler"] is None and before["gpu"] is None
    assert before["cpu"] == "A Fast One @ 3 GHz"
    assert before["python"].endswith(f" {sys.version.split()[0]}")

    program(tmp_path / "mycc", "echo 'mycc 1.2'; echo and more")
    program(
        tmp_path / "nvidia-smi",
        'case "$*" in *query*) echo "Big GPU, 9.0, 555.1, 1000" ;; '
        '*) echo "| CUDA Version: 13.0 |" ;; esac',
    )
    program(tmp_path / "nvcc", "echo 'Cuda compilation tools, release 13.1, V13.1.1'")
    surroundings.CPU.write_text("processor : 0\n")  # as on ARM
    after = surroundings.machine()
    assert after["compiler"] == "mycc 1.2"
    assert after["gpu"] == "Big GPU, driver 555.1, nvcc 13.1"
    assert after["cpu"] and "Fast" not in after["cpu"]


def test_machines_are_those_that_jobs_ran_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on(cpu: str) -> None:
        monkeypatch.setattr(surroundings, "machine", lambda: {"cpu": cpu})
        surroundings.record()

    monkeypatch.chdir(tmp_path)
    assert surroundings.recorded() == []
    on("one")
    (file,) = surroundings.recorded()
    written = file.stat().st_mtime_ns
    on("one")
    assert file.stat().st_mtime_ns == written  # nothing new
    on("two")
    on("one")
    found = [json.loads(each.read_text())["cpu"] for each in surroundings.recorded()]
    assert sorted(found) == ["one", "two"]
