"""A raw mapping checked against its model, or one line that says what is wrong with it."""

import difflib
import json
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spikedrift.errors import InputError


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
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        faults = list(_faults(error, model, ""))
        # An unknown key explains a missing one better than the other way round.
        faults.sort(key=lambda fault: fault[2]["type"] != "extra_forbidden")
        path, siblings, detail = faults[0]
        raise InputError(f"{where}: {_line(path, siblings, detail)}") from None


Fault = tuple[str, list[type[BaseModel]], ErrorDetails]


def _faults(error: ValidationError, model: type[BaseModel], prefix: str) -> Iterator[Fault]:
    """Key path, models that hold its last key, and pydantic's account of every fault.

    A block whose model depends on another key (the options of a measure) is validated inside a
    validator; its error comes wrapped in the outer one and is opened here.
    """
    for detail in error.errors():
        path, siblings = _resolve(detail["loc"], model, prefix)
        inner = detail.get("ctx", {}).get("error")
        if isinstance(inner, ValidationError):
            yield from _faults(inner, _named(inner.title), path)
        else:
            yield path, siblings, detail


def _line(path: str, siblings: list[type[BaseModel]], detail: ErrorDetails) -> str:
    where = path or "top level"
    if detail["type"] == "extra_forbidden":
        known = sorted({name for model in siblings for name in model.model_fields})
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"{where}: unknown key; {hint}known keys: {', '.join(known)}"
    if detail["type"] == "missing":
        return f"{where}: this key is missing"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if detail["type"] == "value_error":
        return f"{where}: {message}"
    given = json.dumps(detail["input"], default=str)
    shown = given if len(given) <= 80 else given[:77] + "..."
    return f"{where}: {message[0].lower()}{message[1:]}; got {shown}"


def _resolve(
    loc: tuple[int | str, ...], model: type[BaseModel], path: str
) -> tuple[str, list[type[BaseModel]]]:
    """Key path as the user wrote it, and the models that hold its last key.

    pydantic puts the name of a union's branch into the location; it is no key and is left out.
    """
    annotation: Any = model
    holders: list[type[BaseModel]] = [model]
    for position, part in enumerate(loc):
        models = _models(annotation)
        if isinstance(part, int):
            path += f"[{part}]"
            annotation = _item(annotation)
            continue
        fields = [holder.model_fields[part] for holder in models if part in holder.model_fields]
        last = position == len(loc) - 1
        if not fields and not (last and models) and not isinstance(annotation, types.GenericAlias):
            continue
        holders = models or holders
        path += f".{part}" if path else str(part)
        annotation = fields[0].annotation if fields else _item(annotation)
    return path, holders


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
    """Type of what a list, tuple or dict annotation holds, looked for through unions."""
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


def _named(title: str) -> type[BaseModel]:
    """Return the model class that an error is titled after."""
    queue = [BaseModel]
    while queue:
        model = queue.pop()
        if model.__name__ == title:
            return model
        queue.extend(model.__subclasses__())
    return BaseModel
