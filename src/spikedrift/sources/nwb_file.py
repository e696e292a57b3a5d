"""NWB 2 files: opened from disk or from an address, read only where they are asked.

Tables come through pynwb; spike times stay in the file until one unit's are cut into trials, so
that memory does not grow with the length of a recording.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import h5py
import numpy as np
import pynwb
from pynwb.core import DynamicTable
from pynwb.epoch import TimeIntervals

from spikedrift.errors import InputError, unknown
from spikedrift.trials import ragged

logger = logging.getLogger(__name__)

STREAM_BLOCK = 1 << 20  # bytes that one request of a streamed file brings
STREAM_TIMEOUT = 60.0  # s


@contextmanager
def open_hdf5(location: str | Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading, from disk or streamed from its address.

    Raises
    ------
    InputError
        Naming the file: missing, empty, truncated, no HDF5 file, or an address that does not
        answer.
    """
    with ExitStack() as stack:
        source: Any = location
        if "://" in str(location):
            source = stack.enter_context(_streamed(str(location)))
        else:
            path = Path(location)
            if not path.is_file():
                raise InputError(f"{path}: no such NWB file")
            if path.stat().st_size == 0:
                raise InputError(f"{path}: the file is empty; fetch or copy it again")
        try:
            file = stack.enter_context(h5py.File(source, "r"))
        except OSError as error:
            problem = "truncated" if "truncated" in str(error) else "no HDF5 file"
            raise InputError(f"{location}: {problem} ({error}); fetch or copy it again") from None
        yield file


@contextmanager
def open_nwb(location: str | Path) -> Iterator[pynwb.NWBFile]:
    """Open an NWB 2 file for reading.

    Parameters
    ----------
    location : path or str
        A path, an address (https://...), or an object of a public S3 bucket (s3://bucket/key). What
        has an address is streamed: only the parts that are read are transferred.

    Raises
    ------
    InputError
        As `open_hdf5`, and where the file is not NWB 2.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open_hdf5(location))
        version = file.attrs.get("nwb_version")
        if version is None or not str(version).startswith("2"):
            found = "no nwb_version" if version is None else f"nwb_version {version}"
            raise InputError(f"{location}: an HDF5 file, but not NWB 2 ({found})")
        try:
            with warnings.catch_warnings():
                # Files written by older releases cache specifications that newer ones replace.
                warnings.simplefilter("ignore")
                reader = pynwb.NWBHDF5IO(file=file, mode="r", load_namespaces=True)
                stack.callback(reader.close)
                nwb = reader.read()
        except Exception as error:  # pynwb raises what it finds: key, value, type, schema errors
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"{location}: pynwb cannot read it ({reason})") from None
        yield nwb


def public_url(address: str) -> str:
    """Web address of an object of a public bucket, `s3://bucket/key`; others stay as they are."""
    if not address.startswith("s3://"):
        return address
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return f"https://{bucket}.s3.amazonaws.com/{quote(key)}"


@contextmanager
def _streamed(address: str) -> Iterator[IO[bytes]]:
    """File object that fetches the parts that are read."""
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
        reason = str(cause) or f"no answer within {STREAM_TIMEOUT:g} s"
        if getattr(cause, "status", None) == 404:
            reason = "the server has no such file"
        raise InputError(f"{address}: cannot be streamed ({reason})") from None


def intervals(nwb: pynwb.NWBFile, name: str, where: str) -> TimeIntervals:
    """Table of intervals called `name`, `trials` and `epochs` included.

    Raises
    ------
    InputError
        Where there is none, with those that there are.
    """
    known = {table.name: table for table in (nwb.intervals or {}).values()}
    known |= {table.name: table for table in (nwb.trials, nwb.epochs) if table is not None}
    if name not in known:
        raise unknown(f"{where}: no table of intervals", name, known)
    return known[name]


def column(table: DynamicTable, name: str, where: str) -> np.ndarray:
    """Column of a table with one value a row: shape (n_rows,).

    Raises
    ------
    InputError
        Where there is no such column, or it holds a list in every row.
    """
    if name not in table.colnames:
        raise unknown(f"{where}: table {table.name!r} has no column", name, table.colnames)
    values = table[name]
    data = values.data if hasattr(values, "data") else values
    if hasattr(values, "target") or np.ndim(data) != 1:
        raise InputError(f"{where}: column {name!r} of {table.name!r} holds more than one value")
    read = np.asarray(data[:])
    return read.astype(str) if read.dtype.kind in "OS" else read


def numbers(table: DynamicTable, name: str, where: str) -> np.ndarray:
    """Column of a table as float64; numbers that were written as text are taken too.

    Raises
    ------
    InputError
        As `column`, and where a text is no number.
    """
    values = column(table, name, where)
    try:
        return values.astype(np.float64)
    except ValueError:
        raise InputError(
            f"{where}: column {name!r} of {table.name!r} holds {str(values[0])!r}, not numbers"
        ) from None


def series(nwb: pynwb.NWBFile, module: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Times (s) and values of a series of a processing module; empty where there is none."""
    if module not in nwb.processing or name not in nwb.processing[module].data_interfaces:
        logger.info("no %s/%s in this file", module, name)
        return np.empty(0), np.empty(0)
    found = nwb.processing[module][name]
    value = np.asarray(found.data[:], dtype=np.float64)
    if found.timestamps is not None:
        return np.asarray(found.timestamps[:], dtype=np.float64), value
    return found.starting_time + np.arange(value.size) / found.rate, value


