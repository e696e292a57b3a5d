"""Run one session of a program in a directory of its own."""

import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spikedrift.core.disk import disk_error, mount, naming
from spikedrift.core.errors import DiskError, InputError
from spikedrift.simulation.build import Program

log = logging.getLogger(__name__)
REPORT = 10.0  # s between two lines in the log, at least


class Ended(InputError, RuntimeError):
    """A simulation that was ended from outside: by a user, or for want of memory."""


@dataclass(frozen=True)
class Run:
    """A stretch of simulated time, s."""

    start: float
    duration: float


@dataclass(frozen=True)
class Set:
    """Give a variable (`group.variable`) one value, or each of its elements a value of its own."""

    name: str
    value: float | np.ndarray


@dataclass(frozen=True)
class Save:
    """Append the program's saved arrays to their files."""


@dataclass(frozen=True)
class Limit:
    """Bound a population's mean rate over a second, Hz, from here on.

    The session ends where all copies have passed it. Seconds follow on each other, and
    are a little longer where runs are shorter.
    """

    population: str
    rate: float


type Step = Run | Set | Save | Limit


class Away(NamedTuple):
    """How a copy passed a limit: population, from when to when (s), at which rate, limit (Hz)."""

    population: str
    start: float
    stop: float
    rate: float
    limit: float


