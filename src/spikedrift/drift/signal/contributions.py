"""What every unit contributes to the signal indices: sums over its cells, with fixed weights."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from spikedrift.drift.signal.products import between_units, products
from spikedrift.drift.signal.responses import Cells

PARTNERS = 5  # other units that each unit's signal is compared with, for the overlap of a redraw


@dataclass(frozen=True)
class Occasions:
    """Blocks, and windows of successive repeats within them, as sets of repeats.

    Attributes
    ----------
    block : bool, shape (n_blocks, n_repeats)
    window : bool, shape (n_windows, n_repeats)
        All runs of some successive repeats of a block.
    pair : tuple of int64, shape (n_pairs,)
        Indices of two windows that share no repeat, the earlier first.
    lag : int64, shape (n_pairs,)
        Repeats from the one to the other.
    between : bool, shape (n_pairs,)
        Whether they lie in different blocks.
    """

    block: np.ndarray
    window: np.ndarray
    pair: tuple[np.ndarray, np.ndarray]
    lag: np.ndarray
    between: np.ndarray


def occasions(block: np.ndarray, position: np.ndarray, width: int) -> Occasions:
    """Blocks and windows of a recording.

    Parameters
    ----------
    block : int64, shape (n_repeats,)
        Block of every repeat, from 0; repeats in their order.
    position : int64, shape (n_repeats,)
        Number of the repeat, counted through the session.
    width : int
        Repeats of a window, two or more.
    """
    start = np.arange(block.size - width + 1)
    start = start[block[start] == block[start + width - 1]]
    window = np.zeros((start.size, block.size), bool)
    window[np.arange(start.size)[:, None], start[:, None] + np.arange(width)] = True
    first, second = np.triu_indices(start.size, k=1)
    apart = start[second] - start[first] >= width
    first, second = first[apart], second[apart]
    return Occasions(
        block=np.equal.outer(np.arange(block.max() + 1), block),
        window=window,
        pair=(first, second),
        lag=position[start[second]] - position[start[first]],
        between=block[start[first]] != block[start[second]],
    )


@dataclass(frozen=True)
class Contributions:
    """Weighted sums over the cells of every unit.

    Attributes
    ----------
    power, overlap : float64, shape (n_units, n_blocks, n_blocks)
        Of P_A P_B and of Q_AB (`spikedrift.drift.signal.products`), above the diagonal.
    lag_power, lag_overlap : float64, shape (n_units, 2, n_lags)
        The same of pairs of windows: within blocks and between them, by lag.
    n_pairs : int64, shape (2, n_lags)
        Pairs of windows.
    signal, level : float64, shape (n_units, n_blocks)
        Power of the signal, and that of a flat response with the same mean count: their ratio is
        the squared depth of the code.
    chance_power, chance_overlap : float64, shape (n_blocks, n_blocks)
        As `power` and `overlap`, of signals of different units.
    """

    power: np.ndarray
    overlap: np.ndarray
    lag_power: np.ndarray
    lag_overlap: np.ndarray
    n_pairs: np.ndarray
    signal: np.ndarray
    level: np.ndarray
    chance_power: np.ndarray
    chance_overlap: np.ndarray


def contributions(
    chunks: Iterable[Cells], times: Occasions, n_units: int, exponent: float
) -> Contributions:
    """Sum powers and overlaps over the cells of every unit.

    Weights are fixed by the mean counts of a cell, count ** -exponent, and know nothing of its
    signal: weights that come from powers and overlaps themselves bias the index.

    Parameters
    ----------
    chunks : iterable of Cells
        Cells of a unit lie in one chunk, units in the same order of segments.
    times : Occasions
    n_units : int
    exponent : float
    """
    n_blocks, n_lags = times.block.shape[0], int(times.lag.max(initial=0)) + 1
    blocks = np.zeros((2, n_units, n_blocks, n_blocks))
    lags = np.zeros((2, n_units, 2 * n_lags))
    depth = np.zeros((2, n_units, n_blocks))
    chance = np.zeros((2, n_blocks, n_blocks))
    place = times.between * n_lags + times.lag
    by_lag = np.equal.outer(place, np.arange(2 * n_lags)).astype(np.float64)
    first, second = times.pair
    member = np.concatenate([times.block, times.window])
    for cells in chunks:
        found = products(cells.response, cells.observed, member)
        weight = cells.count**-exponent
        power, overlap = found.power[:, :n_blocks], found.overlap[:, :n_blocks, :n_blocks]
        blocks[:, cells.unit] = _sums(cells, weight, power[:, :, None] * power[:, None, :], overlap)
        windows, far = found.power[:, n_blocks:], found.overlap[:, n_blocks:, n_blocks:]
        near = windows[:, first] * windows[:, second]
        lags[:, cells.unit] = _sums(cells, weight, near, far[:, first, second]) @ by_lag
        # Depths of blocks are compared: of cells that were seen in all of them.
        everywhere = np.where(np.isfinite(power).all(axis=1, keepdims=True), power, np.nan)
        depth[:, cells.unit] = _sums(
            cells, cells.count**-2.0, everywhere, _flat(cells, times.block)
        )
        chance += _met(cells, power, times.block, exponent)
    shape = (n_units, 2, n_lags)
    return Contributions(
        power=blocks[0],
        overlap=blocks[1],
        lag_power=lags[0].reshape(shape),
        lag_overlap=lags[1].reshape(shape),
        n_pairs=np.bincount(place, minlength=2 * n_lags).reshape(2, n_lags),
        signal=depth[0],
        level=depth[1],
        chance_power=chance[0],
        chance_overlap=chance[1],
    )


def _sums(cells: Cells, weight: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Weighted sums over the cells of every unit, of what is known of both: (2, n_units, ...)."""
    weights = weight.reshape(-1, *(1 for _ in one.shape[1:]))
    known = np.isfinite(one) & np.isfinite(other)
    both = np.where(known, weights * np.stack([one, other]), 0.0)
    return np.asarray(both.reshape(2, cells.unit.size, -1, *one.shape[1:]).sum(axis=2))


def _flat(cells: Cells, member: np.ndarray) -> np.ndarray:
    """Power that a flat response with the cell's mean count has, without the noise of trials."""
    n_features = cells.response.shape[2]
    total = np.where(cells.observed, cells.amount, 0.0)[..., None]
    return products(total, cells.observed, member).power / n_features


def _met(cells: Cells, power: np.ndarray, member: np.ndarray, exponent: float) -> np.ndarray:
    """Powers and overlaps of signals of different units in the same segments: (2, block, block)."""
    chance = np.zeros((2, member.shape[0], member.shape[0]))
    n_cells = cells.count.size // cells.unit.size
    for shift in range(1, min(PARTNERS, cells.unit.size - 1) + 1):
        partner = (np.arange(cells.count.size) + shift * n_cells) % cells.count.size
        weight = (cells.count * cells.count[partner]) ** (-exponent / 2)
        for a, b in zip(*np.triu_indices(member.shape[0], k=1), strict=True):
            overlap = between_units(
                cells.response[:, member[a]],
                cells.observed[:, member[a]],
                cells.response[partner][:, member[b]],
                cells.observed[partner][:, member[b]],
            )
            both = power[:, a] * power[partner, b]
            known = np.isfinite(both) & np.isfinite(overlap)
            chance[:, a, b] += [(weight * both)[known].sum(), (weight * overlap)[known].sum()]
    return chance
