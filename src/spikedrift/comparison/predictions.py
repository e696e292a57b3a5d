"""Predictions compared with recordings: held, not held, undecided, or why they cannot be tested.

The outcome follows from the interval of the mean over animals by a fixed rule: held where the
interval lies within the predicted range, not held where it lies outside, undecided where it
includes a limit. A prediction is not tested, and says so, where its primary statistic is undefined
or known for fewer animals than inference needs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.config.predictions import Prediction, Predictions
from spikedrift.core.errors import InputError
from spikedrift.spikes import caveats
from spikedrift.stats.inference import student_interval

OUTCOMES = (
    "held", "not held", "undecided", "cannot be tested", "not in this configuration", "withdrawn"
)  # fmt: skip
MATCHED = "_matched"


def score(
    options: Predictions, rows: Sequence[Mapping[str, Any]], datasets: Sequence[xr.Dataset]
) -> pd.DataFrame:
    """Score every prediction.

    Parameters
    ----------
    options : Predictions
    rows : sequence of mapping
        One for each prediction, from `spikedrift.plan.predictions.Preregistered`: `files` (for each
        recording a mapping of statistic to index in `datasets`), `note`, `absent`,
        `n_preregistered`, `n_here`.
    datasets : sequence of Dataset

    Returns
    -------
    DataFrame
        `name`, `outcome` (one of `OUTCOMES`), `reason`, `value` (mean over animals, or over
        recordings where animals are not known), `low`, `high` (Student, over animals),
        `n_animals`, `n_recordings`, `n_undefined`, `n_preregistered` (recordings that it is about),
        `predicted` (words), `statistic`, `selection`, `statement`, `refuted_by`, `from`, `kind`,
        `written`, `held_out`.

    Raises
    ------
    InputError
        Where a file lacks the statistic.
    """
    return pd.DataFrame(
        [
            {
                "name": entry.name,
                **_scored(entry, row, datasets, options),
                "n_preregistered": row["n_preregistered"],
                "predicted": _predicted(entry),
                "statistic": _named(entry),
                "selection": entry.selection,
                "statement": entry.statement,
                "refuted_by": entry.refuted_by,
                "from": f"{entry.model.sweep}: {', '.join(entry.model.variants)}. "
                f"{entry.model.found}",
                "kind": entry.kind,
                "written": entry.written.isoformat(),
                "held_out": entry.held_out or "",
            }
            for entry, row in zip(options.predictions, rows, strict=True)
        ]
    )


def value_of(dataset: xr.Dataset, statistic: str) -> float:
    """Return one statistic of a file, by the name that predictions use.

    Raises
    ------
    InputError
        Where the file does not have it.
    """
    place, name, what = statistic.split(".", 2)
    try:
        if place == "index":
            matching = "state" if what.endswith(MATCHED) else "none"
            one = dataset[what.removesuffix(MATCHED)].sel(code=name, matching=matching)
        else:
            variable = "statistic_value" if place == "curves" else "value"
            one = dataset[variable].sel(statistic=what)
    except KeyError:
        recording = dataset.attrs.get("recording", "a recording")
        raise InputError(f"predictions: {statistic} is not a statistic of {recording}") from None
    return float(one)


def outcome(low: float, high: float, above: float | None, below: float | None) -> str:
    """Tell from an interval whether a prediction held.

    Parameters
    ----------
    low, high : float
        Ends of the interval of the mean over animals.
    above, below : float or None
        Limits of the predicted range.
    """
    least = -np.inf if above is None else above
    most = np.inf if below is None else below
    if least < low and high < most:
        return "held"
    if high <= least or low >= most:
        return "not held"
    return "undecided"


def _scored(
    entry: Prediction,
    row: Mapping[str, Any],
    datasets: Sequence[xr.Dataset],
    options: Predictions,
) -> dict[str, Any]:
    found: dict[str, Any] = {"outcome": "", "reason": "", "value": np.nan, "low": np.nan,
                             "high": np.nan, "n_animals": 0, "n_recordings": 0,
                             "n_undefined": 0}  # fmt: skip
    if entry.withdrawn is not None:
        return {**found, "outcome": "withdrawn", "reason": entry.withdrawn}
    if row["absent"]:
        return {**found, "outcome": "not in this configuration", "reason": row["note"]}
    untested = {**found, "outcome": "cannot be tested"}
    if row["note"]:
        return {**untested, "reason": row["note"]}
    values, animals, against = [], [], []
    for files in row["files"]:
        primary = datasets[files[entry.statistic]]
        value = value_of(primary, entry.statistic)
        if entry.minus is not None:
            value -= entry.times * value_of(datasets[files[entry.minus]], entry.minus)
        animal, caveat = caveats.subject_of(primary.attrs)
        values.append(value)
        animals.append(animal)
        against.append(caveat or caveats.caveat(primary.attrs))
    known = np.isfinite(values)
    table = pd.DataFrame({"animal": animals, "value": values})[known]
    found |= {"n_recordings": len(table), "n_undefined": int((~known).sum())}
    if not len(table):
        reason = "undefined in all recordings: " + _why(entry, row, datasets)
        return {**untested, **found, "outcome": "cannot be tested", "reason": reason}
    found["value"] = float(table["value"].mean())
    if any(against):
        reason = "; ".join(sorted({one for one in against if one}))
        return {**found, "outcome": "cannot be tested", "reason": reason}
    by_animal = table.groupby("animal")["value"].mean().to_numpy()
    found |= {"n_animals": by_animal.size, "value": float(by_animal.mean())}
    if by_animal.size < options.min_animals:
        reason = (
            f"no inference over animals: {by_animal.size}, {options.min_animals} are needed; the "
            "value describes"
        )
        return {**found, "outcome": "cannot be tested", "reason": reason}
    low, high = student_interval(by_animal, options.confidence)
    reason = ""
    if row["n_here"] < row["n_preregistered"]:
        reason = f"{row['n_here']} of {row['n_preregistered']} recordings are in this configuration"
    return {
        **found,
        "low": low,
        "high": high,
        "outcome": outcome(low, high, entry.above, entry.below),
        "reason": reason,
    }


def _why(entry: Prediction, row: Mapping[str, Any], datasets: Sequence[xr.Dataset]) -> str:
    """Reason why a statistic is undefined, as far as the files have it: gates of the indices."""
    notes = set()
    for files in row["files"]:
        for statistic, place_of in files.items():
            place, code, what = statistic.split(".", 2)
            if place == "index":
                matching = "state" if what.endswith(MATCHED) else "none"
                note = datasets[place_of]["gate_note"].sel(code=code, matching=matching)
                notes.add(f"{code}: {note.item()}" if note.item() else "")
    return "; ".join(sorted(notes - {""})) or "too few repeats, or one block"


def _named(entry: Prediction) -> str:
    if entry.minus is None:
        return entry.statistic
    factor = "" if entry.times == 1 else f"{entry.times:g} x "
    return f"{entry.statistic} - {factor}{entry.minus}"


def _predicted(entry: Prediction) -> str:
    if entry.above is not None and entry.below is not None:
        return f"between {entry.above:g} and {entry.below:g}"
    return f"above {entry.above:g}" if entry.above is not None else f"below {entry.below:g}"
