"""NWB 2 files: opened from disk or from an address, and objects in them found by their paths.

Tables are read by pynwb; spike times stay in the file until those of one unit are cut into trials,
so that memory does not grow with the length of a recording.
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pynwb
from pynwb.core import DynamicTable

from spikedrift.core.errors import InputError, unknown
from spikedrift.sources.hdf5 import open_hdf5, reading, reason

logger = logging.getLogger(__name__)


@contextmanager
def open_nwb(location: str | Path) -> Iterator[pynwb.NWBFile]:
    """Open an NWB 2 file for reading.

    Parameters
    ----------
    location : path or str
        A path, an address (https://...), or an object of a public S3 bucket (s3://bucket/key). A
        file with an address is streamed: only the parts that are read are transferred.

    Raises
    ------
    InputError
        As `open_hdf5`, and where the file is not NWB 2. Broken links are named with whatever else
        is wrong with the file; by themselves they are no error.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open_hdf5(location))
        with reading(f"{location}: the file's version"):
            version = _version(file)
        if version is None or not version.startswith("2"):
            found = "no nwb_version" if version is None else f"nwb_version {version}"
            old = "; convert it with pynwb" if (version or "").startswith(("1", "NWB-1")) else ""
            raise InputError(f"{location}: an HDF5 file, but not NWB 2 ({found}){old}")
        broken: list[str] = []
        try:
            with warnings.catch_warnings(record=True) as said:
                # Files written by older releases cache specifications that newer ones replace,
                # which pynwb warns of: only warnings of broken links matter.
                warnings.simplefilter("always")
                try:
                    reader = pynwb.NWBHDF5IO(file=file, mode="r", load_namespaces=True)
                    stack.callback(reader.close)
                    nwb = reader.read()
                except Exception as error:  # pynwb raises errors of many kinds
                    why = reason(error)
                    with suppress(Exception):  # the file may be too damaged to look into it
                        why = bad_column(file) or why
                    raise InputError(f"{location}: pynwb cannot read it ({why})") from None
                finally:
                    broken += [
                        " ".join(str(one.message).split())
                        for one in said
                        if one.category.__name__ == "BrokenLinkWarning"
                    ]
            for link in broken:
                logger.warning("%s: %s", location, link)
            yield nwb
        except InputError as error:
            if not broken:
                raise
            raise InputError(f"{error}; a link of the file is broken: {broken[0]}") from None


def _version(file: h5py.File) -> str | None:
    """Version of NWB: an attribute since NWB 2, a dataset before it; text or bytes."""
    found = file.attrs.get("nwb_version")
    if found is None and isinstance(file.get("nwb_version"), h5py.Dataset):
        found = file["nwb_version"][()]
    return found.decode(errors="replace") if isinstance(found, bytes) else found and str(found)


def bad_column(file: h5py.File) -> str:
    """Name the first column that keeps pynwb from reading a table; pynwb itself does not name it.

    Empty where no such column is found.
    """
    tables: list[h5py.Group] = []
    file.visititems(
        lambda _, one: tables.append(one) if "colnames" in one.attrs and "id" in one else None
    )
    for table in tables:
        rows = table["id"].shape[0]
        names = [str(name) for name in np.atleast_1d(table.attrs["colnames"])]
        for name in names:
            place = f"{table.name.strip('/')}: column {name!r}"
            if not isinstance(values := table.get(name), h5py.Dataset):
                return f"{place} is missing"
            if "neurodata_type" not in values.attrs:
                return f"{place} has no neurodata_type"
            if (to := values.attrs.get("table")) is not None and not _leads(file, to):
                return f"{place} refers to a table that is not there"
            if f"{name}_index" not in table and values.shape[:1] != (rows,):
                return f"{place} has {values.shape} values for {rows} rows and no {name}_index"
    return ""


def _leads(file: h5py.File, reference: h5py.Reference) -> bool:
    """Whether a reference leads to something."""
    try:
        return file[reference].name is not None
    except (ValueError, KeyError):
        return False


def is_intervals(found: Any) -> bool:
    """Whether an object of a file is a table of intervals, of any type."""
    return isinstance(found, DynamicTable) and "start_time" in found.colnames


def is_units(found: Any) -> bool:
    """Whether an object of a file is a table of units, of any type."""
    return isinstance(found, pynwb.misc.Units) or (
        isinstance(found, DynamicTable) and "spike_times" in found.colnames
    )


def is_series(found: Any) -> bool:
    """Whether an object of a file is a series of samples."""
    return isinstance(found, pynwb.TimeSeries)


def by_path(nwb: pynwb.NWBFile, kind: Callable[[Any], bool]) -> dict[str, Any]:
    """All objects of a kind, by their paths in the file.

    `/intervals` and `/processing`, which hold most objects, are left out of the paths.
    """
    manager = nwb.read_io.manager
    found = {}
    for one in nwb.objects.values():
        if kind(one) and (builder := manager.get_builder(one)) is not None:
            path = builder.path.removeprefix("root/")
            found[path.removeprefix("intervals/").removeprefix("processing/")] = one
    return found


def find(nwb: pynwb.NWBFile, kind: Callable[[Any], bool], path: str, what: str, where: str) -> Any:
    """Find an object of a kind by its path, or by as much of it as tells it apart.

    Parts of the path may be left out, except the last one: `behavior/speed` finds
    `/processing/behavior/BehavioralTimeSeries/speed`, and `speed` does if no other has that name.

    Raises
    ------
    InputError
        Where there is none, naming those that there are, or where there are several.
    """
    known = by_path(nwb, kind)
    wanted = path.strip("/").removeprefix("processing/").removeprefix("intervals/").split("/")
    ways: tuple[Callable[[list[str]], bool], ...] = (
        lambda parts: parts == wanted,
        lambda parts: parts[-len(wanted) :] == wanted,
        lambda parts: parts[-1] == wanted[-1] and _in_order(wanted, parts),
    )
    for fits in ways:
        found = [name for name in known if fits(name.split("/"))]
        if len(found) > 1:
            raise InputError(
                f"{where}: {what} {path!r} is one of several ({', '.join(sorted(found))}); "
                "give more of its path"
            )
        if found:
            return known[found[0]]
    raise unknown(f"{where}: no {what}", path, known)


def _in_order(wanted: list[str], parts: list[str]) -> bool:
    """Whether all wanted names are among the parts, in that order."""
    rest = iter(parts)
    return all(name in rest for name in wanted)
