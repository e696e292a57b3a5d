"""The download engine: a file is whole and verified, or there is one line and no file."""

import json
import logging
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from spikedrift.config.fetch import FetchOptions
from spikedrift.core.atomic import replacing
from spikedrift.core.disk import disk_error
from spikedrift.core.errors import InputError
from spikedrift.fetch.part import Origin, Part
from spikedrift.fetch.places import copies
from spikedrift.fetch.progress import Progress, amount
from spikedrift.fetch.registry import DataFile, read_registry, registered
from spikedrift.fetch.reply import Changed, Copy, Lasting, Passing, Reply, Wrong
from spikedrift.fetch.verify import verified

logger = logging.getLogger(__name__)

LONGEST_WAIT = 60.0  # s


def fetch(
    dataset: str,
    file: str,
    destination: str | Path,
    options: FetchOptions,
    registry: str | Path,
    links: str | Path | None = None,
) -> None:
    """Bring a registered file to `destination`, whole and verified, or not at all.

    The places of `options.order` are tried one after the other. What was received before, by this
    or by a killed process, is not asked for again. A record, `{destination}.json`, says where the
    file came from and what was verified.

    Parameters
    ----------
    dataset, file : str
        A file of the registry.
    destination : path
    options : FetchOptions
    registry : path
        The data registry.
    links : path or None
        Table of the warehouse's links.

    Raises
    ------
    InputError
        Where the file is not registered, no place has it whole, the copy in the mirror is not
        the file registered, another process fetches it, or the disk is too small. It says what
        each place said.
    """
    row = registered(read_registry(registry), dataset, file, registry)
    said = []
    try:
        with Part(destination) as part:
            for copy in copies(row, options, links):
                logger.info("%s: from %s", row, copy.address)
                try:
                    sha256, digest = _from(copy, part, row, options)
                except Lasting as error:
                    logger.info("%s: %s", copy.address, error)
                    if copy.place == "mirror":
                        # An error, since its owner wants to know that a mirror is damaged.
                        raise InputError(f"{copy.address}: {error}; mend or remove it") from None
                    said.append(f"{copy.address} ({error})")
                else:
                    _record(part, row, sha256, digest)
                    part.finish()
                    logger.info("%s: verified, %s", row, digest or "no digest is published")
                    return
    except OSError as error:  # a full disk, most of all
        told = disk_error(error, destination)
        raise told or InputError(f"{destination}: {error.strerror or error}") from None
    places = "; ".join(said) or f"fetch.order ({', '.join(options.order)}), where no place knows it"
    raise InputError(
        f"{row} cannot be fetched from {places}; connect to the network, or set fetch.mirror to a "
        f"directory that holds {row}"
    )


def _from(copy: Copy, part: Part, row: DataFile, options: FetchOptions) -> tuple[str, str | None]:
    """Receive and verify a file from one place; try again after failures that may pass."""
    failures, furthest, mismatched = 0, 0, False
    attempts = 1 if copy.place == "mirror" else options.attempts
    while True:
        before = part.size if _resumable(part, copy, row) else 0
        furthest = max(furthest, before)
        try:
            _receive(copy, part, row)
            origin = part.origin
            return verified(part.path, row, origin.digest if origin else None)
        except Wrong as error:
            logger.info("%s: %s", copy.address, error)
            part.clear()
            if mismatched or copy.place == "mirror":
                raise
            # Bytes may be damaged on their way: try once more, from zero.
            mismatched, furthest = True, 0
            continue
        except Passing as error:
            reason = error
            if part.size > furthest and _resumable(part, copy, row):
                failures, furthest = 0, part.size
            if isinstance(error, Changed) and _resumable(part, copy, row):
                part.clear()
        failures += 1
        said = f"{reason}; try {failures} of {attempts}" if attempts > 1 else str(reason)
        if failures >= attempts:
            raise Lasting(said)
        wait = min(options.wait * 2 ** (failures - 1), LONGEST_WAIT)
        logger.info("%s: %s; next in %g s", row, said, wait)
        time.sleep(wait)


def _resumable(part: Part, copy: Copy, row: DataFile) -> bool:
    """Whether what was received is the beginning of this copy.

    It must come from the same address. The object's validator or, where the server gives none, a
    published digest shows later whether the object has changed since.
    """
    origin = part.origin
    if origin is None or (origin.place, origin.address) != (copy.place, copy.address):
        return False
    return bool(origin.validator or origin.digest or row.sha256)


def _receive(copy: Copy, part: Part, row: DataFile) -> None:
    """Receive the bytes that the part lacks."""
    start = part.size if _resumable(part, copy, row) else 0
    origin = part.origin
    if start and origin is not None:
        if start == (row.bytes if origin.size is None else origin.size):
            return  # killed between the last byte and the rename
        if origin.size is not None and start > origin.size:
            start = 0
    with copy.open(start, origin.validator if start and origin else "") as reply:
        total = _length(reply, row)
        free = shutil.disk_usage(part.path.parent).free
        if total is not None and total - reply.start > free:
            raise InputError(
                f"{row}: {amount(total - reply.start)} to fetch, {amount(free)} free in "
                f"{part.path.parent.resolve()}; free it, or run in a directory on a larger disk"
            )
        if reply.start == 0:
            origin = Origin.of(copy, reply)
            part.begin(origin)
        elif origin is not None and reply.size not in (None, origin.size):
            raise Changed("the object changed its length since the transfer began")
        progress = Progress(str(row), reply.start, total)
        for chunk in reply.chunks:
            if total is not None and part.size + len(chunk) > total:
                raise Wrong(f"sends more than the {total} bytes {_told(row)}")
            part.append(chunk)
            progress.at(part.size)
    if total is not None and part.size < total:
        raise Passing(f"holds {part.size} bytes, {total} are {_told(row)}")


def _length(reply: Reply, row: DataFile) -> int | None:
    """Length that the whole file will have; a length other than the registered one is refused."""
    if row.bytes is None:
        if reply.size is None and not reply.self_ending:
            raise Lasting("the server does not say how long the file is")
        return reply.size
    if reply.size is not None and reply.size > row.bytes:
        raise Lasting(f"holds more than the {row.bytes} bytes registered")
    if reply.size is not None and reply.size < row.bytes:
        raise Passing(f"holds {reply.size} bytes, {row.bytes} are registered")
    return row.bytes


def _told(row: DataFile) -> str:
    return "announced" if row.bytes is None else "registered"


def _record(part: Part, row: DataFile, sha256: str, digest: str | None) -> None:
    """Write the record of where a file came from beside it, before the file gets its name."""
    origin = part.origin
    assert origin is not None
    record = {
        "dataset": row.dataset,
        "file": row.file,
        "place": origin.place,
        "address": origin.address,
        "url": origin.url,
        "bytes": part.size,
        "sha256": sha256,
        "verified": digest,
        "etag": origin.etag or None,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with replacing(part.destination.with_name(f"{part.destination.name}.json")) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
