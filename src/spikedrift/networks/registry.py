"""The networks there are. A network is a file of this package with a `simulate` function."""

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

from spikedrift.core.errors import unknown


def names() -> list[str]:
    """Names of the networks, from the text of the files; imports none of them."""
    files = Path(__file__).parent.glob("*.py")
    return sorted(
        path.stem
        for path in files
        if re.search(r"^def simulate\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    )


def get(name: str) -> ModuleType:
    """Return the module of the network of that name.

    Raises
    ------
    InputError
        Naming the nearest network, where there is none of that name.
    """
    if name not in names():
        raise unknown("unknown network", name, names())
    return import_module(f"spikedrift.networks.{name}")
