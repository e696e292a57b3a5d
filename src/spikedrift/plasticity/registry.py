"""The plasticity rules by name: one file of `spikedrift.plasticity.rules` each."""

from functools import cache

from spikedrift.core.plugins import Plugins
from spikedrift.plasticity.rule import Rule

RULES = Plugins("rules", "RULE", Rule, "plasticity rule")
PACKAGE = RULES.package
names, declared = RULES.names, RULES.get


@cache
def get(name: str) -> Rule:
    """Return the rule of that name after a check of every line of it.

    This needs Brian2, whose import takes seconds: code that only asks for names, parameters and
    sets uses `declared`.

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
