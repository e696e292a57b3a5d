"""Trials as spike trains of one session, whose times count from its start, and back.

A trials file holds a spike once in every trial that it falls into; a train holds it once. Where
trials overlap, the earlier one gives the spikes of the time that both cover.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.sources.tables import CLOCK, merged


def edges(dataset: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Start and stop of every trial in the session: float64, shape (n_trials,), s.

    Raises
    ------
    InputError
        Where there is no trial or no unit, times are those of two-photon events, or a trial has no
        start.
    """
    name = dataset.attrs["recording"]
    for dim in ("trial", "unit"):
        if dataset.sizes[dim] == 0:
            raise InputError(f"{name}: has no {dim}s, so that there is nothing to hand on")
    if "event_amplitude" in dataset.variables:
        raise InputError(f"{name}: {trials.NO_TIMING}, so that it has no spike trains to hand on")
    start = dataset["start_time"].values
    if (unknown := np.isnan(start)).any():
        raise InputError(
            f"{name}: trial {int(np.argmax(unknown))} has no start_time, so that its spikes have "
            "no time in the session; spikedrift.exchange.timeline.end_to_end makes starts up, as "
            "the command does with --pause"
        )
    return start, start + dataset["duration"].values


def end_to_end(dataset: xr.Dataset, pause: float = 1.0) -> xr.Dataset:
    """Give trials made-up starts, one after the other, and say so in `assumptions`.

    Parameters
    ----------
    dataset : trials Dataset
    pause : float, s
        Time between the end of a trial and the start of the next.

    Returns
    -------
    Dataset
        The same trials, from 0 on in the order of showing, or where that is not known in the order
        of the file. Starts that were known are lost.
    """
    shown = dataset["presentation_index"].values
    order = np.argsort(shown, kind="stable") if (shown >= 0).all() else np.arange(shown.size)
    length = dataset["duration"].values[order] + pause
    start = np.empty(order.size)
    start[order] = np.cumsum(length) - length
    said = f"starts of trials are made up: one after the other, {pause:g} s apart"
    known = dataset.attrs["assumptions"]
    return dataset.assign_coords(
        start_time=("trial", start, dataset["start_time"].attrs)
    ).assign_attrs(assumptions=f"{known}; {said}" if known else said)


def trains(dataset: xr.Dataset) -> list[np.ndarray]:
    """Spike times of every unit in the session: a list of n_units float64 arrays, sorted, s.

    A time is that of the start of its trial plus that within the trial, rounded to float64: half a
    picosecond in a session of two hours. No spike leaves its trial by that.

    Raises
    ------
    InputError
        As `edges`, and where two trials overlap that do not hold the same spikes there.
    """
    start, stop = edges(dataset)
    trial, unit = trials.spike_cells(dataset)
    time = np.minimum(
        start[trial] + dataset["spike_time"].values, np.nextafter(stop, -np.inf)[trial]
    )
    new = time >= _covered(start, stop, dataset["observed"].values)[trial, unit]
    of_unit, time = unit[new], time[new]
    _check_again(dataset, time, of_unit)
    order = np.lexsort((time, of_unit))
    end = np.cumsum(np.bincount(of_unit, minlength=dataset.sizes["unit"]))
    return np.split(time[order], end[:-1])


def observed_spans(dataset: xr.Dataset) -> list[np.ndarray]:
    """Spans of time in which a unit's spikes are known: n_units arrays of shape (n_spans, 2), s.

    These are the trials in which it was observed; those that touch or overlap are one span.

    Raises
    ------
    InputError
        As `edges`, and for a trial in which a unit was not observed though it was in others that
        cover the same time: spans cannot say that.
    """
    start, stop = edges(dataset)
    observed = dataset["observed"].values
    known: dict[bytes, np.ndarray] = {}
    out = []
    for unit, seen in enumerate(observed.T):
        if (key := seen.tobytes()) not in known:
            spans = known[key] = merged(start[seen], stop[seen])
            last = np.searchsorted(spans[:, 0], start, side="right") - 1
            inside = last >= 0
            inside[inside] = stop[inside] <= spans[last[inside], 1]
            if (hidden := inside & ~seen).any():
                raise InputError(
                    f"{dataset.attrs['recording']}: trial {int(np.argmax(hidden))}, unit "
                    f"{dataset['unit_id'].values[unit]}: not observed, but other trials of the "
                    "same time are; leave out the trials that overlap (spikedrift.trials.select)"
                )
        out.append(known[key])
    return out


