"""What counts as a number and as true or false, for every field of every model.

Python takes true for 1, and pydantic takes `yes` and 1 for true, so that a YAML file that says
`seed: no` would run with seed 0. Numbers may come as text, since `--config` and tables hand over
nothing else.
"""

from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError, core_schema

LARGEST = 2**63 - 1  # integers of arrays and files


def integer(value: Any) -> Any:
    """Refuse true and false, and integers that arrays cannot hold.

    Raises
    ------
    PydanticCustomError
        For true and false, and for integers beyond 64 bits.
    """
    if isinstance(number(value), int) and abs(value) > LARGEST:
        raise PydanticCustomError("integer_size", "Input should be an integer of 64 bits at most")
    return value


def number(value: Any) -> Any:
    """Refuse true and false where a number is meant.

    Raises
    ------
    PydanticCustomError
        For true and false.
    """
    if isinstance(value, bool):
        raise PydanticCustomError(
            "bool_as_number", "Input should be a number (unquoted yes, no, on, off are true, false)"
        )
    return value


def truth(value: Any) -> Any:
    """Refuse all but true and false, which the command line gives as words.

    Raises
    ------
    PydanticCustomError
        For anything else.
    """
    words = {"true": True, "false": False}
    found = words.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise PydanticCustomError("bool_type", "Input should be true or false")
    return found


LOOKS: dict[str, Callable[[Any], Any]] = {"int": integer, "float": number, "bool": truth}
INNER = ("schema", "items_schema", "values_schema", "choices", "definitions")


def strict(schema: Any) -> Any:
    """Core schema of a model with these checks before every number and boolean of its fields."""
    if "fields" in schema:
        fields = {name: _looked_at(field) for name, field in schema["fields"].items()}
        return {**schema, "fields": fields}
    return {**schema, "schema": strict(schema["schema"])}


def _looked_at(schema: Any) -> Any:
    """Schema of a field with these checks; a model inside it has them already."""
    if isinstance(schema, list | tuple):
        return type(schema)(_looked_at(one) for one in schema)
    if not isinstance(schema, dict) or schema["type"] == "model":
        return schema
    if (look := LOOKS.get(schema["type"])) is not None:
        return core_schema.no_info_before_validator_function(look, schema)
    return {**schema, **{key: _looked_at(schema[key]) for key in INNER if key in schema}}
