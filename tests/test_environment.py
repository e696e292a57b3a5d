"""The environment: locks, their conda equivalent, and what make does with them. No network."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PINNED = re.compile(r"^([a-z0-9-]+)==([^ \\]+)(?: ;[^\\]*)?(?: \\)?$", flags=re.MULTILINE)


def lock(name: str) -> dict[str, str]:
    """Version of every package of a lock."""
    return dict(PINNED.findall((ROOT / "envs" / f"{name}.lock.txt").read_text()))


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_locks_hold_versions_and_hashes_and_nothing_else() -> None:
    for path in (ROOT / "envs").glob("*.lock.txt"):
        for line in path.read_text().splitlines():
            assert PINNED.match(line) or re.fullmatch(
                r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line
            ), f"{path.name}: {line}"


def test_test_lock_holds_all_of_core() -> None:
    assert lock("core").items() <= lock("test").items()


def asked_for(name: str) -> list[str]:
    """Requirements that a lock was resolved from."""
    if name == "core":
        return project()["dependencies"]
    if name == "site":
        groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
        return groups["site"]
    lines = (ROOT / "envs" / f"{name}.in").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("name", "python"), [("core", "3.12"), ("allensdk", "3.11"), ("bayesflow", "3.12")]
)
def test_conda_equivalent_has_the_versions_of_the_lock(name: str, python: str) -> None:
    entries = yaml.safe_load((ROOT / "envs" / f"{name}.yaml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    named = dict(re.split("==?", entry) for entry in [*entries, *pip] if "=" in entry)
    assert named.pop("python") == python
    direct = {re.split(r"[<>=]", entry)[0] for entry in asked_for(name)}
    assert named == {package: lock(name)[package] for package in direct}


@pytest.mark.parametrize("name", ["core", "site", "allensdk", "bayesflow"])
def test_lock_holds_what_was_asked_for(name: str) -> None:
    for entry in map(Requirement, asked_for(name)):
        assert entry.specifier.contains(lock(name)[entry.name]), entry


def test_python_version_serves_both_environments() -> None:
    assert (ROOT / ".python-version").read_text().split() == ["3.12", "3.11"]
    assert project()["requires-python"] == ">=3.12,<3.13"


@pytest.mark.process
def test_tracked_files_name_no_package_index() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    index = re.compile(r"index[-_]url|find[-_]links|/simple[/\b]", flags=re.IGNORECASE)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            text = path.read_bytes().decode(errors="ignore")
            assert index.search(text) is None, name


# --- make, with a uv that only notes what it is asked for ----------------------------------------


class Sandbox:
    """What make needs of the repository, a PATH of chosen programs, and a recording uv."""

    PROGRAMS = "awk bash cat cmp cp dirname find g++ grep head ln make mkdir rm sh tail"

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self.root = root / "repository"
        self.bin = root / "bin"
        self.calls = root / "calls"
        shutil.copytree(ROOT / "envs", self.root / "envs")
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, self.root)
        self.bin.mkdir()
        for name in self.PROGRAMS.split():
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)

    def program(self, name: str, script: str) -> None:
        (self.bin / name).unlink(missing_ok=True)
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def recording_uv(self) -> None:
        self.program(
            "uv",
            f'case "$*" in *--help) exit 0 ;; esac\n'
            f'echo "$*" >>{self.calls}\n'
            'if [ "$1" = venv ]; then mkdir -p .venv/bin; '
            f"ln -s {sys.executable} .venv/bin/python; fi",
        )

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env={"PATH": str(self.bin), "HOME": str(self.root.parent), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def asked(self, *arguments: str) -> list[str]:
        """What make asked of uv: "venv", "sync core", "install" ..."""
        self.calls.write_text("")
        done = self.make(*arguments)
        assert done.returncode == 0, done.stderr
        return [
            re.sub(r"^venv.*", "venv", re.sub(r"^pip (\w+).*?(?:envs/(\w+)\S*)?$", r"\1 \2", line))
            for line in self.calls.read_text().splitlines()
        ]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.mark.process
def test_environment_is_made_once_and_shared_by_demo_and_test(sandbox: Sandbox) -> None:
    sandbox.recording_uv()
    assert sandbox.asked("env") == ["venv", "sync core", "install "]
    assert sandbox.asked("env") == []
    assert sandbox.asked("env-test") == ["sync test", "install "]
    assert sandbox.asked("env-test") == []
    assert sandbox.asked("env") == []  # the test lock holds all of core


@pytest.mark.process
def test_environment_follows_lock_project_and_place(sandbox: Sandbox) -> None:
    sandbox.recording_uv()
    sandbox.asked("env-test")
    for path in sandbox.root.rglob("envs/*"):
        path.touch()
    assert sandbox.asked("env-test") == []  # the content counts, not the date
    with (sandbox.root / "envs" / "test.lock.txt").open("a") as text:
        text.write("another==1.0\n")
    assert sandbox.asked("env") == ["sync test", "install "]
    with (sandbox.root / "pyproject.toml").open("a") as text:
        text.write("# changed\n")
    assert sandbox.asked("env-test") == ["install "]
    sandbox.root = sandbox.root.rename(sandbox.root.with_name("moved"))
    assert sandbox.asked("env-test") == ["venv", "sync test", "install "]


@pytest.mark.process
def test_failed_sync_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.recording_uv()
    working = (sandbox.bin / "uv").read_text()
    sandbox.program("uv", working.partition("\n")[2] + '\n[ "$2" != sync ]')
    assert sandbox.make("env").returncode != 0
    sandbox.program("uv", working.partition("\n")[2])
    assert sandbox.asked("env") == ["sync core", "install "]


@pytest.mark.process
def test_missing_compiler_is_one_line_before_anything_else(sandbox: Sandbox) -> None:
    sandbox.recording_uv()
    (sandbox.bin / "g++").unlink()
    done = sandbox.make("demo")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1
    assert "g++" in said[0] and "build-essential" in said[0]
    assert not sandbox.calls.exists()


@pytest.mark.fault("config", "a path of the project that jobs cannot start from")
@pytest.mark.parametrize("name", ["a b", "it's", "R&D"])
@pytest.mark.process
def test_a_path_that_jobs_cannot_start_from_is_one_line(tmp_path: Path, name: str) -> None:
    sandbox = Sandbox(tmp_path / name)
    sandbox.recording_uv()
    done = sandbox.make("env")
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert lines[0].startswith(f"env: {sandbox.root}: jobs cannot start")
    assert not sandbox.calls.exists()


@pytest.mark.process
def test_without_venv_and_pip_one_line_names_the_package(sandbox: Sandbox) -> None:
    sandbox.program("python3", f'[ "$1" != -m ] && exec {sys.executable} "$@"')
    done = sandbox.make("env", PYTHON="python3")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(said) == 1 and "python3-venv" in said[0]


PIP = """\
case "$*" in
-c*) exit 0 ;;
-m\\ venv*) {venv} ;;
-m\\ pip\\ --version) exit 0 ;;
-m\\ pip\\ install*)
    while [ "$1" != -r ]; do [ "$1" != --target ] || home=$2; shift; done
    cp "$2" {asked}
    mkdir -p "$home/bin"
    cp {uv} "$home/bin/uv" ;;
