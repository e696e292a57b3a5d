"""Read a YAML or JSON file as plain data; an error is one line with file, line and fault."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from spikedrift.config.plain import DEEPEST
from spikedrift.core.errors import InputError

LARGEST_FILE = 10_000_000  # bytes; a configuration has thousands


class _Loader(yaml.CSafeLoader):
    """Plain data only; a key that stands twice is an error, and 1e-3 is a number as in YAML 1.2."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                problem = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:  # a date that does not exist, an integer of 5,000 digits
            raise yaml.constructor.ConstructorError(
                None, None, str(error).partition(";")[0], node.start_mark
            ) from None


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def read(path: str | Path) -> dict[str, Any]:
    """Read a file that holds one mapping.

    Parameters
    ----------
    path : path

    Raises
    ------
    InputError
        Where there is no such file, it is not text, or not YAML or JSON with a mapping at the top,
        or a key stands twice; names the line where one is at fault.
    """
    content = text(path)
    try:
        _look_at_depth(content, path)
        found = yaml.load(content, Loader=_Loader)
    except yaml.YAMLError as error:
        raise InputError(f"{path}{_said(error)}") from None
    if not isinstance(found, dict):
        what = "is empty" if found is None else "holds no keys at the top"
        raise InputError(f"{path}: {what}; it has to be a mapping, `key: value`")
    return found


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings; `above` wins, key by key in mappings and as a whole in lists and values."""
    found = dict(below)
    for key, value in above.items():
        held = found.get(key)
        if isinstance(value, Mapping) and isinstance(held, Mapping):
            value = merged(held, value)
        found[key] = value
    return found


def text(path: str | Path) -> str:
    """Read a small UTF-8 file, without a byte order mark.

    Raises
    ------
    InputError
        Where it cannot be read, is too large for what people write, or is not UTF-8.
    """
    try:
        if Path(path).is_dir():
            raise InputError(f"{path}: is a directory; name a file")
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{str(path)[:200]}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE:
        raise InputError(
            f"{path}: {len(content) / 1e6:.0f} MB are too many for a file of this kind"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: is not UTF-8; save the file as UTF-8") from None


def _look_at_depth(content: str, path: str | Path) -> None:
    """Refuse what nests so deep that a parser would give up."""
    depth = 0
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InputError(f"{path}{_line(event.start_mark)}: is nested more than {DEEPEST} deep")


def _line(mark: Any) -> str:
    return "" if mark is None else f", line {mark.line + 1}"


def _said(error: yaml.YAMLError) -> str:
    """Line and fault of a parser's error."""
    line = _line(getattr(error, "problem_mark", None))
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    if "character" in problem and "token" in problem:
        problem += "; indent with spaces, no tabs, and quote text that begins with a sign"
    return f"{line}: {problem}"
