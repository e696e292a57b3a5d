"""Functions of time that networks are trained to generate, and what cannot be one."""

import numpy as np
import numpy.typing as npt

from spikedrift.core.errors import InputError


def sines(
    time: npt.ArrayLike,
    period: npt.ArrayLike,
    phase: npt.ArrayLike,
    amplitude: npt.ArrayLike = 1.0,
) -> np.ndarray:
    """Return products of sines, amplitude * prod over factors of sin(2 pi (time / period - phase)).

    Parameters
    ----------
    time : float, shape (n_times,), s
    period : float, shape (n_factors, n) or what broadcasts to that of `phase`, s
    phase : float, shape (n_factors, n)
        Parts of a period by which a factor is late.
    amplitude : float, or float, shape (n,)

    Returns
    -------
    float64, shape (n_times, n)

    Raises
    ------
    InputError
        For periods that are not positive, shapes that do not fit, NaN or infinity.
    """
    late = np.asarray(phase, float)
    if late.ndim != 2:
        raise InputError(f"training: targets: phases of shape {late.shape}, needed (factors, n)")
    try:
        each = np.broadcast_to(np.asarray(period, float), late.shape)
        height = np.broadcast_to(np.asarray(amplitude, float), late.shape[1:])
    except ValueError:
        shapes = np.shape(period), np.shape(amplitude)
        raise InputError(
            f"training: targets: periods and amplitudes of shape {shapes[0]} and {shapes[1]} for "
            f"phases of shape {late.shape}"
        ) from None
    if not (each > 0).all():
        raise InputError(f"training: targets: period {each.min():g} s: must be positive")
    angle = np.asarray(time, float)[:, None, None] / each - late
    return checked(height * np.sin(2 * np.pi * angle).prod(axis=1), late.shape[1])


def ornstein_uhlenbeck(
    rng: np.random.Generator, n_times: int, n: int, dt: float, tau: float, sd: float
) -> np.ndarray:
    """Draw independent Ornstein-Uhlenbeck processes of mean 0, exactly, whatever the time step.

    Parameters
    ----------
    rng : numpy Generator
    n_times, n : int
    dt, tau : float, s
        Step, and time constant of the autocorrelation exp(-lag / tau).
    sd : float
        At every time, the first included.

    Returns
    -------
    float64, shape (n_times, n)

    Raises
    ------
    InputError
        For a step or a time constant that is not positive, or a negative SD.
    """
    if not (dt > 0 and tau > 0 and sd >= 0):
        raise InputError(
            f"training: targets: step {dt:g} s, time constant {tau:g} s, SD {sd:g}: times must be "
            "positive, and the SD not negative"
        )
    found = sd * rng.standard_normal((n_times, n))
    kept = np.exp(-dt / tau)
    found[1:] *= np.sqrt(1 - kept**2)
    for step in range(1, n_times):
        found[step] += kept * found[step - 1]
    return found


def checked(target: npt.ArrayLike, n: int, highest: float = np.inf, dt: float = 0.0) -> np.ndarray:
    """Return targets as an array, if a network can follow them.

    Parameters
    ----------
    target : float, shape (n_times, n)
        Input that each trained cell should get.
    n : int
        Trained cells.
    highest : float
        Input from which on a cell fires in every time step, so that it no longer says more.
    dt : float, s
        The time step, for the message.

    Returns
    -------
    float64, shape (n_times, n)

    Raises
    ------
    InputError
        For another shape, NaN or infinity, or a target that is too high.
    """
    found = np.asarray(target, float)
    if found.ndim != 2 or found.shape[1] != n or not found.shape[0]:
        raise InputError(f"training: targets of shape {found.shape}, needed (n_times, {n})")
    if not np.isfinite(found).all():
        time, cell = np.argwhere(~np.isfinite(found))[0]
        raise InputError(
            f"training: the target of cell {cell} is {found[time, cell]} at step {time}"
        )
    if found.max() >= highest:
        cell = int(found.max(axis=0).argmax())
        raise InputError(
            f"training: the target of cell {cell} rises to {found.max():.3g}; from {highest:.3g} "
            f"on a cell fires in every time step of {dt:g} s and follows no more"
        )
    return found


def correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the correlation of each cell's two time courses.

    Parameters
    ----------
    one, other : float64, shape (n_times, n), or (n_segments, n_times, n)
        Segments count as one course, the one behind the other.

    Returns
    -------
    float64, shape (n,)
        NaN where one of them is constant.
    """
    courses = (part.reshape(-1, part.shape[-1]) for part in (one, other))
    x, y = (course - course.mean(axis=0) for course in courses)
    size = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    return np.divide((x * y).sum(axis=0), size, out=np.full(size.shape, np.nan), where=size > 0)
