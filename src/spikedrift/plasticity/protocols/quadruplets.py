"""Quadruplets of spikes, repeated (Wang, Gerkin, Nauen & Bi 2005, Nature Neuroscience 8:187)."""

import numpy as np

from spikedrift.config.inductions import Quadruplets
from spikedrift.plasticity.protocol import Condition, Protocol, on_grid


def axis(options: Quadruplets) -> str:
    """Label of the axis."""
    return "inner interval (ms)"


def conditions(options: Quadruplets, dt: float, rng: np.random.Generator) -> list[Condition]:
    """One condition a time between the pairs."""
    del rng
    onset = on_grid(np.arange(options.quadruplets) / options.frequency, dt)
    lag = options.interval
    found = []
    for time in options.times:
        # The outer spikes are on one side of the synapse, the inner ones on the other.
        outer, inner = (0.0, abs(time) + 2 * lag), (lag, abs(time) + lag)
        pre, post = (inner, outer) if time > 0 else (outer, inner)
        found.append(
            Condition(
                x=time * 1e3,
                curve=f"{lag * 1e3:g} ms pairs",
                pre=np.add.outer(onset, on_grid(pre, dt)).ravel(),
                post=np.add.outer(onset, on_grid(post, dt)).ravel(),
                duration=options.quadruplets / options.frequency,
            )
        )
    return found


PROTOCOL = Protocol("quadruplets", "two pairs of opposite order", axis, conditions)
