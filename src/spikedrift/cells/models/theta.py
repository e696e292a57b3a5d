"""The theta neuron, the normal form of cells whose firing sets in with arbitrarily low rates.

Ermentrout & Kopell (1986), SIAM Journal on Applied Mathematics 46:233, with the synapses of Kim &
Chow (2018), eLife 7:e37124 (their program, chrismkkim/SpikeLearning):

    T dtheta/dt = 1 - cos(theta) + I (1 + cos(theta)),  I = bias + input

with the unit of time T = 10 ms. The cell spikes when theta passes pi, and goes on from -pi. A
presynaptic spike adds its weight times T/tau to the input, which decays with tau = 20 ms: a weight
is the time, in T, that its input integrates to. A constant I > 0 gives the rate sqrt(I)/(pi T);
below 0 the cell rests.

The paper integrates by a scheme of fourth order in steps of 1 ms. By Euler steps of 0.1 ms the rate
is right within 0.1 %.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

CELL = Cell(
    name="theta",
    title="theta neuron",
    citation="Kim CM, Chow CC (2018) eLife 7:e37124",
    parameters=(
        Parameter("bias", 0.0, "1", "constant input"),
        Parameter("time_unit", 0.010, "second", "unit of time T"),
        Parameter("tau_synapse", 0.020, "second", "decay of the input"),
    ),
    model="""
    dtheta/dt = (1 - cos(theta) + (bias + input)*(1 + cos(theta)))/time_unit : 1
    dinput/dt = -input/tau_synapse : 1
    """,
    threshold="theta > pi",
    # What a time step leads beyond pi is kept; a cell that is told to spike has not come so far.
    reset="theta = int(theta > pi)*(theta - pi) - pi",
    start="theta = pi*(2*rand() - 1)",
    receptors={
        "excitatory": "input_post += {weight}*time_unit_post/tau_synapse_post",
        "inhibitory": "input_post -= {weight}*time_unit_post/tau_synapse_post",
    },
)
