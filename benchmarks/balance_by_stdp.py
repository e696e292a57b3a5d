"""STDP by itself holds a cell's rate, and pulls its weights apart.

Song, Miller & Abbott (2000), Nature Neuroscience 3:919, in the form of Brian2's example: 1000
Poisson inputs of 15 Hz onto one integrate-and-fire cell, weights uniform in [0, w_max] at first.
Against one run of an independent program (here: 5 seeds, mean +- SD):

                                         independent  here
    rate, 0 to 10 s, Hz                  36           37.0 +- 5.7
    rate, 90 to 100 s, Hz                19.9         21.3 +- 1.8
    rate, 900 to 1000 s, Hz              21.1         20.5 +- 1.7
    weights below .1 w_max at 1000 s     .28          .28 +- .01
    weights above .9 w_max               .24          .24 +- .01
    mean weight / w_max                  .474         .471 +- .002
    CV of intervals, last 100 s          .92          .89 +- .01

    python benchmarks/balance_by_stdp.py --seeds 5
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
from spikedrift.simulation.run import Run, session

N, RATE, DT, CHUNK = 1000, 15.0, 1e-4, 100  # inputs, Hz, s, s
SPANS = {(0, 10): 36, (90, 100): 19.9, (900, 1000): 21.1}  # s -> Hz
VALUES = {"w_max": 1.0, "eta": 0.01, "ratio": 1.05, "tau_plus": 0.020, "tau_minus": 0.020}

CELL = """
dv/dt = (-74*mV - v - g*v)/(10*ms) : volt
dg/dt = -g/(5*ms) : 1
"""


def define(standalone: Standalone, structure: dict) -> None:
    import brian2 as b

    projection = combine([registry.get("pair_stdp")], "g_post += 0.01*{weight}")
    source = b.SpikeGeneratorGroup(N, [], [] * b.second, name="source")
    cell = b.NeuronGroup(
        1, CELL, threshold="v > -54*mV", reset="v = -60*mV", method="euler", name="cell"
    )
    synapses = projection.synapses(source, cell, cell, "synapses")
    spikes = b.SpikeMonitor(cell, name="spikes")
    standalone.read_session({"source": source})
    cell.v = "-60*mV"
    synapses.connect()
    synapses.w = "rand()"
    standalone.run_session(b.Network(source, cell, synapses, spikes), {})
    standalone.keep("t", spikes, "t")
    standalone.keep("w", synapses, "w")


def poisson(rng: np.random.Generator, seconds: int) -> tuple[np.ndarray, np.ndarray]:
    """Afferent and time step of every spike, at most one of an afferent in a step."""
    places = rng.integers(round(seconds / DT) * N, size=rng.poisson(N * RATE * seconds))
    step, cell = np.divmod(np.unique(places), N)
    return cell, step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=1000)
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    with tempfile.TemporaryDirectory() as folder:
        program = build(
            "balance_by_stdp:define",
            {},
            Simulation(dt=DT),
            Path(folder) / "build",
            uses=(f"{registry.PACKAGE}.pair_stdp",),
        )
        for seed in range(asked.seeds):
            with session(
                program,
                seed=seed,
                parameters={f"synapses.{name}": value for name, value in VALUES.items()},
                inputs={"source": poisson(np.random.default_rng([seed, 1]), asked.seconds)},
                steps=[Run(0, asked.seconds)],
                scratch_dir=Path(folder) / "scratch",
                label=f"seed-{seed}",
            ) as output:
                time, weight = output.array("t"), output.array("w")
            print(f"seed {seed}")
            for (start, stop), known in SPANS.items():
                if stop <= asked.seconds:
                    rate = ((time >= start) & (time < stop)).sum() / (stop - start)
                    print(f"  {start} to {stop} s: {rate:.1f} Hz (independent run: {known:g})")
            interval = np.diff(time[time >= asked.seconds - CHUNK])
            print(
                f"  at {asked.seconds} s (independent run at 1000 s): "
                f"{(weight < 0.1).mean():.2f} of weights below .1 (.28), "
                f"{(weight > 0.9).mean():.2f} above .9 (.24), mean {weight.mean():.3f} (.474), "
                f"CV of intervals {interval.std() / interval.mean():.2f} (.92)",
                flush=True,
            )


if __name__ == "__main__":
    main()
