"""Rules of one projection driven by spikes, and by whatever else of the cell, that are given."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import brian2 as b
import numpy as np

from spikedrift.plasticity import placing
from spikedrift.plasticity.rule import Rule
from spikedrift.plasticity.synapse import combine


def driven(
    rules: Sequence[Rule],
    parameters: Mapping[str, float],
    pre: tuple[Any, Any],
    post: tuple[Any, Any],
    w: Any,
    w_max: float,
    *,
    wiring: tuple[Any, Any],
    duration: float,
    dt: float,
    cell: str = "",
    namespace: Mapping[str, Any] | None = None,
    in_cells: Collection[str] = (),
    delay: float = 0.0,
) -> tuple[Any, Any]:
    """Synapses and cells after a run; variables that the rules add to the cells begin with `of_`.

    Parameters
    ----------
    rules : sequence of Rule
    parameters : mapping of parameter -> value, in the units that the rules name
    pre, post : (cell, time in s)
    w, w_max : first weights and their bound
    wiring : (presynaptic, postsynaptic) cell of each synapse
    duration, dt : float
        s.
    cell : str
        Equations of what the cells offer; `namespace` holds the functions that they use.
    in_cells : collection of "pre", "post"
        Sides on which cells keep traces.
    delay : float
        Of all presynaptic spikes; s.
    """
    b.start_scope()
    b.prefs.codegen.target = "numpy"
    b.get_device().defaultclock = b.Clock(dt * b.second, name="defaultclock")  # back at 0
    made = combine(rules, "received_post += {weight}", prefix="of_", in_cells=in_cells)
    n_pre, n_post = np.max(wiring, axis=1) + 1
    fires = np.zeros((round(duration / dt), n_post))
    fires[np.round(np.asarray(post[1]) / dt).astype(int), np.asarray(post[0], int)] = 1
    source = b.SpikeGeneratorGroup(n_pre, pre[0], np.asarray(pre[1]) * b.second)
    target = b.NeuronGroup(
        n_post,
        "\n".join(["received : 1", cell, made.cell]),
        threshold="fires(t, i) > 0.5",
        reset=made.at_spike,
        events=made.events,
        method="euler",
        namespace={"fires": b.TimedArray(fires, dt=dt * b.second), **(namespace or {})},
    )
    synapses = made.synapses(source, target, target, "synapses", delay * b.second)
    relays = placing.relays([(source, delay, made.source.at_spike)])
    for relay in relays:
        relay.connect(j="i")
    placing.let_move([(source, made.source.move), (target, made.move)])
    synapses.connect(i=wiring[0], j=wiring[1])
    synapses.w_max = w_max
    synapses.w = w
    values = {
        rule.name: rule.values(
            "", {p.name: parameters[p.name] for p in rule.parameters if p.name in parameters}
        )
        for rule in rules
    }
    groups = {"synapses": synapses, "cells": target, "source": source}
    for name, value in made.variables(values, *groups).items():
        group, variable = name.split(".")
        unit = groups[group].variables[variable].dim
        setattr(groups[group], variable, b.Quantity(value, dim=unit))
    made.begin(synapses, target)
    b.Network(source, target, synapses, relays).run(duration * b.second)
    return synapses, target


def poisson(rng: np.random.Generator, n: int, rate: float, n_steps: int, dt: float) -> Any:
    """Poisson trains on the grid: (cell, step), by step."""
    step, cell = np.divmod(np.flatnonzero(rng.random(n_steps * n) < rate * dt), n)
    return cell, step


def events(pre: Any, post: Any, cells: tuple[int, int]) -> list[tuple[int, int]]:
    """(step, side) of a synapse's spikes, presynaptic ones (side 0) first within a step."""
    return sorted(
        (int(step), side)
        for side, (cell, steps) in enumerate((pre, post))
        for step in steps[cell == cells[side]]
    )


def left_limit(spikes: Any, now: float, tau: float) -> float:
    """Trace of the spikes before now."""
    earlier = np.asarray(spikes)[np.asarray(spikes) < now]
    return float(np.exp(-(now - earlier) / tau).sum())
