"""Compare what was measured with what was published."""

from pathlib import Path

import numpy as np
import pandas as pd

from spikedrift.core.errors import InputError

KEY = ["induction", "set", "curve", "x"]
STATUS = ("published", "computed", "unverified")
COLUMNS = [*KEY, "target", "tolerance", "status", "source"]


def read(path: str | Path) -> pd.DataFrame:
    """Read the targets of a rule; tolerances become absolute.

    Raises
    ------
    InputError
        For a wrong column, number or status, or a missing source, naming file and line.
    """
    text = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if list(text.columns) != COLUMNS:
        raise InputError(f"{path}: its columns must be {', '.join(COLUMNS)}")
    rows = []
    for line, row in enumerate(text.to_dict("records"), start=2):
        try:
            target, x = float(row["target"]), float(row["x"])
            share, percent, _ = row["tolerance"].partition("%")
            tolerance = float(share) * (abs(target) / 100 if percent else 1)
        except ValueError as error:
            raise InputError(f"{path}, line {line}: {error}") from None
        if row["status"] not in STATUS or not row["source"]:
            raise InputError(
                f"{path}, line {line}: needs a source and a status: {', '.join(STATUS)}"
            )
        rows.append({**row, "target": target, "x": x, "tolerance": tolerance})
    return pd.DataFrame(rows, columns=COLUMNS)


def of(targets: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Those of a rule's targets whose induction and parameter set were run."""
    run = set(zip(measured["induction"], measured["set"], strict=True))
    chosen = [key in run for key in zip(targets["induction"], targets["set"], strict=True)]
    return targets[chosen].reset_index(drop=True)


def judge(measured: pd.DataFrame, targets: pd.DataFrame | None) -> pd.DataFrame:
    """Add to each condition its target, where there is one, and whether it was met.

    Parameters
    ----------
    measured : DataFrame
        As `induce` returns it. Where theory has a tolerance and nothing else is known of a
        condition, theory is its target.
    targets : DataFrame, optional
        As `read` returns it.

    Returns
    -------
    DataFrame
        `measured` with `target`, `tolerance`, `status`, `source` and `pass` (yes, no, or empty
        where nothing decides).

    Raises
    ------
    InputError
        For a target of a condition that was not run.
    """
    table = measured.assign(x=measured["x"].round(9))
    if targets is None:
        targets = pd.DataFrame(columns=COLUMNS)
    targets = targets.assign(x=targets["x"].astype(float).round(9))
    found = targets.merge(table[KEY], how="left", on=KEY, indicator=True)
    for row in found[found["_merge"] == "left_only"].to_dict("records"):
        place = ", ".join(str(row[key]) for key in KEY)
        raise InputError(f"target of {place}: no condition like that was run")
    table = table.merge(targets, how="left", on=KEY, validate="one_to_one")
    theory = table["target"].isna() & table["theory_tolerance"].notna() & table["predicted"].notna()
    table["target"] = table["target"].where(~theory, table["predicted"])
    table["tolerance"] = table["tolerance"].where(~theory, table["theory_tolerance"])
    table["status"] = table["status"].where(~theory, "theory").fillna("")
    table["source"] = table["source"].where(~theory, "closed form of the rule").fillna("")
    met = (table["measured"] - table["target"]).abs() <= table["tolerance"]
    decided = ~table["status"].isin(["", "unverified"])
    table["pass"] = np.where(decided, np.where(met, "yes", "no"), "")
    return table.drop(columns="theory_tolerance")


def summary(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per rule and status: how many targets there are and how many were met."""
    rows = []
    for rule, table in tables.items():
        for status in ("published", "computed", "theory", "unverified"):
            part = table[table["status"] == status]
            if len(part):
                distance = (part["measured"] - part["target"]).abs() / part["tolerance"]
                rows.append(
                    {
                        "rule": rule,
                        "targets": status,
                        "number": len(part),
                        "met": int((distance <= 1).sum()),
                        "missed": int((distance > 1).sum()),
                        "largest distance / tolerance": float(distance.max()),
                        "sources": "; ".join(sorted(set(part["source"]))),
                    }
                )
        if not (table["status"] != "").any():
            rows.append({"rule": rule, "targets": "none", "number": 0, "met": 0, "missed": 0,
                         "largest distance / tolerance": np.nan, "sources": ""})  # fmt: skip
    return pd.DataFrame(rows)
