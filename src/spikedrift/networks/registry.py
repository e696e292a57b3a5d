"""The networks by name. A network is a file with a function `simulate`; other files lie beside."""

from types import FunctionType

from spikedrift.core.plugins import Plugins

NETWORKS = Plugins("networks", "simulate", FunctionType, "network", mixed=True)
names, get = NETWORKS.names, NETWORKS.module
