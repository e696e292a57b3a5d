"""Files and params of the ground truth: chunks of seeds, one table, figure and page.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from typing import Any

from spikedrift.config.ground_truth import ANALYSES, GroundTruth, TruthMeasure
from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown
from spikedrift.plan.analyses import PACKAGE
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output
from spikedrift.similarity import registry

BUILT_IN = ("curves", "rate_index", "timing_index")
MOST_CHUNKS = 20_000  # jobs that Snakemake still plans within seconds


class Truths:
    """Files and params of the ground truth.

    Parameters
    ----------
    options : GroundTruth

    Raises
    ------
    InputError
        For a measure or an analysis that does not exist, or more than `MOST_CHUNKS` jobs.
    """

    def __init__(self, options: GroundTruth) -> None:
        self.options = options
        self.cases = {case.name: case for case in options.every_case()}
        self.listed = {case.name for case in options.cases}
        found = plugins.names(PACKAGE)
        analyses = options.analyses
        if analyses is None:
            analyses = tuple(
                ANALYSES.get(name, TruthMeasure(measure=name, power=False)) for name in found
            )
        for block, entries, known in (
            ("measures", options.measures, [*BUILT_IN]),
            ("analyses", analyses, found),
        ):
            for index, entry in enumerate(entries):
                if entry.measure not in known:
                    where = f"config: ground_truth.{block}[{index}].measure: unknown measure"
                    raise unknown(where, entry.measure, known)
        for index, name in enumerate(options.curves):
            if name not in registry.names():
                where = f"config: ground_truth.curves[{index}]: unknown measure"
                raise unknown(where, name, registry.names())
        every = (*BUILT_IN, *found)
        for index, case in enumerate(options.cases):
            for name in case.measures or ():
                if name not in every:
                    where = f"config: ground_truth.cases[{index}].measures: unknown measure"
                    raise unknown(where, name, every)
        self.measures = {entry.measure: entry for entry in (*options.measures, *analyses)}
        seeds = (self._seeds(case, measure) for case in self.cases for measure in self.measures)
        n = sum(-(-n // options.chunk) for n in seeds)
        if n > MOST_CHUNKS:
            raise InputError(
                f"config: ground_truth: {n} jobs are more than {MOST_CHUNKS}: give fewer seeds, "
                "cases or measures, or a larger chunk"
            )

    def _seeds(self, case: str, measure: str) -> int:
        most, n = self.cases[case].seeds, self.measures[measure].seeds
        measures = self.cases[case].measures
        if measures is not None and measure not in measures:
            return 0
        if case not in self.listed and not self.measures[measure].power:
            return 0
        return n if most is None else min(n, most)

    @property
    def chunks(self) -> list[Output]:
        """Chunks of all cases and measures, by their first seed."""
        return [
            output(
                "ground_truth_chunk.tsv",
                truth_case=case,
                truth_measure=measure,
                first=str(first),
            )
            for case in self.cases
            for measure in self.measures
            for first in range(0, self._seeds(case, measure), self.options.chunk)
        ]

    @property
    def made(self) -> list[Output]:
        """Table, data and page."""
        return [output(f"collect_ground_truth.{name}") for name in ("tsv", "data", "page")]

    @property
    def figures(self) -> list[Figure]:
        """Figure of how often each test rejects in each kind of recording, with power curves."""
        about = {"recording": "ground truth", "figure": "rejections and power", "selection": "all"}
        data = {"data": output("collect_ground_truth.data")}
        return [Figure("ground_truth", "ground_truth", "Drift", about, data)]

    def chunk(self, wildcards: Any) -> dict[str, Any]:
        """Measure, recordings and seeds of a job."""
        case, entry = self.cases[wildcards.truth_case], self.measures[wildcards.truth_measure]
        first = int(wildcards.first)
        n = self._seeds(wildcards.truth_case, wildcards.truth_measure)
        return {
            "recording": self.options.recorded(case).model_dump(mode="json"),
            "state": self.options.state.model_dump(mode="json") if case.match_state else None,
            "measure": entry.measure,
            "options": self.options.options_of(entry),
            "seeds": [first, min(first + self.options.chunk, n)],
        }

    def modules(self, wildcards: Any) -> list[str]:
        """Modules that measure a chunk."""
        name = wildcards.truth_measure
        if name == "curves":
            return [f"{registry.MEASURES.package}.{measure}" for measure in self.options.curves]
        return [] if name in BUILT_IN else [f"{PACKAGE}.{name}"]
