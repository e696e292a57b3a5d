"""Errors of the disk, in one line that names the file, the disk and what to do."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from spikedrift.core.errors import DiskError

_AGAIN = "then run the same command again"
_ROOM = f"make room there, {_AGAIN}"
_RIGHT = f"make it writable, or run in another directory, {_AGAIN}"
_PLACE = f"remove or rename what stands there, {_AGAIN}"
# Error number -> what the message says is wrong, and what it says to do.
_SAID = {
    errno.ENOSPC: ("the disk at {disk} is full", _ROOM),
    errno.EDQUOT: ("your quota on the disk at {disk} is used up", _ROOM),
    errno.EFBIG: ("the disk at {disk}, or a limit of this shell, takes no file so large", _ROOM),
    errno.EROFS: ("the disk at {disk} is read-only", _RIGHT),
    errno.EACCES: ("you have no right to write there", _RIGHT),
    errno.EPERM: ("you have no right to write there", _RIGHT),
    errno.ENOTDIR: ("a part of its path is no directory", _PLACE),
    errno.EEXIST: ("a part of its path is a file, or a link to nothing", _PLACE),
    errno.EIO: ("the disk at {disk} fails", f"look after it, {_AGAIN}"),
}


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}  # errors of writing alone


def disk_error(error: OSError, path: str | Path) -> DiskError | None:
    """Error of a failed write in one line; None where the disk is not at fault.

    Parameters
    ----------
    error : OSError
    path : path
        What was being written.
    """
    if error.errno not in _SAID:
        return None
    what, advice = _SAID[error.errno]
    said = what.format(disk=mount(path))
    return DiskError(f"{path}: cannot be written: {said} ({error.strerror}); {advice}")


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Turn what the disk refuses while `path` is written into one line.

    Raises
    ------
    DiskError
        For a full, read-only or failing disk, missing rights, and a path that leads nowhere.
    """
    try:
        yield
    except OSError as error:
        told = disk_error(error, path)
        if told is None:
            raise
        raise told from None


def probe(folder: str | Path) -> None:
    """Refuse a folder in which no file can be made.

    Raises
    ------
    DiskError
        As `naming`.
    """
    folder = Path(folder)
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()


def mount(path: str | Path) -> Path:
    """Mount point of the disk on which a path lies; the path need not exist."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    place = place.resolve()
    while not os.path.ismount(place):
        place = place.parent
    return place
