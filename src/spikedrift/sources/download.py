"""Files of public data sets: from a mirror or from their address, checked before they are kept."""

import csv
import hashlib
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import requests

from spikedrift.atomic import replacing
from spikedrift.config.fetch import FetchOptions
from spikedrift.errors import InputError

logger = logging.getLogger(__name__)

CHUNK = 1 << 20  # bytes
PROGRESS = 5.0  # s between two lines of the log
LONGEST_WAIT = 60.0  # s


@dataclass(frozen=True)
class DataFile:
    """A row of the data registry: one file, where it is from and how to know it."""

    dataset: str
    file: str
    url: str
    bytes: int
    sha256: str
    licence: str
    citation: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.file}"


COLUMNS = tuple(field.name for field in fields(DataFile))


class _Refused(Exception):
    """A file that is not the one registered."""


class _Short(_Refused):
    """A file that ends too early."""


class _Passing(Exception):
    """A failure of the network that may pass."""


class _Lasting(Exception):
    """An answer that a second try would not change."""


def read_registry(path: str | Path) -> list[DataFile]:
    """Read the data registry, tab-separated with one row a file.

    Raises
    ------
    InputError
        Where the file is missing, lacks a column or holds a number that is none.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such data registry")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    found = []
    for line, row in enumerate(rows, start=2):
        for name in COLUMNS:
            if not row.get(name):
                raise InputError(f"{path}: line {line}: column {name!r} is missing or empty")
        if not row["bytes"].isdigit():
            raise InputError(f"{path}: line {line}: bytes {row['bytes']!r} is no whole number")
        texts = {name: row[name] for name in COLUMNS if name != "bytes"}
        found.append(DataFile(**texts, bytes=int(row["bytes"])))
    return found


def fetch(
    dataset: str,
    file: str,
    destination: str | Path,
    options: FetchOptions,
    registry: str | Path,
) -> None:
    """Bring a registered file to `destination`, whole and verified, or not at all.

    A mirror is taken before the network. Size and sha256 are compared with the registry before
    the file gets its name.

    Parameters
    ----------
    dataset, file : str
        Row of the registry.
    destination : path
    options : FetchOptions
    registry : path
        The data registry.

    Raises
    ------
    InputError
        Where the file is not registered, neither mirror nor network has it, or what they have is
        not the file that was registered.
    """
    row = next((r for r in read_registry(registry) if (r.dataset, r.file) == (dataset, file)), None)
    if row is None:
        raise InputError(f"{dataset}/{file} is not in {registry}; add a row for it")
    if options.mirror is not None:
        mirror = Path(options.mirror)
        if not mirror.is_dir():
            raise InputError(f"fetch.mirror: no directory {options.mirror!r} in {Path.cwd()}")
        copy = mirror / dataset / file
        if copy.is_file():
            logger.info("%s: from the mirror %s", row, mirror)
            try:
                _keep(_read(copy), row, destination)
            except _Refused as error:
                raise InputError(f"{copy}: {error}; mend or remove it") from None
            return
        logger.info("%s: not in the mirror %s", row, mirror)
    _download(row, destination, options)


def _download(row: DataFile, destination: str | Path, options: FetchOptions) -> None:
    """Fetch from the network, trying again after failures that may pass."""
    for attempt in range(1, options.attempts + 1):
        logger.info("%s: from %s (try %d of %d)", row, row.url, attempt, options.attempts)
        try:
            _keep(_stream(row.url, options.timeout), row, destination)
            return
        except (_Passing, _Short) as error:
            reason = f"{error}; try {attempt} of {options.attempts}"
        except _Refused as error:
            raise InputError(f"{row} from {row.url}: {error}; nothing was kept") from None
        except _Lasting as error:
            reason = str(error)
            break
        if attempt < options.attempts:
            wait = min(options.wait * 2 ** (attempt - 1), LONGEST_WAIT)
            logger.info("%s: %s; next in %g s", row, reason, wait)
            time.sleep(wait)
    raise InputError(
        f"{row} cannot be fetched from {row.url} ({reason}); connect to the network, or set "
        f"fetch.mirror to a directory that holds {row}"
    )


def _stream(url: str, timeout: float) -> Iterator[bytes]:
    """Bytes behind an address."""
    # Bytes as they are stored: the registered size is theirs.
    header = {"Accept-Encoding": "identity"}
    try:
        with requests.get(url, stream=True, timeout=timeout, headers=header) as response:
            status = f"the server answers {response.status_code} {response.reason}"
            if response.status_code in (408, 429) or response.status_code >= 500:
                raise _Passing(status)
            if response.status_code != 200:
                raise _Lasting(status)
            yield from response.iter_content(CHUNK)
    except requests.Timeout:
        raise _Passing(f"no answer within {timeout:g} s") from None
    except requests.exceptions.ChunkedEncodingError:
        raise _Passing("the transfer broke off") from None
    except requests.ConnectionError:
        raise _Passing("the connection failed") from None
    except requests.RequestException as error:
        raise _Lasting(str(error)) from None


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _keep(chunks: Iterable[bytes], row: DataFile, destination: str | Path) -> None:
    """Write a file under its name if its size and digest are the registered ones."""
    digest, size, reported = hashlib.sha256(), 0, time.monotonic()
    with replacing(destination) as temporary:
        with temporary.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                if size > row.bytes:
                    raise _Refused(f"holds more than the {row.bytes} bytes registered")
                if time.monotonic() - reported > PROGRESS:
                    reported = time.monotonic()
                    logger.info("%s: %.0f %% of %d bytes", row, 100 * size / row.bytes, row.bytes)
        if size < row.bytes:
            raise _Short(f"holds {size} bytes, {row.bytes} are registered")
        if digest.hexdigest() != row.sha256:
            raise _Refused(f"has sha256 {digest.hexdigest()}, {row.sha256} is registered")
    logger.info("%s: %d bytes, verified", row, size)
