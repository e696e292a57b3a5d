"""Overview of the recordings and whom to cite for each, in one table."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

NEEDED = ("segment", "repeat", "block", "population", "observed")


def overview(datasets: Iterable[xr.Dataset]) -> pd.DataFrame:
    """Table of one row for each recording; spikes are not needed.

    Parameters
    ----------
    datasets : iterable of trials Datasets
        With the variables `NEEDED`.

    Returns
    -------
    DataFrame
        `recording`, `kind`, `citation`, `licence` (terms of use), numbers of `units` (with those of
        each population), `trials`, `segments`, `repeats` and `blocks`, `unobserved` (share of
        (trial, unit) that is missing), `subject`, `assumptions`.
    """
    rows = []
    for dataset in datasets:
        names, sizes = np.unique(dataset["population"].values.astype(str), return_counts=True)
        populations = ", ".join(f"{name} {size}" for name, size in zip(names, sizes, strict=True))
        counted = {
            f"{key}s": np.unique(dataset[key]).size for key in ("segment", "repeat", "block")
        }
        rows.append(
            {
                **{key: dataset.attrs[key] for key in ("recording", "kind", "citation", "licence")},
                "units": dataset.sizes["unit"],
                "populations": populations,
                "trials": dataset.sizes["trial"],
                **counted,
                "unobserved": 1 - float(dataset["observed"].mean()),
                **{key: dataset.attrs[key] for key in ("subject", "assumptions")},
            }
        )
    return pd.DataFrame(rows)
