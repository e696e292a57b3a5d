"""The leaky integrate-and-fire cell whose synapses pass on currents.

The cell `conductance_lif` with synaptic currents that do not depend on the present membrane
potential: their driving force is that of a cell at rest.
"""

from dataclasses import replace

from spikedrift.cells.models import conductance_lif

CELL = replace(
    conductance_lif.CELL,
    name="current_lif",
    title="leaky integrate-and-fire cell, current-based synapses",
    sets={},
    model=conductance_lif.MODEL.format(at="rest"),
    offers={name: text.format(at="rest") for name, text in conductance_lif.OFFERS.items()},
)
