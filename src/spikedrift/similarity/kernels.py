"""Compiled kernels of SpikeShip: couplings, flows, weighted median, rows of pairs.

All in one file: numba's cache on disk notices a change only in the file of the function itself.
Indices are unsigned or start at a literal 0: numba would otherwise test each for being negative,
which keeps loops from using vector units.
"""

import math
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import uint64
from numba.core import cgutils
from numba.extending import intrinsic

from spikedrift.core.compiling import njit

TABLE = 16  # couplings of trains of up to this many spikes are looked up
STRIDE = 4  # couplings in the table are padded to a multiple of this
PAD = 32  # flows of a pair are padded to a multiple of this: no loop over them has a remainder
FEW = 24  # with no more flows than this left, single values are looked at
ROUNDS = 10  # passes that interpolate; later ones halve the range, which ends for all flows
LARGEST = np.finfo(np.float64).max
FAST = {"reassoc", "nsz", "nnan", "contract"}  # lets sums over flows use vector units


class Couplings(NamedTuple):
    """Which spikes meet, for every pair of train lengths up to `TABLE`, padded to `STRIDE`."""

    start: np.ndarray  # uint32, (TABLE + 1) ** 2: where n * (TABLE + 1) + m begins
    size: np.ndarray  # uint32: its number of flows, n + m - gcd(n, m)
    left: np.ndarray  # uint8: spike of the first train
    right: np.ndarray  # uint8: spike of the second train
    mass: np.ndarray  # of the type of the times: share of a train's mass


