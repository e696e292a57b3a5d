"""Files and params of `snakemake reproduce`: published networks, their experiments and targets.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from typing import Any

from spikedrift.cells.cell import CELLS
from spikedrift.config.reproduction import Reproduction
from spikedrift.core.errors import InputError, unknown
from spikedrift.networks.catalog import MODELS
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output
from spikedrift.plasticity.registry import RULES

SIZES = ("quick", "full")


class Reproduced:
    """Files and params of the reproduction of published networks.

    Parameters
    ----------
    options : Reproduction

    Raises
    ------
    InputError
        For a network that does not exist, or has no experiments.
    """

    def __init__(self, options: Reproduction) -> None:
        self.options = options
        known = MODELS.names()
        self.names = [name for name in known if MODELS.gives(name, "experiments")]
        for index, name in enumerate(options.networks or ()):
            where = f"config: reproduction.networks[{index}]"
            if name not in known:
                raise unknown(f"{where}: unknown network", name, known)
            if name not in self.names:
                raise InputError(f"{where}: {name} names no experiments of its paper; leave it out")
        if options.networks is not None:
            self.names = list(options.networks)

    def made(self, size: str) -> list[Output]:
        """Tables of all networks, and their summary."""
        return [output("reproduction_summary.tsv", size=size), *self.tables(size)]

    def tables(self, size: str) -> list[Output]:
        """Tables of targets, one a network."""
        return [output("reproduce_network.targets", size=size, network=n) for n in self.names]

    @property
    def figures(self) -> list[Figure]:
        """Figures of both sizes, one a network."""
        return [figure for size in SIZES for figure in self.figures_of(size)]

    def figures_of(self, size: str) -> list[Figure]:
        """Figures of one size."""
        return [
            Figure(
                f"reproduction.{size}.{name}",
                "reproduction",
                "Networks",
                {"sweep": name, "figure": f"reproduction, {size}"},
                {
                    "measured": output("reproduce_network.measured", size=size, network=name),
                    "targets": output("reproduce_network.targets", size=size, network=name),
                },
                {"network": name, "size": size},
                caption=f"Network {name}, {size} size.",
            )
            for name in self.names
        ]

    def modules(self, wildcards: Any) -> list[str]:
        """Modules that a network may be made of."""
        return [
            f"{MODELS.package}.{wildcards.network}",
            *(f"{kind.package}.{name}" for kind in (CELLS, RULES) for name in kind.names()),
        ]
