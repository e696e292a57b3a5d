"""What every part of the configuration shares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from spikedrift.config.numbers import strict
from spikedrift.core.errors import InputError

LONGEST_NAME = 100  # characters; two names and an ending make a file's name, of at most 255


def _fits(path: str) -> str:
    """Refuse a path that no file system takes: to look for it would raise an OSError."""
    if any(len(part.encode()) > 255 for part in path.split("/")):
        raise ValueError("a part of this path is longer than 255 characters")
    return path


Location = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_fits)]


# Blocks whose model hangs on another key: their key -> that key, and the models by its value.
type Chosen = Mapping[str, tuple[str, Mapping[str, type[Options]]]]


class Options(BaseModel):
    """A block of the configuration: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    chosen: ClassVar[Chosen] = {}

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """Check the numbers and booleans of all fields first."""
        return strict(handler(source))

    @classmethod
    def part(cls, given: Mapping[str, Any]) -> Self:
        """Make options of those that a job is given; the others do not get their defaults.

        Snakemake runs a job again where an option that it is given has changed. Reading any other
        option raises an AttributeError, since its changes would go unnoticed.
        """
        found = cls.model_validate(dict(given))
        for name in cls.model_fields.keys() - given.keys():
            del found.__dict__[name]
        return found

    @classmethod
    def block_model(cls, key: str, raw: Any) -> "type[Options] | None":
        """Model of the block under `key` where it depends on another key of the raw mapping."""
        if key not in cls.chosen or not isinstance(raw, Mapping):
            return None
        by, models = cls.chosen[key]
        return models.get(str(raw.get(by, cls.model_fields[by].default)))


class NamedAfter(Options):
    """An entry of a list that is named after what it holds under a key, where it has no name."""

    key_of_name: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _name(cls, entry: Any) -> Any:
        key = cls.key_of_name
        return {"name": entry[key], **entry} if isinstance(entry, dict) and key in entry else entry


def repeated(names: Iterable[str]) -> tuple[int, str] | None:
    """Place and name of the first entry whose name an earlier one has; None where all differ."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            return index, name
        seen.add(name)
    return None


def check_once(key: str, names: Sequence[str]) -> None:
    """Refuse a list that holds a name twice.

    Raises
    ------
    ValueError
        Naming the key.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"{key}: a name is given twice")


def complete(
    models: Mapping[str, type[Options]], name: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Options of a plug-in, checked and with defaults filled in.

    A plug-in without a model, because it is not built in, takes its options as they are.

    Raises
    ------
    pydantic.ValidationError
        For an unknown option, or a value out of bounds.
    """
    model = models.get(name)
    if model is None:
        return dict(options)
    return model.model_validate(dict(options)).model_dump(mode="json")


def completed(
    models: Mapping[str, type[Options]], kind: str, name: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Do as `complete`, for options that come from a call and not from a config file.

    Raises
    ------
    InputError
        For an unknown option, or a value out of bounds: `kind`, name and option.
    """
    try:
        return complete(models, name, options)
    except ValidationError as error:
        found = error.errors()[0]
        key = ".".join(str(part) for part in found["loc"])
        raise InputError(
            f"{kind} {name}, option {key}: {found['msg']} (given: {found['input']!r})"
        ) from None
