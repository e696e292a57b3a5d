"""Files that are either whole or not there: write to a temporary name, then rename."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

# Only methods of what is given are called: who fetches a file need not wait for these.
if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds.

    The temporary name carries the process id (two processes never share one) and keeps the
    suffix, which writers use to choose a format. On any exception it is removed; what a process
    that was killed has left is removed by the next one that writes the same file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{escape(path.stem)}.*.partial{escape(path.suffix)}"):
        pid = left.name.removeprefix(f".{path.stem}.").partition(".")[0]
        if pid.isdigit() and not _runs(int(pid)):
            left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Whether a process of this host is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    return True


def write_netcdf(
    dataset: "xr.Dataset", path: str | Path, finish: Callable[[Path], None] | None = None
) -> None:
    """Write `dataset` as compressed netCDF4 (h5netcdf), whole or not at all.

    `finish` gets the file under its temporary name, to add what is too large for memory.
    """
    encoding = {
        name: {"zlib": True, "complevel": 1}
        for name, variable in dataset.variables.items()
        if variable.size > 256 and variable.dtype.kind in "fiub"
    }
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)
        if finish is not None:
            finish(temporary)


def write_tsv(table: "pd.DataFrame", path: str | Path) -> None:
    """Write `table` as tab-separated text without its index; missing values are `nan`."""
    with replacing(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, na_rep="nan")
