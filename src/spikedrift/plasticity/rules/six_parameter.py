"""Pair rules with six free parameters, the family searched for rules that keep a network stable.

Confavreux, Agnes, Zenke, Sprekeler & Vogels (2025): a presynaptic spike changes the weight by
eta (alpha + kappa y), a postsynaptic one by eta (beta + gamma x), where x and y are traces of the
presynaptic and postsynaptic spikes. The spike is passed on with the weight that it found.
"""

from spikedrift.plasticity.rule import Parameter, ParameterSet, Rule

STABLE = (
    "printed in the notebooks of the published code (VogelsLab/Mem1kRules, figure 5): one of four "
    "that keep the network stable when all act together"
)


def vector(
    tau_pre: float, tau_post: float, alpha: float, beta: float, gamma: float, kappa: float
) -> ParameterSet:
    """Set in the order of the published vectors; time constants in s."""
    values = {"tau_x": tau_pre, "tau_y": tau_post, "alpha": alpha, "beta": beta}
    return ParameterSet(values | {"gamma": gamma, "kappa": kappa}, STABLE)


RULE = Rule(
    name="six_parameter",
    title="six-parameter pair rule",
    citation="Confavreux B, Agnes EJ, Zenke F, Sprekeler H, Vogels TP (2025)",
    parameters=(
        Parameter("eta", 0.01, "1", "step, in units of the weight"),
        Parameter("tau_x", 0.020, "second", "window of the presynaptic trace"),
        Parameter("tau_y", 0.020, "second", "window of the postsynaptic trace"),
        Parameter("alpha", 0.0, "1", "change by a presynaptic spike alone"),
        Parameter("beta", 0.0, "1", "change by a postsynaptic spike alone"),
        Parameter("gamma", 0.0, "1", "change by a postsynaptic spike per presynaptic trace"),
        Parameter("kappa", 0.0, "1", "change by a presynaptic spike per postsynaptic trace"),
    ),
    model="""
    dx/dt = -x/tau_x : 1 (event-driven)
    dy/dt = -y/tau_y : 1 (event-driven)
    """,
    on_pre="""
    {transmit}
    w = clip(w + eta*(alpha + kappa*y), 0, w_max)
    x += 1
    """,
    on_post="""
    w = clip(w + eta*(beta + gamma*x), 0, w_max)
    y += 1
    """,
    sets={
        "stable_ee": vector(
            0.09899529, 0.02168842, 0.97122812, -0.69648784, -1.6208415, 0.34955794
        ),
        "stable_ei": vector(
            0.03340723, 0.01843749, 0.34621623, -0.30094439, -0.07869183, -0.24296246
        ),
        "stable_ie": vector(
            0.07721041, 0.04380602, -0.42367217, 0.24488218, 0.66797048, 1.05131209
        ),
        "stable_ii": vector(0.03858982, 0.08193711, -0.48273176, 0.3082352, 0.8473407, 0.43622023),
    },
)
