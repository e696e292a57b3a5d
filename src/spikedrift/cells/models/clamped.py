"""A cell whose membrane potential is held, as in voltage-clamp experiments; it never spikes."""

from spikedrift.cells.cell import Cell

CELL = Cell(
    name="clamped",
    title="membrane potential held",
    model="""
    told : 1
    held : volt (shared, constant)
    u = held : volt
    """,
    threshold="told > 1",
)
