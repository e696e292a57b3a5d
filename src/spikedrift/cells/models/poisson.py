"""An inhomogeneous Poisson process: spikes at a rate that a protocol sets.

At every time step it spikes with the probability rate dt, whatever happened before; rates below 0
count as 0. It has no membrane and receives nothing.
"""

from spikedrift.cells.cell import Cell
from spikedrift.simulation.statements import Parameter

CELL = Cell(
    name="poisson",
    title="Poisson process",
    parameters=(Parameter("rate", 10.0, "Hz", "rate; a protocol may change it"),),
    model="",
    threshold="uniform(key, t_in_timesteps) < rate*dt",
    reset="",
)
