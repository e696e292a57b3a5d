"""SpikeShip: how far two trials differ in their relative spike times, exact and compiled.

For every unit active in both trials the two spike trains, each of unit mass, are coupled in
order of time (the optimal transport in one dimension); the couplings of all N shared units give
flows c_k (time in the first minus time in the second) of mass w_k. With the shift g that a pair
of trials has in common taken out,

    D = 0.7 / (N - 1) * min_g sum_k w_k |c_k - g|,

and the minimum is at the weighted median of the flows (Sotomayor-Gomez, Battaglia & Vinck 2023,
doi:10.1371/journal.pcbi.1011335).
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from numba import config

from spikedrift.errors import InputError
from spikedrift.similarity.blocks import symmetric
from spikedrift.similarity.kernels import COUPLINGS, Spikes, fill_pairs, first_unsound

CHUNK = 2048  # pairs that a thread takes at a time


def _lay_out(
    times: np.ndarray,
    offsets: np.ndarray,
    n_trials: int,
    n_units: int,
    observed: npt.ArrayLike | None,
) -> Spikes:
    """Check the spikes and lay them out, those of units not observed taken out."""
    count = np.diff(offsets)
    if (count < 0).any():
        raise InputError("offsets of spike times must not decrease")
    unsound = first_unsound(times, offsets)
    if unsound >= 0:
        trial, unit = divmod(unsound, n_units)
        raise InputError(f"trial {trial}, unit {unit}: spike times are unsorted or not finite")
    times = times[offsets[0] : offsets[-1]]
    if observed is not None and not np.all(observed):
        seen = np.asarray(observed, bool).ravel()
        times, count = times[np.repeat(seen, count)], np.where(seen, count, 0)
    count = count.reshape(n_trials, n_units)
    total = count.sum(axis=1)
    start = np.zeros((n_trials, n_units + 1), np.uint32)
    np.cumsum(count, axis=1, out=start[:, 1:])
    active_start = np.append(0, np.cumsum(np.count_nonzero(count, axis=1)))
    return Spikes(
        times,
        (np.cumsum(total) - total).astype(np.uint64),
        start,
        np.nonzero(count)[1].astype(np.uint32),
        active_start,
        2 * int(total.max(initial=0)),
    )


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
    spikes = _lay_out(times, offsets, n_trials, n_units, observed)
    value, n_shared = np.empty(first.size), np.empty(first.size, np.int64)

    def run(begin: int) -> None:
        part = slice(begin, begin + CHUNK)
        fill_pairs(
            spikes, COUPLINGS, first[part], second[part], min_shared, value[part], n_shared[part]
        )

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
