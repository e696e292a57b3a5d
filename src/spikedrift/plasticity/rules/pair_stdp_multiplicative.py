"""Multiplicative pair STDP: steps shrink toward the bound that they lead to; all spikes interact.

Rubin, Lee & Sompolinsky (2001), Physical Review Letters 86:364: potentiation in proportion to
w_max - w, depression in proportion to w, with the windows of additive pair STDP.
"""

from collections.abc import Mapping

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Rule
from spikedrift.plasticity.rules.pair_stdp import INDUCTIONS, MODEL, single_pair


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change by a single pair, or NaN where the protocol has more."""
    eta = values["eta"]
    up, down = eta * (induction.w_max - induction.weight), eta * induction.weight
    return single_pair(values, condition, up, down)


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
    model=MODEL,
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
    inductions=INDUCTIONS,
)
