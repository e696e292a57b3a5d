"""The pattern network in Brian2: cells, synapses with their rules, and what is set at run time.

What is compiled in is the structure (sizes, delay, rules); every other option becomes a variable
that a session sets. Conductance-based integrate-and-fire cells and the inhibitory rule follow
Vogels et al. (2011), with weights in units of the leak conductance.
"""

from collections.abc import Mapping
from typing import Any

from spikedrift.config.networks import PatternNetwork
from spikedrift.plasticity import registry, weight_noise
from spikedrift.plasticity.synapse import combine
from spikedrift.simulation.build import Standalone

PLASTIC = ("afferent", "recurrent", "inhibitory")

CELL = """
dv/dt = (rest - v + g_e*(reversal_excitatory - v) + g_i*(reversal_inhibitory - v)
         + membrane_noise*sqrt(tau_membrane/dt)*kick)/tau_membrane : volt (unless refractory)
dg_e/dt = -g_e/tau_excitatory : 1
dg_i/dt = -g_i/tau_inhibitory : 1
kick = sqrt(12)*(rand() - 0.5) : 1 (constant over dt)
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
WIRING = """
p : 1 (shared, constant)
w_start : 1 (shared, constant)
"""


def structure(options: PatternNetwork) -> dict[str, Any]:
    """Return what is compiled in; everything else is set when the program runs."""
    return {
        "n_excitatory": options.cells.n_excitatory,
        "n_inhibitory": options.cells.n_inhibitory,
        "n_afferents": options.patterns.n_afferents,
        "delay": options.wiring.delay,
        "rules": {name: getattr(options.plasticity, name).rule for name in PLASTIC},
    }


def define(standalone: Standalone, structure: Mapping[str, Any]) -> None:
    """Describe the network in Brian2 (runs where the program is built)."""
    import brian2 as b

    n_excitatory = structure["n_excitatory"]
    # Forward Euler with uniform kicks of the right variance in place of normal ones: the same weak
    # order (Kloeden & Platen 1992, section 14.1), and normal draws would be most of the run time.
    cells = b.NeuronGroup(
        n_excitatory + structure["n_inhibitory"],
        CELL,
        threshold="v > threshold",
        reset="v = rest",
        refractory="dead_time",
        method="euler",
        name="cells",
    )
    excitatory, inhibitory = cells[:n_excitatory], cells[n_excitatory:]
    afferents = b.SpikeGeneratorGroup(
        structure["n_afferents"], [], [] * b.second, name="afferents", sorted=True
    )
    delay = structure["delay"] * b.second
    excite, inhibit = "g_e_post += w", "g_i_post += w"
    turnover = weight_noise.RULE

    def rules(projection: str, *others: registry.Rule) -> list[registry.Rule]:
        return [registry.get(structure["rules"][projection]), *others]

    synapses = {}
    for name, source, target, transmit, acting, late in (
        ("afferent", afferents, excitatory, excite, rules("afferent", turnover), False),
        ("recurrent", excitatory, excitatory, excite, rules("recurrent", turnover), True),
        ("inhibitory", inhibitory, excitatory, inhibit, rules("inhibitory"), True),
        ("afferent_i", afferents, inhibitory, excite, [], False),
        ("ei", excitatory, inhibitory, excite, [], True),
        ("ii", inhibitory, inhibitory, inhibit, [], True),
    ):
        synapse = combine(acting, transmit, WIRING)
        synapses[name] = b.Synapses(
            source,
            target,
            model=synapse.model,
            on_pre=synapse.on_pre,
            on_post=synapse.on_post or None,
            delay=delay if late else None,
            method="exact",
            name=name,
        )
        for statement, interval in synapse.every:
            synapses[name].run_regularly(statement, dt=interval * b.second)
    spikes = b.SpikeMonitor(cells, name="spikes")

    standalone.read_session({"afferents": afferents})
    cells.dead_time = (
        f"refractory_excitatory*int(i < {n_excitatory})"
        f" + refractory_inhibitory*int(i >= {n_excitatory})"
    )
    cells.v = "rest + rand()*(threshold - rest)"
    for name, synapse in synapses.items():
        synapse.connect(condition="i != j" if name in ("recurrent", "ii") else None, p="p")
        synapse.w = "clip(w_start*(0.5 + rand()), 0, w_max)"
    standalone.run_session(
        b.Network(cells, afferents, spikes, *synapses.values()),
        {f"{name}.w": (synapses[name], "w") for name in PLASTIC},
    )
    for variable in ("v", "g_e", "g_i"):
        standalone.keep(f"cells.{variable}", cells, variable)
    for variable in ("i", "t"):
        standalone.keep(f"spikes.{variable}", spikes, variable)
    for name in PLASTIC:
        standalone.keep(f"{name}.pre", synapses[name], "_synaptic_pre")
        standalone.keep(f"{name}.post", synapses[name], "_synaptic_post")


def parameters(options: PatternNetwork) -> dict[str, float]:
    """Values of the program's variables, by `group.variable`."""
    cells = options.cells.model_dump(exclude={"n_excitatory", "n_inhibitory"})
    values = {f"cells.{name}": value for name, value in cells.items()}
    wiring = options.wiring
    for name, p, w in (
        ("afferent", wiring.p_afferent, wiring.w_afferent_e),
        ("recurrent", wiring.p_ee, wiring.w_ee),
        ("inhibitory", wiring.p_ie, wiring.w_ie),
        ("afferent_i", wiring.p_afferent, wiring.w_afferent_i),
        ("ei", wiring.p_ei, wiring.w_ei),
        ("ii", wiring.p_ii, wiring.w_ii),
    ):
        values |= {f"{name}.p": p, f"{name}.w_start": w, f"{name}.w_max": 2 * w}
    for name in PLASTIC:
        learning = getattr(options.plasticity, name)
        values[f"{name}.w_max"] = learning.w_max
        named = learning.model_dump()
        rules = [learning.rule] + (["weight_noise"] if name != "inhibitory" else [])
        for parameter in (p for rule in rules for p in registry.get(rule).parameters):
            values[f"{name}.{parameter.name}"] = named.get(parameter.name, parameter.default)
    return values
