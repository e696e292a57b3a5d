"""Which traces of a synapse one of its cells alone determines, and how they live in that cell.

A trace that only the spikes of one side raise, or set, by what is the same for all synapses has one
value for all synapses of that cell. It is moved there: a spike then changes one number, and
synapses read it when a spike of either side needs it. What stays in the synapse is what both sides
change, what depends on the weight, and a presynaptic trace whose spikes arrive with a delay of the
synapse's own.

A trace in a cell is kept as it would be at `trace_anchor`, a moment that all traces of a group
share and that moves on now and then. Its value now is that times exp((t - trace_anchor)*rate),
which a program computes once a time step for all cells, and not once a synapse. So no time step
touches a trace that no spike needs.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from spikedrift.plasticity.rule import Rule
from spikedrift.simulation.statements import assignments

ANCHOR = "trace_anchor"
EVERY = 0.010  # s between moves of the anchor: exp(EVERY/tau) must not overflow
SIDES = {"on_pre": "pre", "on_post": "post"}


@dataclass(frozen=True)
class Kept:
    """What the cells of one side keep for a rule, in the rule's names.

    Attributes
    ----------
    equations, start : str
        Variables, and their first values.
    at_spike : str
        Statements at a spike of the cell, after those of its synapses.
    move : str
        Statements that move traces on to another anchor, `trace_elapsed` after the last.
    """

    equations: str = ""
    start: str = ""
    at_spike: str = ""
    move: str = ""

    @property
    def code(self) -> str:
        """All of it."""
        return "\n".join([self.equations, self.start, self.at_spike, self.move])


@dataclass(frozen=True)
class _Trace:
    """A variable that moves: the line that sets it, and at which rate it grows (1/s)."""

    name: str
    unit: str
    block: str
    line: str
    rate: str


def place(rule: Rule, sides: Collection[str], local: str) -> tuple[Rule, Kept, Kept]:
    """Move what can be moved into the cells of the given sides.

    Parameters
    ----------
    rule : Rule
    sides : collection of "pre", "post"
    local : str
        Begins the names that hold the values of traces while statements run.

    Returns
    -------
    Rule
        What is left in the synapse, and what the postsynaptic cell has in addition. Statements
        read what has moved by the suffix of its side.
    Kept, of the presynaptic cell
    Kept, of the postsynaptic cell
        Its equations and first values are those of the rule.
    """
    moved = {one.name: one for one in _traces(rule) if SIDES[one.block] in sides} if sides else {}
    rule = _in_steps(rule, moved)
    if not moved:
        return rule, Kept(), Kept()
    starts = assignments(rule.start)
    before, after = (
        _kept([one for one in moved.values() if SIDES[one.block] == side], starts)
        for side in SIDES.values()
    )

    def reads(code: str) -> str:
        return _reading(code, moved, local)

    left = replace(
        rule,
        model="\n".join(line for line in _lines(rule.model) if _defined(line) not in moved),
        start="\n".join(f"{name} = {value}" for name, value in starts.items() if name not in moved),
        on_pre=reads(rule.on_pre),
        on_post=reads(rule.on_post),
        every=tuple(
            replace(one, code=reads(one.code)) if one.on == "synapse" else one for one in rule.every
        ),
        cell=f"{rule.cell}\n{after.equations}",
        cell_start=f"{rule.cell_start}\n{after.start}",
    )
    return left, before, replace(after, equations="", start="")


def _in_steps(rule: Rule, moved: Collection[str]) -> Rule:
    """Write out how traces that stay decay, where the time step is part of their rate.

    Brian2 would read `dt` as the time since the last event.
    """
    from brian2.equations import Equations
    from brian2.utils.stringtools import get_identifiers

    alike = {one.name for one in rule.parameters} | _constants()
    rates = {one.varname: _rate(one, alike) for one in Equations(rule.model).values()}
    for name, rate in rates.items():
        if not rate or name in moved or "dt" not in get_identifiers(rate):
            continue
        now = f"{name} = {name}*exp((t - {name}_last)*({rate}))\n{name}_last = t\n"

        def decays(code: str, name: str = name, now: str = now) -> str:
            return now + code if name in get_identifiers(code) else code

        lines = [line for line in _lines(rule.model) if _defined(line) != name]
        rule = replace(
            rule,
            model="\n".join(
                [*lines, f"{name} : {_unit(rule.model, name)}", f"{name}_last : second"]
            ),
            on_pre=decays(rule.on_pre),
            on_post=decays(rule.on_post),
            on_late=decays(rule.on_late),
            every=tuple(
                replace(one, code=decays(one.code)) if one.on == "synapse" else one
                for one in rule.every
            ),
        )
    return rule


def _kept(own: Sequence[_Trace], starts: Mapping[str, str]) -> Kept:
    """Put together what one side keeps."""
    return Kept(
        equations="\n".join(f"{one.name} : {one.unit}" for one in own),
        start="\n".join(f"{one.name} = {starts[one.name]}" for one in own if one.name in starts),
        at_spike="\n".join(_anchored(one) for one in own),
        move="\n".join(
            f"{one.name} = {one.name}*exp(trace_elapsed*({one.rate}))" for one in own if one.rate
        ),
    )


def extend(group: Any, equations: str) -> None:
    """Give a Brian2 group that exists, which need not be one of neurons, further variables."""
    from brian2.equations import Equations

    for one in Equations(equations).values():
        shared = "shared" in one.flags
        group.variables.add_array(
            one.varname,
            size=1 if shared else len(group),
            dimensions=one.dim,
            constant="constant" in one.flags,
            scalar=shared,
            **({"index": "0"} if shared else {}),
        )


def anchor(group: Any) -> None:
    """Give a group the anchor of its traces, where it has none yet."""
    if ANCHOR not in group.variables:
        extend(group, f"{ANCHOR} : second (shared)")


def let_move(moves: Iterable[tuple[Any, str]]) -> None:
    """Schedule the moves of the anchors.

    Parameters
    ----------
    moves : (group, `Kept.move`) of all that groups keep
    """
    import brian2 as b

    of_group: dict[Any, list[str]] = {}
    for group, move in moves:
        if move:
            of_group.setdefault(group, []).append(move)
    if not of_group:
        return
    clock = b.Clock(EVERY * b.second, name="anchors*")
    for group, lines in of_group.items():
        code = [f"trace_elapsed = t - {ANCHOR}", f"{ANCHOR} = t", *lines]
        group.run_regularly("\n".join(code), clock=clock, when="before_start")


def relays(arriving: Iterable[tuple[Any, Any, str]]) -> list[Any]:
    """Let the spikes of groups change what these keep, when they arrive at their synapses.

    This comes after the synapses that look at them, and before those that look at the spikes of
    the other side.

    Parameters
    ----------
    arriving : (group, delay in s, `Kept.at_spike`) of all that presynaptic cells keep

    Returns
    -------
    list of Synapses
        From each cell to itself, one for each delay. They must still be connected (`j="i"`).
    """
    import brian2 as b

    together: dict[tuple[Any, float], list[str]] = {}
    for group, delay, at_spike in arriving:
        if at_spike:
            together.setdefault((group, delay), []).append(at_spike)
    made = []
    for number, ((group, delay), lines) in enumerate(together.items()):
        name = f"{group.name}_relay_{number}"
        one = b.Synapses(group, group, on_pre="\n".join(lines), delay=delay * b.second, name=name)
        one.pre.order = 0
        made.append(one)
    return made


def _traces(rule: Rule) -> Iterator[_Trace]:
    """Yield the variables of a synapse that the spikes of one side alone determine."""
    from brian2.equations import Equations
    from brian2.utils.stringtools import get_identifiers

    blocks = {"on_pre": rule.on_pre, "on_post": rule.on_post, "on_late": rule.on_late}
    blocks |= {f"every {k}": r.code for k, r in enumerate(rule.every) if r.on == "synapse"}
    equations = Equations(rule.model)
    alike = {one.name for one in rule.parameters} | _constants()
    starts = assignments(rule.start)
    if "lastupdate" in get_identifiers("\n".join(blocks.values())):
        return
    for one in equations.values():
        name, rate = one.varname, _rate(one, alike)
        setting = [
            (block, line) for block, code in blocks.items() for line in _lines(code)
            if _statement(line)[0] == name
        ]  # fmt: skip
        if rate is None or len(setting) != 1 or setting[0][0] not in SIDES or name == rule.release:
            continue
        ((block, line),) = setting
        _, operator, value = _statement(line)
        own = _lines(blocks[block])
        # Where it is read, it must be seen as the cell has it: before the spike that sets it.
        read = [
            *own[own.index(line) + 1 :],
            rule.on_late,
            *(value for other, value in starts.items() if other != name),
            *(str(other.expr) for other in equations.values() if other is not one),
        ]
        given = get_identifiers(f"{value}\n{starts.get(name, '0')}")
        if (
            operator in (("=", "+=") if rate else ("=",))
            and given <= alike | (set() if rate else {"t"})
            and name not in get_identifiers("\n".join(read))
        ):
            yield _Trace(name, _unit(rule.model, name), block, line, rate)


def _rate(equation: Any, alike: set[str]) -> str | None:
    """Rate of an equation dx/dt = rate*x, empty where x stands still; None for any other."""
    from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
    from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
    from brian2.utils.stringtools import get_identifiers

    if equation.type == PARAMETER and not equation.flags:
        return ""
    if equation.type != DIFFERENTIAL_EQUATION or list(equation.flags) != ["event-driven"]:
        return None
    found, name = str_to_sympy(equation.expr.code), str_to_sympy(equation.varname)
    rate = found.diff(name)
    code: str = sympy_to_str(rate)
    linear = (found - rate * name).simplify() == 0 and rate != 0
    return code if linear and get_identifiers(code) <= alike | {"dt"} else None


def _anchored(trace: _Trace) -> str:
    """Statement that sets a trace in its cell."""
    name, operator, value = _statement(trace.line)
    if not trace.rate:
        return f"{name} {operator} {value}"
    return f"{name} {operator} ({value})*exp(-(t - {ANCHOR})*({trace.rate}))"


def _reading(code: str, moved: Mapping[str, _Trace], local: str) -> str:
    """Let statements read what has moved, and no longer set it."""
    from brian2.utils.stringtools import get_identifiers, word_substitute

    kept = [line for line in _lines(code) if _statement(line)[0] not in moved]
    used = [moved[name] for name in sorted(get_identifiers("\n".join(kept)) & set(moved))]
    values, words = [], {}
    for one in used:
        side = SIDES[one.block]
        words[one.name] = f"{local}{one.name}" if one.rate else f"{one.name}_{side}"
        if one.rate:
            now = f"exp((t - {ANCHOR}_{side})*({one.rate}))"
            values.append(f"{local}{one.name} = {one.name}_{side}*{now}")
    return "\n".join([*values, word_substitute("\n".join(kept), words)])


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _statement(line: str) -> tuple[str, str, str]:
    """Variable, operator and value."""
    from brian2.parsing.statements import parse_statement

    if line == "{transmit}":
        return "", "", ""
    name, operator, value, _ = parse_statement(line)
    return name, operator, value


def _unit(model: str, name: str) -> str:
    """Unit of a variable, as the model has it."""
    (line,) = (line for line in _lines(model) if _defined(line) == name)
    return line.rpartition(":")[2].removesuffix("(event-driven)").strip()


def _defined(line: str) -> str:
    """Variable that a line of a model defines: dx/dt = ..., x = ... or x : ..."""
    found = re.match(r"d(\w+)\s*/\s*dt\b|(\w+)", line)
    return (found[1] or found[2]) if found else ""


@cache
def _constants() -> frozenset[str]:
    """Names that mean the same everywhere: units, and functions that draw nothing."""
    from brian2.core.functions import DEFAULT_FUNCTIONS
    from brian2.core.namespace import DEFAULT_UNITS

    return frozenset({*DEFAULT_UNITS, *DEFAULT_FUNCTIONS}) - {"rand", "randn", "poisson"}
