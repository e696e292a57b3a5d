"""Which code and which versions made a result.

Snakemake reruns a rule when its script changes but not when a module that the script imports does.
Each rule therefore carries `script_digest(...)` of its script's imports as a param: an edited
measure reruns what depends on it and nothing else. The digest also covers what else a module takes
its numbers from: the versions of the packages that compute or draw, and the files of the project
that it names.
"""

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

import spikedrift
from spikedrift.core import plugins
from spikedrift.core.syntax import syntax

ROOT = Path(spikedrift.__file__).parent
# Packages that compute, draw, or say what a file means, by the name under which they are imported.
NUMERICAL = {
    "brian2": "brian2",
    "brian2cuda": "brian2cuda",
    "elephant": "elephant",
    "matplotlib": "matplotlib",
    "numba": "numba",
    "numpy": "numpy",
    "pandas": "pandas",
    "pynwb": "pynwb",
    "pyspike": "pyspike",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "statsmodels": "statsmodels",
    "xarray": "xarray",
}
# Modules that change no result: they make a job's log, its end and the words of its errors.
AROUND = {f"spikedrift.core.{name}" for name in ("disk", "errors", "interrupts", "job")}
PACKAGES = (*sorted(NUMERICAL.values()), "snakemake")


@cache
def _path(module: str) -> Path | None:
    """File of a spikedrift module or package; None where the name is no module."""
    stem = ROOT.joinpath(*module.split(".")[1:])
    for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
        if candidate.is_file():
            return candidate
    package, _, name = module.rpartition(".")
    mine = any(package in packages for packages in plugins.KINDS.values())
    return plugins.file(package, name) if mine else None


@cache
def _parsed(path: Path) -> tuple[str, tuple[str, ...]]:
    """Digest of a file (comments and layout do not count), and what it imports of the library.

    The digest covers the versions of the numerical packages that the file imports, and the files
    that it carries.
    """
    said = syntax(path)
    packages = {name.split(".")[0] for name in said.imported}
    content = hashlib.sha256(said.digest.encode())
    for package in sorted(packages & NUMERICAL.keys()):
        content.update(f"{package} {_version(NUMERICAL[package])}".encode())
    for other in carried(path):
        content.update(other.read_bytes())
    inside = tuple(name for name in said.imported if name.split(".")[0] == "spikedrift")
    return content.hexdigest(), inside


def carried(path: Path) -> list[Path]:
    """Files that count as part of a module, beside its own.

    These are the files that it names relative to its own place (`Path(__file__).parents[3] / "a" /
    "b"`) and, for a package, those in its folder that are not Python, such as a C++ header.

    Parameters
    ----------
    path : Path
        File of the module.
    """
    beside: list[Path] = []
    if path.name == "__init__.py":
        beside = sorted(p for p in path.parent.iterdir() if p.is_file() and p.suffix != ".py")
    found = (path.resolve().parents[up] / name for up, name in syntax(path).named)
    return [*beside, *(file for file in found if file.is_file())]


@cache
def _version(package: str) -> str:
    return metadata.version(package)


def file_of(module: str) -> Path:
    """File of a spikedrift module or package, a user's own plug-in included.

    Raises
    ------
    ModuleNotFoundError
        Where a module has no file.
    """
    path = _path(module)
    if path is None:
        raise ModuleNotFoundError(f"no source file for {module}")
    return path


def closure(*modules: str) -> dict[str, Path]:
    """Files of named modules and of all spikedrift modules that they import, directly or not."""
    found: dict[str, Path] = {}
    queue = list(modules)
    while queue:
        module = queue.pop()
        path = _path(module)
        if path is None or module in found or module in AROUND:
            continue
        found[module] = path
        queue.extend(_parsed(path)[1])
        # Importing a.b.c runs the __init__ of a and of a.b.
        if "." in module:
            queue.append(module.rpartition(".")[0])
    return found


@cache
def source_digest(*modules: str) -> str:
    """Digest of the named spikedrift modules and all that they import, 16 hex digits.

    Modules loaded by name at run time (a measure, a figure) are not seen in the imports: name
    them as well.

    Raises
    ------
    ModuleNotFoundError
        Where a named module has no file.
    """
    for module in modules:
        file_of(module)
    lines = [f"{name} {_parsed(path)[0]}" for name, path in sorted(closure(*modules).items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def script_digest(script: Path, *plugins: str) -> str:
    """Digest of the spikedrift modules that a script imports, and of plug-ins.

    Parameters
    ----------
    script : Path
        Its own text does not count: Snakemake itself sees that the script was edited.
    *plugins : str
        Modules that the job loads by name.

    Raises
    ------
    ModuleNotFoundError
        Where a plug-in has no file.
    """
    imported = [name for name in _parsed(script)[1] if _path(name) is not None]
    return source_digest(*imported, *plugins)


def versions() -> dict[str, str]:
    """Installed versions of spikedrift and of the packages that results depend on."""
    found = {name: _version(name) for name in PACKAGES}
    return {"spikedrift": spikedrift.__version__, **found}
