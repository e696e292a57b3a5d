"""Dates of files where the clock was put back: Snakemake tells by them what is out of date.

What is made of a file that is dated in the future looks older than it. Snakemake then throws away
what a job has made, and makes it again at every call.
"""

import os
import shlex
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from spikedrift.core.disk import naming
from spikedrift.core.errors import InputError

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
    files = (path for path in Path(folder).rglob("*") if not path.is_symlink() and path.is_file())
    dated = ((path.stat().st_mtime_ns, path) for path in files)
    ahead = [(date, path) for date, path in dated if date > now]
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
