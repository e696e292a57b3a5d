"""Symmetric STDP: the change depends on how far two spikes are apart, not on which came first.

Manz & Memmesheimer (2023), PLoS Computational Biology 19:e1011006: at every spike of one side the
weight changes by eta times the trace of the other side, the sum of a short positive and a longer
negative exponential. Time constants assume the 10 ms that stand for one unit of time there.
"""

from spikedrift.plasticity.rule import Parameter, Rule

RULE = Rule(
    name="symmetric_stdp",
    title="symmetric STDP",
    citation="Manz P, Memmesheimer R-M (2023) PLoS Computational Biology 19:e1011006",
    parameters=(
        Parameter("eta", 0.148, "1", "learning rate mu, in units of w_max"),
        Parameter("A_plus", 0.08, "1", "amplitude of the short, positive part"),
        Parameter("A_minus", 0.0533, "1", "amplitude of the longer, negative part"),
        Parameter("tau_plus", 0.025, "second", "window of the positive part"),
        Parameter("tau_minus", 0.050, "second", "window of the negative part"),
    ),
    model="""
    dx_p/dt = -x_p/tau_plus : 1 (event-driven)
    dx_d/dt = -x_d/tau_minus : 1 (event-driven)
    dy_p/dt = -y_p/tau_plus : 1 (event-driven)
    dy_d/dt = -y_d/tau_minus : 1 (event-driven)
    """,
    on_pre="""
    {transmit}
    w = clip(w + eta*w_max*(A_plus*y_p - A_minus*y_d), 0, w_max)
    x_p += 1
    x_d += 1
    """,
    on_post="""
    w = clip(w + eta*w_max*(A_plus*x_p - A_minus*x_d), 0, w_max)
    y_p += 1
    y_d += 1
    """,
)
