"""Faults of a declaration, each in one line, before anything is compiled."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from spikedrift.cells import cell as cells
from spikedrift.core.errors import InputError, unknown
from spikedrift.networks.declaration import (
    Distribution,
    Network,
    Phase,
    Population,
    Projection,
)
from spikedrift.plasticity import registry
from spikedrift.plasticity.rule import Rule
from spikedrift.simulation.statements import assignments

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
KINDS = ("settle", "naive", "train", "pause", "block", "cue")
SHOWING = ("naive", "train", "block")


def check(network: Network, where: str, whole: bool = True) -> None:
    """Check a declaration.

    Parameters
    ----------
    network : Network
    where : str
        Begins the message: the recording or the sweep.
    whole : bool
        Whether the engine runs it; an integrator of its own asks for no cells and receptors.

    Raises
    ------
    InputError
        Naming the population, projection or phase, and what is wrong with it.
    """
    try:
        engine = (_populations, _projections, _drives, _sets, _states) if whole else ()
        for faults in (_names, *engine, _protocol, _recording):
            for fault in faults(network):
                raise InputError(fault)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _names(network: Network) -> Iterator[str]:
    names = [
        *(one.name for one in network.populations),
        *(one.name for one in network.sources),
        *(one.name for one in network.projections),
        *(one.name for one in network.drives),
    ]
    for name, n in Counter(names).items():
        if not NAME.fullmatch(name):
            yield f"{name!r} is no name: letters, digits and _, a letter first"
        if n > 1:
            yield f"the name {name!r} is given twice"
    for name, size in network.sizes.items():
        if size < 1:
            yield f"{name}: a population of {size} cells"


def _populations(network: Network) -> Iterator[str]:
    for one in network.populations:
        cell = cells.get(one.cell)
        known = {parameter.name: parameter for parameter in cell.parameters}
        for name, value in one.parameters.items():
            if name not in known:
                raise unknown(f"population {one.name}: the cell {cell.name} has no", name, known)
            yield from _values(f"population {one.name}: {name}", value, one.size)
        for name in assignments(one.start or ""):
            if name not in cell.state:
                raise unknown(f"population {one.name}: start: no variable", name, cell.state)


def _projections(network: Network) -> Iterator[str]:
    populations = {one.name: one for one in network.populations}
    for one in network.projections:
        where = f"projection {one.name}"
        if one.pre not in network.sizes:
            raise unknown(f"{where}: no population or source", one.pre, network.sizes)
        if one.post not in populations:
            raise unknown(f"{where}: no population", one.post, populations)
        cell = cells.get(populations[one.post].cell)
        if one.receptor not in cell.receptors:
            raise unknown(f"{where}: the cell {cell.name} has no receptor", one.receptor,
                          cell.receptors)  # fmt: skip
        yield from _wiring(network, where, one)
        if not one.w_max > 0:
            yield f"{where}: w_max: {one.w_max:g} is not above 0"
        drawn = [one.weight, *([one.delay] if isinstance(one.delay, Distribution) else [])]
        for value in (v for part in drawn for v in part.values.values()):
            yield from _values(where, value, 1)
        if not isinstance(one.delay, Distribution) and not 0 <= one.delay < np.inf:
            yield f"{where}: delay: {one.delay:g} s is no time"
        yield from _rules(where, one, cell)


def _rules(where: str, one: Projection, cell: cells.Cell) -> Iterator[str]:
    offered = cell.variables(cell.offers) | {"population_rate"}
    for rule, given in one.plasticity.items():
        try:
            declared = registry.declared(rule)
            declared.values("", given)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if missing := _asked(declared) - offered:
            lacked = min(missing)
            yield (
                f"{where}: the rule {rule} needs {lacked} ({cells.OFFERED[lacked][1]}), which the "
                f"cell {cell.name} of {one.post} does not offer"
            )


def refuse_for_integrator(name: str, where: str) -> None:
    """Refuse a rule that an integrator of a network's own, which sees spikes alone, cannot run.

    Parameters
    ----------
    name : str
        Of the rule.
    where : str
        Begins the message.

    Raises
    ------
    InputError
        Naming what the rule needs.
    """
    rule = registry.declared(name)
    if asked := _asked(rule):
        lacked = min(asked)
        fault = f"needs {lacked} ({cells.OFFERED[lacked][1]}), which these cells do not offer"
    elif rule.on_late:
        fault = "needs presynaptic spikes that come late, which are not there"
    elif any(one.where for one in rule.every):
        fault = "looks at the state of the cell, which is not there"
    elif "=" in rule.cell:
        fault = "has variables of the cell that follow equations, which are not solved here"
    else:
        return
    raise InputError(f"{where}: the rule {name} {fault}; rules of spikes and weights alone act")


def _asked(rule: Rule) -> set[str]:
    """What a rule asks of the cell: keys of `cells.OFFERED`."""
    in_cell = [rule.cell, rule.cell_start, *(one.where for one in rule.every)]
    in_cell += [one.code for one in rule.every if one.on == "cell"]
    return set(cells.NAME.findall("\n".join(in_cell))) & cells.OFFERED.keys()


def _wiring(network: Network, where: str, one: Projection) -> Iterator[str]:
    wiring, n_pre = one.wiring, network.sizes[one.pre]
    if wiring.n_pre not in (None, n_pre):
        yield f"{where}: a wiring from {wiring.n_pre} cells, and {one.pre} has {n_pre}"
    if wiring.degree is None:
        return
    if wiring.condition:
        yield f"{where}: a wiring with both a degree and a condition"
    sources = {source.name for source in network.sources}
    if wiring.fixed == "pre" and one.pre in sources:
        yield f"{where}: an out-degree needs a population; {one.pre} is a source"
    partner = one.pre if wiring.fixed == "post" else one.post
    most = network.sizes[partner] - (one.pre == one.post)
    if not 0 <= wiring.degree <= most:
        side = "in" if wiring.fixed == "post" else "out"
        yield f"{where}: an {side}-degree of {wiring.degree} where {partner} offers {most} cells"


def _drives(network: Network) -> Iterator[str]:
    populations = {one.name: one for one in network.populations}
    for one in network.drives:
        if one.post not in populations:
            raise unknown(f"drive {one.name}: no population", one.post, populations)
        cell = cells.get(populations[one.post].cell)
        if one.receptor not in cell.receptors:
            raise unknown(f"drive {one.name}: the cell {cell.name} has no receptor", one.receptor,
                          cell.receptors)  # fmt: skip
        yield from _values(f"drive {one.name}: rate", one.rate, populations[one.post].size)
        yield from _values(f"drive {one.name}: weight", one.weight, 1)


def _protocol(network: Network) -> Iterator[str]:
    protocol = network.protocol
    if not protocol.phases:
        yield "protocol: ends before it starts: it has no phases"
    for number, phase in enumerate(protocol.phases):
        yield from _phase(f"protocol: phase {number} ({phase.kind})", phase, network)
    kinds = [(phase.kind, phase.rest is None) for phase in protocol.phases]
    for number, (kind, whole) in enumerate(kinds):
        if not whole and ("cue", True) not in kinds[:number]:
            yield (
                f"protocol: phase {number} ({kind}): parts of segments are compared with whole "
                "ones: show these before, in another phase of kind cue"
            )
    yield from _open(network)
    if protocol.cues and len(protocol.cues) != protocol.n_segments:
        yield f"protocol: {len(protocol.cues)} cues for {protocol.n_segments} segments"
    if protocol.gap_jitter > protocol.gap:
        yield f"protocol: gap_jitter {protocol.gap_jitter:g} s is longer than the gap"
    if protocol.tail > protocol.gap - protocol.gap_jitter:
        yield f"protocol: tail {protocol.tail:g} s is longer than the shortest gap, trials overlap"


def _open(network: Network) -> Iterator[str]:
    """Faults of phases that go on until weights rest."""
    protocol, own = network.protocol, not any(one.cell for one in network.populations)
    for number, phase in enumerate(protocol.phases):
        if phase.until is None:
            continue
        where = f"protocol: phase {number} ({phase.kind}): until"
        if phase.kind != "train":
            yield f"{where}: only a phase of kind train goes on until weights rest"
        if own or protocol.timetable is not None or any(one.period for one in network.sources):
            yield f"{where}: not with an integrator, a timetable or a period of the network's own"
        block = next((one for one in protocol.phases[number:] if one.kind == "block"), None)
        if block is None:
            yield f"{where}: weights rest in the time of a block, and no block follows"
        elif (phase.repeats or 0) < (block.repeats or 0):
            yield (
                f"{where}: {phase.repeats} repeats are less than the block that follows has "
                f"({block.repeats})"
            )


def _sets(network: Network) -> Iterator[str]:
    for number, phase in enumerate(network.protocol.phases):
        where = f"protocol: phase {number} ({phase.kind}): set"
        yield from _targets(where, phase.set, network, weights=True)
    for cue in network.protocol.cues:
        yield from _targets("protocol: cues", cue, network)


def _phase(where: str, phase: Phase, network: Network) -> Iterator[str]:
    if phase.kind not in KINDS:
        raise unknown(f"{where}: no kind of phase", phase.kind, KINDS)
    if (phase.duration is None) == (phase.repeats is None):
        yield f"{where}: give either duration (s) or repeats"
    if phase.duration is not None and not phase.duration > 0:
        yield f"{where}: ends before it starts: {phase.duration:g} s"
    if phase.repeats is not None and phase.repeats < 1:
        yield f"{where}: {phase.repeats} repeats"
    if phase.kind in (*SHOWING, "cue") and phase.repeats is None:
        yield f"{where}: shows segments; give repeats"
    if phase.kind == "cue" and phase.repeats == 1:
        yield f"{where}: one repeat, and responses are compared over repeats"
    if phase.rest is not None and phase.kind != "cue":
        yield f"{where}: only a phase of kind cue shows parts of segments"
    if phase.rest is not None and not 0 <= phase.rest < 1:
        yield f"{where}: rest: {phase.rest:g} is no share of a segment"
    if phase.repeats is not None and network.protocol.n_segments < 1:
        yield f"{where}: shows segments, and there are {network.protocol.n_segments}"
    if phase.repeats is not None and not network.protocol.duration > 0:
        yield f"{where}: shows segments of {network.protocol.duration:g} s"
    known = {f"{one.name}.{rule}" for one in network.projections for rule in one.plasticity}
    for name in phase.rates:
        if name not in known:
            raise unknown(f"{where}: rates: no rule", name, known)


def _targets(
    where: str, values: Mapping[str, Any], network: Network, weights: bool = False
) -> Iterator[str]:
    """Faults of what a phase or a cue sets; a cue has two values, while shown and otherwise."""
    if not values:
        return
    sizes, by_cell = {}, set()
    if weights:  # of a phase: a cue could not give them back
        sizes = {f"{one.name}.w": 1 for one in network.projections}
    for drive in network.drives:
        sizes[f"{drive.post}.{drive.name}_rate"] = network.sizes[drive.post]
        by_cell.add(f"{drive.post}.{drive.name}_rate")
    for one in network.populations:
        rules = {rule for to in network.ending_on(one.name) for rule in to.plasticity}
        asked = set().union(*(_asked(registry.declared(rule)) for rule in rules))
        for parameter in cells.get(one.cell).used(asked):
            sizes[f"{one.name}.{parameter.name}"] = one.size
        by_cell |= {f"{one.name}.{k}" for k, v in one.parameters.items() if np.ndim(v)}
    for name, given in values.items():
        if name not in sizes:
            raise unknown(f"{where}: nothing to set:", name, sizes)
        for value in given if isinstance(given, tuple) else (given,):
            yield from _values(f"{where}: {name}", value, sizes[name])
            if np.ndim(value) and name not in by_cell:
                yield f"{where}: {name} has one value for all cells; declare it with one for each"


def _recording(network: Network) -> Iterator[str]:
    recording = network.recording
    populations = {one.name: one for one in network.populations}
    if recording.units not in populations:
        raise unknown("recording: units: no population", recording.units, populations)
    size = populations[recording.units].size
    if not populations[recording.units].recorded:
        yield f"recording: the spikes of {recording.units} are not recorded"
    if recording.n_units is not None and not recording.n_units > 1:
        yield f"recording: {recording.n_units} units"
    if recording.n_units is not None and recording.n_units > size:
        yield f"recording: {recording.n_units} units, and {recording.units} has {size} cells"
    if recording.cells is not None and not set(recording.cells) <= set(range(size)):
        yield f"recording: cells: some are no places in {recording.units}, which has {size} cells"
    if recording.limit is not None and not recording.limit > 0:
        yield f"recording: limit: {recording.limit:g} Hz is not above 0"
    if recording.limit is not None and not populations[recording.units].cell:
        yield "recording: limit: an integrator of the network's own has none"
    if not recording.trace_interval > 0:
        yield f"recording: trace_interval {recording.trace_interval:g} s"
    plastic = {one.name for one in network.plastic}
    for key in ("ensembles", "settling"):
        name = getattr(recording, key)
        if name and name not in {one.name for one in network.projections}:
            raise unknown(f"recording: {key}: no projection", name, plastic)
    for one in network.projections:
        if one.name == recording.ensembles and {one.pre, one.post} != {recording.units}:
            yield (
                f"recording: ensembles: {one.name} is from {one.pre} to {one.post}, and not among "
                f"the cells of {recording.units}"
            )


def _states(network: Network) -> Iterator[str]:
    known = {f"{one.name}.{name}" for one in network.populations for name in _state(network, one)}
    for name in network.recording.states:
        if name not in known:
            yield str(unknown("recording: states: no variable", name, known))


def _state(network: Network, population: Population) -> set[str]:
    """Variables of the cells of a population, those that rules add included."""
    added = {
        f"{one.name}_{a or b}"
        for one in network.ending_on(population.name)
        for rule in one.plasticity
        for a, b in cells.STATE.findall(registry.declared(rule).cell)
    }
    return cells.get(population.cell).state | added


def _values(where: str, value: float | np.ndarray, size: int) -> Iterator[str]:
    if isinstance(value, np.ndarray) and value.shape != (size,):
        yield f"{where}: {value.shape} values for {size} cells"
    if not np.isfinite(value).all():
        yield f"{where}: is not finite"
