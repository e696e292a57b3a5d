"""What surrounds one job of the pipeline: its log, its progress, its one-line errors."""

import gc
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from threadpoolctl import threadpool_limits

from spikedrift.core import interrupts
from spikedrift.core.disk import FULL, disk_error
from spikedrift.core.errors import InputError


class _Log(logging.FileHandler):
    """A log file that loses its lines on a full disk, but raises nothing."""

    def handleError(self, record: logging.LogRecord) -> None:
        del record

    def close(self) -> None:
        with suppress(OSError):
            super().close()


@contextmanager
def job(log: str | Path, threads: int = 1) -> Iterator[None]:
    """Send the library's log to `log`; end with one line on an error that the user can mend.

    The exit code is 1 for bad input and a disk that refuses, and 130 for Ctrl-C. Any other
    exception keeps its traceback, in the log as well as on standard error. Warnings of other
    libraries go to the log alone. Compiled code and linear algebra use no more than `threads`
    threads.

    Raises
    ------
    SystemExit
        With these exit codes, after the line.
    """
    if "numba" in sys.modules:
        sys.modules["numba"].config.NUMBA_NUM_THREADS = threads
    logger = logging.getLogger("spikedrift")
    logger.setLevel(logging.INFO)
    handler = _opened(Path(log))
    logger.addHandler(handler)
    warned = logging.getLogger("py.warnings")
    warned.propagate = False
    warned.addHandler(handler)
    logging.captureWarnings(True)
    started = time.monotonic()
    interrupts.heard()
    gc.freeze()  # what was imported stays: nobody need look for garbage in it
    try:
        with threadpool_limits(threads):
            yield
        logger.info("done in %.1f s", time.monotonic() - started)
    except InputError as error:
        _end(str(error))
    except KeyboardInterrupt:
        _end("interrupted", interrupts.CODE)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            _end(str(disk_error(error, error.filename or Path.cwd())))
        logger.error("%s", traceback.format_exc())
        raise
    finally:
        logging.captureWarnings(False)
        warned.removeHandler(handler)
        logger.removeHandler(handler)
        handler.close()


def _opened(log: Path) -> logging.Handler:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        handler = _Log(log, mode="w", encoding="utf-8")
    except OSError as error:
        told = disk_error(error, log)
        if told is None:
            raise
        _end(str(told))
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    return handler


def _end(line: str, code: int = 1) -> NoReturn:
    """Say one line on standard error, and in the log where there is one, and exit."""
    logger = logging.getLogger("spikedrift")
    if logger.handlers:
        logger.error("%s", line)
    # One write, where print makes two: the lines of jobs that end together would be mixed up.
    sys.stderr.write(f"spikedrift: {line}\n")
    raise SystemExit(code) from None