def couplings(dtype: str) -> Couplings:
    """Table of couplings with masses of a floating-point type."""
    start, size = np.zeros((2, TABLE + 1, TABLE + 1), np.uint32)
    parts: list[np.ndarray] = []
    for n in range(1, TABLE + 1):
        for m in range(1, TABLE + 1):
            # In units of 1 / (n m), spikes of the first train end at multiples of m, of the
            # second at multiples of n; each stretch between two ends is one flow.
            ends = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)
            part = np.zeros((3, -(-(ends.size - 1) // STRIDE) * STRIDE))
            part[:, : ends.size - 1] = ends[:-1] // m, ends[:-1] // n, np.diff(ends) / (n * m)
            size[n, m] = ends.size - 1
            parts.append(part)
    left, right, mass = np.concatenate(parts, axis=1)
    lengths = [part.shape[1] for part in parts]
    start[1:, 1:] = (np.cumsum(lengths) - lengths).reshape(TABLE, TABLE)
    return Couplings(
        start.ravel(), size.ravel(), left.astype(np.uint8), right.astype(np.uint8),
        mass.astype(dtype),
    )  # fmt: skip


def _extreme(name: str):  # type: ignore[no-untyped-def]
    """Compile `name` of two doubles that are not NaN: unlike min and max, it uses vector units."""

    def typed(context, x, y):  # type: ignore[no-untyped-def]
        def generate(context, builder, signature, values):  # type: ignore[no-untyped-def]
            kind = ir.FunctionType(values[0].type, [values[0].type] * 2)
            function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.f64")
            return builder.call(function, values, fastmath=("nnan", "nsz"))

        return x(x, x), generate

    return intrinsic(typed)


_lesser, _greater = _extreme("minnum"), _extreme("maxnum")


@njit(cache=True, nogil=True, fastmath=FAST)
def _moments(flow, weight, size):  # type: ignore[no-untyped-def]
    """Sum mass, mass times flow, and mass times squared flow."""
    total = first = second = 0.0
    for k in range(size):
        c, w = np.float64(flow[k]), np.float64(weight[k])
        total += w
        first += w * c
        second += w * c * c
    return total, first, second


@njit(cache=True, nogil=True, fastmath=FAST)
def _masses(flow, weight, size, a, b):  # type: ignore[no-untyped-def]
    """Mass of the flows at or below `a`, and at or below `b`."""
    upto_a = upto_b = 0.0
    for k in range(size):
        c, w = np.float64(flow[k]), np.float64(weight[k])
        upto_a += w if c <= a else 0.0
        upto_b += w if c <= b else 0.0
    return upto_a, upto_b


@njit(cache=True, nogil=True, fastmath=FAST)
def _neighbors(flow, weight, size, a, b):  # type: ignore[no-untyped-def]
    """`_masses`, each with the largest flow at or below the limit and the smallest above it."""
    upto_a = upto_b = 0.0
    last_a = last_b = -LARGEST
    next_a = next_b = LARGEST
    for k in range(size):
        c, w = np.float64(flow[k]), np.float64(weight[k])
        upto_a += w if c <= a else 0.0
        upto_b += w if c <= b else 0.0
        last_a = _greater(last_a, c if c <= a else -LARGEST)
        last_b = _greater(last_b, c if c <= b else -LARGEST)
        next_a = _lesser(next_a, LARGEST if c <= a else c)
        next_b = _lesser(next_b, LARGEST if c <= b else c)
    return upto_a, last_a, next_a, upto_b, last_b, next_b


@njit(cache=True, nogil=True, fastmath=FAST)
def _cost(flow, weight, size, shift):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(size):
        total += np.float64(weight[k]) * abs(np.float64(flow[k]) - shift)
    return total


@njit(cache=True, nogil=True)
def _median(flow, weight, size, total, first, second):  # type: ignore[no-untyped-def]
    """Smallest flow at or below which lies half of the mass.

    No flow is moved: each pass compares all flows with two limits a <= b around the value that
    the masses at the last limits suggest, and leaves the median in [low, high] with `below` of
    the mass before it. The first guess is the mean, as far off as the spread of `total`
    independent units allows. Once few flows are left, low and high are themselves flows.
    """
    half = 0.5 * total
    guess = first / total
    reach = 1.5 * math.sqrt(max(second / total - guess * guess, 0.0) / total)
    low, high, below, upto = -LARGEST, LARGEST, 0.0, total
    passes = 0
    while low < high:
        passes += 1
        a = guess - reach
        a = a if low < a < high else low
        b = guess + reach
        b = b if a < b < high else a
        if passes < ROUNDS and (upto - below) * size > FEW * total:
            upto_a, upto_b = _masses(flow, weight, size, a, b)
            last_a, next_a, last_b, next_b = a, a, b, b
        else:
            upto_a, last_a, next_a, upto_b, last_b, next_b = _neighbors(flow, weight, size, a, b)
        if upto_a >= half:
            high, upto = last_a, upto_a
        elif upto_b >= half:
            low, below = next_a, upto_a
            high, upto = last_b, upto_b
        else:
            low, below = next_b, upto_b
        if low > -LARGEST and high < LARGEST:
            width = high - low
            if passes < ROUNDS:
                guess = low + width * (half - below) / (upto - below)
                reach = 0.5 * width * math.sqrt(total / max((upto - below) * size, total))
            else:
                guess, reach = low + 0.5 * width, 0.0
        else:
            reach *= 3.0
            guess = low + reach if high == LARGEST else high - reach
    return high


@njit(cache=True, nogil=True)
def _dissimilarity(flow, weight, size, min_shared):  # type: ignore[no-untyped-def]
    """D and the number of shared units, from all flows of a pair of trials."""
    if size == 0:
        return np.nan, 0
    end = (size + PAD - 1) // PAD * PAD
    for k in range(size, end):
        flow[k], weight[k] = flow[0], 0.0
    total, first, second = _moments(flow, weight, end)
    shared = int(total + 0.5)  # each unit has mass 1
    if shared < min_shared or shared < 2:
        return np.nan, shared
    shift = _median(flow, weight, end, total, first, second)
    return 0.7 / (shared - 1) * _cost(flow, weight, end, shift), shared


class Spikes(NamedTuple):
    """Spikes of all trials, laid out for the kernel."""

    times: np.ndarray  # float, s, spikes of units not observed taken out
    base: np.ndarray  # uint64 (trial,): first spike of a trial
    start: np.ndarray  # uint32 (trial, unit + 1): where a unit's spikes begin, counted from `base`
    active: np.ndarray  # uint32: units that spike, trial after trial
    active_start: np.ndarray  # int64 (trial + 1,): where a trial's active units begin
    capacity: int  # room for the flows of any pair of trials


@njit(cache=True, nogil=True)
def _walk(x, i, n, y, j, m, flow, weight, k):  # type: ignore[no-untyped-def]
    """Couple x[i : i + n] with y[j : j + m] from flow k on; return the place of the next flow.

    Each spike of the first train holds m units of mass, each spike of the second n.
    """
    unit_mass = 1.0 / (n * m)
    x_left, y_left, stop = m, n, i + n
    while i < stop:
        moved = min(x_left, y_left)
        flow[k] = x[i] - y[j]
        weight[k] = moved * unit_mass
        k += uint64(1)
        x_left -= moved
        y_left -= moved
        if x_left == uint64(0):
            i += uint64(1)
            x_left = m
        if y_left == uint64(0):
            j += uint64(1)
            y_left = n
    return k


@njit(cache=True, nogil=True)
def _flows(spikes, table, one, two, met, flow, weight):  # type: ignore[no-untyped-def]
    """Write the flows of a pair of trials and their masses, unit by unit; return their number."""
    times, left, right, mass = spikes.times, table.left, table.right, table.mass
    starts, others = spikes.start[one], spikes.start[two]
    shared, k = uint64(0), uint64(0)
    for a in range(spikes.active_start[one], spikes.active_start[one + uint64(1)]):
        unit = uint64(spikes.active[a])
        met[shared] = unit
        shared += uint64(others[unit + uint64(1)] > others[unit])
    for index in range(shared):
        unit = uint64(met[index])
        i, j = uint64(starts[unit]), uint64(others[unit])
        n, m = uint64(starts[unit + uint64(1)]) - i, uint64(others[unit + uint64(1)]) - j
        i += spikes.base[one]
        j += spikes.base[two]
        if max(n, m) > uint64(TABLE):
            k = _walk(times, i, n, times, j, m, flow, weight, k)
            continue
        row = n * uint64(TABLE + 1) + m
        p = uint64(table.start[row])
        end = k + uint64(table.size[row])
        while k < end:  # whole strides: what is written beyond the end is overwritten
            for d in range(STRIDE):
                q = p + uint64(d)
                flow[k + uint64(d)] = times[i + uint64(left[q])] - times[j + uint64(right[q])]
                weight[k + uint64(d)] = mass[q]
            k += uint64(STRIDE)
            p += uint64(STRIDE)
        k = end
    return np.int64(k)


@njit(cache=True, nogil=True)
def fill_pairs(spikes, table, first, second, pairs, min_shared, value, n_shared):  # type: ignore[no-untyped-def]
    """Write D, s, and the number of shared units of some of the pairs, each by itself."""
    room = spikes.capacity + PAD
    flow, weight = np.empty(room, spikes.times.dtype), np.empty(room, spikes.times.dtype)
    met = np.empty(spikes.start.shape[1], np.uint32)
    for pair in pairs:
        one, two = uint64(first[pair]), uint64(second[pair])
        size = _flows(spikes, table, one, two, met, flow, weight)
        value[pair], n_shared[pair] = _dissimilarity(flow, weight, size, min_shared)


class Panel(NamedTuple):
    """Neighboring trials, grouped for each unit by its number of spikes.

    All pairs of one trial with the trials of a group have the same coupling.
    """

    unit: np.ndarray  # uint32 (unit + 1,): where a unit's groups begin
    spikes: np.ndarray  # uint32: spikes of each trial of a group
    begin: np.ndarray  # uint32: where the trials of a group begin
    end: np.ndarray  # uint32
    source: np.ndarray  # uint32: where the times of the trial at `begin` begin
    trial: np.ndarray  # uint32: trial counted from the first of the panel, in order
    times: np.ndarray  # float, s


@njit(cache=True, nogil=True)
def _panel(spikes, low, high):  # type: ignore[no-untyped-def]
    """Make the panel of the trials `low` to `high`."""
    n_units = spikes.start.shape[1] - 1
    n_entries = spikes.active_start[high] - spikes.active_start[low]
    n_times = 0
    for trial in range(low, high):
        n_times += np.int64(spikes.start[trial, n_units])
    size, begin, end, source, trials = (
        np.empty(n_entries, np.uint32), np.empty(n_entries, np.uint32),
        np.empty(n_entries, np.uint32), np.empty(n_entries, np.uint32),
        np.empty(n_entries, np.uint32),
    )  # fmt: skip
    times = np.empty(n_times, spikes.times.dtype)
    unit_group = np.empty(n_units + 1, np.uint32)
    n, who = np.empty(high - low, np.int64), np.empty(high - low, np.int64)
    group = entry = place = 0
    for unit in range(n_units):
        unit_group[unit] = group
        found = 0
        for trial in range(low, high):
            m = np.int64(spikes.start[trial, unit + 1]) - np.int64(spikes.start[trial, unit])
            if m == 0:
                continue
            k = found
            while k > 0 and n[k - 1] > m:
                n[k], who[k] = n[k - 1], who[k - 1]
                k -= 1
            n[k], who[k] = m, trial
            found += 1
        for k in range(found):
            if k == 0 or n[k] != n[k - 1]:
                size[group], begin[group], source[group] = n[k], entry, place
                group += 1
            trials[entry] = who[k] - low
            entry += 1
            end[group - 1] = entry
            j = np.int64(spikes.base[who[k]]) + np.int64(spikes.start[who[k], unit])
            times[place : place + n[k]] = spikes.times[j : j + n[k]]
            place += n[k]
    unit_group[n_units] = group
    return Panel(unit_group, size, begin, end, source, trials, times)


@njit(cache=True, nogil=True)
def _leave(spikes, panel, trial):  # type: ignore[no-untyped-def]
    """Take a trial out of the panel; the trials before it must be out already."""
    starts = spikes.start[trial]
    for a in range(spikes.active_start[trial], spikes.active_start[trial + 1]):
        unit = spikes.active[a]
        n = starts[unit + 1] - starts[unit]
        for group in range(panel.unit[unit], panel.unit[unit + 1]):
            if panel.spikes[group] == n:
                panel.begin[group] += 1
                panel.source[group] += n


@njit(cache=True, nogil=True)
def _row(spikes, table, panel, one, place, met, flow, weight):  # type: ignore[no-untyped-def]
    """Write the flows of a trial with every trial of the panel, and move `place` to their ends."""
    times, left, right, mass = spikes.times, table.left, table.right, table.mass
    starts = spikes.start[one]
    for a in range(spikes.active_start[one], spikes.active_start[one + uint64(1)]):
        unit = uint64(spikes.active[a])
        i = uint64(starts[unit])
        n = uint64(starts[unit + uint64(1)]) - i
        i += spikes.base[one]
        for group in range(uint64(panel.unit[unit]), uint64(panel.unit[unit + uint64(1)])):
            begin = uint64(panel.begin[group])
            members = uint64(panel.end[group]) - begin
            m, source = uint64(panel.spikes[group]), uint64(panel.source[group])
            if max(n, m) > uint64(TABLE):
                for e in range(members):
                    t = uint64(panel.trial[begin + e])
                    place[t] = _walk(
                        times, i, n, panel.times, source + e * m, m, flow, weight, uint64(place[t])
                    )
                continue
            row = n * uint64(TABLE + 1) + m
            p, size = uint64(table.start[row]), uint64(table.size[row])
            for e in range(members):
                t = uint64(panel.trial[begin + e])
                met[e] = place[t]
                place[t] += size
            for q in range(size):
                x, w = times[i + uint64(left[p + q])], mass[p + q]
                j = source + uint64(right[p + q])
                for e in range(members):
                    k = uint64(met[e]) + q
                    flow[k] = x - panel.times[j]
                    weight[k] = w
                    j += m


@njit(cache=True, nogil=True)
def fill_rows(  # type: ignore[no-untyped-def]
    spikes, table, low, high, first, second, pairs, min_shared, value, n_shared
):
    """`fill_pairs` for pairs in order of `first` whose `second` are trials low to high.

    The flows are the same and in the same order as pair by pair, hence the bits of D as well; but
    the trials of a group are coupled together, without a branch for each.
    """
    panel = _panel(spikes, low, high)
    room = spikes.capacity + PAD
    flow = np.empty(room * (high - low), spikes.times.dtype)
    weight = np.empty(room * (high - low), spikes.times.dtype)
    place, met = np.empty(high - low, np.uint64), np.empty(high - low, np.uint64)
    left_out, last = low, -1
    for pair in pairs:
        one, trial = first[pair], second[pair] - low
        if one != last:
            last = one
            while left_out <= one:
                _leave(spikes, panel, left_out)
                left_out += 1
            for t in range(high - low):
                place[t] = t * room
            _row(spikes, table, panel, uint64(one), place, met, flow, weight)
        begin = trial * room
        value[pair], n_shared[pair] = _dissimilarity(
            flow[begin : begin + room],
            weight[begin : begin + room],
            np.int64(place[trial]) - begin,
            min_shared,
        )


@njit(cache=True, nogil=True)
def first_unsound(times, offsets):  # type: ignore[no-untyped-def]
    """First (trial, unit) cell with a time that is not finite or comes before the last; or -1."""
    for cell in range(offsets.size - 1):
        last = -np.inf
        for k in range(offsets[cell], offsets[cell + 1]):
            if not (times[k] >= last and abs(times[k]) < np.inf):
                return cell
            last = times[k]
    return -1
