"""Files and params of the tables of inference of a configuration.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spikedrift.config.inference import Inference
from spikedrift.core.errors import InputError, unknown
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output
from spikedrift.plan.study import Study
from spikedrift.sweeps import points as sweeps


def inferences(study: Study, analyzed: Iterable[Mapping[str, str]]) -> "Inferences":
    """Tables of inference, with recordings grouped by stimulus and simulations by point."""
    stimulus = {name: name.partition(".")[2] for name in study.recordings}
    members = {name: {name: group} for name, group in stimulus.items()}
    members |= {
        cohort: {name: stimulus[name] for name in names}
        for cohort, names in study.recorded.cohorts.items()
    }
    controls: dict[str, dict[str, str]] = {}
    for sweep in filter(study.kept, study.sweeps):
        points = study.points_of(sweep)
        members[sweep] = {point.recording: point.name for point in points}
        controls[sweep] = sweeps.controls(points)
    return Inferences(
        study.config.inference, members, controls, list(study.pools), study.analyzed, analyzed
    )


class Inferences:
    """Files and params of the entries of `inference`.

    Parameters
    ----------
    entries : iterable of Inference
    members : mapping of str -> mapping of recording -> group
        Names that an entry may use (recordings, cohorts and sweeps), with the group of each
        recording.
    controls : mapping of str -> mapping of group -> group
        Of sweeps: the control of each other point.
    pools : sequence of str
        Names of pools, which are refused, since pseudo-populations have no animals to count.
    selections : callable
        Name of a recording or sweep -> names of the selections that apply to it.
    analyzed : iterable of mapping
        Recording, selection and analysis of every analysis of the configuration.

    Raises
    ------
    InputError
        For a recording or selection that does not exist, a pool, a recording named twice, or an
        entry with nothing to read.
    """

    def __init__(
        self,
        entries: Iterable[Inference],
        members: Mapping[str, Mapping[str, str]],
        controls: Mapping[str, Mapping[str, str]],
        pools: Sequence[str],
        selections: Callable[[str], list[str]],
        analyzed: Iterable[Mapping[str, str]],
    ) -> None:
        self.entries = {entry.name: entry for entry in entries}
        self._controls: dict[str, dict[str, str]] = {}
        self._indices: dict[str, list[dict[str, str]]] = {}
        self._analyses: dict[str, list[dict[str, str]]] = {}
        analyzed = list(analyzed)
        for index, (name, entry) in enumerate(self.entries.items()):
            where = f"config: inference[{index}]"
            groups: dict[str, str] = {}
            chosen: dict[str, list[str]] = {}
            for given in entry.recordings:
                if given in pools:
                    raise InputError(
                        f"{where}.recordings: {given} is a pool; its units come from several "
                        "sessions or animals, name the cohort or its recordings"
                    )
                if given not in members:
                    raise unknown(f"{where}.recordings: not there:", given, list(members))
                for recording, group in members[given].items():
                    if recording in groups:
                        raise InputError(f"{where}.recordings: {recording} is named twice")
                    groups[recording] = group
                    by = recording if recording in members else given
                    chosen[recording] = selections(by)
            offered = {key for keys in chosen.values() for key in keys}
            for selection in entry.selections or []:
                if selection not in offered:
                    raise unknown(
                        f"{where}.selections: applies to no recording:", selection, sorted(offered)
                    )
            wanted = offered if entry.selections is None else set(entry.selections)
            self._controls[name] = {
                group: control
                for given in entry.recordings
                for group, control in controls.get(given, {}).items()
            }
            self._indices[name] = [
                {"group": group, "recording": recording, "selection": selection}
                for recording, group in groups.items()
                for selection in chosen[recording]
                if entry.indices and selection in wanted
            ]
            self._analyses[name] = [
                {"group": groups[row["recording"]], **row}
                for row in analyzed
                if row["recording"] in groups and row["selection"] in wanted
            ]
            if not self._indices[name] and not self._analyses[name]:
                raise InputError(
                    f"{where}: neither an index nor an analysis of its recordings is made; set "
                    "indices to true or name the recordings in `analyses`"
                )

    @property
    def made(self) -> list[Output]:
        """Tables of all entries."""
        return [output("inference_table.tsv", inference=name) for name in self.entries]

    @property
    def figures(self) -> list[Figure]:
        """Forest plots of all entries."""
        return [
            Figure(
                f"inference.{name}",
                "inference",
                "Drift",
                {"recording": name, "figure": "forest plot", "selection": "all"},
                {"result": output("inference_table.result", inference=name)},
            )
            for name in self.entries
        ]

    def inputs(self, wildcards: Any) -> dict[str, list[Output]]:
        """Indices and statistics that an entry reads, in the order of its rows."""

        def found(of: str, row: dict[str, str]) -> Output:
            return output(of, **{key: value for key, value in row.items() if key != "group"})

        name = wildcards.inference
        return {
            "indices": [found("signal_index.index", row) for row in self._indices[name]],
            "analyses": [found("analysis.result", row) for row in self._analyses[name]],
        }

    def entry(self, wildcards: Any) -> dict[str, Any]:
        """Options of an entry, its rows and its controls."""
        name = wildcards.inference
        return {
            "options": self.entries[name].model_dump(mode="json"),
            "indices": self._indices[name],
            "analyses": self._analyses[name],
            "controls": self._controls[name],
        }
