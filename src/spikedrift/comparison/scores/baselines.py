"""Baselines: statistics of generators that know only the lag, only the block, or no drift.

The first two are made from the recording's own curves and keep its mean similarity, so that they
are as strong as possible: a model is informative only where it comes nearer than they do.
"""

from dataclasses import replace

import numpy as np
import xarray as xr

from spikedrift.comparison.scores.summary import (
    CODES,
    STATISTICS,
    Parts,
    Run,
    fitted_fall,
    positive,
)
from spikedrift.drift.profile import CORRELATIONS
from spikedrift.drift.signal.magnitudes import Sums, magnitudes
from spikedrift.drift.signal.recording import chance_of, sums_of

BASELINES = ("lag_only", "block_only", "no_drift")


def predicted(run: Run, baseline: str) -> Parts:
    """Magnitudes that a baseline predicts for a recording: scalars.

    `lag_only`: every pair of windows or repeats has the mean of all pairs at its lag, within blocks
    and between. `block_only`: every pair has the mean within or the mean between blocks. With
    either, step and gain of a code, and of rate the change of geometry, are the recording's own,
    times the share of the excess of new variance between blocks over that within that the baseline
    explains. `no_drift`: all magnitudes are 0, as for a frozen network without noise. Statistics
    that are no magnitudes of drift are the recording's own.
    """
    out = dict(run.parts(run.largest_lag()))
    if baseline == "no_drift":
        drift = [name for name, one in STATISTICS.items() if one.scales and name in out]
        return out | dict.fromkeys([*drift, *(f"{code}_gap" for code in CODES)], np.zeros(()))
    for code in CODES:
        own = sums_of(run.index, code)
        told = _told(own, baseline)
        found = magnitudes(told, run.index["lag"].values, chance_of(run.index, code))
        out[f"{code}_drop"], out[f"{code}_gap"] = found[:2]
        explained, observed = _more_between(told), _more_between(own)
        share = np.clip(explained / observed, 0.0, 1.0) if observed > 0 else 1.0
        for part in ("step", "gain"):
            out[f"{code}_{part}"] = out[f"{code}_{part}"] * share
        if code == "rate":
            out["geometry_change"] = out["geometry_change"] * share
    if run.profile is None:
        return out
    for name in CORRELATIONS:
        fall, near, far = _read(run.profile.sel(correlation=name), baseline)
        level = positive(near)
        out[f"{name}_drop"], out[f"{name}_step"] = fall / level, (near - far) / level
    return out


def _told(own: Sums, baseline: str) -> Sums:
    """Sums of powers and overlaps that a baseline predicts, by relation and lag."""
    parts, known = [], own.lag_known
    for values in (own.lag_power, own.lag_overlap):
        total = np.where(known > 0, values, 0.0)
        axis = 0 if baseline == "lag_only" else 1
        n = known.sum(axis=axis, keepdims=True)
        mean = total.sum(axis=axis, keepdims=True) / np.maximum(n, 1)
        parts.append(mean * known)
    return replace(own, lag_power=parts[0], lag_overlap=parts[1])


def _more_between(sums: Sums) -> float:
    """Share that is new between blocks less that within them, over all lags."""
    power = np.nansum(sums.lag_power, axis=1)
    new = power - np.nansum(sums.lag_overlap, axis=1)
    return float(new[1] / power[1] - new[0] / power[0]) if (power > 0).all() else float("nan")


def _read(file: xr.Dataset, baseline: str) -> tuple[float, np.ndarray, np.ndarray]:
    """Fall within blocks, mean within and mean between blocks that a baseline predicts."""
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
    return fitted_fall(lag, matrix[0, within], n[0, within]), near, far
