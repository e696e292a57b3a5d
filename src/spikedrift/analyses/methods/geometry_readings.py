"""Readings of the geometry of drift from random halves of a block and the next."""

import numpy as np

from spikedrift.analyses.methods import manifolds
from spikedrift.analyses.methods.hyperplanes import angle_between, boundary
from spikedrift.config.analyses import GeometryOptions
from spikedrift.core.errors import InputError
from spikedrift.spikes.arrays import Spikes

SOURCES = ("observed", "dropout", "gaussian")
PLACES = ("within", "between", "dropout", "gaussian", "random")

Trials = list[np.ndarray]
Models = dict[str, tuple[np.ndarray, np.ndarray]]  # keep and shift, see `geometry.perturbed`


class Step:
    """A block and the next: responses of the units seen in all their trials, trials by segment."""

    def __init__(self, spikes: Spikes, block: int, options: GeometryOptions, where: str) -> None:
        chosen = np.isin(spikes.block, (block, block + 1))
        units = spikes.observed[chosen].all(axis=0)
        if units.sum() < 2:
            raise InputError(
                f"{where}: geometry needs two units observed in every trial of blocks {block} and "
                f"{block + 1}, there are {int(units.sum())}; select units found in both"
            )
        self.counts = spikes.counts[chosen][:, units]
        segment, later = spikes.segment[chosen], spikes.block[chosen] == block + 1
        shown = [
            (np.flatnonzero((segment == s) & ~later), np.flatnonzero((segment == s) & later))
            for s in np.unique(segment)
        ]
        shown = [pair for pair in shown if min(pair[0].size, pair[1].size) >= options.min_repeats]
        if len(shown) < 2:
            raise InputError(
                f"{where}: geometry needs two segments with {options.min_repeats} trials in blocks "
                f"{block} and {block + 1}, there are {len(shown)}; lower min_repeats (at least 4)"
            )
        self.earlier: Trials = [pair[0] for pair in shown]
        self.later: Trials = [pair[1] for pair in shown]
        self.segment = segment
        self.response = np.sqrt(self.counts)

    def halves(self, rng: np.random.Generator) -> tuple[Trials, Trials, Trials, Trials]:
        """Two random halves of the trials of each segment in the earlier block and in the later.

        For each segment, all four have the same number of trials, so that quantities that depend on
        this number can be compared.
        """
        parts: tuple[Trials, ...] = ([], [], [], [])
        for one, two in zip(self.earlier, self.later, strict=True):
            n = min(one.size, two.size) // 2
            one, two = rng.permutation(one), rng.permutation(two)
            for part, trials in zip(
                parts, (one[:n], one[n : 2 * n], two[:n], two[n : 2 * n]), strict=True
            ):
                part.append(trials)
        return parts  # type: ignore[return-value]


def read_directions(
    step: Step, halves: tuple[Trials, ...], models: Models, k: int
) -> dict[str, np.ndarray]:
    """Squares of drift along the components of the earlier block.

    Components come from one half of its trials; drift and the variance along the components come
    from the other half.

    Returns
    -------
    dict of float64
        `along` (source, segment, k), square of drift along each component; `inside` (source,
        segment, 3), along the leading components together, the expectation there for drift of
        random signs, and in total; `variance` (segment, k), share of the variance along each
        component; `leading` (segment,), number of leading components.
    """
    n = len(step.earlier)
    out = {
        "along": np.full((3, n, k), np.nan),
        "inside": np.full((3, n, 3), np.nan),
        "variance": np.full((n, k), np.nan),
        "leading": np.empty(n),
    }
    x = step.response
    for row, (fitted, held) in enumerate(zip(halves[0], halves[1], strict=True)):
        share, axes = manifolds.variances(x[fitted])
        lead = manifolds.leading(share)
        held_spread = x[held].var(axis=0, ddof=1).sum()
        along = (x[held] @ axes.T).var(axis=0, ddof=1) / max(held_spread, 1e-300)
        top = min(k, along.size)
        out["variance"][row, :top], out["leading"][row] = along[:top], lead
        occupied = (axes[:lead] ** 2).sum(axis=0)
        for index, source in enumerate(SOURCES):
            exact = np.zeros(x.shape[1])
            if source == "observed":
                samples = [-x[held], x[step.later[row]]]
            else:
                keep, shift = models[source]
                samples, exact = [(keep[row] - 1) * x[held]], shift[row]
            square = manifolds.unbiased_squares([one @ axes.T for one in samples], axes @ exact)
            each = manifolds.unbiased_squares(samples, exact)
            out["along"][index, row, :top] = square[:top]
            out["inside"][index, row] = square[:lead].sum(), each @ occupied, each.sum()
    return out


