"""Synthetic recordings: responses to a movie whose drift of every kind is known.

The rates and profiles that they are drawn from are in `synthetic_truth.py`. Spikes are
inhomogeneous Poisson unless bursts or a refractory period are asked for.
"""

import numpy as np
import xarray as xr
from scipy.special import ndtri

from spikedrift import __version__, trials
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.sources.registry import Source
from spikedrift.sources.synthetic_truth import Truth, stream_of, truth


def record(options: SyntheticOptions, recording: str, seed: int) -> xr.Dataset:
    """Draw a synthetic recording through the trials contract.

    Parameters
    ----------
    options : SyntheticOptions
    recording : str
        Id, `{session}.{stimulus}`.
    seed : int, not negative
        The same seed gives the same bits; `truth(options, seed)` is what was drawn from.
    """
    true = truth(options, seed)
    trial, unit, time = _spikes(options, true, seed)
    seen = true.observed[trial, unit]
    spike_time, spike_count = trials.ragged(trial[seen], unit[seen], time[seen], true.rate.shape)
    session, _, stimulus = recording.rpartition(".")
    areas = np.array_split(np.arange(options.units), len(options.populations))
    return trials.assemble(
        spike_time,
        spike_count,
        recording=recording,
        kind="synthetic",
        trial={"stimulus": stimulus, **true.columns},
        unit={
            "unit_id": [f"{session}-{index:04d}" for index in range(options.units)],
            "population": np.repeat(options.populations, [len(area) for area in areas]),
        },
        observed=true.observed,
        attributes={
            "source": "spikedrift.sources.synthetic",
            "parameters": {**options.model_dump(), "seed": seed},
            "software": {"spikedrift": __version__, "numpy": np.__version__},
            "subject": session,
            "assumptions": "synthetic recording with a known truth",
        },
    )


def _spikes(
    options: SyntheticOptions, true: Truth, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trial, unit and time (s) of every spike, in no order.

    Bursts raise the rate, and the dead time after a spike lowers it: the Poisson drive is made
    weaker or stronger beforehand to make up for both.
    """
    dead = options.refractory_period
    # A Poisson process of intensity x that skips a time d after each spike fires at x / (1 + x d).
    strongest = _undead(true.peak_intensity(), dead) if dead else np.ones_like(true.rate)
    rng = stream_of(seed, "spikes")
    mean = true.rate * true.duration * (1 - options.burstiness) * strongest
    trial, unit, time = _poisson(true, mean, rng)
    if dead:
        intensity = true.rate[trial, unit] * true.duration * true.density(time, trial, unit)
        keep = rng.random(time.size) < _undead(intensity, dead) / strongest[trial, unit]
        trial, unit, time = trial[keep], unit[keep], time[keep]
    if options.burstiness:
        rng = stream_of(seed, "bursts")
        size = rng.geometric(1 - options.burstiness, time.size)
        first = np.repeat(np.cumsum(size) - size, size)
        index = np.repeat(np.arange(time.size), size)
        interval = dead + rng.exponential(options.burst_interval, index.size)
        elapsed = np.cumsum(interval) - np.cumsum(interval)[first]
        # A burst cut by the end of the trial goes on at its start, as if from the trial before.
        time = np.mod(time[index] + elapsed, true.duration)
        trial, unit = trial[index], unit[index]
    return _refractory(trial, unit, time, dead) if dead else (trial, unit, time)


def _poisson(
    true: Truth, mean: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spikes of an inhomogeneous Poisson process with `mean` spikes and the true profile."""
    flat = true.flat_share[..., None]
    parts = np.concatenate([flat, (1 - flat) * true.event_share], axis=-1)
    # Independent Poisson counts of the parts of a mixture add up to the process.
    count = rng.poisson(mean[..., None] * parts)
    cell = np.repeat(np.arange(count.size), count.ravel())
    trial, unit, part = np.unravel_index(cell, count.shape)
    uniform = rng.random(cell.size)
    center = true.event_time[trial, unit, np.maximum(part - 1, 0)]
    low, high = true.bounds(center)
    event = center + true.event_width * ndtri(low + uniform * (high - low))
    time = np.where(part == 0, uniform * true.duration, event)
    return trial, unit, np.clip(time, 0, np.nextafter(true.duration, 0))


def _undead(intensity: np.ndarray, dead: float) -> np.ndarray:
    """Factor on an intensity (Hz) that makes up for a dead time (s), tenfold at most."""
    return 1 / (1 - np.minimum(intensity * dead, 0.9))


def _refractory(
    trial: np.ndarray, unit: np.ndarray, time: np.ndarray, dead: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Drop every spike less than `dead` (s) after the last one that is kept of its cell."""
    order = np.lexsort((time, unit, trial))
    trial, unit, time = trial[order], unit[order], time[order]
    while True:
        early = np.zeros(time.size, dtype=bool)
        same = (trial[1:] == trial[:-1]) & (unit[1:] == unit[:-1])
        early[1:] = same & (np.diff(time) < dead)
        # In a chain of early spikes, only the first is known to follow a spike that is kept.
        early[1:] &= ~early[:-1].copy()
        if not early.any():
            return trial, unit, time
        trial, unit, time = trial[~early], unit[~early], time[~early]


SOURCE = Source(
    options=SyntheticOptions,
    prepare=lambda options, recording, seed, directory: record(options, recording, seed),
)
