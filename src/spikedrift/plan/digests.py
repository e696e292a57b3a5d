"""Digests of the code that a rule uses: an edited module reruns what is made with it.

What a module imports counts with it (`spikedrift.core.provenance`). What a rule loads by name, a
source, a network, a measure or a plasticity rule, is found in the configuration.
"""

from collections.abc import Callable, Mapping
from typing import Any

from spikedrift.config.sweeps import Sweep
from spikedrift.core.provenance import source_digest
from spikedrift.sweeps.points import Point


def digest(*modules: str) -> str:
    """Digest of library modules, named from `spikedrift` on."""
    return source_digest(*(f"spikedrift.{module}" for module in modules))


class Digests:
    """Digests as params of rules. Each is made when a job asks for it.

    A job on a cluster starts Snakemake anew and asks for its own alone.

    Parameters
    ----------
    recordings, measures : mapping of name -> entry of the configuration
    sweeps : mapping of name -> Sweep
    rules : mapping of sweep -> condition -> plasticity rules in its network
    points : mapping of simulation -> Point
    """

    def __init__(
        self,
        recordings: Mapping[str, Any],
        measures: Mapping[str, Any],
        sweeps: Mapping[str, Sweep],
        rules: Mapping[str, Mapping[str, list[str]]],
        points: Mapping[str, Point],
    ) -> None:
        self._recordings, self._measures = recordings, measures
        self._sweeps, self._rules, self._points = sweeps, rules, points

    @staticmethod
    def of(*modules: str) -> Callable[[Any], str]:
        """Digest of library modules."""
        return lambda wildcards: digest(*modules)

    def figure(self, name: str, *modules: str) -> Callable[[Any], str]:
        """Digest of a figure."""
        return self.of("figures.registry", f"figures.{name}", *modules)

    def source(self, wildcards: Any) -> str:
        """Digest of a recording's source."""
        source = self._recordings[wildcards.source_recording].source
        return digest("sources.registry", f"sources.{source}")

    def network(self, wildcards: Any) -> str:
        """Digest of a sweep's network, or of a simulation's, and of the plasticity rules in it."""
        simulated = wildcards.get("simulated_recording")
        if not simulated:
            return digest(*self.network_modules(wildcards.sweep, ""))
        point = self._points[simulated]
        return digest(*self.network_modules(point.sweep, point.condition))

    def network_modules(self, sweep: str, condition: str) -> list[str]:
        """Modules that a condition of a sweep is simulated with; '': the options of the sweep."""
        rules = [f"plasticity.rules.{rule}" for rule in self._rules[sweep][condition]]
        return ["networks.registry", f"networks.{self._sweeps[sweep].network}", *rules]

    def matrix(self, wildcards: Any) -> str:
        """Digest of what makes a similarity matrix."""
        return self._measured(wildcards, "similarity.matrix")

    def curves(self, wildcards: Any) -> str:
        """Digest of what makes a drift curve."""
        return self._measured(wildcards, "drift.curves")

    def _measured(self, wildcards: Any, module: str) -> str:
        measure = self._measures[wildcards.measure].measure
        return digest("spikes.selections", module, f"similarity.measures.{measure}")
