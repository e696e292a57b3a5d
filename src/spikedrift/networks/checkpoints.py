"""State of a training that is under way, so that a job that was killed goes on where it was.

The state lies beside the result, as `.{name}.checkpoint`, which is no declared output: Snakemake
deletes outputs before it runs a job again. It is written whole or not at all, and believed only if
it says that it is of the same code, options and files.
"""

import logging
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from spikedrift.core.atomic import writing

log = logging.getLogger(__name__)

SHARE = 0.05  # of the time, at most, that goes into writing
_DIGEST = "digest"


class Checkpoints:
    """The last state of a training.

    Parameters
    ----------
    result : Path
        File of what is trained.
    digest : str
        Of all that the state depends on.
    """

    def __init__(self, result: Path, digest: str) -> None:
        self.path = result.with_name(f".{result.name}.checkpoint")
        self._digest = digest
        self._since, self._cost = time.monotonic(), 0.0

    def read(self) -> dict[str, np.ndarray] | None:
        """Return the state, or None, with a line in the log, for one that is not to be believed."""
        if not self.path.is_file():
            return None
        try:
            with np.load(self.path) as file:
                found = {name: file[name] for name in file.files}
        # zipfile, zlib and numpy each raise errors of their own on damaged bytes.
        except Exception as error:
            self.refuse(f"is damaged ({error})")
            return None
        if _DIGEST not in found or str(found.pop(_DIGEST)) != self._digest:
            self.refuse("is of other code, options or files")
            return None
        return found

    def refuse(self, why: str) -> None:
        """Say that the state is not taken."""
        log.warning("%s: %s: training begins anew", self.path, why)

    @property
    def due(self) -> bool:
        """Whether so much was computed since the last state that another one costs little."""
        return time.monotonic() - self._since >= self._cost / SHARE

    def write(self, state: Mapping[str, np.ndarray]) -> None:
        """Replace the state.

        Raises
        ------
        DiskError
            Where the disk refuses.
        """
        begun = time.monotonic()
        with writing(self.path) as file:
            np.savez(file, allow_pickle=False, **{**state, _DIGEST: np.array(self._digest)})
        self._since = time.monotonic()
        self._cost = self._since - begun

    def remove(self) -> None:
        """Remove the state: the result is there."""
        self.path.unlink(missing_ok=True)
