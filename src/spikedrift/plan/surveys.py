"""Files and params of the surveys of sweeps: chunks of runs, collected data, figures.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from spikedrift.config.sweeps import LEAST_CHUNK, MOST_CHUNKS, Sweep
from spikedrift.core.errors import InputError, unknown
from spikedrift.plan.digests import network_modules
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output, pattern, trainings
from spikedrift.plan.study import Study
from spikedrift.plan.study_figures import few
from spikedrift.similarity import registry
from spikedrift.sweeps.points import Point
from spikedrift.sweeps.rows import Row

type Run = tuple[Row, int]  # and the number of the instance


def _chunk(sweep: Sweep) -> int:
    """Runs of one variant that a job of a survey takes."""
    if sweep.survey is None or sweep.survey.chunk is None:
        # Chunks that are divided by a hash are full to a half at least, in the mean.
        return max(LEAST_CHUNK, -(-2 * sweep.size * sweep.instances // MOST_CHUNKS))
    return sweep.survey.chunk


class Surveys:
    """Files and params of the sweeps that have a `survey`.

    Parameters
    ----------
    study : Study

    Raises
    ------
    InputError
        Where a comparison or a figure asks for trials of a surveyed sweep, or its network shows
        fewer than two blocks.
    """

    def __init__(self, study: Study) -> None:
        self._study, self.config = study, study.config
        self.sweeps = {
            name: sweep for name, sweep in study.sweeps.items() if sweep.survey is not None
        }
        self.names = list(self.sweeps)
        self._chunks: dict[str, dict[str, list[Run]]] = {}
        self._check()

    def _check(self) -> None:
        for index, figure in enumerate(self.config.figures.learning):
            if figure.sweep in self.sweeps:
                raise InputError(
                    f"config: figures.learning[{index}].sweep: {figure.sweep} has a survey and "
                    "keeps no trials; remove one of the two (of many runs: survey: null), or give "
                    "the sweep twice under two names"
                )
        for index, entry in enumerate(self.config.comparisons):
            surveyed = all(sweep in self.sweeps for sweep in entry.models)
            if surveyed and "model_selection" in entry.model_fields_set:
                raise InputError(
                    f"config: comparisons[{index}].model_selection: {', '.join(entry.models)} has "
                    "a survey, whose runs are seen with survey.units; leave it out"
                )
        for index, sweep in enumerate(self.config.sweeps):
            of_variants = self._study.parts[sweep.name].items()
            declared = [parts.blocks for variant, parts in of_variants if variant]
            blocks = min((n for n in declared if n is not None), default=2)
            if sweep.survey is not None and blocks < 2:
                raise InputError(
                    f"config: sweeps[{index}].options: a survey measures drift between "
                    f"blocks, there is {blocks}; give two phases of kind block"
                )
            if sweep.survey is not None and sweep.survey.match is not None:
                self._check_match(index, sweep)

    def _check_match(self, index: int, sweep: Sweep) -> None:
        """Every later block may be the one that is compared: they have to be alike."""
        for variant, parts in self._study.parts[sweep.name].items():
            for shown in parts.shown or () if variant else ():
                repeats = shown.repeats
                if len(repeats) < 3 or len(set(repeats[1:])) > 1:
                    raise InputError(
                        f"config: sweeps[{index}].survey.match: variant {variant} has blocks of "
                        f"{', '.join(map(str, repeats))} repeats; one of several later blocks is "
                        "chosen: give two or more after the first, with as many repeats each"
                    )

    @property
    def made(self) -> list[Output]:
        """Data of every survey."""
        return [output("collect_survey.data", sweep=name) for name in self.names]

    @property
    def figures(self) -> list[Figure]:
        """Learning and drift of every variant of a survey along its axes."""
        found = [
            Figure(
                f"survey.{name}",
                "survey",
                "Networks",
                {"figure": "survey", "sweep": name},
                {"data": output("collect_survey.data", sweep=name)},
                {
                    "axes": self._study.axes(name),
                    "compare": self._study.block("compare", "confidence", "min_instances"),
                },
                caption=f"Survey of sweep {name}. {few(self._study)} Failed runs are listed with "
                "their reasons in the table of the survey.",
            )
            for name, sweep in self.sweeps.items()
        ] + [
            Figure(
                f"acceptance.{name}",
                "acceptance",
                "Networks",
                {"figure": "acceptance", "sweep": name},
                {"data": output("collect_survey.data", sweep=name)},
                caption=f"Runs of sweep {name} that are compared. What a rejected run misses is "
                "in the table of the survey.",
            )
            for name, sweep in self.sweeps.items()
            if sweep.accept is not None
        ]
        return found + self._assays

    @property
    def _assays(self) -> list[Figure]:
        """Completion and reactivation, where networks are shown parts of their patterns."""
        return [
            Figure(
                f"assays.{name}",
                "assays",
                "Networks",
                {"figure": "assays", "sweep": name},
                {"data": output("collect_survey.data", sweep=name)},
                {"compare": self._study.block("compare", "confidence", "min_instances")},
                caption=f"Completion and reactivation in sweep {name}. {few(self._study)}",
            )
            for name in self.names
            if any(parts.cued for parts in self._study.parts[name].values())
        ]

    @property
    def chunk_pattern(self) -> str:
        """Regular expression of the names of chunks: a variant, and the digits of a part."""
        variants = {variant.name for sweep in self.sweeps.values() for variant in sweep.variants}
        return rf"(?:{pattern(sorted(variants))})(?:\.[01]+)?"

    def chunks(self, sweep: str) -> dict[str, list[Run]]:
        """Runs of every chunk of a survey, whose networks are not made.

        Runs of one variant have one structure: they can be one batch.
        """
        if sweep not in self._chunks:
            size = _chunk(self.sweeps[sweep])
            rows = groupby(self._study.expansions[sweep].rows, lambda row: row.variant.name)
            self._chunks[sweep] = {
                f"{variant}.{part}".removesuffix("."): runs
                for variant, of_variant in rows
                for part, runs in chunked(of_variant, size).items()
            }
        return self._chunks[sweep]

    def points(self, sweep: str, chunk: str | None = None) -> list[Point]:
        """Points of a chunk, or of the whole survey in its order.

        Raises
        ------
        InputError
            For a chunk that the survey does not have, and as `Expansion`.
        """
        expansion = self._study.expansions[sweep]
        if chunk is None:
            return expansion.points
        if (runs := self.chunks(sweep).get(chunk)) is None:
            raise unknown(f"sweep {sweep}: unknown chunk", chunk, self.chunks(sweep))
        return [expansion.of(row)[row.instances.index(instance)] for row, instance in runs]

    def chunks_of(self, wildcards: Any) -> list[Output]:
        """Chunks of a survey."""
        name = wildcards.sweep
        return [
            output("survey_chunk.chunk", sweep=name, chunk=chunk) for chunk in self.chunks(name)
        ]

    def runs(self, wildcards: Any) -> list[dict[str, Any]]:
        """Points of a chunk, or of the whole survey in its order."""
        points = self.points(wildcards.sweep, wildcards.get("chunk"))
        return [asdict(point) for point in points]

    def accept(self, wildcards: Any) -> dict[str, Any] | None:
        """What a run of a sweep must show to be compared."""
        accept = self.sweeps[wildcards.sweep].accept
        return None if accept is None else accept.model_dump(mode="json")

    def read(self, wildcards: Any) -> list[str]:
        """Files that the runs of a chunk are read from, or read."""
        runs = self.points(wildcards.sweep, wildcards.chunk)
        return [*dict.fromkeys(file for run in runs for file in (*run.files, *run.shared))]

    def files(self, wildcards: Any) -> dict[str, list[Output | str]]:
        """What `read` says, and what the runs of a chunk were trained to."""
        runs = self.points(wildcards.sweep, wildcards.chunk)
        return {
            "files": [*self.read(wildcards)],
            "trained": [*trainings(run.trained for run in runs)],
        }

    def of(self, wildcards: Any) -> dict[str, Any]:
        """Network, options and survey of a sweep, and its measures."""
        study, sweep = self._study, self.sweeps[wildcards.sweep]
        entry = sweep.model_dump(mode="json", include={"name", "network", "options", "survey"})
        entry["measures"] = {
            code: study.measures[name].model_dump(mode="json", include={"measure", "options"})
            for code, name in study.compared.items()
        }
        return entry

    def match(self, wildcards: Any) -> float | None:
        """Tuning index to which the speed of drift is matched."""
        survey = self.sweeps[wildcards.sweep].survey
        return None if survey is None else survey.match

    def modules(self, wildcards: Any) -> list[str]:
        """Modules with which the runs of a chunk are simulated and measured."""
        variant = self.points(wildcards.sweep, wildcards.chunk)[0].variant
        measures = {self._study.measures[name].measure for name in self._study.compared.values()}
        return [
            *(f"{registry.MEASURES.package}.{name}" for name in sorted(measures)),
            *network_modules(self._study, wildcards.sweep, variant),
        ]


def chunked(rows: Iterable[Row], size: int) -> dict[str, list[Run]]:
    """Divide runs into named parts of at most `size`, by the binary digits of a hash of each.

    As in extendible hashing (Fagin et al. 1979, ACM Trans. Database Syst. 4:315), an additional run
    changes only one part, which grows or is split in two. What is hashed, values and instance, is
    known before the networks are made.
    """
    runs = []
    for row in rows:
        values = json.dumps(row.values, sort_keys=True, default=str)
        runs += [(_hash(f"{values} {instance}"), (row, instance)) for instance in row.instances]
    return _divided(runs, size)


def _divided(runs: Sequence[tuple[int, Run]], size: int, depth: int = 0) -> dict[str, list[Run]]:
    if len(runs) <= size:
        return {"": [run for _, run in runs]} if runs else {}
    sides: tuple[list[tuple[int, Run]], ...] = [], []
    for one in runs:
        sides[one[0] >> depth & 1].append(one)
    return {
        f"{digit}{name}": part
        for digit, side in enumerate(sides)
        for name, part in _divided(side, size, depth + 1).items()
    }


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[-8:])
