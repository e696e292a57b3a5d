"""Additive pair-based spike-timing-dependent plasticity, all spikes interacting.

Song, Miller & Abbott (2000), Nature Neuroscience 3:919: a pair of spikes s = t_post - t_pre apart
changes the weight by A+ exp(-s / tau+) for s > 0 and by -A- exp(s / tau-) for s < 0; the changes
of all pairs add up, and the weight stays within [0, w_max]. Steps scale with w_max:
A+ = eta w_max, A- = ratio A+.
"""

from spikedrift.plasticity.rule import Parameter, Rule

RULE = Rule(
    name="pair_stdp",
    title="additive pair STDP",
    citation="Song S, Miller KD, Abbott LF (2000) Nature Neuroscience 3:919-926",
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
    x += 1
    w = clip(w - ratio*eta*w_max*y, 0, w_max)
    """,
    on_post="""
    y += 1
    w = clip(w + eta*w_max*x, 0, w_max)
    """,
)
