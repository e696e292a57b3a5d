"""Which runs of a survey are accepted, before anybody looks at their drift.

A model whose rates, code or weights are unlike those of what it is compared with drifts for reasons
of its own: it forgets, or it still learns. As in simulation-based inference such draws are left out
by what they do apart from drift. A run that is not accepted stays in the survey with the reason; no
comparison scores it, and the share that is accepted is itself a result.

Where speed is matched by design (`spikedrift.sweeps.matching`), a point that never drifts as far as
the others, or is too fast at its shortest gap, is left out for that.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from spikedrift.config.sweeps import Accept
from spikedrift.stats.stretch import relative_change

DIMS = ("point", "instance")
CODE = "rate"  # the code whose depth is asked for: every network that fires has it


def measured(
    traces: xr.Dataset, depth: xr.DataArray, blocks: tuple[int, int] | None = None
) -> xr.Dataset:
    """What acceptance asks of a run.

    Parameters
    ----------
    traces : Dataset
        Of a session, as `spikedrift.networks.simulate` gives them.
    depth : DataArray, dims (code, block)
        Depth of the codes, as `spikedrift.drift.signal.recording.drift_values` gives it.
    blocks : tuple of int, optional
        Blocks that are compared, by their place in the session, from 0; default: all.

    Returns
    -------
    Dataset
        `block_rate` (Hz) of the units and `block_cv` of their intervals, means over the blocks;
        `depth` (code, block); by projection that is plastic, at the end of training (of all before
        the first block where there is none): `weight_change`, by how much its mean weight changes
        in the time that a block takes, relative to its value then, and `weight_at_bound`, the share
        of its weights at either bound. NaN where a session has no blocks.
    """
    kind = traces["stage_kind"].values.astype(str)
    every = np.flatnonzero(kind == "block")
    seen = every if blocks is None else every[list(blocks)]
    rate = traces["stage_rate"].sel(population=traces.attrs["units"]).values
    change = at_bound = np.full(traces.sizes["projection"], np.nan)
    if every.size:
        change, at_bound = _weights(traces, kind, int(every[0]))
    return xr.Dataset(
        {
            "block_rate": ((), _mean(rate[seen]), {"units": "Hz"}),
            "block_cv": ((), _mean(traces["interval_cv"].values[seen]), {"units": "1"}),
            "depth": depth.drop_vars("block", errors="ignore"),
            "weight_change": ("projection", change, {"units": "1"}),
            "weight_at_bound": ("projection", at_bound, {"units": "1"}),
        },
        coords={"projection": traces["projection"].values},
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else np.nan


def _weights(traces: xr.Dataset, kind: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Relative change of mean weights over the time of a block, and shares at either bound."""
    start, stop = (traces[name].values for name in ("stage_start", "stage_stop"))
    trained = np.flatnonzero(kind[:block] == "train")
    end = stop[trained[-1]] if trained.size else start[block]
    length = stop[block] - start[block]
    time, edge = traces["time"].values, traces["edge"].values
    first = start[trained[0]] if trained.size else time[0]
    change = np.full(traces.sizes["projection"], np.nan)
    for k, weight in enumerate(traces["mean_weight"].values):
        if (by := relative_change(time, weight, end, length, first)) is not None:
            change[k] = by
    at = int(np.abs(edge - end).argmin())
    return change, traces["at_bound"].values[:, :, at].sum(axis=0)


class _Criterion(NamedTuple):
    """A number of every run, its bounds, its name in figures, and how a miss is said.

    `unknown` says that there is no number; where it is empty, that is no miss: a network without
    plastic weights has none that could move. Runs of the control, which neither learns nor drifts,
    miss no criterion that asks for that.
    """

    value: xr.DataArray
    low: float
    high: float
    title: str
    said: str
    unknown: str = ""
    not_of_control: bool = False


