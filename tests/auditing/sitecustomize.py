"""Writes down which files each script of the workflow opens; on PYTHONPATH where a test asks."""

import os
import sys
from pathlib import Path


def watch(folder: Path, script: Path) -> None:
    """Append the path of every file that this process opens to `{folder}/{script}.{process}`."""
    name = script.stem.partition(".")[2]  # of tmp1234.script.py
    log = os.open(folder / f"{name}.{os.getpid()}", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def opened(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str):
            os.write(log, f"{Path(arguments[0]).absolute()}\n".encode())

    sys.addaudithook(opened)


SCRIPT = next((word for word in sys.orig_argv if ".snakemake/scripts/" in word), None)
if SCRIPT is not None and "SPIKEDRIFT_OPENED" in os.environ:
    watch(Path(os.environ["SPIKEDRIFT_OPENED"]), Path(SCRIPT))
