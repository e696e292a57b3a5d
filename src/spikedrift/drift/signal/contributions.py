"""Contributions of every unit to the signal indices: sums over its cells, with fixed weights."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from spikedrift.drift.signal.occasions import Occasions
from spikedrift.drift.signal.products import (
    everything,
    members,
    overlaps,
    overlaps_without,
    powers,
    powers_without,
    squares,
    window_products,
)
from spikedrift.drift.signal.responses import Cells

PARTNERS = 5  # other units with which a unit's signal is compared, for the overlap of a redraw
ENOUGH = 1000  # pairs of units for the overlap of a redraw; many units have fewer partners each
HELD = 150_000  # numbers in an array of scalar products, so that it stays in the processor's cache


@dataclass(frozen=True)
class Contributions:
    """Weighted sums over the cells of every unit.

    Attributes
    ----------
    power, overlap : float64, shape (n_units, n_blocks, n_blocks)
        Sums of P_A P_B and of Q_AB (`spikedrift.drift.signal.products`), above the diagonal.
    gain, gain_power : float64, shape (n_units, n_blocks, n_blocks)
        Sums of (P_A P_A + P_B P_B)/2 - P_A P_B, half the squared difference of the powers of the
        two blocks, and of P_A P_B, over cells with four trials in both.
    lag_power, lag_overlap : float64, shape (n_units, 2, n_lags)
        The same sums for pairs of windows: within blocks and between them, by lag.
    n_pairs, lag_known : int64, shape (2, n_lags)
        Number of pairs of windows; and, summed over cells, of those in which both windows have two
        responses.
    signal, level : float64, shape (n_units, n_blocks)
        Power of the signal, and that of a flat response with the same mean count; their ratio is
        the squared depth of the code. Sums over cells that were seen in all blocks that have two
        repeats.
    code_power : float64, shape (n_units, n_blocks)
        Power of the signal, summed over all cells that were seen in the block.
    n_cells : int64, shape (n_blocks,)
        Cells with two or more responses in the block.
    chance_power, chance_overlap : float64, shape (n_blocks, n_blocks)
        As `power` and `overlap`, for signals of different units.
    unit_chance_power, unit_chance_overlap : float64, shape (n_units,)
        The parts of these that come from pairs with this unit, over all pairs of blocks.
    shift_power, shift_overlap : float64, shape (n_units, n_blocks, n_blocks, n_shifts)
        As `power` and `overlap`, with the later block moved s bins earlier, over the bins that both
        blocks then have; s runs from -(n_shifts - 1) / 2 to (n_shifts - 1) / 2. Responses without
        bins have the one shift 0.
    half : bool, shape (n_units,)
        One random half of the units.
    lost_power, lost_overlap : float64, shape (2, n_blocks, n_blocks, n_shifts, n_repeats)
        Of `shift_power` and `shift_overlap`, summed over the units of `half` and over the others:
        what they lose if a repeat is left out. A cell that then has too few trials is lost whole.
    group : int64, shape (n_repeats,)
        As of `Occasions`.
    """

    power: np.ndarray
    overlap: np.ndarray
    gain: np.ndarray
    gain_power: np.ndarray
    lag_power: np.ndarray
    lag_overlap: np.ndarray
    n_pairs: np.ndarray
    lag_known: np.ndarray
    signal: np.ndarray
    level: np.ndarray
    code_power: np.ndarray
    n_cells: np.ndarray
    chance_power: np.ndarray
    chance_overlap: np.ndarray
    unit_chance_power: np.ndarray
    unit_chance_overlap: np.ndarray
    shift_power: np.ndarray
    shift_overlap: np.ndarray
    half: np.ndarray
    lost_power: np.ndarray
    lost_overlap: np.ndarray
    group: np.ndarray

    @property
    def lost(self) -> tuple[np.ndarray, np.ndarray]:
        """`lost_power`, `lost_overlap` of all units and pairs of blocks: (n_repeats,) each."""
        middle = self.lost_power.shape[3] // 2
        power, overlap = (
            each[..., middle, :].sum(axis=(0, 1, 2))
            for each in (self.lost_power, self.lost_overlap)
        )
        return power, overlap

    @property
    def chance(self) -> float:
        """Q over P P of signals of different units, which a redraw keeps; NaN where P P is 0."""
        power = self.chance_power.sum()
        return float(self.chance_overlap.sum() / power) if power > 0 else float("nan")


def contributions(
    chunks: Iterable[Cells], times: Occasions, n_units: int, exponent: float, max_shift: int = 0
) -> Contributions:
    """Sum powers and overlaps over the cells of every unit.

    Weights are fixed by the mean count of a cell, count ** -exponent, and do not depend on its
    signal: weights made of powers and overlaps themselves would bias the index.

    Parameters
    ----------
    chunks : iterable of Cells
        All cells of a unit lie in one chunk, with the segments of every unit in the same order.
    times : Occasions
    n_units : int
    exponent : float
    max_shift : int
        Largest shift, in bins; the number of crops that the cells have.
    """
    n_blocks, n_lags = times.block.shape[0], int(times.lag.max(initial=0)) + 1
    lags, lag_known = np.zeros((2, n_units, 2 * n_lags)), np.zeros(2 * n_lags, np.int64)
    depth = np.zeros((3, n_units, n_blocks))
    chance, unit_chance = np.zeros((2, n_blocks, n_blocks)), np.zeros((2, n_units))
    shifts = np.zeros((2, n_units, n_blocks, n_blocks, 2 * max_shift + 1))
    gains = np.zeros((2, n_units, n_blocks, n_blocks))
    lost = np.zeros((2, 2, n_blocks, n_blocks, 2 * max_shift + 1, times.group.size))
    n_cells = np.zeros(n_blocks, np.int64)
    half, given = np.zeros(n_units, bool), 0
    repeated = times.block.sum(axis=1) >= 2
    over = members(times.block)
    for cells in chunks:
        half[cells.unit[given % 2 :: 2]] = True
        given += cells.unit.size
        power = powers(cells.response, cells.observed, over)
        known = np.isfinite(power)
        n_cells += known.sum(axis=0)
        everywhere = known[:, repeated].all(axis=1, keepdims=True)
        flat = powers(cells.amount[..., None], cells.observed, over) / cells.response.shape[2]
        lag_known += _known(cells.observed, times, n_lags)
        depth[:, cells.unit] = _sums(
            cells,
            cells.count**-2.0,
            np.stack([np.where(everywhere, power, 0.0), np.where(everywhere, flat, 0.0), power]),
        )
        weight = cells.count**-exponent
        partners = min(PARTNERS, cells.unit.size - 1, -(-ENOUGH // n_units))
        for part in _pieces(cells, times.block.shape[1]):
            both, without = _of_blocks(part, cells, times, weight, max_shift)
            shifts[:, part.units] += both
            gains[:, part.units] += _of_gains(part, cells, times, weight)
            for k, side in enumerate((half[part.units], ~half[part.units])):
                lost[:, k] += without[:, side].sum(axis=1)
            lags[:, part.units] += _of_windows(part, cells, times, weight, n_lags)
            for ahead in range(1, partners + 1):
                others = _of_others(part, cells, times, ahead, exponent)
                chance += others.sum(axis=1)
                both = others.sum(axis=(2, 3))
                unit_chance[:, part.units] += both
                unit_chance[:, cells.unit[(part.rank + ahead) % part.n_units]] += both
    shape = (n_units, 2, n_lags)
    place = times.between * n_lags + times.lag
    return Contributions(
        power=shifts[0, ..., max_shift],
        overlap=shifts[1, ..., max_shift],
        gain=gains[0],
        gain_power=gains[1],
        lag_power=lags[0].reshape(shape),
        lag_overlap=lags[1].reshape(shape),
        n_pairs=np.bincount(place, minlength=2 * n_lags).reshape(2, n_lags),
        lag_known=lag_known.reshape(2, n_lags),
        signal=depth[0],
        level=depth[1],
        code_power=depth[2],
        n_cells=n_cells,
        chance_power=chance[0],
        chance_overlap=chance[1],
        unit_chance_power=unit_chance[0],
        unit_chance_overlap=unit_chance[1],
        shift_power=shifts[0],
        shift_overlap=shifts[1],
        half=half,
        lost_power=lost[0],
        lost_overlap=lost[1],
        group=times.group,
    )


@dataclass(frozen=True)
class _Piece:
    """Some cells of a chunk: the same segments of some of its units.

    Attributes
    ----------
    units : int64, shape (n,)
        Indices of the units in the recording.
    rank : int64, shape (n,)
        Indices of the units in the chunk.
    segments : slice
    n_units, n_segments : int
        Of the whole chunk.
    """

    units: np.ndarray
    rank: np.ndarray
    segments: slice
    n_units: int
    n_segments: int

    def of(self, values: np.ndarray, ahead: int = 0) -> np.ndarray:
        """Values of these cells from those of the chunk, or of the units `ahead` places on."""
        table = values.reshape(self.n_units, self.n_segments, *values.shape[1:])
        rank = self.rank + ahead
        if rank[-1] < self.n_units:
            chosen = table[rank[0] : rank[-1] + 1, self.segments]
        else:
            chosen = table[rank % self.n_units, self.segments]
        return chosen.reshape(-1, *values.shape[1:])

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the cells of every unit: (n_cells, ...) -> (n, ...)."""
        return np.asarray(values.reshape(self.units.size, -1, *values.shape[1:]).sum(axis=1))


