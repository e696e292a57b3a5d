"""What the ground truth has to make: chunks of seeds, one table, figure and page.

Imports nothing heavy: Snakemake asks for it at every start.
"""

from typing import Any

from spikedrift.config.ground_truth import ANALYSES, GroundTruth, TruthMeasure
from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown
from spikedrift.core.provenance import source_digest
from spikedrift.plan.analyses import PACKAGE
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
        For a measure or an analysis that is not there, or more than 20,000 jobs.
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
    def chunks(self) -> list[str]:
        """Files of all chunks: case, measure, first seed."""
        return [
            f"results/ground_truth/chunks/{case}/{measure}.{first}.tsv"
            for case in self.cases
            for measure in self.measures
            for first in range(0, self._seeds(case, measure), self.options.chunk)
        ]

    @property
    def files(self) -> list[str]:
        """Table, data, figure and page."""
        return [
            "results/ground_truth/table.tsv",
            "results/ground_truth/seeds.nc",
            "results/ground_truth/table.html",
            "results/figures/ground_truth.pdf",
        ]

    def chunk(self, wildcards: Any) -> dict[str, Any]:
        """What a job measures, in which recordings, and which seeds."""
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

    def digest(self, wildcards: Any) -> str:
        """Digest of what measures a chunk."""
        name = wildcards.truth_measure
        used = [] if name in BUILT_IN else [f"{PACKAGE}.{name}"]
        if name == "curves":
            used = [f"spikedrift.similarity.measures.{measure}" for measure in self.options.curves]
        return source_digest("spikedrift.ground_truth.measure", *used)
