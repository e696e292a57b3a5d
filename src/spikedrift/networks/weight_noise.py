"""Noise of weights that keeps their means, at any times: rules of the library in closed form.

`weight_noise_lognormal` lets the logarithm of a weight follow an Ornstein-Uhlenbeck process about a
set point, and `weight_noise_multiplicative` a random walk. As rules they are drawn every second;
the same processes have a solution over any time, so that a pause costs one draw.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from spikedrift.config.base import Options


class Noise(Options):
    """Noise of plastic weights that keeps their means."""

    kind: Literal["lognormal", "multiplicative"] = Field(
        default="lognormal",
        description="as the rule weight_noise_lognormal or weight_noise_multiplicative",
    )
    sd: float = Field(
        ge=0, description="SD of ln w: at rest, s, or of multiplicative noise after one second"
    )
    tau: float = Field(default=100.0, gt=0, description="time constant of log-normal noise; s")


class Noisy:
    """Sizes of synapses under noise.

    Parameters
    ----------
    options : Noise
    size : float64, shape (n_synapses,)
        First sizes.
    key : int
        Of counted draws.
    """

    def __init__(self, options: Noise, size: np.ndarray, key: int) -> None:
        self.options, self.key = options, key
        self.n_draws = 0
        self.set_point, self.last = size.copy(), size.copy()
        self.deviation, self.variance = np.zeros(size.size), np.zeros(size.size)

    def renew(self, where: np.ndarray, size: np.ndarray) -> None:
        """Begin anew with new synapses, at places `where` of these sizes."""
        self.set_point[where] = self.last[where] = size
        self.deviation[where] = self.variance[where] = 0.0

    def advance(
        self, size: np.ndarray, bound: np.ndarray | float, seconds: np.ndarray
    ) -> np.ndarray:
        """Return sizes after some time.

        Parameters
        ----------
        size : float64, shape (n_synapses,)
            What other processes changed since the last call moves the set point.
        bound : float64, shape (n_synapses,), or float
            No size is greater.
        seconds : float64, shape (n_synapses,)
        """
        from spikedrift.simulation import streams

        at = streams.branch(self.key, streams.purpose("noise"), np.arange(size.size))
        fresh = streams.normal(at, self.n_draws)
        self.n_draws += 1
        sd = self.options.sd
        if sd == 0:
            return size
        if self.options.kind == "multiplicative":
            factor = np.exp(sd * np.sqrt(seconds) * fresh - sd**2 * seconds / 2)
            return np.clip(size * factor, 0, bound)
        self.set_point = np.clip(self.set_point + size - self.last, 0, bound)
        kept = np.exp(-seconds / self.options.tau)
        self.deviation = kept * self.deviation + sd * np.sqrt(1 - kept**2) * fresh
        self.variance = kept**2 * self.variance + (1 - kept**2) * sd**2
        self.last = np.clip(self.set_point * np.exp(self.deviation - self.variance / 2), 0, bound)
        return self.last.copy()
