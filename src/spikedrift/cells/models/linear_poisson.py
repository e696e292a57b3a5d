"""The linear Poisson neuron: a Hawkes process, whose rate is a base rate and filtered input.

Hawkes (1971), Biometrika 58:83, as in the assemblies of Manz & Memmesheimer (2023), PLoS
Computational Biology 19:e1011006:

    rate = base_rate + input,  tau dinput/dt = -input

At every time step the cell spikes with the probability rate dt; rates below 0 count as 0. A
presynaptic spike adds weight/tau to the input, so that a weight is the number of spikes that it
evokes in the mean. These are the numbers of the paper, whose unit of time is tau. Where all cells
receive the summed weight w < 1 their mean rate is base_rate/(1 - w), up to terms of the order
dt/tau: the cell responds from the next time step on.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

CELL = Cell(
    name="linear_poisson",
    title="linear Poisson neuron (Hawkes process)",
    citation="Manz P, Memmesheimer R-M (2023) PLoS Computational Biology 19:e1011006",
    parameters=(
        Parameter("base_rate", 0.2, "Hz", "rate without input"),
        Parameter("tau_synapse", 0.010, "second", "decay of the input"),
    ),
    model="""
    rate = base_rate + input : Hz
    dinput/dt = -input/tau_synapse : Hz
    """,
    threshold="uniform(key, t_in_timesteps) < rate*dt",
    reset="",
    receptors={
        "excitatory": "input_post += {weight}/tau_synapse_post",
        "inhibitory": "input_post -= {weight}/tau_synapse_post",
    },
)
