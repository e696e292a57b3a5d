"""What some tests need beyond the environment, and the pipeline's one run that several look at.

A test marked `slurm`, `browser`, `mirror` or `allen` skips with one line that names what is
missing. With SPIKEDRIFT_REQUIRE=all nothing may be missing: it fails instead. A test that starts a
program says so by a mark, its own or that of its folder.
"""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

# Before numpy is there. Workers share the cores, and threads that wait for each other spin: linear
# algebra, and programs of several threads, then take many times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import faults
import preloaded
import pytest
import starting
from compiling import compile_once
from running import small
from workers import Scheduler, arrange, strange

from spikedrift.allensdk import AllenSdk
from spikedrift.bayesflow import BAYESFLOW
from spikedrift.simulation.build import SHARED

ROOT = Path(__file__).resolve().parents[1]
MIRROR_DATA_SET = "allen_neuropixels_gratings"
FOLDERS = {
    "allen": "pipeline",
    "browser": "pipeline",
    "gpu": "compiles",
    "pipeline": "pipeline",
    "slurm": "pipeline",
}
"""Marks of all tests of a folder."""
OWN_PROGRAMS = (
    "pipeline/test_killed.py",
    "unit/networks/test_voltage_rules.py",
    "unit/simulation",
)
"""Tests that look at how programs are compiled and kept, so that they share none."""


