"""SpikeShip: how far two trials differ in their relative spike times, exact and compiled.

For every unit active in both trials the two spike trains, each of unit mass, are coupled in
order of time (the optimal transport in one dimension); the couplings of all N shared units give
flows c_k (time in the first minus time in the second) of mass w_k. The shift g that all units of a
pair of trials have in common is taken out:

    D = 0.7 / (N - 1) * min_g sum_k w_k |c_k - g|.

The minimum is at the weighted median of the flows (Sotomayor-Gomez, Battaglia & Vinck 2023,
doi:10.1371/journal.pcbi.1011335).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numba import config

from spikedrift.core.errors import InputError
from spikedrift.similarity import kernels
from spikedrift.similarity.blocks import symmetric

PANEL = 128  # trials whose pairs with one other trial are made together, at most
SPREAD = 4  # panels that a recording is cut into, at least
BUFFER = 2**25  # bytes of flows that a thread holds
PAIRS = 8192  # pairs that a thread takes at a time, about
DENSE = 0.3  # from this share of a panel's pairs on, all of them are coupled together

Precision = Literal["float64", "float32"]
Device = Literal["cpu", "cuda"]

_couplings = cache(kernels.couplings)


def _of_trials(
    times: np.ndarray, offsets: np.ndarray, number: np.ndarray, n_units: int
) -> tuple[np.ndarray, np.ndarray]:
    """Times and offsets of some trials."""
    cell = (number[:, None] * n_units + np.arange(n_units)).ravel()
    length = offsets[cell + 1] - offsets[cell]
    stop = np.cumsum(length)
    index = np.arange(length.sum()) + np.repeat(offsets[cell] - (stop - length), length)
    return times[index], np.append(0, stop)


def _lay_out(
    times: np.ndarray,
    offsets: np.ndarray,
    number: np.ndarray,
    n_units: int,
    observed: npt.ArrayLike | None,
    precision: Precision,
) -> kernels.Spikes:
    """Check the spikes and lay them out, those of units not observed taken out."""
    count = np.diff(offsets)
    unsound = kernels.first_unsound(times, offsets)
    if unsound >= 0:
        trial, unit = divmod(unsound, n_units)
        raise InputError(
            f"trial {number[trial]}, unit {unit}: spike times are unsorted or not finite"
        )
    times = times[offsets[0] : offsets[-1]]
    if observed is not None and not np.all(observed):
        seen = np.asarray(observed, bool).ravel()
        times, count = times[np.repeat(seen, count)], np.where(seen, count, 0)
    count = count.reshape(number.size, n_units)
    total = count.sum(axis=1)
    start = np.zeros((number.size, n_units + 1), np.uint32)
    np.cumsum(count, axis=1, out=start[:, 1:])
    active_start = np.append(0, np.cumsum(np.count_nonzero(count, axis=1)))
    return kernels.Spikes(
        times.astype(precision, copy=False),
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
    precision: Precision = "float64",
    device: Device = "cpu",
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
        False where a unit is missing in a trial; it is then shared by none of the trial's pairs.
    first, second : array of int, shape (n_pairs,)
        Trial indices.
    min_shared : int
        Pairs with fewer units active in both trials are NaN (at least 2).
    threads : int, optional
        Default: NUMBA_NUM_THREADS, or the CPUs that the process may use.
    precision : {"float64", "float32"}
        Type of times, flows and masses; sums are always float64. float32 changes D by at most
        0.7 N / (N - 1) * 6 * 2 ** -24 * T with T the largest absolute time: 5.1e-7 s for trials of
        1 s and two units, half of it for many.
    device : {"cpu", "cuda"}
        Where D is computed. On a GPU sums are in another order: D differs by rounding.

    Returns
    -------
    value : float64, shape (n_pairs,), s
        0 for a trial with itself; a unit silent in one of the two trials is left out.
    n_shared : int64, shape (n_pairs,)
        N, units active in both trials.

    Raises
    ------
    InputError
        For times that are unsorted or not finite, or arrays that do not fit together; for device
        "cuda" where there is none.
    """
    times = np.ascontiguousarray(times, dtype=np.float64)
    offsets = np.ascontiguousarray(offsets, dtype=np.int64)
    first, second = (np.ascontiguousarray(index, dtype=np.int64) for index in (first, second))
    if offsets.shape != (n_trials * n_units + 1,) or offsets[0] < 0 or offsets[-1] > times.size:
        raise InputError(
            f"offsets (shape {offsets.shape}) do not cut {times.size} spike times into "
            f"{n_trials} trials x {n_units} units"
        )
    if (offsets[1:] < offsets[:-1]).any():
        raise InputError("offsets of spike times must not decrease")
    if first.shape != second.shape or first.ndim != 1:
        raise InputError(f"pairs of trials: shapes {first.shape} and {second.shape} differ")
    if first.size and not (
        min(first.min(), second.min()) >= 0 and max(first.max(), second.max()) < n_trials
    ):
        raise InputError(f"pairs of trials: an index is outside 0..{n_trials - 1}")
    used = np.zeros(n_trials, bool)
    used[first] = used[second] = True
    number = np.flatnonzero(used)
    if 2 * number.size < n_trials:  # a block of a large matrix: lay out what it needs
        first, second = np.searchsorted(number, first), np.searchsorted(number, second)
        times, offsets = _of_trials(times, offsets, number, n_units)
        observed = None if observed is None else np.asarray(observed, bool)[number]
    else:
        number = np.arange(n_trials)
    spikes = _lay_out(times, offsets, number, n_units, observed, precision)
    value, n_shared = np.zeros(first.size), np.diff(spikes.active_start)[first]
    # Always the earlier trial first: D is then the same bits in both directions.
    first, second = np.minimum(first, second), np.maximum(first, second)
    pairs = np.flatnonzero(first < second)
    if device == "cuda":
        from spikedrift.similarity.cuda import fill

        fill(spikes, first, second, pairs, min_shared, value, n_shared)
        return value, n_shared
    table = _couplings(precision)

    def run(task: tuple[Any, ...]) -> None:
        fill, *where, chosen = task
        fill(spikes, table, *where, first, second, chosen, min_shared, value, n_shared)

    available = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    with ThreadPoolExecutor(threads or available) as pool:
        list(pool.map(run, _tasks(spikes, first, second, pairs)))
    return value, n_shared


