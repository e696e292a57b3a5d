"""Environments beside the core's, each with a Python and packages that the core cannot have.

A local rule builds one from its lock in `envs/`; rules then run the programs of its folder in
`workflow/` with that Python. The programs know nothing of the library: the two exchange data only
through files.
"""

import hashlib
import logging
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from spikedrift.core.atomic import replacing
from spikedrift.core.errors import InputError

logger = logging.getLogger(__name__)

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Separate:
    """An environment of a lock, and the programs that run in it.

    Attributes
    ----------
    name : str
        `envs/{name}.lock.txt` is its lock, `workflow/{name}/` has its programs. A program's last
        line tells the user what is wrong where it begins with the name and a colon.
    title : str
        Word for messages.
    version : str
        Of its Python.
    root : Path
        Folder of `envs/` and `workflow/`.
    """

    name: str
    title: str
    version: str
    root: Path = ROOT

    @property
    def lock(self) -> Path:
        """Versions and hashes of its packages."""
        return self.root / "envs" / f"{self.name}.lock.txt"

    @property
    def programs(self) -> Path:
        """Folder of the programs that run in it."""
        return self.root / "workflow" / self.name

    @cached_property
    def directory(self) -> str:
        """Environment of this lock, below the working directory."""
        digest = hashlib.sha256(self.lock.read_bytes()).hexdigest()
        return f".snakemake/envs/{self.name}-{digest[:12]}"

    @property
    def marker(self) -> str:
        """File that is written last: if it exists, the environment is complete."""
        return f"{self.directory}/made"

    @property
    def python(self) -> str:
        """Interpreter of the environment."""
        return f"{self.directory}/bin/python"

    def digest(self, program: str) -> str:
        """Digest of a program and of `program.py`; a rule with this param reruns if one changes."""
        found = hashlib.sha256()
        for name in (program, "program"):
            found.update((self.programs / f"{name}.py").read_bytes())
        return found.hexdigest()[:16]

    def run(
        self, python: str | Path, program: str, *arguments: str, given: str = "", **options: object
    ) -> None:
        """Run a program; its output goes to the log.

        Parameters
        ----------
        python : path
            Interpreter of the environment.
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
        command = [str(python), str(self.programs / f"{program}.py"), *arguments]
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
            problem = last.removeprefix(f"{self.name}: ")
            if problem != last:
                raise InputError(problem)
            raise RuntimeError(f"{program} ended with exit code {process.returncode}: {last}")

    def build(self, marker: str | Path) -> None:
        """Make the environment of the lock, then its marker.

        A directory without its marker, such as one left by a killed build, is made anew.

        Parameters
        ----------
        marker : path
            File in the environment's directory that says that it is complete.

        Raises
        ------
        InputError
            Where uv or the Python is missing, or the packages cannot be installed.
        """
        lock, marker = self.lock.resolve(), Path(marker).resolve()
        directory = marker.parent
        beside = Path(sys.executable).parent / "uv"
        uv = str(beside) if beside.is_file() else shutil.which("uv")
        if uv is None:
            raise InputError(f"no uv beside {sys.executable}: make env installs it")
        marker.unlink(missing_ok=True)
        # uv runs in the repository: pyenv's shims find .python-version there, which names all.
        root = self.root.resolve()
        try:
            _run(
                [uv, "venv", "--clear", "--no-project", "--python", self.version, str(directory)],
                root,
            )
        except subprocess.CalledProcessError as error:
            raise InputError(
                f"{self.title} needs Python {self.version}, and none was found or downloaded: "
                f"install one (pyenv install {self.version}); uv: {_reason(error)}"
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
                f"the {self.title} environment cannot be installed from {lock.name}: "
                f"{_reason(error)}; connect to the network, then run the same command again"
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
