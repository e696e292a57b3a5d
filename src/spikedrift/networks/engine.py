"""A declared network as a Brian2 program: what is compiled in, and what is set at run time.

Compiled in is the structure: sizes, cells, wiring and weight expressions, rules, delays that are
alike. Every other value of the declaration becomes a variable that a session sets. Wiring, first
weights and noise are counted draws (`simulation.streams`): functions of the key of the postsynaptic
cell, of what they are for and of the place of the presynaptic cell.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from textwrap import dedent
from typing import Any

import numpy as np

from spikedrift.cells import cell as cells
from spikedrift.core.errors import InputError
from spikedrift.networks import declaration
from spikedrift.networks.copies import own, own_cell
from spikedrift.networks.declaration import Distribution, Network, Phase
from spikedrift.plasticity import placing, registry
from spikedrift.plasticity.synapse import Projection, combine
from spikedrift.simulation import streams
from spikedrift.simulation.build import Standalone
from spikedrift.simulation.statements import assignments

RATE = "population_rate : Hz (linked)"


def structure(network: Network, copies: int = 1) -> dict[str, Any]:
    """Return what is compiled in, as JSON values."""
    return {
        "copies": copies,
        "populations": {
            one.name: {
                "size": one.size,
                "cell": one.cell,
                "start": cells.get(one.cell).start if one.start is None else one.start,
                "recorded": one.recorded,
                "each": sorted(k for k, v in one.parameters.items() if isinstance(v, np.ndarray)),
            }
            for one in network.populations
        },
        "sources": {one.name: one.size for one in network.sources},
        "periods": {one.name: float(one.period) for one in network.sources},
        "projections": {
            one.name: {
                "pre": one.pre,
                "post": one.post,
                "receptor": one.receptor,
                "condition": one.wiring.condition,
                "degree": None if one.wiring.degree is None else one.wiring.fixed,
                "weight": one.weight.code,
                "words": sorted({*one.wiring.values, *one.weight.values}),
                "delay": delay.code if isinstance(delay, Distribution) else float(delay),
                "delayed": sorted(delay.values) if isinstance(delay, Distribution) else [],
                "rules": list(one.plasticity),
            }
            for one, delay in ((one, delay_of(one)) for one in network.projections)
        },
        "drives": {
            one.name: {"post": one.post, "receptor": one.receptor} for one in network.drives
        },
        "states": list(network.recording.states),
    }


def delay_of(projection: declaration.Projection) -> float | Distribution:
    """Delay, the words of its distribution other ones than those of the weights."""
    delay = projection.delay
    if not isinstance(delay, Distribution) or not delay.values:
        return delay
    code = re.sub(rf"\b({'|'.join(delay.values)})\b", r"delay_\1", delay.code)
    return Distribution(code, {f"delay_{name}": value for name, value in delay.values.items()})


def uses(network: Network) -> list[str]:
    """Modules that a program of the network imports by name."""
    rules = {rule for one in network.projections for rule in one.plasticity}
    of_cells = {one.cell for one in network.populations}
    return [
        *(f"{registry.PACKAGE}.{name}" for name in sorted(rules)),
        *(f"{cells.PACKAGE}.{name}" for name in sorted(of_cells)),
    ]


def synapse(name: str, asked: Mapping[str, Any], cell: cells.Cell) -> Projection:
    """Put the synapses of a projection of a `structure` together.

    Raises
    ------
    InputError
        For rules that cannot act on one projection.
    """
    words = [f"{word} : 1 (shared, constant)" for word in (*asked["words"], *asked["delayed"])]
    rules = [registry.get(rule) for rule in asked["rules"]]
    transmit = cell.receptors[asked["receptor"]]
    # Spikes with a delay of each synapse's own arrive at as many times.
    in_cells = {"pre", "post"} if isinstance(asked["delay"], float) else {"post"}
    try:
        return combine(rules, transmit, "\n".join(words), f"{name}_", in_cells)
    except ValueError as error:
        raise InputError(f"projection {name}: {error}") from None


def counted(made: Projection, name: str, n_pre: int) -> Projection:
    """Let the rules of a projection draw per synapse and time step (`simulation.streams`)."""

    def drawn(code: str, where: str, on: str = "synapse") -> str:
        key, place = ("key_post", f"i % {n_pre}") if on == "synapse" else ("key", "0")
        return streams.drawn(code, key, f"{name}.{where}", place)

    return replace(
        made,
        on_pre=drawn(made.on_pre, "on_pre"),
        on_late=drawn(made.on_late, "on_late"),
        on_post=drawn(made.on_post, "on_post"),
        every=tuple(
            replace(
                one,
                code=drawn(one.code, f"every {number}", one.on),
                where=drawn(one.where, f"where {number}", "cell"),
            )
            for number, one in enumerate(made.every)
        ),
    )


def made_of(asked: Mapping[str, Any]) -> dict[str, Projection]:
    """Synapses of every projection of a `structure`."""
    sizes = {**{k: v["size"] for k, v in asked["populations"].items()}, **asked["sources"]}
    return {
        name: counted(
            synapse(name, one, cells.get(asked["populations"][one["post"]]["cell"])),
            name,
            sizes[one["pre"]],
        )
        for name, one in asked["projections"].items()
    }


def asked_of(population: str, asked: Mapping[str, Any], made: Mapping[str, Projection]) -> set[str]:
    """Keys of `cells.OFFERED` that rules ask of a population."""
    ending = [made[k].asked for k, one in asked["projections"].items() if one["post"] == population]
    return set().union(*ending)


def define(standalone: Standalone, structure: Mapping[str, Any]) -> None:
    """Describe the network in Brian2 (runs where the program is built)."""
    import brian2 as b

    copies, projections = structure["copies"], structure["projections"]
    made = made_of(structure)
    asked = {name: asked_of(name, structure, made) for name in structure["populations"]}
    if copies > 1:
        made = {name: own(one, name) for name, one in made.items()}
    groups: dict[str, Any] = {}
    objects: list[Any] = []
    for name, one in structure["populations"].items():
        ending = {k: made[k] for k, to in projections.items() if to["post"] == name}
        groups[name] = _population(name, one, asked[name], ending, structure)
    for name, size in structure["sources"].items():
        groups[name] = b.SpikeGeneratorGroup(
            copies * size, [], [] * b.second, name=name, sorted=True,
            period=structure["periods"][name] * b.second,
        )  # fmt: skip
    objects += groups.values()
    synapses = {}
    for name, to in projections.items():
        delay = to["delay"] * b.second if isinstance(to["delay"], float) else None
        post = groups[to["post"]]
        synapses[name] = made[name].synapses(groups[to["pre"]], post, post, name, delay)
    relays = placing.relays(
        (groups[to["pre"]], to["delay"], made[k].source.at_spike) for k, to in projections.items()
    )
    placing.let_move(
        (groups[to[end]], move)
        for k, to in projections.items()
        for end, move in (("pre", made[k].source.move), ("post", made[k].move))
    )
    meters = {
        name: _meter(name, groups[name], structure["populations"][name]["size"])
        for name in asked
        if "population_rate" in asked[name]
    }
    objects += [one for pair in meters.values() for one in pair]
    objects += relays
    monitors = {
        name: b.SpikeMonitor(groups[name], name=f"{name}_spikes")
        for name, one in structure["populations"].items()
        if one["recorded"]
    }
    for one in (*(groups[name] for name in structure["populations"]), *synapses.values()):
        one.namespace.update(streams.functions())

    standalone.read_session({name: groups[name] for name in structure["sources"]})
    for name, one in structure["populations"].items():
        for variable, value in assignments(one["start"]).items():
            setattr(groups[name], variable, streams.drawn_once(value, "key", variable, "0"))
        if name in meters:
            size = one["size"]
            meters[name][1].connect(j=f"i//{size}")
            meters[name][1].share = 1 / size
    for relay in relays:
        relay.connect(j="i")
    for name, to in projections.items():
        _connect(synapses[name], name, to, structure, by_post=bool(made[name].events))
        made[name].begin(synapses[name], groups[to["post"]])
    plastic = [name for name, to in projections.items() if to["rules"]]
    for name in plastic:
        standalone.keep_now(f"{name}.pre", synapses[name], "_synaptic_pre")
        standalone.keep_now(f"{name}.post", synapses[name], "_synaptic_post")
    standalone.run_session(
        b.Network(*objects, *monitors.values(), *synapses.values()),
        {f"{name}.w": (synapses[name], "w") for name in plastic}
        | {name: _variable(groups, name) for name in structure["states"]},
        {name: (one, structure["populations"][name]["size"]) for name, one in monitors.items()},
    )
    for name, one in structure["populations"].items():
        for variable in state_of(one["cell"]):
            standalone.keep(f"{name}.{variable}", groups[name], variable)
    for name, monitor in monitors.items():
        standalone.keep(f"{name}.spikes.i", monitor, "i")
        standalone.keep(f"{name}.spikes.t", monitor, "t")


def _variable(groups: Mapping[str, Any], name: str) -> tuple[Any, str]:
    population, _, variable = name.partition(".")
    return groups[population], variable


def state_of(cell: str) -> list[str]:
    """State variables of a cell, which a network that diverged has no finite values of."""
    from brian2.equations import Equations

    return sorted(Equations(cells.get(cell).model).diff_eq_names)


def _population(
    name: str,
    one: Mapping[str, Any],
    asked: set[str],
    ending: Mapping[str, Projection],
    structure: Mapping[str, Any],
) -> Any:
    """Make the group of a population, with what the projections that end on it need there."""
    import brian2 as b

    cell = cells.get(one["cell"])
    equations = [cell.equations(asked), "key : integer (constant)"]
    equations += [
        f"{parameter.name} : {parameter.unit} (constant)"
        if parameter.name in one["each"]
        else parameter.line
        for parameter in cell.used(asked)
    ]
    equations += [
        f"{projection}_bound : 1 (constant)"
        for projection, to in structure["projections"].items()
        if to["degree"] and to[to["degree"]] == name
    ]
    drives = {k: to for k, to in structure["drives"].items() if to["post"] == name}
    for drive in drives:
        equations += [f"{drive}_rate : Hz (constant)", f"{drive}_weight : 1 (shared, constant)"]
    if "population_rate" in asked:
        equations.append(RATE)
    text = "\n".join(equations)
    text = own_cell(text) if structure["copies"] > 1 else text
    reset = [dedent(cell.reset).strip(), *(each.at_spike for each in ending.values())]
    group = b.NeuronGroup(
        structure["copies"] * one["size"],
        "\n".join([text, *(each.cell for each in ending.values())]),
        threshold=cell.threshold,
        reset="\n".join(filter(None, reset)) or None,
        refractory=cell.dead_time or 0 * b.ms,  # for `lastspike`
        events={event: where for each in ending.values() for event, where in each.events.items()},
        method=cell.method,
        name=name,
        dtype={"key": np.int64},
    )
    for number, regular in enumerate(cell.every):
        interval = regular.interval * b.second if regular.interval else None
        group.run_regularly(regular.code, interval, order=number - len(cell.every))
    for drive, to in drives.items():
        key = f"branch(key, {streams.purpose(f'{drive}.input')}, 0)"
        arriving = f"arriving = {drive}_weight*arrivals({key}, t_in_timesteps, {drive}_rate*dt)"
        receive = cell.receptors[to["receptor"]].format(weight="arriving").replace("_post", "")
        group.run_regularly(f"{arriving}\n{receive}", when="before_synapses")
    return group


def _meter(name: str, group: Any, size: int) -> tuple[Any, Any]:
    """Make a meter of a population's rate in every copy: a pulse of one step for every spike."""
    import brian2 as b

    n = len(group)
    meter = b.NeuronGroup(n // size, "rate : Hz", name=f"{name}_meter")
    meter.run_regularly("rate = 0*Hz", when="after_groups")
    count = b.Synapses(group, meter, "share : 1 (constant)", on_pre="rate_post += share/dt",
                       name=f"{name}_count")  # fmt: skip
    group.population_rate = b.linked_var(meter, "rate", index=np.arange(n) // size)
    return meter, count


def _connect(
    synapses: Any,
    name: str,
    to: Mapping[str, Any],
    structure: Mapping[str, Any],
    by_post: bool,
) -> None:
    """Wire a projection and draw its first weights and its delays.

    Synapses lie in order of the presynaptic cell, whose spikes pass through them. Where a rule
    looks at some postsynaptic cells in every time step, they lie in order of these, since what is
    used together should lie together.
    """
    sizes = {**{k: v["size"] for k, v in structure["populations"].items()}, **structure["sources"]}
    n_pre, n_post = sizes[to["pre"]], sizes[to["post"]]

    def draw(code: str, what: str, pre: str = "i") -> str:
        return streams.drawn_once(code, "key_post", f"{name}.{what}", f"{pre} % {n_pre}")

    pre, post = ("k", "j") if by_post else ("i", "k")
    places = {"pre": f"({pre} % {n_pre})", "post": f"({post} % {n_post})"} | {
        word: streams.drawn_once("rand()", "key_post", f"{name}.{word}", "0") for word in "xy"
    }
    condition = to["condition"].format(**places, n_pre=n_pre, n_post=n_post)
    if to["degree"]:
        condition = f"rand() <= {name}_bound_{to['degree']}"
    tests = [draw(condition, "wiring", pre)] if condition else []
    tests += [f"{pre} != {post}"] if to["pre"] == to["post"] else []
    among = f"range(i//{n_pre}*{n_post}, (i//{n_pre} + 1)*{n_post})"
    if by_post:  # Brian2 lets this range not depend on the cell
        among = f"range({structure['copies'] * n_pre})"
        tests = [f"k//{n_pre} == j//{n_post}", *tests] if structure["copies"] > 1 else tests
    where = f" if {' and '.join(tests)}" if tests else ""
    synapses.connect(**{"i" if by_post else "j": f"k for k in {among}{where}"})
    weight = draw(to["weight"], "w")
    synapses.w = f"clip({weight}, 0, w_max)"
    if isinstance(to["delay"], str):
        synapses.pre.delay = f"({draw(to['delay'], 'delay')})*second"


def variables(network: Network) -> dict[str, float | np.ndarray]:
    """Values of the program's variables, by `group.variable`.

    Raises
    ------
    InputError
        For a parameter that no rule has.
    """
    asked = structure(network)
    made = made_of(asked)
    values: dict[str, float | np.ndarray] = {}
    for one in network.projections:
        values |= {f"{one.name}.{k}": v for k, v in (*one.wiring.values.items(),
                   *one.weight.values.items())}  # fmt: skip
        if isinstance(delay := delay_of(one), Distribution):
            values |= {f"{one.name}.{k}": v for k, v in delay.values.items()}
        values[f"{one.name}.w_max"] = one.w_max
        values |= made[one.name].variables(acting(one), one.name, one.post, one.pre)
    for population in network.populations:
        cell = cells.get(population.cell)
        for parameter in cell.used(asked_of(population.name, asked, made)):
            value = population.parameters.get(parameter.name, parameter.default)
            values[f"{population.name}.{parameter.name}"] = value
    for drive in network.drives:
        size = network.sizes[drive.post]
        values[f"{drive.post}.{drive.name}_rate"] = np.broadcast_to(drive.rate, size).astype(float)
        values[f"{drive.post}.{drive.name}_weight"] = drive.weight
    return values


def acting(projection: declaration.Projection) -> dict[str, dict[str, float]]:
    """Value of every parameter of every rule of a projection."""
    return {
        rule: registry.declared(rule).values("", given)
        for rule, given in projection.plasticity.items()
    }


def rates(network: Network, phase: Phase) -> dict[str, float]:
    """Learning rates that act in a phase, by `group.variable`."""
    found = {}
    for one in network.plastic:
        for rule, values in acting(one).items():
            if variable := registry.declared(rule).rate:
                value = values[variable] if phase.plastic else 0.0
                found[f"{one.name}.{variable}"] = phase.rates.get(f"{one.name}.{rule}", value)
    return found


def learns(network: Network, phase: Phase) -> bool:
    """Whether anything changes weights in a phase; of unknown rules, the phase alone tells."""
    unknown = not network.projections and not network.units.cell
    own = phase.plastic and (unknown or any(one.changed_by for one in network.projections))
    return own or any(rates(network, phase).values())
