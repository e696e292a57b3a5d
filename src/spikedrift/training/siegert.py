"""The transfer function of a leaky integrate-and-fire cell, and its inverse.

The cell obeys tau dV/dt = -V + mean + noise, fires at the threshold and starts again from the reset
after the dead time. The noise is white, of such a size that V without a threshold would have the SD
`sd`. Its rate is Siegert's (1951, Phys Rev 81:617):

    1 / rate = dead_time + tau sqrt(pi) int_a^b exp(u^2) (1 + erf(u)) du,
    a = (reset - mean) / (sqrt(2) sd),   b = (threshold - mean) / (sqrt(2) sd).

Noise that comes through synapses of time constant tau_syn is colored. To first order in
sqrt(tau_syn / tau) this moves a and b up by 1.03 of it (Fourcaud & Brunel 2002, Neural Comput
14:2057); `sd` is then that of white noise of the same power at low frequencies, which is
sqrt(tau_syn / tau) times the SD of the input that is filtered.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from spikedrift.core.errors import InputError

COLORED = 1.4603545088095868 / np.sqrt(2)  # |zeta(1/2)| sqrt(2) / 2
LARGEST = 26.0  # exp(u^2) beyond which no double has room: the rate is 0
NODES, WEIGHTS = np.polynomial.legendre.leggauss(36)
CHUNK = 2**14
LOWEST = 1e-60  # rates below which mean input is not looked for; Hz


@dataclass(frozen=True)
class Cell:
    """A leaky integrate-and-fire cell and the noise of its input.

    Attributes
    ----------
    sd : float
        SD that V would have without a threshold, in the unit of the threshold.
    tau : float, s
    threshold, reset : float
    dead_time : float, s
    tau_syn : float, s
        Time constant of the noise; 0 for white noise.

    Raises
    ------
    InputError
        For parameters that are no such cell.
    """

    sd: float
    tau: float = 0.01
    threshold: float = 1.0
    reset: float = 0.0
    dead_time: float = 0.0
    tau_syn: float = 0.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        for name in ("sd", "tau"):
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise InputError(f"transfer function: {name} {value:g}: must be positive, finite")
        for name in ("dead_time", "tau_syn"):
            value = getattr(self, name)
            if not 0 <= value < np.inf:
                raise InputError(f"transfer function: {name} {value:g}: must not be negative")
        if not self.reset < self.threshold < np.inf:
            raise InputError(
                f"transfer function: the reset, {self.reset:g}, is not below the threshold, "
                f"{self.threshold:g}"
            )


def rate(cell: Cell, mean: npt.ArrayLike) -> np.ndarray:
    """Rate of a cell.

    Parameters
    ----------
    cell : Cell
    mean : float, any shape
        Mean input, in the unit of the threshold.

    Returns
    -------
    float64, of that shape, Hz
        0 where it is below what a double can say.
    """
    given = np.asarray(mean, float)
    return np.exp(_chunked(cell, given.ravel())[0]).reshape(given.shape)


def mean_input(cell: Cell, wanted: npt.ArrayLike) -> np.ndarray:
    """Mean input for which a cell has a rate.

    Parameters
    ----------
    cell : Cell
    wanted : float, any shape, Hz

    Returns
    -------
    float64, of that shape

    Raises
    ------
    InputError
        For a rate that is NaN, not above 0, or not below that of a cell whose every dead time is
        followed by a spike at once.
    """
    given = np.asarray(wanted, float)
    flat = given.ravel()
    most = 1 / cell.dead_time if cell.dead_time else np.inf
    if (wrong := np.flatnonzero(~((flat >= LOWEST) & (flat < most)))).size:
        place = tuple(int(one) for one in np.unravel_index(wrong[0], given.shape))
        where = f" at {place[0] if len(place) == 1 else place}" if place else ""
        raise InputError(
            f"transfer function: a rate of {flat[wrong[0]]:g} Hz{where} is out of reach: a cell "
            f"has rates above 0 and below {most:g} Hz"
        )
    if not flat.size:
        return given.copy()
    target = np.log(flat)
    low, high = _bracket(cell, target.min(), target.max())
    grid = np.linspace(low, high, 1025)
    logs, _ = _chunked(cell, grid)
    seen = np.isfinite(logs)
    found = np.interp(target, logs[seen], grid[seen])
    below = np.interp(target, logs[seen], grid[seen] - (high - low) / 1024)
    above = np.interp(target, logs[seen], grid[seen] + (high - low) / 1024)
    for _ in range(60):
        value, slope = _chunked(cell, found)
        off = value - target
        below, above = np.where(off < 0, found, below), np.where(off > 0, found, above)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = found - off / slope
        inside = (step >= below) & (step <= above)
        after = np.where(off == 0, found, np.where(inside, step, (below + above) / 2))
        done = np.abs(after - found).max() <= 1e-12 * (1 + np.abs(found).max())
        found = after
        if done:
            break
    return found.reshape(given.shape)


def _bracket(cell: Cell, lowest: float, highest: float) -> tuple[float, float]:
    """Mean inputs whose log rates lie around two."""
    span = cell.threshold - cell.reset
    low = high = cell.threshold
    for _ in range(1100):
        if _log_rate(cell, np.array([low]))[0][0] <= lowest:
            break
        low -= cell.sd
    while _log_rate(cell, np.array([high]))[0][0] < highest:
        high = cell.threshold + 2 * (high - cell.threshold) + span
        if not np.isfinite(high):
            raise InputError(
                f"transfer function: a rate of {np.exp(highest):g} Hz is out of reach: no mean "
                "input is large enough"
            )
    return low, high


def _chunked(cell: Cell, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = [_log_rate(cell, mean[k : k + CHUNK]) for k in range(0, mean.size, CHUNK)]
    if not parts:
        return np.empty(0), np.empty(0)
    values, slopes = zip(*parts, strict=True)
    return np.concatenate(values), np.concatenate(slopes)


def _log_rate(cell: Cell, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the rate, and its derivative by the mean input."""
    shift = COLORED * np.sqrt(cell.tau_syn / cell.tau)
    scale = 1 / (np.sqrt(2) * cell.sd)
    a, b = (scale * (edge - mean) + shift for edge in (cell.reset, cell.threshold))
    beyond = b > LARGEST
    b = np.minimum(b, LARGEST)
    a = np.minimum(a, b)
    # exp(u^2) (1 + erf u) is erfcx(-u): below 0 it falls off as 1/|u|, above it grows as exp(u^2).
    whole = _tail(np.maximum(-b, 0.0), np.maximum(-a, 0.0))
    up, down = np.maximum(b, 0.0), np.maximum(a, 0.0)
    with np.errstate(under="ignore"):
        whole += 2 * (np.exp(up**2) * scipy.special.dawsn(up)
                      - np.exp(down**2) * scipy.special.dawsn(down)) - _tail(down, up)  # fmt: skip
        between = cell.dead_time + cell.tau * np.sqrt(np.pi) * whole
        rise = scipy.special.erfcx(-b) - scipy.special.erfcx(-a)
        slope = cell.tau * np.sqrt(np.pi) * scale * rise / between
    return np.where(beyond, -np.inf, -np.log(between)), np.where(beyond, np.nan, slope)


def _tail(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Integral of erfcx between two numbers from 0 up, by sinh(t), of which it is smooth."""
    first, last = np.arcsinh(low)[:, None], np.arcsinh(high)[:, None]
    grown = np.exp(first + (last - first) * (NODES + 1) / 2)
    shrunk = 1 / grown
    values = scipy.special.erfcx((grown - shrunk) / 2) * (grown + shrunk) / 2
    found: np.ndarray = ((last - first) / 2 * WEIGHTS * values).sum(axis=1)
    return found