def slurm_missing() -> str | None:
    absent = [name for name in ("slurmctld", "slurmd", "munged") if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not on PATH: install slurm-wlm and munge"
    return None if os.geteuid() == 0 else "starting a Slurm of its own takes root"


def browser_missing() -> str | None:
    if shutil.which("chromium"):
        return None
    return "chromium not on PATH: install chromium"


def mirror_missing() -> str | None:
    mirror = os.environ.get("SPIKEDRIFT_MIRROR")
    if mirror and (Path(mirror) / MIRROR_DATA_SET).is_dir():
        return None
    return f"set SPIKEDRIFT_MIRROR to a directory that holds {MIRROR_DATA_SET}/"


def allen_missing() -> str | None:
    if (ROOT / AllenSdk().marker).is_file():
        return None
    return "the AllenSDK environment is not built: run .venv/bin/snakemake --cores 1 allensdk_env"


def bayesflow_missing() -> str | None:
    if (ROOT / BAYESFLOW.marker).is_file():
        return None
    return "the BayesFlow environment is not built: run .venv/bin/snakemake --cores 1 bayesflow_env"


def site_missing() -> str | None:
    if (ROOT / ".env-stamps" / "site" / "site.lock.txt").is_file():
        return None
    return "the environment of the site is not built: run make env-site"


MISSING: dict[str, Callable[[], str | None]] = {
    "slurm": slurm_missing,
    "browser": browser_missing,
    "mirror": mirror_missing,
    "allen": allen_missing,
    "bayesflow": bayesflow_missing,
    "site": site_missing,
}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    return Scheduler(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--reliability", action="store_true", help="write docs/reliability.md")


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(10_000)  # thousands of tests and their modules are no garbage
    config.pluginmanager.register(starting)
    if config.getoption("reliability") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(faults.Table())


@pytest.hookimpl(tryfirst=True)  # pytest then leaves out what `-m` leaves out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder, and those whose prerequisite is missing, checked once a mark."""
    arrange(items)
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        if folder in FOLDERS:
            item.add_marker(FOLDERS[folder])
        item.user_properties += [("fault", fault) for fault in faults.of(item)]
    missing = {mark: check() for mark, check in MISSING.items()}
    for item in items:
        for mark, reason in missing.items():
            if reason is not None and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.missing(f"{mark}: {reason}"))


def pytest_collection_finish() -> None:
    """Look for no garbage in what was collected here: each run of Brian2 looks everywhere."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if fixtures := strange(item):
        pytest.fail(f"name this file under {fixtures} in tests/workers.py", pytrace=False)
    # The environment of BayesFlow is optional, and too large to be built for every change.
    required = not item.get_closest_marker("bayesflow")
    for marker in item.iter_markers("missing"):
        if required and os.environ.get("SPIKEDRIFT_REQUIRE") == "all":
            pytest.fail(f"SPIKEDRIFT_REQUIRE=all, {marker.args[0]}", pytrace=False)
        pytest.skip(marker.args[0])


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Local mirror of the public recordings: `{mirror}/{data set}/{file}`. Mark: mirror."""
    return Path(os.environ["SPIKEDRIFT_MIRROR"]).resolve()


@pytest.fixture(scope="session")
def allen_python() -> Path:
    """Python of the AllenSDK environment. Mark: allen."""
    return ROOT / AllenSdk().python


@pytest.fixture(scope="session", autouse=True)
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All workers and copies of the project share the programs that they compile."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SHARED, os.environ.get(SHARED) or str(shared / "programs"))
        yield


@pytest.fixture(scope="session", autouse=True)
def kernels(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One worker compiles Numba's kernels for all; a process alone compiles what it calls."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        compile_once(tmp_path_factory.getbasetemp().parent / "kernels.lock")


@pytest.fixture(scope="module", autouse=True)
def own_programs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Share no programs in the files of OWN_PROGRAMS."""
    with pytest.MonkeyPatch.context() as patch:
        if any(request.path.is_relative_to(ROOT / "tests" / place) for place in OWN_PROGRAMS):
            patch.delenv(SHARED, raising=False)
        yield


@pytest.fixture(scope="session")
def new_clone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Copy the working tree, what git tracks or would, with this tree's environments."""
    compile_once(tmp_path_factory.getbasetemp().parent / "kernels.lock")

    def copy() -> Path:
        target = tmp_path_factory.mktemp("clone") / "spikedrift"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        # Not the sources alone: what was compiled here need not be compiled there. Both caches ask
        # for the date of the source, which the copy keeps.
        made = (path for kind in ("*.nb[ci]", "*.pyc") for path in (ROOT / "src").rglob(kind))
        compiled = [str(path.relative_to(ROOT)) for path in made]
        for name in filter(None, [*listed.stdout.split("\0"), *compiled]):
            if (ROOT / name).is_file():  # not deleted since
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target / name)
        (target / ".venv").symlink_to(sys.prefix, target_is_directory=True)
        for of in (AllenSdk(), BAYESFLOW):
            if (ROOT / of.marker).is_file():
                (target / of.directory).parent.mkdir(parents=True, exist_ok=True)
                (target / of.directory).symlink_to(ROOT / of.directory)
        return target

    return copy


@pytest.fixture
def of_docs(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a program of docs/ by its name, anew with those that it imports."""
    docs = Path(__file__).resolve().parents[1] / "docs"
    monkeypatch.syspath_prepend(str(docs))
    for program in docs.glob("*.py"):
        monkeypatch.delitem(sys.modules, program.stem, raising=False)
    return import_module


@pytest.fixture
def clone(new_clone: Callable[[], Path]) -> Path:
    """A copy of the working tree for one test, in which nothing was made yet."""
    return new_clone()


@pytest.fixture(scope="session")
def demo(new_clone: Callable[[], Path]) -> Path:
    """A copy of the working tree in which `make report` ran: what `make demo` makes.

    Shared by tests that look and do not write. SPIKEDRIFT_DEMO names a run that is there already.
    """
    if finished := os.environ.get("SPIKEDRIFT_DEMO"):
        return Path(finished).resolve()
    directory = new_clone()
    make = ["make", "report"]
    with preloaded.jobs():
        done = subprocess.run(
            make, cwd=directory, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    if done.returncode:
        pytest.fail(f"make report failed:\n{done.stdout}\n{done.stderr}", pytrace=False)
    return directory


@pytest.fixture(scope="session")
def finished(new_clone: Callable[[], Path]) -> Path:
    """A clone in which the small configuration ran undisturbed. Tests put back what they edit.

    What each job opened stands in `opened` beside it.
    """
    directory = new_clone()
    opened = directory.parent / "opened"
    opened.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "tests" / "auditing"), prepend=os.pathsep)
        patch.setenv("SPIKEDRIFT_OPENED", str(opened))
        done = small(directory)
    if done.returncode:
        pytest.fail(done.stdout[-5000:], pytrace=False)
    return directory


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """What `cp -a` makes of `finished`, for one test, which may write there."""
    return Path(shutil.copytree(finished, tmp_path / "copied", symlinks=True))
