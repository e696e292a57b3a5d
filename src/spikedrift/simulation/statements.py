"""What models of cells and rules are made of, in Brian2's words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Parameter:
    """A parameter of a rule or a cell, with one value a projection or population, set at run time.

    Attributes
    ----------
    name : str
    default : float
        In SI units.
    unit : str
        Brian2's word for it: `second`, `volt`, `1`.
    meaning : str
    """

    name: str
    default: float
    unit: str
    meaning: str

    def at(self, default: float) -> "Parameter":
        """Return the same parameter with another default."""
        return replace(self, default=default)

    @property
    def line(self) -> str:
        """Equation that declares it, with one value for a whole group."""
        return f"{self.name} : {self.unit} (shared, constant)"


@dataclass(frozen=True)
class Regular:
    """Statements that run at a clock of their own, at the start of a time step.

    Attributes
    ----------
    code : str
    interval : float
        s; 0 stands for every time step.
    on : where the statements run; those of a `synapse` may add to variables of the cell (`_post`)
    where : str
        Condition of the postsynaptic cell, such as `u > theta_plus`: statements of a synapse in
        every time step then run where it holds, and other synapses take no time. A trace that
        decays meanwhile is written as a function of the time since it was last set. Empty where
        statements always run.
    """

    code: str
    interval: float = 0.0
    on: Literal["synapse", "cell"] = "synapse"
    where: str = ""


def first_values(group: Any, code: str) -> None:
    """Set variables of a Brian2 group, one `name = expression` per line."""
    for name, value in assignments(code).items():
        setattr(group, name, value)


def assignments(code: str) -> Mapping[str, str]:
    """Return variable -> expression of lines `name = expression`."""
    lines = (line.partition("=") for line in filter(None, map(str.strip, code.splitlines())))
    return {name.strip(): value.strip() for name, _, value in lines}
