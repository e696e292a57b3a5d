"""Tests start no other program unless a mark says that they do: `make quick` leaves those out.

Python tells its audit hooks of every start before it is made, whoever asks for it. A compiler is
such a program; numba's kernels come from its cache on disk.
"""

import multiprocessing.util
import sys
from collections.abc import Iterator
from typing import Any

import pytest

MARKS = ("compiles", "pipeline", "process")
SPAWNED = "spikedrift.spawned"
EVENTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", SPAWNED}
ALLOWED = {"file", "lscpu", "uname"}
"""What Brian2 and h5py ask for the machine when they are imported, and joblib for the number of
cores: once a process, whichever test is the first."""

asked: list[str] = []
"""What the running test asked for without a mark, its fixtures among it."""
_watching = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in EVENTS and not ALLOWED.intersection(map(str, arguments[:1])):
        what = f"mark what starts a program as one of {', '.join(MARKS)}: {event} {arguments[:2]}"
        asked.append(what)
        raise PermissionError(what)


def _spawn(*arguments: Any) -> int:
    sys.audit(SPAWNED, *arguments)  # multiprocessing does not tell of it
    return _spawnv_passfds(*arguments)


_spawnv_passfds = multiprocessing.util.spawnv_passfds
multiprocessing.util.spawnv_passfds = _spawn
sys.addaudithook(_hear)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _watching
    asked.clear()
    _watching = not any(map(item.get_closest_marker, MARKS))
    try:
        return (yield)
    finally:
        _watching = False


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Do not watch: fixtures of the session end with whichever test is the last."""
    global _watching
    _watching = False
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Fail where the refusal was taken for an answer, or was heard in another thread."""
    outcome = yield
    if asked:
        pytest.fail(asked[0], pytrace=False)
    return outcome
