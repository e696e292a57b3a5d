"""The inhibitory cell of networks that form assemblies: a leaky integrate-and-fire cell.

Litwin-Kumar & Doiron (2014), Nature Communications 5:5319, with the constants of the author's
program (a public copy of sim.jl):

    tau_m dv/dt = E_L - v + tau_m/C (g_e (E_e - v) + g_i (E_i - v))

Synapses, dead time and what rules see are those of `adex_litwin_kumar`; weights are numbers of pF.
"""

from spikedrift.cells.cell import Cell
from spikedrift.cells.models.adex_litwin_kumar import (
    CONDUCTANCES,
    MEMBRANE,
    OFFERS,
    RECEPTORS,
    SYNAPSES,
)
from spikedrift.simulation.statements import Parameter

MODEL = """
dv/dt = (rest - v)/tau_membrane
    + (g_e*(reversal_excitatory - v) + g_i*(reversal_inhibitory - v))/capacitance
    : volt (unless refractory)
"""
CELL = Cell(
    name="lif_litwin_kumar",
    title="leaky integrate-and-fire cell, conductances that rise and decay",
    citation="Litwin-Kumar A, Doiron B (2014) Nature Communications 5:5319",
    parameters=(
        Parameter("rest", -0.062, "volt", "resting potential"),
        Parameter("threshold", -0.052, "volt", "spike threshold"),
        *MEMBRANE,
        *SYNAPSES,
    ),
    model=MODEL + CONDUCTANCES,
    offers=OFFERS,
    threshold="v > threshold",
    reset="v = reset",
    start="v = reset + rand()*(threshold - reset)",
    dead_time="dead_time",
    receptors=RECEPTORS,
)
