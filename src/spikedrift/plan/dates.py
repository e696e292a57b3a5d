"""Dates of files, by which Snakemake tells what is out of date, where they mislead it.

What is made of a file that is dated in the future looks older than it. Snakemake then throws away
what a job has made, and makes it again at every call. A file that was replaced by an older one
looks as if nothing had happened.
"""

import os
import shlex
import stat
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from spikedrift.core.disk import naming
from spikedrift.core.errors import InputError
from spikedrift.core.seal import FOLDER

STEP = 1000  # ns between two files that are dated anew
SKEW = 60 * 10**9  # ns by which the clock of a file server may go ahead


def settle(folder: str | Path) -> list[Path]:
    """Date the files of a folder that are dated in the future now, each one behind the one before.

    What was made of them since, and looks older, is then out of date for Snakemake. A link is left
    alone.

    Parameters
    ----------
    folder : path

    Returns
    -------
    list of Path
        Those files, the oldest first.

    Raises
    ------
    DiskError
        Where a file is somebody else's.
    """
    now = time.time_ns()
    files = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    told = ((path, path.lstat()) for path in files)
    ahead = [
        (one.st_mtime_ns, path)
        for path, one in told
        if one.st_mtime_ns > now and stat.S_ISREG(one.st_mode)
    ]
    found = [path for _, path in sorted(ahead)]
    for place, path in enumerate(reversed(found)):
        with naming(path):
            os.utime(path, ns=(now, now - STEP * place))
    return found


def check(paths: Iterable[str | Path]) -> None:
    """Refuse files that are dated in the future, which are not ours to date.

    Parameters
    ----------
    paths : iterable of path
        What jobs read; those that do not exist yet are passed over.

    Raises
    ------
    InputError
        For the first one.
    """
    latest = time.time_ns() + SKEW
    for path in map(Path, paths):
        if path.exists() and (date := path.stat().st_mtime_ns) > latest:
            told = datetime.fromtimestamp(date / 1e9).isoformat(" ", "seconds")
            touch = shlex.join(["touch", str(path)])
            raise InputError(
                f"{path}: is dated in the future ({told}), so that what is made of it would look "
                f"older than it: set the clock of this machine, or `{touch}`, then run the same "
                "command again"
            )


def stamps(files: Callable[[Any], Iterable[str]]) -> Callable[[Any], list[tuple[int, int] | None]]:
    """Params of a rule: size, and date in seconds, of what its jobs read that is no result.

    A copy that keeps dates has the same ones. None stands for a file that does not exist, as one
    that another rule is to make. Snakemake does not compare params that ask for `input`.

    Parameters
    ----------
    files : callable
        Gives paths of a job's inputs, of its wildcards.
    """

    def stamped(wildcards: Any) -> list[tuple[int, int] | None]:
        own = (Path(path) for path in files(wildcards))
        return [_stamp(path) for path in own if path.parts[0] != FOLDER]

    return stamped


def _stamp(path: Path) -> tuple[int, int] | None:
    if not path.exists():
        return None
    told = path.stat()
    return told.st_size, int(told.st_mtime)
