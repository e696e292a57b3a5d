"""What generators would give that know only the lag, only the block, or nothing of drift.

The first two are made from the recording's own curves and keep its mean similarity, so that they
are as strong as they can be: a model has told us something only where it comes nearer than they do.
"""

import numpy as np
import xarray as xr

from spikedrift.comparison.statistics import (
    CODES,
    STATISTICS,
    Parts,
    Run,
    anchor,
    fitted_fall,
    positive,
)
from spikedrift.drift.profile import CORRELATIONS

BASELINES = ("lag_only", "block_only", "no_drift")


def predicted(run: Run, baseline: str) -> Parts:
    """Magnitudes that a baseline predicts for a recording: scalars.

    `lag_only`: every pair of repeats has the mean similarity of all pairs at its lag, within
    blocks and between. `block_only`: every pair has the mean within or the mean between blocks.
    An anchored step is the recording's own times the share of the curve's step that the baseline
    explains. `no_drift`: all magnitudes are 0, a frozen network without noise. What says nothing
    of drift is the recording's own.
    """
    out = dict(run.parts(run.largest_lag()))
    if baseline == "no_drift":
        drift = [name for name, one in STATISTICS.items() if one.scales and name in out]
        return out | dict.fromkeys([*drift, *(f"{code}_gap" for code in CODES)], np.zeros(()))
    for code in CODES:
        file = run.curves(code)
        kind = str(file.attrs["kind"])
        fall, near, far, mean = _read(file, kind, baseline)
        sign = -1.0 if kind == "distance" else 1.0
        gap, observed = sign * (near - far), sign * (mean[0] - mean[1])
        unit = anchor(file, file["statistic_value"].sel(statistic="discrimination").values)
        out[f"{code}_drop"] = fall / unit
        out[f"{code}_gap"] = gap / unit
        share = np.clip(gap / observed, 0.0, 1.0) if observed > 0 else 1.0
        out[f"{code}_step"] = out[f"{code}_step"] * share
    if run.profile is None:
        return out
    for name in CORRELATIONS:
        fall, near, far, _ = _read(run.profile.sel(correlation=name), "similarity", baseline)
        level = positive(near)
        out[f"{name}_drop"], out[f"{name}_step"] = fall / level, (near - far) / level
    return out


def _read(
    file: xr.Dataset, kind: str, baseline: str
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Fall, mean within and between that a baseline predicts; means that were observed."""
    value = file["value"].sel(relation=["within", "between"]).values
    n = file["n_pairs"].sel(relation=["within", "between"]).values * np.isfinite(value)
    value = np.where(n > 0, value, 0.0)
    mean = (value * n).sum(axis=1) / n.sum(axis=1)
    if baseline == "lag_only":
        known = (value * n).sum(axis=0) / np.maximum(n.sum(axis=0), 1)
        matrix = np.broadcast_to(known, value.shape)
    else:
        matrix = np.broadcast_to(mean[:, None], value.shape)
    near, far = (matrix * n).sum(axis=1) / n.sum(axis=1)
    within = n[0] > 0
    lag = file["lag"].values[within].astype(float)
    return fitted_fall(lag, matrix[0, within], n[0, within], kind), near, far, mean
