"""The postsynaptic cell of an induction protocol, in Brian2's words."""

from collections.abc import Iterable
from dataclasses import dataclass

from spikedrift.core.errors import InputError
from spikedrift.core.plugins import Plugins
from spikedrift.plasticity.rule import CELL, Regular


@dataclass(frozen=True)
class Cell:
    """A postsynaptic cell that can be told when to spike.

    Attributes
    ----------
    name, title, citation : str
    model : str
        Equations; those named like a key of `rule.CELL` are what it offers to rules.
    threshold, reset, start : str
        `reset` may be empty; `start` gives first values.
    order : str
        Statement of an order to spike, with the suffix `_post`: `told_post += 1`.
    latency : float
        Time from the order to the spike; s, or one time step where it is 0.
    transmit : str
        Statement of a presynaptic spike: `g_post += {weight}`; empty where it does nothing.
    every : tuple of Regular
    settle : float
        Time before the protocol begins; s.
    """

    name: str
    title: str
    model: str
    citation: str = ""
    threshold: str = "told > 0"
    reset: str = "told -= 1"
    start: str = ""
    order: str = "told_post += 1"
    latency: float = 0.0
    transmit: str = ""
    every: tuple[Regular, ...] = ()
    settle: float = 0.0


CELLS = Plugins("cells", "CELL", Cell, "cell")
PACKAGE = CELLS.package
names, get = CELLS.names, CELLS.get


def refuse(cell: Cell, asked: Iterable[str], rule: str) -> None:
    """Refuse a rule that asks for what the cell does not have.

    Raises
    ------
    InputError
        Naming the rule, the cell and a variable that is missing.
    """
    from brian2.equations import Equations

    missing = set(asked) - set(Equations(cell.model).names)
    if missing:
        name = min(missing)
        raise InputError(
            f"induction of {rule}: the cell {cell.name} has no {name} ({CELL[name][1]}); "
            "name another cell"
        )
