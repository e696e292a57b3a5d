"""The pattern network in Brian2: cells, synapses with their rules, and what is set at run time.

What is compiled in is the structure (sizes, delay, rules); every other option becomes a variable
that a session sets. Conductance-based integrate-and-fire cells and the inhibitory rule follow
Vogels et al. (2011), with weights in units of the leak conductance.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from spikedrift.config.networks import PROJECTIONS, InhibitoryPlasticity, PatternNetwork, Phase
from spikedrift.core.errors import InputError
from spikedrift.networks.copies import own, own_cell
from spikedrift.plasticity import registry
from spikedrift.plasticity.parameters import chosen
from spikedrift.plasticity.synapse import Projection, combine
from spikedrift.simulation import streams
from spikedrift.simulation.build import Standalone

# Projections: from, to.
ENDS = {
    "afferent": ("afferents", "excitatory"),
    "recurrent": ("excitatory", "excitatory"),
    "inhibitory": ("inhibitory", "excitatory"),
    "afferent_i": ("afferents", "inhibitory"),
    "ei": ("excitatory", "inhibitory"),
    "ii": ("inhibitory", "inhibitory"),
}

CELL = """
dv/dt = (rest - v + g_e*(reversal_excitatory - {at}) + g_i*(reversal_inhibitory - {at})
         + membrane_noise*sqrt(tau_membrane/dt)*kick)/tau_membrane : volt (unless refractory)
dg_e/dt = -g_e/tau_excitatory : 1
dg_i/dt = -g_i/tau_inhibitory : 1
kick = sqrt(12)*(uniform(key, t_in_timesteps) - 0.5) : 1
key : integer (constant)
dead_time : second (constant)
rest : volt (shared, constant)
threshold : volt (shared, constant)
membrane_noise : volt (shared, constant)
reversal_excitatory : volt (shared, constant)
reversal_inhibitory : volt (shared, constant)
tau_membrane : second (shared, constant)
tau_excitatory : second (shared, constant)
tau_inhibitory : second (shared, constant)
refractory_excitatory : second (shared, constant)
refractory_inhibitory : second (shared, constant)
"""
# What the cells offer to the variables of plasticity rules; built in where a rule asks for it.
OFFERED = {
    "u": """
