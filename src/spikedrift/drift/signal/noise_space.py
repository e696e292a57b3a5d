"""Whether drift lies in the directions in which single trials scatter.

Noise space is spanned by the first principal components of trials about their mean, over units
whose counts are divided by the root of their mean. The share of the squared change of tuning that
lies within is held against the share of the signal itself: what tuning and noise have in common,
such as a few strong units, is in both. The number is the difference of the two shares: 0 where
drift lies there as much as the signal does, 1 less the signal's share where all of it does, and
minus that share where none does. Of what has no direction of its own the share is the number of
axes over that of units.

The components are found in one half of the repeats of each block, and change and signal are
estimated from products of different repeats of the other half, and the other way round: the noise
that defines the space is not the noise of what is projected.
"""

import itertools

import numpy as np

from spikedrift.drift.signal.tuned import Of, Tuned, Undefined, quotient

REPEATS = 4  # two of each half of a block
AXES = 5
HALVINGS = 4


def noise_space(tuning: Tuned, rng: np.random.Generator) -> Of:
    """Share of the drift in noise space less that of the signal, over all pairs of blocks.

    Parameters
    ----------
    tuning : Tuned
    rng : Generator
        Draws halves of repeats.

    Raises
    ------
    Undefined
        For a block with fewer than four repeats or without a signal, or fewer than twice as many
        units as axes that were seen in all repeats.
    """
    tuning.needs(REPEATS)
    seen = tuning.observed.all(axis=1)
    if seen.sum() < 2 * AXES:
        raise Undefined(f"{seen.sum()} units were seen in all repeats, it takes {2 * AXES}")
    response = tuning.scaled(0.5)[seen]
    alone = tuning.response + tuning.amount[:, :, None] / tuning.n_segments
    trials = (alone / np.sqrt(tuning.count)[:, None, None])[seen]
    total = np.zeros((4, seen.size))
    for _ in range(HALVINGS):
        halves = [
            np.array_split(block.start + rng.permutation(block.stop - block.start), 2)
            for block in tuning.blocks
        ]
        for kept in (0, 1):
            axes = noise_axes(trials, [half[1 - kept] for half in halves], AXES)
            total[:, seen] += _shares(response, axes, [half[kept] for half in halves])

    def of(weight: np.ndarray) -> np.ndarray:
        change, inside, signal, signal_inside = (weight @ each for each in total)
        return quotient(inside, change) - quotient(signal_inside, signal)

    return of


def noise_axes(trials: np.ndarray, groups: list[np.ndarray], n: int) -> np.ndarray:
    """First principal components of trials about the mean of their segment and group.

    Parameters
    ----------
    trials : float64, shape (n_units, n_repeats, n_segments)
    groups : list of int64 arrays
        Repeats.
    n : int

    Returns
    -------
    float64, shape (n_units, n)
        Orthonormal columns.
    """
    off = np.concatenate(
        [
            (trials[:, repeats] - trials[:, repeats].mean(axis=1, keepdims=True)).reshape(
                len(trials), -1
            )
            for repeats in groups
        ],
        axis=1,
    )
    if off.shape[1] >= len(off):
        return np.asarray(np.linalg.eigh(off @ off.T)[1][:, -n:])
    vector = off @ np.linalg.eigh(off.T @ off)[1][:, -n:]
    return np.asarray(np.linalg.qr(vector)[0])


def _shares(response: np.ndarray, axes: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Squared change and signal of every unit, each whole and within the axes: (4, n_units).

    Sums over pairs of groups. With y = P x the projection of a population vector x, a unit adds
    2 x y - y^2 to |P x|^2: the derivative of the projection by the unit's weight, whose sum over
    units is |P x|^2 too. In products of different repeats this is a form of two vectors.
    """

    def form(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        one, other = one.reshape(len(axes), -1), other.reshape(len(axes), -1)
        near, far = axes.T @ one, axes.T @ other
        inside = axes * (other @ near.T + one @ far.T - axes @ (near @ far.T))
        return np.stack([np.einsum("uf,uf->u", one, other), inside.sum(axis=1)])

    power, mean = [], []
    for repeats in groups:
        here, n = response[:, repeats], repeats.size
        total = here.sum(axis=1)
        power.append((form(total, total) - form(here, here)) / (n * (n - 1)))
        mean.append(total / n)
    out = np.zeros((4, len(axes)))
    for a, b in itertools.combinations(range(len(groups)), 2):
        both = power[a] + power[b]
        out += np.concatenate([both - 2 * form(mean[a], mean[b]), both / 2])
    return out
