"""Rate ladder: the anchored index in ever finer time bins, beside that of spike timing.

S = (D_different - D_same) / (D_different + D_same) within blocks (S_w) and between (S_b), D = 1 -
Pearson over units and time bins of square roots of counts; index = (S_w - S_b) / S_w, once with
blocks thinned to one population rate and once with counts matched for every segment and unit, which
leaves the time profile alone. Null and gate of the whole trial: counts exchanged between blocks
among trials of the same segment and unit, and permuted over all trials. Of binned rungs: the same
with spike times, all counts kept, so that these rungs test the profile and not the counts; what
counts alone do to the index is the null's mean. Timing: SpikeShip, its index on matched counts
scaled by a redraw. Matched counts leave the whole trial nothing to drift, so that it has no matched
index; matching by the trials' own counts also lowers the index of wide bins, more with fewer
repeats: the same under exchange stands beside it as its null, without a test. All widths use one
fixed set of units, active in every block. Tests assume that trials, units and spikes are
independent given the segment. Fine bins with few spikes are noisy, and a profile in bins already
holds timing: no bin width separates rate from timing. Unit of inference: pairs of trials of one
recording; descriptive.
"""

from collections.abc import Callable

import numpy as np
import xarray as xr

from spikedrift.analyses.contract.analysis import NAN, Analysis, Statistic, monte_carlo
from spikedrift.config.analyses import RateLadderOptions
from spikedrift.config.drift import IndexOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.rate import permuted_counts
from spikedrift.drift.anchored.test import Anchored, Reading, gate_and_test, read
from spikedrift.drift.anchored.timing import timing_index
from spikedrift.drift.pairs import TrialPairs, index_pairs
from spikedrift.similarity.correlation import pearson_pairs
from spikedrift.spikes import surrogates
from spikedrift.spikes.arrays import Spikes
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.spikes.thinning import match_gain, thin_blocks

COUNTS = "counts exchanged between blocks among trials of the same segment and unit"
TIMES = "spike times exchanged between blocks among trials of the same segment and unit"


def binned(spikes: Spikes, bin: float) -> np.ndarray:
    """Count spikes in time bins of every trial; a remainder at the end of the trial is not used.

    Parameters
    ----------
    spikes : Spikes
    bin : float, s

    Returns
    -------
    float64, shape (n_bins, n_trials, n_units)
    """
    n_bins = int(np.floor(spikes.duration.min() / bin + 1e-9))
    index = np.floor(spikes.times / bin + 1e-9).astype(np.int64)
    keep = index < n_bins
    cell = np.repeat(np.arange(spikes.counts.size), spikes.counts.ravel())[keep]
    size = n_bins * spikes.counts.size
    out = np.bincount(index[keep] * spikes.counts.size + cell, minlength=size)
    return out.reshape(n_bins, *spikes.counts.shape).astype(np.float64)


