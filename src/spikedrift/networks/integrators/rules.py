"""Plasticity rules as compiled functions, for integrators of a network's own.

A rule stays as its file declares it, in Brian2's words. `synapse.combine` puts the rules of a
projection together, Brian2 solves the traces between events as it does in its own programs, and
each block of statements (at a presynaptic spike, at a postsynaptic one, at times) becomes a branch
of one function, which is written in Python and compiled. All traces stay in the synapse.

What an integrator cannot give is refused: what a rule reads of the membrane, of conductances or of
the population; statements that come late or where the cell is in some state; variables of the cell
that follow an equation.
"""

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from spikedrift.core.compiling import njit
from spikedrift.core.errors import InputError
from spikedrift.networks.checks import refuse_for_integrator
from spikedrift.networks.integrators.acting import POST, PRE, START, Memory
from spikedrift.networks.integrators.counted import branch, normal, uniform
from spikedrift.plasticity import registry
from spikedrift.plasticity.synapse import combine
from spikedrift.simulation import streams

SENT = "transmitted"


class Regular(NamedTuple):
    """Statements that run every so many steps."""

    every: int
    in_cell: int
    projection: int
    block: int


@dataclass(frozen=True)
class Compiled:
    """Rules of several projections as one function.

    Attributes
    ----------
    act : callable
        `act(memory, weights, block, at, now)` runs a block for a synapse, or a group, in a time
        step. It changes the weight in `weights`, and returns what a spike transmits.
    regular : int64, shape (n, 4)
        Rows of `Regular`, in the order in which they run.
    values : float64, shape (n_projections, n_parameters)
    n_own, n_cell : int
        Variables of a synapse and of a group.
    starts, cell_starts : list of (projection, block)
        Of those whose synapses, and groups, have first values other than 0.
    """

    act: Callable[..., float]
    regular: np.ndarray
    values: np.ndarray
    n_own: int
    n_cell: int
    starts: list[tuple[int, int]]
    cell_starts: list[tuple[int, int]]

    def memory(
        self,
        weights: np.ndarray,
        unit: np.ndarray,
        bound: np.ndarray | float,
        group: np.ndarray,
        key: int,
        dt: float,
    ) -> Memory:
        """Begin with the weights of a network.

        Parameters
        ----------
        weights : float64, shape (n_synapses,)
            With the sign that they keep.
        unit : float64, shape (n_synapses,)
            Size of the network's weight that is 1 for the rules.
        bound : float, or float64, shape (n_synapses,)
            Bound of a weight, in units of its size now.
        group : int64, shape (n_synapses,)
        key : int
        dt : float, s
        """
        n, n_groups = weights.size, int(group.max()) + 1
        w = np.abs(weights) / unit
        found = Memory(
            w, bound * w, np.copysign(unit, weights), np.zeros(n), np.zeros((n, self.n_own)), group,
            np.zeros((n_groups, self.n_cell)),
            np.bincount(group, minlength=n_groups).astype(float), self.values, key, dt,
        )  # fmt: skip
        groups = np.arange(n_groups)
        for projection, block in self.cell_starts:
            for one in groups[groups % len(self.values) == projection]:
                self.act(found, weights, block, one, 0)
        self.begin(found, weights, np.arange(n), 0)
        return found

    def begin(self, memory: Memory, weights: np.ndarray, places: np.ndarray, now: int) -> None:
        """Let synapses begin anew, with no spikes before.

        Parameters
        ----------
        memory : Memory
        weights : float64, shape (n_synapses,)
        places : int, shape (n,)
        now : int
            Time step.
        """
        memory.own[places], memory.updated[places] = 0.0, now * memory.dt
        of = memory.group[places] % len(self.values)
        for projection, block in self.starts:
            for at in places[of == projection]:
                self.act(memory, weights, block, at, now)


