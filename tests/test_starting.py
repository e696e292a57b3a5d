"""What the marks say of a test is so: one without them starts no program, in no way."""

import multiprocessing
import os
import subprocess
from collections.abc import Callable

import pytest
import starting


def process(method: str) -> None:
    multiprocessing.get_context(method).Process(target=print).start()


WAYS: dict[str, Callable[[], object]] = {
    "run": lambda: subprocess.run(["true"], check=False),
    "system": lambda: os.system("true"),
    "fork": os.fork,
    "posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "multiprocessing by fork": lambda: process("fork"),
    "multiprocessing by spawn": lambda: process("spawn"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_test_without_a_mark_starts_no_program(way: str) -> None:
    with pytest.raises(PermissionError, match="mark what starts a program"):
        WAYS[way]()
    assert len(starting.asked) == 1
    starting.asked.clear()


@pytest.mark.process
def test_a_marked_one_does() -> None:
    assert subprocess.run(["true"], check=False).returncode == 0
    assert starting.asked == []
