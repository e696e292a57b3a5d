"""Run a rule through an induction protocol."""

import logging
from collections.abc import Sequence
from itertools import batched, groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from spikedrift.cells import cell as cells
from spikedrift.config.inductions import PROTOCOLS, Induction
from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import InputError, unknown
from spikedrift.plasticity import protocol as protocols
from spikedrift.plasticity import registry
from spikedrift.plasticity.bench import IN_CELLS, PREFIX, keys
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rule import Rule
from spikedrift.plasticity.synapse import combine
from spikedrift.simulation.build import Program, build
from spikedrift.simulation.run import Run, session

log = logging.getLogger(__name__)
SIZES = (64, 1024)  # cells of a bench; one program each
COLUMNS = (
    *("rule", "induction", "set", "curve", "x", "measured", "spread", "predicted"),
    *("theory_tolerance", "title", "axis", "readout"),
)
READOUT = {
    "difference": "change of weight",
    "ratio": "weight, last over first",
    "two_states": "strength, last over first",
    "released": "released by the last spike",
}
# Protocols for a rule that names none.
WINDOW = Induction(
    name="window",
    title="60 pairs at 1 Hz",
    protocol="pairing",
    options={
        "along": "interval",
        "intervals": [k * 5e-3 for k in range(-20, 21) if k],
    },
)
FREQUENCY = Induction(
    name="frequency",
    title="60 pairs",
    protocol="pairing",
    options={"frequencies": [0.1, 1, 5, 10, 20, 30, 40, 50]},
)