def _pieces(cells: Cells, n_repeats: int) -> Iterator[_Piece]:
    n_units, n_cells = cells.unit.size, cells.count.size
    n_segments = n_cells // n_units
    most = max(HELD // (n_repeats * max(n_repeats, cells.response.shape[2])), 1)
    step = max(most // n_segments, 1)
    for first in range(0, n_units, step):
        rank = np.arange(first, min(first + step, n_units))
        for segment in range(0, n_segments, most):
            segments = slice(segment, min(segment + most, n_segments))
            yield _Piece(cells.unit[rank], rank, segments, n_units, n_segments)


def _sums(cells: Cells, weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weighted sums of finite values over the cells of every unit: (m, n_units, n_blocks)."""
    known = np.where(np.isfinite(values), weight[:, None] * values, 0.0)
    return np.asarray(
        known.reshape(values.shape[0], cells.unit.size, -1, values.shape[2]).sum(axis=2)
    )


def _both(
    weight: np.ndarray,
    first: np.ndarray,
    first_observed: np.ndarray,
    second: np.ndarray,
    second_observed: np.ndarray,
) -> np.ndarray:
    """Weighted powers and overlaps, 0 where trials are too few: float64, shape (2, n_cells)."""
    power = powers(first, first_observed, everything) * powers(second, second_observed, everything)
    scalar = first @ second.transpose(0, 2, 1)
    return _known_of(weight, power[:, 0], overlaps(scalar, first_observed, second_observed))


def _known_of(weight: np.ndarray, power: np.ndarray, overlap: np.ndarray) -> np.ndarray:
    """Power and overlap of cells, weighted; 0 where either is NaN: (2, n_cells, ...)."""
    known = np.isfinite(power) & np.isfinite(overlap)
    return np.where(known, weight * np.stack([power, overlap]), 0.0)


def _both_and_lost(
    weight: np.ndarray,
    first: np.ndarray,
    first_observed: np.ndarray,
    second: np.ndarray,
    second_observed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`_both`, and its loss without each trial of either side: float64, (2, n_cells, n_trials)."""
    scalar = first @ second.transpose(0, 2, 1)
    power, other = (
        powers(values, observed, everything)
        for values, observed in ((first, first_observed), (second, second_observed))
    )
    whole, without, others_without = overlaps_without(scalar, first_observed, second_observed)
    both = _known_of(weight, (power * other)[:, 0], whole)
    left = (
        _known_of(weight[:, None], powers_without(values, observed) * rest, overlap)
        for values, observed, rest, overlap in (
            (first, first_observed, other, without),
            (second, second_observed, power, others_without),
        )
    )
    lost, others_lost = (both[..., None] - each for each in left)
    return both, lost, others_lost


def _of_blocks(
    part: _Piece, cells: Cells, times: Occasions, weight: np.ndarray, max_shift: int
) -> tuple[np.ndarray, np.ndarray]:
    """Powers and overlaps of pairs of blocks by shift, and what they lose without each repeat.

    Float64, shapes (2, units, blocks, blocks, shifts) and (2, units, blocks, blocks, shifts,
    repeats).
    """
    n_blocks = times.block.shape[0]
    found = np.zeros((2, part.units.size, n_blocks, n_blocks, 2 * max_shift + 1))
    lost = np.zeros((*found.shape, times.group.size))
    observed, weights = part.of(cells.observed), part.of(weight)
    # The earlier and the later block; the first bins of the later one are left out if it is late.
    sides = [(0, cells.response, cells.response)]
    for cut, (short, late) in enumerate(cells.cropped, start=1):
        sides += [(cut, short, late), (-cut, late, short)]
    for shift, early, later in sides:
        one, other = part.of(early), part.of(later)
        for a, b, here, there in times.compared:
            both, *gone = _both_and_lost(
                weights, one[:, here], observed[:, here], other[:, there], observed[:, there]
            )
            at = (slice(None), slice(None), a, b, max_shift + shift)
            found[at] += [part.sums(each) for each in both]
            for repeats, without in zip((here, there), gone, strict=True):
                lost[(*at, repeats)] += [part.sums(each) for each in without]
    return found, lost


def _of_gains(part: _Piece, cells: Cells, times: Occasions, weight: np.ndarray) -> np.ndarray:
    """Change of power from block to block, and product of powers: (2, units, blocks, blocks)."""
    n_blocks = times.block.shape[0]
    out = np.zeros((2, part.units.size, n_blocks, n_blocks))
    response, observed, weights = part.of(cells.response), part.of(cells.observed), part.of(weight)

    def of(trials: slice) -> tuple[np.ndarray, np.ndarray]:
        here = response[:, trials], observed[:, trials]
        return powers(*here, everything)[:, 0], squares(*here)

    # A block is compared with all others, and its power is the same in each pair.
    sides = {(at.start, at.stop): of(at) for pair in times.compared for at in pair[2:]}
    for a, b, here, there in times.compared:
        (power, square), (other, other_square) = (sides[at.start, at.stop] for at in (here, there))
        both = power * other
        change = (square + other_square) / 2 - both
        known = np.isfinite(change)
        for k, values in enumerate((change, both)):
            out[k, :, a, b] += part.sums(np.where(known, weights * values, 0.0))
    return out


def _of_windows(
    part: _Piece, cells: Cells, times: Occasions, weight: np.ndarray, n_lags: int
) -> np.ndarray:
    """Powers and overlaps of pairs of windows, by relation and lag: (2, units, 2 * n_lags)."""
    out = np.zeros((2, part.units.size, 2 * n_lags))
    if times.lag.size == 0:
        return out
    found = window_products(part.of(cells.response), part.of(cells.observed), times.width)
    weights = part.of(weight)
    n = found.power.shape[1]
    shape = (part.units.size, -1, n)
    power = found.power.reshape(shape)
    weighed = (weights[:, None] * found.power).reshape(shape)
    near = weighed.transpose(0, 2, 1) @ power
    by_unit = weights.reshape(part.units.size, 1, -1)
    far = by_unit @ found.overlap.reshape(part.units.size, -1, n * n)
    at = times.pair[0] * n + times.pair[1]
    place = times.between * n_lags + times.lag
    for unit in range(part.units.size):
        for sums, values in zip(out[:, unit], (near[unit].ravel(), far[unit, 0]), strict=True):
            sums += np.bincount(place, weights=values[at], minlength=2 * n_lags)
    return out


def _known(observed: np.ndarray, times: Occasions, n_lags: int) -> np.ndarray:
    """Pairs of windows with two responses each, summed over cells: shape (2 * n_lags,)."""
    if times.lag.size == 0:
        return np.zeros(2 * n_lags, np.int64)
    seen = sliding_window_view(observed, times.width, axis=1).sum(axis=2) >= 2
    both = seen.T.astype(np.float64) @ seen
    place = times.between * n_lags + times.lag
    return np.bincount(place, weights=both[times.pair], minlength=2 * n_lags).astype(np.int64)


def _of_others(
    part: _Piece, cells: Cells, times: Occasions, ahead: int, exponent: float
) -> np.ndarray:
    """Powers and overlaps with the units `ahead` places on, in the same segments.

    Float64, shape (2, units, blocks, blocks).
    """
    n_blocks = times.block.shape[0]
    out = np.zeros((2, part.units.size, n_blocks, n_blocks))
    mine, seen = part.of(cells.response), part.of(cells.observed)
    other, other_seen = part.of(cells.response, ahead), part.of(cells.observed, ahead)
    weight = (part.of(cells.count) * part.of(cells.count, ahead)) ** (-exponent / 2)
    for a, b, here, there in times.compared:
        both = _both(weight, mine[:, here], seen[:, here], other[:, there], other_seen[:, there])
        out[:, :, a, b] += [part.sums(each) for each in both]
    return out
