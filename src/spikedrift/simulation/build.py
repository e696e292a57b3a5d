"""Turn a Brian2 model into a program, once, and find it again by what it was made from.

The program is Brian2's C++ standalone project with one addition to its main function: instead of
constants baked in by the compiler it reads a session, a small text file (`spikedrift.simulation.
run` writes it) that gives the seed, the parameters, the input spikes and the runs. Every point and
seed of a sweep is a session of the same program.
"""

import fcntl
import hashlib
import json
import logging
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from spikedrift.config.networks import Simulation
from spikedrift.errors import InputError
from spikedrift.provenance import source_digest
from spikedrift.simulation.compile import compile_project

log = logging.getLogger(__name__)
PACKAGE = Path(__file__).resolve().parents[1]
FLAGS = ("-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-std=c++17")


@dataclass(frozen=True)
class Program:
    """A program that is ready to run.

    Attributes
    ----------
    directory : where it lies; runs only read it
    arrays : name -> (file in the results directory, dtype), written at the end of a session
    saved : names of the arrays that the session's `save` command appends to
    """

    directory: Path
    arrays: dict[str, tuple[str, str]]
    saved: tuple[str, ...]


def build(
    model: str,
    structure: Mapping[str, Any],
    simulation: Simulation,
    build_dir: Path,
    uses: Sequence[str] = (),
) -> Program:
    """Return the program of a model, compiling it where `build_dir` has none yet.

    Two processes that ask at once get the same program: one builds, the other waits; the
    directory appears under its name only when it is whole.

    Parameters
    ----------
    model : str
        `module:function`; the function takes a `Standalone` and the structure, and describes the
        network in Brian2.
    structure : mapping
        What is compiled in (sizes, rules, delays); JSON values.
    simulation : Simulation
        Time step and compiler options.
    build_dir : Path
        Cache of programs, one directory each, named by digest.
    uses : sequence of str
        Modules that the model imports by name: a program is built anew where they change.

    Raises
    ------
    InputError
        No compiler, or one that refuses the options.
    """
    compiler, flags = _compiler(), _flags(simulation.march, simulation.threads)
    request = {
        "model": model,
        "structure": dict(structure),
        "dt": simulation.dt,
        "backend": simulation.backend,
        "threads": simulation.threads,
        "flags": flags,
    }
    digest = _digest(request, compiler, uses)
    target = Path(build_dir).resolve() / digest
    if not (target / "program.json").is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        tried = [compiler, *flags, "-E", "-x", "c++", os.devnull]
        if subprocess.run(tried, capture_output=True, check=False).returncode:
            raise InputError(f"simulation.march: {compiler} refuses -march={simulation.march}")
        with _alone(target.with_suffix(".lock")):
            if not (target / "program.json").is_file():
                _compile(request, simulation.jobs, target)
    manifest = json.loads((target / "program.json").read_text())
    arrays = {name: (file, dtype) for name, (file, dtype) in manifest["arrays"].items()}
    return Program(target, arrays, tuple(manifest["saved"]))


def _compiler() -> str:
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise InputError(
            f"{compiler} not found, simulations need a C++ compiler: install the package "
            "build-essential (Debian, Ubuntu) or run xcode-select --install (macOS)"
        )
    return compiler


def _flags(march: str, threads: int) -> list[str]:
    flags = [*FLAGS, "-fopenmp"] if threads > 1 else [*FLAGS]
    portable = platform.machine().lower() in ("x86_64", "amd64")
    return [*flags, f"-march={march}"] if march and (portable or march == "native") else flags


