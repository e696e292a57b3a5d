"""The cell `conductance_lif` whose threshold wanders slowly.

The state `slow` is an Ornstein-Uhlenbeck process of mean 0 and variance 1, each cell's own, that
lowers the threshold by `excitability*slow`. It is stationary from the first moment on, in steps of
.1 s that are exact, and goes on unseen where `excitability` is 0.
"""

from spikedrift.cells.excitability import excitable
from spikedrift.cells.models import conductance_lif

CELL = excitable(conductance_lif.CELL)
