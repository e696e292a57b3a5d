"""Synapses k -> k with given spikes, run in Python: what the rules' tests have in common."""

import brian2 as b
import numpy as np

from spikedrift.cells import cell as cells
from spikedrift.plasticity.bench import assemble
from spikedrift.plasticity.induce import inductions

DT = 0.1e-3
# Parameters that scale what is drawn.
RANDOM = ("sigma", "noise", "turnover", "relative_noise", "log_sd", "bounded_noise")


def weights(
    rule,
    parameters,
    pre,
    post,
    w,
    w_max,
    *,
    duration,
    dt=DT,
    seed=0,
    cell="forced",
    record=(),
):
    """Final weights of synapses k -> k; `pre` and `post` are (cell, time in s), time from `dt` on.

    With `record`, names of cell variables, also their values before every time step: a dict of
    arrays (n_steps, n); "spikes" stands for the (cell, step) at which cells fired.
    """
    b.prefs.codegen.target = "numpy"
    b.start_scope()
    b.seed(seed)
    b.defaultclock.dt = dt * b.second
    n = len(w)
    latency = max(cells.get(cell).latency, dt)
    pre, post = ((np.asarray(side[0], dtype=int), np.asarray(side[1])) for side in (pre, post))
    bench = assemble([rule], cell, n, pre, (post[0], post[1] - latency))
    set_up(bench, rule, parameters, w, w_max)
    traces = [name for name in record if name != "spikes"]
    monitors = []
    if traces:
        monitors.append(b.StateMonitor(bench.cells, traces, record=True, when="start", order=-1))
    if "spikes" in record:
        monitors.append(b.SpikeMonitor(bench.cells))
    bench.network.add(monitors)
    bench.network.run(duration * b.second)
    final = np.array(bench.synapses.w)
    if not record:
        return final
    found = {name: np.array(getattr(monitors[0], name)).T for name in traces}
    if "spikes" in record:
        found["spikes"] = (
            np.array(monitors[-1].i),
            np.round(np.array(monitors[-1].t) / dt).astype(int),
        )
    return final, found


def set_up(bench, rule, parameters, w, w_max):
    """Connect a bench and give everything on it its first values."""
    bench.connect()
    values = {rule.name: {**rule.values(), **parameters}}
    variables = bench.projection.variables(values, "synapses", "cells", "source")
    variables |= {"synapses.w_max": w_max, "synapses.copies": len(w), "synapses.bundle": 1}
    for name, value in variables.items():
        group, _, variable = name.partition(".")
        target = getattr(bench, group)
        setattr(target, variable, value * b.get_unit(target.variables[variable].dim))
    bench.begin()
    bench.synapses.w = w
    bench.projection.begin(bench.synapses, bench.cells)


def cell_of(rule):
    """The cell of a rule's first induction."""
    return inductions(rule)[0].cell


def fixed_values(rule):
    """Parameters without noise, so that every device must give the same weights."""
    return {p.name: 0.0 for p in rule.parameters if p.name in RANDOM}


def fixed_spikes(cell, n=64, duration=0.2, dt=DT):
    """Presynaptic spikes and orders as (cell, time in s), and first weights; always the same."""
    rng = np.random.default_rng(5)
    first = round(cells.get(cell).latency / dt) + 1
    pre, post = (spike_trains(rng, n, 40.0, round(duration / dt) - first, dt) for _ in range(2))
    start = rng.uniform(0.2, 0.8, n)
    return (pre[0], (pre[1] + first) * dt), (post[0], post[1] * dt), start


def spike_trains(rng, n, rate, n_steps, dt):
    """Poisson trains on the grid, from step 1 on: (cell, step), one spike a (cell, step).

    One rate for all cells, or one each.
    """
    step, cell = np.nonzero(rng.random((n_steps - 1, n)) < np.asarray(rate) * dt)
    return cell, step + 1
