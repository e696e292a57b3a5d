"""What is still to be fetched, how large it is, and whether it fits on the disk."""

import csv
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from spikedrift.config.fetch import FetchOptions
from spikedrift.core.atomic import replacing
from spikedrift.core.errors import InputError
from spikedrift.fetch.places import copies
from spikedrift.fetch.progress import amount, say
from spikedrift.fetch.registry import DataFile, read_registry, registered
from spikedrift.fetch.reply import Lasting, Passing

logger = logging.getLogger(__name__)

COLUMNS = ("dataset", "file", "bytes", "received", "place")


def measure(
    files: Sequence[tuple[str, str, int]],
    output: str | Path,
    options: FetchOptions,
    registry: str | Path,
    links: str | Path | None = None,
) -> None:
    """Write the table of what is to be fetched, if it fits on the disk.

    Parameters
    ----------
    files : sequence of (data set, file, bytes received so far)
    output : path
        TSV with the columns dataset, file, bytes (empty where no place says), received and place
        (which said so). The files will be fetched to the same disk.
    options : FetchOptions
    registry : path
        The data registry.
    links : path or None
        Table of the warehouse's links.

    Raises
    ------
    InputError
        Where a file is not registered, or the disk lacks the space.
    """
    rows = read_registry(registry)
    silent: set[str] = set()
    table, needed, unknown = [], 0, 0
    for dataset, file, received in files:
        row = registered(rows, dataset, file, registry)
        size, place = _size(row, options, links, silent)
        table.append((dataset, file, "" if size is None else size, received, place))
        if size is None:
            unknown += 1
        else:
            logger.info("%s: %d bytes, says %s", row, size, place)
            needed += max(size - received, 0)
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(output.parent).free
    line = f"{len(table)} files, {amount(needed)} to fetch, {amount(free)} free"
    if unknown:
        line += f"; no place says how large {unknown} of them are"
    say(line)
    if needed > free:
        raise InputError(
            f"{line}: {output.parent.resolve()} lacks {amount(needed - free)}; free it, choose "
            "fewer recordings, or run in a directory on a larger disk"
        )
    with replacing(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter="\t", lineterminator="\n").writerows([COLUMNS, *table])


def _size(
    row: DataFile, options: FetchOptions, links: str | Path | None, silent: set[str]
) -> tuple[int | None, str]:
    """Length of a file and who says so.

    A place that does not answer at all is put into `silent` and is not asked for other files.
    """
    if row.bytes is not None:
        return row.bytes, "registry"
    for copy in copies(row, options, links):
        if copy.place in silent:
            continue
        try:
            size = copy.size()
        except (Passing, Lasting) as error:
            logger.info("%s: %s: %s", row, copy.address, error)
            if isinstance(error, Passing):
                silent.add(copy.place)
        else:
            if size is not None:
                return size, copy.place
    return None, ""