def compiled(
    rules: Sequence[Mapping[str, Mapping[str, float]]], dt: float, where: Sequence[str]
) -> Compiled:
    """Compile the rules of projections; the same code is compiled once a process.

    Parameters
    ----------
    rules : sequence of mapping of rule -> parameter -> value
        Of every projection; empty for one whose weights stay.
    dt : float, s
    where : sequence of str
        Begins the messages about each projection.

    Raises
    ------
    InputError
        For a rule that needs what is not there, and for rules that cannot act together.
    """
    parts = [_part(of, dt, told) for of, told in zip(rules, where, strict=True)]
    source, regular, at = [], [], 3 * len(parts)
    starts, cell_starts = [], []
    for number, part in enumerate(parts):
        for block in (PRE, POST, START):
            source.append((3 * number + block, part.blocks[block]))
        starts += [(number, 3 * number + START)] * part.starts
        cell_starts += [(number, at)] * part.cell_starts
        source.append((at, part.cell_start))
        at += 1
        for every, in_cell, code in part.regular:
            regular.append(Regular(every, in_cell, number, at))
            source.append((at, code))
            at += 1
    lines = [
        f"    if block == {number}:\n        projection = {of}\n{code}"
        for (number, code), of in zip(source, _owners(parts), strict=True)
    ]
    head = "def act(memory, weights, block, at, now):\n    t, dt = now * memory.dt, memory.dt\n"
    values = np.zeros((len(parts), max(1, *(len(part.values) for part in parts))))
    for row, part in zip(values, parts, strict=True):
        row[: len(part.values)] = part.values
    return Compiled(
        _function(head + "".join(lines) + "    return 0.0\n"),
        np.array(regular, np.int64).reshape(-1, 4),
        values,
        max(part.n_own for part in parts),
        max(part.n_cell for part in parts),
        starts,
        cell_starts,
    )


class _Part(NamedTuple):
    """A projection in code."""

    blocks: tuple[str, str, str]
    cell_start: str
    regular: list[tuple[int, int, str]]
    values: list[float]
    n_own: int
    n_cell: int
    starts: bool
    cell_starts: bool


def _owners(parts: Sequence[_Part]) -> list[int]:
    """Projection of every block, in the order in which they are written."""
    return [n for n, part in enumerate(parts) for _ in range(4 + len(part.regular))]


def _part(rules: Mapping[str, Mapping[str, float]], dt: float, where: str) -> _Part:
    from brian2.equations import Equations
    from brian2.utils.stringtools import get_identifiers

    for name in rules:
        refuse_for_integrator(name, where)
    try:
        made = combine([registry.get(name) for name in rules], f"{SENT} = {{weight}}")
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    equations, of_cell = Equations(made.model), Equations(made.cell)
    given = {name: rules[rule][one] for rule, one, _, name in made.placed}
    parameters = list(given)
    traces = [one for one in equations.values() if one.type == "differential equation"]
    state = [
        name for name, one in equations.items()
        if name not in {"w", "w_max", *parameters} and one.type != "subexpression"
    ]  # fmt: skip
    in_cell = [name for name, one in of_cell.items() if name not in parameters]
    values = {name: f"memory.values[projection, {k}]" for k, name in enumerate(parameters)}
    synapse = {name: f"memory.own[at, {k}]" for k, name in enumerate(state)} | values
    synapse |= {
        "w": "memory.w[at]",
        "w_max": "memory.w_max[at]",
        "lastupdate": "memory.updated[at]",
    }
    synapse |= {f"{name}_post": f"memory.cell[memory.group[at], {k}]" for k, name in
                enumerate(in_cell)}  # fmt: skip
    synapse["N_incoming"] = "memory.incoming[memory.group[at]]"
    cell = {name: f"memory.cell[at, {k}]" for k, name in enumerate(in_cell)} | values
    told = f"{where}: {', '.join(rules)}"
    update = _update(equations, told)

    def block(name: str, code: str, known: Mapping[str, str], brings: bool = False) -> str:
        code = _substituted(code, equations)
        if brings or {one.varname for one in traces} & get_identifiers(code):
            code = update + code
        writer = _Writer(known, streams.purpose(f"{where}.{name}"), told)
        return writer.write(code, weighs="w" in known)

    regular = []
    for number, one in enumerate(made.every):
        steps = max(1, round(one.interval / dt))
        known = cell if one.on == "cell" else synapse
        regular.append((steps, int(one.on == "cell"), block(f"every {number}", one.code, known)))
    return _Part(
        (
            block("pre", made.on_pre, synapse, bool(traces)),
            block("post", made.on_post, synapse, bool(traces)),
            block("start", made.start, synapse),
        ),
        block("cell start", made.cell_start, cell),
        regular,
        [float(value) for value in given.values()],
        len(state),
        len(in_cell),
        bool(made.start.strip()),
        bool(made.cell_start.strip()),
    )


def _update(equations: Any, told: str) -> str:
    """Statements that bring traces to the time now, as Brian2 has them."""
    from brian2.core.variables import Variable
    from brian2.equations import Equations
    from brian2.stateupdaters.exact import linear

    traces = [one for one in equations.values() if one.type == "differential equation"]
    if not traces:
        return ""
    if clocked := [one.varname for one in traces if "event-driven" not in one.flags]:
        raise InputError(f"{told}: {clocked[0]} is not event-driven, which it must be here")
    known = {
        name: Variable(name, dimensions=one.dim, constant="constant" in one.flags,
                       scalar="shared" in one.flags)
        for name, one in equations.items()
    }  # fmt: skip
    try:
        found = linear(Equations(traces), known)
    except Exception as error:  # Brian2 raises many kinds
        raise InputError(f"{told}: traces: {' '.join(str(error).split())}") from None
    return re.sub(r"\bdt\b", "(t - lastupdate)", found) + "\nlastupdate = t\n"


