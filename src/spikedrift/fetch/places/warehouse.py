"""Well-known files of the Allen Institute's data warehouse.

The links are asked for through AllenSDK, in an environment of its own; they come here as a table
with the columns dataset, file, url, bytes.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urljoin

from spikedrift.fetch.places.https import HttpsCopy
from spikedrift.fetch.registry import DataFile
from spikedrift.fetch.reply import Changed, Lasting, Reply


class WarehouseCopy:
    """A file that the table of links names.

    Parameters
    ----------
    row : DataFile
    address : str
        `warehouse://attachable type/well-known file type/id`.
    timeout : float
        s
    endpoint : str
        Server of the links that do not name one.
    links : path or None
        The table of links.
    """

    place = "warehouse"

    def __init__(
        self,
        row: DataFile,
        address: str,
        timeout: float,
        endpoint: str,
        links: str | Path | None,
    ) -> None:
        self.row = row
        self.address = address
        self.timeout = timeout
        self.endpoint = endpoint
        self.links = links

    @cached_property
    def _link(self) -> tuple[str, int | None]:
        """Address and length of the file."""
        if self.links is None or not Path(self.links).is_file():
            raise Lasting("there is no table of its links")
        with Path(self.links).open(encoding="utf-8", newline="") as stream:
            for line in csv.DictReader(stream, delimiter="\t"):
                if (line["dataset"], line["file"]) == (self.row.dataset, self.row.file):
                    told = line["bytes"] or ""
                    url = urljoin(self.endpoint.rstrip("/") + "/", line["url"])
                    return url, int(told) if told.isdigit() else None
        raise Lasting(f"{self.links} has no link of it")

    def size(self) -> int | None:
        """Length in the table, or as the server announces it; raises as `Copy.size`."""
        url, size = self._link
        return HttpsCopy(url, self.timeout).size() if size is None else size

    @contextmanager
    def open(self, start: int, validator: str) -> Iterator[Reply]:
        """Ask for the bytes behind the link from `start` on; raises as `Copy.open`."""
        url, size = self._link
        with HttpsCopy(url, self.timeout).open(start, validator) as reply:
            if size is not None and reply.size not in (None, size):
                raise Changed(f"holds {reply.size} bytes, the warehouse lists {size}")
            yield replace(reply, size=reply.size if size is None else size)
