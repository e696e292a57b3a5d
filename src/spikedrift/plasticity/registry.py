"""What a plasticity rule is, and the rules there are.

A rule is a file of this package with a module-level `RULE`. Equations and statements are Brian2's;
a rule sees the weight `w`, its bound `w_max` and its own parameters and traces. `{transmit}` in
`on_pre` marks where the synapse passes the spike on, since papers differ on whether it does so
before or after the weight has changed.
"""

from dataclasses import dataclass
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


def names() -> list[str]:
    """Names of the rules, by listing files; imports none of them."""
    skip = {"__init__", "registry", "synapse"}
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
