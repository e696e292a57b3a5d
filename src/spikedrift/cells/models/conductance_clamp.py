"""A cell with constant conductances and a held membrane potential, so that its drives are constant.

It spikes when it is told to, which leaves potential and drives as they are.
"""

from spikedrift.cells.cell import Cell

# Conductances over leak and reversal potentials (V): the drives are equal at -61.5 mV.
EXCITATORY, INHIBITORY = 0.3, 1.0
REVERSAL_EXCITATORY, REVERSAL_INHIBITORY = 0.0, -0.080

CELL = Cell(
    name="conductance_clamp",
    title="membrane potential and conductances held",
    model=f"""
    told : 1
    held : volt (shared, constant)
    u = held : volt
    excitatory_drive = {EXCITATORY}*({REVERSAL_EXCITATORY}*volt - held) : volt
    inhibitory_drive = {INHIBITORY}*(held - ({REVERSAL_INHIBITORY}*volt)) : volt
    """,
    settle=2.0,  # low-passes of the drives
)


def driven(excitation: float) -> tuple[str, float]:
    """Name of the cell, and the potential (V) at which it has an excitatory drive (V)."""
    return CELL.name, REVERSAL_EXCITATORY - excitation / EXCITATORY
