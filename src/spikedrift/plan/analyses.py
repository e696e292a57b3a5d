"""Files, params and digests of the analyses of a configuration.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spikedrift.config.analyses import AnalysisEntry
from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output

PACKAGE = "spikedrift.analyses"
FIGURES = "spikedrift.figures.analyses"


class Analyses:
    """Files and params of the entries of `analyses`.

    Parameters
    ----------
    entries : iterable of AnalysisEntry
    default : sequence of str
        Recordings and pools, which are analyzed where an entry names none.
    groups : mapping of str -> list of recordings
        Names that an entry may use: each recording and pool itself, the recordings of each cohort,
        and the runs of each sweep.
    selections : callable
        Name in `groups` -> names of the selections that apply to it.

    Raises
    ------
    InputError
        For an analysis without a file or without a figure of its name, or a recording or selection
        that does not exist.
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
                    f"figures/{entry.analysis}.py, with a function `draw`, in the folder of "
                    "plug-ins that holds the analysis"
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
    def results(self) -> list[Output]:
        """Files of results of the analyses, in the order of `rows`."""
        return [output("analysis.result", **row) for row in self.rows]

    @property
    def made(self) -> list[Output]:
        """The table of the statistics of all analyses; their figures need the other files."""
        return [output("statistics.tsv")] * bool(self.rows)

    @property
    def figures(self) -> list[Figure]:
        """Figures of all analyses, whose captions are the docstrings of the analyses."""
        return [self._figure(**row) for row in self.rows]

    def _figure(self, recording: str, selection: str, analysis: str) -> Figure:
        at = {"recording": recording, "selection": selection, "analysis": analysis}
        kind = self.entries[analysis].analysis
        return Figure(
            f"{analysis}.{recording}.{selection}",
            f"analyses.{kind}",
            "Drift",
            {"recording": recording, "figure": analysis, "selection": selection},
            {"result": output("analysis.result", **at)},
            caption=f"Recording {recording}, selection {selection}. Where no inference over "
            "animals or network instances is named, the figure describes one recording. What is "
            "assumed about order and blocks stands in the figure's note; all numbers with their "
            "nulls and n stand in the table of statistics.",
            words=f"analyses.{kind}",
        )

    def entry(self, wildcards: Any) -> dict[str, Any]:
        """Analysis and options of an entry."""
        entry = self.entries[wildcards.analysis]
        return {"analysis": entry.analysis, "options": entry.model_dump(mode="json")["options"]}

    def modules(self, wildcards: Any) -> list[str]:
        """Module of the analysis of an entry."""
        return [f"{PACKAGE}.{self.entries[wildcards.analysis].analysis}"]
