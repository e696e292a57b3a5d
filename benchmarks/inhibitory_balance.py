"""Inhibition learns to hold a wildly active network near its target rate.

Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), Science 334:1569, in the form of Brian2's
example: 8000 excitatory and 2000 inhibitory cells, 2 % connected, whose I to E weights begin at 0;
plasticity starts after 1 s. An independent run of that form has E rates of 164, 74, 16, 13 and 9 Hz
in the seconds from 0, 1, 2, 4 and 9, a coefficient of variation of .94 and a mean weight of 1.5 nS
at 10 s; the rule's target is 3 Hz.

    python benchmarks/inhibitory_balance.py
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from spikedrift.config.simulation import Simulation
from spikedrift.plasticity import registry
from spikedrift.plasticity.synapse import combine
from spikedrift.simulation.build import Standalone, build
from spikedrift.simulation.run import Run, Set, session

N_E, N_I, DT = 8000, 2000, 1e-4
TARGETS = {0: 164, 1: 74, 2: 16, 4: 13, 9: 9.1}  # second -> E rate, Hz

CELL = """
dv/dt = (10*nS*(-60*mV - v) - g_e*v + g_i*(-80*mV - v) + 200*pA)/(200*pF) : volt (unless refractory)
dg_e/dt = -g_e/(5*ms) : siemens
dg_i/dt = -g_i/(10*ms) : siemens
"""


def define(standalone: Standalone, structure: dict) -> None:
    import brian2 as b

    cells = b.NeuronGroup(
        N_E + N_I,
        CELL,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * b.ms,
        method="euler",
        name="cells",
    )
    e, i = cells[:N_E], cells[N_E:]
    learning = combine([registry.get("inhibitory")], "g_i_post += {weight}*nS")
    onto_e = learning.synapses(i, e, cells, "inhibitory")
    excite = b.Synapses(e, cells, on_pre="g_e_post += 0.3*nS", name="excite")
    inhibit = b.Synapses(i, i, on_pre="g_i_post += 3*nS", name="inhibit")
    spikes = b.SpikeMonitor(cells, name="spikes")
    standalone.read_session({})
    cells.v = "-60*mV + rand()*10*mV"
    for synapses in (onto_e, excite, inhibit):
        synapses.connect(p=0.02)
    standalone.run_session(b.Network(cells, onto_e, excite, inhibit, spikes), {})
    standalone.keep("w", onto_e, "w")
    for name in ("i", "t"):
        standalone.keep(name, spikes, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=10)
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    with tempfile.TemporaryDirectory() as folder:
        program = build(
            "inhibitory_balance:define",
            {},
            Simulation(dt=DT),
            Path(folder) / "build",
            uses=(f"{registry.PACKAGE}.inhibitory",),
        )
        with session(
            program,
            seed=asked.seed,
            parameters={
                "inhibitory.w_max": 100.0,
                "inhibitory.target_rate": 3.0,
                "inhibitory.tau": 0.020,
                "inhibitory.eta": 0.0,
            },
            inputs={},
            steps=[Run(0, 1), Set("inhibitory.eta", 0.01), Run(1, asked.seconds - 1)],
            scratch_dir=Path(folder) / "scratch",
            label="balance",
        ) as output:
            cell, time, weight = (output.array(name) for name in ("i", "t", "w"))
    excitatory = cell < N_E
    rate = np.bincount(time[excitatory].astype(int), minlength=asked.seconds) / N_E
    for second, value in enumerate(rate[: asked.seconds]):
        known = f" (independent run: {TARGETS[second]:g})" if second in TARGETS else ""
        print(f"second {second}: E rate {value:.1f} Hz{known}")
    late = excitatory & (time >= asked.seconds - 3)
    order = np.lexsort((time[late], cell[late]))
    who, when = cell[late][order], time[late][order]
    interval, same = np.diff(when), np.diff(who) == 0
    count = np.bincount(who[1:][same], minlength=N_E)
    mean = np.bincount(who[1:][same], interval[same], N_E) / np.maximum(count, 1)
    square = np.bincount(who[1:][same], interval[same] ** 2, N_E) / np.maximum(count, 1)
    many = count >= 10
    variation = np.sqrt(np.maximum(square - mean**2, 0))[many] / mean[many]
    print(f"CV of intervals in the last 3 s, cells with 10 or more: {variation.mean():.2f} (.94)")
    print(f"mean I to E weight: {weight.mean():.2f} nS (1.5)")


if __name__ == "__main__":
    main()
