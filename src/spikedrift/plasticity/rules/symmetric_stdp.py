"""Symmetric STDP: the change depends on how far two spikes are apart, not on which came first.

Manz & Memmesheimer (2023), PLoS Computational Biology 19:e1011006: at every spike of one side the
weight changes by eta times the trace of the other side, the sum of a short positive and a longer
negative exponential. Time constants assume that the paper's unit of time stands for 10 ms.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Rule

MU, W_MAX = 0.148, 0.056  # of the paper's drifting assemblies


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Sum over all pairs of spikes; away from both bounds."""
    lag = np.abs(np.subtract.outer(condition.post, condition.pre)).ravel()
    window = values["A_plus"] * np.exp(-lag / values["tau_plus"])
    window -= values["A_minus"] * np.exp(-lag / values["tau_minus"])
    return float(values["eta"] * induction.w_max * window.sum())


RULE = Rule(
    name="symmetric_stdp",
    title="symmetric STDP",
    citation="Manz P, Memmesheimer R-M (2023) PLoS Computational Biology 19:e1011006",
    parameters=(
        Parameter("eta", MU / W_MAX, "1", "learning rate mu over w_max"),
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
            tolerance=1e-9,
        ),
        Induction(
            name="frequency",
            title="60 pairs",
            protocol="pairing",
            options={"frequencies": [0.1, 1, 5, 10, 20, 30, 40, 50]},
            parameters={"eta": 0.01},
            tolerance=1e-9,
        ),
    ),
)
