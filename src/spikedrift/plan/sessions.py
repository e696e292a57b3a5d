"""Tables of sessions: their stimuli, and their numbers of units by population."""

import re
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikedrift.config.check import checked
from spikedrift.config.read import text
from spikedrift.config.recordings import OPTIONS, Cohort, Recording
from spikedrift.core.errors import InputError, missing, unknown

COUNT = re.compile("[0-9]{1,9}")


@dataclass(frozen=True)
class Session:
    """One recording of a cohort, and the numbers of units that the table gives for it.

    `units` holds the columns with integers; None where the table is empty.
    """

    recording: Recording
    units: dict[str, int | None]


def sessions(cohort: Cohort, root: Path, where: str) -> list[Session]:
    """Recordings of a cohort.

    Parameters
    ----------
    cohort : Cohort
    root : path
        Folder of the project, where a relative table is looked for if the working directory lacks
        it.
    where : str
        Key of the cohort in the config, with which error messages start.

    Raises
    ------
    InputError
        Where the table is missing or not UTF-8, lacks a column, has a column or a session twice, a
        cell is not a valid value of its option, a session is not in it, or none of the chosen
        sessions showed one of the stimuli.
    """
    path = next((p for p in (Path(cohort.table), root / cohort.table) if p.is_file()), None)
    if path is None:
        raise missing(f"{where}.table", cohort.table, root)
    rows = _rows(path)
    chosen = list(rows) if cohort.sessions == "all" else [str(one) for one in cohort.sessions]
    for session in chosen:
        if session not in rows:
            raise unknown(f"{where}.sessions: not in {path}: session", session, rows)
    shown = {name for session in chosen for name in _listed(rows[session]["stimuli"])}
    for stimulus in cohort.stimuli:
        if stimulus not in shown:
            raise unknown(f"{where}.stimuli: no chosen session showed", stimulus, shown)
    return [
        Session(
            _recording(cohort, session, stimulus, rows[session], str(path)), _units(rows[session])
        )
        for session in chosen
        for stimulus in cohort.stimuli
        if stimulus in _listed(rows[session]["stimuli"])
    ]


def _rows(path: Path) -> dict[str, dict[str, str]]:
    columns, *others = (line.rstrip("\r").split("\t") for line in text(path).split("\n"))
    if twice := {name for name in columns if name and columns.count(name) > 1}:
        raise InputError(f"{path}, line 1: the column {sorted(twice)[0]!r} stands twice")
    if not {"session", "stimuli"} <= set(columns):
        raise InputError(f"{path}: needs columns session and stimuli, separated by tabs")
    found: dict[str, dict[str, str]] = {}
    for number, cells in enumerate(others, 2):
        if not any(cells):
            continue
        at = f"{path}, line {number}"
        if any(cells[len(columns) :]):
            raise InputError(f"{at}: {len(cells)} cells under {len(columns)} columns")
        row = dict.fromkeys(columns, "") | dict(zip(columns, cells, strict=False))
        row.pop("", None)  # a column without a name, such as that of a tab at the end of a line
        if not (session := row["session"]):
            raise InputError(f"{at}: has no session")
        if session in found:
            raise InputError(f"{at}: session {session} stands there twice")
        found[session] = row
    return found


def _listed(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",") if part.strip()]


def _recording(
    cohort: Cohort, session: str, stimulus: str, row: dict[str, str], path: str
) -> Recording:
    """Recording with the options of the cohort and those of the table."""
    options: dict[str, Any] = dict(cohort.options)
    model = OPTIONS.get(cohort.source)
    for name, field in ({} if model is None else model.model_fields).items():
        if row.get(name) and name not in options:
            several = typing.get_origin(field.annotation) in (list, tuple)
            options[name] = _listed(row[name]) if several else row[name]
    entry = {"name": f"{session}.{stimulus}", "source": cohort.source, "options": options}
    return checked(Recording, entry, f"{path}: session {session}")


def _units(row: dict[str, str]) -> dict[str, int | None]:
    """All columns that may hold numbers of units; populations find theirs by name."""
    return {
        name: int(value) if value else None
        for name, value in row.items()
        if (COUNT.fullmatch(value) or not value) and name != "session"
    }
