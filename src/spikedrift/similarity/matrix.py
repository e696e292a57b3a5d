"""Similarity matrices of a recording: trial by trial, repeat by repeat, segment by segment."""

import inspect
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr

from spikedrift.config.base import completed
from spikedrift.config.similarity import OPTIONS
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.errors import InputError
from spikedrift.similarity.blocks import SIDE, Band, symmetric
from spikedrift.similarity.registry import Measure, get
from spikedrift.similarity.store import Store, digest
from spikedrift.trials import PHASES, REPEAT_KEY, TRIAL_KEY

WHOLE = 4096  # trials up to which the matrices are held in memory when a file is written
CHUNK = 256  # rows and columns of a chunk of a file that is written piece by piece
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
        `repeat` and `repeat_{session, phase, block}` of each repeat; `segment`,
        `segment_stimulus` and `segment_name` of each segment. `repeat_n_shared` of a mean over
        pairs of trials is the least of these pairs.

    Raises
    ------
    InputError
        For an unknown measure or option, or a timing measure on a file of two-photon events.
    """
    rule = get(measure)
    chosen = _options(rule, dataset, options or {})
    value, n_shared = symmetric(dataset.sizes["trial"], partial(rule.pairs, dataset, **chosen))
    out = _summaries(dataset, rule, chosen, lambda: iter([(0, value, n_shared)]))
    out["value"] = ("trial", "trial_other"), value, _labels_of(rule)
    out["n_shared"] = ("trial", "trial_other"), n_shared
    return out


def write(
    dataset: xr.Dataset,
    measure: str,
    options: Mapping[str, Any] | None,
    path: str | Path,
    source: str = "",
    *,
    whole: int = WHOLE,
    side: int = SIDE,
) -> None:
    """Write what `similarity` returns to a file, whole or not at all.

    Above `whole` trials the matrices are never in memory. Blocks of `side` x `side` pairs go into
    a folder `.{name}.blocks` beside the file, below a folder named after the digest of the input:
    after a job was killed, the next one goes on where it stopped. The folder is removed once the
    file is there.

    Parameters
    ----------
    dataset, measure, options
        As `similarity` takes them.
    path : path
    source : str
        Digest of the code: blocks of other code are not used.
    whole, side : int
        Number of trials, see above.

    Raises
    ------
    InputError
        As `similarity`; also for a damaged block.
    DiskError
        Where the disk refuses.
    """
    path = Path(path)
    n_trials = dataset.sizes["trial"]
    if n_trials <= whole:
        write_netcdf(similarity(dataset, measure, options), path)
        return
    rule = get(measure)
    chosen = _options(rule, dataset, options or {})
    stored = path.with_name(f".{path.name}.blocks")
    store = Store(stored / digest(dataset, source, rule.name, chosen), n_trials, side)
    store.fill(partial(rule.pairs, dataset, **chosen))

    def matrices(opened: Any) -> None:
        with h5netcdf.File(opened, "a") as file:
            file.dimensions["trial_other"] = n_trials
            dims, chunks = ("trial", "trial_other"), (CHUNK, CHUNK)
            value = file.create_variable(
                "value", dims, "f8", chunks=chunks, fillvalue=np.nan, fletcher32=True
            )
            n_shared = file.create_variable(
                "n_shared", dims, "i4", chunks=chunks, compression="gzip", compression_opts=1,
                fletcher32=True,
            )  # fmt: skip
            value.attrs.update(_labels_of(rule))
            for row, some_values, some_shared in store.bands():
                here = slice(row, row + len(some_values))
                value[here], n_shared[here] = some_values, some_shared
                opened.tell_error()

    write_netcdf(_summaries(dataset, rule, chosen, store.bands), path, matrices)
    shutil.rmtree(stored)


def _labels_of(rule: Measure) -> dict[str, str]:
    return {"units": rule.units, "long_name": rule.title}


def _summaries(
    dataset: xr.Dataset,
    rule: Measure,
    chosen: Mapping[str, Any],
    bands: Callable[[], Iterator[Band]],
) -> xr.Dataset:
    """Make all of a similarity file except the matrices over trials, from bands of their rows."""
    n_trials, n_units = dataset["spike_count"].shape
    repeats, segments = _groups(dataset, REPEAT_KEY), _groups(dataset, SEGMENT_KEY)
    members, showings = list(repeats.values()), list(segments.values())
    of_segment = _SegmentMeans(
        np.flatnonzero(dataset["phase"].values == "block"),
        repeat_of=_labels(members, n_trials),
        segment_of=_labels(showings, n_trials),
        n_segments=len(segments),
    )
    of_repeat = _SameSegmentMeans(members, of_segment.segment_of) if rule.repeats is None else None
    for band in bands():
        of_segment.add(*band)
        if of_repeat is not None:
            of_repeat.add(*band)
    if of_repeat is not None:
        repeat_value, repeat_shared = of_repeat.result()
    else:
        assert rule.repeats is not None
        repeat_value, repeat_shared = rule.repeats(dataset, members, **chosen)
    matrices = {
        "repeat_value": (("repeat", "repeat_other"), repeat_value, _labels_of(rule)),
        "repeat_n_shared": (("repeat", "repeat_other"), repeat_shared.astype(np.int32)),
        "segment_value": (("segment", "segment_other"), of_segment.result(), _labels_of(rule)),
    }
    coords: dict[str, Any] = {f"trial_{name}": dataset[name].variable for name in TRIAL_KEY}
    for dim, key, groups in (("repeat", REPEAT_KEY, repeats), ("segment", SEGMENT_KEY, segments)):
        for name, column in zip(key, zip(*groups, strict=True), strict=True):
            coords[name if name == dim else f"{dim}_{name}"] = (dim, np.array(column))
    coords["segment_name"] = (
        "segment",
        dataset["segment_name"].values[[each[0] for each in showings]],
    )
    out = xr.Dataset(matrices, coords, attrs=_attributes(dataset, rule, chosen))
    out.attrs["n_units"] = n_units
    return out


def _options(rule: Measure, dataset: xr.Dataset, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with defaults; those on which the measure would fail are refused here."""
    if rule.code == "timing" and "event_amplitude" in dataset:
        raise InputError(
            f"{dataset.attrs.get('recording', 'trials')}: {rule.name} needs spike times, but the "
            "file holds two-photon events (event_amplitude); use a rate measure"
        )
    chosen = completed(OPTIONS, "measure", rule.name, options)
    try:
        inspect.signature(rule.pairs).bind(dataset, None, None, **chosen)
    except TypeError as error:
        raise InputError(f"measure {rule.name}: options do not fit it: {error}") from None
    return chosen


