"""HDF5 files, from disk or from an address, and one line for any error while they are read.

Files are read lazily: a filter that is not installed, a link that leads nowhere or bytes that are
no text show only when a column is asked for, as exceptions of many kinds from h5py, hdmf or pynwb.
Everything that touches a file's contents is therefore done within `reading`.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import h5py

from spikedrift.core.errors import InputError

logger = logging.getLogger(__name__)

STREAM_BLOCK = 1 << 20  # bytes that one request of a streamed file brings
STREAM_TIMEOUT = 60.0  # s
LONGEST = 200  # characters of a reason
MISSING_FILTER = "required filter", "plugin"  # words of HDF5 where it lacks a filter
FILTER_HINT = "compressed with an HDF5 filter that is not installed; add it or repack the file"


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn any exception that a library raises while it reads into one line.

    Parameters
    ----------
    what : str
        What is read: file, table and column.

    Raises
    ------
    InputError
        Saying what cannot be read, and why.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # h5py, hdmf and pynwb raise errors of many kinds
        raise InputError(f"{what} cannot be read ({reason(error)})") from None


def reason(error: BaseException) -> str:
    """Why a library could not read, on one line of at most `LONGEST` characters.

    hdmf puts the whole group before the reason; the group's path is given in its place.
    """
    said = str(error)
    if len(error.args) > 1 and hasattr(error.args[0], "path"):
        place = str(error.args[0].path).removeprefix("root/")
        said = f"{place}: {str(error.args[-1]).rpartition('object due to: ')[2]}"
    elif isinstance(error, KeyError):
        said = f"there is no {said}"
    said = " ".join(said.split()) or type(error).__name__
    if isinstance(error, OSError) and any(word in said for word in MISSING_FILTER):
        named = re.search(r"required filter \S+", said)  # otherwise it names a folder of plug-ins
        said = FILTER_HINT + (f" ({named[0]})" if named else "")
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 3]}..."


@contextmanager
def open_hdf5(location: str | Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, from disk or streamed from its address.

    Raises
    ------
    InputError
        Naming the file: it is missing, empty, truncated, zarr or another format, or its address
        does not answer.
    """
    if str(location).rstrip("/").removesuffix(".zip").endswith(".zarr"):
        raise _zarr(location)
    with ExitStack() as stack:
        source: Any = location
        if "://" in str(location):
            source = stack.enter_context(_streamed(str(location)))
        else:
            _check_file(Path(location))
        try:
            file = stack.enter_context(h5py.File(source, "r"))
        except OSError as error:
            problem = "truncated" if "truncated" in str(error) else "no HDF5 file"
            raise InputError(
                f"{location}: {problem} ({reason(error)}); fetch or copy it again"
            ) from None
        yield file


def _check_file(path: Path) -> None:
    """Refuse a path that is no file, and an empty file."""
    if path.is_dir():
        if any((path / name).exists() for name in (".zgroup", ".zattrs", "zarr.json")):
            raise _zarr(path)
        raise InputError(f"{path}: a directory, must be an NWB file")
    if not path.is_file():
        raise InputError(f"{path}: no such NWB file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; fetch or copy it again")


def _zarr(location: str | Path) -> InputError:
    return InputError(
        f"{location}: a zarr store; only NWB files in HDF5 are read: export it with hdmf-zarr "
        "(NWBZarrIO to NWBHDF5IO)"
    )


def public_url(address: str) -> str:
    """Web address of an object of a public bucket, `s3://bucket/key`; others stay as they are."""
    if not address.startswith("s3://"):
        return address
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return f"https://{bucket}.s3.amazonaws.com/{quote(key)}"


@contextmanager
def _streamed(address: str) -> Iterator[IO[bytes]]:
    """Yield a file object that fetches only the parts that are read."""
    import aiohttp  # only where something is streamed
    import fsspec

    url = public_url(address)
    limit = aiohttp.ClientTimeout(total=None, sock_connect=STREAM_TIMEOUT, sock_read=STREAM_TIMEOUT)
    web = fsspec.filesystem(
        "http", client_kwargs={"timeout": limit}, block_size=STREAM_BLOCK, skip_instance_cache=True
    )
    try:
        size = web.info(url)["size"]
        if size is None:
            raise InputError(f"{address}: the server does not tell the size; download the file")
        with web.open(url, "rb", cache_type="blockcache") as stream:
            logger.info("%s: %.0f MB, streamed", address, size / 1e6)
            yield stream
    except (aiohttp.ClientError, FileNotFoundError, TimeoutError) as error:
        cause = error.__cause__ or error  # fsspec wraps every refusal into FileNotFoundError
        why = str(cause) or f"no answer within {STREAM_TIMEOUT:g} s"
        if getattr(cause, "status", None) == 404:
            why = "the server has no such file"
        raise InputError(f"{address}: cannot be streamed ({why})") from None
