"""Brian2CUDA projects: what has to be set so that they are written and compiled.

Brian2CUDA 1.0b1 asks for C++11, which CUDA 13 refuses: both compilers are told C++17, which CUDA 11
and 12 know too. No GPU is needed to write and to compile a project. curand's header and library
come with the toolkit or from the Python package nvidia-curand.
"""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from spikedrift.core.errors import InputError
from spikedrift.simulation import compilers
from spikedrift.simulation.compile import compile_project

HOST_FLAGS = ("-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-std=c++17")


def toolkit() -> tuple[int, int]:
    """Return the version of the CUDA toolkit whose nvcc is on PATH.

    Raises
    ------
    InputError
        Without nvcc, or with one that does not say its version.
    """
    if shutil.which("nvcc") is None:
        raise InputError(
            "simulation.backend cuda: nvcc not found: install the CUDA toolkit and put nvcc on PATH"
        )
    found = re.search(r"release (\d+)\.(\d+)", compilers.version("nvcc") or "")
    if found is None:
        raise InputError("simulation.backend cuda: nvcc --version does not tell a release")
    return int(found[1]), int(found[2])


def select(architecture: float = 9.0) -> None:
    """Make cuda_standalone Brian2's device; `architecture` is the compute capability."""
    import brian2 as b
    import brian2cuda  # noqa: F401  (it registers the device)

    major, minor = toolkit() if shutil.which("nvcc") else (13, 0)
    backend = b.prefs.devices.cuda_standalone.cuda_backend
    backend.detect_gpus = False
    backend.gpu_id = 0
    backend.compute_capability = architecture
    backend.cuda_runtime_version = float(f"{major}.{minor}")
    b.prefs.codegen.cpp.extra_compile_args_gcc = list(HOST_FLAGS)
    b.set_device("cuda_standalone", build_on_run=False)


def compiler(architecture: float) -> tuple[list[str], list[str]]:
    """Return nvcc with its flags for a compute capability, and the flags of the last step.

    Raises
    ------
    InputError
        Without nvcc.
    """
    toolkit()
    command = ["nvcc", "-ccbin", compilers.host(), "-std=c++17", "-w", "-rdc=true"]
    command += [f"-arch=sm_{architecture * 10:.0f}", "-use_fast_math"]
    command += ["-Xcompiler", " ".join(HOST_FLAGS)]
    include, library = _curand()
    return [*command, *include], library


def compile_cuda(directory: Path, architecture: float = 9.0) -> None:
    """Compile a project that cuda_standalone wrote to the program `main`.

    Raises
    ------
    InputError
        Without nvcc.
    subprocess.CalledProcessError
        Where nvcc fails; its own output says why.
    """
    command, link = compiler(architecture)
    compile_project(directory, ".cu", command, link)


def _curand() -> tuple[list[str], list[str]]:
    """Flags that find curand: those of the Python package, or none where the toolkit has it."""
    spec = find_spec("nvidia")
    for folder in spec.submodule_search_locations or [] if spec else []:
        for header in Path(folder).rglob("curand.h"):
            library = next(header.parents[1].glob("lib*/libcurand.so.*"))
            found = ["-L", str(library.parent), f"-l:{library.name}"]
            return ["-I", str(header.parent)], [*found, "-Xlinker", f"-rpath={library.parent}"]
    return [], ["-lcurand"]
