"""The symmetric inhibitory rule that balances excitation and inhibition.

Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), Science 334:1569: a
presynaptic spike changes the weight by eta (y - alpha), a postsynaptic one by eta x, where x and y
are the traces of the presynaptic and postsynaptic spikes and alpha = 2 target_rate tau. For
independent Poisson trains the mean change vanishes where the postsynaptic rate is target_rate.
"""

from collections.abc import Mapping

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Rule

PRE_RATE, DURATION = 12.0, 10.0


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Mean change of independent Poisson trains: 2 tau eta pre_rate (post_rate - target_rate) T."""
    del induction
    slope = 2 * values["tau"] * values["eta"] * PRE_RATE
    return slope * (condition.x - values["target_rate"]) * condition.duration


RULE = Rule(
    name="inhibitory",
    title="inhibitory plasticity",
    citation="Vogels TP, Sprekeler H, Zenke F, Clopath C, Gerstner W (2011) Science 334:1569-1573",
    parameters=(
        Parameter("eta", 0.002, "1", "step, in units of the weight"),
        Parameter("target_rate", 4.0, "Hz", "postsynaptic rate at which the weight rests"),
        Parameter("tau", 0.020, "second", "window of both traces"),
        Parameter("w_min", 0.0, "1", "lower bound of the weight"),
    ),
    model="""
    dx/dt = -x/tau : 1 (event-driven)
    dy/dt = -y/tau : 1 (event-driven)
    """,
    on_pre="""
    x += 1
    w = clip(w + eta*(y - 2*target_rate*tau), w_min, w_max)
    {transmit}
    """,
    on_post="""
    y += 1
    w = clip(w + eta*x, w_min, w_max)
    """,
    predict=predict,
    inductions=(
        Induction(
            name="rates",
            title="independent Poisson trains",
            protocol="rates",
            options={
                "swept": "post",
                "rates": [0.5, 1, 2, 3, 4, 5, 6, 8, 10],
                "others": [PRE_RATE],
                "duration": DURATION,
            },
            parameters={"eta": 1e-4},
            replicates=1000,
            # Four standard errors of the mean at the highest rate.
            tolerance=1e-4,
        ),
    ),
)
