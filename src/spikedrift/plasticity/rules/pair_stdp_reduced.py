"""Reduced nearest-neighbor STDP: each spike takes part in one potentiation and one depression.

Masquelier, Guyonneau & Thorpe (2008), PLoS ONE 3:e1377: as between nearest neighbors, but a trace
is used up by the first spike of the other side, so that of a burst only its first spike counts.
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
        return values["eta"] * induction.w_max * math.exp(-lag / values["tau_plus"])
    return -values["ratio"] * values["eta"] * induction.w_max * math.exp(lag / values["tau_minus"])


RULE = Rule(
    name="pair_stdp_reduced",
    title="reduced nearest-neighbor pair STDP",
    citation="Masquelier T, Guyonneau R, Thorpe SJ (2008) PLoS ONE 3:e1377",
    parameters=(
        Parameter("eta", 0.03125, "1", "potentiation A+ in units of w_max"),
        Parameter("ratio", 0.85, "1", "depression over potentiation, A-/A+"),
        Parameter("tau_plus", 0.0168, "second", "window of potentiation"),
        Parameter("tau_minus", 0.0337, "second", "window of depression"),
    ),
    model="""
    dx/dt = -x/tau_plus : 1 (event-driven)
    dy/dt = -y/tau_minus : 1 (event-driven)
    """,
    on_pre="""
    {transmit}
    x = 1
    w = clip(w - ratio*eta*w_max*y, 0, w_max)
    y = 0
    """,
    on_post="""
    y = 1
    w = clip(w + eta*w_max*x, 0, w_max)
    x = 0
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
