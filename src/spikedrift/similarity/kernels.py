"""Compiled kernels of SpikeShip: couplings, flows, weighted median, pairs of trials.

All in one file: numba's cache on disk notices a change only in the file of the function itself.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit, uint64

TABLE = 16  # couplings of trains of up to so many spikes are looked up
STRIDE = 4  # flows are written so many at a time
FEW = 24  # flows that are sorted rather than bracketed further
ROUNDS = 12  # passes that narrow the bracket, at most
BLOCK = 48  # flows looked at together when those inside the bracket are picked
LARGEST = np.finfo(np.float64).max
FAST = {"reassoc", "nsz", "contract"}  # lets sums over flows use vector units


class Couplings(NamedTuple):
    """Which spikes meet, for every pair of train lengths up to `TABLE`, padded to `STRIDE`."""

    start: np.ndarray  # uint32, (TABLE + 1) ** 2: where n * (TABLE + 1) + m begins
    size: np.ndarray  # uint32: its number of flows, n + m - gcd(n, m)
    left: np.ndarray  # uint8: spike of the first train
    right: np.ndarray  # uint8: spike of the second train
    mass: np.ndarray  # float64: share of a train's mass


def _couplings() -> Couplings:
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
        start.ravel(), size.ravel(), left.astype(np.uint8), right.astype(np.uint8), mass
    )


@njit(cache=True, nogil=True, fastmath=FAST)
def _moments(flow, weight, size):  # type: ignore[no-untyped-def]
    """Sum mass, mass times flow, and mass times squared flow."""
    total = first = second = 0.0
    for k in range(size):
        moment = weight[k] * flow[k]
        total += weight[k]
        first += moment
        second += moment * flow[k]
    return total, first, second


@njit(cache=True, nogil=True, fastmath=FAST)
def _below(flow, weight, size, low, high):  # type: ignore[no-untyped-def]
    """Mass and number of flows at or below `low`, and at or below `high`."""
    mass_low = mass_high = 0.0
    n_low = n_high = 0
    for k in range(size):
        c, w = flow[k], weight[k]
        mass_low += w if c <= low else 0.0
        mass_high += w if c <= high else 0.0
        n_low += 1 if c <= low else 0
        n_high += 1 if c <= high else 0
    return mass_low, n_low, mass_high, n_high


@njit(cache=True, nogil=True, fastmath=FAST)
def _cost(flow, weight, size, shift):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(size):
        total += weight[k] * abs(flow[k] - shift)
    return total


@njit(cache=True, nogil=True)
def _bracket(flow, weight, size, shared):  # type: ignore[no-untyped-def]
    """Narrow limits (low, high] around the weighted median; half the mass, and the mass below.

    Each pass over all flows only compares and adds (no moves, no branches). It tests two limits
    around the value that the masses at the last limits suggest; the first guess is the mean, as
    far off as the spread of `shared` independent units allows.
    """
    total, first, second = _moments(flow, weight, size)
    half = 0.5 * total
    guess = first / total
    reach = 1.5 * math.sqrt(max(second / total - guess * guess, 0.0) / shared)
    low, mass_low, n_low = -LARGEST, 0.0, 0
    high, mass_high, n_high = LARGEST, total, size
    for _ in range(ROUNDS):
        if n_high - n_low <= FEW:
            break
        a, b = max(guess - reach, low), min(guess + reach, high)
        mass_a, n_a, mass_b, n_b = _below(flow, weight, size, a, b)
        if mass_a >= half:
            high, mass_high, n_high = a, mass_a, n_a
        elif mass_b >= half:
            low, mass_low, n_low = a, mass_a, n_a
            high, mass_high, n_high = b, mass_b, n_b
        else:
            low, mass_low, n_low = b, mass_b, n_b
        if n_low > 0 and n_high < size:
            share = (half - mass_low) / (mass_high - mass_low)
            guess = low + share * (high - low)
            reach = (high - low) / math.sqrt(n_high - n_low)
        else:
            reach *= 3.0
            guess = low + reach if n_high == size else high - reach
    return low, high, half, mass_low


@njit(cache=True, nogil=True)
def _inside(flow, weight, size, low, high, few_flow, few_weight):  # type: ignore[no-untyped-def]
    """Copy the flows in (low, high] and their masses; how many there are."""
    for d in range(BLOCK):
        flow[size + d] = np.inf
    n = uint64(0)
    for start in range(uint64(0), uint64(size), uint64(BLOCK)):
        found = 0
        for d in range(BLOCK):
            c = flow[start + uint64(d)]
            found += 1 if (c > low) & (c <= high) else 0
        if found == 0:
            continue
        for d in range(BLOCK):
            c = flow[start + uint64(d)]
            few_flow[n], few_weight[n] = c, weight[start + uint64(d)]
            n += uint64((c > low) & (c <= high))
    return np.int64(n)


@njit(cache=True, nogil=True, fastmath=FAST)
def _weighted_median(flow, weight, size, shared, few_flow, few_weight):  # type: ignore[no-untyped-def]
    """Smallest flow at or below which lies half of the mass."""
    low, high, half, mass_low = _bracket(flow, weight, size, shared)
    n = _inside(flow, weight, size, low, high, few_flow, few_weight)
    if n > 4 * FEW:  # only where very many flows are equal
        order = np.argsort(few_flow[:n])
        for k in order:
            mass_low += few_weight[k]
            if mass_low >= half:
                return few_flow[k]
    median = few_flow[:n].max()  # should rounding leave every mass just below a half
    for k in range(n):
        mass = mass_low
        for other in range(n):
            mass += few_weight[other] if few_flow[other] <= few_flow[k] else 0.0
        if mass >= half:
            median = min(median, few_flow[k])
    return median


class Spikes(NamedTuple):
    """Spikes of all trials, laid out for the kernel."""

    times: np.ndarray  # float64, s, spikes of units not observed taken out
    base: np.ndarray  # uint64 (trial,): first spike of a trial
    start: np.ndarray  # uint32 (trial, unit + 1): where a unit's spikes begin, counted from `base`
    active: np.ndarray  # uint32: units that spike, trial after trial
    active_start: np.ndarray  # int64 (trial + 1,): where a trial's active units begin
    capacity: int  # flows of a pair of trials, at most


@njit(cache=True, nogil=True)
def _flows(spikes, couplings, one, two, met, flow, weight):  # type: ignore[no-untyped-def]
    """Flows of a pair of trials and their masses: number of shared units, number of flows.

    Indices are unsigned: numba would otherwise test each for being negative.
    """
    times, left, right, mass = spikes.times, couplings.left, couplings.right, couplings.mass
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
        if max(n, m) <= uint64(TABLE):
            row = n * uint64(TABLE + 1) + m
            p = uint64(couplings.start[row])
            end = k + uint64(couplings.size[row])
            while k < end:  # whole strides: what is written beyond the end is written over
                for d in range(STRIDE):
                    q = p + uint64(d)
                    flow[k + uint64(d)] = times[i + uint64(left[q])] - times[j + uint64(right[q])]
                    weight[k + uint64(d)] = mass[q]
                k += uint64(STRIDE)
                p += uint64(STRIDE)
            k = end
            continue
        # Longer trains are walked: each spike of the first holds m units of mass, of the second n.
        unit_mass = 1.0 / (n * m)
        one_left, two_left, stop = m, n, i + n
        while i < stop:
            moved = min(one_left, two_left)
            flow[k] = times[i] - times[j]
            weight[k] = moved * unit_mass
            k += uint64(1)
            one_left -= moved
            two_left -= moved
            if one_left == uint64(0):
                i += uint64(1)
                one_left = m
            if two_left == uint64(0):
                j += uint64(1)
                two_left = n
    return np.int64(shared), np.int64(k)


@njit(cache=True, nogil=True)
def fill_pairs(  # type: ignore[no-untyped-def]
    spikes, couplings, first, second, min_shared, value, n_shared
):
    """Write D and the number of shared units of every pair of trials; see `spikeship_pairs`."""
    room = spikes.capacity + BLOCK + STRIDE
    flow, weight = np.empty(room), np.empty(room)
    few_flow, few_weight = np.empty(room), np.empty(room)
    met = np.empty(spikes.start.shape[1], np.uint32)
    for pair in range(first.size):
        # Always the earlier trial first: D is then the same bits in both directions.
        one, two = min(first[pair], second[pair]), max(first[pair], second[pair])
        if one == two:
            value[pair] = 0.0
            n_shared[pair] = spikes.active_start[one + 1] - spikes.active_start[one]
            continue
        shared, size = _flows(spikes, couplings, uint64(one), uint64(two), met, flow, weight)
        n_shared[pair] = shared
        if shared < min_shared or shared < 2:
            value[pair] = np.nan
            continue
        shift = _weighted_median(flow, weight, size, shared, few_flow, few_weight)
        value[pair] = 0.7 / (shared - 1) * _cost(flow, weight, size, shift)


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


COUPLINGS = _couplings()
