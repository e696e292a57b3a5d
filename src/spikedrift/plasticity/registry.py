"""The plasticity rules there are: one file of `spikedrift.plasticity.rules` each."""

from functools import cache
from importlib import import_module
from pathlib import Path

from spikedrift.errors import InputError, unknown
from spikedrift.plasticity.rule import Rule

PACKAGE = f"{__package__}.rules"


def names() -> list[str]:
    """Names of the rules, by listing files; imports none of them."""
    files = (Path(__file__).parent / "rules").glob("*.py")
    return sorted(path.stem for path in files if path.stem != "__init__")


def declared(name: str) -> Rule:
    """Return the rule of that name as it stands in its file.

    Raises
    ------
    InputError
        Naming the nearest rule, where there is none of that name, or a file without a rule.
    """
    if name not in names():
        raise unknown("unknown plasticity rule", name, names())
    rule = getattr(import_module(f"{PACKAGE}.{name}"), "RULE", None)
    if not isinstance(rule, Rule) or rule.name != name:
        raise InputError(f"plasticity rule {name}: its file must define RULE, a Rule of that name")
    return rule


@cache
def get(name: str) -> Rule:
    """Return the rule of that name after a look at every line of it.

    This takes Brian2, whose import takes seconds: what only asks for names, parameters and sets
    uses `declared`.

    Raises
    ------
    InputError
        As `declared`, and for a line with a wrong unit, an unknown variable or an unbounded
        weight.
    """
    from spikedrift.plasticity.check import check

    rule = declared(name)
    check(rule)
    return rule
