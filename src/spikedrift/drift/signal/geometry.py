"""Geometry of the population's responses to segments, which may be kept while tuning turns.

If all tuning curves turn as one, by a rotation of the space of units, the Gram matrix of segments
stays what it was, and whatever reads distances between segments notices nothing (Qin et al. 2023,
Nature Neuroscience 26:339). The residual after the best rotation of units,

    |A|^2 + |B|^2 - 2 |B A^T|_*,

depends on the Gram matrices of the two blocks alone (it is the Bures distance of them). To second
order in the change D of these matrices, each divided by its trace, its half is

    sum_ij D_ij^2 / (4 (l_i + l_j)),

with l the eigenvalues of their mean and D in its eigenvectors. This form is taken, since it is made
of products: D is estimated twice, from two halves of the repeats of each block, and each estimate
is made of products of different repeats. Noise therefore drops out of D and of its square; the root
of an estimated matrix would keep it. Halves are drawn several times.

The residual of a finite population is small even if all its units are redrawn, as other units of
the same kind have nearly the same geometry. It is divided by what a redraw gives: the variance of a
sum over units that are independent between the blocks, of which each unit's part is known. 0:
changes of units cancel in the geometry, as in a rotation. 1: units as a whole are drawn anew. Where
a share of the signal is redrawn, unit by unit, it is that share and equals the tuning index.
"""

from dataclasses import dataclass

import numpy as np

from spikedrift.drift.signal.tuned import Of, Tuned, Undefined, both_seen, quotient

REPEATS = 4  # two of each half of a block
HALVINGS = 8
LEAST = 0.05  # least eigenvalue, by their mean: an estimated one may be below 0


def geometry_change(tuning: Tuned, exponent: float, rng: np.random.Generator) -> Of:
    """Change of geometry beyond a rotation of units, over that of a redraw, all pairs of blocks.

    Parameters
    ----------
    tuning : Tuned
    exponent : float
        Weights of products of four responses are count ** -exponent, as in the tuning index.
    rng : Generator
        Draws halves of repeats.

    Raises
    ------
    Undefined
        For a block with fewer than four repeats or without a signal.
    """
    tuning.needs(REPEATS)
    response = tuning.scaled(exponent / 4)
    pairs = [_pair(tuning, response, one, other, rng) for one, other in tuning.pairs]

    def of(weight: np.ndarray) -> np.ndarray:
        residual = redraw = np.zeros(len(weight))
        n = weight.sum(axis=1)
        more = weight**2 - weight  # a unit that occurs twice has no second change of its own
        for halves in pairs:
            for first, second in halves:
                change, again = (weight @ (half.later - half.earlier) for half in (first, second))
                own = ((first.later - first.earlier) * (second.later - second.earlier)).sum(axis=1)
                residual = residual + (change * again).sum(axis=1) - more @ own
                for one, other in (
                    (first.earlier, second.earlier),
                    (first.later, second.later),
                ):
                    square = weight @ (one * other).sum(axis=1)
                    redraw = redraw + square - ((weight @ one) * (weight @ other)).sum(axis=1) / n
        return quotient(residual, redraw)

    return of


@dataclass(frozen=True)
class _Half:
    """What every unit adds to the Gram matrix of each block, less its part of their mean.

    Attributes
    ----------
    earlier, later : float64, shape (n_units, n_entries)
        The squared norm of a change is its sum of squares over entries.
    """

    earlier: np.ndarray
    later: np.ndarray


def _pair(
    tuning: Tuned, response: np.ndarray, one: slice, other: slice, rng: np.random.Generator
) -> list[tuple[_Half, _Half]]:
    """Halvings of the repeats of two blocks."""
    seen = both_seen(tuning, one, other, REPEATS)
    basis = np.linalg.qr(np.eye(tuning.n_segments) - 1 / tuning.n_segments)[0][:, :-1]
    turned = np.where(seen[:, None, None], response @ basis, 0.0)
    whole = [_grams(turned[:, block], tuning.observed[:, block]).sum(axis=0)
             for block in (one, other)]  # fmt: skip
    size = [float(np.trace(gram)) for gram in whole]
    if min(size) <= 0:
        raise Undefined("a block has no signal above its noise")
    mean = (whole[0] / size[0] + whole[1] / size[1]) / 2
    value, vector = np.linalg.eigh(mean)
    value = np.maximum(value, LEAST / value.size)
    turned = turned @ vector
    mean = vector.T @ mean @ vector
    row, column = np.triu_indices(value.size)
    norm = np.sqrt((1 + (row != column)) / (4 * (value[row] + value[column])))

    def parts(block: slice, repeats: np.ndarray, trace: float) -> np.ndarray:
        chosen = block.start + repeats
        gram = _grams(turned[:, chosen], tuning.observed[:, chosen])
        own = np.trace(gram, axis1=1, axis2=2)
        part = (gram - own[:, None, None] * mean) / trace
        return np.asarray(part[:, row, column] * norm)

    out = []
    for _ in range(HALVINGS):
        halves = [np.array_split(rng.permutation(block.stop - block.start), 2)
                  for block in (one, other)]  # fmt: skip
        first, second = (
            _Half(parts(one, halves[0][k], size[0]), parts(other, halves[1][k], size[1]))
            for k in (0, 1)
        )
        out.append((first, second))
    return out


def _grams(response: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Gram matrix of every unit, from products of different repeats; 0 where they are too few.

    Float64, shape (n_units, n_features, n_features).
    """
    total = response.sum(axis=1)
    gram = total[:, :, None] * total[:, None, :] - response.transpose(0, 2, 1) @ response
    n = observed.sum(axis=1).astype(np.float64)
    share = np.divide(1.0, n * (n - 1), out=np.zeros(n.size), where=n > 1)
    return np.asarray(gram * share[:, None, None])
