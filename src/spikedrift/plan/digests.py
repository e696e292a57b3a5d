"""Digests of the code that a rule uses: an edited module reruns what is made with it.

The imports of a script show what it depends on (`spikedrift.core.provenance`). Plug-ins, which are
loaded by name, are found in the configuration by kind.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from spikedrift.cells.cell import CELLS
from spikedrift.core.provenance import script_digest
from spikedrift.networks.catalog import MODELS
from spikedrift.plan.study import Study
from spikedrift.plasticity.registry import RULES
from spikedrift.similarity.registry import MEASURES
from spikedrift.sources.registry import SOURCES

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"


def code(script: str, *plugins: Callable[[Any], Iterable[str]]) -> Callable[[Any], str]:
    """Params function: digest of a script's imports and of plug-ins.

    It is computed when a job asks for it: a job on a cluster starts Snakemake anew and asks only
    for its own digest.

    Parameters
    ----------
    script : str
        File of workflow/scripts, without suffix.
    *plugins : callable
        Wildcards -> modules that the job loads by name.
    """

    def digest(wildcards: Any) -> str:
        named = (module for function in plugins for module in function(wildcards))
        return script_digest(SCRIPTS / f"{script}.py", *named)

    return digest


def network_modules(study: Study, sweep: str, variant: str) -> list[str]:
    """Modules that a variant of a sweep is simulated with; '': the options of the sweep."""
    return [
        f"{MODELS.package}.{study.sweeps[sweep].network}",
        *(f"{RULES.package}.{rule}" for rule in study.parts[sweep][variant].rules),
        *(f"{CELLS.package}.{cell}" for cell in study.parts[sweep][variant].cells),
    ]


class Plugins:
    """Plug-ins that jobs load by name: functions of wildcards that return their modules.

    Parameters
    ----------
    study : Study
    """

    def __init__(self, study: Study) -> None:
        self._study = study

    def source(self, wildcards: Any) -> list[str]:
        """Source of a recording."""
        return [f"{SOURCES.package}.{self._study.recordings[wildcards.recording].source}"]

    def network(self, wildcards: Any) -> list[str]:
        """Network of a sweep, or of a simulation, and the cells and plasticity rules in it."""
        if simulated := wildcards.get("recording"):
            point = self._study.points[simulated]
            return network_modules(self._study, point.sweep, point.variant)
        return network_modules(self._study, wildcards.sweep, "")

    def measure(self, wildcards: Any) -> list[str]:
        """Measure of similarity."""
        return self._measure(wildcards.measure)

    def timing(self, wildcards: Any) -> list[str]:
        """Measure of timing in comparisons."""
        return self._measure(self._study.config.compare.timing)

    def _measure(self, name: str) -> list[str]:
        return [f"{MEASURES.package}.{self._study.measures[name].measure}"]
