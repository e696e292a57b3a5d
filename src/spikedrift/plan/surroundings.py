"""What results stand on beside the configuration: code, environments, machine and its compiler."""

import hashlib
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

from spikedrift.core.atomic import write_text
from spikedrift.core.errors import InputError
from spikedrift.simulation import compilers

CODE = ("Snakefile", "config", "envs", "pyproject.toml", "resources", "src", "workflow")
ENVIRONMENTS = ("core", "allensdk", "bayesflow")  # those that results are made in
CPU = Path("/proc/cpuinfo")
MACHINES = Path("results", "machines")


def locks(root: Path) -> dict[str, str]:
    """Sha256 of the lock of every environment that makes results.

    Parameters
    ----------
    root : Path
        Folder of the project.
    """
    files = {name: root / "envs" / f"{name}.lock.txt" for name in ENVIRONMENTS}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}


def code(root: Path) -> dict[str, Any]:
    """The commit of the project, and what of its code and configuration is not as it was committed.

    Parameters
    ----------
    root : Path
        Folder of the project.

    Returns
    -------
    dict
        `commit`, None outside a Git repository of the project's own; `changed`, sha256 of every
        file that differs from the commit or is not in it, None where it was deleted.
    """
    told = _git(root, "rev-parse", "--show-toplevel", "HEAD")
    top, _, commit = (told or "").strip().rpartition("\n")
    if not top or Path(top).resolve() != root.resolve():
        return {"commit": None, "changed": {}}
    listed = _git(root, "status", "--porcelain", "-z", "--no-renames", "-uall", "--", *CODE) or ""
    names = sorted(entry[3:] for entry in listed.split("\0") if entry)
    return {"commit": commit, "changed": {name: _digest(root / name) for name in names}}


def _git(root: Path, *arguments: str) -> str | None:
    """What Git says; None where it does not know the folder, or is not there."""
    # Where Snakemake is called by a hook of Git, these name another repository.
    others = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, env=others, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return None if done.returncode else done.stdout


def _digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def machine() -> dict[str, Any]:
    """What of this machine may move the last bit of a number.

    Returns
    -------
    dict
        `system` with its C library, `python`, `cpu`, `compiler` of C++ as it names itself, and
        `gpu` with driver and compiler. None stands for what is not there.
    """
    library = " ".join(filter(None, platform.libc_ver()))
    told = compilers.version(compilers.host())
    return {
        "system": " ".join(filter(None, [platform.system(), platform.machine(), library])),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cpu": _cpu(),
        "compiler": told and told.splitlines()[0],
        "gpu": _gpu(),
    }


def record() -> None:
    """Record that jobs run on this machine: the one of Snakemake itself, or a node of a cluster.

    Each machine has a file of its own, named by its content, since nodes begin at the same time.

    Raises
    ------
    DiskError
        Where the disk refuses.
    """
    text = json.dumps(machine(), indent=1) + "\n"
    file = MACHINES / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    if not file.is_file():
        write_text(text, file)


def recorded() -> list[Path]:
    """Files of the machines on which jobs ran in the working directory, each as of `machine`."""
    return sorted(MACHINES.glob("[!.]*.json"))


def _cpu() -> str:
    text = CPU.read_text(encoding="utf-8", errors="replace") if CPU.is_file() else ""
    named = (line.partition(":") for line in text.splitlines())
    found = next((value for key, _, value in named if key.strip() == "model name"), "")
    return found.strip() or platform.processor() or platform.machine()


def _gpu() -> str | None:
    """The GPU that simulations take."""
    if shutil.which("nvidia-smi") is None:
        return None
    from spikedrift.simulation import cuda, gpu

    try:
        found = gpu.find()
    except InputError:
        return None
    try:
        compiler = ".".join(map(str, cuda.toolkit()))
    except InputError:
        compiler = "none"
    return f"{found.name}, driver {found.driver}, nvcc {compiler}"
