"""Surrogate spikes: what a statistic reads when one property of the spikes is destroyed.

All surrogates work on `Spikes`, flat arrays without labels, so that hundreds of them cost little
more than the statistic itself. What each one destroys and keeps:

| function | destroys | keeps |
|---|---|---|
| `permute_over_trials` | timing code: which trial a time belongs to | counts, a unit's times |
| `exchange_blocks` | timing difference between blocks | counts, profile of (segment, unit) |
| `redraw_blocks` | timing relation of later blocks to the first | counts |
| `redraw_units` | the same, whatever the number of segments | counts |
| `shuffle_trials` | single-trial relations between units | profile and counts of each unit |
| `jitter` | timing finer than a window | counts in windows |
| `poisson` | single-trial structure within a unit | counts, binned profile of each block |
| `circular_shift` | which segment a response belongs to | order of responses in a repeat |
| `permute_labels` | which block a trial belongs to: a bad null, see there | whole trials |

Sources: exchange and redraw are this library's (docs/anchored-indices.md); interval jitter with
windows fixed in the trial: Amarasingham et al. 2012, J Neurophysiol 107:517; spike-centered
dithering is not offered, since it inflates false positives (Platkiewicz et al. 2017, Neural Comput
29:783).
"""

from dataclasses import replace
from typing import Literal

import numpy as np
import xarray as xr

from spikedrift.core.errors import InputError
from spikedrift.spikes.arrays import Spikes, put
from spikedrift.spikes.caveats import pooled
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.thinning import random_rank

GROUP = 8  # least number of units, of about the same count, that exchange times


