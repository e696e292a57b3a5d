"""Segment x segment matrices: how they change on one side, and how they differ between sides.

Change on one side needs no correspondence of segments with the other side. Between sides, only
segments that both show are compared. In any smooth code, segments of a movie that are near in time
are alike: the trend over distance in time is therefore taken out, and time axes are shifted.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from spikedrift.comparison.matrices.responses import TrialResponses
from spikedrift.config.compare import Structure
from spikedrift.rsa.comparator import Comparator
from spikedrift.rsa.nulls import MIN_CONDITIONS, without_lag
from spikedrift.rsa.stacks import n_conditions, relabeled
from spikedrift.stats.means import defined_mean
from spikedrift.stats.monte_carlo import p_of_instances

FEWEST_REPEATS = 4  # in a block: two halves with two folds each


def block_pairs(responses: TrialResponses) -> list[tuple[int, int]]:
    """Pairs of blocks in order."""
    return list(combinations(np.unique(responses.block).tolist(), 2))


def change(
    responses: TrialResponses, code: str, comparator: Comparator
) -> tuple[np.ndarray, float]:
    """Compare the geometry of halves of blocks; repeats are dealt to halves in turn.

    Halves within and between blocks have the same number of trials, and so the same noise.

    Returns
    -------
    between : float64, shape (n_block_pairs,)
        In the order of `block_pairs`; each is the mean over the four pairs of halves.
    within : float
        Comparison of the two halves of a block, mean over blocks. NaN with fewer than four repeats.
    """
    blocks, pairs = np.unique(responses.block), block_pairs(responses)
    members = [np.flatnonzero(responses.repeat_block == block) for block in blocks]
    undefined = (comparator.takes == "responses" and code != "rate") or any(
        rows.size < FEWEST_REPEATS for rows in members
    )
    if undefined or not blocks.size:
        return np.full(len(pairs), np.nan), float("nan")
    halves = [rows[turn::2] for rows in members for turn in (0, 1)]
    of_halves = [
        responses.segments(code, rows)
        if comparator.takes == "rdm"
        else responses.segment_responses(rows)
        for rows in halves
    ]
    value = comparator.table(of_halves, of_halves)
    of_half = np.repeat(blocks, 2)
    between = np.array([defined_mean(value[np.ix_(of_half == a, of_half == b)]) for a, b in pairs])
    within = defined_mean(value[np.arange(0, len(halves), 2), np.arange(1, len(halves), 2)])
    return between, within


def across(
    recording: np.ndarray,
    models: Sequence[Sequence[np.ndarray]],
    comparator: Comparator,
    timed: bool,
    options: Structure,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Compare segment x segment matrices, or responses to segments, of both sides.

    Parameters
    ----------
    recording : float64, shape (n_pairs,) or (n_folds, n_segments, n_units)
    models : sequence of sequences of float64 arrays, shapes as the recording's
        One sequence a point, one array an instance, which has units of its own.
    comparator : Comparator
    timed : bool
        Segments follow each other in time: the mean at every distance in time is taken out of RDMs,
        first and after every shift, and the test shifts the time axis of each instance by its own.
        Else labels are permuted.
    options : Structure
    rng : Generator

    Returns
    -------
    score : list of float64 arrays, shape (n_instances,)
    p_value : float64, shape (n_points,)
        Of the mean over instances, one-sided. NaN for responses, and with fewer than seven segments
        that have no order.
    """
    p_value = np.full(len(models), np.nan)
    if comparator.takes == "responses":
        return [comparator.table(group, [recording])[:, 0] for group in models], p_value
    scores, against = [], recording[None]
    if not np.isfinite(recording).all():
        return [np.full(len(group), np.nan) for group in models], p_value
    n = n_conditions(recording)
    if timed:
        against = without_lag(against)
        orders = (np.arange(n) + np.arange(n)[:, None]) % n
    else:
        drawn = rng.permuted(np.tile(np.arange(n), (options.shifts, 1)), axis=1)
        orders = np.concatenate([np.arange(n)[None], drawn])
    for k, group in enumerate(models):
        stack = np.stack(group)
        whole = np.isfinite(stack).all(axis=1)
        value = np.full(len(stack), np.nan)
        if whole.any():
            moved = relabeled(without_lag(stack[whole]) if timed else stack[whole], orders)
            if timed:
                moved = without_lag(moved.reshape(-1, moved.shape[-1])).reshape(moved.shape)
            table = comparator.compare(moved, against)[..., 0]
            value[whole] = table[0]
            if timed or n >= MIN_CONDITIONS:
                p_value[k] = p_of_instances(table, options.draws, rng)
        scores.append(value)
    return scores, p_value
