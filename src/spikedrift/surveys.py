"""What the surveys of sweeps have to make: chunks of runs, collected data, figures.

Imports nothing heavy: Snakemake asks for it at every start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import batched, groupby
from typing import Any

from spikedrift.config.root import Config
from spikedrift.errors import InputError
from spikedrift.provenance import source_digest
from spikedrift.simulation.sweep import Point


class Surveys:
    """Files and params of the sweeps that have a `survey`.

    Parameters
    ----------
    config : Config
    expanded : mapping of sweep -> points
    modules : mapping of sweep -> modules that its simulations use, named from `spikedrift` on

    Raises
    ------
    InputError
        Where a comparison or a figure asks for the runs of a surveyed sweep one by one, or its
        network shows no two blocks.
    """

    def __init__(
        self,
        config: Config,
        expanded: Mapping[str, Sequence[Point]],
        modules: Mapping[str, Sequence[str]],
    ) -> None:
        self.config, self.modules = config, modules
        self.sweeps = {sweep.name: sweep for sweep in config.sweeps if sweep.survey is not None}
        self.names = list(self.sweeps)
        # Runs of one condition have one structure: they can be one batch.
        self.chunks = {
            name: [
                list(chunk)
                for _, runs in groupby(expanded[name], key=lambda point: point.condition)
                for chunk in batched(runs, sweep.survey.chunk)
            ]
            for name, sweep in self.sweeps.items()
            if sweep.survey is not None
        }
        self._check()

    def _check(self) -> None:
        for block, asked in (
            ("comparisons", [entry.sweep for entry in self.config.comparisons]),
            ("figures.learning", [entry.sweep for entry in self.config.figures.learning]),
        ):
            for index, name in enumerate(asked):
                if name in self.sweeps:
                    raise InputError(
                        f"config: {block}[{index}].sweep: {name} has a survey and keeps no "
                        "trials; remove one of the two, or give the sweep twice under two names"
                    )
        for index, sweep in enumerate(self.config.sweeps):
            blocks = sum(phase.kind == "block" for phase in sweep.options.phases)
            if sweep.survey is not None and blocks < 2:
                raise InputError(
                    f"config: sweeps[{index}].options.phases: a survey measures drift between "
                    f"blocks, there is {blocks}; give two phases of kind block"
                )

    @property
    def files(self) -> list[str]:
        """Data, table and figure of every survey."""
        return [
            *(f"results/surveys/{name}.nc" for name in self.names),
            *(f"results/figures/survey.{name}.pdf" for name in self.names),
        ]

    def chunks_of(self, wildcards: Any) -> list[str]:
        """Chunk files of a survey."""
        name = wildcards.sweep
        return [f"results/surveys/{name}/chunk-{n}.nc" for n in range(len(self.chunks[name]))]

    def runs(self, wildcards: Any) -> list[dict[str, Any]]:
        """Points of a chunk, or of the whole survey."""
        chunks = self.chunks[wildcards.sweep]
        if (chunk := wildcards.get("chunk")) is not None:
            chunks = [chunks[int(chunk)]]
        return [asdict(point) for runs in chunks for point in runs]

    def of(self, wildcards: Any) -> dict[str, Any]:
        """Network, options and survey of a sweep, and the measures that it takes."""
        sweep, compare = self.sweeps[wildcards.sweep], self.config.compare
        entry = sweep.model_dump(mode="json", include={"name", "network", "options", "survey"})
        measures = {one.name: one for one in self.config.similarity.measures}
        entry["measures"] = {
            code: measures[name].model_dump(mode="json", include={"measure", "options"})
            for code, name in (("rate", compare.rate), ("timing", compare.timing))
        }
        return entry

    def axes(self, wildcards: Any) -> list[dict[str, Any]]:
        """Axes of a sweep."""
        return [axis.model_dump(mode="json") for axis in self.sweeps[wildcards.sweep].axes]

    def digest(self, wildcards: Any) -> str:
        """Digest of what simulates and measures the runs of a survey."""
        measures = self.of(wildcards)["measures"].values()
        used = {f"similarity.measures.{one['measure']}" for one in measures}
        modules = ["survey", *sorted(used), *self.modules[wildcards.sweep]]
        return source_digest(*(f"spikedrift.{module}" for module in modules))
