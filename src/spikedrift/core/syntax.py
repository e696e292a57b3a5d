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


class Syntax(NamedTuple):
    """What a file says.

    Attributes
    ----------
    digest : of the syntax tree
    imported : names of modules that it may import; `from a import b` gives a and a.b
    named : files that it names relative to its own place, each as the number of folders to go up
        and the path from there
    """

    digest: str
    imported: tuple[str, ...]
    named: tuple[tuple[int, str], ...]


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
    return Syntax(digest, tuple(sorted(imported)), named)


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
        for key, (digest, imported, named) in json.loads(file.read_bytes()).items():
            places = tuple((int(up), str(path)) for up, path in named)
            found[key] = Syntax(digest, tuple(imported), places)
    if len(found) > _MOST:
        found.clear()
    atexit.register(_keep, found, len(found), file)
    return found


def _keep(found: dict[str, Syntax], before: int, file: Path) -> None:
    if len(found) > before:
        with suppress(OSError, DiskError), replacing(file) as temporary:
            temporary.write_text(json.dumps(found))
