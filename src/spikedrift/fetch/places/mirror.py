"""A directory of one's own with files as `{data set}/{file}`."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spikedrift.core.errors import InputError
from spikedrift.fetch.registry import DataFile
from spikedrift.fetch.reply import CHUNK, Digest, Lasting, Reply

logger = logging.getLogger(__name__)


def find(row: DataFile, directory: str) -> "MirrorCopy | None":
    """Return the copy of a file in a mirror; None where it is not there.

    Raises
    ------
    InputError
        Where the mirror is no directory.
    """
    mirror = Path(directory)
    if not mirror.is_dir():
        raise InputError(f"fetch.mirror: no directory {directory!r} in {Path.cwd()}")
    path = mirror / row.dataset / row.file
    if not path.is_file():
        logger.info("%s: not in the mirror %s", row, mirror)
        return None
    return MirrorCopy(path)


class MirrorCopy:
    """A file in a mirror; the record beside it, where there is one, gives its sha256."""

    place = "mirror"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = str(path)

    def size(self) -> int:
        """Length of the file."""
        return self.path.stat().st_size

    @contextmanager
    def open(self, start: int, validator: str) -> Iterator[Reply]:
        """Read the file from its beginning: a local copy is not worth resuming."""
        del start, validator
        yield Reply(self.address, 0, self.size(), self._chunks(), digest=self._recorded())

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except OSError as error:
            raise Lasting(str(error.strerror)) from None

    def _recorded(self) -> Digest | None:
        record = self.path.with_name(f"{self.path.name}.json")
        if not record.is_file():
            return None
        try:
            told = json.loads(record.read_text(encoding="utf-8"))["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            raise Lasting(f"its record {record.name} holds no sha256") from None
        return Digest("sha256", str(told), record.name)
