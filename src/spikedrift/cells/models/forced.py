"""A cell that spikes when it is told to, and has no membrane: for rules that see only spikes."""

from spikedrift.cells.cell import Cell

CELL = Cell(
    name="forced",
    title="spikes at given times",
    # A population of one: a pulse as long as a time step for every spike.
    model="""
    told : 1
    population_rate = int(t - lastspike < 1.5*dt)/dt : Hz
    """,
)
