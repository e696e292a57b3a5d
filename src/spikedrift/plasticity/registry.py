"""The plasticity rules there are: one file of `spikedrift.plasticity.rules` each."""

from functools import cache

from spikedrift.core import plugins
from spikedrift.plasticity.rule import Rule

PACKAGE = f"{__package__}.rules"


def names() -> list[str]:
    """Names of the rules, by listing files; imports none of them."""
    return plugins.names(PACKAGE)


def declared(name: str) -> Rule:
    """Return the rule of that name as it stands in its file.

    Raises
    ------
    InputError
        Naming the nearest rule, where there is none of that name, or a file without a rule.
    """
    rule: Rule = plugins.load(PACKAGE, name, "RULE", Rule, "plasticity rule")
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
