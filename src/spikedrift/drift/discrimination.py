"""Discrimination of segments before and after learning, from similarity matrices."""

import numpy as np
import pandas as pd
import xarray as xr


def discrimination(similarity: xr.Dataset) -> pd.DataFrame:
    """Stimulus discrimination S = (D_different - D_same) / (D_different + D_same) by block.

    D_same and D_different are mean dissimilarities of trials of one block in different repeats
    that show the same segment, or different ones; a similarity r counts as D = 1 - r. S is 0 where
    the responses do not distinguish segments.

    Parameters
    ----------
    similarity : Dataset
        A similarity file (`spikedrift.similarity.matrix`); its trials may be of any phase (naive,
        train or block).

    Returns
    -------
    DataFrame
        One row for each (session, phase, block), with the columns `session`, `phase`, `block`,
        `value` (S; NaN where undefined) and `n_repeats`.
    """
    value = similarity["value"].values
    if similarity.attrs["kind"] == "similarity":
        value = 1.0 - value
    key = ("session", "phase", "block")
    group = pd.MultiIndex.from_arrays([similarity[f"trial_{name}"].values for name in key])
    segment = pd.factorize(
        pd.MultiIndex.from_arrays(
            [similarity["trial_stimulus"].values, similarity["trial_segment"].values]
        )
    )[0]
    repeat = similarity["trial_repeat"].values
    rows = []
    for values in sorted(set(group)):
        trials = np.flatnonzero(group == values)
        part = value[np.ix_(trials, trials)]
        same = segment[trials][:, None] == segment[trials]
        other_repeat = repeat[trials][:, None] != repeat[trials]
        usable = other_repeat & np.isfinite(part)
        d_same, d_different = _mean(part[usable & same]), _mean(part[usable & ~same])
        total = d_same + d_different
        rows.append(
            {
                **dict(zip(key, values, strict=True)),
                "value": (d_different - d_same) / total if total > 0 else np.nan,
                "n_repeats": np.unique(repeat[trials]).size,
            }
        )
    return pd.DataFrame(rows)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")
