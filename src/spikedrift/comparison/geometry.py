"""Segment x segment matrices: how they change within one side, and between sides.

Change within a side needs no correspondence of segments with another side. Between sides only
segments that both show are compared. Bins of a movie are alike where they are near in time, in any
code that is smooth: the trend over distance in time is taken out, and time axes are shifted.
"""

from collections.abc import Sequence

import numpy as np

from spikedrift.comparison.comparator import Comparator
from spikedrift.comparison.rdm_nulls import (
    MIN_CONDITIONS,
    circular_shift_test,
    permutation_test,
    without_lag,
)
from spikedrift.comparison.side import Side
from spikedrift.drift.means import defined_mean

FEWEST_REPEATS = 4  # of a block: two halves, each with two folds


def change(
    side: Side, code: str, comparator: Comparator
) -> tuple[list[tuple[int, int]], np.ndarray, float]:
    """Compare the geometry of halves of blocks, repeats dealt by turns.

    Halves within and between blocks have the same number of trials, and so the same noise.

    Returns
    -------
    pairs : list of (block, block)
    between : float64, shape (n_block_pairs,)
        Mean over the four pairs of halves.
    within : float
        Mean over blocks of the two halves of a block. NaN with fewer than four repeats.
    """
    blocks = np.unique(side.block)
    pairs = [(int(a), int(b)) for k, a in enumerate(blocks) for b in blocks[k + 1 :]]
    members = [np.flatnonzero(side.repeat_block == block) for block in blocks]
    undefined = (comparator.takes == "responses" and code != "rate") or any(
        rows.size < FEWEST_REPEATS for rows in members
    )
    if undefined or not blocks.size:
        return pairs, np.full(len(pairs), np.nan), float("nan")
    halves = [rows[turn::2] for rows in members for turn in (0, 1)]
    if comparator.takes == "rdm":
        stack = np.stack([side.segments(code, rows) for rows in halves])
    else:
        stack = np.stack([side.segment_responses(rows) for rows in halves])
    value = comparator.compare(stack, stack)
    of_half = np.repeat(blocks, 2)
    between = np.array([defined_mean(value[np.ix_(of_half == a, of_half == b)]) for a, b in pairs])
    within = defined_mean(value[np.arange(0, len(halves), 2), np.arange(1, len(halves), 2)])
    return pairs, between, within


def across(
    recording: np.ndarray,
    models: Sequence[np.ndarray],
    comparator: Comparator,
    timed: bool,
    surrogates: int,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Compare segment x segment matrices, or responses to segments, of both sides.

    Parameters
    ----------
    recording : float64, shape (n_pairs,) or (n_folds, n_segments, n_units)
    models : sequence of float64 arrays, shape (n_instances, ...)
        One array a condition.
    comparator : Comparator
    timed : bool
        Segments follow each other in time: the trend over distance in time is taken out of RDMs,
        and the test shifts a time axis (all shifts). Else labels are permuted, of seven segments or
        more.
    surrogates : int
        Permutations.
    rng : Generator

    Returns
    -------
    score : list of float64 arrays, shape (n_instances,)
    p_value : float64, shape (n_conditions,)
        Of the mean over instances, one-sided. NaN for responses and where there is no test.
    """
    n_pairs = recording.shape[-1]
    scores, p_value = [], np.full(len(models), np.nan)
    for k, stack in enumerate(models):
        if comparator.takes == "responses":
            scores.append(comparator.compare(stack, recording[None])[:, 0])
            continue
        whole = np.isfinite(stack).all(axis=1)
        value = np.full(len(stack), np.nan)
        if np.isfinite(recording).all() and whole.any():
            one, two = recording[None], stack[whole]
            if timed:
                test = circular_shift_test(two, one, comparator.compare)
                one, two = without_lag(one), without_lag(two)
                p_value[k] = test.p_value[0]
            elif n_pairs >= MIN_CONDITIONS * (MIN_CONDITIONS - 1) // 2:
                drawn = permutation_test(two, one, comparator.compare, rng, surrogates)
                p_value[k] = drawn.p_value[0]
            value[whole] = comparator.compare(two, one)[:, 0]
        scores.append(value)
    return scores, p_value
