"""Anchored rate index with its gate and exchange test.

D = 1 - Pearson over units of the square roots of spike counts (the root evens the variance of
Poisson counts); S and the index as for timing. A gain shared by the population raises counts and
so lowers noise in one block; before anything is compared, whole blocks are thinned to one
population rate, with a single probability for all units and segments, which takes a gain out of
Poisson counts and leaves what distinguishes units and segments.

Test: the counts of each unit are exchanged between blocks among trials of the same segment. It
assumes that counts in trials of one segment are independent, of each other and between units. A
slow state that modulates units differently breaks this without drift (and breaks a permutation of
block labels worse): read the state-matched index beside it.

All pairs of trials are compared through sums over trials (`trial_sums.py`). Where units come and
go from trial to trial, at most `max_pairs` pairs are compared one by one.

Each two-photon event counts as one, whatever its amplitude: thinning and the square root are for
counts, and amplitudes carry the brightness of a cell on that day.

The gate asks only for a rate code. It sets no limit to the spread of the exchange surrogates: whole
counts move, so that drift itself widens it.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spikedrift.config.drift import IndexOptions
from spikedrift.drift.anchored.test import (
    Anchored,
    Reading,
    gate_and_test,
    ratio_of,
    read_compared,
    read_means,
)
from spikedrift.drift.anchored.trial_sums import correlation_sums, pair_counts, sets_of
from spikedrift.drift.pairs import compared_pairs, need_pairs
from spikedrift.similarity.correlation import pearson_pairs
from spikedrift.spikes.caveats import need_blocks
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.spikes.thinning import match_gain

EXCHANGE = "counts exchanged between blocks among trials of the same segment and unit"


def rate_dissimilarity(
    counts: np.ndarray,
    observed: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    min_shared: int,
) -> tuple[np.ndarray, np.ndarray]:
    """1 - Pearson over shared units of the square roots of counts.

    Parameters
    ----------
    counts : array, shape (n_trials, n_units)
    observed : array of bool, shape (n_trials, n_units)
    first, second : array of int, shape (n_pairs,)
    min_shared : int
        Fewest units observed in both trials.

    Returns
    -------
    value : float64, shape (n_pairs,)
        NaN where undefined.
    n_shared : int64, shape (n_pairs,)
    """
    value, n_shared = pearson_pairs(np.sqrt(counts), observed, first, second, min_shared)
    return 1.0 - value, n_shared


def permuted_counts(
    counts: np.ndarray, observed: np.ndarray, group: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Permute each unit's counts among its observed trials of one group, units independently.

    Parameters
    ----------
    counts : array, shape (n_trials, n_units)
    observed : array of bool, shape (n_trials, n_units)
    group : array of int, shape (n_trials,)
    rng : Generator

    Returns
    -------
    array, shape (n_trials, n_units)
        The permuted counts.
    """
    key = group[:, None] * 2 + ~observed
    target = np.argsort(key, axis=0, kind="stable")
    source = np.argsort(key + rng.random(key.shape), axis=0)
    out = np.empty_like(counts)
    np.put_along_axis(out, target, np.take_along_axis(counts, source, axis=0), axis=0)
    return out


def rate_index(layout: Layout, options: IndexOptions, seed: int) -> Anchored:
    """Gate, test and effect size of rate drift between blocks.

    Parameters
    ----------
    layout : Layout
        After its selection; two blocks or more.
    options : IndexOptions
    seed : int

    Returns
    -------
    Anchored
        Gate, test and reading are those of the first thinning; `index` is the mean over all
        thinnings.

    Raises
    ------
    InputError
        For a single block, or segments shown once.
    """
    need_blocks(layout, "an anchored index")
    name, spikes = layout.name, layout.events
    reading, n_pairs = _reader(layout, options, seed)
    rng = stream(seed, name, "rate", "thinning")
    thinned = [match_gain(spikes, rng).counts for _ in range(options.thinnings)]
    everywhere = np.zeros_like(spikes.segment)

    def moved(group: np.ndarray) -> Callable[[np.random.Generator], Reading]:
        return lambda rng: reading(permuted_counts(thinned[0], spikes.observed, group, rng))

    tested = gate_and_test(
        name,
        "rate",
        n_pairs,
        reading(thinned[0]),
        permuted=moved(everywhere),
        exchanged=moved(spikes.segment),
        options=options,
        seed=seed,
    )
    if tested.no_index:
        return tested
    found = [reading(counts) for counts in thinned]
    index = float(np.mean([one.index for one in found]))
    ratio = ratio_of(np.mean([one.deltas for one in found], axis=0))
    return replace(tested, index=index, index_thinned=index, index_ratio=ratio)


def _reader(
    layout: Layout, options: IndexOptions, seed: int
) -> tuple[Callable[[np.ndarray], Reading], tuple[int, int]]:
    """Function that reads counts, and numbers of pairs of one segment within and between blocks."""
    sets, observed = sets_of(layout), layout.events.observed
    if sets is None:
        rng = stream(seed, layout.name, "rate", "pairs")
        pairs = compared_pairs(layout, options.max_pairs, options.max_others, rng)
        return (
            lambda counts: read_compared(
                pairs,
                lambda first, second: rate_dissimilarity(
                    counts, observed, first, second, options.min_shared
                ),
            )
        ), (pairs.n_within, pairs.n_between)
    n = pair_counts(sets)
    inside = int(np.trace(n))
    n_pairs = inside, int(n.sum()) - inside
    need_pairs(layout, *n_pairs)

    def reading(counts: np.ndarray) -> Reading:
        total, weight, every, shared = correlation_sums(sets, np.sqrt(counts), options.min_shared)
        return read_means(weight - total, weight, every, shared)

    return reading, n_pairs
