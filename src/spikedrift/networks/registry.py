"""The networks there are. A network is a file of this package with a `simulate` function."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from spikedrift.errors import unknown

NOT_NETWORKS = {
    "__init__",
    "registry",
    "stimulus",
    "pattern_model",
    "copies",
    "learning",
    "stability",
    "traces",
}


def names() -> list[str]:
    """Names of the networks, by listing files; imports none of them."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in NOT_NETWORKS)


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
