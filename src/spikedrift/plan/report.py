"""Files and params of the first page of the report.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from typing import Any

from spikedrift.config.compare import Comparison
from spikedrift.plan.comparisons import Comparisons
from spikedrift.plan.final import FinalFigures
from spikedrift.plan.outputs import Output, output
from spikedrift.plan.study import Study, by_name
from spikedrift.sweeps.points import in_sweep


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
    def truths(self) -> list[dict[str, Any] | None]:
        """Words for the point that the recording of each comparison was simulated with.

        And its variant by the names that it has in the comparison: there are none where no sweep of
        it varies that network so. None where the recording was not simulated.
        """
        return [self._truth(entry) for entry in self._comparisons.entries.values()]

    def _truth(self, entry: Comparison) -> dict[str, Any] | None:
        point = self._study.origins.points.get(str(entry.recording))
        if point is None:
            return None
        sweeps = {name: self._study.sweeps[name] for name in entry.models}
        network = self._study.sweeps[point.sweep].network
        here = [
            name
            for name, sweep in sweeps.items()
            if sweep.network == network and point.variant in by_name(sweep.variants)
        ]
        variants = [
            point.variant if len(sweeps) == 1 else in_sweep(name, point.variant) for name in here
        ]
        return {"title": point.words, "variants": variants}