esac
"""


@pytest.mark.process
def test_uv_is_installed_by_the_first_python_that_runs(sandbox: Sandbox) -> None:
    """A failing shim is stepped over; without venv, pip installs the locked uv to a target."""
    sandbox.recording_uv()
    uv, asked = sandbox.root.parent / "uv", sandbox.root.parent / "asked"
    (sandbox.bin / "uv").rename(uv)
    sandbox.program("python3", "echo \"pyenv: version '3.12' is not installed\" >&2; exit 127")
    sandbox.program("uv", "echo 'pyenv: uv: command not found' >&2; exit 127")
    sandbox.program("python3.11", PIP.format(venv="exit 1", asked=asked, uv=uv))
    done = sandbox.make("env")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == "env: installing uv with python3.11"
    assert asked.read_text().startswith(f"uv=={lock('core')['uv']} \\\n    --hash=sha256:")
    assert len(PINNED.findall(asked.read_text())) == 1
    assert (sandbox.root / ".env-stamps" / "uv" / "bin" / "uv").exists()
    assert "sync" in sandbox.calls.read_text()


@pytest.mark.process
def test_a_job_is_named_as_soon_as_it_is_done(sandbox: Sandbox) -> None:
    """Whatever awk is there: what it reads may not wait for the jobs that come after."""
    waiting, programs = sandbox.root / "waiting", sandbox.root / ".venv" / "bin"
    os.mkfifo(waiting)
    programs.mkdir(parents=True)
    sandbox.bin = programs
    sandbox.program("python", "exit 0")
    sandbox.program(
        "snakemake",
        "echo 'Finished jobid: 3 (Rule: figure)'\n"
        f"echo '1 of 2 steps (50%) done'\nread one <{waiting}",
    )
    process = subprocess.Popen(
        ["make", "report"],
        cwd=sandbox.root,
        # A make that runs the tests would let this one say which directory it enters.
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0]
        assert process.stdout.readline() == "report: 1 of 2 steps (50%) done (figure)\n"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.process
def test_help_names_the_two_commands(sandbox: Sandbox) -> None:
    said = sandbox.make().stdout
    assert re.search(r"^make demo +\w", said, flags=re.MULTILINE)
    assert re.search(r"^make test +\w", said, flags=re.MULTILINE)


@pytest.mark.fault("disk", "a home directory that cannot be written")
@pytest.mark.process
def test_make_needs_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for home, kept in (("/dev/null", f"{ROOT}/.snakemake/cache"), (str(tmp_path), "")):
        monkeypatch.setenv("HOME", home)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        done = subprocess.run(["make", "-pn", "help"], cwd=ROOT, capture_output=True, text=True)
        found = re.search(r"^XDG_CACHE_HOME := (.*)$", done.stdout, re.MULTILINE)
        assert (found[1] if found else "") == kept