def rows_of(ids: Any, where: str, what: str) -> dict[int, int]:
    """Row of every id of a table.

    Raises
    ------
    InputError
        Where an id stands in two rows.
    """
    found = {int(value): row for row, value in enumerate(ids)}
    if len(found) < len(ids):
        raise InputError(f"{where}: two {what} have the same id")
    return found


def cut_units(
    nwb: pynwb.NWBFile,
    rows: np.ndarray,
    start: np.ndarray,
    stop: np.ndarray,
    observed: np.ndarray,
    where: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut the spikes of some units into trials, one unit after the other.

    Parameters
    ----------
    nwb : NWBFile
    rows : array of int, shape (n_units,)
        Rows of the table of units.
    start, stop : float64, shape (n_trials,), s
        Trials, which may overlap.
    observed : bool, shape (n_trials, n_units)
        Spikes of a unit in trials in which it was not observed are left out.
    where : str
        What an error starts with.

    Returns
    -------
    spike_time, spike_count
        As `trials.ragged` returns them.

    Raises
    ------
    InputError
        Where the units have no spike times, or one of them is no number.
    """
    index = nwb.units.get("spike_times") if nwb.units is not None else None
    if index is None:
        raise InputError(f"{where}: the file has no units with spike times")
    ends = np.asarray(index.data[:], dtype=np.int64)
    starts = np.concatenate([[0], ends[:-1]])
    latest = np.nextafter(stop - start, 0)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for unit, row in enumerate(rows.tolist()):
        time = np.asarray(index.target.data[starts[row] : ends[row]], dtype=np.float64)
        if not np.isfinite(time).all():
            raise InputError(f"{where}: unit in row {row}: a spike time is not finite")
        if (np.diff(time) < 0).any():
            time = np.sort(time)
        first, last = np.searchsorted(time, start), np.searchsorted(time, stop)
        length = np.where(observed[:, unit], last - first, 0)
        trial = np.repeat(np.arange(start.size, dtype=np.int32), length)
        taken = np.arange(trial.size) + np.repeat(first - (np.cumsum(length) - length), length)
        # Rounding must not move a spike before the end of a trial to its very end.
        relative = np.minimum(time[taken] - start[trial], latest[trial])
        parts.append((trial, np.full(trial.size, unit, np.int32), relative))
        if (unit + 1) % 100 == 0:
            logger.info("%s: %d of %d units", where, unit + 1, rows.size)
    trial, cell, relative = (np.concatenate(values) for values in zip(*parts, strict=True))
    return ragged(trial, cell, relative, (start.size, rows.size))
