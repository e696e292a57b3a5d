"""Limits of what a comparison may claim: refusals before it, and its assumptions in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from spikedrift.comparison.scores.summary import Run
from spikedrift.config.compare import Compare
from spikedrift.core.errors import InputError
from spikedrift.spikes.caveats import caveat


def check_order(name: str, attributes: Mapping[str, Any], options: Compare) -> str:
    """Refuse a recording with a caveat unless it may be described; return the caveat.

    Raises
    ------
    InputError
        For pooled units or an assumed order, unless `options.assumed_order` is "describe".
    """
    reason = caveat(attributes)
    if reason and options.assumed_order == "refuse":
        raise InputError(
            f"{name}: no comparison with models, as {reason}; set compare.assumed_order to "
            "describe for a comparison without inference"
        )
    return reason


def check(recording: Run, points: Mapping[str, Sequence[Run]], options: Compare) -> None:
    """Refuse a recording that carries no comparison, and populations that are too small.

    Raises
    ------
    InputError
        As `check_order`; for fewer units than `options.min_units` on either side, and where no
        runs are given. That all of them failed is an outcome.
    """
    check_order(recording.name, recording.rate.attrs, options)
    models = [run for runs in points.values() for run in runs]
    if not points:
        raise InputError(f"{recording.name}: no model runs to compare with; give the sweep's")
    for run in (recording, *models):
        if run.n_units < options.min_units:
            raise InputError(
                f"{run.name}: {run.n_units} units, a comparison needs {options.min_units} "
                "(compare.min_units)"
            )


def illustrates(scores: xr.Dataset) -> bool:
    """Whether a comparison has too few instances to be more than an illustration (`words`)."""
    return "illustration" in str(scores.attrs["inference"])


def words(
    recording: Run,
    points: Mapping[str, Sequence[Run]],
    scored: Mapping[str, np.ndarray],
    options: Compare,
) -> str:
    """State unit of inference, n, null and assumptions, for captions."""
    n = [len(x) for x in scored.values()]
    count = str(min(n)) if min(n) == max(n) else f"{min(n)} to {max(n)}"
    units = sorted({run.n_units for runs in points.values() for run in runs})
    size = " to ".join(map(str, dict.fromkeys([*units[:1], *units[-1:]]))) or "no"
    same = "as many" if units == [recording.n_units] else "not as many"
    longest = recording.largest_lag()
    lags = min((run.largest_lag() for runs in points.values() for run in runs), default=longest)
    sentences = [
        f"One recording ({recording.n_units} units): no animal resampling; its sampling "
        "covariance is a bootstrap over units with Ledoit-Wolf shrinkage.",
        f"Model unit of inference: network instance, n = {count} a point, {size} units each "
        f"({same} as in the recording).",
        "Null: the recording is one more draw from the point, at one fitted time scale "
        "(expected score 1).",
        "Absolute speed is no evidence.",
    ]
    if min(n) < options.min_instances:
        sentences.append(
            f"Fewer than {options.min_instances} instances: an illustration, no interval."
        )
    if lags < longest:
        sentences.append(
            f"Models have lags to {lags}, the recording to {longest}: drops are over different "
            "lags."
        )
    if reason := caveat(recording.rate.attrs):
        sentences.append(f"Descriptive, no inference: {reason}.")
    return " ".join(sentences)
