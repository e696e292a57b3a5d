"""Triplets of spikes, repeated (Wang, Gerkin, Nauen & Bi 2005, Nature Neuroscience 8:187)."""

import numpy as np

from spikedrift.config.inductions import Triplets
from spikedrift.plasticity.protocol import Condition, Protocol, on_grid


def axis(options: Triplets) -> str:
    """Label of the axis."""
    return "interval of the first pair (ms)"


def conditions(options: Triplets, dt: float, rng: np.random.Generator) -> list[Condition]:
    """One condition a pair of intervals."""
    del rng
    onset = on_grid(np.arange(options.triplets) / options.frequency, dt)
    found = []
    for first, second in options.intervals:
        # Times are relative to the spike of the side that has only one.
        one, two = np.zeros(1), np.array([first, second])
        pre, post = (-two, one) if options.order == "pre-post-pre" else (one, two)
        begin = min(pre.min(), post.min())
        found.append(
            Condition(
                x=first * 1e3,
                curve=f"second pair {second * 1e3:+g} ms",
                pre=np.sort(np.add.outer(onset, on_grid(pre - begin, dt)).ravel()),
                post=np.sort(np.add.outer(onset, on_grid(post - begin, dt)).ravel()),
                duration=options.triplets / options.frequency,
            )
        )
    return found


PROTOCOL = Protocol("triplets", "triplets of spikes", axis, conditions)
