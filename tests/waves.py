"""A cell whose membrane potential and drives are given: what rules do there can be predicted."""

from spikedrift.cells import cell as cells
from spikedrift.cells.cell import Cell

# Slow waves, and on those of the potential a peak of a few steps every 17 or so ms.
WAVES = Cell(
    name="waves",
    title="given membrane potential and drives",
    model="""
    told : 1
    dage/dt = 1 : second
    wave = -60*mV + 15*mV*sin(2*pi*(3 + 0.4*i)*Hz*age) : volt
    u = wave + int(sin(2*pi*(59 + 1.3*i)*Hz*age) > 0.98)*75*mV : volt
    excitatory_drive = 15*mV*(1 + sin(2*pi*(2 + 0.3*i)*Hz*age)) : volt
    inhibitory_drive = 12*mV*(1 + cos(2*pi*(1 + 0.2*i)*Hz*age)) : volt
    """,
)


def offer(monkeypatch, cell=WAVES):
    """Let inductions name the cell."""
    real = cells.get
    monkeypatch.setattr(cells, "get", lambda name: cell if name == cell.name else real(name))
