"""The reference of all config keys, written from the models: `python -m ...config.document`."""

import json
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from spikedrift.config.analyses import OPTIONS as ANALYSES
from spikedrift.config.base import Options
from spikedrift.config.networks import OPTIONS as NETWORKS
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.recordings import OPTIONS as SOURCES
from spikedrift.config.root import Config
from spikedrift.config.similarity import OPTIONS as MEASURES

OPENING = """\
# Configuration

A config file is one YAML mapping. `config.yaml` is the embedded default, read when no
`--configfile` is given; `minimal-nwb.yaml` and `minimal-sweep.yaml` are for a first look, and
`allen-gratings.yaml` takes a real recording. A file given with `--configfile` stands alone: nothing
of the embedded default is mixed in. Single keys can be set on the command line,
`--config seed=7 fetch='{mirror: path}'`.

Unknown keys, wrong types and values out of bounds are refused with one line that names the key;
a key that stands twice, with its line. A file given with `--configfile` is read by Snakemake first:
where it is no YAML, Snakemake says that and no line, and where it is not there, it ends in a
traceback whose last line names it. YAML reads unquoted `yes`, `no`, `on` and `off` as true and
false, which are no numbers and no names. Numbers are finite, and integers have 64 bits at most.
Lists (recordings, selections, measures, analyses, sweeps, comparisons) hold named entries; a name
is a file or folder of results.

An editor with a YAML language server (the YAML extension of VS Code, Neovim, Emacs, Helix)
completes keys and marks faults by `schema.json`: let a file begin with
`# yaml-language-server: $schema=` and the path from the file to it, as those here do. With plug-ins
of your own, write a schema that knows their options:
`python -m spikedrift.config.schema my_plugins > schema.json`.

This page is written from the models in `src/spikedrift/config/`, and of networks in their files in
`src/spikedrift/networks/models/`, which hold the defaults:
`python -m spikedrift.config.document > config/README.md`. So is the schema:
`python -m spikedrift.config.schema > config/schema.json`.
"""


def document() -> str:
    """Markdown with one table per block of the configuration."""
    sections = [OPENING, *_sections("Top level", Config, "")]
    kinds: tuple[tuple[str, str, Mapping[str, type[BaseModel]]], ...] = (
        ("source", "recordings[].options", SOURCES),
        ("measure", "similarity.measures[].options", MEASURES),
        ("analysis", "analyses[].options", ANALYSES),
        ("network", "sweeps[].options", NETWORKS),
    )
    for kind, key, models in kinds:
        for name, model in models.items():
            of = f" of {kind} `{name}`"
            sections += _sections(f"`{key}`{of}", model, key, of)
    return "\n".join(sections)


def _sections(title: str, model: type[BaseModel], path: str, of: str = "") -> Iterator[str]:
    """Section of a model and those of its blocks, whose titles end alike."""
    lines = [f"## {title}\n"]
    if summary := _summary(model):
        lines.append(summary + "\n")
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    inner: list[tuple[str, type[BaseModel], list[str]]] = []
    for name, field in _own(model).items():
        nested = _nested(field.annotation)
        at = f"{path}.{name}" if path else name
        default = _nested_default(field) if nested else _default(field)
        meaning = field.description or (_summary(nested).replace("\n", " ") if nested else "")
        lines.append(f"| `{name}` | {_type(field)} | {default} | {meaning} |")
        if nested:
            key = at + ("[]" if _is_list(field.annotation) else "")
            inner.append((key, nested, _listed(at, field)))
    yield "\n".join(lines) + "\n"
    for key, nested, entries in inner:
        yield from _sections(f"`{key}`{of}", nested, key, of)
        yield from entries


def _own(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Keys of a block; of a network, without those that every network has with these defaults."""
    network = issubclass(model, NetworkOptions) and model is not NetworkOptions
    shared = NetworkOptions.model_fields if network else {}
    return {
        name: field
        for name, field in model.model_fields.items()
        if name not in shared or field.default != shared[name].default
    }


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", "\n")


def _nested_default(field: FieldInfo) -> str:
    """Default of a block or of a list of blocks; entries of a list come after the block."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if not value:
        return f"`{json.dumps(value)}`"
    if not isinstance(value, BaseModel):
        return "see below"
    given = value.model_dump(mode="json", exclude_unset=True)
    return f"see below, with `{_flow(given)}`" if given else "see below"


def _listed(key: str, field: FieldInfo) -> list[str]:
    """Section with the entries that a list of blocks has by default; none where it is empty."""
    value = field.get_default(call_default_factory=True)
    if not isinstance(value, list | tuple) or not value:
        return []
    entries = (_flow(entry.model_dump(mode="json", exclude_unset=True)) for entry in value)
    return ["\n".join([f"Default of `{key}`:\n", "```yaml", *(f"- {e}" for e in entries), "```\n"])]


def _flow(given: dict[str, Any]) -> str:
    """One line of YAML."""
    text = yaml.safe_dump(
        given, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True
    )
    return text.strip()


def _nested(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, Options):
        return annotation
    for argument in typing.get_args(annotation):
        if found := _nested(argument):
            return found
    return None


def _is_list(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (list, tuple)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    return f"`{json.dumps(value)}`"


def _type(field: FieldInfo) -> str:
    bounds = []
    for constraint in field.metadata:
        for name, sign in (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<=")):
            if (limit := getattr(constraint, name, None)) is not None:
                bounds.append(f"{sign} {limit:g}")
    return ", ".join([_words(field.annotation), *bounds])


def _words(annotation: Any) -> str:
    plain = {int: "integer", float: "number", str: "text", bool: "true/false", Any: "any"}
    if annotation in plain:
        return plain[annotation]
    if annotation is type(None):
        return "null"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _words(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_words, arguments))
    if origin in (list, tuple):
        several = [argument for argument in arguments if argument is not Ellipsis]
        return "list of " + " and ".join(map(_words, several))
    return "mapping"


if __name__ == "__main__":
    print(document(), end="")
