"""Turn a Brian2 model into a program, once, and find it again by a digest of its sources.

The program is Brian2's C++ standalone project with one addition to its main function: instead of
constants baked in by the compiler it reads a session, a small text file (`spikedrift.simulation.
run` writes it) that gives the seed, the parameters, the input spikes and the runs. Every point and
seed of a sweep is a session of the same program.
"""

import errno
import fcntl
import gc
import hashlib
import json
import logging
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from spikedrift.config.simulation import Simulation
from spikedrift.core.atomic import runs
from spikedrift.core.disk import FULL, disk_error, naming
from spikedrift.core.errors import DiskError, InputError
from spikedrift.core.provenance import source_digest
from spikedrift.simulation import compilers, cuda, gpu
from spikedrift.simulation.compile import compile_project

log = logging.getLogger(__name__)
PACKAGE = Path(__file__).resolve().parents[1]
SHARED = "SPIKEDRIFT_PROGRAMS"
FLAGS = ("-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-std=c++17")
# Environment variables that compilers read: another value may give another program.
HEEDED = (
    *("CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX"),
    *("CCC_OVERRIDE_OPTIONS", "NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"),
)


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
        Cache of programs, one directory each, named by digest. Where the environment variable
        SPIKEDRIFT_PROGRAMS names a directory, programs lie there instead, for several projects.
    uses : sequence of str
        Modules that the model imports by name: a program is built anew where they change.

    Raises
    ------
    InputError
        For a model that cannot be found, without a compiler, and where the compiler refuses the
        options or fails.
    DiskError
        Where the disk of `build_dir` refuses.
    """
    request = {
        "model": model,
        "structure": dict(structure),
        "dt": simulation.dt,
        "threads": 1 if simulation.backend == "cuda" else simulation.threads,
        **_toolchain(simulation),
    }
    digest = _digest(request, uses)
    target = Path(os.environ.get(SHARED) or build_dir).resolve() / digest
    if not (target / "program.json").is_file():
        if request["backend"] == "cpp":
            tried = [*request["compiler"], "-E", "-x", "c++", os.devnull]
            if subprocess.run(tried, capture_output=True, check=False).returncode:
                raise InputError(f"simulation.march: {tried[0]} refuses -march={simulation.march}")
        with naming(target), _alone(target.with_suffix(".lock")):
            if not (target / "program.json").is_file():
                _compile(request, simulation.jobs, target)
    manifest = json.loads((target / "program.json").read_text())
    arrays = {name: (file, dtype) for name, (file, dtype) in manifest["arrays"].items()}
    return Program(target, arrays, tuple(manifest["saved"]))


def _toolchain(simulation: Simulation) -> dict[str, Any]:
    """Return backend, architecture, compiler with its flags, flags of the last step."""
    host = compilers.host()
    if shutil.which(host) is None:
        raise InputError(
            f"{host} not found, simulations need a C++ compiler: install the package "
            "build-essential (Debian, Ubuntu) or run xcode-select --install (macOS)"
        )
    if simulation.backend == "cuda":
        architecture = simulation.architecture or gpu.find().architecture
        command, link = cuda.compiler(architecture)
        return {"backend": "cuda", "architecture": architecture, "compiler": command, "link": link}
    flags = [*FLAGS, "-fopenmp"] if simulation.threads > 1 else [*FLAGS]
    march, portable = simulation.march, platform.machine().lower() in ("x86_64", "amd64")
    if march and (portable or march == "native"):
        flags.append(f"-march={march}")
    return {"backend": "cpp", "compiler": [host, *flags], "link": []}


def _digest(request: Mapping[str, Any], uses: Sequence[str]) -> str:
    host = compilers.host()
    told = [_version(one) for one in dict.fromkeys([request["compiler"][0], host])]
    model = request["model"].split(":")[0]
    spec = find_spec(model)
    if spec is None or spec.origin is None:
        raise InputError(f"no model {request['model']}: its module cannot be found")
    own = (model,) if model.startswith("spikedrift.") else ()
    parts = [
        json.dumps(request, sort_keys=True),
        *told,
        platform.machine(),
        version("brian2"),
        version("brian2cuda"),
        json.dumps({name: os.environ[name] for name in HEEDED if name in os.environ}),
        "" if own else Path(spec.origin).read_text(),
        source_digest("spikedrift.simulation.build", *own, *uses),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _version(compiler: str) -> str:
    if (told := compilers.version(compiler)) is None:
        raise InputError(f"{compiler} --version tells nothing: let CXX name a C++ compiler")
    return told


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock file; where the file system has no locks, go on: the rename is still atomic."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            log.info("no file locks in %s", path.parent)
        yield


def _compile(request: Mapping[str, Any], jobs: int, target: Path) -> None:
    log.info("building %s", target.name)
    with _partial(target) as partial:
        asked = json.dumps({**request, "jobs": jobs}, indent=1)
        (partial / "request.json").write_text(asked)
        done = _in_its_own_process(partial)
        if done.returncode or not os.access(partial / "main", os.X_OK):
            raise _failed(f"building {request['model']}", done, target)
        (partial / "build.log").write_text(done.stdout, encoding="utf-8")
        for leftover in partial.glob("*.o"):
            leftover.unlink()
        try:
            partial.rename(target)
        except OSError:  # another process was first, without locks
            if not (target / "program.json").is_file():
                raise


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """Make a directory beside `target` to build in; those of killed processes are removed."""
    begins = f".{target.name}.{platform.node()}."
    for left in target.parent.glob(f"{escape(begins)}*.partial"):
        if not runs(int(left.name.removeprefix(begins).partition(".")[0])):
            shutil.rmtree(left, ignore_errors=True)
    partial = target.with_name(f"{begins}{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _in_its_own_process(partial: Path) -> subprocess.CompletedProcess[str]:
    """Build in a process that finds the modules that this one finds, and no others.

    Brian2's device is global state, and a failed build leaves it broken.
    """
    return subprocess.run(
        [sys.executable, "-P", "-m", "spikedrift.simulation.build", str(partial)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,  # no file: the disk may be full
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={
            **os.environ,
            "LC_ALL": "C",  # compilers say why in English
            "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *filter(None, sys.path)]),
            "TMPDIR": str(partial),
        },
        check=False,
    )


def _failed(what: str, done: subprocess.CompletedProcess[str], target: Path) -> InputError:
    """Say why a build failed, in one line."""
    told = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    for line in told:
        for number in FULL:
            if os.strerror(number) in line:
                refused = disk_error(OSError(number, line), target)
                return DiskError(f"{what} failed: {refused}")
    if done.returncode < 0:
        told.append(f"ended by {signal.Signals(-done.returncode).name}")
    errors = [line for line in told if re.search(r"\b(fatal|error): ", line)]
    ended = f"exit code {done.returncode}" if done.returncode else "the compiler wrote no program"
    said = next(iter([*errors, *told[-1:], ended]))
    return InputError(f"{what} failed: {said}")


class Standalone:
    """The calls by which a model function becomes a program.

    A model creates its groups and synapses, calls `read_session` before anything that draws
    random numbers or uses parameters, and ends with `run_session`.
    """

    def __init__(self) -> None:
        from brian2 import get_device

        self._device = get_device()
        # Brian2CUDA keeps arrays twice; the copy on the GPU counts while the network runs.
        self._on_gpu = type(self._device).__name__ == "CUDAStandaloneDevice"
        self.arrays: dict[str, tuple[str, str]] = {}
        self.saved: list[str] = []

    def _vector(self, group: Any, variable: str) -> tuple[str, str]:
        """Names of an array, in the computer's memory and in the GPU's."""
        name = self._device.get_array_name(group.variables[variable], access_data=False)
        return f"brian::{name}", f"brian::dev{name}" if self._on_gpu else ""

    def keep(self, name: str, group: Any, variable: str) -> None:
        """Name an array that the session leaves behind when it ends."""
        array = group.variables[variable]
        self.arrays[name] = (self._device.get_array_filename(array), np.dtype(array.dtype).name)

    def keep_now(self, name: str, group: Any, variable: str) -> None:
        """Name an array that the session leaves behind as it is now, before the network runs.

        Brian2CUDA drops which cells are connected once no statement needs it any more.
        """
        self.arrays[name] = (name, np.dtype(group.variables[variable].dtype).name)
        vector, _ = self._vector(group, variable)
        self._device.insert_code("main", f'session.write("{name}", {vector});')

    def read_session(self, inputs: Mapping[str, Any]) -> None:
        """Read the seed, the parameters and the spikes of `inputs` (SpikeGeneratorGroups)."""
        lines = ["spikedrift::Session session(brian::results_dir);"]
        for name, group in inputs.items():
            loads = []
            for file, variable in (("index", "neuron_index"), ("step", "_timebins")):
                vector, on_gpu = self._vector(group, variable)
                loads.append(f"session.load({vector}, {file}, size);")
                loads += [f"{on_gpu} = {vector};"] if on_gpu else []
            lines.append(
                f'session.inputs["{name}"] = [&](const auto& index, const auto& step, auto size) '
                f"{{ {' '.join(loads)} }};"
            )
        lines.append("session.prepare();")
        self._device.insert_code("main", "\n".join(lines))

    def run_session(
        self,
        network: Any,
        saved: Mapping[str, tuple[Any, str]],
        watched: Mapping[str, tuple[Any, int]] = MappingProxyType({}),
    ) -> None:
        """Run the steps of the session.

        Parameters
        ----------
        network : Brian2 Network
        saved : mapping of name -> (group, variable)
            What `save` appends to files.
        watched : mapping of population -> (monitor of its spikes, cells of one copy)
            Those that `limit` may name.
        """
        from brian2 import second

        network.run(0 * second)
        lines = []
        for name, (group, variable) in saved.items():
            array, on_gpu = self._vector(group, variable)
            if group.variables[variable].dynamic:  # of synapses
                fetch = f"{array} = {on_gpu}; "
                ends = f"{array}.begin(), {array}.end()"
            else:  # of cells: plain memory
                fetch = (
                    f"cudaMemcpy({array}, {on_gpu}, {len(group)}*sizeof(*{array}), "
                    "cudaMemcpyDeviceToHost); "
                )
                ends = f"{array}, {array} + {len(group)}"
            lines.append(
                f'session.saved["{name}"] = [&] {{ {fetch if on_gpu else ""}'
                f"return std::vector<float>({ends}); }};"
            )
            self.saved.append(name)
        for name, (monitor, size) in watched.items():
            array, on_gpu = self._vector(monitor, "i")
            copy = "thrust::copy" if on_gpu else "std::copy"
            lines.append(
                f'session.watched["{name}"] = {{{len(monitor.source) // size}, {size}, '
                f"[&](std::size_t from) {{ auto& all = {on_gpu or array}; "
                f"std::vector<int32_t> found(all.size() - from); "
                f"{copy}(all.begin() + from, all.end(), found.begin()); return found; }}}};"
            )
        lines.append(f"session.run(brian::{network.name});")
        self._device.insert_code("main", "\n".join(lines))


def _main(directory: Path) -> None:
    gc.disable()  # the process is short, and a seventh of its time would go into it
    import brian2

    request = json.loads((directory / "request.json").read_text())
    on_gpu = request["backend"] == "cuda"
    if on_gpu:
        cuda.select(request["architecture"])
    else:
        brian2.set_device("cpp_standalone", build_on_run=False)
        # Brian2 would ask the compiler for each flag of a makefile that nobody uses.
        brian2.prefs.codegen.cpp.extra_compile_args = []
    if request["threads"] > 1:
        brian2.prefs.devices.cpp_standalone.openmp_threads = request["threads"]
    brian2.defaultclock.dt = request["dt"] * brian2.second
    module, function = request["model"].split(":")
    define: Callable[[Standalone, Mapping[str, Any]], None]
    define = getattr(import_module(module), function)
    standalone = Standalone()
    define(standalone, request["structure"])
    # Named only now, so that the header goes into main and not into every file.
    brian2.prefs.codegen.cpp.headers += [f'"{PACKAGE / "simulation" / "session.h"}"']
    device = brian2.get_device()
    device.build(directory=str(directory), compile=False, run=False)
    for name, values in device.static_arrays.items():  # NumPy's `tofile` notices no full disk
        if (directory / "static_arrays" / name).stat().st_size != values.nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
    compile_project(
        directory,
        ".cu" if on_gpu else ".cpp",
        request["compiler"],
        request["link"],
        1 if on_gpu else request["jobs"],
        [file for file, _ in standalone.arrays.values()],
    )
    manifest = {"arrays": standalone.arrays, "saved": standalone.saved}
    (directory / "program.json").write_text(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
