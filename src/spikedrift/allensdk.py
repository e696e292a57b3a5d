"""Environment of the AllenSDK: a Python 3.11 beside the core's, with which files are exchanged.

AllenSDK 2.16.2 needs numpy<1.24 on Python 3.11, so it cannot be in the core's environment. A local
rule builds an environment for it from `envs/allensdk.lock.txt`; rules then run the programs of
`workflow/allensdk/` with that Python. The two exchange data only through files.
"""

import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from spikedrift.core.atomic import replacing
from spikedrift.core.errors import InputError

logger = logging.getLogger(__name__)

PYTHON = "3.11"
ROOT = Path(__file__).parents[2]
LOCK = ROOT / "envs" / "allensdk.lock.txt"
PROGRAMS = ROOT / "workflow" / "allensdk"
REFUSAL = "allensdk: "  # start of the line in which a program tells the user what is wrong
CACHES = {"neuropixels": "visual-coding-neuropixels", "two-photon": "visual-coding-2p"}


class AllenSdk:
    """Paths of the environment of the lock and of the programs that run in it."""

    @cached_property
    def directory(self) -> str:
        """Environment of this lock, below the working directory."""
        digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
        return f".snakemake/envs/allensdk-{digest[:12]}"

    @property
    def marker(self) -> str:
        """File that is written last: if it exists, the environment is complete."""
        return f"{self.directory}/made"

    @property
    def python(self) -> str:
        """Interpreter of the environment."""
        return f"{self.directory}/bin/python"

    @staticmethod
    def digest(program: str) -> str:
        """Digest of a program and of `program.py`; a rule with this param reruns if one changes."""
        found = hashlib.sha256()
        for name in (program, "program"):
            found.update((PROGRAMS / f"{name}.py").read_bytes())
        return found.hexdigest()[:16]

    @staticmethod
    def session_table(wildcards: Any) -> str:
        """Table of the sessions in use, with which a catalogue is compared."""
        table = ROOT / "config" / "sessions" / f"{wildcards.catalogue}.tsv"
        return os.path.relpath(table)

    @staticmethod
    def cache(wildcards: Any) -> str:
        """Folder, below that of fetched files, that AllenSDK opens as its cache."""
        return CACHES[wildcards.catalogue]


def run_program(
    python: str | Path, program: str, *arguments: str, given: str = "", **options: object
) -> None:
    """Run a program of `workflow/allensdk/`; its output goes to the log.

    Parameters
    ----------
    python : path
        Interpreter of the AllenSDK environment.
    program : str
        Name of the program's file.
    *arguments : str
    given : str
        Its standard input.
    **options : object
        `key=value` becomes `--key value`.

    Raises
    ------
    InputError
        Where the program says what is wrong; the message is its own line.
    RuntimeError
        Where it fails without such a line.
    """
    command = [str(python), str(PROGRAMS / f"{program}.py"), *arguments]
    for key, value in options.items():
        command += [f"--{key}", str(value)]
    last = ""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as stdin:
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(command, stdin=stdin, stderr=subprocess.PIPE, text=True)
    with process:
        assert process.stderr is not None
        for line in filter(str.strip, process.stderr):
            last = line.strip()
            logger.info("%s", last)
    if process.returncode:
        problem = last.removeprefix(REFUSAL)
        if problem != last:
            raise InputError(problem)
        raise RuntimeError(f"{program} ended with exit code {process.returncode}: {last}")


def build(lock: str | Path, marker: str | Path) -> None:
    """Make the environment of a lock, then its marker.

    A directory without its marker, such as one left by a killed build, is made anew.

    Parameters
    ----------
    lock : path
        Versions and hashes, in `envs/` of the repository.
    marker : path
        File in the environment's directory that says that it is complete.

    Raises
    ------
    InputError
        Where uv or Python 3.11 is missing, or the packages cannot be installed.
    """
    lock, marker = Path(lock).resolve(), Path(marker).resolve()
    directory = marker.parent
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.is_file() else shutil.which("uv")
    if uv is None:
        raise InputError(f"no uv beside {sys.executable}: make env installs it")
    marker.unlink(missing_ok=True)
    # uv runs in the repository, where pyenv's shims find .python-version, which names both Pythons.
    root = lock.parents[1]
    try:
        _run([uv, "venv", "--clear", "--no-project", "--python", PYTHON, str(directory)], root)
    except subprocess.CalledProcessError as error:
        raise InputError(
            f"AllenSDK needs Python {PYTHON}, and none was found or downloaded: install one "
            f"(pyenv install {PYTHON}); uv: {_reason(error)}"
        ) from None
    try:
        _run(
            [
                *(uv, "pip", "sync", "--require-hashes", "--compile-bytecode"),
                *("--python", str(directory / "bin" / "python"), str(lock)),
            ],
            root,
        )
    except subprocess.CalledProcessError as error:
        raise InputError(
            f"the AllenSDK environment cannot be installed from {lock.name}: {_reason(error)}; "
            "connect to the network, then run the same command again"
        ) from None
    with replacing(marker) as temporary:
        temporary.write_text(f"{lock.name}\n", encoding="utf-8")


def _run(command: list[str], cwd: Path) -> None:
    """Run uv; its output goes to the log."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    for line in filter(str.strip, done.stderr.splitlines()):
        logger.info("uv: %s", line.strip())
    done.check_returncode()


def _reason(error: subprocess.CalledProcessError) -> str:
    """Message of uv about a failure, in one line without its ornaments."""
    # Lines of the message start with the branches of a tree.
    lines = [re.sub(r"^\W+", "", line) for line in (error.stderr or "").splitlines()]
    lines = [line for line in lines if line and not line.startswith(("Using ", "Creating "))]
    return "; ".join(lines)[:300] or f"exit code {error.returncode}"
