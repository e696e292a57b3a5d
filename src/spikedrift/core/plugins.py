"""Plug-ins: files that are found by their names and define one object each.

Each kind is one `Plugins`, which stands where the type of its objects is defined. The library's own
plug-ins lie in its packages. A user's lie in folders that the configuration names (`plugins`), or
in a package that is installed and offered by an entry point of the group `spikedrift.plugins`; each
folder has a sub-folder for each kind: `measures/cosine.py`. They are imported as if they lay in the
library: `spikedrift.similarity.measures.cosine`. Jobs learn of the folders by an environment
variable.
"""

import ast
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from importlib import import_module, metadata, util
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

from spikedrift.core.errors import InputError, missing, unknown
from spikedrift.core.syntax import Made, syntax

# Sub-folder of a user's folder -> packages in which a name of the kind is looked for; a user's own
# files are imported as if they lay in the first.
KINDS = {
    "analyses": ("spikedrift.analyses",),
    "cells": ("spikedrift.cells.models",),
    "comparators": ("spikedrift.rsa.comparators",),
    "figures": ("spikedrift.figures.analyses", "spikedrift.figures", "spikedrift.figures.final"),
    "measures": ("spikedrift.similarity.measures",),
    "networks": ("spikedrift.networks.models",),
    "protocols": ("spikedrift.plasticity.protocols",),
    "rules": ("spikedrift.plasticity.rules",),
    "sources": ("spikedrift.sources",),
}
GROUP = "spikedrift.plugins"
_FOLDERS = "SPIKEDRIFT_PLUGINS"
_LIBRARY = Path(__file__).parents[1]


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
        For a folder that is not there or has no sub-folder of a kind, a sub-folder whose name is
        almost that of a kind, or a file that has the name of a file of the library or of another
        folder.
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
    os.environ[_FOLDERS] = json.dumps([*given, *_offered(tuple(sys.path))])
    for packages in KINDS.values():
        found: dict[str, Path] = {}
        # A user's files, in the first package, come last, so that the error names them.
        for place in (one for package in reversed(packages) for one in folders_of(package)):
            for name in sorted(_names(place)):
                path = place / f"{name}.py"
                if name in found:
                    raise InputError(f"{path}: {found[name]} has the same name; rename the plug-in")
                found[name] = path


def folders_of(package: str) -> list[Path]:
    """Folders that hold the files of a package: the library's, then a user's own."""
    own, *more = _places(package, os.environ.get(_FOLDERS) or "[]")
    return [own, *(folder for folder in more if folder.is_dir())]


@cache
def _places(package: str, given: str) -> list[Path]:
    """Where files of a package may lie: in the library, and in the folders that JSON gives."""
    own = _LIBRARY.joinpath(*package.split(".")[1:])
    kinds = [kind for kind, (first, *_) in KINDS.items() if first == package]
    return [own, *(Path(folder) / kind for folder in json.loads(given) for kind in kinds)]


@cache
def _offered(path: tuple[str, ...]) -> list[str]:
    """Folders of the packages that are installed on `sys.path`; no plug-in is imported.

    All packages are looked at, which takes longer than all else that a configuration asks for.
    """
    del path
    specs = (util.find_spec(entry.value) for entry in metadata.entry_points(group=GROUP))
    return [place for spec in specs if spec for place in spec.submodule_search_locations or ()]


def _names(folder: Path) -> list[str]:
    # Every point of a sweep asks anew, and paths would take several times as long as names.
    listed = os.listdir(folder)  # noqa: PTH208
    return [name[:-3] for name in listed if name.endswith(".py") and name[0] not in "._"]


def names(package: str) -> list[str]:
    """Names of the files of a package, sorted; imports none of them."""
    return sorted(name for folder in folders_of(package) for name in _names(folder))


def file(package: str, name: str) -> Path | None:
    """File of a plug-in, None where there is none; the file is not imported."""
    paths = (folder / f"{name}.py" for folder in folders_of(package))
    return next((path for path in paths if path.is_file()), None)


def parsed(path: Path) -> ast.Module:
    """Syntax tree of a file, which is not imported.

    Raises
    ------
    InputError
        For a file that is not valid Python.
    """
    return _tree(path.read_text(encoding="utf-8"), path)


@cache
def _tree(text: str, path: Path) -> ast.Module:
    try:
        return ast.parse(text, str(path))
    except SyntaxError as error:
        raise _torn(error) from None


def _torn(error: SyntaxError) -> InputError:
    return InputError(f"{error.filename}: line {error.lineno}: {error.msg}")


def _defined(path: Path, attribute: str) -> dict[str, Made | None]:
    """What a file that names an attribute defines at its top level."""
    # A file beside plug-ins that does not even name it is none, valid Python or not.
    if attribute.encode() not in path.read_bytes():
        return {}
    try:
        return syntax(path).defined
    except SyntaxError as error:
        raise _torn(error) from None


