"""A presynaptic spike with a postsynaptic burst, repeated (Wittenberg & Wang 2006)."""

import numpy as np

from spikedrift.config.inductions import Bursts
from spikedrift.plasticity.protocol import Condition, Protocol, on_grid


def axis(options: Bursts) -> str:
    """Label of the axis."""
    return "last t_post - t_pre (ms)"


def conditions(options: Bursts, dt: float, rng: np.random.Generator) -> list[Condition]:
    """One condition a number of bursts and an interval."""
    del rng
    burst = -options.spacing * np.arange(options.spikes)[::-1]
    found = []
    for number in options.bursts:
        onset = on_grid(np.arange(number) / options.frequency, dt)
        for interval in options.intervals:
            pre, post = np.zeros(1), interval + burst
            begin = min(0.0, post[0])
            found.append(
                Condition(
                    x=interval * 1e3,
                    curve=f"{number} bursts",
                    pre=np.add.outer(onset, on_grid(pre - begin, dt)).ravel(),
                    post=np.add.outer(onset, on_grid(post - begin, dt)).ravel(),
                    duration=number / options.frequency,
                )
            )
    return found


PROTOCOL = Protocol("bursts", "one spike and a postsynaptic burst", axis, conditions)
