"""What a plasticity rule is: data in Brian2's words.

Statements of a synapse see the weight `w`, its bound `w_max`, the time `t`, the rule's parameters
and its own variables; `{transmit}` in `on_pre` marks where the synapse passes the spike on, since
papers differ on whether it does so before or after the weight has changed. A rule that needs more
of the postsynaptic cell than its spikes declares `cell` variables. They see what every cell offers
(`spikedrift.cells.cell.OFFERED`), and statements of the synapse reach them with the suffix `_post`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spikedrift.core.errors import InputError, unknown
from spikedrift.simulation.statements import Parameter, Regular

__all__ = ["Balance", "Parameter", "ParameterSet", "Point", "Regular", "Rule"]


@dataclass(frozen=True)
class ParameterSet:
    """Values that belong together, and where they are from and how far they can be trusted."""

    values: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Point:
    """An operating point: independent Poisson spikes on both sides of a synapse.

    Attributes
    ----------
    pre, post : float
        Rates, Hz.
    weight, w_max : float
        Where the weight stands, and its bound.
    excitation : float, optional
        Excitatory drive of the cell, V, for rules that read it; None: what the synapse brings.
    """

    pre: float
    post: float
    weight: float = 0.5
    w_max: float = 1.0
    excitation: float | None = None


@dataclass(frozen=True)
class Balance:
    """What balances a rule: the value at which spikes as of a `Point` change no mean weight.

    Attributes
    ----------
    parameter : str
        The parameter that scales the rule's depression; it is not below 0.
    value : callable, optional
        `value(values, point)` is the closed form; NaN where it says nothing. Without one the value
        is searched for on the bench.
    settled : callable, optional
        `settled(values, point)` gives parameters that the bench takes in place of others: first
        values of averages too slow to settle there, and no noise where it has the mean 0.
    clamp : callable, optional
        `clamp(excitation)` gives the cell and the potential (V) at which it is held, so that it has
        this excitatory drive (V).
    """

    parameter: str
    value: Callable[[Mapping[str, float], Point], float] | None = None
    settled: Callable[[Mapping[str, float], Point], Mapping[str, float]] | None = None
    clamp: Callable[[float], tuple[str, float]] | None = None


@dataclass(frozen=True)
class Rule:
    """A plasticity rule in Brian2's words.

    Attributes
    ----------
    name, title, citation : str
    parameters : tuple of Parameter
    rate : str
        The parameter that scales all changes of the weight: 0 turns the rule off. Empty where no
        weight changes (short-term plasticity).
    model : str
        Equations of the synapse: traces and other state.
    start : str
        Values of the state, once the first weights are set.
    on_pre, on_post : str
        Statements at a presynaptic and a postsynaptic spike, in this order where both fire in one
        time step.
    on_late, late : str
        Statements that a presynaptic spike triggers after a delay, and the parameter that holds
        this delay (s).
    release : str
        Variable of the synapse that scales what a spike transmits (short-term plasticity).
    every : tuple of Regular
        Regular statements, in the order in which they run.
    cell, cell_start : str
        Equations of the postsynaptic cell, and their first values.
    vector : tuple of str
        Parameters in the order in which a list of numbers gives them.
    sets : mapping of name -> ParameterSet
    predict : callable, optional
        `predict(values, condition, induction)` gives what theory expects of a condition of the
        induction's protocol, in its readout; NaN where it says nothing.
    inductions : tuple of Induction
        The protocols that the rule was published with.
    balance : Balance, optional
        What balances it at an operating point (`spikedrift.plasticity.balance`).
    spontaneous : bool
        Weights move without spikes. A network may let such rules go on alone.
    """

    name: str
    title: str
    citation: str
    parameters: tuple[Parameter, ...]
    rate: str = "eta"
    model: str = ""
    start: str = ""
    on_pre: str = "{transmit}"
    on_late: str = ""
    late: str = ""
    on_post: str = ""
    release: str = ""
    every: tuple[Regular, ...] = ()
    cell: str = ""
    cell_start: str = ""
    vector: tuple[str, ...] = ()
    sets: Mapping[str, ParameterSet] = field(default_factory=dict)
    predict: Callable[..., float] | None = None
    inductions: tuple[Any, ...] = ()
    balance: Balance | None = None
    spontaneous: bool = False

    def values(
        self, name: str = "", given: Mapping[str, float] | tuple[float, ...] = ()
    ) -> dict[str, float]:
        """Value of every parameter: the default, then a named set, then what is given.

        Parameters
        ----------
        name : str
            A set; empty for none.
        given : mapping of parameter -> value, or the values of `vector`

        Raises
        ------
        InputError
            For a set or a parameter that the rule does not have.
        """
        if name and name not in self.sets:
            raise unknown(f"{self.name}: unknown parameter set", name, self.sets)
        if not isinstance(given, Mapping):
            if given and len(given) != len(self.vector):
                raise InputError(
                    f"{self.name}: {len(given)} numbers given as parameters, the rule takes "
                    f"{len(self.vector) or 'names'} {', '.join(self.vector)}".rstrip()
                )
            given = dict(zip(self.vector, given, strict=bool(given)))
        found = {parameter.name: parameter.default for parameter in self.parameters}
        for values in (self.sets[name].values if name else {}, given):
            for key, value in values.items():
                if key not in found:
                    raise unknown(f"{self.name}: unknown parameter", key, found)
                found[key] = value
        return found
