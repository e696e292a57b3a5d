"""Similarity matrices of a recording: trial by trial, repeat by repeat, segment by segment."""

import inspect
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from pydantic import ValidationError

from spikedrift.config.similarity import complete
from spikedrift.errors import InputError
from spikedrift.similarity.blocks import symmetric
from spikedrift.similarity.registry import Measure, get
from spikedrift.trials import REPEAT_KEY, TRIAL_KEY

PHASES = ("naive", "train", "block")  # in the order of a model's life
ROWS = 256  # trials against all others at a time in the means over segments
SEGMENT_KEY = ("stimulus", "segment")
NAN_POLICY = (
    "NaN where fewer than min_shared units are shared or the measure is undefined; "
    "means over pairs leave NaN pairs out"
)


def similarity(
    dataset: xr.Dataset, measure: str, options: Mapping[str, Any] | None = None
) -> xr.Dataset:
    """Compare all pairs of trials of a recording by one measure.

    Parameters
    ----------
    dataset : xr.Dataset
        A trials file.
    measure : str
        Name of a measure.
    options : mapping, optional
        Its options; those left out take their defaults (`spikedrift.config.similarity`).

    Returns
    -------
    xr.Dataset
        `value`, `n_shared` (trial, trial_other); `repeat_value`, `repeat_n_shared` (repeat,
        repeat_other), repeats in order of session, phase (naive, train, block), block and
        repeat; `segment_value` (segment, segment_other), the mean over pairs of trials of
        different repeats in phase "block". Values are in the units of the measure.
        Coordinates: `trial_{stimulus, segment, repeat, block, session, phase}` of each trial;
        `repeat` and `repeat_{session, phase, block}` of each repeat; `segment` and
        `segment_stimulus` of each segment. `repeat_n_shared` of a mean over pairs of trials is
        the least of these pairs.

    Raises
    ------
    InputError
        For an unknown measure or option, or a timing measure on a file of two-photon events.
    """
    rule = get(measure)
    chosen = _options(rule, dataset, options or {})
    n_trials, n_units = dataset["spike_count"].shape
    value, n_shared = symmetric(
        n_trials, lambda first, second: rule.pairs(dataset, first, second, **chosen)
    )
    repeats, segments = _groups(dataset, REPEAT_KEY), _groups(dataset, SEGMENT_KEY)
    members, showings = list(repeats.values()), list(segments.values())
    repeat_of, segment_of = _labels(members, n_trials), _labels(showings, n_trials)
    if rule.repeats is None:
        repeat_value, repeat_shared = _same_segment_means(members, segment_of, value, n_shared)
    else:
        repeat_value, repeat_shared = rule.repeats(dataset, members, **chosen)
    used = np.flatnonzero(dataset["phase"].values == "block")
    matrices = {
        "value": (("trial", "trial_other"), value),
        "n_shared": (("trial", "trial_other"), n_shared),
        "repeat_value": (("repeat", "repeat_other"), repeat_value),
        "repeat_n_shared": (("repeat", "repeat_other"), repeat_shared.astype(np.int32)),
        "segment_value": (
            ("segment", "segment_other"),
            _segment_means(used, repeat_of, segment_of, len(segments), value),
        ),
    }
    coords: dict[str, Any] = {f"trial_{name}": dataset[name].variable for name in TRIAL_KEY}
    for dim, key, groups in (("repeat", REPEAT_KEY, repeats), ("segment", SEGMENT_KEY, segments)):
        for name, column in zip(key, zip(*groups, strict=True), strict=True):
            coords[name if name == dim else f"{dim}_{name}"] = (dim, np.array(column))
    out = xr.Dataset(matrices, coords, attrs=_attributes(dataset, rule, chosen))
    for name in ("value", "repeat_value", "segment_value"):
        out[name].attrs.update(units=rule.units, long_name=rule.title)
    out.attrs["n_units"] = n_units
    return out


