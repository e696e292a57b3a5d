"""The cell of the codependent rule: conductances of AMPA, NMDA and GABA, spikes by current pulses.

Agnes & Vogels (2024), Nature Neuroscience 27:964, with the constants of the authors' program for
the frequency dependence. Conductances are in units of the leak. A presynaptic spike adds its weight
to both AMPA and NMDA; the protocol has no inhibitory input. An order to spike is a pulse of 2 ms,
which brings the spike about half a millisecond before it ends: the pulse ends at the spike time
of the protocol. As in the program, the magnesium block keeps its value of the threshold in the
dead time of 2 ms after a spike, which doubles the NMDA current there.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Regular

CELL = Cell(
    name="codependent",
    title="conductance-based integrate-and-fire cell, driven over threshold by 2 ms pulses",
    citation="Agnes EJ, Vogels TP (2024) Nature Neuroscience 27:964-974",
    model="""
    free = int(t - lastspike > 2.05*ms) : 1
    dv/dt = free*(-65*mV - v + pulse + excitatory_drive - g_ampa*v
        - inhibitory_drive - 0.05*ahp*(v + 80*mV))/(30*ms) : volt
    dg_ampa/dt = -g_ampa/(5*ms) : 1
    dg_nmda/dt = -g_nmda/(150*ms) : 1
    dg_gaba/dt = -g_gaba/(10*ms) : 1
    dahp/dt = -ahp/(125*ms) : 1
    magnesium : 1
    excitatory_drive = -g_nmda*magnesium*v : volt
    inhibitory_drive = g_gaba*(v + 80*mV) : volt
    pulse = 300*mV*int(t < pulse_end) : volt
    pulse_end : second
    """,
    threshold="v > -50*mV",
    reset="""
    v = -60*mV
    ahp += 1
    """,
    start="""
    v = -65*mV
    pulse_end = -1*ms
    """,
    order="pulse_end_post = t + 2.05*ms",  # 20 steps of .1 ms, from the next one on
    latency=2.1e-3,
    receptors={"excitatory": "g_ampa_post += {weight}\ng_nmda_post += {weight}"},
    every=(Regular("magnesium += free*(1/(1 + 0.15*exp(-0.08*v/mV)) - magnesium)", on="cell"),),
    settle=0.1,
)
