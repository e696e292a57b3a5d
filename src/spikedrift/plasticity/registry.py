"""What a plasticity rule is, and the rules there are.

A rule is a file of this package with a module-level `RULE`. Equations and statements are Brian2's;
a rule sees the weight `w`, its bound `w_max` and its own parameters and traces. `{transmit}` in
`on_pre` marks where the synapse passes the spike on, since papers differ on whether it does so
before or after the weight has changed. A rule that acts on spikes has a parameter `eta` that scales
all its steps: networks turn it off with 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

from spikedrift.errors import unknown


@dataclass(frozen=True)
class Parameter:
    """A parameter of a rule, one value a projection, set when the program runs."""

    name: str
    default: float
    unit: str
    meaning: str

    def at(self, default: float) -> "Parameter":
        """Return the same parameter with another default."""
        return replace(self, default=default)


@dataclass(frozen=True)
class ParameterSet:
    """Values that belong together, and where they are from or how far they can be trusted."""

    values: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Rule:
    """A plasticity rule in Brian2's words."""

    name: str
    title: str
    citation: str
    parameters: tuple[Parameter, ...]
    model: str = ""
    on_pre: str = "{transmit}"
    on_post: str = ""
    every: str = ""
    interval: float = 0.0
    sets: Mapping[str, ParameterSet] = field(default_factory=dict)

    def values(self, name: str = "", **overrides: float) -> dict[str, float]:
        """Value of every parameter: the default, then a named set, then `overrides`.

        Raises
        ------
        InputError
            For a set or a parameter that the rule does not have.
        """
        if name and name not in self.sets:
            raise unknown(f"{self.name}: unknown parameter set", name, self.sets)
        found = {parameter.name: parameter.default for parameter in self.parameters}
        for given in (self.sets[name].values if name else {}, overrides):
            for key, value in given.items():
                if key not in found:
                    raise unknown(f"{self.name}: unknown parameter", key, found)
                found[key] = value
        return found


def names() -> list[str]:
    """Names of the rules, by listing files; imports none of them."""
    skip = {"__init__", "document", "registry", "synapse"}
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in skip)


def get(name: str) -> Rule:
    """Return the rule of that name.

    Raises
    ------
    InputError
        Naming the nearest rule, where there is none of that name.
    """
    if name not in names():
        raise unknown("unknown plasticity rule", name, names())
    rule = import_module(f"spikedrift.plasticity.{name}").RULE
    assert isinstance(rule, Rule)
    return rule
