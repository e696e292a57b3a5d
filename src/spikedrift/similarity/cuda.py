"""SpikeShip on a GPU: a block of threads for each pair of trials.

No flow is kept: the threads of a block share the units of its pair and couple them anew in each
pass. A pass adds up the mass at or below a shift and the cost of the shift, and looks for the flows
next to it, so that the median is narrowed down as in `spikedrift.similarity.kernels`. The value is
the same up to rounding: sums are in another order.
"""

import math

import numba
import numpy as np
from numba import cuda, float64

from spikedrift.core.errors import InputError
from spikedrift.similarity.kernels import LARGEST, ROUNDS, Spikes

FAR = 1e300  # beyond all flows
THREADS = 64  # of a block; a power of two
BLOCKS = 4096  # at most; a block takes pair after pair
PAIRS = 1 << 20  # of a launch
SUMS = 4  # total mass, mass times flow, mass at or below a shift, cost of the shift
ROWS = THREADS * (SUMS + 2)  # and the largest flow at or below it, the smallest above it


def missing() -> str | None:
    """Reason why no GPU can be used; None where one can."""
    if cuda.is_available():
        return None
    return (
        "device 'cuda' needs an NVIDIA GPU, its driver and a CUDA toolkit that numba finds "
        f"(numba {numba.__version__}, or the package numba-cuda); use device 'cpu'"
    )


@cuda.jit(device=True)
def _reduce(rows, tid):  # type: ignore[no-untyped-def]
    """Reduce rows into column 0: sums of the first ones, maximum and minimum of the last two."""
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if tid < half:
            for k in range(tid, SUMS * THREADS, THREADS):
                rows[k] += rows[k + half]
            k = SUMS * THREADS + tid
            rows[k] = rows[k] if rows[k] > rows[k + half] else rows[k + half]
            k += THREADS
            rows[k] = rows[k] if rows[k] < rows[k + half] else rows[k + half]
        half //= 2
        cuda.syncthreads()


@cuda.jit(device=True)
def _pass(times, base, start, active, active_start, one, two, shift, rows, tid):  # type: ignore[no-untyped-def]
    """Couple all shared units; return the sums and the neighbors of a shift."""
    total, moment, upto, cost = 0.0, 0.0, 0.0, 0.0
    last, following = -LARGEST, LARGEST
    for a in range(active_start[one] + tid, active_start[one + 1], THREADS):
        unit = active[a]
        i, stop = start[one, unit], start[one, unit + 1]
        j, stop_two = start[two, unit], start[two, unit + 1]
        n, m = int(stop - i), int(stop_two - j)
        if m == 0:
            continue
        x, y = base[one] + i, base[two] + j
        left, right, spike = m, n, 0
        unit_mass = 1.0 / (float(n) * float(m))
        while spike < n:
            moved = left if left < right else right
            c, w = float64(times[x] - times[y]), moved * unit_mass
            total += w
            moment += w * c
            cost += w * abs(c - shift)
            if c <= shift:
                upto += w
                last = c if c > last else last
            else:
                following = c if c < following else following
            left -= moved
            right -= moved
            if left == 0:
                spike += 1
                x += 1
                left = m
            if right == 0:
                y += 1
                right = n
    cuda.syncthreads()  # until all have read what the last pass found
    rows[tid], rows[tid + THREADS] = total, moment
    rows[tid + 2 * THREADS], rows[tid + 3 * THREADS] = upto, cost
    rows[tid + 4 * THREADS], rows[tid + 5 * THREADS] = last, following
    _reduce(rows, tid)
    return (
        rows[0], rows[THREADS], rows[2 * THREADS], rows[3 * THREADS], rows[4 * THREADS],
        rows[5 * THREADS],
    )  # fmt: skip


@cuda.jit
def _kernel(times, base, start, active, active_start, first, second, min_shared, value, n_shared):  # type: ignore[no-untyped-def]
    rows = cuda.shared.array(ROWS, float64)
    tid = cuda.threadIdx.x
    for pair in range(cuda.blockIdx.x, first.size, cuda.gridDim.x):
        one, two = first[pair], second[pair]
        total, moment, upto, cost, high, following = _pass(
            times, base, start, active, active_start, one, two, FAR, rows, tid
        )
        shared = int(total + 0.5)
        result = math.nan
        if shared >= min_shared and shared >= 2:
            half, below, guess, passes = 0.5 * total, 0.0, moment / total, 0
            total, moment, found, cost, last, low = _pass(
                times, base, start, active, active_start, one, two, -FAR, rows, tid
            )
            while low < high:
                shift = guess if low < guess < high else low
                total, moment, found, cost, last, following = _pass(
                    times, base, start, active, active_start, one, two, shift, rows, tid
                )
                if found >= half:
                    high, upto = last, found
                else:
                    low, below = following, found
                passes += 1
                share = (half - below) / (upto - below) if passes < ROUNDS else 0.5
                guess = low + (high - low) * share
            total, moment, found, cost, last, following = _pass(
                times, base, start, active, active_start, one, two, high, rows, tid
            )
            result = 0.7 / (shared - 1) * cost
        if tid == 0:
            value[pair] = result
            n_shared[pair] = shared


def fill(
    spikes: Spikes,
    first: np.ndarray,
    second: np.ndarray,
    pairs: np.ndarray,
    min_shared: int,
    value: np.ndarray,
    n_shared: np.ndarray,
) -> None:
    """Write D, s, and the number of shared units of some of the pairs, as `kernels.fill_pairs`.

    Parameters
    ----------
    spikes : Spikes
    first, second : int64, shape (n_pairs,)
        Trials.
    pairs : int64, shape (n_chosen,)
        Indices of the pairs to compute.
    min_shared : int
        Pairs that share fewer units are NaN.
    value, n_shared : float64 and int64, shape (n_pairs,)
        Written at `pairs`.

    Raises
    ------
    InputError
        Where there is no GPU.
    """
    if reason := missing():
        raise InputError(reason)
    held = [
        cuda.to_device(array)
        for array in (
            spikes.times,
            spikes.base.astype(np.int64),
            spikes.start.astype(np.int32),
            spikes.active.astype(np.int32),
            spikes.active_start,
        )
    ]
    for begin in range(0, pairs.size, PAIRS):
        part = pairs[begin : begin + PAIRS]
        out, shared = cuda.device_array(part.size), cuda.device_array(part.size, np.int64)
        _kernel[min(part.size, BLOCKS), THREADS](
            *held,
            cuda.to_device(first[part]),
            cuda.to_device(second[part]),
            min_shared,
            out,
            shared,
        )
        value[part], n_shared[part] = out.copy_to_host(), shared.copy_to_host()
