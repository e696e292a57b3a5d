"""What generators would give that know only the lag, or only the block.

Both are made from the recording's own curves and keep its mean similarity, so that they are as
strong as they can be: a model has told us something only where it comes nearer than they do.
"""

import numpy as np

from spikedrift.comparison.statistics import CODES, Parts, Run, fitted_drop
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
        near, far = (matrix * n).sum(axis=1) / n.sum(axis=1)
        gap, observed = contrast(near, far, kind), contrast(mean[0], mean[1], kind)
        within = n[0] > 0
        lag = file["lag"].values[within].astype(float)
        step = run.index["index"].sel(matching="none", code=code).values
        out[f"{code}_drop"] = np.asarray(fitted_drop(lag, matrix[0, within], n[0, within], kind))
        out[f"{code}_gap"] = gap
        out[f"{code}_step"] = step * gap / observed if observed else np.zeros(())
    return out