def overlap(start: np.ndarray, stop: np.ndarray) -> bool:
    """Whether two of some intervals share more time than clocks may round."""
    order = np.argsort(start, kind="stable")
    return bool((start[order][1:] + CLOCK < np.maximum.accumulate(stop[order])[:-1]).any())


def from_trains(
    trains: Sequence[npt.ArrayLike],
    *,
    recording: str,
    kind: str,
    trial: Mapping[str, npt.ArrayLike],
    observed: npt.ArrayLike | None = None,
    **more: Any,
) -> xr.Dataset:
    """Cut spike trains of a session into trials.

    Parameters
    ----------
    trains : sequence of arrays, s
        Spike times of every unit in the session, in any order.
    recording, kind
        As `trials.assemble` takes them.
    trial : mapping of name -> array, shape (n_trials,)
        Columns of trials, with `start_time` and `duration`.
    observed : bool, shape (n_trials, n_units), optional
        Spikes of a unit in trials in which it was not observed are left out. Default: all observed.
    **more
        Further arguments of `trials.assemble`: `unit`, `quality`, `attributes`.

    Raises
    ------
    InputError
        For a spike time or a start that is not finite, and as `trials.assemble`.
    """
    times = [np.asarray(one, dtype=np.float64) for one in trains]
    for index, one in enumerate(times):
        if not np.isfinite(one).all():
            raise InputError(f"{recording}: unit {index}: a spike time is not finite")
    start = np.asarray(trial["start_time"], dtype=np.float64)
    duration = np.broadcast_to(np.asarray(trial["duration"], dtype=np.float64), start.shape)
    for name, values in (("start_time", start), ("duration", duration)):
        if not np.isfinite(values).all():
            bad = int(np.argmin(np.isfinite(values)))
            raise InputError(f"{recording}: trial {bad}: {name} is {values[bad]}, must be a time")
    unit = np.repeat(np.arange(len(times)), [one.size for one in times])
    spikes = np.concatenate([np.empty(0), *times])
    time, count = trials.cut(spikes, unit, start, duration, len(times))
    if observed is not None:
        seen = np.asarray(observed, bool)
        time = time[np.repeat(seen.ravel(), count.ravel())]
        count = np.where(seen, count, 0)
    return trials.assemble(
        time, count, recording=recording, kind=kind, trial=trial, observed=observed, **more
    )


def _covered(start: np.ndarray, stop: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Time up to which earlier trials tell the spikes of each unit: shape of `observed`, s."""
    order = np.argsort(start, kind="stable")
    reach = np.maximum.accumulate(np.where(observed[order], stop[order, None], -np.inf), axis=0)
    covered = np.full(observed.shape, -np.inf)
    covered[order[1:]] = reach[:-1]
    return covered


def _check_again(dataset: xr.Dataset, time: np.ndarray, unit: np.ndarray) -> None:
    """Refuse trains that, cut again, are not the trials that they were made from."""
    start, stop = edges(dataset)
    count, seen = dataset["spike_count"].values, dataset["observed"].values
    again, counted = trials.cut(time, unit, start, dataset["duration"].values, count.shape[1])
    again = again[np.repeat(seen.ravel(), counted.ravel())]
    wrong = np.where(seen, counted, 0) != count
    if not wrong.any():
        rounding = 4 * np.spacing(np.abs([start, stop]).max())
        moved = np.abs(again - dataset["spike_time"].values) > rounding
        wrong = np.bincount(
            np.repeat(np.arange(count.size), count.ravel())[moved], minlength=count.size
        ).reshape(count.shape)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"{dataset.attrs['recording']}: trial {row}, unit {dataset['unit_id'].values[column]}: "
            "overlaps another trial that does not hold the same spikes, so that they are of no one "
            "session; spikedrift.exchange.timeline.end_to_end puts trials side by side"
        )
