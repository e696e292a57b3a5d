"""The cell that finds repeating patterns: a spike response model.

Masquelier, Guyonneau & Thorpe (2008), PLoS ONE 3:e1377, as the differential equations of Hathway &
Goodman (2018), ReScience 4, which have the same kernels:

    du/dt = (X x - u)/tau_m - 3 T a/tau_s,  dx/dt = -x/tau_syn,  da/dt = -a/tau_s

A presynaptic spike adds its weight to x, and X = (tau_syn/tau_m)^(tau_m/(tau_syn - tau_m)) lets a
weight of 1 peak at a potential of 1. Above the threshold T the cell spikes: u jumps to 2 T, all
earlier input is forgotten (x = 0), and a = 1 draws u down, to T (2 exp(-s/tau_m) -
4 (exp(-s/tau_m) - exp(-s/tau_s))) after a time s. In the dead time the cell cannot spike, but
nothing stands still. Potentials are in units of one input: 500 of 2000 at once reach the threshold.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

CELL = Cell(
    name="srm_masquelier",
    title="spike response model",
    citation="Masquelier T, Guyonneau R, Thorpe SJ (2008) PLoS ONE 3:e1377",
    parameters=(
        Parameter("threshold", 500.0, "1", "spike threshold T"),
        Parameter("tau_membrane", 0.010, "second", "membrane time constant tau_m"),
        Parameter("tau_synapse", 0.0025, "second", "decay of an input, tau_syn"),
        Parameter("tau_spike", 0.0025, "second", "decay of what draws u down, tau_s"),
        Parameter("pulse", 2.0, "1", "potential in a spike, in units of T"),
        Parameter("after", -3.0, "1", "how far a spike draws the potential down, in units of T"),
        Parameter("dead_time", 0.001, "second", "refractory period"),
    ),
    model="""
    dpotential/dt = (scale*psp - potential)/tau_membrane + after*threshold*down/tau_spike : 1
    dpsp/dt = -psp/tau_synapse : 1
    ddown/dt = -down/tau_spike : 1
    scale = (tau_synapse/tau_membrane)**(tau_membrane/(tau_synapse - tau_membrane)) : 1
    """,
    threshold="potential > threshold",
    reset="""
    potential = pulse*threshold
    psp = 0
    down = 1
    """,
    dead_time="dead_time",
    receptors={"excitatory": "psp_post += {weight}", "inhibitory": "psp_post -= {weight}"},
    method="exact",
)
