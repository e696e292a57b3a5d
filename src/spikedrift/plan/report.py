"""Files and params of the first page of the report.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from typing import Any

from spikedrift.plan.comparisons import Comparisons
from spikedrift.plan.final import FinalFigures
from spikedrift.plan.outputs import Output, output
from spikedrift.plan.study import Study


class Report:
    """Files and params of the page of findings.

    Parameters
    ----------
    study : Study
    comparisons : Comparisons
    final : FinalFigures
    """

    def __init__(self, study: Study, comparisons: Comparisons, final: FinalFigures) -> None:
        self._study, self._comparisons, self._final = study, comparisons, final

    def inputs(self, wildcards: Any) -> dict[str, list[Output]]:
        """Files from which the page is written."""
        entries, recovered = self._comparisons.entries, self._comparisons.recoveries
        return {
            "scores": [output("compare_sweep.scores", comparison=name) for name in entries],
            "recovery": [output("recover.recovery", comparison=name) for name in recovered],
            "indices": [output("index_table.tsv", table="indices")]
            * bool(self._study.recorded.names),
            "picture": self._final.opened,
        }

    @property
    def recovered(self) -> list[bool]:
        """Whether each comparison has a recovery test, in their order."""
        return [name in self._comparisons.recoveries for name in self._comparisons.entries]

    @property
    def truths(self) -> dict[str, dict[str, str]]:
        """Variant that a recording was simulated with, where it was."""
        return self._study.origins.titles()
