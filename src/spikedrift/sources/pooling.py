"""Pooling: units of several recordings side by side, as if they had been recorded together.

The published timing results pool hundreds to thousands of units over sessions (Sotomayor-Gómez et
al. 2023, doi 10.1371/journal.pcbi.1011335). Analyses that need units that were recorded together
refuse such a file.
"""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift import trials
from spikedrift.core.errors import InputError

log = logging.getLogger(__name__)

KEY = trials.TRIAL_KEY


def pool(datasets: Sequence[xr.Dataset], recording: str) -> xr.Dataset:
    """Join recordings on (stimulus, segment, repeat, block).

    A trial that one of the recordings lacks stays, with that recording's units not observed. A
    pooled trial is cut to the shortest of the trials joined, for which all units were recorded.
    Times of day and behavior differ between recordings and are left out.

    Parameters
    ----------
    datasets : sequence of trials Datasets
    recording : str
        Id of the pool.

    Returns
    -------
    trials Dataset
        `pseudo_population` is 1; units carry the `recording` that each is from, and the quality
        columns that all recordings have, as numbers or as texts.

    Raises
    ------
    InputError
        For recordings of different kinds, spikes mixed with two-photon events, no trial that two
        of the recordings share, trials of too unequal durations, or segments of unlike names.
    """
    names = [str(dataset.attrs["recording"]) for dataset in datasets]
    kinds = {str(dataset.attrs["kind"]) for dataset in datasets}
    events = {"event_amplitude" in dataset for dataset in datasets}
    if len(kinds) > 1 or len(events) > 1:
        mixed = ", ".join(sorted(kinds)) if len(kinds) > 1 else "spikes and two-photon events"
        raise InputError(f"{recording}: pools {mixed}; pool recordings of one kind")
    keys = [pd.MultiIndex.from_arrays([d[name].values for name in KEY]) for d in datasets]
    joined = keys[0]
    for key in keys[1:]:
        joined = joined.union(key, sort=False)
    order = np.lexsort([joined.get_level_values(name) for name in (1, 0, 2, 3, 4)])
    joined = joined[order]
    place = [joined.get_indexer(key) for key in keys]
    shared = np.bincount(np.concatenate(place), minlength=len(joined))
    if shared.max() < 2:
        raise InputError(f"{recording}: {', '.join(names)} have no trial in common")
    log.info(
        "%s: %d trials, %d of them in all %d recordings",
        recording,
        len(joined),
        int((shared == len(names)).sum()),
        len(names),
    )
    sizes = [dataset.sizes["unit"] for dataset in datasets]
    first = np.cumsum([0, *sizes])
    datasets, duration = _of_one_length(datasets, place, recording)
    count = np.zeros((len(joined), first[-1]), dtype=np.int32)
    observed = np.zeros(count.shape, dtype=bool)
    for dataset, rows, begin, size in zip(datasets, place, first, sizes, strict=False):
        columns = slice(begin, begin + size)
        count[rows, columns] = dataset["spike_count"].values
        observed[rows, columns] = dataset["observed"].values
    offset = np.zeros(count.size + 1, dtype=np.int64)
    np.cumsum(count.ravel(), dtype=np.int64, out=offset[1:])
    spikes: dict[str, np.ndarray] = {}
    for variable in ("spike_time", *(["event_amplitude"] if events == {True} else [])):
        spikes[variable] = np.empty(offset[-1])
        for dataset, rows, begin in zip(datasets, place, first, strict=False):
            trial, unit = trials.spike_cells(dataset)
            cell = rows[trial] * count.shape[1] + begin + unit
            within = (
                np.arange(trial.size)
                - trials.offsets(dataset)[trial * dataset.sizes["unit"] + unit]
            )
            spikes[variable][offset[cell] + within] = dataset[variable].values
    return trials.assemble(
        spikes["spike_time"],
        count,
        recording=recording,
        kind=kinds.pop(),
        trial={
            **{name: joined.get_level_values(level) for level, name in enumerate(KEY)},
            "duration": duration,
            "segment_name": _segment_names(datasets, place, recording),
        },
        unit=_units(datasets),
        quality=_quality(datasets),
        observed=observed,
        event_amplitude=spikes.get("event_amplitude"),
        attributes=_attributes(datasets, names),
    )


