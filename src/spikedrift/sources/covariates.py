"""Behavior during the trials: running speed and pupil area, averaged over each trial."""

import re

import numpy as np
import numpy.typing as npt

LENGTHS = {"mm": 0.1, "cm": 1.0, "m": 100.0, "km": 1e5}  # cm
TIMES = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}  # s
NAMES = {
    "milli": "m", "centi": "c", "kilo": "k", "meters": "m", "metres": "m", "meter": "m",
    "metre": "m", "seconds": "s", "second": "s", "secs": "s", "sec": "s", "hours": "h", "hour": "h",
    "minutes": "min", "minute": "min", " per ": "/",
}  # fmt: skip


def speed_factor(unit: str) -> float | None:
    """Factor from a unit of speed to cm/s; None for a unit that is not known.

    Parameters
    ----------
    unit : str
        For example m/s, cm s^-1, meters per second.
    """
    text = unit.strip().lower().replace("⁻¹", "-1")
    for name, short in NAMES.items():
        text = text.replace(name, short)
    parts = re.fullmatch(r"([a-z]+) ?(?:/ ?([a-z]+)|[*. ·]?([a-z]+) ?(?:\^|\*\*)?-1)", text)
    if parts is None:
        return None
    length, time = LENGTHS.get(parts[1]), TIMES.get(parts[2] or parts[3])
    return None if length is None or time is None else length / time


def trial_means(
    time: npt.ArrayLike, value: npt.ArrayLike, start: npt.ArrayLike, stop: npt.ArrayLike
) -> np.ndarray:
    """Mean of the finite samples within [start, stop) of every trial.

    Parameters
    ----------
    time : array, shape (n_samples,), s
        In any order.
    value : array, shape (n_samples,)
        NaN where the sample is missing (a blink).
    start, stop : array, shape (n_trials,), s

    Returns
    -------
    float64, shape (n_trials,)
        In the unit of `value`; NaN where a trial holds no finite sample.
    """
    time, value = np.asarray(time, dtype=np.float64), np.asarray(value, dtype=np.float64)
    good = np.isfinite(time) & np.isfinite(value)
    order = np.argsort(time[good], kind="stable")
    time, value = time[good][order], value[good][order]
    bounds = np.searchsorted(time, np.stack([np.asarray(start), np.asarray(stop)]))
    total = np.concatenate([[0.0], np.cumsum(value)])
    count = bounds[1] - bounds[0]
    out = np.full(count.shape, np.nan)
    np.divide(total[bounds[1]] - total[bounds[0]], count, out=out, where=count > 0)
    return out
