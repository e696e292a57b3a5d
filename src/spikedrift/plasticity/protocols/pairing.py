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
    trains = options.trains
    if isinstance(trains, int):
        trains = (trains,) * len(options.frequencies)
    return [
        _condition(options, dt, frequency, interval, n_trains)
        for frequency, n_trains in zip(options.frequencies, trains, strict=True)
        for interval in options.intervals
    ]


def _condition(
    options: Pairing, dt: float, frequency: float, interval: float, n_trains: int
) -> Condition:
    lag = on_grid(interval, dt)
    more = options.extra_post and lag < 0
    length = options.pairs / frequency + (-lag if more else 0.0)
    start = on_grid(np.arange(n_trains) * max(options.train_interval, length), dt)

    def spikes(n: int, delay: float) -> np.ndarray:
        times: np.ndarray = np.add.outer(start, on_grid(np.arange(n) / frequency, dt) + delay)
        return times.ravel()

    if options.along == "frequency":
        x, curve = frequency, f"{interval * 1e3:+g} ms"
    else:
        x, curve = interval * 1e3, f"{frequency:g} Hz"
    return Condition(
        x=x,
        curve=curve,
        pre=spikes(options.pairs, max(-lag, 0.0)),
        post=spikes(options.pairs + more, max(lag, 0.0)),
        duration=float(start[-1] + max(length, abs(lag))),
    )


PROTOCOL = Protocol("pairing", "pairs at a frequency", axis, conditions)