u = v + int(t - lastspike < spike_width)*(spike_peak - v) : volt
spike_width : second (shared, constant)
spike_peak : volt (shared, constant)
""",
    "excitatory_drive": "excitatory_drive = g_e*(reversal_excitatory - {at}) : volt",
    "inhibitory_drive": "inhibitory_drive = g_i*({at} - reversal_inhibitory) : volt",
    "population_rate": "population_rate : Hz (linked)",
}
WIRING = """
p : 1 (shared, constant)
w_start : 1 (shared, constant)
"""


def plastic(options: PatternNetwork) -> tuple[str, ...]:
    """Projections that have rules."""
    return tuple(name for name in PROJECTIONS if options.plasticity.of(name).rules)


def structure(options: PatternNetwork, copies: int = 1) -> dict[str, Any]:
    """Return what is compiled in; everything else is set when the program runs."""
    return {
        "copies": copies,
        "n_excitatory": options.cells.n_excitatory,
        "n_inhibitory": options.cells.n_inhibitory,
        "n_afferents": options.patterns.n_afferents,
        "delay": options.wiring.delay,
        "synapses": options.cells.synapses,
        "rules": {name: list(options.plasticity.of(name).rules) for name in plastic(options)},
    }


def projection(name: str, rules: Mapping[str, list[str]]) -> Projection:
    """Put the rules of a projection together.

    Raises
    ------
    InputError
        For an unknown rule, or rules that cannot act on one projection.
    """
    acting = [registry.get(rule) for rule in rules.get(name, [])]
    onto = "g_i_post" if ENDS[name][0] == "inhibitory" else "g_e_post"
    try:
        return combine(acting, f"{onto} += {{weight}}", WIRING, prefix=f"{name}_")
    except ValueError as error:
        raise InputError(f"plasticity.{name}: {error}") from None


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


def define(standalone: Standalone, structure: Mapping[str, Any]) -> None:
    """Describe the network in Brian2 (runs where the program is built)."""
    import brian2 as b

    copies, n_afferents = structure["copies"], structure["n_afferents"]
    n_excitatory, n_inhibitory = structure["n_excitatory"], structure["n_inhibitory"]
    first_i = copies * n_excitatory  # cells are in order of population, then copy
    plastic = list(structure["rules"])
    size = {
        name: (structure[f"n_{pre}"], structure[f"n_{post}"]) for name, (pre, post) in ENDS.items()
    }
    made = {
        name: counted(projection(name, structure["rules"]), name, size[name][0]) for name in ENDS
    }
    asked = set().union(*(one.asked for one in made.values()))
    equations = "\n".join([CELL, *(text for name, text in OFFERED.items() if name in asked)])
    # The potential whose distance from the reversal potentials drives the currents.
    equations = equations.format(at={"conductance": "v", "current": "rest"}[structure["synapses"]])
    if copies > 1:
        equations = own_cell(equations)
        made = {name: own(one, name) for name, one in made.items()}
    # Forward Euler with uniform kicks of the right variance in place of normal ones has the same
    # weak order (Kloeden & Platen 1992, section 14.1), and normal draws would take most of the
    # run time.
    cells = b.NeuronGroup(
        copies * (n_excitatory + n_inhibitory),
        "\n".join([equations, *(one.cell for one in made.values())]),
        threshold="v > threshold",
        reset="v = rest",
        refractory="dead_time",
        events={name: where for one in made.values() for name, where in one.events.items()},
        method="euler",
        name="cells",
        dtype={"key": np.int64},
    )
    excitatory, inhibitory = cells[:first_i], cells[first_i:]
    afferents = b.SpikeGeneratorGroup(
        copies * n_afferents, [], [] * b.second, name="afferents", sorted=True
    )
    objects = [cells, afferents]
    delay = structure["delay"] * b.second
    group = {"afferents": afferents, "excitatory": excitatory, "inhibitory": inhibitory}
    synapses = {
        name: made[name].synapses(
            group[pre], group[post], cells, name, None if pre == "afferents" else delay
        )
        for name, (pre, post) in ENDS.items()
    }
    if "population_rate" in asked:
        # Every copy has a meter for its E cells and one for its I cells, with a pulse of one time
        # step for every spike.
        meter = b.NeuronGroup(2 * copies, "rate : Hz", name="meter")
        meter.run_regularly("rate = 0*Hz", when="after_groups")
        count = b.Synapses(cells, meter, "share : 1 (constant)", on_pre="rate_post += share/dt",
                           name="count")  # fmt: skip
        of_cell = np.repeat(np.arange(2 * copies), np.repeat([n_excitatory, n_inhibitory], copies))
        cells.population_rate = b.linked_var(meter, "rate", index=of_cell)
        objects += [meter, count]
    spikes = b.SpikeMonitor(cells, name="spikes")
    for one in (cells, *synapses.values()):
        one.namespace.update(streams.functions())

    standalone.read_session({"afferents": afferents})
    cells.dead_time = (
        f"refractory_excitatory*int(i < {first_i}) + refractory_inhibitory*int(i >= {first_i})"
    )
    cells.v = f"rest + {_drawn('v')}*(threshold - rest)"
    if "population_rate" in asked:
        count.connect(
            j=f"int(i < {first_i})*(i//{n_excitatory})"
            f" + int(i >= {first_i})*({copies} + (i - {first_i})//{n_inhibitory})"
        )
        count.share = (
            f"{1 / n_excitatory!r}*int(j < {copies}) + {1 / n_inhibitory!r}*int(j >= {copies})"
        )
    for name, synapse in synapses.items():
        n_pre, n_post = size[name]
        other = " and k != i" if ENDS[name][0] == ENDS[name][1] else ""
        synapse.connect(
            j=f"k for k in range(i//{n_pre}*{n_post}, (i//{n_pre} + 1)*{n_post})"
            f" if {_drawn(f'{name}.wiring', f'i % {n_pre}', 'key_post')} < p{other}"
        )
        draw = _drawn(f"{name}.w", f"i % {n_pre}", "key_post")
        synapse.w = f"clip(w_start*(0.5 + {draw}), 0, w_max)"
        made[name].begin(synapse, cells)
    for name in plastic:
        standalone.keep_now(f"{name}.pre", synapses[name], "_synaptic_pre")
        standalone.keep_now(f"{name}.post", synapses[name], "_synaptic_post")
    standalone.run_session(
        b.Network(*objects, spikes, *synapses.values()),
        {f"{name}.w": (synapses[name], "w") for name in plastic},
    )
    for variable in ("v", "g_e", "g_i"):
        standalone.keep(f"cells.{variable}", cells, variable)
    for variable in ("i", "t"):
        standalone.keep(f"spikes.{variable}", spikes, variable)


def _drawn(name: str, place: str = "0", key: str = "key") -> str:
    return f"uniform(branch({key}, {streams.purpose(name)}, {place}), 0)"


def parameters(options: PatternNetwork) -> dict[str, float]:
    """Values of the program's variables, by `group.variable`.

    Raises
    ------
    InputError
        For a parameter or a set that no rule of a projection has.
    """
    wiring = options.wiring
    values: dict[str, float] = {}
    for name, p, w in (
        ("afferent", wiring.p_afferent, wiring.w_afferent_e),
        ("recurrent", wiring.p_ee, wiring.w_ee),
        ("inhibitory", wiring.p_ie, wiring.w_ie),
        ("afferent_i", wiring.p_afferent, wiring.w_afferent_i),
        ("ei", wiring.p_ei, wiring.w_ei),
        ("ii", wiring.p_ii, wiring.w_ii),
    ):
        values |= {f"{name}.p": p, f"{name}.w_start": w, f"{name}.w_max": 2 * w}
    rules = structure(options)["rules"]
    asked: set[str] = set()
    for name in PROJECTIONS:
        acting = chosen(options.plasticity.of(name), f"plasticity.{name}")
        if acting:
            made = projection(name, rules)
            values[f"{name}.w_max"] = options.plasticity.of(name).w_max
            values |= made.variables(acting, name, "cells")
            asked |= made.asked
    unseen = set() if "u" in asked else {"spike_peak", "spike_width"}
    cells = options.cells.model_dump(exclude={"n_excitatory", "n_inhibitory", "synapses", *unseen})
    return values | {f"cells.{name}": value for name, value in cells.items()}


def rates(options: PatternNetwork, phase: Phase) -> dict[str, float]:
    """Learning rates that act in a phase, by `group.variable`.

    While the network settles, only the main rule from I to E acts, at its settling rate. Weight
    noise acts as the phase's `turnover` says, or as its `plasticity` where that is left out.
    """
    settling = phase.kind == "settle"
    turnover = phase.plasticity if phase.turnover is None else phase.turnover
    found = {}
    for name in plastic(options):
        learning = options.plasticity.of(name)
        for rule, values in chosen(learning, f"plasticity.{name}").items():
            variable = registry.declared(rule).rate
            if not variable:
                continue
            acts = turnover if rule == "weight_noise" else phase.plasticity
            found[f"{name}.{variable}"] = values[variable] * (acts and not settling)
            if settling and isinstance(learning, InhibitoryPlasticity) and rule == learning.rule:
                found[f"{name}.{variable}"] = learning.settle_eta
    return found
