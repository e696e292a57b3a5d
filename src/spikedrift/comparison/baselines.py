"""What generators would give that know only the lag, only the block, or nothing of drift.

The first two are made from the recording's own curves and keep its mean similarity, so that they
are as strong as they can be: a model has told us something only where it comes nearer than they do.
"""

import numpy as np

from spikedrift.comparison.statistics import CODES, PARTS, Parts, Run, anchor, fitted_fall

BASELINES = ("lag_only", "block_only", "no_drift")


def predicted(run: Run, baseline: str) -> Parts:
    """Magnitudes that a baseline predicts for a recording: scalars.

    `lag_only`: every pair of repeats has the mean similarity of all pairs at its lag, within
    blocks and between. `block_only`: every pair has the mean within or the mean between blocks.
    An anchored step is the recording's own times the share of the curve's step that the baseline
    explains. `no_drift`: all magnitudes are 0, a frozen network without noise.
    """
    out: dict[str, np.ndarray] = {}
    if baseline == "no_drift":
        return {f"{code}_{part}": np.zeros(()) for code in CODES for part in PARTS}
    for code in CODES:
        file = run.curves(code)
        kind = str(file.attrs["kind"])
        value = file["value"].sel(relation=["within", "between"]).values
        n = file["n_pairs"].sel(relation=["within", "between"]).values * np.isfinite(value)
        value = np.where(n > 0, value, 0.0)
        mean = (value * n).sum(axis=1) / n.sum(axis=1)
        if baseline == "lag_only":
            known = (value * n).sum(axis=0) / np.maximum(n.sum(axis=0), 1)
            matrix = np.broadcast_to(known, value.shape)
        else:
            matrix = np.broadcast_to(mean[:, None], value.shape)
        sign = -1.0 if kind == "distance" else 1.0
        near, far = (matrix * n).sum(axis=1) / n.sum(axis=1)
        gap, observed = sign * (near - far), sign * (mean[0] - mean[1])
        unit = anchor(file, file["statistic_value"].sel(statistic="discrimination").values)
        within = n[0] > 0
        lag = file["lag"].values[within].astype(float)
        step = run.index["index"].sel(matching="none", code=code).values
        out[f"{code}_drop"] = fitted_fall(lag, matrix[0, within], n[0, within], kind) / unit
        out[f"{code}_gap"] = gap / unit
        share = np.clip(gap / observed, 0.0, 1.0) if observed > 0 else 1.0
        out[f"{code}_step"] = step * share
    return out
