"""The cell of the codependent rules: conductances of AMPA, NMDA and GABA, and adaptation.

Agnes & Vogels (2024), Nature Neuroscience 27:964:

    tau_membrane dv/dt = rest - v - (g_ampa + g_nmda h(v)) v - g_gaba (v - E_i)
                         - adaptation ahp (v - E_ahp)

Conductances are in units of the leak, and h = 1/(1 + .15 exp(-.08 v/mV)) is the magnesium block. A
presynaptic spike adds its weight to both AMPA and NMDA, or to GABA; a spike of the cell adds 1 to
ahp. The drives are the currents that the rules know: those of NMDA and of GABA, and not AMPA. As in
the authors' programs, the magnesium block keeps its value of the threshold in the dead time after a
spike, which doubles the NMDA current there.

The defaults are those of the authors' program for the frequency dependence; the set
`receptive_field` is the cell of their programs in which excitatory and inhibitory synapses are
plastic together. In an induction an order to spike is a pulse of 2 ms, which brings the spike about
half a millisecond before it ends: the pulse ends at the spike time of the protocol.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter, Regular

CELL = Cell(
    name="codependent",
    title="AMPA, NMDA and GABA, adaptation; driven over threshold by 2 ms pulses in inductions",
    citation="Agnes EJ, Vogels TP (2024) Nature Neuroscience 27:964-974",
    parameters=(
        Parameter("rest", -0.065, "volt", "resting potential"),
        Parameter("reset", -0.060, "volt", "potential after a spike"),
        Parameter("threshold", -0.050, "volt", "spike threshold"),
        Parameter("reversal_inhibitory", -0.080, "volt", "reversal potential of GABA"),
        Parameter("reversal_adaptation", -0.080, "volt", "reversal potential of the adaptation"),
        Parameter("tau_membrane", 0.030, "second", "membrane time constant"),
        Parameter("tau_ampa", 0.005, "second", "decay of AMPA"),
        Parameter("tau_nmda", 0.150, "second", "decay of NMDA"),
        Parameter("tau_gaba", 0.010, "second", "decay of GABA"),
        Parameter("adaptation", 0.05, "1", "conductance that a spike adds"),
        Parameter("tau_adaptation", 0.125, "second", "decay of that conductance"),
        Parameter("dead_time", 0.002, "second", "refractory period"),
    ),
    sets={"receptive_field": {"adaptation": 5.0, "tau_adaptation": 0.100, "dead_time": 0.005}},
    model="""
    free = int(t - lastspike > dead_time + dt/2) : 1
    dv/dt = free*(rest - v + pulse + excitatory_drive - g_ampa*v - inhibitory_drive
        - adaptation*ahp*(v - reversal_adaptation))/tau_membrane : volt
    dg_ampa/dt = -g_ampa/tau_ampa : 1
    dg_nmda/dt = -g_nmda/tau_nmda : 1
    dg_gaba/dt = -g_gaba/tau_gaba : 1
    dahp/dt = -ahp/tau_adaptation : 1
    magnesium : 1
    excitatory_drive = -g_nmda*magnesium*v : volt
    inhibitory_drive = g_gaba*(v - reversal_inhibitory) : volt
    pulse = 300*mV*int(t < pulse_end) : volt
    pulse_end : second
    """,
    threshold="v > threshold",
    reset="""
    v = reset
    ahp += 1
    """,
    start="""
    v = rest
    pulse_end = -1*ms
    """,
    order="pulse_end_post = t + 2.05*ms",  # 20 steps of .1 ms, from the next one on
    latency=2.1e-3,
    receptors={
        "excitatory": "g_ampa_post += {weight}\ng_nmda_post += {weight}",
        "inhibitory": "g_gaba_post += {weight}",
    },
    every=(Regular("magnesium += free*(1/(1 + 0.15*exp(-0.08*v/mV)) - magnesium)", on="cell"),),
    settle=0.1,
)
