"""The bytes received so far of a file, beside its final name, held by one process at a time."""

import fcntl
import json
import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from spikedrift.core.atomic import replacing
from spikedrift.core.errors import InputError
from spikedrift.fetch.reply import Copy, Digest, Reply

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """What the bytes of a part belong to: a place, and one version of its object."""

    place: str
    address: str
    url: str
    size: int | None
    etag: str
    validator: str
    digest: Digest | None

    @classmethod
    def of(cls, copy: Copy, reply: Reply) -> "Origin":
        """Return the origin of the bytes of a reply."""
        told = (reply.url, reply.size, reply.etag, reply.validator, reply.digest)
        return cls(copy.place, copy.address, *told)


class Part:
    """The bytes in `{destination}.part`, locked while open, and their origin in a `.json` file.

    What was received is kept when a download ends early, so that the next one resumes.

    Parameters
    ----------
    destination : path

    Raises
    ------
    InputError
        On entering, where another process fetches the same file.
    """

    def __init__(self, destination: str | Path) -> None:
        self.destination = Path(destination)
        self.path = self.destination.with_name(f"{self.destination.name}.part")
        self._side = self.destination.with_name(f"{self.destination.name}.part.json")
        self.origin: Origin | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            self._lock()
            # Another process may have finished and renamed the file that was opened here.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._file), self.path.stat()):
                    break
            os.close(self._file)
        self.origin = self._read_origin()
        if self.origin is None:
            self.clear()
        return self

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise InputError(
                f"{self.destination}: another process is fetching it; wait for that one to end"
            ) from None
        except OSError as error:  # some network file systems know no locks
            logger.warning("%s: cannot be locked (%s)", self.path, error.strerror)

    def _read_origin(self) -> Origin | None:
        try:
            read = json.loads(self._side.read_text(encoding="utf-8"))
            digest = read.pop("digest")
            return Origin(**read, digest=digest and Digest(**digest))
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file >= 0:
            if not self.size:
                self._side.unlink(missing_ok=True)
                self.path.unlink(missing_ok=True)
            os.close(self._file)

    @property
    def size(self) -> int:
        """Bytes received so far."""
        return os.fstat(self._file).st_size

    def begin(self, origin: Origin) -> None:
        """Drop what was received; what comes next is from `origin`."""
        self.clear()
        with replacing(self._side) as temporary:
            temporary.write_text(json.dumps(asdict(origin), indent=1), encoding="utf-8")
        self.origin = origin

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        left = memoryview(chunk)
        while left:
            left = left[os.write(self._file, left) :]

    def clear(self) -> None:
        """Drop what was received."""
        os.ftruncate(self._file, 0)
        self._side.unlink(missing_ok=True)
        self.origin = None

    def finish(self) -> None:
        """Flush the file to the disk and give it its final name."""
        os.fsync(self._file)
        self.path.replace(self.destination)
        os.close(self._file)
        self._file = -1
        self._side.unlink(missing_ok=True)
