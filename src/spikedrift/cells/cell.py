"""What a cell is: a model of a neuron as data, in Brian2's words.

The same cell stands in a network, as a population, and in an induction protocol, where it is told
when to spike. Its equations see its own parameters and `key`, the key of its random numbers
(`spikedrift.simulation.streams`): `uniform(key, t_in_timesteps)` is a new number at every time
step. `rand()` and `randn()` in `start` are drawn once.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from spikedrift.core.errors import InputError
from spikedrift.core.plugins import Plugins
from spikedrift.simulation.statements import Parameter, Regular

# What cells may offer to the cell variables of a plasticity rule.
OFFERED = {
    "u": ("volt", "membrane potential, spikes included"),
    "excitatory_drive": ("volt", "excitatory conductance over leak, times E_reversal - v"),
    "inhibitory_drive": ("volt", "inhibitory conductance over leak, times v - E_reversal"),
    "population_rate": (
        "Hz",
        "mean rate of the postsynaptic population, one-step pulses",
    ),
}
NAME = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
STATE = re.compile(r"^ *(?:d(\w+)/dt *=|(\w+) *:)", re.MULTILINE)  # not expressions, `name = `
DEFINED = re.compile(r"^\s*(?:d(\w+)/dt\s*=|(\w+)\s*[=:])", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A model of a neuron.

    Attributes
    ----------
    name, title, citation : str
    model : str
        Equations. Those named like a key of `OFFERED` are what the cell offers to rules.
    parameters : tuple of Parameter
        Constants of the model, one value a population; their defaults are those of the citation.
    sets : mapping of name -> values of parameters
        Other cells of the literature with the same equations: what differs from the defaults.
    offers : mapping of key of `OFFERED` -> equations
        What it offers only where a rule asks for it, so that it costs nothing elsewhere.
    threshold, reset, start : str
        `reset` may be empty; `start` gives first values, one `name = expression` a line.
    dead_time : str
        Time after a spike in which equations marked `unless refractory` stand still: an expression
        in s, such as the name of a parameter. Empty for none.
    receptors : mapping of name -> statement
        What a spike that arrives there does: `g_e_post += {weight}`. In an induction the first
        one takes the presynaptic spikes.
    every : tuple of Regular
    method : str
        Brian2's integrator in a network: `euler`, or `exact` for a linear model.
    order : str
        Statement of an order to spike in an induction, with the suffix `_post`. The bench adds
        `told` to a cell that has none, with all that the order needs.
    latency : float
        Time from the order to the spike; s, or one time step where it is 0.
    settle : float
        Time before an induction protocol begins; s.
    """

    name: str
    title: str
    model: str
    citation: str = ""
    parameters: tuple[Parameter, ...] = ()
    sets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    offers: Mapping[str, str] = field(default_factory=dict)
    threshold: str = "told > 0"
    reset: str = "told -= 1"
    start: str = ""
    dead_time: str = ""
    receptors: Mapping[str, str] = field(default_factory=dict)
    every: tuple[Regular, ...] = ()
    method: str = "euler"
    order: str = "told_post += 1"
    latency: float = 0.0
    settle: float = 0.0

    @property
    def transmit(self) -> str:
        """Statement of a presynaptic spike in an induction; empty where it does nothing."""
        return next(iter(self.receptors.values()), "")

    def equations(self, asked: Collection[str] = ()) -> str:
        """Equations of the model and of what rules ask for."""
        offered = (text for name, text in self.offers.items() if name in asked)
        return "\n".join([self.model, *offered])

    def variables(self, asked: Collection[str] = ()) -> set[str]:
        """Names that the equations define: state, subexpressions, and what rules may read."""
        return {a or b for a, b in DEFINED.findall(self.equations(asked))}

    @property
    def state(self) -> set[str]:
        """Variables of the model that can be set."""
        return {a or b for a, b in STATE.findall(self.model)}

    def named(self, asked: Collection[str] = ()) -> set[str]:
        """Names in equations and statements, those with the suffix `_post` also without."""
        text = [self.equations(asked), self.threshold, self.reset, self.start, self.dead_time]
        text += [*self.receptors.values(), *(one.code for one in self.every)]
        named = {name for part in text for name in NAME.findall(part)}
        return named | {name.removesuffix("_post") for name in named}

    def used(self, asked: Collection[str] = ()) -> tuple[Parameter, ...]:
        """Parameters that something in the cell names, if rules ask for `asked` and no more."""
        named = self.named(asked)
        return tuple(one for one in self.parameters if one.name in named)

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers while it runs."""
        return "key" in self.named(self.offers)


CELLS = Plugins("cells", "CELL", Cell, "cell")
PACKAGE = CELLS.package
names, get = CELLS.names, CELLS.get


def lacks(cell: Cell, asked: Iterable[str]) -> str:
    """Words for what rules ask of a cell that does not offer it; '' where it offers all.

    `population_rate` is offered by every population of a network, and not asked about here.
    """
    missing = set(asked) - cell.variables(set(asked))
    if not missing:
        return ""
    name = min(missing)
    return f"the cell {cell.name} has no {name} ({OFFERED[name][1]})"


def refuse(cell: Cell, asked: Iterable[str], rule: str) -> None:
    """Refuse a rule that asks for what the cell does not have.

    Raises
    ------
    InputError
        Naming the rule, the cell and a variable that is missing.
    """
    if told := lacks(cell, asked):
        raise InputError(f"induction of {rule}: {told}; name another cell")
