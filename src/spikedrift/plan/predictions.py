"""Predictions that a configuration can test, and the files for it.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from spikedrift.config.check import checked
from spikedrift.config.predictions import Prediction, Predictions
from spikedrift.config.read import read as read_yaml
from spikedrift.config.selections import WHERE_USED, Selection
from spikedrift.core.errors import missing
from spikedrift.plan.outputs import Output, output


def read(path: str, root: Path) -> Predictions:
    """Read a file of predictions.

    Parameters
    ----------
    path : str
        A relative one that the working directory lacks is looked for in the project.
    root : path
        Folder of the project.

    Raises
    ------
    InputError
        Where there is no such file, or it is not valid.
    """
    found = next((p for p in (Path(path), root / path) if p.is_file()), None)
    if found is None:
        raise missing("config: predictions", path, root)
    return checked(Predictions, read_yaml(found), str(found))


class Preregistered:
    """Files and params of the rule that scores predictions.

    Parameters
    ----------
    file : Predictions or None
    recordings : iterable of str
        Recordings and pools of the configuration.
    selections : dict of Selection, by name
    analyzed : callable
        Name of a recording -> names of the selections that apply to it.
    made : callable
        Recording, selection -> files that the configuration makes from them.
    """

    def __init__(
        self,
        file: Predictions | None,
        recordings: Iterable[str],
        selections: dict[str, Selection],
        analyzed: Callable[[str], list[str]],
        made: Callable[[str, str], list[Output]],
    ) -> None:
        self.file = file
        self._selections = selections
        self._recordings = list(recordings)
        self._analyzed, self._made = analyzed, made
        self._rows = [] if file is None else [self._row(entry) for entry in file.predictions]

    @property
    def made(self) -> list[Output]:
        """The table, where there are predictions."""
        return [] if self.file is None else [output("score_predictions.tsv")]

    @property
    def inputs(self) -> list[Output]:
        """Every file that any prediction reads, once."""
        return list(dict.fromkeys(self._read()))

    def _read(self) -> Iterator[Output]:
        for row in self._rows:
            for pair in row["files"]:
                yield from pair.values()

    @property
    def entry(self) -> dict[str, Any]:
        """Options of the file, and the recordings and files on which each prediction is tested.

        `files` of a row has a mapping for each recording: statistic -> index among the inputs.
        """
        options = {} if self.file is None else self.file.model_dump(mode="json")
        place = {made: index for index, made in enumerate(self.inputs)}
        rows = [
            {
                **row,
                "files": [
                    {statistic: place[made] for statistic, made in pair.items()}
                    for pair in row["files"]
                ],
            }
            for row in self._rows
        ]
        return {"options": options, "rows": rows}

    def _row(self, entry: Prediction) -> dict[str, Any]:
        """Recordings and files of a prediction, or why there are none."""
        named = self._named(entry)
        here = [name for name in named if name in self._recordings]
        row: dict[str, Any] = {
            "n_preregistered": len(named),
            "n_here": len(here),
            "files": [],
            "note": "",
            "absent": 0,
        }
        if entry.withdrawn is not None:
            return row
        if not here:
            return {**row, "absent": 1, "note": f"none of its {len(named)} recordings"}
        if entry.selection not in self._selections:
            return {**row, "absent": 1, "note": f"no selection {entry.selection}"}
        selection = self._selections[entry.selection]
        if entry.filters is not None:
            one, two = (
                chosen.model_dump(mode="json", exclude={"name", *WHERE_USED})
                for chosen in (selection, entry.filters)
            )
            if other := [key for key in one if one[key] != two[key]]:
                return {
                    **row,
                    "note": f"the selection {entry.selection} is not the one preregistered "
                    f"({', '.join(other)})",
                }
        here = [name for name in here if entry.selection in self._analyzed(name)]
        names = [entry.statistic] + ([entry.minus] if entry.minus else [])
        for name in here:
            pair = {one: _file(one, name, entry.selection) for one in names}
            known = self._made(name, entry.selection)
            lacking = [one for one in names if pair[one] not in known]
            if lacking:
                what = ".".join(lacking[0].split(".")[:2])
                return {**row, "files": [], "note": f"{what} is not made in this configuration"}
            row["files"].append(pair)
        if not row["files"]:
            row["note"] = f"its recordings have too few units for the selection {entry.selection}"
        return row

    def _named(self, entry: Prediction) -> list[str]:
        """Recordings that a prediction is about."""
        if entry.recordings is not None or self.file is None:
            return list(entry.recordings or [])
        sessions = next(one.sessions for one in self.file.held_out if one.name == entry.held_out)
        return [f"{session}.{entry.stimulus}" for session in sessions]


def _file(statistic: str, recording: str, selection: str) -> Output:
    """File that holds a statistic."""
    place, name, *_ = statistic.split(".")
    at = {"recording": recording, "selection": selection}
    if place == "analyses":
        return output("analysis.result", **at, analysis=name)
    if place == "index":
        return output("signal_index.index", **at)
    return output("drift_curves.curves", **at, measure=name)
