"""Networks that leave no trials, and why; another try would end alike."""

from spikedrift.core.errors import InputError
from spikedrift.simulation.run import Away


class Diverged(InputError, RuntimeError):
    """A network whose state did not stay finite."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: the simulation diverged (voltages or weights are NaN)")


class RanAway(InputError, RuntimeError):
    """A network that fired above its limit, at which its session ended.

    Attributes
    ----------
    away : Away
    """

    def __init__(self, name: str, away: Away) -> None:
        super().__init__(
            f"{name}: the network ran away: {away.population} fired at {away.rate:.4g} Hz from "
            f"{away.start:g} to {away.stop:g} s, more spikes than {away.limit:g} Hz has in a second"
        )
        self.away = away
