"""Run one session of a program in a directory of its own."""

import logging
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikedrift.simulation.build import Program

log = logging.getLogger(__name__)
REPORT = 10.0  # s between two lines in the log, at least


@dataclass(frozen=True)
class Run:
    """A stretch of simulated time, s."""

    start: float
    duration: float


@dataclass(frozen=True)
class Set:
    """Give a variable (`group.variable`) a value, or each of its elements one of its own."""

    name: str
    value: float | np.ndarray


@dataclass(frozen=True)
class Save:
    """Append the program's saved arrays to their files."""


type Step = Run | Set | Save


@dataclass(frozen=True)
class Output:
    """What a session left behind; its files are gone when the `with` block ends."""

    program: Program
    directory: Path

    def array(self, name: str) -> np.ndarray:
        """Read an array as it stood at the end, one-dimensional."""
        file, dtype = self.program.arrays[name]
        return np.fromfile(self.directory / file, dtype=dtype)

    def saved(self, name: str, n_saves: int) -> np.ndarray:
        """Map the rows of a saved array: float32, shape (n_saves, size)."""
        path = self.directory / f"{name}.saved"
        if path.stat().st_size == 0:
            return np.empty((n_saves, 0), dtype=np.float32)
        return np.memmap(path, dtype=np.float32, mode="r").reshape(n_saves, -1)


@contextmanager
def session(
    program: Program,
    *,
    seed: int | None = None,
    parameters: Mapping[str, float | np.ndarray],
    inputs: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    steps: Sequence[Step],
    scratch_dir: Path,
    label: str,
) -> Iterator[Output]:
    """Run a session and yield its output.

    Sessions of one program may run at once, in any processes: each has its own directory under
    `scratch_dir`, removed afterwards.

    Parameters
    ----------
    program : Program
    seed : int, optional
        Of a program that draws Brian2's random numbers, in [0, 2**32); programs whose numbers come
        from `simulation.streams` have their keys among the parameters.
    parameters : mapping of `group.variable` -> value or array, SI units
        Set before the network is wired. Arrays are of the variable's size and type.
    inputs : mapping of group -> (index, step)
        Input spikes: cell and time step, int32, sorted by step, no two in one (cell, step).
    steps : sequence of Run, Set, Save
    scratch_dir : Path
    label : str
        Names the point in messages.

    Raises
    ------
    RuntimeError
        Where the program fails, naming the point.
    """
    Path(scratch_dir).mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix=f"{label}.", dir=Path(scratch_dir).resolve()))
    try:
        lines = [f"report {REPORT}", *([] if seed is None else [f"seed {seed}"])]
        for name, (index, step) in inputs.items():
            np.asarray(index, dtype=np.int32).tofile(directory / f"{name}.index")
            np.asarray(step, dtype=np.int32).tofile(directory / f"{name}.step")
            lines.append(f"input {name} {name}.index {name}.step")
        lines += [_line(Set(name, value), directory) for name, value in parameters.items()]
        lines += ["start", *(_line(step, directory) for step in steps)]
        (directory / "session.txt").write_text("\n".join(lines) + "\n")
        total = sum(step.duration for step in steps if isinstance(step, Run))
        log.info("%s: simulating %.0f s", label, total)
        began = time.perf_counter()
        _execute(program, directory, total, label)
        log.info("%s: took %.1f s", label, time.perf_counter() - began)
        yield Output(program, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _line(step: Step, directory: Path) -> str:
    match step:
        case Run(start, duration):
            return f"run {start!r} {duration!r}"
        case Set(name, np.ndarray() as values):
            # Brian2 takes a file's name in lower case.
            file = f"array.{sum(1 for _ in directory.iterdir())}"
            values.tofile(directory / file)
            return f"set {name} {file}"
        case Set(name, value):
            return f"set {name} {float(value)!r}"
        case Save():
            return "save"


def _execute(program: Program, directory: Path, total: float, label: str) -> None:
    """Run the program to its end and tell in the log how far it is."""
    began = time.perf_counter()
    command = [str(program.directory / "main"), "--results_dir", f"{directory}/"]
    with (
        (directory / "errors.txt").open("w+") as errors,
        subprocess.Popen(
            command, cwd=program.directory, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        line = ""
        try:
            for line in process.stdout or ():
                if line.startswith("at "):
                    done, taken = float(line[3:]), time.perf_counter() - began
                    log.info(
                        "%s: %.0f of %.0f s, %.3g times real time, %.0f s left",
                        label, done, total, done / taken, (total - done) * taken / done,
                    )  # fmt: skip
        except BaseException:
            process.kill()
            raise
        process.wait()
        errors.seek(0)
        told = errors.read().strip().splitlines()
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        why = ": out of memory?" if name == "SIGKILL" else ""
        raise RuntimeError(f"{label}: the simulation was ended by {name}{why}")
    if process.returncode or told:
        raise RuntimeError(
            f"{label}: the simulation failed with exit code {process.returncode}: "
            f"{told[-1] if told else line.strip()}"
        )
