"""Voltage-based STDP.

Clopath, Büsing, Vasilaki & Gerstner (2010), Nature Neuroscience 13:344: a presynaptic spike
depresses the weight by A_LTD times how far u_minus, a low-pass of the membrane potential u, stands
above theta_minus. While u is above theta_plus, as it is in a spike, the weight grows at the rate
A_LTP xbar (u - theta_plus) (u_plus - theta_minus), where xbar is the low-pass of the presynaptic
spikes and u_plus another low-pass of u, which must be above theta_minus. Both low-passes of u are
read 3 ms late, so that a spike does not meet its own trace. With homeostasis, depression is scaled
by the mean square depolarization over u_ref**2.

As in the authors' program (ModelDB 144566), xbar takes Euler steps, in each of which it decays by
1 - dt/tau_x, a presynaptic spike counts from the next step on, and the delay is three samples held
for 1 ms each. Two steps after a presynaptic spike is the first that finds it in the trace, and
whole.

What balances the rule depends on the cell: it has the depolarization that its own spikes leave and,
in a network, that of its inputs. The bench's cell rests between its spikes.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Balance, Parameter, ParameterSet, Regular, Rule

PROGRAM = "constants of the authors' program, ModelDB 144566"


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Change of the weight while the membrane potential is held at U; NaN where it is not.

    Every presynaptic spike depresses by A_LTD (U - theta_minus), and potentiates by A_LTP
    (U - theta_plus) (U - theta_minus) times the integral of its trace, which is 1 when it is over.
    The mean square depolarization rises from 0 to (U - u_rest)**2.
    """
    del induction
    if condition.held is None:
        return np.nan
    low, high = (max(condition.held - values[name], 0.0) for name in ("theta_minus", "theta_plus"))
    integral = 1 - np.exp(-(condition.duration - condition.pre) / values["tau_x"])
    risen = 1 - np.exp(-condition.pre / values["tau_square"])
    square = ((condition.held - values["u_rest"]) / values["u_ref"]) ** 2 * risen
    scale = 1 + values["homeostasis"] * (square - 1)
    change = values["A_LTP"] * high * integral - values["A_LTD"] * scale
    return float(values["eta"] * low * change.sum())


RULE = Rule(
    name="clopath",
    title="voltage-based STDP",
    citation="Clopath C, Büsing L, Vasilaki E, Gerstner W (2010) Nature Neuroscience 13:344-352",
    parameters=(
        Parameter("eta", 1.0, "1", "factor on both amplitudes"),
        Parameter("A_LTD", 0.14, "1/volt", "depression, in units of the weight"),
        Parameter("A_LTP", 80.0, "1/volt**2", "potentiation, in units of the weight"),
        Parameter("theta_minus", -0.0706, "volt", "both low-passes of u count from it"),
        Parameter("theta_plus", -0.0453, "volt", "u potentiates above it"),
        Parameter("tau_minus", 0.010, "second", "low-pass of u for depression"),
        Parameter("tau_plus", 0.007, "second", "low-pass of u for potentiation"),
        Parameter("tau_x", 0.015, "second", "low-pass of the presynaptic spikes"),
        Parameter("homeostasis", 0.0, "1", "1 with homeostasis, 0 without"),
        Parameter("u_rest", -0.0706, "volt", "depolarization counts from it (homeostasis)"),
        Parameter("u_ref", 1e-3 * 60**0.5, "volt", "root of the wanted mean square depolarization"),
        Parameter("tau_square", 1.2, "second", "window of the mean square depolarization"),
    ),
    model="""
    dxbar/dt = xbar*log(1 - dt/tau_x)/dt : Hz (event-driven)
    arrived : second
    """,
    start="arrived = -1*second",
    on_pre="""
    {transmit}
    depolarized = int(minus_3_post > theta_minus)*(minus_3_post - theta_minus)
    scale = 1 + homeostasis*(square_post/u_ref**2 - 1)
    w = clip(w - eta*A_LTD*scale*depolarized, 0, w_max)
    xbar += 1/tau_x
    arrived = t
    """,
    every=(
        Regular(
            """
            over = int(u > theta_plus)*(u - theta_plus)
            potentiating = over*int(plus_3 > theta_minus)*(plus_3 - theta_minus)
            """,
            on="cell",
        ),
        Regular(
            """
            kept = 1 - dt/tau_x
            seen = (xbar - int(t - arrived < 1.5*dt)*kept/tau_x)/kept**2
            w = clip(w + eta*dt*A_LTP*seen*potentiating_post, 0, w_max)
            """,
            where="potentiating > 0*volt**2",
        ),
        Regular(
            """
            minus_3 = minus_2
            minus_2 = minus_1
            minus_1 = u_minus
            plus_3 = plus_2
            plus_2 = plus_1
            plus_1 = u_plus
            """,
            interval=1e-3,
            on="cell",
        ),
    ),
    cell="""
    du_minus/dt = (u - u_minus)/tau_minus : volt
    du_plus/dt = (u - u_plus)/tau_plus : volt
    dsquare/dt = ((u - u_rest)**2 - square)/tau_square : volt**2
    minus_1 : volt
    minus_2 : volt
    minus_3 : volt
    plus_1 : volt
    plus_2 : volt
    plus_3 : volt
    potentiating : volt**2
    """,
    cell_start="""
    u_minus = u
    minus_1 = u
    minus_2 = u
    minus_3 = u
    u_plus = u
    plus_1 = u
    plus_2 = u
    plus_3 = u
    """,
    sets={
        "plain": ParameterSet({"homeostasis": 0.0}, f"{PROGRAM} (VoTri.m)"),
        "homeostatic": ParameterSet(
            {"homeostasis": 1.0},
            f"{PROGRAM}: amplitudes of VoTri.m; window and target of RFdevelop.m, whose amplitudes "
            "are ten times these",
        ),
    },
    predict=predict,
    balance=Balance("A_LTD"),
    inductions=(
        # Fifteen trains of five pairs; at .1 Hz the authors' program runs ten, one on another.
        Induction(
            name="frequency",
            title="trains of five pairs",
            protocol="pairing",
            options={
                "frequencies": (0.1, 10, 20, 40, 50),
                "pairs": 5,
                "trains": (10, 15, 15, 15, 15),
                "ends": "extra_post",
            },
            cell="adex_2010",
            dt=1e-3,
            w_max=3.0,
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
            dt=1e-3,
            weight=300.0,  # far from both bounds
            w_max=1000.0,
            tolerance=0.06,  # a thousandth of the largest potentiation
        ),
    ),
)
