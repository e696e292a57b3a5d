"""What balances a rule at an operating point, where independent Poisson spikes move no mean weight.

Published amplitudes balance at the rates of the experiments that they were fitted to: in a network
that fires at another rate a rule only depresses, or only potentiates. A rule says which parameter
sets its depression, with a closed form where it has one (`rule.Balance`). For any rule and
parameter the value is searched for on the bench of inductions, with the same random spikes for
every value that is tried; what was found is then looked at with other spikes.

Weights of the bench hardly move (SLOW), so that neither their bounds nor what they have become
count, and are first read when traces have settled (SETTLE).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from spikedrift.config.inductions import Induction, RateSweep
from spikedrift.core.errors import InputError, unknown
from spikedrift.plasticity import protocol as protocols
from spikedrift.plasticity.induce import (
    SIZES,
    Setting,
    final_weights,
    inductions,
    program_of,
    sizes,
)
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Balance, Point, Rule
from spikedrift.simulation.build import Program

SLOW = 1e-3  # of the rule's own speed
SETTLE = 5.0  # s
STEPS = 40  # values that a search tries, at most
EXACT = 0.05  # mean change at which it ends, in standard errors
SEARCH, LOOK = range(2)  # what spikes are for


@dataclass(frozen=True)
class Balanced:
    """A value that balances a rule.

    Attributes
    ----------
    parameter : str
    value, error : float
        The value, in the parameter's unit, and its standard error; 0 for a closed form.
    change, change_error : float
        Mean change of the weight a second, on the bench, at the rule's own speed, and its standard
        error, which that of the value is part of. The spikes are others than those of the search.
    published, published_change, published_error : float
        The same for the value of the parameter set.
    how : str
        `closed form` or `bench`.
    """

    parameter: str
    value: float
    error: float
    change: float
    change_error: float
    published: float
    published_change: float
    published_error: float
    how: str


@dataclass(frozen=True)
class _Bench:
    """The bench at an operating point: how fast weights change, for any value of a parameter.

    Attributes
    ----------
    rule : Rule
    values : mapping of parameter -> value
    point : Point
    program : Program
        The bench.
    cells : int
        Its number of cells, at least that of replicates.
    induction : Induction
        Cell, number of replicates, and the finest time step of the rule's own inductions.
    held : float or None
        Membrane potential, V.
    duration : float
        s
    seed : int
    scratch_dir : Path
    """

    rule: Rule
    values: Mapping[str, float]
    point: Point
    program: Program
    cells: int
    induction: Induction
    held: float | None
    duration: float
    seed: int
    scratch_dir: Path

    def changes(self, name: str, value: float, purpose: int) -> np.ndarray:
        """Change of the weight a second at the rule's own speed: float64, one a replicate.

        Spikes follow from seed and purpose alone.
        """
        values = {**self.values, name: value}
        if balance := self.rule.balance:
            values |= balance.settled(values, self.point) if balance.settled else {}
        speed = SLOW if self.rule.rate else 1.0
        if self.rule.rate:
            values[self.rule.rate] *= speed
        whole = self._spikes(purpose)
        early = [replace(one, pre=one.pre[one.pre < SETTLE], post=one.post[one.post < SETTLE])
                 for one in whole]  # fmt: skip
        first, last = (
            final_weights(self._setting(values, purpose), side, 1, until, self.held)
            for side, until in ((early, SETTLE), (whole, SETTLE + self.duration))
        )
        changes: np.ndarray = (last - first) / (self.duration * speed)
        return changes

    def _spikes(self, purpose: int) -> list[Condition]:
        """One pair of Poisson trains a replicate."""
        rng = np.random.default_rng([self.seed, purpose])
        rates = RateSweep(
            swept="post",
            rates=(self.point.post,),
            others=(self.point.pre,),
            duration=SETTLE + self.duration,
        )
        draw = protocols.get("rates").conditions
        return [draw(rates, self.induction.dt, rng)[0] for _ in range(self.induction.replicates)]

    def _setting(self, values: dict[str, float], purpose: int) -> Setting:
        """All sessions of a purpose draw the same random numbers."""
        rng = np.random.default_rng([self.seed, purpose, 1])
        return Setting(
            self.program, self.rule, self.induction, values, self.cells, rng, self.scratch_dir
        )


def closed_form(rule: Rule, values: Mapping[str, float], point: Point) -> float:
    """Value of the rule's balancing parameter by its closed form; NaN where there is none.

    Raises
    ------
    InputError
        Where it is below 0.
    """
    balance = rule.balance
    value = balance.value(values, point) if balance and balance.value else np.nan
    if balance and value < 0:
        raise InputError(
            f"{rule.name}: {balance.parameter} would be {value:.3g} at {_told(point)}: what is "
            "left depresses without it; name another parameter"
        )
    return value


def balanced(
    rule: Rule,
    set_name: str,
    point: Point,
    *,
    parameter: str = "",
    bounds: tuple[float, float] | None = None,
    given: Mapping[str, float] | None = None,
    cell: str = "",
    replicates: int = SIZES[-1],
    duration: float = 20.0,
    seed: int = 1,
    build_dir: Path,
    scratch_dir: Path,
) -> Balanced:
    """Value of a parameter at which independent Poisson spikes change no mean weight.

    Parameters
    ----------
    rule : Rule
    set_name : str
        A parameter set; empty for the rule's defaults.
    point : Point
    parameter : str
        Default: the one that the rule names, from its closed form where it has one. Any other is
        searched for on the bench.
    bounds : (float, float), optional
        Between which values the bench searches; where they are given, it does. Default: a hundredth
        of the set's value and ten times that.
    given : mapping of parameter -> value, optional
        In place of those of the set.
    cell : str
        Postsynaptic cell of the bench. Default: that of the rule's first induction, or the one
        that has the excitatory drive of the point.
    replicates : int
        Synapses on the bench, each with spikes of its own.
    duration : float
        How long they are looked at; s.
    seed : int
        Of all spikes and random numbers.
    build_dir, scratch_dir : Path
        Cache of programs; place for files while they run.

    Raises
    ------
    InputError
        One line, for a set, a parameter or a cell that is not there; where none is named; for a
        drive that the rule does not read; where the change has the same sign at both bounds; and
        for a closed form below 0.
    """
    values = rule.values(set_name, given or {})
    balance = rule.balance or Balance("")
    name = parameter or balance.parameter
    if not name:
        raise InputError(f"{rule.name}: no parameter balances it by default; name one")
    if name not in values:
        raise unknown(f"{rule.name}: unknown parameter", name, values)
    value = np.nan
    if name == balance.parameter and bounds is None:
        value = closed_form(rule, values, point)
    bench = _bench(rule, values, point, cell, replicates, duration, seed, build_dir, scratch_dir)
    error = slope = 0.0
    how = "closed form"
    if np.isnan(value):
        how = "bench"
        low, high = bounds or (values[name] / 100, values[name] * 10)
        value, error, slope = _search(bench, name, low, high)
    found, before = (bench.changes(name, one, LOOK) for one in (value, values[name]))
    return Balanced(
        parameter=name,
        value=value,
        error=error,
        change=float(found.mean()),
        change_error=float(np.hypot(_error(found), slope * error)),
        published=values[name],
        published_change=float(before.mean()),
        published_error=_error(before),
        how=how,
    )


def _bench(
    rule: Rule, values: Mapping[str, float], point: Point, cell: str, replicates: int,
    duration: float, seed: int, build_dir: Path, scratch_dir: Path,
) -> _Bench:  # fmt: skip
    if not 2 <= replicates <= SIZES[-1]:
        raise InputError(f"balance: replicates: from 2 to {SIZES[-1]}, each has a cell")
    held = None
    if point.excitation is not None:
        if rule.balance is None or rule.balance.clamp is None:
            raise InputError(f"{rule.name} reads no excitatory drive: leave it out")
        clamp, held = rule.balance.clamp(point.excitation)
        cell = cell or clamp
    induction = Induction(
        name="balance",
        protocol="rates",
        cell=cell or inductions(rule)[0].cell,
        dt=min(one.dt for one in inductions(rule)),
        weight=point.weight,
        w_max=point.w_max,
        replicates=replicates,
    )
    _, cells = sizes(induction)
    program = program_of(rule, induction, cells, build_dir)
    return _Bench(rule, values, point, program, cells, induction, held, duration, seed, scratch_dir)


def _search(bench: _Bench, name: str, low: float, high: float) -> tuple[float, float, float]:
    """Value without mean change, its standard error, and the slope of the change there.

    Secants between values of either sign (the Illinois method); where the change is a line, the
    first one ends at its root.
    """

    def look(value: float) -> tuple[float, float, float]:
        changes = bench.changes(name, value, SEARCH)
        return value, float(changes.mean()), _error(changes)

    where = f"{bench.rule.name}: {name} from {low:g} to {high:g} at {_told(bench.point)}"
    a, b = look(low), look(high)
    if not a[1] * b[1] < 0:
        raise InputError(
            f"{where}: the mean change a second is {a[1]:.3g} and {b[1]:.3g}, and has no change "
            "of sign: name other bounds, or another parameter"
        )
    tried, weight = [a, b], 1.0  # of the change at `a`, the end that stays
    for _ in range(STEPS):
        c = look((a[1] * weight * b[0] - b[1] * a[0]) / (a[1] * weight - b[1]))
        if abs(c[1]) <= EXACT * c[2]:
            near = min(tried, key=lambda one: abs(one[0] - c[0]))
            slope = (near[1] - c[1]) / (near[0] - c[0])
            return c[0], abs(c[2] / slope), slope
        tried.append(c)
        a, weight = (b, 1.0) if c[1] * b[1] < 0 else (a, weight / 2)
        b = c
    raise InputError(f"{where}: no value found in {STEPS} steps")


def _error(changes: np.ndarray) -> float:
    return float(changes.std(ddof=1) / np.sqrt(changes.size))


def _told(point: Point) -> str:
    return f"{point.pre:g} and {point.post:g} Hz"
