"""What generators would give that know only the lag, or only the block.

Both are made from the recording's own curves and keep its mean similarity, so that they are as
strong as they can be: a model has told us something only where it comes nearer than they do.
"""

import numpy as np
import xarray as xr

from spikedrift.comparison.statistics import CODES, Parts, Run
from spikedrift.drift.statistics import contrast

BASELINES = ("lag_only", "block_only")


def predicted(run: Run, baseline: str) -> Parts:
    """Magnitudes that a baseline predicts for a recording: scalars.

    `lag_only`: every pair of repeats has the mean similarity of all pairs at its lag, within
    blocks and between. `block_only`: every pair has the mean within or the mean between blocks.
    An anchored step is the recording's own times the share of the curve's step that the baseline
    predicts.
    """
    out: dict[str, np.ndarray] = {}
    for code in CODES:
        file = run.curves(code)
        within, between, near, far = _levels(file, baseline)
        kind = str(file.attrs["kind"])
        observed_within, observed_between, *_ = _levels(file, "block_only")
        gap = contrast(within, between, kind)
        observed = contrast(observed_within, observed_between, kind)
        step = run.index["index"].sel(matching="none", code=code).values
        out[f"{code}_drop"] = contrast(near, far, kind)
        out[f"{code}_gap"] = gap
        out[f"{code}_step"] = step * gap / observed if observed else np.zeros(())
    return out


def _levels(file: xr.Dataset, baseline: str) -> tuple[float, float, float, float]:
    """Mean within, mean between, value at lag 1 and at the largest lag, both within blocks."""
    value = file["value"].sel(relation=["within", "between"]).values
    n = file["n_pairs"].sel(relation=["within", "between"]).values * np.isfinite(value)
    value = np.where(n > 0, value, 0.0)
    last = np.flatnonzero(n[0])[-1]
    if baseline == "block_only":
        within, between = (value * n).sum(axis=1) / n.sum(axis=1)
        return float(within), float(between), float(within), float(within)
    pooled = (value * n).sum(axis=0) / np.maximum(n.sum(axis=0), 1)
    within, between = (pooled * n).sum(axis=1) / n.sum(axis=1)
    return float(within), float(between), float(pooled[0]), float(pooled[last])
