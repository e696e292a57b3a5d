"""Ctrl-C ends a process with one line."""

import os
import signal
import threading
from types import FrameType

CODE = 128 + signal.SIGINT  # exit code, as shells have it


def in_one_line() -> None:
    """Let Ctrl-C end this process with one line, from now on.

    Snakemake then ends its jobs, as it does at a KeyboardInterrupt.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, _end)


def heard() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again where workflow/start has set SIG_DFL."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    os.write(2, b"spikedrift: interrupted\n")
    raise SystemExit(CODE)