@dataclass(frozen=True)
class Plugins[T]:
    """A kind of plug-in: where its files lie and what each of them defines.

    Attributes
    ----------
    folder : str
        Sub-folder of a user's folder, a key of `KINDS`.
    attribute : str
        Name of the object that a file defines: `RULE`.
    kind : type
        Type of the object. If the object has a `name`, that must be the file's.
    what : str
        Words for messages: `plasticity rule`.
    mixed : bool
        Whether other files lie beside them; then only files that define the attribute count.
    """

    folder: str
    attribute: str
    kind: type[T]
    what: str
    mixed: bool = False

    @property
    def package(self) -> str:
        """Package of the files, a user's own included."""
        return KINDS[self.folder][0]

    @cached_property
    def _arguments(self) -> tuple[str, ...]:
        """Names of the arguments that make an object of the kind, in order."""
        return tuple(signature(self.kind).parameters)

    def names(self) -> list[str]:
        """Names of all, sorted; none of them is imported."""
        packages = KINDS[self.folder]
        return sorted(one for each in packages for one in names(each) if self._counts(each, one))

    def file(self, name: str) -> Path:
        """File of a plug-in, which is not imported.

        Raises
        ------
        InputError
            Naming the nearest, where there is none of that name.
        """
        return self._found(name)[1]

    def literal(self, name: str, argument: str) -> Any:
        """Value of an argument with which a file makes its object; nothing is imported.

        `literal("spikeship", "code")` is "timing" if the file holds `MEASURE = Measure(...,
        code="timing")`. None where the argument is left out, or is no literal.

        Raises
        ------
        InputError
            Where there is no plug-in of that name, or its file is not valid Python.
        """
        value = self._given(name).get(argument)
        return None if value is None else ast.literal_eval(value)

    def gives(self, name: str, argument: str) -> bool:
        """Whether a file makes its object with an argument; nothing is imported.

        Raises
        ------
        InputError
            As `literal`.
        """
        return argument in self._given(name)

    def _given(self, name: str) -> dict[str, str | None]:
        """Arguments with which a file makes its object: the source of each that is a literal."""
        made = _defined(self.file(name), self.attribute).get(self.attribute)
        if made is None:
            return {}
        given = zip(self._arguments, made.positional, strict=False)
        return dict(given) | dict(made.named)

    def module(self, name: str) -> ModuleType:
        """Import the file of a plug-in, of the library or of a user's own.

        Raises
        ------
        InputError
            Naming the nearest, where there is none of that name; for a file that is not valid
            Python.
        """
        if imported := self._imported(name):
            return imported
        package, _ = self._found(name)
        places = import_module(package).__path__
        for folder in folders_of(package):
            if str(folder) not in places:
                places.append(str(folder))
        try:
            return import_module(f"{package}.{name}")
        except SyntaxError as error:
            raise _torn(error) from None

    def get(self, name: str) -> T:
        """Return the object that the file of a plug-in defines.

        Raises
        ------
        InputError
            As `module`; also for a file without the object, or whose object has another name.
        """
        found = getattr(self.module(name), self.attribute, None)
        called = getattr(found, "name", name)
        if isinstance(found, self.kind) and called == name:
            return found
        fault = f"calls it {called!r}; give it the name of its file"
        if not isinstance(found, self.kind):
            fault = f"must define {self.attribute}, a {self.kind.__name__}"
        raise InputError(f"{self.what} {name}: {self.file(name)} {fault}")

    def _imported(self, name: str) -> ModuleType | None:
        """Return the module of a plug-in that is imported already, from a folder that counts now.

        A plan asks for each some hundred times, and every other way to it lists folders.
        """
        for package in KINDS[self.folder]:
            found = sys.modules.get(f"{package}.{name}")
            if (
                found is not None
                and isinstance(getattr(found, self.attribute, None), self.kind)
                and found.__file__
                in [f"{folder}{os.sep}{name}.py" for folder in folders_of(package)]
            ):
                return found
        return None

    def _counts(self, package: str, name: str) -> bool:
        if not self.mixed:
            return True
        path = file(package, name)
        return path is not None and self.attribute in _defined(path, self.attribute)

    def _found(self, name: str) -> tuple[str, Path]:
        """Package and file of a plug-in."""
        for package in KINDS[self.folder]:
            # Look among the names: not every text can be the name of a file.
            there = (at / f"{name}.py" for at in folders_of(package) if name in _names(at))
            path = next(there, None)
            if path is not None and self._counts(package, name):
                return package, path
        raise unknown(f"unknown {self.what}", name, self.names())
