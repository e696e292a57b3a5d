"""Speed of drift matched by design: which later block of a session is held against the first.

How fast a model drifts follows from its learning rate and says nothing for the model. Sessions with
several later blocks, at growing gaps, let every point of a sweep be compared at the gap at which it
has drifted as far as the others: the one at which the tuning index, the mean over its instances, is
nearest to a value that is set. The same trials choose the gap and are compared, so that the noise
of that mean is drawn towards the value: a matched index is no evidence.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

CODE = "rate"  # the tuning index


def pairs(data: xr.Dataset) -> list[int]:
    """Later blocks of a session by their place in it, from 1: each is held against the first.

    Parameters
    ----------
    data : trials Dataset
    """
    blocks = np.unique(data["block"].values[data["phase"].values == "block"])
    return list(range(1, blocks.size))


def gaps(traces: xr.Dataset, later: Sequence[int]) -> np.ndarray:
    """Time from the end of the first block to the beginning of later ones: float64; s.

    Parameters
    ----------
    traces : Dataset
        Of a session, as `spikedrift.networks.simulate` gives them.
    later : sequence of int
        As `pairs` returns them.
    """
    block = np.flatnonzero(traces["stage_kind"].values.astype(str) == "block")
    start, stop = (traces[name].values for name in ("stage_start", "stage_stop"))
    return np.asarray(start[block[list(later)]] - stop[block[0]], dtype=float)


def matched(data: xr.Dataset, index: float) -> xr.Dataset:
    """Take, of every point, the pair of blocks whose tuning index is nearest to a value.

    Parameters
    ----------
    data : Dataset, dims (point, instance, pair, ...)
        Runs of a survey.
    index : float
        Tuning index that is asked for.

    Returns
    -------
    Dataset
        Without `pair`. New by `point`: `matched_index`, the tuning index there, mean over the
        instances that have one, NaN where none has; `matched_gap`; s.
    """
    mean = data["signal_index"].sel(code=CODE, drop=True).mean("instance")
    nearest = abs(mean - index).fillna(np.inf).argmin("pair").drop_vars("pair", errors="ignore")
    # Every instance that was measured has the same gaps.
    gap = data["pair_gap"].max("instance")
    out = data.isel(pair=nearest).drop_vars(["pair", "pair_gap"])
    return out.assign(
        matched_index=mean.isel(pair=nearest).drop_vars("pair").assign_attrs(units="1"),
        matched_gap=gap.isel(pair=nearest).drop_vars("pair").assign_attrs(units="s"),
    )
