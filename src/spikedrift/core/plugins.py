"""Plug-ins: a file of a folder, found by its name, that defines one object."""

from importlib import import_module
from pathlib import Path
from typing import Any

from spikedrift.core.errors import InputError, unknown


def names(package: str) -> list[str]:
    """Names of the files of a package, sorted; imports none of them."""
    folder = Path(__file__).parents[1].joinpath(*package.split(".")[1:])
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def module(name: str, *packages: str) -> str:
    """Dotted name of a file of several packages; the first that has it.

    Raises
    ------
    InputError
        Naming the nearest, where none has it.
    """
    for package in packages:
        if name in names(package):
            return f"{package}.{name}"
    raise unknown("no file of that name", name, [one for each in packages for one in names(each)])


def load(package: str, name: str, attribute: str, kind: type, what: str) -> Any:
    """Return the object that a file defines.

    Parameters
    ----------
    package : str
        `spikedrift.plasticity.rules`
    name : str
    attribute : str
        Name of the object, `RULE`.
    kind : type
        What it must be.
    what : str
        Words for messages: `plasticity rule`.

    Raises
    ------
    InputError
        Naming the nearest, where there is no such file; or for a file without the object.
    """
    if name not in names(package):
        raise unknown(f"unknown {what}", name, names(package))
    found = getattr(import_module(f"{package}.{name}"), attribute, None)
    if not isinstance(found, kind) or getattr(found, "name", name) != name:
        raise InputError(
            f"{what} {name}: its file must define {attribute}, a {kind.__name__} of that name"
        )
    return found
