"""Anchored timing index: gate, exchange test, redraw-scaled effect size.

SpikeShip values depend on counts, so "timing drifts less than rate" can follow from the measure
alone. Three steps keep counts out (docs/anchored-indices.md):

1. Gate: is there a timing code? S_w must exceed the surrogates whose spike times are permuted
   within a unit over all trials; pairs must share units; the index must be precise enough.
2. Test: spike times are exchanged between blocks among trials of the same (segment, unit), counts
   kept; p is the upper tail of the index (S_w - S_b) / S_w. It assumes that spikes are
   independent given the segment.
3. Effect size: (S_w - S_b) / (S_w - S_b^redraw) with counts matched by thinning, where the
   redrawn spikes of later blocks come from other units in the same segment. 0: timing kept; 1: as
   if redrawn. The ratio form has Delta in place of S and is scaled by the same redraw. The index
   counts any change of the temporal profile as drift of timing, even where events keep their times
   and only their gains are redrawn.

All pairs of trials of one segment are taken (or a random subset of them), each with at most
`max_others` pairs of different segments from the same repeats.
"""

from dataclasses import replace

import numpy as np

from spikedrift.config.drift import IndexOptions
from spikedrift.drift.anchored.test import (
    NAN,
    Anchored,
    Reading,
    gate_and_test,
    ratio_of,
    read_compared,
)
from spikedrift.drift.pairs import Compared, compared_pairs
from spikedrift.similarity.spikeship import spikeship_pairs
from spikedrift.spikes import surrogates
from spikedrift.spikes.arrays import Spikes
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.spikes.thinning import thin_blocks


def timing_dissimilarity(
    spikes: Spikes, first: np.ndarray, second: np.ndarray, min_shared: int
) -> tuple[np.ndarray, np.ndarray]:
    """SpikeShip dissimilarity of pairs of trials.

    Parameters
    ----------
    spikes : Spikes
    first, second : array of int, shape (n_pairs,)
    min_shared : int
        Fewest units active in both trials.

    Returns
    -------
    value : float64, shape (n_pairs,), s
        NaN where undefined.
    n_shared : int64, shape (n_pairs,)
    """
    n_trials, n_units = spikes.counts.shape
    return spikeship_pairs(
        spikes.times,
        spikes.offsets,
        n_trials,
        n_units,
        spikes.observed,
        first,
        second,
        min_shared,
    )


def timing_reading(spikes: Spikes, pairs: Compared, min_shared: int) -> Reading:
    """S within and between blocks of SpikeShip dissimilarities."""
    return read_compared(
        pairs, lambda first, second: timing_dissimilarity(spikes, first, second, min_shared)
    )


def timing_index(layout: Layout, options: IndexOptions, seed: int) -> Anchored:
    """Gate, test and effect size of timing drift between blocks.

    Parameters
    ----------
    layout : Layout
        After its selection; two blocks or more.
    options : IndexOptions
    seed : int

    Returns
    -------
    Anchored
        Gate, test and reading are those of all spikes; the effect sizes are means over thinnings.

    Raises
    ------
    InputError
        For a single block, segments shown once, or two-photon events.
    """
    name = layout.name
    rng = stream(seed, name, "timing", "pairs")
    pairs = compared_pairs(layout, options.max_pairs, options.max_others, rng)
    inside, outside = pairs.chosen(within=True), pairs.chosen(within=False)
    spikes = layout.spikes

    def reading(changed: Spikes, used: Compared = pairs) -> Reading:
        return timing_reading(changed, used, options.min_shared)

    tested = gate_and_test(
        name,
        "timing",
        (pairs.n_within, pairs.n_between),
        reading(spikes),
        permuted=lambda rng: reading(surrogates.permute_over_trials(spikes, rng), inside),
        exchanged=lambda rng: reading(surrogates.exchange_blocks(spikes, rng)),
        options=options,
        seed=seed,
        max_standard_error=options.max_standard_error,
    )
    if tested.no_index:
        return tested
    rng = stream(seed, name, "timing", "thinning")
    matched, redrawn = [], []
    for _ in range(options.thinnings):
        thin = thin_blocks(spikes, rng)
        matched.append(reading(thin))
        redrawn.append(reading(surrogates.redraw_units(thin, rng), outside))
    within, between = (
        float(np.mean([getattr(one, k) for one in matched])) for k in ("within", "between")
    )
    floor = float(np.mean([one.between for one in redrawn]))
    deltas, gone = (np.mean([one.deltas for one in some], axis=0) for some in (matched, redrawn))
    return replace(
        tested,
        index=(within - between) / (within - floor) if within > floor else NAN,
        index_thinned=(within - between) / within if within > 0 else NAN,
        index_ratio=ratio_of(deltas, gone),
    )
