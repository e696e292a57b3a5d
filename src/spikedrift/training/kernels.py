"""Compiled loops of recursive least squares.

All in one file: numba's cache on disk notices a change only in the file of the function itself. Of
a symmetric matrix the lower triangle is kept, row by row. Rows go to functions of their own, whose
arrays numba then knows to begin at their first element, and loops over them use vector units.
"""

import math
from typing import NamedTuple

import numpy as np

from spikedrift.core.compiling import njit

FAST = {"reassoc", "nsz", "contract"}  # lets sums use vector units; NaN stays NaN


class Layout(NamedTuple):
    """Where the numbers of every presynaptic set and unit lie."""

    start: np.ndarray  # int64 (set + 1,): where a set's cells begin
    cell: np.ndarray  # int64: cells, set after set
    triangle: np.ndarray  # int64 (set + 1,): where a set's triangle begins
    member: np.ndarray  # int64 (set + 1,): where a set's units begin in `unit`
    unit: np.ndarray  # int64 (unit,): units, set after set
    weight: np.ndarray  # int64 (unit + 1,): where a unit's weights begin
    but: np.ndarray  # int64 (unit,): place in its set of the cell that a unit does not hear, or -1
    common: np.ndarray  # int64: cells that all units hear


class Penalty(NamedTuple):
    """What weights that differ from their first values cost."""

    ridge: np.ndarray  # float64 (cell,)
    group: np.ndarray  # int64 (cell,): group whose sum of weights is held
    row_sum: np.ndarray  # float64 (group,)


class Seen(NamedTuple):
    """Sum of r r' over all updates, from which P can be found anew."""

    whole: np.ndarray  # float64: triangle over the cells that are heard
    place: np.ndarray  # int64 (cell,): where a cell stands in it


class State(NamedTuple):
    """What updates change; `training/rls.py` says what the matrices are."""

    weights: np.ndarray  # float64: units' own weights, unit after unit
    common_weights: np.ndarray  # float64 (unit, common)
    inverse: np.ndarray  # float64 or float32: triangles of S, set after set
    cross: np.ndarray  # of the same type, (all sets' cells, common): G, transposed
    common_inverse: np.ndarray  # triangle of Q


@njit(cache=True, nogil=True, fastmath=FAST)
def dot(x, y):  # type: ignore[no-untyped-def]
    """Scalar product, summed in double precision."""
    total = 0.0
    for k in range(x.size):
        total += np.float64(x[k]) * np.float64(y[k])
    return total


@njit(cache=True, nogil=True, fastmath=FAST)
def _add(x, factor, y):  # type: ignore[no-untyped-def]
    """Add factor y to x."""
    for k in range(x.size):
        x[k] += factor * y[k]


@njit(cache=True, nogil=True, fastmath=FAST)
def _row(row, r, k, own):  # type: ignore[no-untyped-def]
    """A row left of the diagonal times r; what its transpose contributes goes to k."""
    total = own * 0
    for j in range(row.size):
        p = row[j]
        total += p * r[j]
        k[j] += p * own
    return total


@njit(cache=True, nogil=True, fastmath=FAST)
def times(triangle, r, k):  # type: ignore[no-untyped-def]
    """Set k to P r."""
    begin = 0
    for i in range(r.size):
        k[i] = _row(triangle[begin : begin + i], r, k, r[i]) + triangle[begin + i] * r[i]
        begin += i + 1


@njit(cache=True, nogil=True, fastmath=FAST)
def add_square(triangle, factor, k):  # type: ignore[no-untyped-def]
    """Add factor k k' to P."""
    begin = 0
    for i in range(k.size):
        own = factor * k[i]
        if own != 0:
            _add(triangle[begin : begin + i + 1], own, k)
        begin += i + 1