def rung_reading(
    counts: np.ndarray, observed: np.ndarray, pairs: TrialPairs, min_shared: int
) -> Reading:
    """S within and between blocks, with D = 1 - Pearson over units and bins of square roots.

    Parameters
    ----------
    counts : shape (n_bins, n_trials, n_units)
    observed : bool, shape (n_trials, n_units)
    pairs : TrialPairs
    min_shared : int
        Fewest units observed in both trials.
    """
    root = np.sqrt(counts)

    def dissimilarity(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, n_shared = pearson_pairs(root, observed, first, second, min_shared)
        return 1.0 - value, n_shared

    return read(pairs, dissimilarity)


def common_units(spikes: Spikes, common: str) -> np.ndarray:
    """Units with a spike in every block or repeat, or all units: bool, shape (n_units,)."""
    if common == "all":
        return np.ones(spikes.counts.shape[1], bool)
    group = spikes.block if common == "blocks" else spikes.repeat
    total = np.zeros((int(group.max()) + 1, spikes.counts.shape[1]))
    np.add.at(total, group, spikes.counts)
    return (total > 0).all(axis=0)


def run(
    dataset: xr.Dataset, options: RateLadderOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Indices of all rungs and of timing.

    Returns
    -------
    arrays : Dataset
        Dim `rung` (labels: trial, {bin} ms, timing): `bin` (s, NaN for timing),
        `discrimination_within`, `discrimination_between`, `gate_limit`, `index`, `index_matched`,
        `null_rung` (rung, surrogate), `null_matched` (rung, thinning), `gate` and `gate_note` as
        in `spikedrift.drift.anchored.recording`.
    statistics : list of Statistic
        For each rung `{label}.index` with its exchange test, and for all but the whole trial
        `{label}.index_matched`, for timing the redraw-scaled one. NaN where no code was
        detected or the index is too imprecise.

    Raises
    ------
    InputError
        For fewer than `min_shared` units active in every block or repeat.
    """
    layout = Layout.of(dataset)
    name, kept = layout.name, common_units(layout.spikes, options.common)
    if kept.sum() < options.min_shared:
        raise InputError(
            f"{name}: rate_ladder: {int(kept.sum())} units spike in all {options.common}, "
            f"{options.min_shared} are needed; set common to blocks or all, or select other units"
        )
    layout = layout.of_units(kept)
    spikes = layout.spikes
    index_options = IndexOptions(
        surrogates=options.surrogates,
        gate_surrogates=options.gate_surrogates,
        thinnings=options.thinnings,
        max_pairs=options.max_pairs,
        min_shared=options.min_shared,
    )
    pairs = index_pairs(layout, options.max_pairs, stream(seed, name, "rate_ladder", "pairs"))
    rng = stream(seed, name, "rate_ladder", "thinning")
    level = match_gain(spikes, rng)
    # The same for all rungs: matched spikes, and what matching makes of spikes without drift.
    draws = range(options.thinnings)
    matched = [thin_blocks(spikes, rng) for _ in draws]
    exchanged = [thin_blocks(surrogates.exchange_blocks(spikes, rng), rng) for _ in draws]

    def matched_index(sample: list[Spikes], width: float) -> np.ndarray:
        return np.array(
            [
                rung_reading(binned(one, width), spikes.observed, pairs, options.min_shared).index
                for one in sample
            ]
        )

    duration = float(spikes.duration.min())
    widths = [duration, *sorted((b for b in options.bins if b < duration), reverse=True)]
    labels = ["trial", *(f"{1000 * width:g}ms" for width in widths[1:]), "timing"]
    found: list[tuple[Anchored, float]] = []
    floor = np.full((len(labels), options.thinnings), np.nan)
    for row, label, width in zip(floor, labels[:-1], widths, strict=False):
        tested = _rung(name, label, width, level, pairs, index_options, seed)
        index = NAN
        if not tested.no_index and width < duration:
            index = float(matched_index(matched, width).mean())
            row[:] = matched_index(exchanged, width)
        found.append((tested, index))
    timing = timing_index(layout, index_options, seed)
    found.append((timing, timing.index))
    null = np.full((len(found), options.surrogates), np.nan)
    for row, (one, _) in zip(null, found, strict=True):
        if not one.no_index:
            row[:] = one.null
    columns = {
        "bin": [*widths, NAN],
        "discrimination_within": [one.reading.within for one, _ in found],
        "discrimination_between": [one.reading.between for one, _ in found],
        "gate_limit": [one.gate_limit for one, _ in found],
        "index": [one.index_raw for one, _ in found],
        "index_matched": [value for _, value in found],
        "gate": [one.gate.state for one, _ in found],
        "gate_note": [one.gate.words for one, _ in found],
    }
    arrays = xr.Dataset(
        {key: ("rung", np.array(values)) for key, values in columns.items()}, {"rung": labels}
    ).assign(null_rung=(("rung", "surrogate"), null), null_matched=(("rung", "thinning"), floor))
    arrays.attrs["n_common"] = int(kept.sum())
    n = int(pairs.first.size)
    statistics = []
    for label, row, (one, value) in zip(labels, floor, found, strict=True):
        what = COUNTS if label == "trial" else TIMES
        statistics.append(
            monte_carlo(
                f"{label}.index",
                one.index_raw,
                one.null,
                "upper",
                what,
                n=n,
                unit="pairs of trials",
            )
        )
        if label != "trial":
            statistics.append(_matched(f"{label}.index_matched", value, row, what, n))
    return arrays, statistics


def _matched(name: str, value: float, null: np.ndarray, what: str, n: int) -> Statistic:
    """Index on matched counts, with what matching alone makes of it."""
    known = null[np.isfinite(null)]
    if not known.size:
        return Statistic(name, value, n, "pairs of trials")
    low, high = np.quantile(known, [0.025, 0.975])
    return Statistic(
        name, value, n, "pairs of trials", null=f"{what}, then matched; no test",
        null_mean=float(known.mean()), null_low=float(low), null_high=float(high),
    )  # fmt: skip


def _rung(
    name: str,
    label: str,
    width: float,
    spikes: Spikes,
    pairs: TrialPairs,
    options: IndexOptions,
    seed: int,
) -> Anchored:
    """Gate and test one rung; surrogates move counts at the whole trial, times at the others."""
    inside = pairs.subset(np.flatnonzero(pairs.block >= 0))
    everywhere = np.zeros_like(spikes.segment)

    def reading(counts: np.ndarray, used: TrialPairs = pairs) -> Reading:
        return rung_reading(counts, spikes.observed, used, options.min_shared)

    def moved(group: np.ndarray, used: TrialPairs) -> Callable[[np.random.Generator], Reading]:
        return lambda rng: reading(
            permuted_counts(spikes.counts, spikes.observed, group, rng), used
        )

    whole = label == "trial"
    return gate_and_test(
        name,
        f"rate_{label}",
        (int((pairs.block >= 0).sum()), int((pairs.block < 0).sum())),
        reading(spikes.counts if whole else binned(spikes, width)),
        permuted=moved(everywhere, inside)
        if whole
        else lambda rng: reading(
            binned(surrogates.permute_over_trials(spikes, rng), width), inside
        ),
        exchanged=moved(spikes.segment, pairs)
        if whole
        else lambda rng: reading(binned(surrogates.exchange_blocks(spikes, rng), width)),
        options=options,
        seed=seed,
    )


ANALYSIS = Analysis(
    name="rate_ladder",
    title="Drift in ever finer time bins",
    citation="",
    run=run,
    needs=frozenset({"timing", "blocks", "segments"}),
)
