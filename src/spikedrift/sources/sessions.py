"""Tables of sessions: which there are, what each showed, and how many units it has where."""

import csv
import typing
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from spikedrift.config.recordings import OPTIONS, Cohort, Recording
from spikedrift.errors import InputError, unknown


@dataclass(frozen=True)
class Session:
    """One recording of a cohort, and the numbers of units that the table gives for it.

    `units` holds the columns with whole numbers, None where the table is empty.
    """

    recording: Recording
    units: dict[str, int | None]


def sessions(cohort: Cohort, root: Path, where: str) -> list[Session]:
    """Recordings of a cohort.

    Parameters
    ----------
    cohort : Cohort
    root : path
        Where the project stands: a relative table that the working directory lacks is looked for
        there.
    where : str
        Key of the cohort in the config, which errors start with.

    Raises
    ------
    InputError
        Where the table is missing, lacks a column or names a session twice, a session is not in
        it, or none of those chosen showed one of the stimuli.
    """
    path = next((p for p in (Path(cohort.table), root / cohort.table) if p.is_file()), None)
    if path is None:
        raise InputError(f"{where}.table: no such file {cohort.table}")
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
        Session(_recording(cohort, session, stimulus, rows[session]), _units(rows[session]))
        for session in chosen
        for stimulus in cohort.stimuli
        if stimulus in _listed(rows[session]["stimuli"])
    ]


def _rows(path: Path) -> dict[str, dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8")
        read = list(
            csv.DictReader(StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
        )
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no table of text in UTF-8 ({error})") from None
    found: dict[str, dict[str, str]] = {}
    for row in read:
        session = row.get("session")
        if not session or row.get("stimuli") is None:
            raise InputError(f"{path}: needs columns session and stimuli, separated by tabs")
        if session in found:
            raise InputError(f"{path}: session {session} stands there twice")
        found[session] = {key: value or "" for key, value in row.items() if key}
    return found


def _listed(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",") if part.strip()]


def _recording(cohort: Cohort, session: str, stimulus: str, row: dict[str, str]) -> Recording:
    """Recording with the options of the cohort and those of the table."""
    options: dict[str, Any] = dict(cohort.options)
    model = OPTIONS.get(cohort.source)
    for name, field in ({} if model is None else model.model_fields).items():
        if row.get(name) and name not in options:
            several = typing.get_origin(field.annotation) in (list, tuple)
            options[name] = _listed(row[name]) if several else row[name]
    return Recording(name=f"{session}.{stimulus}", source=cohort.source, options=options)


def _units(row: dict[str, str]) -> dict[str, int | None]:
    """Every column that may hold a number of units; populations look theirs up by name."""
    return {
        name: int(value) if value else None
        for name, value in row.items()
        if (value.isdigit() or not value) and name != "session"
    }
