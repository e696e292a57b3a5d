"""The spike response model of Masquelier, Guyonneau & Thorpe, as differential equations.

Masquelier, Guyonneau & Thorpe (2008), PLoS ONE 3:e1377, in the form of Hathway & Goodman (2018,
ReScience). The potential has no unit: a spike that arrives raises it by a kernel that peaks at the
weight, and a spike of the cell replaces all that came before by a pulse and a negative
after-potential.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

TAU_MEMBRANE, TAU_SYNAPSE = 0.010, 0.0025
RATIO = TAU_SYNAPSE / TAU_MEMBRANE

CELL = Cell(
    name="srm_masquelier",
    title="spike response model, dimensionless",
    citation="Masquelier T, Guyonneau R, Thorpe SJ (2008) PLoS ONE 3:e1377",
    parameters=(
        Parameter("threshold", 500.0, "1", "spike threshold; weights are at most 1"),
        Parameter("pulse", 2.0, "1", "potential after a spike, in thresholds"),
        Parameter("after", -3.0, "1", "size of the after-potential, in thresholds"),
        Parameter("rise", RATIO ** (1 / (RATIO - 1)), "1", "makes the kernel peak at the weight"),
        Parameter("tau_membrane", TAU_MEMBRANE, "second", "membrane time constant"),
        Parameter("tau_synapse", TAU_SYNAPSE, "second", "rise of the kernel"),
        Parameter("tau_after", 0.0025, "second", "decay of the after-potential"),
        Parameter("dead_time", 0.001, "second", "refractory period"),
    ),
    model="""
    du/dt = (rise*drive - u)/tau_membrane + after*threshold*after_spike/tau_after : 1
    ddrive/dt = -drive/tau_synapse : 1
    dafter_spike/dt = -after_spike/tau_after : 1
    """,
    threshold="u > threshold",
    reset="""
    u = pulse*threshold
    drive = 0
    after_spike = 1
    """,
    start="u = 0",
    dead_time="dead_time",
    receptors={"excitatory": "drive_post += {weight}", "inhibitory": "drive_post -= {weight}"},
    method="exact",
)
