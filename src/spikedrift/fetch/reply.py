"""Answers of a place: the bytes of an object and what is known of it, or why there are none."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

CHUNK = 1 << 18  # bytes written at once; a killed process loses no more


class Passing(Exception):
    """A failure that may pass: worth another try."""


class Changed(Passing):
    """What was received so far is not the beginning of what the place has now: start over."""


class Lasting(Exception):
    """An answer that another try would not change."""


class Wrong(Lasting):
    """Bytes that are not those of the file."""


@dataclass(frozen=True)
class Digest:
    """A published digest: `sha256`, `md5`, or `md5-N` of S3 uploads in parts of N bytes."""

    kind: str
    value: str
    publisher: str


@dataclass(frozen=True)
class Reply:
    """An open transfer.

    Attributes
    ----------
    url : str
        Where the bytes come from, as the record of the file will say.
    start : int
        Position of the first byte sent; 0 where the place sends all instead of the rest.
    size : int or None
        Length of the whole object.
    chunks : iterator of bytes
        Raises `Passing` where the transfer breaks.
    etag : str
        As the server gives it; empty where it gives none.
    validator : str
        A strong ETag or a date of modification, which changes whenever the object does.
    digest : Digest or None
    self_ending : bool
        Whether the transfer itself says where it ends, so that no length is needed.
    """

    url: str
    start: int
    size: int | None
    chunks: Iterator[bytes]
    etag: str = ""
    validator: str = ""
    digest: Digest | None = None
    self_ending: bool = False


class Copy(Protocol):
    """One file at one place."""

    place: str
    address: str

    def open(self, start: int, validator: str) -> AbstractContextManager[Reply]:
        """Ask for the bytes from `start` on, if the object still has this `validator`.

        Raises
        ------
        Passing, Changed, Lasting
            Where there are no such bytes; the class says whether to try again.
        """

    def size(self) -> int | None:
        """Ask for the length only; None where the place does not say.

        Raises
        ------
        Passing, Lasting
            Where the place does not answer, or has no such object.
        """


def judged(status: int, reason: str) -> Passing | Lasting:
    """Return the failure that an HTTP status stands for."""
    said = f"the server answers {status} {reason}".strip()
    if status in (412, 416):  # the object is not the one asked for, or shorter
        return Changed(said)
    if status in (408, 425, 429) or status >= 500:
        return Passing(said)
    return Lasting(said)


def first_byte(content_range: str | None, start: int) -> tuple[int, int | None]:
    """Read the first byte and the whole length from a Content-Range that must begin at `start`.

    Raises
    ------
    Changed
        Where it is missing, says something else, or ends before the object does.
    """
    try:
        unit, _, told = (content_range or "").partition(" ")
        span, _, whole = told.partition("/")
        begin, end = map(int, span.split("-"))
        size = None if whole == "*" else int(whole)
        if unit != "bytes" or begin != start or (size is not None and end != size - 1):
            raise ValueError
    except ValueError:
        raise Changed(
            f"asked for bytes from {start} on, the server sends {content_range!r}"
        ) from None
    return begin, size
