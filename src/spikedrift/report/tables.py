"""Indices and statistics of many recordings and selections, each in one table."""

from collections.abc import Iterable, Mapping
from dataclasses import fields

import pandas as pd
import xarray as xr

from spikedrift.analyses.contract.analysis import Statistic
from spikedrift.ground_truth import verdicts

COLUMNS = (
    "index", "low", "high", "p_value", "gate_passed", "gate", "gate_note", "n_effective",
    "n_trials", "difference", "difference_low", "difference_high", "difference_p_value",
)  # fmt: skip
ATTRIBUTES = ("n_units", "n_trials", "subject", "test_note")


def index_table(rows: Iterable[tuple[Mapping[str, str], xr.Dataset]]) -> pd.DataFrame:
    """Table of one row for each recording, selection, matching and code.

    Parameters
    ----------
    rows : iterable of (mapping, Dataset)
        The keys of a row (recording, selection), and the file that
        `spikedrift.drift.signal.recording.drift_values` made.

    Returns
    -------
    DataFrame
        The mapping's keys, `n_units`, `matching`, `code`, the variables named in
        `COLUMNS`, `subject` (what inference would count) and `ground_truth`, what that
        says of the index. `difference` is timing less rate, the same in the rows of both codes.
        Rows that could not be matched by state are left out.
    """
    parts = []
    for key, dataset in rows:
        found = dataset[list(COLUMNS)].to_dataframe().reset_index()
        found = found[found["n_trials"] > 0]
        of = {**key, "n_units": dataset.attrs["n_units"]}
        found = found.assign(**of, subject=dataset.attrs.get("subject", ""))
        found["ground_truth"] = [
            verdicts.verdict("signal_drift", f"{code}.index", matching == "state")
            for code, matching in zip(found["code"], found["matching"], strict=True)
        ]
        parts.append(found[[*of, "matching", "code", *COLUMNS, "subject", "ground_truth"]])
    return pd.concat(parts, ignore_index=True)


def statistics_table(rows: Iterable[tuple[Mapping[str, str], xr.Dataset]]) -> pd.DataFrame:
    """Table of one row for each recording, selection, analysis and statistic.

    Parameters
    ----------
    rows : iterable of (mapping, Dataset)
        The keys of a file (recording, selection, analysis), and what `analyze` returned.

    Returns
    -------
    DataFrame
        The mapping's keys, `statistic`, the attributes of `Statistic`, `n_units`, `n_trials`,
        `subject` (what inference over recordings would count), `test_note`, and
        `ground_truth`, what that says of the statistic.
    """
    columns = [field.name for field in fields(Statistic) if field.name != "name"]
    parts = []
    for key, dataset in rows:
        found = dataset[columns].to_dataframe().reset_index()
        found = found[["statistic", *columns]]
        of = {name: dataset.attrs.get(name, "") for name in ATTRIBUTES}
        found = found.assign(**of)
        analysis = str(dataset.attrs["analysis"])
        found["ground_truth"] = [verdicts.verdict(analysis, name) for name in found["statistic"]]
        parts.append(found.assign(**key))
    shown = ["statistic", *columns, *ATTRIBUTES, "ground_truth"]
    table = pd.concat(parts, ignore_index=True)
    return table[[*(name for name in table if name not in shown), *shown]]
