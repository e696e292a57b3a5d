"""Reduced nearest-neighbor STDP: each spike takes part in one potentiation and one depression.

Masquelier, Guyonneau & Thorpe (2008), PLoS ONE 3:e1377: as between nearest neighbors, but a trace
is used up by the first spike of the other side, so that only the first spike of a burst counts.
"""

from spikedrift.plasticity.rule import Parameter, Rule
from spikedrift.plasticity.rules.pair_stdp import INDUCTIONS, MODEL
from spikedrift.plasticity.rules.pair_stdp_nearest import predict

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
    model=MODEL,
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
    inductions=INDUCTIONS,
)
