"""Similarity against lag within and between blocks, with intervals over units."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import xarray as xr

from spikedrift.config.drift import CurveOptions
from spikedrift.config.similarity import MeasureEntry
from spikedrift.core.errors import InputError
from spikedrift.drift.bands import centered
from spikedrift.drift.curve_statistics import STATISTICS, Curve, lag_curve, statistics
from spikedrift.drift.pairs import (
    TrialPairs,
    discrimination,
    repeat_means,
    segment_pairs,
)
from spikedrift.drift.unit_samples import halved_units, resampled_units, unit_stream
from spikedrift.similarity import registry
from spikedrift.spikes.layout import Layout, Repeats
from spikedrift.trials import select

log = logging.getLogger(__name__)

Evaluated = tuple[np.ndarray, Curve, np.ndarray]
"""Repeat matrix, its curve, its statistics."""


def curves(
    dataset: xr.Dataset, entry: MeasureEntry, options: CurveOptions, seed: int
) -> xr.Dataset:
    """Curves of one measure, their scalar statistics and how reliable they are.

    The repeat x repeat matrix (mean over pairs of trials of the same segment, or the measure's
    own) is averaged over pairs of repeats at one lag: within each block, then over blocks (Deitch
    et al. 2021); between blocks over all pairs. Intervals are percentiles over resamples of units
    with replacement, the bias of resampling taken out (`spikedrift.drift.bands`); all measures of
    one recording and selection see the same resamples, so that samples of statistics of two
    measures are joint.

    Parameters
    ----------
    dataset : trials Dataset
        After its selection.
    entry : MeasureEntry
    options : CurveOptions
    seed : int

    Returns
    -------
    Dataset
        Dims are `relation` (within, between), `lag` (repeats, from 1), `statistic`, `sample`
        (bootstrap), `split` and `half` (of the units).

        * `value`, `low`, `high` (relation, lag), in the measure's units; `n_pairs` (relation,
          lag), pairs of repeats; `elapsed` (relation, lag), s, median time between trials, NaN
          where start times are unknown.
        * `similarity_index`, `similarity_index_low`, `similarity_index_high` (lag): see
          `spikedrift.drift.curve_statistics`.
        * `statistic_value`, `statistic_low`, `statistic_high` (statistic), `statistic_sample`
          (sample, statistic): they are defined in `spikedrift.drift.curve_statistics`.
        * `half_statistic` (split, half, statistic), of random halves of the units, on which a noise
          ceiling rests; `half_correlation` (split), Pearson correlation of the upper triangles of
          the two halves' repeat x repeat matrices; `reliability` (scalar), the mean r of these
          correlations, extrapolated to all units, 2 r / (1 + r) (Spearman-Brown; 0 where the mean
          is negative).

        Attributes: those of the recording (`recording_kind` and `recording_citation` for its
        `kind` and `citation`), `measure`, `name`, `kind`, `code`, `units`, `title`, `citation`,
        `options` (JSON), `n_units`, `seed`, `confidence`, and `note`, which names what is NaN for a
        recording with one block.

    Raises
    ------
    InputError
        For an unknown measure, a timing measure on two-photon events, segments shown once, or
        fewer than four units.
    """
    evaluate = _Evaluator(dataset, entry, seed)
    _, curve, value = evaluate(dataset)
    draws = resampled_units(dataset, options.bootstrap, seed)
    samples = [
        evaluated
        for _, evaluated in _resampled(dataset, evaluate, draws, f"{entry.name}: bootstrap")
    ]
    level = options.confidence
    low, high = centered(np.stack([one[1].value for one in samples]), curve.value, level)
    index_low, index_high = centered(
        np.stack([one[1].similarity_index for one in samples]), curve.similarity_index, level
    )
    statistic_sample = np.stack([sample[2] for sample in samples])
    statistic_low, statistic_high = centered(statistic_sample, value, level)
    two = ("relation", "lag")
    out = _point(dataset, entry, seed, evaluate.repeats, curve, value)
    elapsed = _elapsed(dataset, evaluate.repeats, evaluate.pairs, curve.lag)
    unit = out["value"].attrs
    out = out.assign(
        low=(two, low, unit),
        high=(two, high, unit),
        elapsed=(two, elapsed, {"units": "s"}),
        similarity_index=("lag", curve.similarity_index, {"units": "1"}),
        similarity_index_low=("lag", index_low, {"units": "1"}),
        similarity_index_high=("lag", index_high, {"units": "1"}),
        statistic_low=("statistic", statistic_low),
        statistic_high=("statistic", statistic_high),
        statistic_sample=(("sample", "statistic"), statistic_sample),
    )
    out.attrs["confidence"] = options.confidence
    halves = _halves(dataset, evaluate, entry, options, seed)
    return out.merge(halves, combine_attrs="override")


def curve_values(dataset: xr.Dataset, entry: MeasureEntry, seed: int) -> xr.Dataset:
    """Curve of one measure and its statistics, without samples.

    Returns
    -------
    Dataset
        `value`, `n_pairs` and `statistic_value` of `curves`, and its attributes except
        `confidence`.

    Raises
    ------
    InputError
        As `curves`.
    """
    evaluate = _Evaluator(dataset, entry, seed)
    _, curve, value = evaluate(dataset)
    return _point(dataset, entry, seed, evaluate.repeats, curve, value)


def _point(
    dataset: xr.Dataset,
    entry: MeasureEntry,
    seed: int,
    repeats: Repeats,
    curve: Curve,
    value: np.ndarray,
) -> xr.Dataset:
    rule = registry.get(entry.measure)
    two = ("relation", "lag")
    one_block = int(repeats.block.max()) == 0
    return xr.Dataset(
        {
            "value": (two, curve.value, {"units": rule.units, "long_name": rule.title}),
            "n_pairs": (two, curve.n_pairs),
            "statistic_value": ("statistic", value),
        },
        coords={"relation": list(Curve.relations), "lag": curve.lag, "statistic": list(STATISTICS)},
        attrs={
            **recording_attributes(dataset),
            "measure": rule.name,
            "name": entry.name,
            "kind": rule.kind,
            "code": rule.code,
            "units": rule.units,
            "title": rule.title,
            "citation": rule.citation,
            "options": json.dumps(entry.options, sort_keys=True),
            "n_units": dataset.sizes["unit"],
            "seed": seed,
            "note": "one block: between, step, rdi and discrimination_between are NaN"
            if one_block
            else "",
        },
    )


def curve_statistics(dataset: xr.Dataset, entry: MeasureEntry, seed: int) -> np.ndarray:
    """Scalar statistics of one measure without intervals, in the order of `STATISTICS`.

    Returns
    -------
    float64, shape (n_statistics,)
        NaN where undefined.

    Raises
    ------
    InputError
        As `curves`.
    """
    return _Evaluator(dataset, entry, seed)(dataset)[2]


def reliabilities(
    dataset: xr.Dataset, entries: Sequence[MeasureEntry], halves: int, seed: int
) -> np.ndarray:
    """Reliability of measures, `reliability` of `curves`, without statistics of the halves.

    Parameters
    ----------
    dataset, seed :
        As for `curves`.
    entries : sequence of MeasureEntry
    halves : int
        Random splits of the units.

    Returns
    -------
    float64, shape (n_measures,)

    Raises
    ------
    InputError
        As `curves`.
    """
    measures = [_Evaluator(dataset, entry, seed) for entry in entries]
    parts = halved_units(dataset, halves, seed)

    def matrices(chosen: xr.Dataset) -> list[np.ndarray]:
        return [measure.matrix(chosen) for measure in measures]

    flat = parts.reshape(-1, parts.shape[2])
    found = [made for _, made in _resampled(dataset, matrices, flat, "halves")]
    of_measures = zip(*found, strict=True)
    return np.array([_reliability(_half_correlations(made)) for made in of_measures])


def _halves(
    dataset: xr.Dataset,
    evaluate: Callable[[xr.Dataset], Evaluated],
    entry: MeasureEntry,
    options: CurveOptions,
    seed: int,
) -> xr.Dataset:
    """What `curves` says of the halves of the units."""
    parts = halved_units(dataset, options.halves, seed)
    statistic = np.empty((options.halves, 2, len(STATISTICS)))
    matrices: list[np.ndarray] = []
    flat = parts.reshape(-1, parts.shape[2])
    for k, (matrix, _, value) in _resampled(dataset, evaluate, flat, f"{entry.name}: halves"):
        statistic[k // 2, k % 2] = value
        matrices.append(matrix)
    correlation = _half_correlations(matrices)
    return xr.Dataset(
        {
            "half_statistic": (("split", "half", "statistic"), statistic),
            "half_correlation": ("split", correlation),
            "reliability": ((), _reliability(correlation)),
        },
        coords={"statistic": list(STATISTICS)},
    )


def _half_correlations(matrices: Sequence[np.ndarray]) -> np.ndarray:
    """Correlations of the two halves of every split, whose matrices follow one another."""
    upper = np.triu_indices(matrices[0].shape[0], k=1)
    of_halves = zip(matrices[::2], matrices[1::2], strict=True)
    return np.array([_correlation(one[upper], two[upper]) for one, two in of_halves])


def _reliability(correlation: np.ndarray) -> float:
    """Mean correlation of halves, extrapolated to all units (Spearman-Brown)."""
    mean = float(np.mean(correlation))
    return 2 * max(mean, 0.0) / (1 + max(mean, 0.0)) if np.isfinite(mean) else float("nan")


class _Evaluator:
    """A measure of a recording, ready to be evaluated on any choice of its units."""

    def __init__(self, dataset: xr.Dataset, entry: MeasureEntry, seed: int) -> None:
        self.rule, self._options = registry.get(entry.measure), entry.options
        if self.rule.code == "timing" and "event_amplitude" in dataset:
            raise InputError(
                f"{dataset.attrs.get('recording')}: {entry.measure} needs spike times, but the "
                "file holds two-photon events"
            )
        layout = Layout.of(dataset)
        self.repeats = layout.repeats
        self.pairs = pairs = segment_pairs(layout, unit_stream(dataset, seed, "pairs"))
        row, column = np.minimum(pairs.row, pairs.column), np.maximum(pairs.row, pairs.column)
        self._cell = row * len(self.repeats.members) + column
        self._has_other = other = np.flatnonzero(pairs.other >= 0)
        self._first = np.concatenate([pairs.first, pairs.first[other]])
        self._second = np.concatenate([pairs.second, pairs.other[other]])

    def __call__(self, chosen: xr.Dataset) -> Evaluated:
        """Repeat matrix, its curve and its statistics."""
        n = self.pairs.first.size
        value, _ = self.rule.pairs(chosen, self._first, self._second, **self._options)
        matrix = self._matrix(chosen, value[:n])
        different = np.full(n, np.nan)
        different[self._has_other] = value[n:]
        same = value[:n]
        if self.rule.kind == "similarity":
            same, different = 1 - same, 1 - different
        told = discrimination(same, different, self.pairs.block)
        curve = lag_curve(matrix, self.repeats, self.rule.kind)
        return matrix, curve, statistics(curve, *told)

    def matrix(self, chosen: xr.Dataset) -> np.ndarray:
        """Return the repeat matrix alone, for which no pair of different segments is asked."""
        if self.rule.repeats is not None:
            return self._matrix(chosen, np.empty(0))
        value, _ = self.rule.pairs(chosen, self.pairs.first, self.pairs.second, **self._options)
        return self._matrix(chosen, value)

    def _matrix(self, chosen: xr.Dataset, same: np.ndarray) -> np.ndarray:
        members = self.repeats.members
        if self.rule.repeats is None:
            return repeat_means(same, self._cell, len(members))
        return self.rule.repeats(chosen, members, **self._options)[0]


def _resampled[T](
    dataset: xr.Dataset, evaluate: Callable[[xr.Dataset], T], units: np.ndarray, task: str
) -> Iterator[tuple[int, T]]:
    """Evaluate every row of unit indices in turn, and log the progress every few seconds."""
    told = time.monotonic()
    for k, chosen in enumerate(units):
        yield k, evaluate(select(dataset, units=chosen))
        if time.monotonic() - told > 5:
            told = time.monotonic()
            log.info("%s: %d of %d", task, k + 1, len(units))


def _correlation(one: np.ndarray, two: np.ndarray) -> float:
    defined = np.isfinite(one) & np.isfinite(two)
    if defined.sum() < 3 or np.ptp(one[defined]) == 0 or np.ptp(two[defined]) == 0:
        return float("nan")
    return float(np.corrcoef(one[defined], two[defined])[0, 1])


def _elapsed(
    dataset: xr.Dataset, repeats: Repeats, pairs: TrialPairs, lag: np.ndarray
) -> np.ndarray:
    """Median time between the trials of a pair: shape (relation, lag), s."""
    start = dataset["start_time"].values
    elapsed = np.abs(start[pairs.second] - start[pairs.first])
    distance = np.abs(repeats.position[pairs.column] - repeats.position[pairs.row])
    out = np.full((2, lag.size), np.nan)
    for i, relation in enumerate((pairs.block >= 0, pairs.block < 0)):
        for j, k in enumerate(lag):
            known = elapsed[relation & (distance == k)]
            known = known[np.isfinite(known)]
            if known.size:
                out[i, j] = np.median(known)
    return out


def recording_attributes(dataset: xr.Dataset) -> dict[str, object]:
    """Attributes of a recording, under the names that they have in files of its analyses."""
    renamed = {"kind": "recording_kind", "citation": "recording_citation"}
    return {renamed.get(str(name), str(name)): value for name, value in dataset.attrs.items()}
