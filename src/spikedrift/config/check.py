"""Check a raw mapping against its model; an error is one line that says what is wrong."""

import difflib
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spikedrift.config.base import Options
from spikedrift.config.plain import check_plain
from spikedrift.config.renamed import new_name, refuse_old_values
from spikedrift.core.errors import InputError


def checked[M: BaseModel](model: type[M], raw: Mapping[str, Any], where: str = "config") -> M:
    """Build `model` from `raw`.

    Parameters
    ----------
    model : pydantic model class
    raw : mapping
        As parsed from YAML.
    where : str
        What the key path in an error starts with, a file or a key path.

    Raises
    ------
    InputError
        For the first fault: the key path, the value, what is allowed, and the nearest known key
        for a typo.
    """
    check_plain(raw, where)
    refuse_old_values(raw, where)
    return validated(model, raw, where)


def validated[M: BaseModel](model: type[M], raw: Mapping[str, Any], where: str) -> M:
    """Do as `checked`, for values that are plain already: thousands of points of a sweep.

    Raises
    ------
    InputError
        As `checked`.
    """
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        # An unknown key explains a missing one better than the other way round.
        detail = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise InputError(f"{where}: {_line(detail, model, raw)}") from None


def _line(detail: ErrorDetails, model: type[BaseModel], raw: Any) -> str:
    path, siblings = _resolve(detail["loc"], model, raw)
    where = path or "top level"
    if detail["type"] == "extra_forbidden":
        for sibling in siblings:
            if new := new_name(sibling, str(detail["loc"][-1])):
                return f"{where} is called {new} now"
        known = sorted({name for sibling in siblings for name in sibling.model_fields})
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"{where}: unknown key; {hint}known keys: {', '.join(known)}"
    if detail["type"] == "missing":
        return f"{where}: this key is missing"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if detail["type"] == "value_error":
        return f"{path}: {message}" if path else message
    if detail["type"] in ("model_type", "dict_type"):  # pydantic names a class of the library
        message = "Input should be a mapping of keys"
    given = json.dumps(detail["input"], default=str)
    shown = given if len(given) <= 80 else given[:77] + "..."
    return f"{where}: {message[0].lower()}{message[1:]}; got {shown}"


def _resolve(
    loc: tuple[int | str, ...], model: type[BaseModel], raw: Any
) -> tuple[str, list[type[BaseModel]]]:
    """Key path as the user wrote it, and the models that hold its last key.

    Names of a union's branches, which pydantic puts into the location, are no keys and are left
    out. Where the model of a block depends on another key (the options of a measure), the block
    that holds it says which it is.
    """
    annotation: Any = model
    holders: list[type[BaseModel]] = [model]
    path = ""
    for position, part in enumerate(loc):
        models = _models(annotation)
        if isinstance(part, int):
            path += f"[{part}]"
            annotation, raw = _item(annotation), _inside(raw, part)
            continue
        fields = [holder.model_fields[part] for holder in models if part in holder.model_fields]
        is_key = fields or (models and position == len(loc) - 1)
        if not is_key and not isinstance(annotation, types.GenericAlias):
            continue
        holders = models or holders
        path += f".{part}" if path else str(part)
        annotation = fields[0].annotation if fields else _item(annotation)
        for holder in models:
            if issubclass(holder, Options) and (inner := holder.block_model(part, raw)):
                annotation = inner
        raw = _inside(raw, part)
    return path, holders


def _inside(raw: Any, part: int | str) -> Any:
    try:
        return raw[part]
    except (KeyError, IndexError, TypeError):
        return None


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _models(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [model for branch in typing.get_args(annotation) for model in _models(branch)]
    return []


def _item(annotation: Any) -> Any:
    """Type of the items of a list, tuple or dict annotation, which may lie within unions."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (list, tuple):
        return arguments[0]
    if origin is dict:
        return arguments[1]
    for branch in arguments:
        found = _item(branch)
        if found is not Any:
            return found
    return Any
