"""Options with some values changed, by dotted keys."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic_core import to_jsonable_python

from spikedrift.config.base import Options
from spikedrift.config.check import validated
from spikedrift.core.errors import unknown


def override[T: Options](options: T, changes: Mapping[str, Any], where: str) -> T:
    """Return options with some values changed.

    Parameters
    ----------
    options : Options
    changes : mapping of dotted key -> value
        Parts of the key are field names and, in lists, indices: `phases.6.background`.
    where : str
        Begins the message of an error.

    Raises
    ------
    InputError
        For a key that is no option (naming the nearest) or a value that is not allowed.
    """
    return validated(type(options), changed(whole(options), changes, where), where)


def changed(tree: Mapping[str, Any], changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Do as `override` for the values of options (`whole`), which are not checked; a copy.

    Of thousands of networks that change the same options, these are taken apart once.

    Raises
    ------
    InputError
        For a key that is no option (naming the nearest).
    """
    found: dict[str, Any] = _copied(tree)
    for key, value in changes.items():
        node: Any = found
        *parents, last = key.split(".")
        for part in parents:
            node = node[place(node, part, key, where)]
        # Parameters of a rule are free names; they are checked where they are used.
        free = isinstance(node, dict) and parents[-1:] == ["parameters"]
        # A later key may change a part of this value, which is the caller's.
        node[last if free else place(node, last, key, where)] = deepcopy(value)
    return found


def _copied(node: Any) -> Any:
    """Copy lists and mappings; what they hold are values of JSON, which nothing changes."""
    if isinstance(node, Mapping):
        return {key: _copied(value) for key, value in node.items()}
    return [_copied(value) for value in node] if isinstance(node, list) else node


def whole(options: Options) -> dict[str, Any]:
    """Return options as JSON values, those too that are left out where they are not given."""
    tree = options.model_dump(mode="json")
    for name in type(options).model_fields:
        value = getattr(options, name)
        if isinstance(value, Options):
            tree[name] = whole(value)
        elif isinstance(value, tuple) and any(isinstance(one, Options) for one in value):
            tree[name] = [whole(one) if isinstance(one, Options) else one for one in value]
        elif name not in tree:
            tree[name] = to_jsonable_python(value)
    return tree


def place(node: Any, part: str, key: str, where: str) -> str | int:
    """Key or index by which one part of a dotted key is found in a mapping or a list.

    Raises
    ------
    InputError
        For a part that is not there, naming the nearest.
    """
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return int(part)
    if isinstance(node, dict) and part in node:
        return part
    known = list(node) if isinstance(node, dict) else []
    if isinstance(node, list):
        known = [str(index) for index in range(len(node))]
    raise unknown(f"{where}: {key}: unknown option", part, known)
