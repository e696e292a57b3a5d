"""Keys of the configuration that have another name now, by the model that holds them.

An old key is refused like any unknown one, in one line that names the new one.
"""

# Name of the model -> old key -> new key.
RENAMED: dict[str, dict[str, str]] = {
    "From": {"conditions": "variants"},
    "SimulatedOptions": {"condition": "variant"},
    "Sweep": {"conditions": "variants"},
}


def new_name(model: type, key: str) -> str | None:
    """Key of a model that was called `key`; None where none was."""
    return RENAMED.get(model.__name__, {}).get(key)
