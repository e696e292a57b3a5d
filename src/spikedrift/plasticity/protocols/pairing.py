"""Pairs of spikes at a frequency: the window of a rule, or its frequency dependence.

A train has some pairs, and trains follow each other (Sjöström, Turrigiano & Nelson 2001, Neuron
32:1149). A train that is longer than the time to the next is followed at once.
"""

import numpy as np

from spikedrift.config.inductions import Pairing
from spikedrift.plasticity.protocol import Condition, Protocol, on_grid


def axis(options: Pairing) -> str:
    """Label of the axis."""
    return "frequency (Hz)" if options.along == "frequency" else "interval t_post - t_pre (ms)"


def conditions(options: Pairing, dt: float, rng: np.random.Generator) -> list[Condition]:
    """One condition an interval and a frequency."""
    del rng
    return [
        _condition(options, dt, frequency, interval)
        for frequency in options.frequencies
        for interval in options.intervals
    ]


def _condition(options: Pairing, dt: float, frequency: float, interval: float) -> Condition:
    onset = on_grid(np.arange(options.pairs) / frequency, dt)
    length = options.pairs / frequency
    start = on_grid(np.arange(options.trains) * max(options.train_interval, length), dt)
    onset = (start[:, np.newaxis] + onset).ravel()
    lag = on_grid(interval, dt)
    if options.along == "frequency":
        x, curve = frequency, f"{interval * 1e3:+g} ms"
    else:
        x, curve = interval * 1e3, f"{frequency:g} Hz"
    return Condition(
        x=x,
        curve=curve,
        pre=onset + max(-lag, 0.0),
        post=onset + max(lag, 0.0),
        duration=float(start[-1] + max(length, options.pairs and abs(interval))),
    )


PROTOCOL = Protocol("pairing", "pairs at a frequency", axis, conditions)
