"""Check every line of a rule before anything is compiled: names, units, bounds.

Brian2 knows the units; it is imported here, where a rule is used, and not where one is declared.
`python -m spikedrift.plasticity.check my_plugins` checks all rules and those of a folder.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any

import brian2 as b
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant, Variable
from brian2.equations.equations import dimensions_and_type_from_string
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.units.fundamentalunits import fail_for_dimension_mismatch
from brian2.utils.stringtools import get_identifiers

from spikedrift.cells.cell import OFFERED
from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown
from spikedrift.plasticity import registry
from spikedrift.plasticity.rule import Regular, Rule

SHARED = {"t": "second", "dt": "second"}
SYNAPSE = {**SHARED, "w": "1", "w_max": "1", "lastupdate": "second", "i": "1", "j": "1"}
# Flags that equations may have, and numbers that Brian2 counts for every synapse.
FLAGS = {
    "differential equation": ["event-driven", "clock-driven"],
    "subexpression": ["constant over dt"],
    "parameter": ["constant"],
}
COUNTS = {"N_incoming": "1", "N_outgoing": "1", "N_post": "1", "N_pre": "1"}


@dataclass(frozen=True)
class Scope:
    """The names that statements may use, and those that they may set."""

    known: dict[str, Any] = field(default_factory=dict)
    writable: set[str] = field(default_factory=set)


def check(rule: Rule) -> None:
    """Check a rule.

    Raises
    ------
    InputError
        One line that names the rule, the part, the line, and what is wrong with it.
    """
    told = f"plasticity rule {rule.name}"
    twice = [name for name, n in Counter(_declared_names(rule, told)).items() if n > 1]
    if twice:
        raise InputError(f"{told}: {twice[0]!r} is declared twice")
    parameters = {p.name: p.unit for p in rule.parameters}
    balance = rule.balance.parameter if rule.balance else ""
    for role, name in (("rate", rule.rate), ("late", rule.late), ("balance", balance)):
        if name and name not in parameters:
            raise unknown(f"{told}: {role} names no parameter:", name, parameters)
    for key in rule.vector:
        if key not in parameters:
            raise unknown(f"{told}: vector names no parameter:", key, parameters)
    constants = {name: _variable(name, unit, told) for name, unit in parameters.items()}
    for name, chosen in rule.sets.items():
        for key in chosen.values:
            if key not in parameters:
                raise unknown(f"{told}: set {name}: unknown parameter", key, parameters)

    cell = _scope(rule.cell, {**SHARED, **{k: unit for k, (unit, _) in OFFERED.items()}},
                  constants, f"{told}: cell")  # fmt: skip
    cell.writable.difference_update(OFFERED)
    synapse = _scope(rule.model, {**SYNAPSE, **COUNTS}, constants, f"{told}: model", cell)
    synapse.writable.add("w")
    if rule.release and rule.release not in synapse.writable:
        raise unknown(f"{told}: release names no variable:", rule.release, synapse.writable)

    spike, gather = synapse.writable, {f"{name}_post" for name in cell.writable}
    blocks = [
        ("start", rule.start, synapse, spike - {"w"}),
        ("on_pre", rule.on_pre, synapse, spike),
        ("on_late", rule.on_late, synapse, spike),
        ("on_post", rule.on_post, synapse, spike),
        ("cell_start", rule.cell_start, cell, cell.writable),
    ]
    for regular in rule.every:
        inside = (synapse, spike | gather) if regular.on == "synapse" else (cell, cell.writable)
        blocks.append((f"every {regular.interval:g} s", regular.code, *inside))
        if regular.where:
            _condition(f"{told}: where", regular, cell.known)
    for part, code, scope, writable in blocks:
        _statements(f"{told}: {part}", code, scope.known, writable)
    if rule.on_late and not rule.late:
        raise InputError(f"{told}: on_late needs `late`, the parameter with its delay")


def _declared_names(rule: Rule, told: str) -> Iterator[str]:
    yield from (parameter.name for parameter in rule.parameters)
    for part, text in (("model", rule.model), ("cell", rule.cell)):
        yield from _equations(text, f"{told}: {part}").names
    yield from (*SYNAPSE, *OFFERED)


def _equations(text: str, told: str) -> b.Equations:
    try:
        equations = b.Equations(text)
        equations.check_flags(FLAGS)
        return equations
    except Exception as error:  # Brian2 raises many kinds
        raise InputError(f"{told}: {_one_line(error)}") from None


def _variable(name: str, unit: str, told: str = "") -> Variable:
    try:
        return Variable(name, dimensions=dimensions_and_type_from_string(unit)[0])
    except ValueError as error:
        raise InputError(f"{told}: {name}: {_one_line(error)}") from None


def _scope(
    text: str,
    given: Mapping[str, str],
    constants: Mapping[str, Any],
    told: str,
    cell: Scope | None = None,
) -> Scope:
    """Scope of what is given and of what a model adds; its equations are checked on the way."""
    known: dict[str, Any] = {**DEFAULT_FUNCTIONS, **constants}
    known |= {name: Constant(name, 1.0) for name in ("pi", "e")}
    known |= {
        name: Constant(name, float(unit), dimensions=unit.dim)
        for name, unit in DEFAULT_UNITS.items()
    }
    known |= {name: _variable(name, unit) for name, unit in given.items()}
    if cell:
        known |= {
            f"{name}_post": Variable(f"{name}_post", dimensions=cell.known[name].dim)
            for name in cell.writable
        }
    equations = _equations(text, told)
    known |= {
        name: Variable(name, dimensions=equations[name].dim) for name in sorted(equations.names)
    }
    known["xi"] = Variable("xi", dimensions=(b.second**-0.5).dim)
    for one in equations.values():
        if one.expr is None:
            continue
        line = f"{told}: `{one.varname}` = `{one.expr}`"
        _known_names(line, one.expr.code, known)
        wanted = one.dim / b.second.dim if one.type == "differential equation" else one.dim
        try:
            found = parse_expression_dimensions(one.expr.code, known)
        except (b.DimensionMismatchError, SyntaxError) as error:
            raise InputError(f"{line}: {_one_line(error)}") from None
        if found != wanted:
            raise InputError(f"{line}: its unit is {_named(found)}, {_named(wanted)} is needed")
    return Scope(known, {name for name in equations.names if equations[name].expr is None
                         or equations[name].type == "differential equation"})  # fmt: skip


def _statements(told: str, code: str, known: Mapping[str, Any], writable: set[str]) -> None:
    variables = dict(known)
    for line in filter(None, map(str.strip, code.splitlines())):
        if line == "{transmit}":
            continue
        where = f"{told}: `{line}`"
        try:
            target, operator, expression, _ = parse_statement(line)
        except (SyntaxError, ValueError) as error:
            raise InputError(f"{where}: {_one_line(error)}") from None
        if (target in known and target not in writable) or iskeyword(target):
            raise InputError(f"{where}: {target} cannot be set here")
        _known_names(
            where, expression if operator == "=" else f"{target} + {expression}", variables
        )
        if target == "w":
            _bounded(where, operator, expression)
        try:
            if target not in variables:  # known until the end of the block
                dimensions = parse_expression_dimensions(expression, variables)
                variables[target] = Variable(target, dimensions=b.get_dimensions(dimensions))
            _same_unit(line, target, operator, expression, variables)
        except (b.DimensionMismatchError, SyntaxError, ValueError) as error:
            raise InputError(f"{where}: {_one_line(error)}") from None


def _same_unit(
    line: str, target: str, operator: str, expression: str, variables: Mapping[str, Any]
) -> None:
    """Compare the unit of what a statement sets with that of its target.

    As Brian2's `check_units_statements` does, which also makes code of every line: that took most
    of the time of a check.
    """
    if operator not in ("=", "+=", "-=", "*=", "/=", "%="):
        raise SyntaxError(f"unknown operator {operator!r}")
    whole = expression if operator == "=" else f"{target} {operator[0]} {expression}"
    expected = variables[target].dim
    fail_for_dimension_mismatch(
        parse_expression_dimensions(whole, variables),
        expected,
        f'The right-hand-side of code statement "{line}" does not have the expected unit '
        "{expected}",
        expected=expected,
    )


def _condition(told: str, regular: Regular, known: Mapping[str, Any]) -> None:
    if regular.on != "synapse" or regular.interval:
        raise InputError(f"{told}: is for statements of a synapse in every time step")
    where = f"{told}: `{regular.where}`"
    _known_names(where, regular.where, known)
    try:
        parse_expression_dimensions(regular.where, known)
        if is_boolean_expression(regular.where, known):
            return
    except (b.DimensionMismatchError, SyntaxError) as error:
        raise InputError(f"{where}: {_one_line(error)}") from None
    raise InputError(f"{where}: is not a condition, which is true or false")


def _known_names(where: str, code: str, known: Mapping[str, Any]) -> None:
    missing = get_identifiers(code) - set(known)
    if missing:
        own = set(known) - set(DEFAULT_UNITS) - set(DEFAULT_FUNCTIONS)
        raise unknown(f"{where}: unknown variable", min(missing), own)


def _bounded(where: str, operator: str, expression: str) -> None:
    """Refuse a weight that can leave its bounds, that is not set to clip(..., ..., w_max)."""
    try:
        call = ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise InputError(f"{where}: {_one_line(error)}") from None
    if not (
        operator == "="
        and isinstance(call, ast.Call)
        and ast.unparse(call.func) == "clip"
        and len(call.args) == 3
        and ast.unparse(call.args[2]) == "w_max"
    ):
        raise InputError(f"{where}: the weight has no bounds here; set w = clip(..., 0, w_max)")


def _named(dimensions: Any) -> str:
    return "1" if dimensions is b.get_dimensions(1) else repr(b.get_unit(dimensions))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    try:
        plugins.use(sys.argv[1:], "folders of plug-ins")
        for each in registry.names():
            registry.get(each)
    except InputError as found:
        sys.exit(f"spikedrift: {found}")
