"""Additive pair STDP between nearest neighbors: each spike pairs with the last of the other side.

The windows are those of Song, Miller & Abbott (2000), Nature Neuroscience 3:919; the pairing is the
symmetric nearest-neighbor scheme of Morrison, Diesmann & Gerstner (2008), Biological Cybernetics
98:459: a trace is set to 1, not raised by 1.
"""

from spikedrift.plasticity.rule import Parameter, Rule

RULE = Rule(
    name="pair_stdp_nearest",
    title="nearest-neighbor pair STDP",
    citation="Morrison A, Diesmann M, Gerstner W (2008) Biological Cybernetics 98:459-478",
    parameters=(
        Parameter("eta", 0.01, "1", "potentiation A+ in units of w_max"),
        Parameter("ratio", 1.05, "1", "depression over potentiation, A-/A+"),
        Parameter("tau_plus", 0.020, "second", "window of potentiation"),
        Parameter("tau_minus", 0.020, "second", "window of depression"),
    ),
    model="""
    dx/dt = -x/tau_plus : 1 (event-driven)
    dy/dt = -y/tau_minus : 1 (event-driven)
    """,
    on_pre="""
    {transmit}
    x = 1
    w = clip(w - ratio*eta*w_max*y, 0, w_max)
    """,
    on_post="""
    y = 1
    w = clip(w + eta*w_max*x, 0, w_max)
    """,
)
