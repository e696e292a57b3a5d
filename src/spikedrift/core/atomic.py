"""Files that are either whole or not there: write to a temporary name, then rename.

Where the disk refuses a write, the error is one line, `DiskError`.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikedrift.core import seal
from spikedrift.core.disk import naming

# Imported for type hints alone: a job that fetches a file need not wait for these.
if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds.

    The temporary name carries the process id (two processes never share one) and keeps the
    suffix, which writers use to choose a format. The file is flushed to the disk before it is
    renamed. It is removed on any exception; what a killed process has left behind is removed by
    the next one that writes the same file.

    Raises
    ------
    DiskError
        Where the disk refuses; see `spikedrift.core.disk`.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{escape(path.stem)}.*.partial{escape(path.suffix)}"):
            pid = left.name.removeprefix(f".{path.stem}.").partition(".")[0]
            if pid.isdigit() and not runs(int(pid)):
                left.unlink(missing_ok=True)
        try:
            yield temporary
            _settle(temporary)
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """Flush a file to the disk: some disks report only now that they are full."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def runs(pid: int) -> bool:
    """Whether a process of this host is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True


@contextmanager
def writing(path: str | Path) -> Iterator[Any]:
    """Yield a binary file that a library can write to, and make it `path` once all is written.

    Raises
    ------
    DiskError
        Where the disk refuses, at the end of the block. The library that writes is not told, so
        that it neither stumbles nor complains when it closes the file.
    """
    with replacing(path) as temporary, _Lasting(temporary) as file:
        try:
            yield file
        except Exception:
            file.tell_error()  # says more than what the library made of it
            raise
        file.tell_error()


class _Lasting(io.RawIOBase):
    """A file that hides errors of the disk from the library that writes it, until it is asked.

    Bytes that the disk did not take are kept in memory: HDF5 reads back what it wrote, would take
    other bytes for an address, and crash.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = io.FileIO(path, "w+")
        self._error: OSError | None = None
        self._kept: list[tuple[int, memoryview]] = []  # place, what the disk did not take

    def tell_error(self) -> None:
        """Raise the first error of the disk, if there was one."""
        if self._error is not None:
            raise self._error

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        done = 0
        while self._error is None and done < len(view):  # a raw file may take a part only
            try:
                done += self._file.write(view[done:])
            except OSError as error:
                self._error = error
        if rest := bytes(view[done:]):
            self._kept.append((self._file.tell(), memoryview(rest)))
            self._file.seek(len(rest), os.SEEK_CUR)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        try:
            return self._file.truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        start = self._file.tell()
        done = self._file.readinto(view)
        if not self._kept:
            return done
        view[done:] = bytes(len(view) - done)
        for place, data in self._kept:
            low, high = max(place, start), min(place + len(data), start + len(view))
            if low < high:
                view[low - start : high - start] = data[low - place : high - place]
            # A gap before it that was never written reads as zeros.
            done = max(done, high - start)
        self._file.seek(start + done)
        return done

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_END:
            return self._file.seek(offset, whence)
        end = self._file.seek(0, os.SEEK_END)
        end = max([end, *(place + len(data) for place, data in self._kept)])
        return self._file.seek(end + offset)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


def write_text(text: str, path: str | Path) -> None:
    """Write `text` as UTF-8, whole or not at all; raises `DiskError` where the disk refuses."""
    with writing(path) as file:
        file.write(text.encode())


def write_netcdf(
    dataset: "xr.Dataset", path: str | Path, finish: Callable[[Any], None] | None = None
) -> None:
    """Write `dataset` as compressed netCDF4 (h5netcdf), whole or not at all.

    `finish` is called with the open file, to add what is too large for memory. It should call the
    file's `tell_error` now and then, which raises an error of the disk: what the disk does not take
    is kept in memory until then. Variables of more than 256 numbers carry checksums (fletcher32),
    and the file carries the digest of its bytes; below `results` it says which result it is.

    Raises
    ------
    DiskError
        Where the disk refuses.
    """
    encoding = {
        name: {"zlib": True, "complevel": 1, "fletcher32": True}
        for name, variable in dataset.variables.items()
        if variable.size > 256 and variable.dtype.kind in "fiub"
    }
    with writing(path) as file:
        seal.named(dataset, path).to_netcdf(file, engine="h5netcdf", encoding=encoding)
        if finish is not None:
            finish(file)
        seal.seal(file)


def write_tsv(table: "pd.DataFrame", path: str | Path) -> None:
    """Write `table` as tab-separated text without its index; missing values are `nan`.

    Raises
    ------
    DiskError
        Where the disk refuses.
    """
    write_text(table.to_csv(sep="\t", index=False, na_rep="nan"), path)
