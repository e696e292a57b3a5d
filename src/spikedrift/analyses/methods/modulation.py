"""How much the rate of each unit follows behavior."""

import numpy as np


def residuals(values: np.ndarray, known: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Subtract the mean over trials of each segment, which is the effect of the stimulus itself.

    The pupil responds to the brightness of a movie as units do; without this step that would look
    like modulation by behavior.

    Parameters
    ----------
    values : float64, shape (n_trials, n_columns)
    known : bool, shape (n_trials, n_columns)
    segment : int64, shape (n_trials,)
        Numbered from 0.

    Returns
    -------
    float64, shape (n_trials, n_columns)
        0 where unknown.
    """
    member = np.zeros((int(segment.max(initial=-1)) + 1, segment.size))
    member[segment, np.arange(segment.size)] = 1.0
    filled = np.where(known, values, 0.0)
    n = member @ known
    mean = np.divide(member @ filled, n, out=np.zeros_like(n), where=n > 0)
    return np.where(known, filled - mean[segment], 0.0)


def modulation(
    response: np.ndarray,
    observed: np.ndarray,
    trace: np.ndarray,
    shuffles: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Correlate units with a behavioral trace over trials, and with the trace shifted in time.

    Parameters
    ----------
    response : float64, shape (n_trials, n_units)
        Trials in the order in which they were shown.
    observed : bool, shape (n_trials, n_units)
    trace : float64, shape (n_trials,)
        NaN where unknown.
    shuffles : int
        Number of circular shifts of the trace by one trial or more, drawn without replacement; all
        shifts where there are no more.
    rng : Generator

    Returns
    -------
    correlation : float64, shape (n_units,)
        Pearson over the trials in which both are known; NaN where either does not vary.
    null : float64, shape (n_shuffles, n_units)
        The same with the shifted traces.
    """
    steps = np.arange(1, trace.size)
    if steps.size > shuffles:
        steps = np.sort(rng.choice(steps, shuffles, replace=False))
    place = (np.arange(trace.size) + np.append(0, steps)[:, None]) % trace.size
    shifted = trace[place]
    known = np.isfinite(shifted).astype(np.float64)
    c = np.where(known > 0, shifted, 0.0)
    seen = observed.astype(np.float64)
    x = np.where(observed, response, 0.0)
    n, sum_c, sum_x = known @ seen, c @ seen, known @ x
    spread = (n * (c**2 @ seen) - sum_c**2) * (n * (known @ x**2) - sum_x**2)
    joint = n * (c @ x) - sum_c * sum_x
    value = np.full(joint.shape, np.nan)
    np.divide(joint, np.sqrt(np.maximum(spread, 0)), out=value, where=spread > 1e-9 * n**2)
    return value[0], value[1:]
