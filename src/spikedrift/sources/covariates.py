"""Behavior beside the trials: running speed and pupil, averaged over each trial."""

import numpy as np
import numpy.typing as npt


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
