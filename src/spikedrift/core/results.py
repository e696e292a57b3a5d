"""Read the pipeline's own files, and refuse those that are damaged or not what their names say."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from spikedrift.core import netcdf, seal
from spikedrift.core.errors import InputError

_AGAIN = "delete it and run the same command again"


def read(path: str | Path, names: Sequence[str] | None = None, **said: Any) -> xr.Dataset:
    """Read a netCDF file into memory.

    A file below a folder `results` must say that it is the one that its path names, be of this
    format and carry the digest of its bytes. A file elsewhere may lack the format and the digest,
    but if it carries them they must be right.

    Parameters
    ----------
    path : path
    names : sequence of str, optional
        Variables that are needed; others are not read. Default: all.
    **said
        Attributes that the file must have, such as `code="rate"`.

    Returns
    -------
    Dataset
        Without the attributes that name the file.

    Raises
    ------
    InputError
        For a file that is missing, damaged, of another format, or not what its name says. Names
        the file and what to do.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; run what makes it first")
    name = seal.name_of(path)
    dataset = _loaded(path, names, needs_seal=bool(name))
    told, version = (dataset.attrs.pop(key, None) for key in (seal.NAME, seal.VERSION))
    if version != seal.FORMAT and (name or version is not None):
        raise InputError(
            f"{path}: is of format {version}, this version of spikedrift reads {seal.FORMAT}; "
            f"{_AGAIN}"
        )
    if name and told != name:
        raise InputError(
            f"{path}: says that it is {seal.FOLDER}/{told}: it was copied or renamed; {_AGAIN}"
        )
    for key, value in said.items():
        if dataset.attrs.get(key) != value:
            raise InputError(
                f"{path}: its {key} is {dataset.attrs.get(key)!r}, needed is {value!r}; give the "
                f"right file, or {_AGAIN}"
            )
    return dataset


def recording_of(path: str | Path) -> dict[str, str]:
    """Attributes that a trials file must have by its path; none outside `results`."""
    return {"recording": Path(path).stem} if seal.name_of(path) else {}


def _loaded(path: Path, names: Sequence[str] | None, needs_seal: bool) -> xr.Dataset:
    try:
        damage = seal.damage(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    if damage is not None and (needs_seal or damage != seal.UNSEALED):
        raise InputError(f"{path}: is damaged: {damage}; {_AGAIN}")
    try:
        with netcdf.reading(path) as opened:
            wanted = opened if names is None else opened[list(names)]
            return wanted.load()
    except KeyError as error:
        raise InputError(f"{path}: lacks a variable: {error.args[0]}; {_AGAIN}") from None
    # HDF5 and the libraries on top of it raise many kinds of errors on a file that makes no sense.
    except Exception as error:
        raise InputError(f"{path}: not a readable netCDF4 file ({error}); {_AGAIN}") from None


def table(path: str | Path, said: Mapping[str, str] | None = None, **options: Any) -> pd.DataFrame:
    """Read one of the pipeline's own tab-separated tables.

    Parameters
    ----------
    path : path
    said : mapping of column -> text, optional
        Columns that must hold this value in every row.
    **options
        Options of `pandas.read_csv`.

    Raises
    ------
    InputError
        For a file that is missing, cut short or no table, or that holds another value than `said`.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; run what makes it first")
    try:
        if not path.read_bytes().endswith(b"\n"):
            raise InputError(f"{path}: is cut short: its last line has no end; {_AGAIN}")
        found = pd.read_csv(path, sep="\t", **options)
    except (OSError, ValueError) as error:  # not text, and all that pandas refuses
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: is no readable table ({error}); {_AGAIN}") from None
    for name, value in (said or {}).items():
        if name not in found:
            raise InputError(f"{path}: lacks the column {name!r}; {_AGAIN}")
        for other in set(found[name].astype(str)) - {value}:
            raise InputError(f"{path}: is of {name} {other!r}, not {value!r}; {_AGAIN}")
    return found


def record(path: str | Path) -> dict[str, Any]:
    """Read one of the pipeline's own JSON files.

    Raises
    ------
    InputError
        For a file that is missing or damaged.
    """
    try:
        found: dict[str, Any] = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no readable JSON ({error}); {_AGAIN}") from None
    return found