def inductions(rule: Rule, further: Sequence[Induction] = ()) -> list[Induction]:
    """Protocols that a rule is run through: its own, or two that suit any rule, and further ones.

    Raises
    ------
    InputError
        Where two of them have the same name.
    """
    found = [*(rule.inductions or (WINDOW, FREQUENCY)), *further]
    names = [induction.name for induction in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(
            f"inductions of {rule.name}: the name {min(twice)!r} is used twice; give another"
        )
    return found


def chosen(
    rule: Rule, name: str, set_name: str = "", further: Sequence[Induction] = ()
) -> Induction:
    """One protocol of a rule, with one parameter set.

    Parameters
    ----------
    rule : Rule
    name : str
        Name of the induction.
    set_name : str
        Default: the first set of the induction, or of the rule.
    further : sequence of Induction
        As in `inductions`.

    Raises
    ------
    InputError
        For an induction or a set that the rule does not have.
    """
    known = {induction.name: induction for induction in inductions(rule, further)}
    if name not in known:
        raise unknown(f"rule {rule.name}: no induction", name, known)
    sets = known[name].sets or tuple(rule.sets) or ("",)
    if set_name and set_name not in sets:
        raise unknown(f"rule {rule.name}, induction {name}: no set", set_name, sets)
    one = set_name or sets[0]
    return known[name].model_copy(update={"sets": (one,) if one else ()})


def induce(
    rule: Rule, induction: Induction, *, seed: int, build_dir: Path, scratch_dir: Path
) -> pd.DataFrame:
    """Change of the weight in every condition of a protocol, for every parameter set.

    Parameters
    ----------
    rule : Rule
    induction : Induction
    seed : int
        Seed of random spikes and of random numbers of the rule.
    build_dir, scratch_dir : Path
        Cache of programs; place for files while they run.

    Returns
    -------
    DataFrame
        One row a condition and set: `rule`, `induction`, `set`, `curve`, `x`, `measured` (in the
        induction's readout), `spread` (its standard error over replicates, NaN for one),
        `predicted` (NaN without theory), `theory_tolerance`, and words for figures: `title`,
        `axis`, `readout`.

    Raises
    ------
    InputError
        For a protocol, a cell, a set or a parameter that is not there.
    """
    protocol = protocols.get(induction.protocol)
    model = PROTOCOLS.get(induction.protocol)
    options = induction.options if model is None else model(**induction.options)
    n_cells, n = sizes(induction)
    program = program_of(rule, induction, n, build_dir)
    words = (
        np.nan if induction.tolerance is None else induction.tolerance,
        induction.title or induction.name,
        protocol.axis(options),
        READOUT[induction.readout],
    )
    rows = []
    for name in induction.sets or tuple(rule.sets) or ("",):
        values = rule.values(name, induction.parameters)
        rng = np.random.default_rng([seed, *name.encode()])
        drawn = [protocol.conditions(options, induction.dt, rng)]
        drawn += [
            protocol.conditions(options, induction.dt, rng) if protocol.random else drawn[0]
            for _ in range(n_cells - 1)
        ]
        setting = Setting(program, rule, induction, values, n, rng, scratch_dir)
        measured = _measure(setting, drawn)
        for index, (condition, (value, spread)) in enumerate(zip(drawn[0], measured, strict=True)):
            theory = np.nan
            if rule.predict:
                each = drawn if protocol.random else drawn[:1]
                theory = np.mean([rule.predict(values, one[index], induction) for one in each])
            place = rule.name, induction.name, name, condition.curve, condition.x
            rows.append((*place, value, spread, theory, *words))
        log.info("%s: %s, %s", rule.name, induction.name, name or "default parameters")
    return pd.DataFrame(rows, columns=COLUMNS)


def sizes(induction: Induction) -> tuple[int, int]:
    """Cells that one condition takes, and cells of the bench.

    Raises
    ------
    InputError
        For more replicates than the largest bench has cells, where each needs one.
    """
    # Copies that see the same spikes and do not act on their cell are synapses of one cell.
    cell = cells.get(induction.cell)
    alike = not (protocols.get(induction.protocol).random or cell.transmit or cell.draws)
    n_cells = 1 if alike else induction.replicates
    if n_cells > SIZES[-1]:
        raise InputError(f"{induction.name}: replicates: at most {SIZES[-1]}, each has a cell")
    return n_cells, min(size for size in SIZES if size >= n_cells)


def program_of(rule: Rule, induction: Induction, n: int, build_dir: Path) -> Program:
    """Return the bench of a rule as a program with `n` cells, from the cache where it is there."""
    return build(
        "spikedrift.plasticity.bench:define",
        {"rules": [rule.name], "cell": induction.cell, "n": n},
        Simulation(dt=induction.dt, jobs=1),
        build_dir,
        uses=(f"{registry.PACKAGE}.{rule.name}", f"{cells.PACKAGE}.{induction.cell}"),
    )


class Setting(NamedTuple):
    """What all sessions of one parameter set share."""

    program: Program
    rule: Rule
    induction: Induction
    values: dict[str, float]
    n: int
    rng: np.random.Generator
    scratch_dir: Path


def _measure(setting: Setting, drawn: Sequence[Sequence[Condition]]) -> list[tuple[float, float]]:
    """Readout and its standard error for every condition; `drawn[cell][condition]`."""
    n_cells = len(drawn)
    found: dict[int, tuple[float, float]] = {}

    def alike(index: int) -> tuple[float, float]:
        """Duration and held potential, of which a session has one value each."""
        condition = drawn[0][index]
        return condition.duration, np.inf if condition.held is None else condition.held

    order = sorted(range(len(drawn[0])), key=alike)
    for (duration, held), same in groupby(order, alike):
        for chosen in batched(same, setting.n // n_cells):
            side = [drawn[cell][index] for index in chosen for cell in range(n_cells)]
            bundle = setting.induction.replicates // n_cells
            final = final_weights(setting, side, bundle, duration, None if np.isinf(held) else held)
            for index, weights in zip(chosen, final.reshape(len(chosen), -1), strict=True):
                found[index] = _readout(setting.induction, weights)
    return [found[index] for index in range(len(drawn[0]))]


def final_weights(
    setting: Setting,
    side: Sequence[Condition],
    bundle: int,
    duration: float,
    held: float | None = None,
) -> np.ndarray:
    """Run one session: float64 of shape (conditions * bundle,), the last weights.

    For the readout `released` it returns what the last spikes released instead.

    Parameters
    ----------
    setting : Setting
    side : sequence of Condition
        One per cell.
    bundle : int
        Number of synapses on every cell.
    duration : float
        s; the cell's time to settle comes before it.
    held : float, optional
        Membrane potential; V.
    """
    induction, cell = setting.induction, cells.get(setting.induction.cell)
    dt = induction.dt
    latency = max(round(cell.latency / dt), 1)
    lead = round(cell.settle / dt) + latency  # the first order comes before its spike

    def steps(trains: Sequence[np.ndarray], shift: int) -> tuple[np.ndarray, np.ndarray]:
        index = np.repeat(np.arange(len(trains)), [train.size for train in trains])
        step = np.round(np.concatenate(trains) / dt).astype(np.int64) + shift
        step, index = np.divmod(np.unique(step * setting.n + index), setting.n)
        return index, step

    projection = combine([setting.rule], cell.transmit, prefix=PREFIX, in_cells=IN_CELLS)
    parameters: dict[str, float | np.ndarray] = {
        **projection.variables({setting.rule.name: setting.values}, "synapses", "cells", "source"),
        "synapses.w_max": induction.w_max,
        "synapses.w_low": induction.weight,
        "synapses.w_high": _high(induction),
        "synapses.bundle": bundle,
        "synapses.copies": induction.replicates,
        "synapses.n_low": round(induction.low * induction.replicates),
    }
    if held is not None:
        parameters["cells.held"] = held
    seed = int(setting.rng.integers(2**32))
    parameters |= keys(cell, setting.n, seed)
    with session(
        setting.program,
        seed=seed,
        parameters=parameters,
        inputs={
            "source": steps([condition.pre for condition in side], lead),
            "orders": steps([condition.post for condition in side], lead - latency),
        },
        steps=[Run(0, (lead + round(duration / dt)) * dt)],
        scratch_dir=setting.scratch_dir,
        label=f"{setting.rule.name}.{induction.name}",
    ) as output:
        read = "released" if induction.readout == "released" else "w"
        return output.array(read)[: len(side) * bundle]


def _high(induction: Induction) -> float:
    return induction.w_max if induction.readout == "two_states" else induction.weight


def _readout(induction: Induction, weights: np.ndarray) -> tuple[float, float]:
    """Change of the mean weight of a condition's replicates, and its standard error."""
    low, high, n = induction.weight, _high(induction), weights.size
    n_low = round(induction.low * n)
    first = (n_low * low + (n - n_low) * high) / n
    if induction.readout == "two_states":
        weights = np.where(weights > (low + high) / 2, high, low)
    # Synapses of one first weight are a stratum: which synapses have it is not random.
    strata = np.split(weights, [n_low]) if high > low else [weights]
    spread = sum(part.size * part.var(ddof=1) for part in strata if part.size > 1)
    error = float(np.sqrt(spread) / n) if n > 1 else np.nan
    if induction.readout == "released":
        return float(weights.mean()), error
    if induction.readout == "difference":
        return float(weights.mean() - first), error
    return float(weights.mean() / first), error / first
