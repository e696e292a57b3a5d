"""The networks there are. A network is a file with a function `simulate`, and others beside it."""

from types import FunctionType

from spikedrift.core.plugins import Plugins

NETWORKS = Plugins("networks", "simulate", FunctionType, "network", mixed=True)
names, get = NETWORKS.names, NETWORKS.module
