"""Multiplicative synaptic scaling: all weights of a cell grow or shrink in proportion.

After Turrigiano et al. (1998), Nature 391:892, in the simplest form in use, not that of a
particular paper: dw/dt = scaling w (scaling_rate - r), where r is the postsynaptic rate, low-pass
filtered over tau_scaling. Steps come once a second: scaling is far slower. It acts beside a rule
that moves the weights, and the ratios between the weights of a cell stay as they are.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Regular, Rule

INTERVAL = 1.0


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Weight over its first value after Poisson spikes, for small changes."""
    if condition.rates is None:
        return np.nan
    excess, tau = condition.rates[1] - values["scaling_rate"], values["tau_scaling"]
    rounds = np.arange(1, int(condition.duration / INTERVAL) + 1)
    steps = values["scaling"] * INTERVAL * excess * (1 - np.exp(-rounds * INTERVAL / tau))
    return float(np.prod(1 - steps))


RATES = Induction(
    name="rates",
    title="postsynaptic rate",
    protocol="rates",
    options={"swept": "post", "rates": (1, 2, 4, 6, 8, 10, 15, 20), "duration": 30.0},
    readout="ratio",
    replicates=64,
    # Four standard errors of the mean at the highest rate.
    tolerance=0.007,
)

RULE = Rule(
    name="synaptic_scaling",
    title="multiplicative synaptic scaling",
    citation="Turrigiano GG et al. (1998) Nature 391:892-896",
    parameters=(
        Parameter("scaling", 1e-3, "1", "relative change in a second, for 1 Hz off the target"),
        Parameter("scaling_rate", 4.0, "Hz", "postsynaptic rate at which the weights rest"),
        Parameter("tau_scaling", 10.0, "second", "low-pass filter of the rate"),
    ),
    rate="scaling",
    model="""
    n_spikes : 1
    rate_seen : Hz
    """,
    start=f"""
    rate_seen = scaling_rate
    n_spikes = scaling_rate*{INTERVAL}*second
    """,
    on_post="n_spikes += 1",
    every=(
        Regular(
            f"""
            rate = n_spikes/({INTERVAL}*second)
            rate_seen += (1 - exp(-{INTERVAL}*second/tau_scaling))*(rate - rate_seen)
            n_spikes = 0
            w = clip(w*(1 + scaling*{INTERVAL}*second*(scaling_rate - rate_seen)), 0, w_max)
            """,
            interval=INTERVAL,
        ),
    ),
    predict=predict,
    inductions=(RATES,),
)
