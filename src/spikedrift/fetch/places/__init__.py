"""The places that files come from, one module each; their clients are imported where used."""

from collections.abc import Iterator
from pathlib import Path

from spikedrift.config.fetch import FetchOptions
from spikedrift.fetch.registry import DataFile
from spikedrift.fetch.reply import Copy


def copies(row: DataFile, options: FetchOptions, links: str | Path | None) -> Iterator[Copy]:
    """Copies of a file, in the order of `fetch.order`; places that do not know it are left out.

    Parameters
    ----------
    row : DataFile
        Row of a single file, not of a family.
    options : FetchOptions
    links : path or None
        Table of the warehouse's links, see `places.warehouse`.

    Raises
    ------
    InputError
        Where the mirror is no directory.
    """
    for place in options.order:
        if place == "mirror":
            from spikedrift.fetch.places import mirror

            if options.mirror is not None and (copy := mirror.find(row, options.mirror)):
                yield copy
        for address in row.at(place):
            if place == "https":
                from spikedrift.fetch.places.https import HttpsCopy

                yield HttpsCopy(address, options.timeout)
            elif place == "s3":
                from spikedrift.fetch.places.s3 import S3Copy

                yield S3Copy(address, options.timeout, options.endpoints.s3)
            elif place == "dandi":
                from spikedrift.fetch.places.dandi import DandiCopy

                yield DandiCopy(address, options.timeout, options.endpoints.dandi)
            elif place == "warehouse":
                from spikedrift.fetch.places.warehouse import WarehouseCopy

                yield WarehouseCopy(
                    row, address, options.timeout, options.endpoints.warehouse, links
                )