def _criteria(data: xr.Dataset, accept: Accept) -> Iterator[_Criterion]:
    """Criteria that are asked for."""
    each = data["depth"].sel(code=CODE)
    depth = each.mean("block", skipna=False)
    if accept.rate is not None:
        yield _Criterion(
            data["block_rate"], *accept.rate, "rate in blocks (Hz)", "rate {:.3g} Hz", "no rate"
        )
    if accept.interval_cv is not None:
        yield _Criterion(
            data["block_cv"], *accept.interval_cv, "CV of intervals", "CV of intervals {:.2g}",
            "too few intervals",
        )  # fmt: skip
    if accept.depth is not None:
        over = depth / depth.where(data["control"].astype(bool)).mean()
        yield _Criterion(
            over, accept.depth, np.inf, "depth over the control's",
            "depth {:.2g} times that of the control", "depth unknown", not_of_control=True,
        )  # fmt: skip
    if accept.depth_change is not None:
        yield _Criterion(
            (each.max("block") - each.min("block")) / depth, 0.0, accept.depth_change,
            "difference of depth between blocks", "depth differs by {:.0%} between blocks",
            "depth unknown",
        )  # fmt: skip
    if accept.weight_change is not None:
        yield _Criterion(
            abs(data["weight_change"]).max("projection"), 0.0, accept.weight_change,
            "change of a mean weight in a block's time",
            "a mean weight moves by {:.1%} in a block's time",
        )  # fmt: skip
    if "came_to_rest" in data:  # of runs whose training goes on until weights rest
        yield _Criterion(
            data["trained_repeats"].where(data["came_to_rest"] != 1, 0.0).where(
                data["came_to_rest"].notnull()
            ),
            0.0, 0.0, "repeats of training without rest", "did not come to rest in {:.0f} repeats",
        )  # fmt: skip
    if accept.off_match is not None and "matched_index" in data:
        yield _Criterion(
            abs(data["matched_index"] - data.attrs["match"]).broadcast_like(data["block_rate"]),
            0.0, accept.off_match, "tuning index, distance from the matched one",
            "tuning index off by {:.2g} at the best gap", "no tuning index", not_of_control=True,
        )  # fmt: skip
    if accept.at_bounds is not None:
        yield _Criterion(
            data["weight_at_bound"].max("projection"), 0.0, accept.at_bounds,
            "share of weights at bounds", "{:.0%} of the weights at bounds",
        )  # fmt: skip


def accepted(data: xr.Dataset, accept: Accept) -> xr.Dataset:
    """Say of every run whether it is accepted.

    Parameters
    ----------
    data : Dataset, dims (point, instance, ...)
        Runs of a survey with what `measured` returns, and `control` by point.
    accept : Accept

    Returns
    -------
    Dataset
        `accepted` (point, instance), bool; a failed run is not accepted. `rejection` (point,
        instance), str: every criterion that a run misses, with its value. Unless all failed, by
        criterion that is asked for (coordinate: its words in figures), `criterion_value`
        (criterion, point, instance), `criterion_low` and `criterion_high`; runs of the control need
        not be deeper than the control.
    """
    failed = (data["status"] == "failed").transpose(*DIMS).values
    if failed.all():
        empty = np.full(failed.shape, "")
        return xr.Dataset({"accepted": (DIMS, ~failed), "rejection": (DIMS, empty)})
    criteria = list(_criteria(data, accept))
    values = np.array([one.value.transpose(*DIMS).values for one in criteria])
    control = data["control"].values.astype(bool)
    missed = [[dict[str, None]() for _ in row] for row in failed]
    for one, of_runs in zip(criteria, values, strict=True):
        for (p, i), value in np.ndenumerate(of_runs):
            if np.isnan(value):
                said = one.unknown
            else:
                said = "" if one.low <= value <= one.high else one.said.format(value)
            if said and not failed[p, i] and not (one.not_of_control and control[p]):
                missed[p][i][said] = None
    rejection = np.array([["; ".join(one) for one in row] for row in missed], dtype=str)
    return xr.Dataset(
        {
            "accepted": (DIMS, (rejection == "") & ~failed),
            "rejection": (DIMS, rejection),
            "criterion_value": (("criterion", *DIMS), values.reshape(-1, *failed.shape)),
            "criterion_low": ("criterion", np.array([one.low for one in criteria])),
            "criterion_high": ("criterion", np.array([one.high for one in criteria])),
        },
        coords={"criterion": [one.title for one in criteria]},
    )
