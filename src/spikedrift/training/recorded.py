"""Recorded activity as something to learn: mean rates over time, and the input that makes them.

Recordings that the published networks learned cannot be redistributed: `synthetic` draws rates of
the same statistics.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.training import siegert, targets

# Mean rates of 1824 pyramidal cells of the anterior lateral motor cortex (Kim et al. 2023): 1 to
# 41.7 Hz, mean 6.07, median 4.09. A log-normal distribution between these bounds that has this
# mean and median has this mean and SD of its logarithm.
LOG_MEAN, LOG_SD, LEAST_RATE, MOST_RATE = 1.30686, 0.97295, 1.0, 41.7


class Responses(NamedTuple):
    """Mean rates of units over the time of segments.

    Attributes
    ----------
    rate : float64, shape (n_segments, n_times, n_units), Hz
    time : float64, shape (n_times,), s from the start of the trial; ends of bins
    segment : int64, shape (n_segments,)
    unit_id : str, shape (n_units,)
    """

    rate: np.ndarray
    time: np.ndarray
    segment: np.ndarray
    unit_id: np.ndarray


def responses(
    dataset: xr.Dataset, step: float, smoothing: float, of_trial: np.ndarray | None = None
) -> Responses:
    """Take the rate of every unit in every segment, over time and averaged over trials (PSTH).

    Spikes are counted in bins, over which a Gaussian is drawn whose weights sum to 1 within the
    trial: nothing leaks out at its ends. A trial in which a unit was not measured does not count.

    Parameters
    ----------
    dataset : trials Dataset
    step : float, s
        Width of bins.
    smoothing : float, s
        SD of the Gaussian; 0 for none.
    of_trial : bool, shape (n_trials,), optional
        Trials that count; None for all.

    Raises
    ------
    InputError
        For two-photon events, which have no times; trials shorter than a bin, or of unequal
        duration; a segment without trials; a unit that was measured in no trial of a segment.
    """
    name = str(dataset.attrs.get("recording"))
    if "event_amplitude" in dataset:
        raise InputError(f"{name}: holds two-photon events, whose times within a trial say nothing")
    if not (step > 0 and smoothing >= 0):
        raise InputError(f"{name}: bins of {step:g} s and a smoothing of {smoothing:g} s")
    duration = trials.common_duration(dataset["duration"].values, name)
    n_times = int(np.floor(duration / step + 1e-6))
    if n_times < 1:
        raise InputError(f"{name}: trials of {duration:g} s are shorter than bins of {step:g} s")
    chosen = np.ones(dataset.sizes["trial"], bool) if of_trial is None else np.asarray(of_trial)
    segments, segment = np.unique(dataset["segment"].values, return_inverse=True)
    trial, unit = trials.spike_cells(dataset)
    at = np.floor(dataset["spike_time"].values / step + 1e-9).astype(np.int64)
    kept = chosen[trial] & (at >= 0) & (at < n_times)
    shape = segments.size, n_times, dataset.sizes["unit"]
    place = np.ravel_multi_index((segment[trial[kept]], at[kept], unit[kept]), shape)
    count = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
    n_trials = np.zeros((segments.size, shape[2]))
    np.add.at(n_trials, segment[chosen], dataset["observed"].values[chosen])
    if not n_trials.all():
        where, who = (int(one[0]) for one in np.nonzero(n_trials == 0))
        raise InputError(
            f"{name}: unit {dataset['unit_id'].values[who]} was measured in no trial of segment "
            f"{segments[where]}: its mean rate is NaN; select other units or trials"
        )
    rate = smoothed(count / n_trials[:, None] / step, step, smoothing)
    ends = (np.arange(n_times) + 1) * step
    return Responses(rate, ends, segments, dataset["unit_id"].values.astype(str))


def smoothed(rate: np.ndarray, step: float, smoothing: float) -> np.ndarray:
    """Draw a Gaussian over the time of rates, whose weights sum to 1 within the trial.

    Parameters
    ----------
    rate : float64, shape (n_segments, n_times, n_units), Hz
    step : float, s
        Width of bins.
    smoothing : float, s
        SD of the Gaussian; 0 for none.

    Returns
    -------
    float64, of that shape
    """
    if not smoothing:
        return rate
    middle = (np.arange(rate.shape[1]) + 0.5) * step
    kernel = np.exp(-(((middle[:, None] - middle) / smoothing) ** 2) / 2)
    weight = kernel / kernel.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("ts,csu->ctu", weight, rate))


def halves(dataset: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Divide trials: every second repeat is learned, the others are held out.

    The repeats take turns, so that what drifts over the recording is in both. The correlation of
    `responses` to the one and to the other (`targets.correlations`) is the noise ceiling: what a
    network reaches that repeats what it learned without an error.

    Parameters
    ----------
    dataset : trials Dataset

    Returns
    -------
    learned, held_out : bool, shape (n_trials,)

    Raises
    ------
    InputError
        With less than two repeats.
    """
    repeats, number = np.unique(dataset["repeat"].values, return_inverse=True)
    if repeats.size < 2:
        name = dataset.attrs.get("recording")
        raise InputError(f"{name}: one repeat cannot be divided into trials to learn and to test")
    learned = number % 2 == 0
    return learned, ~learned


