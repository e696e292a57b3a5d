"""How long the sessions of a sweep are, and how many cells they have, before any is simulated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spikedrift.config.overrides import override
from spikedrift.config.sweeps import Sweep
from spikedrift.networks import catalog
from spikedrift.networks.timetable import lay_out
from spikedrift.sweeps.points import Point

SHOWING = ("naive", "train", "block")
MOST = 300  # points of a sweep that are looked at, some ms each


@dataclass(frozen=True)
class Extent:
    """What a session takes, whatever its random draws.

    Attributes
    ----------
    seconds : float, s
        Biological time.
    cells, trials : int
    """

    seconds: float
    cells: int
    trials: int

    @property
    def work(self) -> float:
        """Cells times seconds, to which the time of a simulation is taken to be proportional."""
        return self.cells * self.seconds


def extent(sweep: Sweep, point: Point) -> Extent | None:
    """Extent of the session of a point; None where it is read from a file."""
    if point.files:
        return None
    options = override(sweep.options, point.parameters, f"sweep {sweep.name}")
    network = catalog.get(sweep.network).declare(options)
    dt = options.simulation.dt
    laid_out = lay_out(network.protocol, dt, np.random.default_rng(0))
    shown = [network.protocol.phases[number].kind for number in laid_out.presentation_phase]
    return Extent(
        seconds=float(laid_out.phase_stop[-1]) * dt,
        cells=sum(population.size for population in network.populations),
        trials=sum(kind in SHOWING for kind in shown),
    )


def step(points: int) -> int:
    """Of so many points, every which one is looked at."""
    return -(-points // MOST)


def extents(sweep: Sweep, points: Sequence[Point]) -> dict[str, Extent | None]:
    """Extents by id of the point; of many points, some stand for those that follow them."""
    distinct = list({point.id: point for point in points}.values())
    every = step(len(distinct))
    found: dict[str, Extent | None] = {}
    for first in range(0, len(distinct), every):
        one = extent(sweep, distinct[first])
        found |= {point.id: one for point in distinct[first : first + every]}
    return found
