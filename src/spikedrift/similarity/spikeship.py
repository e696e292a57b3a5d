"""SpikeShip: how far two trials differ in their relative spike times, exact and compiled.

For every unit active in both trials the two spike trains, each of unit mass, are coupled in
order of time (the optimal transport in one dimension); the couplings of all N shared units give
flows c_k (time in the first minus time in the second) of mass w_k. With the shift g that a pair
of trials has in common taken out,

    D = 0.7 / (N - 1) * min_g sum_k w_k |c_k - g|,

and the minimum is at the weighted median of the flows (Sotomayor-Gomez, Battaglia & Vinck 2023,
doi:10.1371/journal.pcbi.1011335).
"""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from numba import config, njit

from spikedrift.errors import InputError
from spikedrift.similarity.blocks import symmetric

CHUNK = 2048  # pairs that a thread takes at a time
FEW = 12  # flows in the bracket of the median below which it is finished by sorting
FAST = {"reassoc", "nsz", "nnan", "ninf", "contract"}  # lets sums over flows use vector units


@njit(cache=True, nogil=True, inline="always")
def _couple(times, start, n, other_start, m, flow, weight, k):  # type: ignore[no-untyped-def]
    """Append the flows of one unit (n spikes against m) at position k; return the new end.

    Masses are integers: each spike of the first train holds m, of the second n, so that both
    trains hold n * m and no rounding decides which spikes meet.
    """
    unit_mass = 1.0 / (n * m)
    left, right = m, n
    i, j = start, other_start
    stop = start + n
    while i < stop:
        mass = min(left, right)
        flow[k] = times[i] - times[j]
        weight[k] = mass * unit_mass
        k += 1
        left -= mass
        right -= mass
        if left == 0:
            i += 1
            left = m
        if right == 0:
            j += 1
            right = n
    return k


@njit(cache=True, nogil=True, fastmath=FAST)
def _spread(flow, weight, size):  # type: ignore[no-untyped-def]
    """Sum of masses, of mass times flow, and of mass times squared flow; least and largest."""
    total = first = second = 0.0
    least, largest = np.inf, -np.inf
    for k in range(size):
        c, w = flow[k], weight[k]
        total += w
        first += w * c
        second += w * c * c
        least = min(least, c)
        largest = max(largest, c)
    return total, first, second, least, largest


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
def _weighted_median(flow, weight, size, few_flow, few_weight):  # type: ignore[no-untyped-def]
    """Smallest flow at or below which lies half of the mass.

    A bracket (low, high] of the median is narrowed by passes over all flows that only compare
    and add (no moves, no branches), with two new limits at a time around the value that the
    mass on both sides suggests; the few flows left in it are sorted.
    """
    total, first, second, least, high = _spread(flow, weight, size)
    if least == high:
        return high
    half = 0.5 * total
    low, mass_low, n_low = -np.inf, 0.0, 0
    mass_high, n_high = total, size
    guess = first / total
    reach = 1.5 * math.sqrt(max(second / total - guess * guess, 0.0) / size)
    for _ in range(16):
        if n_high - n_low <= FEW:
            break
        a, b = guess - reach, guess + reach
        mass_a, n_a, mass_b, n_b = _below(flow, weight, size, a, b)
        if mass_a >= half:
            high, mass_high, n_high = a, mass_a, n_a
            reach *= 4.0
            if low == -np.inf:
                guess = a - reach
                continue
        elif mass_b >= half:
            low, mass_low, n_low = a, mass_a, n_a
            high, mass_high, n_high = b, mass_b, n_b
        else:
            low, mass_low, n_low = b, mass_b, n_b
            reach *= 4.0
            if n_high == size:
                guess = b + reach
                continue
        guess = low + (half - mass_low) / (mass_high - mass_low) * (high - low)
        reach = (high - low) / math.sqrt(n_high - n_low)
    n = 0
    for k in range(size):
        few_flow[n] = flow[k]
        few_weight[n] = weight[k]
        n += 1 if low < flow[k] <= high else 0
    order = np.argsort(few_flow[:n])
    for k in range(n):
        mass_low += few_weight[order[k]]
        if mass_low >= half:
            return few_flow[order[k]]
    return few_flow[order[n - 1]]


@njit(cache=True, nogil=True)
def _pairs(  # type: ignore[no-untyped-def]
    times, start, count, active, active_start, capacity, first, second, min_shared, value, n_shared
):
    flow, weight = np.empty(capacity + 1), np.empty(capacity + 1)
    few_flow, few_weight = np.empty(capacity + 1), np.empty(capacity + 1)
    for pair in range(first.size):
        # Always the earlier trial first: D is then the same bits in both directions.
        one, two = min(first[pair], second[pair]), max(first[pair], second[pair])
        if one == two:
            value[pair] = 0.0
            n_shared[pair] = active_start[one + 1] - active_start[one]
            continue
        shared, k = 0, 0
        for a in range(active_start[one], active_start[one + 1]):
            unit = active[a]
            m = count[two, unit]
            if m > 0:
                shared += 1
                k = _couple(
                    times, start[one, unit], count[one, unit], start[two, unit], m, flow, weight, k
                )
        n_shared[pair] = shared
        if shared < min_shared or shared < 2:
            value[pair] = np.nan
            continue
        shift = _weighted_median(flow, weight, k, few_flow, few_weight)
        value[pair] = 0.7 / (shared - 1) * _cost(flow, weight, k, shift)


