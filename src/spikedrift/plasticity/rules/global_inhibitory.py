"""Inhibitory plasticity steered by the rate of the whole population.

Zenke, Agnes & Gerstner (2015), Nature Communications 6:6922: H is the rate of the postsynaptic
population, low-pass filtered over ten seconds. A presynaptic spike changes the weight by
eta G (z_e + 1), a postsynaptic one by eta G z_i, where G = H/target_rate - 1 and z_i and z_e are
traces of the presynaptic and postsynaptic spikes: all inhibition grows while the population fires
above its target, and shrinks while it fires below. H begins at the target.

All traces are read before the spikes of the present time step, those of the other side included.
The spike is passed on with the weight that it found.
"""

from spikedrift.plasticity.rule import Parameter, Rule

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
)
