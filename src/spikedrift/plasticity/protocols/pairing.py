"""Pairs of spikes at a frequency: the window of a rule, or its frequency dependence.

A train has several pairs, and trains follow each other (Sjöström, Turrigiano & Nelson 2001, Neuron
32:1149). Where a train lasts longer than the interval between trains, the next follows at once.
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
    lag = float(on_grid(interval, dt))
    pre, post, length = _train(options, dt, frequency, lag)
    start = on_grid(np.arange(n_trains) * max(options.train_interval, length), dt)
    if options.along == "frequency":
        x, curve = frequency, f"{interval * 1e3:+g} ms"
    else:
        x, curve = interval * 1e3, f"{frequency:g} Hz"
    return Condition(
        x=x,
        curve=curve,
        pre=np.add.outer(start, pre).ravel(),
        post=np.add.outer(start, post).ravel(),
        duration=float(start[-1] + max(length, abs(lag))),
    )


def _train(
    options: Pairing, dt: float, frequency: float, lag: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Presynaptic and postsynaptic times of one train, and its length; s."""
    length = options.pairs / frequency
    if options.ends == "window":
        # The window is (0, length], and the time of a condition begins with its first step.
        onset = on_grid(np.arange(options.pairs + 2 * abs(lag) * frequency + 1) / frequency, dt)
        late = onset - abs(lag) - dt
        pre, post = (
            side[(side > -dt / 2) & (side < length - dt / 2)] for side in (late - lag, late)
        )
        return pre, post, length
    more = options.ends == "extra_post" and lag < 0
    onset = on_grid(np.arange(options.pairs + more) / frequency, dt)
    return (
        onset[: options.pairs] + max(-lag, 0.0),
        onset + max(lag, 0.0),
        length - lag if more else length,
    )


PROTOCOL = Protocol("pairing", "pairs at a frequency", axis, conditions)