@njit(cache=True, nogil=True)
def _first_unsound(times, offsets):  # type: ignore[no-untyped-def]
    """First (trial, unit) cell with a time that is not finite or comes before the last; or -1."""
    for cell in range(offsets.size - 1):
        last = -np.inf
        for k in range(offsets[cell], offsets[cell + 1]):
            if not (times[k] >= last and abs(times[k]) < np.inf):
                return cell
            last = times[k]
    return -1


def spikeship_pairs(
    times: npt.ArrayLike,
    offsets: npt.ArrayLike,
    n_trials: int,
    n_units: int,
    observed: npt.ArrayLike | None,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    min_shared: int = 2,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """SpikeShip dissimilarity of pairs of trials.

    Every pair is computed by one thread and depends on nothing but its two trials: the number of
    threads and the order of the pairs change no bit.

    Parameters
    ----------
    times : array of float, shape (n_spikes,), s
        Spike times, sorted by (trial, unit, time). Relative to each trial's start (any common
        origin of a trial gives the same value, to rounding).
    offsets : array of int, shape (n_trials * n_units + 1,)
        Spikes of trial r, unit i are times[offsets[r * n_units + i] : offsets[... + 1]].
    n_trials, n_units : int
    observed : array of bool, shape (n_trials, n_units), or None
        False: the unit is missing in that trial and shared by none of its pairs.
    first, second : array of int, shape (n_pairs,)
        Trial indices.
    min_shared : int
        Pairs with fewer units active in both trials are NaN (at least 2).
    threads : int, optional
        Default: NUMBA_NUM_THREADS, or the CPUs that the process may use.

    Returns
    -------
    value : float64, shape (n_pairs,), s
        0 for a trial with itself; a unit silent in one of the two trials is left out.
    n_shared : int64, shape (n_pairs,)
        N, units active in both trials.

    Raises
    ------
    InputError
        For times that are unsorted or not finite, or arrays that do not fit together.
    """
    times = np.ascontiguousarray(times, dtype=np.float64)
    offsets = np.ascontiguousarray(offsets, dtype=np.int64)
    first, second = (np.ascontiguousarray(index, dtype=np.int64) for index in (first, second))
    if offsets.shape != (n_trials * n_units + 1,) or offsets[0] < 0 or offsets[-1] > times.size:
        raise InputError(
            f"offsets (shape {offsets.shape}) do not cut {times.size} spike times into "
            f"{n_trials} trials x {n_units} units"
        )
    if first.shape != second.shape or first.ndim != 1:
        raise InputError(f"pairs of trials: shapes {first.shape} and {second.shape} differ")
    if first.size and not (
        min(first.min(), second.min()) >= 0 and max(first.max(), second.max()) < n_trials
    ):
        raise InputError(f"pairs of trials: an index is outside 0..{n_trials - 1}")
    start = offsets[:-1].reshape(n_trials, n_units)
    count = np.diff(offsets).reshape(n_trials, n_units)
    if (count < 0).any():
        raise InputError("offsets of spike times must not decrease")
    unsound = _first_unsound(times, offsets)
    if unsound >= 0:
        trial, unit = divmod(unsound, n_units)
        raise InputError(f"trial {trial}, unit {unit}: spike times are unsorted or not finite")
    if observed is not None:
        count = np.where(np.asarray(observed, bool), count, 0)
    active_trial, active = np.nonzero(count)
    active_start = np.searchsorted(active_trial, np.arange(n_trials + 1))
    capacity = 2 * int(count.sum(axis=1).max(initial=0))
    value, n_shared = np.empty(first.size), np.empty(first.size, np.int64)

    def run(begin: int) -> None:
        part = slice(begin, begin + CHUNK)
        _pairs(
            times, start, count, active, active_start, capacity,
            first[part], second[part], min_shared, value[part], n_shared[part],
        )  # fmt: skip

    available = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    with ThreadPoolExecutor(threads or available) as pool:
        list(pool.map(run, range(0, first.size, CHUNK)))
    return value, n_shared


def spikeship_matrix(
    times: npt.ArrayLike,
    offsets: npt.ArrayLike,
    n_trials: int,
    n_units: int,
    observed: npt.ArrayLike | None = None,
    min_shared: int = 2,
    threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """SpikeShip dissimilarity of all pairs of trials, streamed block by block.

    Parameters are those of `spikeship_pairs`.

    Returns
    -------
    value : float64, shape (n_trials, n_trials), s
    n_shared : int32, shape (n_trials, n_trials)
    """
    return symmetric(
        n_trials,
        lambda first, second: spikeship_pairs(
            times, offsets, n_trials, n_units, observed, first, second, min_shared, threads
        ),
    )
