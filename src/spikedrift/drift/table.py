"""Indices of many recordings and selections in one table."""

from collections.abc import Iterable, Mapping

import pandas as pd
import xarray as xr

COLUMNS = ("index", "p_value", "gate_passed", "gate_note", "discrimination_within", "n_trials")


def index_table(rows: Iterable[tuple[Mapping[str, str], xr.Dataset]]) -> pd.DataFrame:
    """One row a recording, selection, matching and code.

    Parameters
    ----------
    rows : iterable of (mapping, Dataset)
        What tells the row from others (recording, selection), and its `indices` Dataset.

    Returns
    -------
    DataFrame
        The mapping's keys, `n_units`, `matching`, `code`, the columns of `indices` named in
        `COLUMNS`, and `experience_unit` (what inference would count). Rows that could not be
        matched by state are left out.
    """
    parts = []
    for key, dataset in rows:
        found = dataset[list(COLUMNS)].to_dataframe().reset_index()
        found = found[found["n_trials"] > 0]
        of = {**key, "n_units": dataset.attrs["n_units"]}
        found = found.assign(**of, experience_unit=dataset.attrs.get("experience_unit", ""))
        parts.append(found[[*of, "matching", "code", *COLUMNS, "experience_unit"]])
    return pd.concat(parts, ignore_index=True)
