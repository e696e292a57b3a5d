"""The networks there are. A network is a file with a `simulate` function."""

import re
from types import ModuleType

from spikedrift.core import plugins
from spikedrift.core.errors import unknown

PACKAGE = "spikedrift.networks"


def names() -> list[str]:
    """Names of the networks, from the text of the files; imports none of them."""
    return sorted(
        path.stem
        for folder in plugins.folders_of(PACKAGE)
        for path in folder.glob("*.py")
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
    network: ModuleType = plugins.imported(PACKAGE, name)
    return network