def _substituted(code: str, equations: Any) -> str:
    """Write out subexpressions of the model."""
    from brian2.utils.stringtools import get_identifiers, word_substitute

    given = {
        name: f"({one.expr.code})" for name, one in equations.items() if one.type == "subexpression"
    }
    while given.keys() & get_identifiers(code):
        code = word_substitute(code, given)
    return code


class _Writer(ast.NodeTransformer):
    """Writes a block of statements as Python; names of rules get a `_`, so that ours stay ours."""

    def __init__(self, known: Mapping[str, str], purpose: int, told: str) -> None:
        from brian2.core.namespace import DEFAULT_UNITS

        self.known, self.purpose, self.told = known, purpose, told
        self.units = {name: float(unit) for name, unit in DEFAULT_UNITS.items()}
        self.read: set[str] = set()
        self.set: set[str] = set()
        self.draws = 0

    def write(self, code: str, weighs: bool) -> str:
        """Return indented lines that end in a return."""
        body = [self.visit(one) for one in ast.parse(re.sub(r"^ +", "", code, flags=re.M)).body]
        lines = [ast.unparse(ast.fix_missing_locations(one)) for one in body]
        first = [f"{name}_ = {self.known[name]}" for name in sorted(self.read | self.set | {"w"})
                 if name in self.known]  # fmt: skip
        last = [f"{self.known[name]} = {name}_" for name in sorted(self.set) if name in self.known]
        if weighs:
            # A weight that stays is the network's own, to the last bit.
            first = ["if memory.w_max[at] == 0:", "    return weights[at]", *first]
            first += ["before, given = w_, weights[at]"]
            last += ["if w_ != before:", "    weights[at] = memory.scale[at] * w_"]
            sent = f"{SENT}_"
            last.append(
                f"return given if {sent} == before else memory.scale[at] * {sent}"
                if SENT in self.set else "return 0.0"
            )  # fmt: skip
        else:
            last.append("return 0.0")
        return "".join(f"        {line}\n" for line in [*first, *lines, *last])

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Note that a name is read too."""
        if isinstance(node.target, ast.Name):
            self.read.add(node.target.id)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Rename what is a rule's."""
        if isinstance(node.ctx, ast.Store):
            self.set.add(node.id)
        elif node.id in self.set or node.id in self.known:
            self.read.add(node.id)
        elif node.id in ("t", "dt"):
            return node
        elif node.id in self.units:
            return ast.Constant(self.units[node.id])
        elif node.id in CONSTANTS:
            return ast.Constant(CONSTANTS[node.id])
        else:
            raise InputError(f"{self.told}: needs {node.id}, which this network does not offer")
        return ast.Name(f"{node.id}_", node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Draw where random numbers are asked for, and refuse unknown functions."""
        name = ast.unparse(node.func)
        if name in ("rand", "randn"):
            function = "uniform" if name == "rand" else "normal"
            self.draws += 1
            key = f"branch(memory.key, {self.purpose + self.draws}, at)"
            return ast.parse(f"{function}({key}, now)", mode="eval").body
        if name not in FUNCTIONS:
            raise InputError(f"{self.told}: the function {name} is not there in this network")
        node.args = [self.visit(one) for one in node.args]
        node.func = ast.Name(f"of_{name}", ast.Load())
        return node


@njit
def _clip(x, low, high):  # type: ignore[no-untyped-def]
    return low if x < low else (high if x > high else x)


@njit
def _sign(x):  # type: ignore[no-untyped-def]
    return float((x > 0) - (x < 0))


CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf, "True": True, "False": False}
FUNCTIONS: Mapping[str, Any] = {
    **{name: getattr(math, name) for name in ("exp", "log", "log10", "log1p", "expm1", "sqrt",
       "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor", "ceil")},
    "arcsin": math.asin, "arccos": math.acos, "arctan": math.atan,
    "abs": abs, "int": int, "clip": _clip, "sign": _sign,
}  # fmt: skip


@cache
def _function(source: str) -> Callable[..., float]:
    """Compile; in sums and quotients as NumPy and C++ have them, infinity and NaN included."""
    names: dict[str, Any] = {"branch": branch, "uniform": uniform, "normal": normal}
    names |= {f"of_{name}": function for name, function in FUNCTIONS.items()}
    exec(compile(source, "<rules>", "exec"), names)
    found: Callable[..., float] = njit(nogil=True, error_model="numpy")(names["act"])
    return found
