"""Libraries of others that are imported where they are asked for, and need not be there."""

from importlib import import_module
from types import ModuleType

from spikedrift.core.errors import InputError


def optional(name: str) -> ModuleType:
    """Import a library of the extra `exchange`.

    Raises
    ------
    InputError
        Where it is not installed, or cannot be imported: how to install it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise InputError(
            f"{name} cannot be imported ({error}); install it: .venv/bin/uv pip install --python "
            ".venv/bin/python --editable '.[exchange]'"
        ) from None
