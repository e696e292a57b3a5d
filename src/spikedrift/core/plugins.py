"""Plug-ins: a file of a folder, found by its name, that defines one object.

The library's own lie in its packages. A user's lie in folders that the configuration names
(`plugins`) or that an installed package offers (entry point of the group `spikedrift.plugins`, a
package), by kind in sub-folders: `measures/cosine.py`. They are imported as if they lay in the
library, `spikedrift.similarity.measures.cosine`. Jobs learn of them by an environment variable.
"""

import json
import os
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

from spikedrift.core.errors import InputError, missing, unknown

KINDS = {  # sub-folder of a user's folder -> package
    "analyses": "spikedrift.analyses",
    "cells": "spikedrift.plasticity.cells",
    "comparators": "spikedrift.rsa.comparators",
    "figures": "spikedrift.figures.analyses",
    "measures": "spikedrift.similarity.measures",
    "networks": "spikedrift.networks",
    "protocols": "spikedrift.plasticity.protocols",
    "rules": "spikedrift.plasticity.rules",
    "sources": "spikedrift.sources",
}
# Packages in which a name of one kind is looked for too: it must not stand twice.
BESIDE = {"spikedrift.figures.analyses": ("spikedrift.figures", "spikedrift.figures.final")}
GROUP = "spikedrift.plugins"
_FOLDERS = "SPIKEDRIFT_PLUGINS"


def use(folders: Sequence[str], where: str = "config: plugins") -> None:
    """Let this process and its jobs find plug-ins of some folders and of installed packages.

    Parameters
    ----------
    folders : sequence of path
        Relative to the working directory.
    where : str
        Begins the message of an error.

    Raises
    ------
    InputError
        For a folder that is not there or has no sub-folder of a kind, a sub-folder that is almost
        named as one, or a file that has the name of one of the library or of another folder.
    """
    for index, folder in enumerate(folders):
        if not Path(folder).is_dir():
            raise missing(f"{where}[{index}]", folder)
        kinds = [path.name for path in Path(folder).iterdir() if path.is_dir()]
        for kind in sorted(set(kinds) - KINDS.keys()):
            if get_close_matches(kind, KINDS):  # others are none of our business
                raise unknown(f"{where}[{index}]: {folder}: no kind of plug-in:", kind, KINDS)
        if not set(kinds) & KINDS.keys():
            raise InputError(
                f"{where}[{index}]: {folder}: holds no plug-ins; they lie in folders by kind: "
                f"{', '.join(KINDS)}"
            )
    given = [str(Path(folder).resolve()) for folder in folders]
    os.environ[_FOLDERS] = json.dumps([*given, *_offered()])
    for package in KINDS.values():
        found: dict[str, Path] = {}
        for place in (p for one in (*BESIDE.get(package, ()), package) for p in folders_of(one)):
            for path in _files(place):
                if path.stem in found:
                    raise InputError(
                        f"{path}: {found[path.stem]} has the same name; rename the plug-in"
                    )
                found[path.stem] = path


def folders_of(package: str) -> list[Path]:
    """Folders that hold the files of a package: the library's, then a user's own."""
    own = Path(__file__).parents[1].joinpath(*package.split(".")[1:])
    kinds = [kind for kind, name in KINDS.items() if name == package]
    given = json.loads(os.environ.get(_FOLDERS) or "[]")
    more = [Path(folder) / kind for folder in given for kind in kinds]
    return [own, *(folder for folder in more if folder.is_dir())]


def _offered() -> list[str]:
    """Folders of installed packages; no plug-in is imported."""
    specs = (util.find_spec(entry.value) for entry in metadata.entry_points(group=GROUP))
    return [place for spec in specs if spec for place in spec.submodule_search_locations or ()]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.stem.startswith("_"))


def names(package: str) -> list[str]:
    """Names of the files of a package, sorted; imports none of them."""
    return sorted(path.stem for folder in folders_of(package) for path in _files(folder))


def file(package: str, name: str) -> Path | None:
    """File of a plug-in, which is not imported; None where there is none."""
    paths = (folder / f"{name}.py" for folder in folders_of(package))
    return next((path for path in paths if path.is_file()), None)


def imported(package: str, name: str) -> Any:
    """Import a file of a package, of the library or of a user's own.

    Raises
    ------
    InputError
        For a file that is no Python.
    """
    places = import_module(package).__path__
    for folder in folders_of(package):
        if str(folder) not in places:
            places.append(str(folder))
    try:
        return import_module(f"{package}.{name}")
    except SyntaxError as error:
        raise InputError(f"{error.filename}: line {error.lineno}: {error.msg}") from None


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
    found = getattr(imported(package, name), attribute, None)
    if not isinstance(found, kind) or getattr(found, "name", name) != name:
        raise InputError(
            f"{what} {name}: its file must define {attribute}, a {kind.__name__} of that name"
        )
    return found
