"""Voltage-based STDP as it forms assemblies in recurrent networks.

Litwin-Kumar & Doiron (2014), Nature Communications 5:5319: the rule of Clopath et al. (2010)
without homeostasis, its low-passes read at once, with weights in pF between w_min and w_max
(1.78 and 21.4 pF from E to E). A presynaptic spike depresses by A_LTD (u_minus - theta_LTD), and
the weight grows at the rate A_LTP xbar (u - theta_LTP) (u_plus - theta_LTD); each bracket counts
only above 0. In the paper it acts together with a subtractive normalization of the weights onto a
cell, which is a rule of its own here.

xbar takes Euler steps: it decays by 1 - dt/tau_x in each. Potentiation finds it as it was when the
last step ended.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, ParameterSet, Regular, Rule


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change of the weight while the membrane potential is held, far from bounds; else NaN."""
    del induction
    if condition.held is None:
        return np.nan
    low, high = (max(condition.held - values[name], 0.0) for name in ("theta_LTD", "theta_LTP"))
    integral = 1 - np.exp(-(condition.duration - condition.pre) / values["tau_x"])
    change = values["A_LTP"] * high * integral - values["A_LTD"]
    return float(values["eta"] * low * change.sum())


RULE = Rule(
    name="clopath_assemblies",
    title="voltage-based STDP of assemblies",
    citation="Litwin-Kumar A, Doiron B (2014) Nature Communications 5:5319",
    parameters=(
        Parameter("eta", 1.0, "1", "factor on both amplitudes"),
        Parameter("A_LTD", 0.8, "1/volt", "depression, in units of the weight"),
        Parameter("A_LTP", 1400.0, "1/volt**2", "potentiation, in units of the weight"),
        Parameter("theta_LTD", -0.070, "volt", "both low-passes of u count from it"),
        Parameter("theta_LTP", -0.049, "volt", "u potentiates above it"),
        Parameter("tau_minus", 0.010, "second", "low-pass of u for depression"),
        Parameter("tau_plus", 0.007, "second", "low-pass of u for potentiation"),
        Parameter("tau_x", 0.015, "second", "low-pass of the presynaptic spikes"),
        Parameter("w_min", 0.0, "1", "lower bound of the weight"),
    ),
    model="""
    dxbar/dt = xbar*log(1 - dt/tau_x)/dt : Hz (event-driven)
    """,
    on_pre="""
    {transmit}
    depolarized = int(u_minus_post > theta_LTD)*(u_minus_post - theta_LTD)
    w = clip(w - eta*A_LTD*depolarized, w_min, w_max)
    xbar += 1/tau_x
    """,
    every=(
        Regular(
            """
            over = int(u > theta_LTP)*(u - theta_LTP)
            potentiating = over*int(u_plus > theta_LTD)*(u_plus - theta_LTD)
            """,
            on="cell",
        ),
        Regular(
            """
            seen = xbar/(1 - dt/tau_x)
            w = clip(w + eta*dt*A_LTP*seen*potentiating_post, w_min, w_max)
            """,
            where="potentiating > 0*volt**2",
        ),
    ),
    cell="""
    du_minus/dt = (u - u_minus)/tau_minus : volt
    du_plus/dt = (u - u_plus)/tau_plus : volt
    potentiating : volt**2
    """,
    cell_start="""
    u_minus = u
    u_plus = u
    """,
    sets={
        "litwin_kumar_doiron": ParameterSet(
            {"w_min": 1.78},
            "the author's program (a public copy of sim.jl); weights in pF, w_max = 21.4",
        ),
    },
    predict=predict,
    # Not in the paper: as for the rule it derives from, in pF.
    inductions=(
        Induction(
            name="frequency",
            title="trains of five pairs",
            protocol="pairing",
            options={"frequencies": (0.1, 10, 20, 40, 50), "pairs": 5, "trains": 15},
            cell="adex_2010",
            dt=1e-3,
            weight=2.86,
            w_max=21.4,
            readout="ratio",
        ),
        Induction(
            protocol="voltage_clamp",
            title="membrane potential held",
            options={
                "potentials": tuple(1e-3 * u for u in range(-80, 1, 5)),
                "duration": 10.0,
            },
            cell="clamped",
            weight=300.0,  # far from both bounds
            w_max=3000.0,
            tolerance=0.05,
        ),
    ),
)
