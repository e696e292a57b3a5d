"""Indices of many recordings and selections in one table."""

from collections.abc import Iterable, Mapping

import pandas as pd
import xarray as xr

COLUMNS = ("discrimination_within", "index", "p_value", "gate_passed", "gate_note", "n_trials")


def index_table(rows: Iterable[tuple[Mapping[str, str], xr.Dataset]]) -> pd.DataFrame:
    """One row a recording, selection, matching and code.

    Parameters
    ----------
    rows : iterable of (mapping, Dataset)
        What tells the row from others (recording, selection), and its `indices` Dataset.

    Returns
    -------
    DataFrame
        The mapping's keys, `experience_unit` (what inference would count), `n_units`, `matching`,
        `code`, and the columns of `indices` named in `COLUMNS`. Rows that could not be matched by
        state are left out.
    """
    parts = []
    for key, dataset in rows:
        found = dataset[list(COLUMNS)].to_dataframe().reset_index()
        found = found[found["n_trials"] > 0]
        of = {
            **key,
            "experience_unit": dataset.attrs.get("experience_unit", ""),
            "n_units": dataset.attrs["n_units"],
        }
        parts.append(found.assign(**of)[[*of, "matching", "code", *COLUMNS]])
    return pd.concat(parts, ignore_index=True)
