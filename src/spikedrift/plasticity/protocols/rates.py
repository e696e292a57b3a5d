"""Independent Poisson trains, with the rate of one side swept."""

import numpy as np

from spikedrift.config.inductions import RateSweep
from spikedrift.plasticity.protocol import Condition, Protocol, on_grid


def axis(options: RateSweep) -> str:
    """Label of the axis."""
    return f"{options.swept}synaptic rate (Hz)"


def conditions(options: RateSweep, dt: float, rng: np.random.Generator) -> list[Condition]:
    """One condition a rate of either side."""

    def train(rate: float) -> np.ndarray:
        n = rng.poisson(rate * options.duration)
        return on_grid(np.sort(rng.random(n)) * options.duration, dt)

    other = "post" if options.swept == "pre" else "pre"
    found = []
    for fixed in options.others:
        for rate in options.rates:
            rates = {options.swept: rate, other: fixed}
            pre, post = train(rates["pre"]), train(rates["post"])
            curve = f"{other} {fixed:g} Hz"
            both = (rates["pre"], rates["post"])
            found.append(Condition(rate, curve, pre, post, options.duration, rates=both))
    return found


PROTOCOL = Protocol("rates", "independent Poisson trains", axis, conditions, random=True)
