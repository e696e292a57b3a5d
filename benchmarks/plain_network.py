"""The reference network as an ordinary Brian2 script, apart from spikedrift.

    python benchmarks/plain_network.py point.json

Standalone C++ with Brian2's defaults; every point is built and run, timed without the imports.
Equations, sizes, rules, time step and input spikes are those of `spikedrift.networks`; parameters
that stay are constants, as one writes them. Two things are left out that the engine does: weight
noise (off in the benchmark, but part of the engine's program) and traces of the weights.
"""

import json
import sys
import time
from pathlib import Path

import brian2 as b
import numpy as np

CELLS = """
dv/dt = (rest - v + g_e*(0*mV - v) + g_i*(-80*mV - v)
         + sigma*sqrt(tau/dt)*kick)/tau : volt (unless refractory)
dg_e/dt = -g_e/(5*ms) : 1
dg_i/dt = -g_i/(10*ms) : 1
kick = sqrt(12)*(rand() - 0.5) : 1 (constant over dt)
dead_time : second (constant)
"""
TRACES = """
w : 1
eta : 1 (shared)
dx/dt = -x/(20*ms) : 1 (event-driven)
dy/dt = -y/(20*ms) : 1 (event-driven)
"""
PRE = "g_e_post += w; x += 1; w = clip(w - 1.05*eta*{w_max}*y, 0, {w_max})"
POST = "y += 1; w = clip(w + eta*{w_max}*x, 0, {w_max})"
BALANCE = {
    "on_pre": "x += 1; w = clip(w + eta*(y - 2*4*Hz*20*ms), 0, 3.0); g_i_post += w",
    "on_post": "y += 1; w = clip(w + eta*x, 0, 3.0)",
}


def run_point(network: dict, point: dict, directory: str) -> dict:
    """Build and run one point; mean E rate (Hz) and mean weights at the end."""
    b.set_device("cpp_standalone", build_on_run=False)
    b.defaultclock.dt = network["dt"] * b.second
    b.seed(point["seed"])
    n_e, n_i = network["n_e"], network["n_i"]
    constants = {"tau": 20 * b.ms, "rest": -60 * b.mV, "sigma": 6 * b.mV}
    cells = b.NeuronGroup(
        n_e + n_i,
        CELLS,
        threshold="v > -50*mV",
        reset="v = rest",
        refractory="dead_time",
        method="euler",
        namespace=constants,
        name="cells",
    )
    cells.dead_time = np.repeat([3, 2], [n_e, n_i]) * b.ms
    cells.v = "rest + rand()*10*mV"
    excitatory, inhibitory = cells[:n_e], cells[n_e:]
    index, step = (np.load(point[name]) for name in ("index", "step"))
    afferents = b.SpikeGeneratorGroup(
        network["n_afferents"],
        index,
        (step + 0.5) * network["dt"] * b.second,
        name="afferents",
        sorted=True,
    )
    learning = [
        b.Synapses(
            source,
            excitatory,
            TRACES,
            on_pre=PRE.format(w_max=w_max),
            on_post=POST.format(w_max=w_max),
            delay=delay,
            name=name,
        )
        for name, source, w_max, delay in (
            ("afferent", afferents, 0.15, None),
            ("recurrent", excitatory, 0.09, 1 * b.ms),
        )
    ]
    balance = b.Synapses(
        inhibitory, excitatory, TRACES, delay=1 * b.ms, name="inhibitory", **BALANCE
    )
    fixed = [
        b.Synapses(source, inhibitory, "w : 1", on_pre=f"{onto} += w", delay=delay, name=name)
        for name, source, onto, delay in (
            ("afferent_i", afferents, "g_e_post", None),
            ("ei", excitatory, "g_e_post", 1 * b.ms),
            ("ii", inhibitory, "g_i_post", 1 * b.ms),
        )
    ]
    everything = {synapses.name: synapses for synapses in (*learning, balance, *fixed)}
    for name, synapses in everything.items():
        p, w = network["p"][name], network["w"][name]
        synapses.connect(condition="i != j" if name in ("recurrent", "ii") else None, p=p)
        synapses.w = f"{w}*(0.5 + rand())"
    spikes = b.SpikeMonitor(cells, name="spikes")
    net = b.Network(cells, afferents, spikes, *everything.values())
    balance.eta = 0.002
    net.run(network["settle"] * b.second)
    learning[0].eta, learning[1].eta = point["afferent"], point["recurrent"]
    net.run((network["duration"] - network["settle"]) * b.second)
    b.device.build(directory=directory, run=True)
    rate = np.sum(np.asarray(spikes.i) < n_e) / n_e / network["duration"]
    weights = {
        name: float(np.mean(everything[name].w)) for name in ("afferent", "recurrent", "inhibitory")
    }
    return {"rate": float(rate), **weights, "synapses": sum(len(s) for s in everything.values())}


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text())
    start = time.perf_counter()
    found = run_point(request["network"], request["point"], request["directory"])
    print(json.dumps({"seconds": time.perf_counter() - start, **found}))


if __name__ == "__main__":
    main()