def _groups(dataset: xr.Dataset, key: tuple[str, ...]) -> dict[tuple[Any, ...], np.ndarray]:
    """Trials that share a key, keys in order."""

    def place(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            PHASES.index(value) if name == "phase" else value
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


class _SameSegmentMeans:
    """Mean over the pairs of trials that show the same segment in two repeats."""

    def __init__(self, members: list[np.ndarray], segment_of: np.ndarray) -> None:
        self.repeat_of, self.segment_of = _labels(members, segment_of.size), segment_of
        self.shown = np.full((len(members), segment_of.max(initial=-1) + 1), -1)
        self.shown[self.repeat_of, segment_of] = np.arange(segment_of.size)
        self.total, self.n = np.zeros((2, len(members), len(members)))
        self.least = np.full(self.n.shape, np.iinfo(np.int32).max)

    def add(self, start: int, value: np.ndarray, n_shared: np.ndarray) -> None:
        """Take in the rows of trials from `start` on."""
        for row, (values, shared) in enumerate(zip(value, n_shared, strict=True), start):
            others, repeat = self.shown[:, self.segment_of[row]], self.repeat_of[row]
            valid = (others >= 0) & np.isfinite(values[others])
            self.total[repeat] += np.where(valid, values[others], 0.0)
            self.n[repeat] += valid
            self.least[repeat, valid] = np.minimum(self.least[repeat], shared[others])[valid]

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Means, and the fewest units that one of their pairs shares (0 where there is none)."""
        mean = np.full(self.n.shape, np.nan)
        np.divide(self.total, self.n, where=self.n > 0, out=mean)
        return _balanced(mean), np.where(self.n > 0, self.least, 0)


class _SegmentMeans:
    """Mean over pairs of the `used` trials of two segments that lie in different repeats."""

    def __init__(
        self, used: np.ndarray, repeat_of: np.ndarray, segment_of: np.ndarray, n_segments: int
    ) -> None:
        self.used, self.repeat_of, self.segment_of = used, repeat_of, segment_of
        self.n_segments = n_segments
        self.total, self.n = np.zeros((2, n_segments**2))

    def add(self, start: int, value: np.ndarray, n_shared: np.ndarray) -> None:
        """Take in the rows of trials from `start` on."""
        used, repeat_of, segment_of = self.used, self.repeat_of, self.segment_of
        of_band = used[(used >= start) & (used < start + len(value))]
        for begin in range(0, of_band.size, ROWS):
            rows = of_band[begin : begin + ROWS, None]
            pairs = value[rows - start, used]
            valid = (repeat_of[rows] != repeat_of[used]) & np.isfinite(pairs)
            cell = (segment_of[rows] * self.n_segments + segment_of[used])[valid]
            self.total += np.bincount(cell, weights=pairs[valid], minlength=self.total.size)
            self.n += np.bincount(cell, minlength=self.n.size)

    def result(self) -> np.ndarray:
        mean = np.full(self.total.size, np.nan)
        np.divide(self.total, self.n, where=self.n > 0, out=mean)
        return _balanced(mean.reshape(self.n_segments, self.n_segments))


def _balanced(mean: np.ndarray) -> np.ndarray:
    """Make both halves the same to the bit: they sum the same pairs in different orders."""
    return 0.5 * (mean + mean.T)


def _attributes(dataset: xr.Dataset, rule: Measure, options: Mapping[str, Any]) -> dict[str, Any]:
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
        "options": json.dumps(dict(options), sort_keys=True),
        "nan_policy": NAN_POLICY,
        "min_shared": int(options.get("min_shared", 1)),
    }