@njit(cache=True, nogil=True)
def _column(triangle, at, column):  # type: ignore[no-untyped-def]
    """Set `column` to a column of a symmetric matrix."""
    begin = at * (at + 1) // 2
    for j in range(at):
        column[j] = triangle[begin + j]
    for i in range(at, column.size):
        column[i] = triangle[i * (i + 1) // 2 + at]


@njit(cache=True, nogil=True)
def advance(layout, state, first, last, activity, target, q, sigma, error, size):  # type: ignore[no-untyped-def]
    """Make an update of the sets `first` to `last`.

    Parameters
    ----------
    layout : Layout
    state : State
        All but `common_inverse` changes in place.
    first, last : int
    activity : float64, shape (n_cells,)
    target : float64, shape (n_units,)
    q : shape (n_common,), of the type of the matrices
        Q s, s the activity of common cells.
    sigma : float
        s' Q s.
    error : float64, shape (n_units,)
        Set to the outputs before the update less the targets.
    size : float64, shape (n_sets,)
        Set to x' P x, x the activity of all cells of the set and common ones. A set where S is seen
        not to be positive is left as it was, and has NaN.
    """
    largest, n_common = 0, layout.common.size
    for m in range(first, last):
        largest = max(largest, layout.start[m + 1] - layout.start[m])
    kind = state.inverse.dtype
    own, rest, k = np.empty(largest), np.empty(largest, kind), np.empty(largest, kind)
    gain, column = np.empty(largest, kind), np.empty(largest, kind)
    s, common_gain = activity[layout.common], np.empty(n_common, kind)
    for m in range(first, last):
        begin, n = layout.start[m], layout.start[m + 1] - layout.start[m]
        cross = state.cross[begin : begin + n]
        triangle = state.inverse[layout.triangle[m] : layout.triangle[m + 1]]
        units = layout.unit[layout.member[m] : layout.member[m + 1]]
        for i in range(n):
            own[i] = rest[i] = activity[layout.cell[begin + i]]
            if n_common > 0:
                rest[i] = own[i] - dot(cross[i], s)
        times(triangle, rest[:n], k[:n])
        part = dot(rest[:n], k[:n])
        sound = part >= 0
        for unit in units:
            at = layout.but[unit]
            sound &= at < 0 or triangle[at * (at + 1) // 2 + at] > 0
        if not sound:
            size[m] = np.nan
            continue
        size[m] = sigma + part
        whole = False  # whether gains are those of the whole set
        for unit in units:
            at = layout.but[unit]
            if at >= 0 or not whole:
                gain[:n], left, whole = k[:n], part, at < 0
                if at >= 0:
                    _column(triangle, at, column[:n])
                    factor = k[at] / column[at]
                    _add(gain[:n], -factor, column[:n])
                    gain[at] = 0
                    left = max(part - np.float64(factor) * np.float64(k[at]), 0.0)
                common_gain[:] = q
                for i in range(n * (n_common > 0)):
                    _add(common_gain, -gain[i], cross[i])
            weights = state.weights[layout.weight[unit] : layout.weight[unit + 1]]
            common_weights = state.common_weights[unit]
            error[unit] = dot(weights, own[:n]) + dot(common_weights, s) - target[unit]
            step = -error[unit] / (1 + sigma + left)
            _add(weights, step, gain[:n])
            _add(common_weights, step, common_gain)
        for i in range(n * (n_common > 0)):
            _add(cross[i], kind.type(rest[i] / (1 + sigma)), q)
        add_square(triangle, kind.type(-1 / (1 + size[m])), k[:n])


@njit(cache=True, nogil=True)
def outputs(layout, state, activity, output):  # type: ignore[no-untyped-def]
    """Set `output`, float64, shape (n_units,), to w . r of every unit."""
    s = activity[layout.common]
    for m in range(layout.start.size - 1):
        own = activity[layout.cell[layout.start[m] : layout.start[m + 1]]]
        for at in range(layout.member[m], layout.member[m + 1]):
            unit = layout.unit[at]
            weights = state.weights[layout.weight[unit] : layout.weight[unit + 1]]
            output[unit] = dot(weights, own) + dot(state.common_weights[unit], s)


@njit(cache=True, nogil=True)
def first_inverse(cells, penalty, triangle):  # type: ignore[no-untyped-def]
    """Set a triangle to P before any update: the inverse of the penalties in closed form."""
    ridge, group, row_sum = penalty.ridge, penalty.group, penalty.row_sum
    spread = np.zeros(row_sum.size)
    for cell in cells:
        spread[group[cell]] += 1 / ridge[cell]
    at = 0
    for i in range(cells.size):
        one = cells[i]
        g = group[one]
        factor = row_sum[g] / (1 + row_sum[g] * spread[g]) / ridge[one]
        for j in range(i + 1):
            same = group[cells[j]] == g
            triangle[at] = -factor / ridge[cells[j]] if same else 0.0
            at += 1
        triangle[at - 1] += 1 / ridge[one]


@njit(cache=True, nogil=True)
def invert(triangle, n):  # type: ignore[no-untyped-def]
    """Invert a symmetric positive matrix in place, by its Cholesky factor; float64.

    Returns
    -------
    bool
        Whether it is positive.
    """
    begin = 0
    for i in range(n):
        row = triangle[begin : begin + i + 1]
        other = 0
        for j in range(i):
            before = triangle[other : other + j]
            row[j] = (row[j] - dot(row[:j], before)) / triangle[other + j]
            other += j + 1
        left = row[i] - dot(row[:i], row[:i])
        if not left > 0:
            return False
        row[i] = math.sqrt(left)
        begin += i + 1
    # The factor's inverse, column by column, as rows of its transpose: `up[j, i]` for i >= j.
    up = np.zeros((n, n))
    for j in range(n):
        up[j, j] = 1 / triangle[j * (j + 1) // 2 + j]
        for i in range(j + 1, n):
            begin = i * (i + 1) // 2
            total = dot(triangle[begin + j : begin + i], up[j, j:i])
            up[j, i] = -total / triangle[begin + i]
    at = 0
    for i in range(n):
        for j in range(i + 1):
            triangle[at] = dot(up[i, i:], up[j, i:])
            at += 1
    return True


@njit(cache=True, nogil=True)
def _information(penalty, seen, one, other):  # type: ignore[no-untyped-def]
    """Entry of the inverse of P: penalties and sum of r r'."""
    a, b = seen.place[one], seen.place[other]
    high, low = max(a, b), min(a, b)
    value = seen.whole[high * (high + 1) // 2 + low]
    if one == other:
        value += penalty.ridge[one]
    if penalty.group[one] == penalty.group[other]:
        value += penalty.row_sum[penalty.group[one]]
    return value


@njit(cache=True, nogil=True)
def _informed(penalty, seen, cells):  # type: ignore[no-untyped-def]
    triangle = np.empty(cells.size * (cells.size + 1) // 2)
    at = 0
    for i in range(cells.size):
        for j in range(i + 1):
            triangle[at] = _information(penalty, seen, cells[i], cells[j])
            at += 1
    return triangle


@njit(cache=True, nogil=True)
def refresh_common(layout, state, penalty, seen):  # type: ignore[no-untyped-def]
    """Find Q anew; return whether its inverse is positive."""
    found = _informed(penalty, seen, layout.common)
    sound = invert(found, layout.common.size)
    state.common_inverse[:] = found
    return sound


@njit(cache=True, nogil=True)
def refresh(layout, state, m, penalty, seen):  # type: ignore[no-untyped-def]
    """Find S and G of a set anew, from Q; return whether their inverse is positive."""
    cells = layout.cell[layout.start[m] : layout.start[m + 1]]
    n, n_common = cells.size, layout.common.size
    whole = state.common_inverse.astype(np.float64)
    joint, cross = np.empty((n, n_common)), np.empty((n, n_common))
    for i in range(n):
        for j in range(n_common):
            joint[i, j] = _information(penalty, seen, cells[i], layout.common[j])
        times(whole, joint[i], cross[i])
    found = _informed(penalty, seen, cells)
    at = 0
    for i in range(n):
        for j in range(i + 1):
            found[at] -= dot(joint[i], cross[j])
            at += 1
    sound = invert(found, n)
    state.inverse[layout.triangle[m] : layout.triangle[m + 1]] = found
    state.cross[layout.start[m] : layout.start[m + 1]] = cross
    return sound


@njit(cache=True, nogil=True)
def residual(layout, state, m, penalty, seen, probe):  # type: ignore[no-untyped-def]
    """Return the largest part of P H x - x over the largest of x; H is the inverse of P.

    `probe`, float64, shape (n_cells,), has x. NaN where P does.
    """
    cells = layout.cell[layout.start[m] : layout.start[m + 1]]
    n, common = cells.size, layout.common
    heard = np.concatenate((cells, common))
    x, y = probe[heard], np.zeros(heard.size)
    for i in range(heard.size):
        for j in range(heard.size):
            y[i] += _information(penalty, seen, heard[i], heard[j]) * x[j]
    cross = state.cross[layout.start[m] : layout.start[m + 1]].astype(np.float64)
    rest, one, other = np.empty(n), np.empty(n), np.empty(common.size)
    for i in range(n):
        rest[i] = y[i] - dot(cross[i], y[n:])
    triangle = state.inverse[layout.triangle[m] : layout.triangle[m + 1]]
    times(triangle.astype(np.float64), rest, one)
    times(state.common_inverse.astype(np.float64), y[n:], other)
    for i in range(n):
        _add(other, -one[i], cross[i])
    largest = 0.0
    for i in range(heard.size):
        off = abs((one[i] if i < n else other[i - n]) - x[i])
        if not off <= largest:
            largest = off
    return largest / np.abs(x).max()
