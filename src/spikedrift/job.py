"""What surrounds one job of the pipeline: its log, its progress, its one-line errors."""

import logging
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

from spikedrift.errors import InputError


@contextmanager
def job(log: str | Path, threads: int = 1) -> Iterator[None]:
    """Send the library's log to `log`; turn bad input into one line and exit code 1.

    Any other exception keeps its traceback, in the log as well as on standard error. Compiled
    code and linear algebra use no more than `threads` threads.
    """
    if "numba" in sys.modules:
        sys.modules["numba"].config.NUMBA_NUM_THREADS = threads
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    logger = logging.getLogger("spikedrift")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    started = time.monotonic()
    try:
        with threadpool_limits(threads):
            yield
        logger.info("done in %.1f s", time.monotonic() - started)
    except InputError as error:
        logger.error("%s", error)
        print(f"spikedrift: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
        logger.error("%s", traceback.format_exc())
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
