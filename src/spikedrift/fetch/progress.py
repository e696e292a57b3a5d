"""Progress of a download, in the log and on standard error."""

import logging
import sys
import time

logger = logging.getLogger(__name__)

EVERY = 5.0  # s between two lines
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def say(line: str) -> None:
    """Write a line to the log and to standard error."""
    logger.info("%s", line)
    sys.stderr.write(f"{line}\n")  # one write: other downloads write lines at the same time


def amount(size: float) -> str:
    """A number of bytes for people: `2.10 GB`."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size:.0f} B"


def span(seconds: float) -> str:
    """A time for people: `1 h 02 min`, `3 min 20 s`, `12 s`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minute:02d} min"
    return f"{minute} min {second:02d} s" if minute else f"{second} s"


class Progress:
    """Lines with bytes received, total, rate and time left while a transfer goes on.

    Parameters
    ----------
    name : str
    start : int
        Bytes that are there already.
    total : int or None
    """

    def __init__(self, name: str, start: int, total: int | None) -> None:
        self.name = name
        self.start = start
        self.total = total
        self._began = self._told = time.monotonic()

    def at(self, size: int) -> None:
        """Say that `size` bytes are there, if the last line is long enough ago."""
        now = time.monotonic()
        if now - self._told < EVERY:
            return
        self._told = now
        rate = (size - self.start) / max(now - self._began, 1e-9)
        line = f"{self.name}: {amount(size)}"
        if self.total:
            line += f" of {amount(self.total)} ({100 * size / self.total:.0f} %)"
        line += f", {amount(rate)}/s"
        if self.total and rate:
            line += f", {span((self.total - size) / rate)} left"
        say(line)
