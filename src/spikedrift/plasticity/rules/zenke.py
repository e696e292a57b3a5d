"""Hebbian and non-Hebbian plasticity together: triplets, doublets, and what keeps them in check.

Zenke, Agnes & Gerstner (2015), Nature Communications 6:6922. A presynaptic spike changes the weight
by -A_minus z_minus + delta (doublet depression, and potentiation by the transmitter alone), a
postsynaptic one by A_plus z_plus z_slow - beta (w - w_ref) z_minus^3 (triplet potentiation, and
heterosynaptic depression back to the reference weight that grows with the third power of the
postsynaptic rate). The reference weight consolidates over tau_c: it follows the weight in a
potential with wells at 0 and `well` and a ridge halfway between, stepped every 1.2 s as in the
published program. Weights are in units of w_max, which was 5 there.

All traces are read before the spikes of the present time step, those of the other side included.
The spike is passed on with the weight that it found.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, ParameterSet, Regular, Rule

INTERVAL = 1.2  # s, between steps of the reference weight


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Mean change by independent Poisson spikes, for small changes and a reference weight of 0.

    The third moment of a trace of such spikes follows from its cumulants, rate tau / order.
    """
    if condition.rates is None:
        return np.nan
    x, y = condition.rates
    fast, slow, span = values["tau_plus"], values["tau_slow"], condition.duration
    mean = y * values["tau_minus"]
    cubed = mean / 3 + 3 * mean * mean / 2 + mean**3
    built = span - fast - slow + fast * slow / (fast + slow)  # as the traces begin at 0
    triplets = values["A_plus"] * x * fast * y * y * slow * built
    presynaptic = x * (values["delta"] - values["A_minus"] * mean) * span
    heterosynaptic = values["beta"] * induction.weight * y * cubed * span
    change = induction.w_max * (triplets + presynaptic) - heterosynaptic
    return float(values["eta"] * change)


RATES = Induction(
    name="rates",
    title="postsynaptic rate",
    protocol="rates",
    options={"swept": "post", "rates": (1, 2, 5, 10, 15, 20, 30, 40, 50)},
    parameters={"eta": 1e-4},
    weight=0.01,
    w_max=5.0,
    replicates=256,
    # Four standard errors of the mean at the highest rate.
    tolerance=3e-6,
)

RULE = Rule(
    name="zenke",
    title="orchestrated plasticity",
    citation="Zenke F, Agnes EJ, Gerstner W (2015) Nature Communications 6:6922",
    parameters=(
        Parameter("eta", 1.0, "1", "factor on all changes, consolidation included"),
        Parameter("A_plus", 2e-4, "1", "potentiation by triplets, in units of w_max"),
        Parameter("A_minus", 2e-4, "1", "depression by doublets, in units of w_max"),
        Parameter("beta", 0.05, "1", "heterosynaptic depression, share of w - w_ref"),
        Parameter("delta", 4e-6, "1", "potentiation by transmitter, in units of w_max"),
        Parameter("well", 0.1, "1", "upper resting point of w_ref, in units of w_max"),
        Parameter("height", 0.02, "1", "pull of the potential at well/4, in units of w_max"),
        Parameter("tau_c", 1200.0, "second", "consolidation"),
        Parameter("tau_plus", 0.020, "second", "presynaptic trace"),
        Parameter("tau_minus", 0.020, "second", "fast postsynaptic trace"),
        Parameter("tau_slow", 0.100, "second", "slow postsynaptic trace"),
    ),
    model="""
    dz_plus/dt = -z_plus/tau_plus : 1 (event-driven)
    dz_minus/dt = -z_minus/tau_minus : 1 (event-driven)
    dz_slow/dt = -z_slow/tau_slow : 1 (event-driven)
    arrived : second
    w_ref : 1
    """,
    start="arrived = -1*second",
    on_pre="""
    {transmit}
    w = clip(w + eta*w_max*(delta - A_minus*z_minus), 0, w_max)
    z_plus += 1
    arrived = t
    """,
    on_post="""
    z_earlier = z_plus - int(arrived == t)
    w = clip(w + eta*(w_max*A_plus*z_earlier*z_slow - beta*(w - w_ref)*z_minus**3), 0, w_max)
    z_minus += 1
    z_slow += 1
    """,
    every=(
        Regular(
            f"""
            s = w_ref/(well*w_max)
            pull = height*w_max*64.0/3.0*s*(0.5 - s)*(1 - s)
            w_ref += eta*({INTERVAL}*second/tau_c)*(w - w_ref - pull)
            """,
            interval=INTERVAL,
        ),
    ),
    sets={
        "published": ParameterSet(
            {}, "scripts of the published program (fzenke/pub2015orchestrated), with w_max = 5"
        ),
        "unstable_control": ParameterSet(
            {"beta": 0.0, "delta": 0.0},
            "the published control without non-Hebbian terms, which must run away",
        ),
    },
    predict=predict,
    inductions=(RATES,),
)
