"""The JSON schema of a config file, written from the models: `python -m ...config.schema`.

Editors complete and check by it; what refuses a configuration is the models. The schema refuses
nothing that they take: numbers and booleans may be text, and what hangs on several keys at once is
left to the models. Draft 7 of JSON Schema is what language servers for YAML know best.
"""

import json
import sys
import typing
from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from spikedrift.config.base import NamedAfter, Options
from spikedrift.config.recordings import Cohort
from spikedrift.config.root import Config
from spikedrift.core import plugins

DRAFT = "http://json-schema.org/draft-07/schema#"
# Text that is taken for a number or a boolean, as `--config` and YAML's 1e-3 give it.
NUMBER = r"^\s*[-+]?[0-9._]+([eE][-+]?[0-9]+)?\s*$"
TRUTH = r"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"


class _Generator(GenerateJsonSchema):
    """Schemas that take text for numbers and booleans, and say what a person wants to read."""

    schema_dialect = DRAFT

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return {**super().int_schema(schema), "type": ["integer", "string"], "pattern": NUMBER}

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return {**super().float_schema(schema), "type": ["number", "string"], "pattern": NUMBER}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return {"type": ["boolean", "string"], "pattern": TRUTH}

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        """Draft 7 has no `prefixItems`, and all entries of our tuples are alike."""
        found = super().tuple_schema(schema)
        if entries := found.pop("prefixItems", None):
            alike = all(entry == entries[0] for entry in entries)
            found["items"] = entries[0] if alike else {"anyOf": entries}
        return found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out blocks: an editor would write them all into the file."""
        found = super().default_schema(schema)
        default = found.get("default")
        if default == [] or any(isinstance(one, dict) for one in _entries(default)):
            del found["default"]
        return found

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        del found["title"]
        if issubclass(schema["cls"], NamedAfter):
            found["required"] = [key for key in found.get("required", []) if key != "name"]
        return found

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def schema() -> dict[str, Any]:
    """JSON schema of a configuration, with the options of all networks that this process finds.

    The options of a plug-in hang on its name. A name that is none of the library's is refused where
    neither the configuration nor this process knows of other plug-ins.
    """
    choosing = [model for model in dict.fromkeys(_models(Config)) if model.chosen]
    chosen = [
        one for model in choosing for _, among in model.chosen.values() for one in among.values()
    ]
    wanted: dict[type[Options], None] = dict.fromkeys([Config, *choosing, *chosen])
    refs, found = models_json_schema(
        [(model, "validation") for model in wanted], schema_generator=_Generator
    )
    blocks = found["$defs"]
    names = {model: refs[model, "validation"]["$ref"].rpartition("/")[2] for model in wanted}
    for model in choosing:
        block = blocks[names[model]]
        for key, (by, among) in model.chosen.items():
            block["properties"][key] = {
                "type": "object",
                "description": model.model_fields[key].description,
            }
            block["allOf"] = [
                _given(by, name, model.model_fields[by].default)
                | {"then": {"properties": {key: _options(model, names[one], blocks)}}}
                for name, one in among.items()
            ]
    top = blocks.pop(names[Config])
    if not any(len(plugins.folders_of(package)) > 1 for package, *_ in plugins.KINDS.values()):
        top |= {"if": {"not": {"required": ["plugins"]}}, "then": {"properties": _known(Config)}}
    return {"$schema": DRAFT, "title": "Configuration of spikedrift", **top, "$defs": blocks}


def _models(model: type[Options]) -> Iterator[type[Options]]:
    """A model and those of its blocks."""
    yield model
    for field in model.model_fields.values():
        for inner in _blocks(field.annotation):
            yield from _models(inner)


def _blocks(annotation: Any) -> Iterator[type[Options]]:
    """Models that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _blocks(argument)


def _given(by: str, name: str, default: Any) -> dict[str, Any]:
    """Condition that a key names a plug-in; where the key is left out, its default does."""
    named: dict[str, Any] = {"properties": {by: {"const": name}}}
    return {"if": named if default == name else {**named, "required": [by]}}


def _options(model: type[Options], name: str, blocks: dict[str, Any]) -> dict[str, Any]:
    """Schema of the options of a plug-in; what it requires, a table of sessions may hold."""
    if not issubclass(model, Cohort):
        return {"$ref": f"#/$defs/{name}"}
    return {key: blocks[name][key] for key in ("properties", "additionalProperties")}


def _known(model: type[Options]) -> dict[str, Any]:
    """Keys of a model that name a plug-in, below which they stand: the names that there are."""
    found: dict[str, Any] = {by: {"enum": [*among]} for by, among in model.chosen.values()}
    for key, field in model.model_fields.items():
        for inner in _blocks(field.annotation):
            if properties := _known(inner):
                listed = typing.get_origin(field.annotation) in (list, tuple)
                entry = {"properties": properties}
                found[key] = {"items": entry} if listed else entry
    return found


def text() -> str:
    """The schema as it is written into a file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    # Folders of plug-ins on the command line: the schema of a configuration that uses them.
    plugins.use(sys.argv[1:], "plugins")
    print(text(), end="")