def _options(rule: Measure, dataset: xr.Dataset, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with defaults, refused here where the measure would fail on them."""
    if rule.code == "timing" and "event_amplitude" in dataset:
        raise InputError(
            f"{dataset.attrs.get('recording', 'trials')}: {rule.name} needs spike times, but the "
            "file holds two-photon events (event_amplitude); use a rate measure"
        )
    try:
        chosen = complete(rule.name, dict(options))
        inspect.signature(rule.pairs).bind(dataset, None, None, **chosen)
    except ValidationError as error:
        found = error.errors()[0]
        key = ".".join(str(part) for part in found["loc"])
        raise InputError(
            f"measure {rule.name}, option {key}: {found['msg']} (given: {found['input']!r})"
        ) from None
    except TypeError as error:
        raise InputError(f"measure {rule.name}: options do not fit it: {error}") from None
    return chosen


def _groups(dataset: xr.Dataset, key: tuple[str, ...]) -> dict[tuple[Any, ...], np.ndarray]:
    """Trials that share a key, keys in order."""

    def place(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            (PHASES.index(value) if value in PHASES else len(PHASES), value)
            if name == "phase"
            else value
            for name, value in zip(key, values, strict=True)
        )

    trials: dict[tuple[Any, ...], list[int]] = {}
    columns = (dataset[name].values.tolist() for name in key)
    for trial, values in enumerate(zip(*columns, strict=True)):
        trials.setdefault(values, []).append(trial)
    return {values: np.array(trials[values]) for values in sorted(trials, key=place)}


def _labels(groups: list[np.ndarray], n_trials: int) -> np.ndarray:
    """Index of the group that each trial is in."""
    label = np.empty(n_trials, np.int64)
    for index, trials in enumerate(groups):
        label[trials] = index
    return label


def _same_segment_means(
    members: list[np.ndarray], segment_of: np.ndarray, value: np.ndarray, n_shared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the pairs of trials that show the same segment in two repeats."""
    shown = np.full((len(members), segment_of.max(initial=-1) + 1), -1)
    for repeat, trials in enumerate(members):
        shown[repeat, segment_of[trials]] = trials
    mean = np.full((len(members),) * 2, np.nan)
    least = np.zeros(mean.shape, np.int64)
    for repeat, trials in enumerate(shown):
        pairs = value[trials, shown]
        valid = (trials >= 0) & (shown >= 0) & np.isfinite(pairs)
        n = valid.sum(axis=1)
        np.divide(np.where(valid, pairs, 0.0).sum(axis=1), n, where=n > 0, out=mean[repeat])
        fewest = np.where(valid, n_shared[trials, shown], np.iinfo(np.int32).max).min(axis=1)
        least[repeat] = np.where(n > 0, fewest, 0)
    return mean, least


def _segment_means(
    used: np.ndarray,
    repeat_of: np.ndarray,
    segment_of: np.ndarray,
    n_segments: int,
    value: np.ndarray,
) -> np.ndarray:
    """Mean over pairs of the `used` trials of two segments that lie in different repeats."""
    total, n = np.zeros((2, n_segments**2))
    for start in range(0, used.size, ROWS):
        rows = used[start : start + ROWS, None]
        pairs = value[rows, used]
        valid = (repeat_of[rows] != repeat_of[used]) & np.isfinite(pairs)
        cell = (segment_of[rows] * n_segments + segment_of[used])[valid]
        total += np.bincount(cell, weights=pairs[valid], minlength=total.size)
        n += np.bincount(cell, minlength=n.size)
    mean = np.full(total.size, np.nan)
    np.divide(total, n, where=n > 0, out=mean)
    square = mean.reshape(n_segments, n_segments)
    return 0.5 * (square + square.T)  # the two halves sum the same pairs in different orders


def _attributes(dataset: xr.Dataset, rule: Measure, options: dict[str, Any]) -> dict[str, Any]:
    """Say what was measured and how, after the attributes of the recording."""
    renamed = {"kind": "recording_kind", "citation": "recording_citation"}
    return {
        **{renamed.get(name, name): value for name, value in dataset.attrs.items()},
        "measure": rule.name,
        "kind": rule.kind,
        "code": rule.code,
        "units": rule.units,
        "title": rule.title,
        "citation": rule.citation,
        "options": json.dumps(options, sort_keys=True),
        "nan_policy": NAN_POLICY,
        "min_shared": int(options.get("min_shared", 1)),
    }