def _of_one_length(
    datasets: Sequence[xr.Dataset], place: Sequence[np.ndarray], recording: str
) -> tuple[list[xr.Dataset], np.ndarray]:
    """Cut joined trials to the shortest of them; returns the recordings and the durations, s."""
    shown = np.concatenate(place)
    each = np.concatenate([dataset["duration"].values for dataset in datasets])
    shortest, longest = np.full(shown.max() + 1, np.inf), np.zeros(shown.max() + 1)
    np.minimum.at(shortest, shown, each)
    np.maximum.at(longest, shown, each)
    worst = int(np.argmin(shortest / longest))
    trials.common_duration([shortest[worst], longest[worst]], f"{recording}: trial {worst}")
    cut = [trials.shorten(one, shortest[rows]) for one, rows in zip(datasets, place, strict=True)]
    return cut, shortest


def _segment_names(
    datasets: Sequence[xr.Dataset], place: Sequence[np.ndarray], recording: str
) -> np.ndarray:
    """Name of each joined trial's segment; the same number must not stand for two names."""
    found = np.full(np.concatenate(place).max() + 1, "", dtype=object)
    for dataset, rows in zip(datasets, place, strict=True):
        names = dataset["segment_name"].values.astype(str)
        unlike = (found[rows] != "") & (names != "") & (found[rows] != names)
        if unlike.any():
            trial = int(unlike.argmax())
            number, mine = dataset["segment"].values[trial], str(names[trial])
            raise InputError(
                f"{recording}: segment {number} is {mine!r} in {dataset.attrs['recording']} and "
                f"{found[rows][trial]!r} in one before it; pool "
                "recordings of the same segments"
            )
        found[rows] = np.where(names != "", names, found[rows])
    return found


def _quality(datasets: Sequence[xr.Dataset]) -> dict[str, np.ndarray]:
    """Quality columns that all recordings have, as numbers or as texts."""
    columns = set.intersection(*(set(trials.quality_names(dataset)) for dataset in datasets))
    out = {}
    for name in sorted(columns):
        values = [trials.quality(dataset, name) for dataset in datasets]
        if len({one.dtype.kind in "biuf" for one in values}) == 1:  # numpy would make texts of all
            out[name] = np.concatenate(values)
    return out


def _units(datasets: Sequence[xr.Dataset]) -> dict[str, np.ndarray]:
    """Columns of units; ids are made unique by the session that each unit is from."""
    unit = {
        name: np.concatenate([dataset[name].values for dataset in datasets])
        for name in trials.UNIT_COLUMNS
    }
    ids = zip(unit["recording"], unit["unit_id"], strict=True)
    unit["unit_id"] = np.array([f"{name.partition('.')[0]}:{one}" for name, one in ids])
    return unit


def _attributes(datasets: Sequence[xr.Dataset], names: list[str]) -> dict[str, Any]:
    """Attributes of the pool: those of all recordings joined, each text once."""

    def all_of(name: str) -> str:
        return "; ".join(dict.fromkeys(filter(None, (str(d.attrs[name]) for d in datasets))))

    return {
        "source": "spikedrift.sources.pooling",
        "citation": all_of("citation"),
        "licence": all_of("licence"),
        "parameters": {"recordings": names},
        "software": datasets[0].attrs["software"],
        "pseudo_population": 1,
        "subject": all_of("subject"),
        "trial_order_known": int(all(dataset.attrs["trial_order_known"] for dataset in datasets)),
        "assumptions": all_of("assumptions"),
    }
