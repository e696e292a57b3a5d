"""Pair rules with six free parameters, the family searched for rules that keep a network stable.

Confavreux, Agnes, Zenke, Sprekeler & Vogels (2025): a presynaptic spike changes the weight by
eta (alpha + kappa y), a postsynaptic one by eta (beta + gamma x), where x and y are traces of the
presynaptic and postsynaptic spikes. The spike is passed on with the weight that it found.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, ParameterSet, Rule

STABLE = (
    "printed in the notebooks of the published code (VogelsLab/Mem1kRules, figure 5): one of four "
    "that keep the network stable when all act together"
)


def vector(
    tau_pre: float, tau_post: float, alpha: float, beta: float, gamma: float, kappa: float
) -> ParameterSet:
    """Parameter set from values in the order of the published vectors; time constants in s."""
    values = {"tau_x": tau_pre, "tau_y": tau_post, "alpha": alpha, "beta": beta}
    return ParameterSet(values | {"gamma": gamma, "kappa": kappa}, STABLE)


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Sum over all spikes and pairs of spikes; away from both bounds."""
    del induction
    lag = np.subtract.outer(condition.post, condition.pre)
    alone = values["alpha"] * condition.pre.size + values["beta"] * condition.post.size
    after = values["gamma"] * np.exp(-lag[lag >= 0] / values["tau_x"]).sum()
    before = values["kappa"] * np.exp(lag[lag < 0] / values["tau_y"]).sum()
    return float(values["eta"] * (alone + after + before))


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
    vector=("tau_x", "tau_y", "alpha", "beta", "gamma", "kappa"),
    predict=predict,
    inductions=(
        Induction(
            name="window",
            title="a single pair",
            protocol="pairing",
            options={
                "along": "interval",
                "intervals": [k * 5e-3 for k in range(-40, 41) if k],
                "pairs": 1,
            },
            weight=10,
            w_max=20,
            tolerance=1e-9,
        ),
        Induction(
            name="frequency",
            title="60 pairs",
            protocol="pairing",
            options={"frequencies": [0.1, 1, 5, 10, 20, 30, 40, 50]},
            weight=10,
            w_max=20,
            tolerance=1e-9,
        ),
    ),
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
