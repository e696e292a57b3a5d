"""The conductance-based cell of the MLP family of rules, told when to spike.

Membrane, conductances and adaptation are those of the published program (VogelsLab/fSBI,
CVAIFGroup, after Zenke, Agnes & Gerstner 2015, Nature Communications 6:6922): AMPA and NMDA share
the excitatory input, and adaptation counts as inhibition. The threshold of that program is left
out.
"""

from spikedrift.cells.cell import Cell

CELL = Cell(
    name="cvaif",
    title="conductances and adaptation, spikes at given times",
    citation="Confavreux B et al. (2025)",
    model="""
    dv/dt = (-70*mV - v + excitatory_drive - inhibitory_drive)/(20*ms) : volt
    dg_ampa/dt = -g_ampa/(5*ms) : 1
    dg_nmda/dt = (g_ampa - g_nmda)/(100*ms) : 1
    dg_adaptation/dt = -g_adaptation/(100*ms) : 1
    u = v : volt
    excitatory_drive = -(0.3*g_ampa + g_nmda)/1.3*v : volt
    inhibitory_drive = g_adaptation*(v + 80*mV) : volt
    told : 1
    """,
    reset="""
    told -= 1
    v = -70*mV
    g_adaptation += 0.1
    """,
    start="v = -70*mV",
    receptors={"excitatory": "g_ampa_post += {weight}"},
)
