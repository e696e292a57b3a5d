"""Pairs of trials from which drift is read: of one segment, within and between blocks."""

from dataclasses import dataclass, replace

import numpy as np

from spikedrift.core.errors import InputError
from spikedrift.spikes.caveats import need_blocks
from spikedrift.spikes.layout import Layout, Repeats
from spikedrift.stats.means import defined_mean


@dataclass(frozen=True)
class TrialPairs:
    """Pairs of trials of one segment, each with a matched pair of different segments.

    Attributes
    ----------
    first, second : int64, shape (n_pairs,)
        Trials that show the same segment in different repeats.
    other : int64, shape (n_pairs,)
        A trial of another segment in the repeat of `second`, drawn at random: the pair (first,
        other) has the same lag and blocks as (first, second). -1 where there is none.
    block : int64, shape (n_pairs,)
        Block in which both trials lie; -1 between blocks.
    row, column : int64, shape (n_pairs,)
        Repeats of `first` and `second`.
    """

    first: np.ndarray
    second: np.ndarray
    other: np.ndarray
    block: np.ndarray
    row: np.ndarray
    column: np.ndarray

    def subset(self, index: np.ndarray) -> "TrialPairs":
        """Pairs at `index`."""
        return TrialPairs(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def segment_pairs(layout: Layout, rng: np.random.Generator) -> TrialPairs:
    """All pairs of trials that show the same segment in different repeats.

    Parameters
    ----------
    layout : Layout
    rng : Generator
        Draws the trials of other segments.

    Raises
    ------
    InputError
        Where no segment is shown twice.
    """
    segment, block, repeats = layout.segment, layout.block, layout.repeats
    first, second = [], []
    for index in range(layout.n_segments):
        trials = np.flatnonzero(segment == index)
        trials = trials[np.argsort(repeats.of_trial[trials], kind="stable")]
        one, two = np.triu_indices(trials.size, k=1)
        first.append(trials[one])
        second.append(trials[two])
    a, b = np.concatenate(first), np.concatenate(second)
    if a.size == 0:
        raise InputError(f"{layout.name}: no segment is shown twice; drift needs repeats")
    # Half of the pairs are turned round: `other` then lies as often in the earlier repeat as in the
    # later one.
    turn = rng.random(a.size) < 0.5
    a, b = np.where(turn, b, a), np.where(turn, a, b)
    return TrialPairs(
        first=a,
        second=b,
        other=_other_segment(segment, repeats, b, rng),
        block=np.where(block[a] == block[b], block[a], -1),
        row=repeats.of_trial[a],
        column=repeats.of_trial[b],
    )


def repeat_means(value: np.ndarray, cell: np.ndarray, n_repeats: int) -> np.ndarray:
    """Mean over trial pairs in each cell (row * n_repeats + column) of the repeat matrix."""
    defined = np.isfinite(value)
    size = n_repeats * n_repeats
    n = np.bincount(cell[defined], minlength=size)
    total = np.bincount(cell[defined], weights=value[defined], minlength=size)
    mean = np.divide(total, n, out=np.full(size, np.nan), where=n > 0)
    upper = mean.reshape(n_repeats, n_repeats)
    return np.where(np.isfinite(upper), upper, upper.T)


def _other_segment(
    segment: np.ndarray, repeats: Repeats, trial: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw a trial of another segment in the repeat of each trial; -1 where there is none."""
    size = np.array([members.size for members in repeats.members])
    order = np.concatenate(repeats.members)
    start = np.cumsum(size) - size
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size) - np.repeat(start, size)
    here = repeats.of_trial[trial]
    # Every segment is shown once within a repeat: any step but a whole turn leads to another.
    step = 1 + (rng.random(trial.size) * (size[here] - 1)).astype(np.int64)
    other = order[start[here] + (rank[trial] + step) % size[here]]
    return np.where(segment[other] == segment[trial], -1, other)


def index_pairs(layout: Layout, most: int, rng: np.random.Generator) -> TrialPairs:
    """Pairs for an anchored index: at most `most` within blocks and `most` between, at random.

    Parameters
    ----------
    layout : Layout
    most : int
    rng : Generator

    Raises
    ------
    InputError
        For a single block, or where no repeat shows two segments or no segment is shown twice
        within and between blocks.
    """
    need_blocks(layout, "an anchored index")
    pairs = segment_pairs(layout, rng)
    parts = [
        np.flatnonzero(chosen & (pairs.other >= 0))
        for chosen in (pairs.block >= 0, pairs.block < 0)
    ]
    need_pairs(layout, parts[0].size, parts[1].size)
    kept = [rng.permutation(part)[:most] if part.size > most else part for part in parts]
    return pairs.subset(np.sort(np.concatenate(kept)))


@dataclass(frozen=True)
class Compared:
    """Pairs of trials of one segment, each with pairs of trials of different segments.

    Attributes
    ----------
    first, second : int64, shape (n,)
        Trials of different repeats.
    cell : int64, shape (n,)
        kind * n_blocks ** 2 + a * n_blocks + b: kind is 0 for the same segment and 1 for different
        ones; blocks a <= b.
    weight : float64, shape (n,)
        1 for a pair of the same segment; the pairs of different segments that belong to it share a
        weight of 1.
    n_blocks : int
    n_within, n_between : int
        Numbers of pairs of the same segment.
    """

    first: np.ndarray
    second: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    n_blocks: int
    n_within: int
    n_between: int

    def chosen(self, within: bool) -> "Compared":
        """Only the pairs within blocks, or only those between them."""
        a, b = np.divmod(self.cell % self.n_blocks**2, self.n_blocks)
        keep = (a == b) == within
        return replace(
            self,
            **{name: getattr(self, name)[keep] for name in ("first", "second", "cell", "weight")},
            n_within=self.n_within if within else 0,
            n_between=0 if within else self.n_between,
        )

    def sums(self, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted sums and weights of the defined values by kind and pair of blocks.

        Parameters
        ----------
        value : float64, shape (n,)
            NaN where undefined.

        Returns
        -------
        total, weight : float64, shape (2, n_blocks, n_blocks)
            Upper triangles; 0 elsewhere.
        """
        known = np.isfinite(value)
        cell, weight = self.cell[known], self.weight[known]
        shape = (2, self.n_blocks, self.n_blocks)
        size = 2 * self.n_blocks**2
        total = np.bincount(cell, weights=weight * value[known], minlength=size)
        return total.reshape(shape), np.bincount(cell, weights=weight, minlength=size).reshape(
            shape
        )


def compared_pairs(layout: Layout, most: int, others: int, rng: np.random.Generator) -> Compared:
    """Pairs of one segment within and between blocks, each with pairs of different segments.

    A pair (a, b) goes with pairs (a, o), where o is a trial of another segment in the repeat of b,
    so that lags and blocks are the same. Where all pairs and all other segments are taken, no pair
    of different segments comes twice.

    Parameters
    ----------
    layout : Layout
    most : int
        Largest number of pairs of one segment within blocks, and between them; if there are more,
        a random subset is taken.
    others : int
        Largest number of other segments for each pair; if there are more, segments at even
        distances are taken, the first of them at random.
    rng : Generator

    Raises
    ------
    InputError
        As `index_pairs`.
    """
    segment, block, repeats = layout.segment, layout.block, layout.repeats
    n_blocks = layout.n_blocks
    pairs = index_pairs(layout, most, rng)
    # All pairs of two repeats are turned the same way: each (a, o) then comes once.
    turn = (pairs.row < pairs.column) == ((pairs.row + pairs.column) % 2 == 0)
    a, b = np.where(turn, (pairs.first, pairs.second), (pairs.second, pairs.first))
    size = np.array([members.size for members in repeats.members])
    # A repeat that shows this segment alone has no other: the pair is turned round.
    alone = size[repeats.of_trial[b]] < 2
    a, b = np.where(alone, (b, a), (a, b))
    far_a, far_o, owner, share = _other_segments(repeats, a, b, size, others, rng)
    # Where a repeat shows a segment twice, its second trial is not one of another segment.
    true = segment[far_a] != segment[far_o]
    far_a, far_o, owner, share = (part[true] for part in (far_a, far_o, owner, share))
    first, second = np.concatenate([a, far_a]), np.concatenate([b, far_o])
    low, high = np.minimum(block[first], block[second]), np.maximum(block[first], block[second])
    kind = np.repeat([0, 1], [a.size, far_a.size])
    return Compared(
        first=first,
        second=second,
        cell=(kind * n_blocks + low) * n_blocks + high,
        weight=np.concatenate([np.ones(a.size), share]),
        n_blocks=n_blocks,
        n_within=int((pairs.block >= 0).sum()),
        n_between=int((pairs.block < 0).sum()),
    )


def _other_segments(
    repeats: Repeats,
    first: np.ndarray,
    second: np.ndarray,
    size: np.ndarray,
    most: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Trials of other segments in the repeat of `second`: (first, other, owner, weight)."""
    order = np.concatenate(repeats.members)
    start = np.cumsum(size) - size
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size) - np.repeat(start, size)
    here = repeats.of_trial[second]
    there = size[here] - 1
    n = np.minimum(there, most)
    owner = np.repeat(np.arange(first.size), n)
    place = np.arange(owner.size) - np.repeat(np.cumsum(n) - n, n)
    begin = (rng.random(first.size) * there).astype(np.int64)
    step = 1 + (begin[owner] + place * there[owner] // n[owner]) % there[owner]
    repeat = here[owner]
    other = order[start[repeat] + (rank[second[owner]] + step) % size[repeat]]
    return first[owner], other, owner, 1.0 / n[owner]


def mean_within(values: np.ndarray, block: np.ndarray) -> float:
    """Mean over blocks of the mean over pairs within each block; NaN pairs are left out."""
    means = [defined_mean(values[block == index]) for index in np.unique(block[block >= 0])]
    return defined_mean(np.array(means))


def discrimination(
    same: np.ndarray, different: np.ndarray, block: np.ndarray
) -> tuple[float, float]:
    """Discrimination of segments S = (D_diff - D_same) / (D_diff + D_same), within and between.

    Parameters
    ----------
    same, different : float64, shape (n_pairs,)
        Dissimilarity of trials of the same and of different segments; NaN where undefined.
    block : int64, shape (n_pairs,)
        As in `TrialPairs`.

    Returns
    -------
    within, between : float
        NaN where there is no such pair. Within blocks, dissimilarities are averaged over blocks
        before S is taken, so that blocks with different noise count alike.
    """
    between = block < 0
    return (
        discriminated(mean_within(same, block), mean_within(different, block)),
        discriminated(defined_mean(same[between]), defined_mean(different[between])),
    )


def discriminated(d_same: float, d_different: float) -> float:
    """S = (D_diff - D_same) / (D_diff + D_same); NaN unless the sum is positive."""
    total = d_different + d_same
    return (d_different - d_same) / total if total > 0 else float("nan")


def need_pairs(layout: Layout, n_within: int, n_between: int) -> None:
    """Refuse a recording without pairs of trials of one segment within or between blocks.

    Raises
    ------
    InputError
        Where either number is 0; the message says which.
    """
    for relation, n in (("within", n_within), ("between", n_between)):
        if n == 0:
            raise InputError(
                f"{layout.name}: an anchored index needs repeats of two segments {relation} blocks"
            )
