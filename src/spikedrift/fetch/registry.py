"""The data registry: which public files there are, where each is from and how to verify it.

It is read at every start of Snakemake, so nothing heavy is imported here.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from spikedrift.core.errors import InputError

COLUMNS = ("dataset", "file", "url", "bytes", "sha256", "licence", "citation")
OPTIONAL = ("bytes", "sha256")
ID = "{id}"
SCHEMES = {
    "https": "https",
    "http": "https",
    "s3": "s3",
    "dandi": "dandi",
    "warehouse": "warehouse",
}


@dataclass(frozen=True)
class DataFile:
    """A row of the data registry: one file, or a family of them with `{id}` in its name.

    Attributes
    ----------
    dataset, file : str
        The file is kept as `{dataset}/{file}`; `file` may hold folders.
    urls : tuple of str
        Addresses: `https://`, `s3://bucket/key`, `dandi://dandiset/glob` or `.../{asset id}`,
        `warehouse://attachable type/well-known file type/id`.
    bytes : int or None
        Length, None where it is not published.
    sha256 : str or None
        64 hex digits, None where it is not published.
    licence, citation : str
    """

    dataset: str
    file: str
    urls: tuple[str, ...]
    bytes: int | None
    sha256: str | None
    licence: str
    citation: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.file}"

    def at(self, place: str) -> list[str]:
        """Addresses of the file at a place of `fetch.order`."""
        return [url for url in self.urls if SCHEMES[url.partition("://")[0]] == place]

    def member(self, file: str) -> "DataFile | None":
        """Return the row of `file` where it belongs to this family; None where it does not."""
        pattern = re.escape(self.file).replace(re.escape(ID), "(?P<id>[0-9]+)", 1)
        # The id must be the same number in all places.
        match = re.fullmatch(pattern.replace(re.escape(ID), "(?P=id)"), file)
        if match is None:
            return None
        number = match["id"] if ID in self.file else ""
        return replace(self, file=file, urls=tuple(url.replace(ID, number) for url in self.urls))


def terms(files: Iterable[DataFile]) -> dict[str, str]:
    """Citation and licence of some files, each said once; empty for no files."""
    found = list(files)
    return {
        name: "; ".join(dict.fromkeys(getattr(row, name) for row in found))
        for name in ("citation", "licence")
        if found
    }


def read_registry(path: str | Path) -> list[DataFile]:
    """Read the data registry, tab-separated with one row per file or family of files.

    Raises
    ------
    InputError
        Where the file is missing, lacks a column, or holds an invalid number, digest or address.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such data registry")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_checked(row, f"{path}: line {line}") for line, row in enumerate(rows, start=2)]


def _checked(row: dict[str, str], where: str) -> DataFile:
    for name in COLUMNS:
        if row.get(name) is None or not (row[name] or name in OPTIONAL):
            raise InputError(f"{where}: column {name!r} is missing or empty")
    if row["bytes"] and not row["bytes"].isdigit():
        raise InputError(f"{where}: bytes {row['bytes']!r} is no whole number")
    if row["sha256"] and not re.fullmatch("[0-9a-f]{64}", row["sha256"]):
        raise InputError(f"{where}: sha256 {row['sha256']!r} is not 64 hex digits")
    urls = tuple(row["url"].split())
    for url in urls:
        if url.partition("://")[0] not in SCHEMES:
            raise InputError(f"{where}: url {url!r} starts with none of {', '.join(SCHEMES)}")
        if ID in url and ID not in row["file"]:
            raise InputError(f"{where}: url {url!r} holds {ID}, but file {row['file']!r} does not")
    if ID in row["file"] and (row["bytes"] or row["sha256"]):
        raise InputError(f"{where}: a family of files has no bytes and no sha256 of its own")
    return DataFile(
        dataset=row["dataset"],
        file=row["file"],
        urls=urls,
        bytes=int(row["bytes"]) if row["bytes"] else None,
        sha256=row["sha256"] or None,
        licence=row["licence"],
        citation=row["citation"],
    )


def registered(rows: Iterable[DataFile], dataset: str, file: str, registry: str | Path) -> DataFile:
    """Return the row of one file, as `find` does.

    Raises
    ------
    InputError
        Where it is not in `registry`, the file that the rows were read from.
    """
    row = find(rows, dataset, file)
    if row is None:
        raise InputError(f"{dataset}/{file} is not in {registry}; add a row for it")
    return row


def find(rows: Iterable[DataFile], dataset: str, file: str) -> DataFile | None:
    """Return the row of one file, `{id}` filled in; None where it is not registered."""
    members = (row.member(file) for row in rows if row.dataset == dataset)
    return next((row for row in members if row is not None), None)
