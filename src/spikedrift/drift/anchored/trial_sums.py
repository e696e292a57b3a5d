"""Mean correlation of all pairs of trials by sums over trials: exact, and linear in trials.

Let z be a trial's response over units, less its mean and scaled to length 1. The Pearson
correlation of two trials is the scalar product of their z, and its sum over all pairs of two sets
of trials is the scalar product of the sums of z. Trials with the same observed units form one set,
and two sets are correlated over the units that both have.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from spikedrift.spikes.layout import Layout

SETS = 8  # sums are taken up to this number of sets of trials with the same units


@dataclass(frozen=True)
class Sets:
    """Trials in sets of the same observed units, with what their repeats show.

    Attributes
    ----------
    layout : Layout
    shown : sparse, shape (n_repeats, n_segments)
        1 where a repeat shows a segment.
    share : float64, shape (n_repeats,)
        1 / (segments of the repeat - 1); 0 where it shows one.
    set_of_trial : int64, shape (n_trials,)
        Trials with the same observed units.
    units : bool, shape (n_sets, n_units)
    """

    layout: Layout
    shown: "scipy.sparse.csr_array"
    share: np.ndarray
    set_of_trial: np.ndarray
    units: np.ndarray


def sets_of(layout: Layout) -> Sets | None:
    """Divide the trials; None where more than `SETS` different sets of units were observed."""
    units, of_trial = np.unique(layout.events.observed, axis=0, return_inverse=True)
    if len(units) > SETS:
        return None
    shown = scipy.sparse.coo_array(
        (np.ones(layout.segment.size), (layout.repeat, layout.segment)), shape=layout.table.shape
    ).tocsr()
    shown.data[:] = 1.0
    n = np.diff(shown.indptr)
    return Sets(
        layout=layout,
        shown=shown,
        share=np.divide(1.0, n - 1, out=np.zeros(n.size), where=n > 1),
        set_of_trial=of_trial.ravel(),
        units=units,
    )


def pair_counts(sets: Sets) -> np.ndarray:
    """Pairs of trials of one segment in different repeats by blocks: int64, (n_blocks, n_blocks).

    Upper triangle. A pair counts if one of its repeats shows another segment, too, since only such
    pairs can be compared.
    """
    one = np.ones((sets.set_of_trial.size, 1))
    n = _sums(sets, one, one, np.ones(sets.set_of_trial.size, bool), same_set=True)[0]
    # Within blocks every pair was met from both sides, between them from one side a cell.
    return np.rint(np.triu(n + n.T, 1) / 2 + np.diag(np.diag(n)) / 2).astype(np.int64)


def correlation_sums(
    sets: Sets, response: np.ndarray, min_shared: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Sums of correlations over all pairs of trials of the same and of different segments.

    A pair (a, b) of one segment goes with all (a, o), o a trial of another segment in the repeat of
    b, which share its weight of 1, as in `spikedrift.drift.pairs.compared_pairs`; every pair is
    taken from both sides.

    Parameters
    ----------
    sets : Sets
    response : float64, shape (n_trials, n_units)
    min_shared : int
        Trials with fewer units observed in both have no correlation.

    Returns
    -------
    total, weight : float64, shape (2, n_blocks, n_blocks)
        Sums of correlations of the same (0) and of different segments (1) by pair of blocks, and
        the weight of the pairs that have one. Upper triangles.
    every : float64, shape (2, n_blocks, n_blocks)
        Weight of all pairs.
    shared : float
        Median number of shared units over the pairs.
    """
    n_blocks = sets.layout.n_blocks
    shape = (2, n_blocks, n_blocks)
    total, weight, every = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    shared: list[tuple[int, float]] = []
    for i, units_i in enumerate(sets.units):
        for j, units_j in enumerate(sets.units):
            left, right = sets.set_of_trial == i, sets.set_of_trial == j
            both = units_i & units_j
            all_pairs = _sums(sets, left[:, None] * 1.0, right[:, None] * 1.0, right, i == j)
            every += all_pairs
            shared.append((int(both.sum()), float(all_pairs.sum())))
            if both.sum() < min_shared:
                continue
            z, varies = _standard(response, both)
            # Trials of other sets are 0 and add nothing.
            one, other = np.where(left[:, None], z, 0.0), np.where(right[:, None], z, 0.0)
            total += _sums(sets, one, other, right, i == j)
            if varies.all():
                weight += all_pairs
            else:
                one, other = (left & varies)[:, None] * 1.0, (right & varies)[:, None] * 1.0
                weight += _sums(sets, one, other, right, i == j)
    n, times = np.array(sorted(shared)).T
    middle = int(np.searchsorted(np.cumsum(times), times.sum() / 2))
    return _folded(total), _folded(weight), _folded(every), float(n[min(middle, n.size - 1)])


