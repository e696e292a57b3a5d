"""What a Python file says, without comments and layout, kept from one start to the next.

Reading the library's syntax trees takes a quarter of a start of Snakemake, and a job on a cluster
starts it twice. What is kept follows from the text of a file alone and is found by its digest, so
that it cannot be out of date.
"""

import ast
import atexit
import hashlib
import json
import os
import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from spikedrift.core.atomic import replacing
from spikedrift.core.errors import DiskError

_NAMED = re.compile(r"Path\(__file__\)\.parents\[(\d+)\]((?: / '[^']+')+)")
_MOST = 5000  # files; what a library has in many versions


class Made(NamedTuple):
    """The call that makes an object, `Measure("euclidean", code="rate")`.

    Attributes
    ----------
    positional : source of each argument; None for one that is no literal
    named : name and source of each argument, likewise
    """

    positional: tuple[str | None, ...]
    named: tuple[tuple[str, str | None], ...]


class Syntax(NamedTuple):
    """What a file says.

    Attributes
    ----------
    digest : of the syntax tree
    imported : names of modules that it may import; `from a import b` gives a and a.b
    named : files that it names relative to its own place, each as the number of folders to go up
        and the path from there
    defined : what each name is that the file defines at its top level; None where no call makes it
    """

    digest: str
    imported: tuple[str, ...]
    named: tuple[tuple[int, str], ...]
    defined: dict[str, Made | None]


def syntax(path: Path) -> Syntax:
    """Read a file.

    Raises
    ------
    SyntaxError
        Where it is not Python.
    """
    text = path.read_bytes()
    kept, key = _kept(), hashlib.sha256(text).hexdigest()
    if key not in kept:
        kept[key] = _read(text, path)
    return kept[key]


def _read(text: bytes, path: Path) -> Syntax:
    tree = ast.parse(text, str(path))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
    values = (node.value for node in tree.body if isinstance(node, ast.Assign))
    written = (ast.unparse(value) for value in values if isinstance(value, ast.BinOp))
    named = tuple(
        (int(match[1]), "/".join(re.findall("'([^']+)'", match[2])))
        for match in map(_NAMED.fullmatch, written)
        if match
    )
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    defined: dict[str, Made | None] = {}
    for statement in tree.body:
        for name in _names(statement):
            defined.setdefault(name, _made(getattr(statement, "value", None)))
    return Syntax(digest, tuple(sorted(imported)), named, defined)


def _names(statement: ast.stmt) -> list[str]:
    """Names of the values, function or class that a statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _made(value: ast.expr | None) -> Made | None:
    if not isinstance(value, ast.Call):
        return None
    named = tuple((one.arg, _literal(one.value)) for one in value.keywords if one.arg)
    return Made(tuple(map(_literal, value.args)), named)


def _literal(value: ast.expr) -> str | None:
    """Source of a literal."""
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError):
        return None
    return ast.unparse(value)


@cache
def _kept() -> dict[str, Syntax]:
    """What earlier starts read; what this one adds is written when it ends."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # no home
        return {}
    # Another version of Python may dump a tree in other words, and other code reads otherwise.
    own = hashlib.sha256(sys.version.encode() + Path(__file__).read_bytes()).hexdigest()[:16]
    file = Path(base) / "spikedrift" / f"syntax.{own}.json"
    found: dict[str, Syntax] = {}
    with suppress(OSError, ValueError, TypeError, AttributeError):  # not there, or damaged
        for key, (digest, imported, named, defined) in json.loads(file.read_bytes()).items():
            places = tuple((int(up), str(path)) for up, path in named)
            calls = {name: call and _called(*call) for name, call in defined.items()}
            found[key] = Syntax(digest, tuple(imported), places, calls)
    if len(found) > _MOST:
        found.clear()
    atexit.register(_keep, found, len(found), file)
    return found


def _called(positional: list[str | None], named: list[tuple[str, str | None]]) -> Made:
    return Made(tuple(positional), tuple((name, value) for name, value in named))


def _keep(found: dict[str, Syntax], before: int, file: Path) -> None:
    if len(found) > before:
        with suppress(OSError, DiskError), replacing(file) as temporary:
            temporary.write_text(json.dumps(found))
