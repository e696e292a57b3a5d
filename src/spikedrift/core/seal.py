"""What a file of results says of itself: which result it is, and a digest of its bytes.

The digest is the last line of the file, after the end of the HDF5 data: readers of netCDF ignore
it, and a program that changes the file drops it.
"""

import hashlib
import os
from io import RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

FORMAT = 2  # of the files below results/, trials and all that is made of them
FOLDER = "results"
NAME, VERSION = "result", "result_format"  # attributes of a file below results/
_START = b"\nspikedrift sha256 "
_LENGTH = len(_START) + 64 + 1
UNSEALED = "it carries no checksum: it is cut short, or was changed or made elsewhere"
_PIECE = 1 << 20  # bytes


def name_of(path: str | Path) -> str:
    """Part of a path below the folder `results`, which says what the file is; otherwise empty."""
    parts = Path(path).parts
    if FOLDER not in parts[:-1]:
        return ""
    below = len(parts) - parts[::-1].index(FOLDER)
    return "/".join(parts[below:])


def named(dataset: "xr.Dataset", path: str | Path) -> "xr.Dataset":
    """Add attributes that say which result a dataset is; outside `results` it stays as it is."""
    name = name_of(path)
    return dataset.assign_attrs({NAME: name, VERSION: FORMAT}) if name else dataset


def seal(file: RawIOBase) -> None:
    """Write the digest of all that is in a file to its end."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    line = _line(file, length)
    file.seek(length)
    file.write(line)


def damage(path: Path) -> str | None:
    """What is wrong with the bytes of a file; None where it carries their digest.

    Raises
    ------
    OSError
        Where it cannot be read.
    """
    with path.open("rb") as file:
        length = max(file.seek(0, os.SEEK_END) - _LENGTH, 0)
        file.seek(length)
        line = file.read()
        if not line.startswith(_START):
            return UNSEALED
        file.seek(0)
        if line != _line(file, length):
            return "its checksum does not fit: bytes of it have changed"
    return None


def _line(file: RawIOBase | IO[bytes], length: int) -> bytes:
    digest = hashlib.sha256()
    while length > 0 and (piece := file.read(min(length, _PIECE))):
        digest.update(piece)
        length -= len(piece)
    return _START + digest.hexdigest().encode() + b"\n"
