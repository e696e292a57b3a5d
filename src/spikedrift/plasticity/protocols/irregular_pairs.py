"""Natural patterns: Poisson trains of one rate, some spikes of which belong together.

Graupner, Wallisch & Ostojic (2016), Journal of Neuroscience 36:11238: with probability p a
presynaptic spike brings a postsynaptic one after a fixed interval; the other postsynaptic spikes
are independent, and both sides have the same rate.
"""

import numpy as np

from spikedrift.config.inductions import IrregularPairs
from spikedrift.plasticity.protocol import Condition, Protocol, on_grid


def axis(options: IrregularPairs) -> str:
    """Label of the axis."""
    return "rate of both sides (Hz)"


def conditions(options: IrregularPairs, dt: float, rng: np.random.Generator) -> list[Condition]:
    """One condition a rate and a share of pairs."""
    return [
        _condition(options, dt, rng, rate, share)
        for share in options.paired
        for rate in options.rates
    ]


def _condition(
    options: IrregularPairs, dt: float, rng: np.random.Generator, rate: float, share: float
) -> Condition:
    def train(rate: float) -> np.ndarray:
        n = rng.poisson(rate * options.duration)
        return on_grid(np.sort(rng.random(n)) * options.duration, dt)

    pre = train(rate)
    partner = pre[rng.random(pre.size) < share] + on_grid(options.interval, dt)
    post = np.concatenate([partner, train(rate * (1 - share))])
    return Condition(
        x=rate,
        curve=f"{share:.0%} paired at {options.interval * 1e3:+g} ms",
        pre=pre,
        post=np.sort(post[(post >= 0) & (post < options.duration)]),
        duration=options.duration,
    )


PROTOCOL = Protocol("irregular_pairs", "Poisson trains with pairs", axis, conditions, random=True)
