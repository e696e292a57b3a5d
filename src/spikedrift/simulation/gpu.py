"""The GPU of this machine, as nvidia-smi reports it, and whether a batch should run on it."""

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import InputError
from spikedrift.simulation import cuda

log = logging.getLogger(__name__)

# Number of cells from which on a step takes less time on a GPU than on a core: a kernel launch
# takes some microseconds however little it does. An estimate, not measured.
WORTH_CELLS = 10_000
USABLE = 0.9  # of the free memory
WAIT = 60.0  # s
WHERE = "simulation.backend cuda"


@dataclass(frozen=True)
class Gpu:
    """A GPU.

    Attributes
    ----------
    name : str
    architecture : float
        Compute capability.
    driver : str
    cuda : tuple of int
        The newest CUDA that the driver runs.
    free : int
        Memory, bytes.
    """

    name: str
    architecture: float
    driver: str
    cuda: tuple[int, int]
    free: int


def find() -> Gpu:
    """Return the GPU that CUDA would take: the first that is visible to it.

    Raises
    ------
    InputError
        Without one, saying what nvidia-smi said.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip()
    if visible in ("", "-1"):
        raise InputError(f"{WHERE}: CUDA_VISIBLE_DEVICES hides every GPU")
    if shutil.which("nvidia-smi") is None:
        raise InputError(f"{WHERE}: no GPU: nvidia-smi, which comes with the driver, is not there")
    fields = "--query-gpu=name,compute_cap,driver_version,memory.free"
    told = _ask("-i", visible, fields, "--format=csv,noheader,nounits")
    version = re.search(r"CUDA[^:|]*Version\s*:\s*(\d+)\.(\d+)", _ask())
    try:
        name, architecture, driver, free = (x.strip() for x in told.splitlines()[0].split(","))
        return Gpu(
            name,
            float(architecture),
            driver,
            (int(version[1]), int(version[2])) if version else (0, 0),
            int(free) * 2**20,
        )
    except (ValueError, IndexError):
        raise InputError(f"{WHERE}: nvidia-smi told {told.strip()!r}, not a GPU") from None


def _ask(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["nvidia-smi", *arguments], capture_output=True, text=True, check=False, timeout=WAIT
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{WHERE}: no GPU: nvidia-smi said nothing for {WAIT:g} s") from None
    if done.returncode:
        said = (done.stdout or done.stderr).strip().splitlines()
        raise InputError(f"{WHERE}: no GPU: nvidia-smi said {' '.join(said[:1])!r}")
    return done.stdout


def check(gpu: Gpu, toolkit: tuple[int, int], need: int) -> None:
    """Refuse a GPU that cannot run what the toolkit compiles, or has too little memory.

    Parameters
    ----------
    gpu : Gpu
    toolkit : (major, minor)
    need : int
        Memory, bytes.

    Raises
    ------
    InputError
        Where driver, compute capability or free memory do not suffice.
    """
    # Within a major version, an older driver runs what a newer toolkit compiles.
    if gpu.cuda[0] < toolkit[0]:
        raise InputError(
            f"{WHERE}: driver {gpu.driver} runs CUDA up to {gpu.cuda[0]}.{gpu.cuda[1]}, nvcc is of "
            f"CUDA {toolkit[0]}.{toolkit[1]}: update the driver or take an older toolkit"
        )
    least = 7.5 if toolkit[0] >= 13 else 6.0
    if gpu.architecture < least:
        raise InputError(
            f"{WHERE}: {gpu.name} has compute capability {gpu.architecture}, CUDA {toolkit[0]} "
            f"with Brian2CUDA needs {least}: use another GPU or backend cpp"
        )
    if need > USABLE * gpu.free:
        raise InputError(
            f"{WHERE}: needs about {need / 2**30:.1f} GiB of GPU memory, {gpu.name} has "
            f"{gpu.free / 2**30:.1f} GiB free: fewer runs in a batch, or shorter sessions"
        )


def resolve(simulation: Simulation, n_cells: int, need: Callable[[], int]) -> Simulation:
    """Say where a batch runs: the options with `backend` cpp or cuda, and the architecture.

    Parameters
    ----------
    simulation : Simulation
        With backend `auto`, cuda is taken where there is a GPU that can run the batch and the batch
        has enough cells for it.
    n_cells : int
        Number of cells of all copies.
    need : callable
        Gives the memory on the GPU, bytes. It is asked where there is one: parsing the synapses of
        a network takes a second.

    Raises
    ------
    InputError
        With backend cuda, where this machine cannot run it.
    """
    if simulation.backend == "cpp":
        return simulation
    try:
        if simulation.backend == "auto" and n_cells < WORTH_CELLS:
            raise InputError(f"{n_cells} cells are fewer than {WORTH_CELLS}")
        gpu = find()
        needed = need()
        check(gpu, cuda.toolkit(), needed)
    except InputError as error:
        if simulation.backend == "cuda":
            raise
        log.info("backend cpp: %s", error)
        return simulation.model_copy(update={"backend": "cpp"})
    log.info("backend cuda: %s, about %.2g GiB of its memory", gpu.name, needed / 2**30)
    architecture = simulation.architecture or gpu.architecture
    return simulation.model_copy(update={"backend": "cuda", "architecture": architecture})
