"""Multiplicative pair STDP: steps shrink toward the bound that they lead to; all spikes interact.

Rubin, Lee & Sompolinsky (2001), Physical Review Letters 86:364: potentiation in proportion to
w_max - w, depression in proportion to w, with the windows of additive pair STDP.
"""

import math
from collections.abc import Mapping

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Rule
from spikedrift.plasticity.rules.pair_stdp import SINGLE_PAIRS


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change by a single pair, or NaN where the protocol has more."""
    if condition.pre.size > 1:
        return math.nan
    lag = float(condition.post[0] - condition.pre[0])
    if lag >= 0:
        return (
            values["eta"]
            * (induction.w_max - induction.weight)
            * math.exp(-lag / values["tau_plus"])
        )
    return -values["ratio"] * values["eta"] * induction.weight * math.exp(lag / values["tau_minus"])


RULE = Rule(
    name="pair_stdp_multiplicative",
    title="multiplicative pair STDP",
    citation="Rubin J, Lee DD, Sompolinsky H (2001) Physical Review Letters 86:364-367",
    parameters=(
        Parameter("eta", 0.01, "1", "potentiation as a share of what is left up to w_max"),
        Parameter("ratio", 1.05, "1", "depression as a share of the weight, over eta"),
        Parameter("tau_plus", 0.020, "second", "window of potentiation"),
        Parameter("tau_minus", 0.020, "second", "window of depression"),
    ),
    model="""
    dx/dt = -x/tau_plus : 1 (event-driven)
    dy/dt = -y/tau_minus : 1 (event-driven)
    """,
    on_pre="""
    {transmit}
    x += 1
    w = clip(w - ratio*eta*w*y, 0, w_max)
    """,
    on_post="""
    y += 1
    w = clip(w + eta*(w_max - w)*x, 0, w_max)
    """,
    predict=predict,
    inductions=(
        Induction(
            name="window",
            title="a single pair",
            protocol="pairing",
            options={"along": "interval", "intervals": SINGLE_PAIRS, "pairs": 1},
            tolerance=1e-9,
        ),
        Induction(
            name="frequency",
            title="60 pairs",
            protocol="pairing",
            options={"frequencies": [0.1, 1, 5, 10, 20, 30, 40, 50]},
            parameters={"eta": 1e-3},
        ),
    ),
)