def _digest(request: Mapping[str, Any], compiler: str, uses: Sequence[str]) -> str:
    told = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    model = request["model"].split(":")[0]
    spec = find_spec(model)
    if spec is None or spec.origin is None:
        raise InputError(f"no model {request['model']}: its module cannot be found")
    own = (model,) if model.startswith("spikedrift.") else ()
    parts = [
        json.dumps(request, sort_keys=True),
        told.stdout.splitlines()[0],
        platform.machine(),
        version("brian2"),
        "" if own else Path(spec.origin).read_text(),
        source_digest("spikedrift.simulation.build", *own, *uses),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock file; where the file system has no locks, go on: the rename is still atomic."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            log.info("no file locks in %s", path.parent)
        yield


def _compile(request: Mapping[str, Any], jobs: int, target: Path) -> None:
    # A process of its own: Brian2's device is global state, and a failed build leaves it broken.
    log.info("building %s", target.name)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        (partial / "request.json").write_text(json.dumps({**request, "jobs": jobs}, indent=1))
        path = os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        with (partial / "build.log").open("w") as output:
            done = subprocess.run(
                [sys.executable, "-m", "spikedrift.simulation.build", str(partial)],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": path, "CXX": _compiler(), "TMPDIR": str(partial)},
                check=False,
            )
        if done.returncode:
            told = (partial / "build.log").read_text().splitlines()
            errors = [line for line in told if " error: " in line] or told[-1:]
            raise InputError(f"building {request['model']} failed: {' '.join(errors[:1])}")
        for leftover in partial.glob("*.o"):
            leftover.unlink()
        try:
            partial.rename(target)
        except OSError:  # another process was first, without locks
            if not (target / "program.json").is_file():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class Standalone:
    """What a model function uses to become a program.

    A model creates its groups and synapses, calls `read_session` before anything that draws
    random numbers or uses parameters, and ends with `run_session`.
    """

    def __init__(self) -> None:
        from brian2 import get_device

        self._device = get_device()
        self.arrays: dict[str, tuple[str, str]] = {}
        self.saved: list[str] = []

    def _vector(self, group: Any, variable: str) -> str:
        name = self._device.get_array_name(group.variables[variable], access_data=False)
        return f"brian::{name}"

    def keep(self, name: str, group: Any, variable: str) -> None:
        """Name an array that the session leaves behind when it ends."""
        array = group.variables[variable]
        self.arrays[name] = (self._device.get_array_filename(array), np.dtype(array.dtype).name)

    def read_session(self, inputs: Mapping[str, Any]) -> None:
        """Read the seed, the parameters and the spikes of `inputs` (SpikeGeneratorGroups)."""
        lines = ["spikedrift::Session session(brian::results_dir);"]
        for name, group in inputs.items():
            index, step = self._vector(group, "neuron_index"), self._vector(group, "_timebins")
            lines.append(f'session.inputs["{name}"] = {{&{index}, &{step}}};')
        lines.append("session.prepare();")
        self._device.insert_code("main", "\n".join(lines))

    def run_session(self, network: Any, saved: Mapping[str, tuple[Any, str]]) -> None:
        """Run what the session says; `save` appends the arrays of `saved` to files."""
        from brian2 import second

        network.run(0 * second)
        lines = []
        for name, (group, variable) in saved.items():
            lines.append(f'session.saved["{name}"] = &{self._vector(group, variable)};')
            self.saved.append(name)
        lines.append(f"session.run(brian::{network.name});")
        self._device.insert_code("main", "\n".join(lines))


def _main(directory: Path) -> None:
    import brian2

    request = json.loads((directory / "request.json").read_text())
    brian2.set_device("cpp_standalone", build_on_run=False)
    if request["threads"] > 1:
        brian2.prefs.devices.cpp_standalone.openmp_threads = request["threads"]
    brian2.defaultclock.dt = request["dt"] * brian2.second
    module, function = request["model"].split(":")
    define: Callable[[Standalone, Mapping[str, Any]], None]
    define = getattr(import_module(module), function)
    standalone = Standalone()
    define(standalone, request["structure"])
    # Named only now, so that the header goes into main.cpp and not into every file.
    brian2.prefs.codegen.cpp.headers += [f'"{PACKAGE / "simulation" / "session.h"}"']
    brian2.get_device().build(directory=str(directory), compile=False, run=False)
    compiler = [os.environ["CXX"], *request["flags"]]
    compile_project(directory, ".cpp", compiler, jobs=request["jobs"])
    manifest = {"arrays": standalone.arrays, "saved": standalone.saved}
    (directory / "program.json").write_text(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