def drive(
    cell: siegert.Cell, rate: np.ndarray, lowest: float = 0.0, units: np.ndarray | None = None
) -> np.ndarray:
    """Mean input of a cell that makes it fire at rates that change slowly.

    Parameters
    ----------
    cell : siegert.Cell
    rate : float, shape (n_segments, n_times, n_units), Hz
    lowest : float, Hz
        Rates below it are taken to be it: no finite input makes a cell silent.
    units : str, shape (n_units,), optional
        Names, for messages.

    Returns
    -------
    float64, of that shape

    Raises
    ------
    InputError
        For a rate that is NaN, out of reach, or 0 with `lowest` 0; or one that never changes, so
        that nothing is there to be learned.
    """
    known = np.maximum(rate, lowest)  # keeps NaN
    names = np.arange(rate.shape[-1]) if units is None else units
    flat = known.reshape(-1, rate.shape[-1])
    most = 1 / cell.dead_time if cell.dead_time else np.inf
    for wrong, says in (
        (np.isnan(flat).any(axis=0), "a rate of NaN"),
        ((flat <= 0).any(axis=0), "a rate of 0, which no finite input makes: give a lowest rate"),
        ((flat >= most).any(axis=0), f"a rate that cells below {most:g} Hz do not reach"),
        (np.ptp(flat, axis=0) == 0, "a rate that never changes: there is nothing to learn"),
    ):
        if wrong.any():
            raise InputError(f"target of unit {names[np.flatnonzero(wrong)[0]]}: {says}")
    return siegert.mean_input(cell, known)


def matched(wanted: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Find a cell for every unit: the one of nearest mean rate that is left.

    Units choose in order of their rates, the highest first (Kim et al. 2023).

    Parameters
    ----------
    wanted : float, shape (n_units,), Hz
    rate : float, shape (n_cells,), Hz
        Of cells before training.

    Returns
    -------
    int64, shape (n_units,)
        Cell of each unit, none twice.

    Raises
    ------
    InputError
        For a rate that is not finite, or more units than cells.
    """
    if wanted.size > rate.size:
        raise InputError(f"{wanted.size} units cannot be matched to {rate.size} cells")
    if not (np.isfinite(wanted).all() and np.isfinite(rate).all()):
        raise InputError("units and cells are matched by mean rates, and one of them is not finite")
    left = rate.astype(float)
    found = np.empty(wanted.size, np.int64)
    for unit in np.argsort(-wanted, kind="stable"):
        cell = np.argmin(np.abs(left - wanted[unit]))
        found[unit], left[cell] = cell, np.inf
    return found


def synthetic(
    rng: np.random.Generator,
    n_units: int,
    n_segments: int,
    n_times: int,
    step: float,
    depth: float,
    n_shared: int = 20,
    relaxation: float = 0.4,
) -> np.ndarray:
    """Draw rates with the statistics of those that the published network learned.

    Mean rates are log-normal between bounds. Logarithms of rates follow a sum of Ornstein-Uhlenbeck
    processes that all units share with normal weights, the variance of the k-th falling off as
    1 / k^2. How they are shared is an assumption: of the recordings only mean rates, and the SD of
    the input that they were turned into, are published.

    Parameters
    ----------
    rng : Generator
    n_units, n_segments, n_times : int
    step : float, s
    depth : float
        SD of the logarithm of a unit's rate.
    n_shared : int
        Processes.
    relaxation : float, s

    Returns
    -------
    float64, shape (n_segments, n_times, n_units), Hz
    """
    mean = np.empty(0)
    while mean.size < n_units:
        drawn = np.exp(LOG_MEAN + LOG_SD * rng.standard_normal(2 * n_units))
        mean = np.concatenate([mean, drawn[(drawn >= LEAST_RATE) & (drawn <= MOST_RATE)]])
    mean = mean[:n_units]
    process = np.stack(
        [
            targets.ornstein_uhlenbeck(rng, n_times, n_shared, step, relaxation, 1.0)
            for _ in range(n_segments)
        ]
    )
    share = 1 / np.arange(1, n_shared + 1) ** 2
    weight = rng.standard_normal((n_shared, n_units)) * np.sqrt(share / share.sum())[:, None]
    change = np.exp(depth * process @ weight)
    return np.asarray(mean * change / change.mean(axis=(0, 1)))
