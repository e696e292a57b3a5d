"""Presynaptic spikes while the postsynaptic potential is held (Artola, Bröcher & Singer 1990)."""

import numpy as np

from spikedrift.config.inductions import VoltageClamp
from spikedrift.plasticity.protocol import Condition, Protocol, on_grid


def axis(options: VoltageClamp) -> str:
    """Label of the axis."""
    return "held potential (mV)"


def conditions(options: VoltageClamp, dt: float, rng: np.random.Generator) -> list[Condition]:
    """One condition a potential."""
    del rng
    pre = on_grid(np.arange(0, options.duration, 1 / options.frequency), dt)
    post = np.empty(0)
    curve = f"presynaptic {options.frequency:g} Hz"
    if options.post_interval is not None:
        post = pre + on_grid(options.post_interval, dt)
        post = post[post < options.duration]
        curve = f"pairs at {options.frequency:g} Hz, {options.post_interval * 1e3:+g} ms"
    return [
        Condition(
            x=potential * 1e3,
            curve=curve,
            pre=pre,
            post=post,
            duration=options.duration,
            held=potential,
        )
        for potential in options.potentials
    ]


PROTOCOL = Protocol("voltage_clamp", "membrane potential held", axis, conditions)
