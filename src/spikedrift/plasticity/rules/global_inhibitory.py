"""Inhibitory plasticity steered by the rate of the whole population.

Zenke, Agnes & Gerstner (2015), Nature Communications 6:6922: H is the rate of the postsynaptic
population, low-pass filtered over ten seconds. A presynaptic spike changes the weight by
eta G (z_e + 1), a postsynaptic one by eta G z_i, where G = H/target_rate - 1 and z_i and z_e are
traces of the presynaptic and postsynaptic spikes: all inhibition grows while the population fires
above its target, and shrinks while it fires below. H begins at the target.

All traces are read before the spikes of the present time step, those of the other side included.
The spike is passed on with the weight that it found.
"""

from collections.abc import Mapping

import numpy as np

from spikedrift.config.inductions import Induction
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Parameter, Rule


def predict(values: Mapping[str, float], condition: Condition, induction: Induction) -> float:
    """Mean change by independent Poisson spikes, of a population of one."""
    if condition.rates is None:
        return np.nan
    x, y = condition.rates
    target, tau, tau_h = (values[name] for name in ("target_rate", "tau", "tau_H"))
    span = condition.duration
    excess = (y - target) * (span - tau_h * -np.expm1(-span / tau_h))
    own = y * tau / (tau + tau_h) * span  # the trace and H share the cell's spikes
    return float(values["eta"] * x / target * (excess * (1 + 2 * y * tau) + own))


RATES = Induction(
    name="rates",
    title="rate of the population",
    protocol="rates",
    options={"swept": "post", "rates": (1, 2, 4, 6, 8, 10, 15, 20)},
    w_max=5.0,
    replicates=64,
    # Four standard errors of the mean at the highest rate.
    tolerance=5e-4,
)

RULE = Rule(
    name="global_inhibitory",
    title="global inhibitory plasticity",
    citation="Zenke F, Agnes EJ, Gerstner W (2015) Nature Communications 6:6922",
    parameters=(
        Parameter("eta", 2e-5, "1", "step, in units of the weight"),
        Parameter("target_rate", 4.0, "Hz", "rate of the population at which the weights rest"),
        Parameter("tau", 0.020, "second", "window of both traces"),
        Parameter("tau_H", 10.0, "second", "low-pass filter of the population's rate"),
    ),
    model="""
    dz_i/dt = -z_i/tau : 1 (event-driven)
    dz_e/dt = -z_e/tau : 1 (event-driven)
    arrived : second
    """,
    start="arrived = -1*second",
    cell="dH/dt = (population_rate - H)/tau_H : Hz",
    cell_start="H = target_rate",
    on_pre="""
    {transmit}
    w = clip(w + eta*(H_post/target_rate - 1)*(z_e + 1), 0, w_max)
    z_i += 1
    arrived = t
    """,
    on_post="""
    z_earlier = z_i - int(arrived == t)
    w = clip(w + eta*(H_post/target_rate - 1)*z_earlier, 0, w_max)
    z_e += 1
    """,
    predict=predict,
    inductions=(RATES,),
)