def read_overlaps(step: Step, halves: tuple[Trials, ...], models: Models) -> np.ndarray:
    """Overlap of variational spaces, shape (place, segment): see `PLACES`."""
    x = step.response
    one, other, later, last = halves

    def gammas(second: list[np.ndarray], first: list[np.ndarray]) -> np.ndarray:
        return np.array(
            [
                manifolds.overlap(a @ a.T, b @ b.T, a @ b.T)
                for a, b in zip(first, second, strict=True)
            ]
        )

    first = [x[a] for a in one]
    within = 0.5 * (
        gammas([x[b] for b in other], first) + gammas([x[b] for b in last], [x[a] for a in later])
    )
    moved = [
        gammas([keep[row] * x[b] for row, b in enumerate(other)], first)
        for keep, _ in models.values()
    ]
    lead = [manifolds.leading(manifolds.variances(x[b])[0]) for b in later]
    chance = np.array([manifolds.random_length(one, x.shape[1]) for one in lead])
    return np.array([within, gammas([x[b] for b in later], first), *moved, chance])


def read_boundaries(
    step: Step,
    halves: tuple[Trials, ...],
    models: Models,
    pairs: list[tuple[int, int]],
    directions: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boundaries between pairs of segments, trained on one half of a block.

    Returns
    -------
    angle, accuracy : float64, shape (4, n_pairs)
        Within a block, between blocks, dropout, Gaussian. Angles in degrees; accuracy is the share
        of trials of the other half (between blocks: of the other block) on their side.
    rotated : float64, shape (n_directions,)
        Accuracy of the later block's own boundary, turned in random directions by the angle between
        blocks; mean over pairs.
    """
    x = step.response
    one, other, later, last = ([x[t] for t in part] for part in halves)
    sets = [(other, other), (later, last)]
    for keep, shift in models.values():
        moved = [keep[row] * b + shift[row] for row, b in enumerate(other)]
        sets.append((moved, moved))
    angle, accuracy = np.full((2, 4, len(pairs)), np.nan)
    rotated = np.full((len(pairs), len(directions)), np.nan)
    for column, (a, b) in enumerate(pairs):
        own = boundary(one[a], one[b])
        for row, (train, test) in enumerate(sets):
            theirs = boundary(train[a], train[b])
            if own is None or theirs is None:
                continue
            turn = angle_between(own, theirs)
            angle[row, column] = np.degrees(turn)
            accuracy[row, column] = own.accuracy(test[a], test[b])
            if row == 1:
                rotated[column] = theirs.rotated_accuracy(test[a], test[b], turn, directions)
    known = np.isfinite(rotated).all(axis=1)
    chance = rotated[known].mean(axis=0) if known.any() else np.full(len(directions), np.nan)
    return angle, accuracy, chance


def overlap_null(step: Step, surrogates: int, splits: int, rng: np.random.Generator) -> np.ndarray:
    """Overlap within minus between where residuals are exchanged between blocks.

    Returns
    -------
    float64, shape (surrogates, n_segments)
    """
    null = np.empty((surrogates, len(step.earlier)))
    for row, (one, two) in enumerate(zip(step.earlier, step.later, strict=True)):
        x, y = step.response[one], step.response[two]
        residual = np.concatenate([x - x.mean(axis=0), y - y.mean(axis=0)])
        gram = residual @ residual.T
        n = min(one.size, two.size) // 2
        order = rng.permuted(np.broadcast_to(np.arange(len(gram)), (surrogates, len(gram))), axis=1)
        blocks = order[:, : one.size], order[:, one.size :]
        total = np.zeros(surrogates)
        for _ in range(splits):
            first, second = (rng.permuted(block, axis=1) for block in blocks)
            a, b, c, d = first[:, :n], first[:, n : 2 * n], second[:, :n], second[:, n : 2 * n]

            def gamma(p: np.ndarray, q: np.ndarray, gram: np.ndarray = gram) -> np.ndarray:
                return manifolds.overlap(
                    gram[p[:, :, None], p[:, None]],
                    gram[q[:, :, None], q[:, None]],
                    gram[p[:, :, None], q[:, None]],
                )

            total += 0.5 * (gamma(a, b) + gamma(c, d)) - gamma(a, c)
        null[:, row] = total / splits
    return null