def _sorted(times: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Sort `times` within each cell; `cell` ascends."""
    # Complex numbers sort by real part, then imaginary part: faster than an index sort.
    return np.sort(cell + 1j * times).imag


def _permuted(times: np.ndarray, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permute `times` at random within each group."""
    target = np.argsort(group, kind="stable")
    source = np.argsort(group + rng.random(times.size))
    out = np.empty_like(times)
    out[target] = times[source]
    return out


def _retimed(spikes: Spikes, times: np.ndarray) -> Spikes:
    """Give every spike a new time in its own cell, counts kept."""
    cell = np.repeat(np.arange(spikes.counts.size), spikes.counts.ravel())
    return replace(spikes, times=_sorted(times, cell))


def permute_over_trials(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Permute the spike times of each unit over all of its trials; every count is kept.

    Any discrimination of segments that is left comes from counts alone. All trials are assumed to
    have the same duration.
    """
    return _retimed(spikes, _permuted(spikes.times, spikes.cells[1], rng))


def exchange_blocks(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Permute spike times among the trials of one (segment, unit), over all blocks.

    Every count is kept, so counts affect a timing measure as before. Where spikes are independent
    given the segment and timing did not change, the result is distributed like the data.
    """
    trial, unit = spikes.cells
    group = spikes.segment[trial] * spikes.counts.shape[1] + unit
    return _retimed(spikes, _permuted(spikes.times, group, rng))


def redraw_blocks(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Take the spike times of every block but the first from other segments of the same unit.

    For each unit and block the segments are permuted at random without a fixed point; the times
    of a segment are dealt, in random order, to the spikes of the segment that it replaces, and
    dealt again where they are too few. Counts are kept. A (segment, unit) whose source has no
    spikes keeps its own times.

    Raises
    ------
    InputError
        Where there are fewer than two segments.
    """
    n_units = spikes.counts.shape[1]
    n_segments = int(spikes.segment.max()) + 1
    n_blocks = int(spikes.block.max()) + 1
    if n_segments < 2:
        raise InputError("redraw: spike times can be redrawn only where there are two segments")
    trial, unit = spikes.cells
    segment, block = spikes.segment[trial], spikes.block[trial]
    # A cyclic shift along a random order of the segments is a permutation without fixed points.
    order = rng.permuted(
        np.broadcast_to(np.arange(n_segments), (n_blocks, n_units, n_segments)), axis=-1
    )
    source = np.empty_like(order)
    np.put_along_axis(source, order, np.roll(order, 1, axis=-1), axis=-1)
    own = (block * n_units + unit) * n_segments + segment
    other = (block * n_units + unit) * n_segments + source[block, unit, segment]
    size = np.bincount(own, minlength=n_blocks * n_units * n_segments)
    return _redealt(spikes, own, other, size, block > 0, rng)


def redraw_units(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Take the spike times of every block but the first from other units in the same segment.

    Units that spike in a (block, segment) are ordered by their counts there and cut into groups of
    8 to 15 (fewer units make one group); within a group each unit takes the times of another one,
    so that sources have about as many spikes. Times are dealt as by `redraw_blocks`. Counts are
    kept; a unit that spikes alone keeps its own times. `redraw_blocks`, by contrast, makes the
    profiles of segments change places, so that trials of different segments become the more alike
    the fewer segments there are.
    """
    n_units = spikes.counts.shape[1]
    n_segments, n_blocks = int(spikes.segment.max()) + 1, int(spikes.block.max()) + 1
    trial, unit = spikes.cells
    row = spikes.block[trial] * n_segments + spikes.segment[trial]
    own = row * n_units + unit
    size = np.bincount(own, minlength=n_blocks * n_segments * n_units)
    table = size.reshape(-1, n_units)
    # Active units first, the most active at the front; ties at random.
    order = np.argsort(-table + 0.5 * rng.random(table.shape), axis=1)
    n_active = np.count_nonzero(table, axis=1)[:, None]
    place = np.arange(n_units)[None, :]
    groups = np.maximum(n_active // GROUP, 1)
    # Of n places cut into g groups, group k begins at ceil(k n / g).
    group = place * groups // np.maximum(n_active, 1)
    begin = -(-group * n_active // groups)
    length = -(-(group + 1) * n_active // groups) - begin
    turn = (rng.random((len(table), n_units // GROUP + 1)) * (2**31)).astype(np.int64)
    turn = np.take_along_axis(turn, np.minimum(group, turn.shape[1] - 1), axis=1)
    step = 1 + turn % np.maximum(length - 1, 1)
    from_place = np.where(
        (place < n_active) & (length > 1),
        begin + (place - begin + step) % np.maximum(length, 1),
        place,
    )
    source = np.empty_like(order)
    np.put_along_axis(source, order, np.take_along_axis(order, from_place, axis=1), axis=1)
    other = row * n_units + source[row, unit]
    return _redealt(spikes, own, other, size, spikes.block[trial] > 0, rng)


def _redealt(
    spikes: Spikes,
    own: np.ndarray,
    other: np.ndarray,
    size: np.ndarray,
    later: np.ndarray,
    rng: np.random.Generator,
) -> Spikes:
    """Deal the times of pool `other` to the spikes of pool `own`, in random order.

    Parameters
    ----------
    own, other : int64, shape (n_spikes,)
    size : int64, shape (n_pools,)
        Spikes of each pool.
    later : bool, shape (n_spikes,)
        Spikes that get new times; those whose source is empty keep theirs.
    rng : Generator
    """
    pool = np.argsort(own + rng.random(own.size))
    start = np.cumsum(size) - size
    redrawn = later & (size[other] > 0)
    deal = start[other] + random_rank(own, rng) % np.maximum(size[other], 1)
    times = spikes.times.copy()
    times[redrawn] = spikes.times[pool[deal[redrawn]]]
    return _retimed(spikes, times)


def shuffle_trials(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Deal the whole trains of each unit among its trials of one (segment, block).

    Only trials in which the unit was observed take part. This destroys what units do together in
    single trials, and keeps each unit's profile and counts in each block.
    """
    group = spikes.segment * (int(spikes.block.max()) + 1) + spikes.block
    key = group[:, None] * 2 + ~spikes.observed
    target = np.argsort(key, axis=0, kind="stable")
    source = np.lexsort((rng.random(key.shape), key), axis=0)
    origin = np.empty(key.shape, dtype=np.int64)
    np.put_along_axis(origin, target, source, axis=0)
    return _dealt(spikes, origin)


def circular_shift(
    spikes: Spikes, rng: np.random.Generator, each: Literal["repeat", "unit"] = "repeat"
) -> Spikes:
    """Shift responses over the segments of a repeat, the last ones coming in at its start.

    For a movie, whose segments are successive seconds: responses keep their neighbors in time, and
    so their autocorrelation, and lose their relation to the stimulus. Shifts are uniform over the
    segments of the repeat, a shift of 0 included.

    Parameters
    ----------
    spikes : Spikes
    rng : Generator
    each : {"repeat", "unit"}
        repeat: one shift per repeat, the same for all units. What units do together in a trial is
        kept; what repeats have in common is lost. unit: one shift per unit, the same in all
        repeats. The reliability of each unit is kept; what units together tell about the stimulus
        is lost.

    Raises
    ------
    InputError
        Where there are fewer than two segments.
    """
    n_trials, n_units = spikes.counts.shape
    if int(spikes.segment.max(initial=0)) < 1:
        raise InputError("circular shift: responses can be shifted only over two segments or more")
    order = np.lexsort((spikes.segment, spikes.repeat))
    size = np.bincount(spikes.repeat)
    first = np.repeat(np.cumsum(size) - size, size)
    length = np.repeat(size, size)
    place = np.arange(n_trials) - first
    uniform = rng.random((size.size, 1) if each == "repeat" else (1, n_units))
    # A repeat that lacks segments is shifted over those that it has.
    shift = (uniform * size[:, None]).astype(np.int64)[spikes.repeat[order]]
    origin = np.empty((n_trials, n_units), dtype=np.int64)
    origin[order] = order[first[:, None] + (place[:, None] + shift) % length[:, None]]
    return _dealt(spikes, origin)


def permute_labels(spikes: Spikes, rng: np.random.Generator) -> Spikes:
    """Deal whole trials, all units together, among the trials of one segment, over all blocks.

    This is the same as permuting the block labels of trials: the usual null of a difference between
    blocks, and a bad one. It takes trials for independent, but successive trials share a slow
    state: with an AR(1) state of coefficient .9 and no drift it rejects several times as often as
    its nominal 5 % (docs/methods.md). It is offered to show that.
    """
    target = np.argsort(spikes.segment, kind="stable")
    source = np.lexsort((rng.random(spikes.segment.size), spikes.segment))
    origin = np.empty_like(spikes.segment)
    origin[target] = source
    return _dealt(spikes, np.repeat(origin[:, None], spikes.counts.shape[1], axis=1))


def _dealt(spikes: Spikes, origin: np.ndarray) -> Spikes:
    """Give every (trial, unit) the train of the same unit in trial `origin`: (n_trials, n_units).

    Trials of a movie differ in length by a frame: spikes that would lie beyond the end of a trial
    are put at its end.
    """
    n_trials, n_units = spikes.counts.shape
    counts = np.take_along_axis(spikes.counts, origin, axis=0)
    start = spikes.offsets[:-1].reshape(n_trials, n_units)
    moved = np.take_along_axis(start, origin, axis=0).ravel()
    length = counts.ravel()
    index = np.arange(length.sum()) + np.repeat(moved - (np.cumsum(length) - length), length)
    stop = np.repeat(np.nextafter(spikes.duration, 0.0), counts.sum(axis=1))
    return replace(
        spikes,
        times=np.minimum(spikes.times[index], stop),
        counts=counts,
        observed=np.take_along_axis(spikes.observed, origin, axis=0),
    )


def jitter(spikes: Spikes, rng: np.random.Generator, window: float) -> Spikes:
    """Draw every spike anew, uniformly within its window; windows of `window` s from trial start.

    The last window ends with the trial. The counts in all windows are kept.
    """
    trial, _ = spikes.cells
    stop = spikes.duration[trial]
    left = np.floor(spikes.times / window) * window
    right = np.minimum(left + window, stop)
    times = left + (right - left) * rng.random(spikes.times.size)
    return _retimed(spikes, np.clip(times, 0.0, np.nextafter(stop, 0.0)))


def poisson(spikes: Spikes, rng: np.random.Generator, bin: float) -> Spikes:
    """Draw times from the profile of each (segment, block, unit); single-trial counts are kept.

    The profile is the histogram with bins of `bin` s over the trials of the block: given its count,
    a trial is an inhomogeneous Poisson process with that rate.
    """
    trial, unit = spikes.cells
    group = spikes.segment * (int(spikes.block.max()) + 1) + spikes.block
    pool = group[trial] * spikes.counts.shape[1] + unit
    order = np.argsort(pool, kind="stable")
    size = np.bincount(pool)
    start = np.cumsum(size) - size
    drawn = start[pool] + (rng.random(pool.size) * size[pool]).astype(np.int64)
    return jitter(_retimed(spikes, spikes.times[order[drawn]]), rng, bin)


def surrogate(
    dataset: xr.Dataset,
    name: str,
    rng: np.random.Generator,
    *,
    window: float,
    bin: float,
    shift: Literal["repeat", "unit"] = "repeat",
) -> xr.Dataset:
    """Replace the spikes of a trials Dataset by the surrogate `name`.

    Parameters
    ----------
    name : {"permute", "exchange", "redraw", "shuffle", "jitter", "poisson", "circular_shift", \
"permute_labels"}
    window : float, s
        Window of `jitter`.
    bin : float, s
        Bin of the profile of `poisson`.
    shift : {"repeat", "unit"}
        What `circular_shift` shifts.

    Raises
    ------
    InputError
        For two-photon events, and for `shuffle` on a pseudo-population, whose units were never
        recorded together.
    """
    if name == "shuffle" and pooled(dataset.attrs):
        raise InputError(
            f"{dataset.attrs.get('recording')}: surrogate 'shuffle' needs units recorded together, "
            "but this is a pseudo-population"
        )
    spikes = Layout.of(dataset).spikes
    match name:
        case "permute":
            spikes = permute_over_trials(spikes, rng)
        case "exchange":
            spikes = exchange_blocks(spikes, rng)
        case "redraw":
            spikes = redraw_blocks(spikes, rng)
        case "shuffle":
            spikes = shuffle_trials(spikes, rng)
        case "jitter":
            spikes = jitter(spikes, rng, window)
        case "poisson":
            spikes = poisson(spikes, rng, bin)
        case "circular_shift":
            spikes = circular_shift(spikes, rng, shift)
        case "permute_labels":
            spikes = permute_labels(spikes, rng)
        case _:
            raise InputError(f"surrogate {name!r} is not known")
    return put(dataset, spikes)
