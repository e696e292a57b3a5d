"""What the analyses of a configuration have to make: files, params, digests.

Imports nothing heavy: Snakemake asks for it at every start.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spikedrift.config.analyses import AnalysisEntry
from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown
from spikedrift.core.provenance import source_digest

PACKAGE = "spikedrift.analyses"
FIGURES = "spikedrift.figures.analyses"


class Analyses:
    """Files and params of the entries of `analyses`.

    Parameters
    ----------
    entries : iterable of AnalysisEntry
    default : sequence of str
        Recordings and pools, analyzed where an entry names none.
    groups : mapping of str -> list of recordings
        What an entry may name: each recording and pool itself, the recordings of each cohort, and
        the runs of each sweep.
    selections : callable
        Name in `groups` -> names of the selections that apply to it.

    Raises
    ------
    InputError
        For an analysis without a file or without a figure of its name, or a recording or selection
        that is not there.
    """

    def __init__(
        self,
        entries: Iterable[AnalysisEntry],
        default: Sequence[str],
        groups: Mapping[str, Sequence[str]],
        selections: Callable[[str], list[str]],
    ) -> None:
        self.entries = {entry.name: entry for entry in entries}
        self.rows: list[dict[str, str]] = []
        known, drawn = plugins.names(PACKAGE), plugins.names(FIGURES)
        for index, (label, entry) in enumerate(self.entries.items()):
            where = f"config: analyses[{index}]"
            if entry.analysis not in known:
                raise unknown(f"{where}.analysis: unknown analysis", entry.analysis, known)
            if entry.analysis not in drawn:
                raise InputError(
                    f"{where}.analysis: {entry.analysis} has no figure; write "
                    f"src/spikedrift/figures/analyses/{entry.analysis}.py with a function `draw`"
                )
            for recording in entry.recordings or []:
                if recording not in groups:
                    raise unknown(
                        f"{where}.recordings: not among recordings:", recording, list(groups)
                    )
            if entry.selections is not None:
                offered = {key for name in groups for key in selections(name)}
                for selection in entry.selections:
                    if selection not in offered:
                        raise unknown(
                            f"{where}.selections: applies to no recording:",
                            selection,
                            sorted(offered),
                        )
            self.rows += [
                {"recording": recording, "selection": selection, "analysis": label}
                for group in entry.recordings or default
                for recording in groups[group]
                for selection in selections(recording if recording in groups else group)
                if entry.selections is None or selection in entry.selections
            ]

    @property
    def results(self) -> list[str]:
        """What the analyses found, in the order of `rows`."""
        return ["results/analyses/{recording}/{selection}/{analysis}.nc".format(**row)
                for row in self.rows]  # fmt: skip

    @property
    def files(self) -> list[str]:
        """Figures of all analyses, and the table of their statistics."""
        drawn = [
            "results/figures/{analysis}.{recording}.{selection}.pdf".format(**row)
            for row in self.rows
        ]
        return drawn + ["results/analyses/statistics.tsv"] * bool(drawn)

    def _kind(self, wildcards: Any) -> str:
        return self.entries[wildcards.analysis].analysis

    def entry(self, wildcards: Any) -> dict[str, Any]:
        """Analysis and options of an entry."""
        entry = self.entries[wildcards.analysis]
        return {"analysis": entry.analysis, "options": entry.model_dump(mode="json")["options"]}

    def figure(self, wildcards: Any) -> str:
        """Name of the figure of an entry: that of its analysis."""
        return self._kind(wildcards)

    def caption(self, wildcards: Any) -> str:
        """Caption of an entry's figure: the docstring of the analysis's file, not imported."""
        path = plugins.file(PACKAGE, self._kind(wildcards))
        assert path is not None  # names were looked at
        return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"), str(path))) or ""

    def digest(self, wildcards: Any) -> str:
        """Digest of what makes an entry's result."""
        return source_digest(
            "spikedrift.spikes.selections",
            "spikedrift.analyses.contract.analysis",
            f"{PACKAGE}.{self._kind(wildcards)}",
        )

    def figure_digest(self, wildcards: Any) -> str:
        """Digest of what draws an entry's figure."""
        return source_digest("spikedrift.figures.registry", f"{FIGURES}.{self._kind(wildcards)}")
