"""The reference network as a NEST script, run with the Python of NEST's own environment.

    .env-stamps/nest/bin/python benchmarks/nest_network.py point.json

Equations, sizes, rules, time step and input spikes are those of `spikedrift.networks`. What NEST
offers decides the rest: `iaf_cond_exp` integrates with an adaptive Runge-Kutta scheme where the
engine takes Euler steps; membrane noise is a current, normal and new in every step; and STDP counts
a delay on the dendrite's side, so that a pair's lag differs by twice the delay. What is left to
choose is as fast as NEST has it: parameters of STDP common to all synapses (`stdp_synapse_hom`),
and 1 ms of delay from afferents too, where the engine has none, since NEST passes spikes on once in
its shortest delay. A leak of 10 nS turns weights into nS.
"""

import json
import resource
import sys
from pathlib import Path

import nest
import numpy as np

LEAK = 10.0  # nS
CELL = {
    **{"E_L": -60.0, "V_reset": -60.0, "V_th": -50.0, "E_ex": 0.0, "E_in": -80.0},  # mV
    **{"g_L": LEAK, "C_m": 20 * LEAK},  # nS, pF: 20 ms
    **{"tau_syn_ex": 5.0, "tau_syn_in": 10.0, "tau_minus": 20.0},  # ms
}
DELAY = 1.0  # ms
LEARNING = {
    name: {
        **{"Wmax": w_max * LEAK, "lambda": 0.0, "alpha": 1.05},
        **{"mu_plus": 0.0, "mu_minus": 0.0, "tau_plus": 20.0},
    }
    for name, w_max in (("afferent", 0.15), ("recurrent", 0.09))
}
BALANCE = {
    **{"weight": -1.0, "Wmax": -3.0 * LEAK},  # of one sign, or they are refused
    **{"eta": 0.002 * LEAK, "alpha": 2 * 4 * 0.020, "tau": 20.0},
}


def spent() -> float:
    """Processor time of this process so far, s."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def build(network: dict, point: dict) -> tuple[nest.NodeCollection, nest.NodeCollection]:
    """Make the network; its E cells and what records the spikes of all cells."""
    dt = 1000 * network["dt"]
    nest.set(
        resolution=dt, local_num_threads=1, rng_seed=point["seed"], print_time=False,
        overwrite_files=True,
    )  # fmt: skip
    excitatory, inhibitory = (
        nest.Create("iaf_cond_exp", network[size], CELL | {"t_ref": dead_time})
        for size, dead_time in (("n_e", 3.0), ("n_i", 2.0))
    )
    cells = excitatory + inhibitory
    cells.V_m = nest.random.uniform(-60.0, -50.0)
    index, step = (np.load(point[name]) for name in ("index", "step"))
    afferents = nest.Create("spike_train_injector", network["n_afferents"])
    # NEST has no spikes at time 0.
    times = (step + 1) * dt
    order = np.argsort(index, kind="stable")
    trains = np.split(times[order], np.cumsum(np.bincount(index, minlength=len(afferents)))[:-1])
    afferents.set([{"spike_times": np.round(train, 6)} for train in trains])

    for name, values in LEARNING.items():
        nest.CopyModel("stdp_synapse_hom", name, values)
    nest.CopyModel("vogels_sprekeler_synapse", "inhibitory", BALANCE)
    ends = {
        "afferent": (afferents, excitatory, 1),
        "recurrent": (excitatory, excitatory, 1),
        "inhibitory": (inhibitory, excitatory, -1),
        "afferent_i": (afferents, inhibitory, 1),
        "ei": (excitatory, inhibitory, 1),
        "ii": (inhibitory, inhibitory, -1),
    }
    for name, (pre, post, sign) in ends.items():
        weight = sign * network["w"][name] * LEAK
        model = name if name in ("afferent", "recurrent", "inhibitory") else "static_synapse"
        nest.Connect(
            pre,
            post,
            {
                "rule": "pairwise_bernoulli",
                "p": network["p"][name],
                "allow_autapses": name not in ("recurrent", "ii"),
            },
            {
                "synapse_model": model,
                "weight": weight * nest.random.uniform(0.5, 1.5),
                "delay": DELAY,
            },
        )
    if point["noise"]:
        # A current that is held for a step moves the potential as sigma xi/sqrt(tau) does.
        std = 1000 * point["noise"] * LEAK * np.sqrt(20 / dt)
        nest.Connect(nest.Create("noise_generator", params={"std": std, "dt": dt}), cells)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    return excitatory, recorder


def run_point(network: dict, point: dict) -> dict:
    """Build and run one point; rate of E (Hz), mean weights at the end, processor times (s)."""
    start = spent()
    excitatory, recorder = build(network, point)
    built = spent()
    nest.Simulate(1000 * network["settle"])
    for name in LEARNING:
        nest.SetDefaults(name, {"lambda": point[name]})
    nest.Simulate(1000 * (network["duration"] - network["settle"]))
    ran = spent()
    senders = recorder.events["senders"]
    rate = np.sum(senders <= len(excitatory)) / len(excitatory) / network["duration"]
    end = spent()  # reading the weights back is for comparison, and is not counted
    weights = {
        name: abs(float(np.mean(nest.GetConnections(synapse_model=name).weight))) / LEAK
        for name in (*LEARNING, "inhibitory")
    }
    return {
        **{"processor": end, "wiring": built - start, "run": ran - built},
        **{"rate": float(rate), **weights, "version": nest.__version__},
        "synapses": nest.num_connections,
    }


def main() -> None:
    request = json.loads(Path(sys.argv[1]).read_text())
    nest.verbosity = nest.VerbosityLevel.ERROR
    print(json.dumps(run_point(request["network"], request["point"])))


if __name__ == "__main__":
    main()