def _tasks(
    spikes: kernels.Spikes, first: np.ndarray, second: np.ndarray, pairs: np.ndarray
) -> Iterator[tuple[Any, ...]]:
    """Cut the pairs into work for threads: by panels of second trials, in order of the first."""
    n_trials = spikes.base.size
    room = 2 * spikes.times.itemsize * (spikes.capacity + kernels.PAD)
    width = max(1, min(PANEL, -(-n_trials // SPREAD), BUFFER // room))
    panel = second[pairs] // width
    pairs = pairs[np.argsort(panel * n_trials + first[pairs], kind="stable")]
    bounds = np.flatnonzero(np.diff(second[pairs] // width, prepend=-1, append=-1))
    for begin, end in pairwise(bounds):
        of_panel = pairs[begin:end]
        low = int(second[of_panel[0]] // width * width)
        high = min(low + width, n_trials)
        rows = np.flatnonzero(np.diff(first[of_panel], prepend=-1))
        dense = of_panel.size >= DENSE * rows.size * (high - low)
        step = max(1, round(PAIRS * rows.size / of_panel.size))  # rows of a task
        for part in np.split(of_panel, rows[step::step]):
            yield (kernels.fill_rows, low, high, part) if dense else (kernels.fill_pairs, part)


def spikeship_matrix(
    times: npt.ArrayLike,
    offsets: npt.ArrayLike,
    n_trials: int,
    n_units: int,
    observed: npt.ArrayLike | None = None,
    min_shared: int = 2,
    threads: int | None = None,
    precision: Precision = "float64",
    device: Device = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """SpikeShip dissimilarity of all pairs of trials, streamed block by block.

    Parameters are those of `spikeship_pairs`.

    Returns
    -------
    value : float64, shape (n_trials, n_trials), s
    n_shared : int32, shape (n_trials, n_trials)

    Raises
    ------
    InputError
        As `spikeship_pairs`.
    """
    return symmetric(
        n_trials,
        lambda first, second: spikeship_pairs(
            times,
            offsets,
            n_trials,
            n_units,
            observed,
            first,
            second,
            min_shared,
            threads,
            precision,
            device,
        ),
    )
