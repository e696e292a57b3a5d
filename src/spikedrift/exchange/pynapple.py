"""Trials to and from pynapple: a TsGroup of units and an IntervalSet of trials."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.exchange import timeline
from spikedrift.exchange.columns import plain, trial_columns, unit_columns
from spikedrift.exchange.optional import optional
from spikedrift.sources.tables import merged

if TYPE_CHECKING:
    from pynapple import IntervalSet, TsGroup

NEAR = 2e-6  # s: pynapple takes a microsecond from intervals that touch


def to_pynapple(dataset: xr.Dataset) -> "tuple[TsGroup, IntervalSet]":
    """Return units and trials for pynapple.

    Parameters
    ----------
    dataset : trials Dataset

    Returns
    -------
    units : TsGroup
        Spike times in the session, s, by the number of the unit from 0 on. Its time support are the
        trials, so that rates are rates within trials. Columns of units and their quality are
        metadata.
    shown : IntervalSet
        Trials in order of their start, with all columns of the contract as metadata. Where a trial
        ends as the next one starts, its end is the last float64 before that.

    Raises
    ------
    InputError
        As `timeline.trains`; where pynapple is not installed, where trials overlap, which intervals
        of pynapple cannot, where a unit was not observed in all trials, which they cannot tell from
        silence, and for a column whose name pynapple keeps for itself.
    """
    nap = optional("pynapple")
    start, stop = timeline.edges(dataset)
    recording = dataset.attrs["recording"]
    if timeline.overlap(start, stop):
        raise InputError(
            f"{recording}: trials overlap, which intervals of pynapple cannot; leave out some "
            "(spikedrift.trials.select), or put them one after the other "
            "(spikedrift.exchange.timeline.end_to_end)"
        )
    if not (whole := dataset["observed"].values.all(axis=0)).all():
        raise InputError(
            f"{recording}: unit {dataset['unit_id'].values[np.argmin(whole)]} was not observed in "
            "all trials, which pynapple cannot tell from silence; leave out such units: "
            "trials.select(dataset, units=dataset['observed'].values.all(axis=0))"
        )
    order = np.argsort(start, kind="stable")
    columns = {name: dataset[name].values for name in trials.UNIT_COLUMNS}
    columns |= {name: trials.quality(dataset, name) for name in trials.quality_names(dataset)}
    labels = {name: dataset[name].values[order] for name in trials.TRIAL_COLUMNS}
    begin = start[order]
    end = np.minimum(stop[order], np.nextafter(np.append(begin[1:], np.inf), -np.inf))
    spans = merged(begin, end)
    trains = timeline.trains(dataset)
    with warnings.catch_warnings():
        # Of names such as `peak-channel`, which are no attributes but metadata nevertheless.
        warnings.filterwarnings("ignore", message="Metadata name")
        support = nap.IntervalSet(spans[:, 0], spans[:, 1])
        units = {number: nap.Ts(times, time_support=support) for number, times in enumerate(trains)}
        try:
            group = nap.TsGroup(units, time_support=support, metadata=columns)
        except ValueError as error:
            raise InputError(
                f"{recording}: pynapple does not take a column of units ({error}); rename it first "
                "(Dataset.rename)"
            ) from None
        return group, nap.IntervalSet(begin, end, metadata=labels)


def from_pynapple(
    units: "TsGroup",
    shown: "IntervalSet",
    *,
    recording: str,
    kind: str | None = None,
    segment: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Cut a TsGroup into trials.

    Parameters
    ----------
    units : TsGroup
        Metadata `unit_id` and `population` become these columns, `rate` is left out, and all other
        numbers and texts become quality columns.
    shown : IntervalSet
        Trials; a spike at the very end of an interval belongs to what follows. Metadata with the
        names of the contract become these columns, and `start_time` and `duration` are taken for
        exact where they are those of the intervals up to the microsecond that pynapple may take.
    recording : str
        Id, `{session}.{stimulus}`.
    kind : {"data", "model", "synthetic"}, optional
        Default: that of `attributes`, otherwise `data`.
    segment : str, optional
        Metadata of the intervals that tell which part of the stimulus was shown, such as
        `direction`. Default: `segment`; without it all trials show the same.
    attributes : mapping, optional
        Of the trials file: `subject`, `citation` and so on.

    Raises
    ------
    InputError
        Where there is no interval or no unit, an interval is not within the time support of the
        units, and as `timeline.from_trains`.
    """
    for given, what in ((units, "unit"), (shown, "interval")):
        if len(given) == 0:
            raise InputError(f"{recording}: there is no {what} in what pynapple gives")
    begin, end = np.asarray(shown.start, float), np.asarray(shown.end, float)
    support = units.time_support
    spans = merged(np.asarray(support.start, float), np.asarray(support.end, float))
    within = np.searchsorted(spans[:, 0], begin + NEAR, side="right") - 1
    outside = (within < 0) | (end - NEAR > spans[np.maximum(within, 0), 1])
    if outside.any():
        raise InputError(
            f"{recording}: interval {int(np.argmax(outside))} is not within the time support of "
            "the units, so that their spikes there are not known; leave the interval out, or make "
            "the TsGroup with the time_support for which it was recorded"
        )
    labels = {name: plain(np.asarray(shown.get_info(name))) for name in shown.metadata_columns}
    start, duration = labels.get("start_time"), labels.get("duration")
    if (
        start is None
        or duration is None
        or np.abs(start - begin).max() > NEAR
        or np.abs(start + duration - end).max() > NEAR
    ):
        labels |= {"start_time": begin, "duration": end - begin}
    keys = list(units.keys())
    columns = {
        name: np.asarray(units.get_info(name)) for name in units.metadata_columns if name != "rate"
    }
    unit, quality = unit_columns(columns, np.array([str(key) for key in keys]))
    said = {"source": "spikedrift.exchange.pynapple", **(attributes or {})}
    return timeline.from_trains(
        [units[key].t for key in keys],
        recording=recording,
        kind=kind or said.get("kind", "data"),
        trial=trial_columns(labels, recording, segment),
        unit=unit,
        quality=quality,
        attributes=said,
    )