def _folded(value: np.ndarray) -> np.ndarray:
    """Sum both directions of a pair of blocks in the upper triangle."""
    return np.triu(value) + np.triu(np.swapaxes(value, 1, 2), 1)


def _standard(response: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Responses over `units`, less their mean and scaled to length 1; and whether they vary."""
    x = response[:, units]
    centered = x - x.mean(axis=1, keepdims=True)
    # Not matrix products, whose last bit may depend on the number of threads.
    square = np.einsum("tu,tu->t", centered, centered)
    varies = square > 1e-13 * np.einsum("tu,tu->t", x, x)
    length = np.sqrt(np.where(varies, square, 1.0))[:, None]
    return np.where(varies[:, None], centered / length, 0.0), varies


def _sums(
    sets: Sets, left: np.ndarray, right: np.ndarray, chosen: np.ndarray, same_set: bool
) -> np.ndarray:
    """Sum products of `left` of trial a and `right` of trial o over pairs in different repeats.

    Parameters
    ----------
    left, right : float64, shape (n_trials, n)
        0 for trials that do not take part.
    chosen : bool, shape (n_trials,)
        Trials o that take part.
    same_set : bool
        `left` and `right` are the same trials, so that a trial must not be paired with itself.

    Returns
    -------
    float64, shape (2, n_blocks, n_blocks)
        [kind, block of a, block of o].
    """
    layout, block_of_repeat = sets.layout, sets.layout.repeats.block
    n_trials, n_blocks = layout.segment.size, layout.n_blocks
    n_repeats, n_segments = sets.shown.shape
    out = np.zeros((2, n_blocks, n_blocks))
    by_repeat = scipy.sparse.csr_array(
        (np.ones(n_trials), (layout.repeat, np.arange(n_trials))), shape=(n_repeats, n_trials)
    )
    in_repeat_left, in_repeat_right = by_repeat @ left, by_repeat @ right
    usable = np.flatnonzero(chosen & (sets.share[layout.repeat] > 0))
    own = np.einsum("tu,tu->t", left, right) if same_set else np.zeros(n_trials)
    for a in range(n_blocks):
        here = np.flatnonzero(layout.block == a)
        by_segment = (
            scipy.sparse.csr_array(
                (np.ones(here.size), (layout.segment[here], here)), shape=(n_segments, n_trials)
            )
            @ left
        )
        same = np.einsum("tu,tu->t", by_segment[layout.segment[usable]], right[usable])
        same -= np.where(layout.block[usable] == a, own[usable], 0.0)
        of_repeat = np.bincount(layout.repeat[usable], weights=same, minlength=n_repeats)
        # All trials of block a whose segment the repeat shows, but not those of the repeat itself.
        others = sets.shown @ by_segment
        inside = block_of_repeat == a
        others[inside] -= in_repeat_left[inside]
        different = np.einsum("ru,ru->r", others, in_repeat_right) - of_repeat
        for kind, value in enumerate((of_repeat, different * sets.share)):
            out[kind, a] = np.bincount(block_of_repeat, weights=value, minlength=n_blocks)[
                :n_blocks
            ]
    return out
