"""Short-term depression and facilitation of what a synapse releases.

Tsodyks, Pawelzik & Markram (1998), Neural Computation 10:821: a spike releases a share
u of the resources x, so that it is passed on with w u x. Both are read as the spike finds them;
then u grows by `facilitation` (1 - u) and x falls by what was released. Between spikes u returns to
U and x to 1. Without facilitation it is the depressing synapse of Tsodyks & Markram (1997). The
weight itself stays as it is, and a lone spike is passed on with w U.

For regular spikes, D apart, both settle: u = (U (1 - e) + f e) / (1 - (1 - f) e) with f the
facilitation and e = exp(-D / tau_facilitation), and x = (1 - d) / (1 - (1 - u) d) with
d = exp(-D / tau_recovery).
"""

import math
from collections.abc import Mapping

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, ParameterSet, Rule

NETWORK = "program of Zenke, Agnes & Gerstner 2015 (fzenke/pub2015orchestrated)"
FIT = (
    "parameters published with Deperrois & Graupner 2020 (mgraupe/CalciumBasedPlasticityModel), "
    "depression alone"
)


def depressing(use: float, tau_recovery: float) -> dict[str, float]:
    """Values of a synapse that does not facilitate; time constant in s."""
    return {"U": use, "facilitation": 0.0, "tau_recovery": tau_recovery}


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Share that a spike of a long regular train releases; `condition.x` is its frequency."""
    del induction
    e = math.exp(-1 / (condition.x * values["tau_facilitation"]))
    d = math.exp(-1 / (condition.x * values["tau_recovery"]))
    use, growth = values["U"], values["facilitation"]
    u = (use * (1 - e) + growth * e) / (1 - (1 - growth) * e)
    return u * (1 - d) / (1 - (1 - u) * d)


RULE = Rule(
    name="short_term",
    title="short-term plasticity",
    citation="Tsodyks M, Pawelzik K, Markram H (1998) Neural Computation 10:821-835",
    rate="",
    parameters=(
        Parameter("U", 0.2, "1", "share of the resources that a lone spike releases"),
        Parameter("facilitation", 0.2, "1", "growth of u at a spike, share of 1 - u"),
        Parameter("tau_recovery", 0.2, "second", "recovery of the resources"),
        Parameter("tau_facilitation", 0.6, "second", "decay of facilitation"),
    ),
    model="""
    du_stp/dt = (U - u_stp)/tau_facilitation : 1 (event-driven)
    dx_stp/dt = (1 - x_stp)/tau_recovery : 1 (event-driven)
    released : 1
    """,
    start="""
    u_stp = U
    x_stp = 1
    """,
    on_pre="""
    released = u_stp*x_stp
    x_stp -= released
    u_stp += facilitation*(1 - u_stp)
    """,
    release="released",
    predict=predict,
    inductions=(
        Induction(
            name="frequency",
            title="the last of 60 regular presynaptic spikes",
            protocol="pairing",
            options={"frequencies": [0.5, 1, 2, 5, 10, 20, 25, 40, 50], "intervals": [0.010]},
            readout="released",
            tolerance=1e-5,
        ),
    ),
    sets={
        "zenke_2015": ParameterSet({}, f"{NETWORK}: values that its comments call original"),
        "zenke_2015_scripts": ParameterSet(
            {"tau_recovery": 0.15}, f"{NETWORK}: values that its scripts run"
        ),
        "markram": ParameterSet(depressing(0.46, 0.525), f"{FIT}; data of Markram et al."),
        "sjostrom": ParameterSet(
            depressing(0.383753, 0.1489192), f"{FIT}; data of Sjöström et al."
        ),
    },
)
