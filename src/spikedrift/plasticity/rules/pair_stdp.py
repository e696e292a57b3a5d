"""Additive pair-based spike-timing-dependent plasticity, all spikes interacting.

Song, Miller & Abbott (2000), Nature Neuroscience 3:919: a pair of spikes s = t_post - t_pre apart
changes the weight by A+ exp(-s / tau+) for s > 0 and by -A- exp(s / tau-) for s < 0; the changes
of all pairs add up, and the weight stays within [0, w_max]. Steps scale with w_max:
A+ = eta w_max, A- = ratio A+.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Rule

PARAMETERS = (
    Parameter("eta", 0.01, "1", "potentiation A+ in units of w_max"),
    Parameter("ratio", 1.05, "1", "depression over potentiation, A-/A+"),
    Parameter("tau_plus", 0.020, "second", "window of potentiation"),
    Parameter("tau_minus", 0.020, "second", "window of depression"),
)
MODEL = """
    dx/dt = -x/tau_plus : 1 (event-driven)
    dy/dt = -y/tau_minus : 1 (event-driven)
    """
SINGLE_PAIRS = [k * 1e-3 for k in (*range(-100, 0, 5), -2, -1, 1, 2, *range(5, 101, 5))]
INDUCTIONS = (
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
        tolerance=1e-9,
    ),
)


def single_pair(values: Mapping[str, float], condition: Condition, up: float, down: float) -> float:
    """Change by one pair from steps `up` and `down`, or NaN where the protocol has more."""
    if condition.pre.size > 1:
        return np.nan
    lag = condition.post[0] - condition.pre[0]
    if lag >= 0:
        return float(up * np.exp(-lag / values["tau_plus"]))
    return float(-values["ratio"] * down * np.exp(lag / values["tau_minus"]))


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Sum over all pairs of spikes; away from both bounds."""
    lag = np.subtract.outer(condition.post, condition.pre)
    up = np.exp(-lag[lag >= 0] / values["tau_plus"]).sum()
    down = np.exp(lag[lag < 0] / values["tau_minus"]).sum()
    return float(values["eta"] * induction.w_max * (up - values["ratio"] * down))


RULE = Rule(
    name="pair_stdp",
    title="additive pair STDP",
    citation="Song S, Miller KD, Abbott LF (2000) Nature Neuroscience 3:919-926",
    parameters=PARAMETERS,
    model=MODEL,
    on_pre="""
    {transmit}
    x += 1
    w = clip(w - ratio*eta*w_max*y, 0, w_max)
    """,
    on_post="""
    y += 1
    w = clip(w + eta*w_max*x, 0, w_max)
    """,
    predict=predict,
    inductions=INDUCTIONS,
)