@dataclass(frozen=True)
class Output:
    """What a session left behind; its files are gone when the `with` block ends.

    Attributes
    ----------
    program : the program that ran
    directory : where its files lie
    written : file -> bytes that the program says it wrote there
    label : names the point in messages
    away : copy -> how it passed a limit; where all copies did, nothing was saved since

    Raises
    ------
    DiskError
        From `array` and `saved`, where a file does not hold what was written.
    """

    program: Program
    directory: Path
    written: Mapping[str, int]
    label: str
    away: Mapping[int, Away]

    def array(self, name: str) -> np.ndarray:
        """Read an array as it was at the end, one-dimensional."""
        file, dtype = self.program.arrays[name]
        self._compare(file, self._size(file))
        found = np.fromfile(self.directory / file, dtype=dtype)
        self._compare(file, found.nbytes)  # NumPy does not say where reading breaks off
        return found

    def saved(self, name: str, n_saves: int) -> np.ndarray:
        """Map the rows of a saved array: float32, shape (n_saves, size)."""
        file = f"{name}.saved"
        size = self._size(file)
        self._compare(file, size)
        if size == 0:
            return np.empty((n_saves, 0), dtype=np.float32)
        return np.memmap(self.directory / file, dtype=np.float32, mode="r").reshape(n_saves, -1)

    def _size(self, file: str) -> int:
        place = self.directory / file
        return place.stat().st_size if place.is_file() else 0

    def _compare(self, file: str, n_bytes: int) -> None:
        if n_bytes != self.written.get(file):
            place = self.directory / file
            raise DiskError(
                f"{self.label}: {place} has {n_bytes} bytes, {self.written.get(file, 'no')} were "
                f"written: look after the disk at {mount(place)}, then run the same command again"
            )


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
        Seed of a program that draws Brian2's random numbers, in [0, 2**32); programs whose numbers
        come from `simulation.streams` have their keys among the parameters.
    parameters : mapping of `group.variable` -> value or array, SI units
        Set before the network is wired. Arrays are of the variable's size and type.
    inputs : mapping of group -> (index, step)
        Input spikes: cell and time step, int32, sorted by step, no two in one (cell, step).
    steps : sequence of Run, Set, Save, Limit
    scratch_dir : Path
    label : str
        Names the point in messages.

    Raises
    ------
    DiskError
        Where a file could not be written or read whole.
    Ended
        Where the program was killed.
    InputError
        Where the program cannot be started.
    RuntimeError
        Where the program fails, naming the point.
    """
    with _directory(scratch_dir, label) as directory:
        text = _text(seed, parameters, inputs, steps, directory)
        _write(directory / "session.txt", text.encode())
        total = sum(step.duration for step in steps if isinstance(step, Run))
        log.info("%s: simulating %.0f s", label, total)
        began = time.perf_counter()
        written, away = _execute(program, directory, total, label)
        log.info("%s: took %.1f s", label, time.perf_counter() - began)
        yield Output(program, directory, written, label, away)


@contextmanager
def _directory(scratch_dir: Path, label: str) -> Iterator[Path]:
    """Make a directory for one session, and remove it afterwards."""
    with naming(Path(scratch_dir) / label):
        Path(scratch_dir).mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix=f"{label}.", dir=Path(scratch_dir).resolve()))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _text(
    seed: int | None,
    parameters: Mapping[str, float | np.ndarray],
    inputs: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    steps: Sequence[Step],
    directory: Path,
) -> str:
    """Text of a session; the arrays that it names are written to `directory`."""
    lines = [f"report {REPORT}", *([] if seed is None else [f"seed {seed}"])]
    for name, spikes in inputs.items():
        index, step = (np.asarray(side, dtype=np.int32) for side in spikes)
        _write(directory / f"{name}.index", index.tobytes())
        _write(directory / f"{name}.step", step.tobytes())
        lines.append(f"input {name} {name}.index {name}.step {step.size}")
    lines += [_line(Set(name, value), directory) for name, value in parameters.items()]
    lines += ["start", *(_line(step, directory) for step in steps), "end"]
    return "\n".join(lines) + "\n"


def _write(path: Path, content: bytes) -> None:
    # Arrays too: NumPy's `tofile` does not notice a full disk while they fit into its buffer.
    with naming(path):
        path.write_bytes(content)


def _line(step: Step, directory: Path) -> str:
    match step:
        case Run(start, duration):
            return f"run {start!r} {duration!r}"
        case Set(name, np.ndarray() as values):
            # Brian2 takes a file's name in lower case.
            file = f"array.{sum(1 for _ in directory.iterdir())}"
            _write(directory / file, values.tobytes())
            return f"set {name} {file}"
        case Set(name, value):
            return f"set {name} {float(value)!r}"
        case Save():
            return "save"
        case Limit(population, rate):
            return f"limit {population} {rate!r}"


def _execute(
    program: Program, directory: Path, total: float, label: str
) -> tuple[Mapping[str, int], Mapping[int, Away]]:
    """Run the program to its end, tell in the log how far it is, return what it wrote and told."""
    began = time.perf_counter()
    written = Counter[str]()
    away: dict[int, Away] = {}
    lost: tuple[OSError, str] | None = None
    line = ""
    # The program's messages go through pipes, since a disk may be full.
    with _started(program, directory) as process, ThreadPoolExecutor(1) as reader:
        assert process.stdout is not None and process.stderr is not None
        errors = reader.submit(process.stderr.read)
        try:
            for line in process.stdout:
                word, _, rest = line.strip().partition(" ")
                if word == "at":
                    done, taken = float(rest), time.perf_counter() - began
                    log.info(
                        "%s: %.0f of %.0f s, %.3g times real time, %.0f s left",
                        label, done, total, done / taken, (total - done) * taken / done,
                    )  # fmt: skip
                elif word == "wrote":
                    n_bytes, _, path = rest.partition(" ")
                    written[Path(path).name] += int(n_bytes)
                elif word == "away":
                    copy, population, *numbers = rest.split()
                    away[int(copy)] = Away(population, *map(float, numbers))
                elif word == "lost":
                    why, _, path = rest.partition(" ")
                    lost = OSError(int(why), os.strerror(int(why))), str(directory / path)
        except BaseException:
            process.kill()
            raise
        process.wait()
        told = errors.result().strip().splitlines()
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        why = ": out of memory?" if name == "SIGKILL" else ""
        raise Ended(f"{label}: the simulation was ended by {name}{why}")
    if lost is not None:
        raise DiskError(f"{label}: {disk_error(*lost) or told[-1]}")
    if process.returncode or told:
        raise RuntimeError(
            f"{label}: the simulation failed with exit code {process.returncode}: "
            f"{told[-1] if told else line.strip()}"
        )
    return written, away


def _started(program: Program, directory: Path) -> subprocess.Popen[str]:
    main = program.directory / "main"
    try:
        return subprocess.Popen(
            [str(main), "--results_dir", f"{directory}/"],
            cwd=program.directory,
            # Millions of synapses in large pages: what a spike touches lies in as many pages.
            env={"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", **os.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise InputError(
            f"cannot run {main}: {error.strerror}: remove {program.directory}, it is built anew"
        ) from None
