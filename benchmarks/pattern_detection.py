"""Whether one cell finds a spike pattern by reduced nearest-neighbor STDP, and by other pairing.

Masquelier, Guyonneau & Thorpe (2008), PLoS ONE 3:e1377, in the form of Hathway & Goodman (2018,
ReScience): 2000 afferents fire at random rates with 10 Hz of noise, and in a quarter of the 50 ms
windows half of them repeat one pattern with 1 ms of jitter. The cell hears the same 150 s three
times. Found means that in the last of them it fires in more than 98 % of the patterns, never
outside, and on average within 10 ms.

At this time step, 0.1 ms, all seeds from 0 (mean +- SD of the runs that found it):

                                published    here
    found                       94 of 100    28 of 30
    hit rate                    .998         .997 +- .004
    latency, ms                 5.0 +- 3.0   4.2 +- 0.8
    last spike outside, s       22.0 +- 4.9  23.1 +- 4.0
    spikes up to it             1135 +- 233  1223 +- 230
    base rate, Hz               54           54.0
    rate of the cell at first   63           63
    all-to-all                  silent       silent, 3 seeds: 9 to 12 spikes in 450 s
    plain nearest neighbor      silent       silent, 3 seeds: 20 or 21 spikes

The two that did not find it are seed 15 (735 of 750 patterns) and seed 25 (2 false alarms). Like
most that fail, they learn at the usual time, and then, at a latency of 3 to 4 ms, miss ever more.

The pattern is the first of the windows where it is shown, as in the replication's program, that is
within the first second, while the rates still spread from their uniform start to their bounds. One
taken from anywhere in the 150 s is harder to find: in 21 of these 30 seeds.

    python benchmarks/pattern_detection.py --seeds 30
"""

import argparse
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from spikedrift.config.simulation import Simulation
from spikedrift.plasticity import registry
from spikedrift.plasticity.synapse import combine
from spikedrift.simulation.build import Program, Standalone, build
from spikedrift.simulation.run import Run, session

N, HALF = 2000, 1000
SPAN, WINDOW, BIN, DT = 150.0, 0.050, 1e-3, 1e-4  # s
TOP, DRIFT, NOISE, JITTER, LONGEST = 90.0, 1800.0, 10.0, 1e-3, 0.050  # Hz, Hz/s, Hz, s, s
THRESHOLD, FIRST_WEIGHT = 500.0, 0.475
RULES = ("pair_stdp_reduced", "pair_stdp_nearest", "pair_stdp")
VALUES = {"eta": 0.03125, "ratio": 0.85, "tau_plus": 0.0168, "tau_minus": 0.0337}

CELL = """
du/dt = (rise*drive - u)/(10*ms) + after*after_spike/(2.5*ms) : 1
ddrive/dt = -drive/(2.5*ms) : 1
dafter_spike/dt = -after_spike/(2.5*ms) : 1
"""


def define(standalone: Standalone, structure: dict) -> None:
    import brian2 as b

    projection = combine([registry.get(structure["rule"])], "drive_post += {weight}")
    source = b.SpikeGeneratorGroup(N, [], [] * b.second, name="source", period=SPAN * b.second)
    cell = b.NeuronGroup(
        1,
        CELL,
        threshold=f"u > {THRESHOLD}",
        reset=f"u = {2 * THRESHOLD}; drive = 0; after_spike = 1",
        refractory=1 * b.ms,
        method="exact",
        # A potential that peaks at the weight, and an after-potential of -3 thresholds.
        namespace={"rise": 0.25 ** (-4 / 3), "after": -3 * THRESHOLD},
        name="cell",
    )
    synapses = projection.synapses(source, cell, cell, "synapses")
    spikes = b.SpikeMonitor(cell, name="spikes")
    standalone.read_session({"source": source})
    synapses.connect()
    synapses.w = FIRST_WEIGHT
    standalone.run_session(b.Network(source, cell, synapses, spikes), {})
    standalone.keep("t", spikes, "t")


def base(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Afferent and time of spikes at rates that wander, forced where 50 ms have passed without."""
    rate, speed = rng.uniform(0, TOP, N), rng.uniform(-DRIFT, DRIFT, N)
    last = rng.uniform(-LONGEST, 0, N)
    cells, times = [], []
    for end in BIN * np.arange(1, round(SPAN / BIN) + 1):
        fired = np.flatnonzero((rng.random(N) < rate * BIN) | (end - last > LONGEST))
        last[fired] = end - rng.random(fired.size) * BIN
        cells.append(fired)
        times.append(last[fired])
        rate = np.clip(rate + speed * BIN, 0, TOP)
        speed = np.clip(speed + 0.4 * (rng.random(N) - 0.5) * DRIFT, -DRIFT, DRIFT)
    return np.concatenate(cells), np.concatenate(times)


def stimulus(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Afferent and time step of every spike of 150 s, and the starts of the patterns."""
    cell, time = base(rng)
    n_windows = round(SPAN / WINDOW)
    n_shown = n_windows // 4
    chosen = np.sort(rng.choice(n_windows - n_shown + 1, n_shown, replace=False))
    shown = chosen + np.arange(n_shown)  # never two in a row
    window = (time / WINDOW).astype(int)
    pattern = (window == shown[0]) & (cell < HALF)
    lag, who = time[pattern] % WINDOW, cell[pattern]
    kept = ~((cell < HALF) & np.isin(window, shown))
    noise = rng.poisson(NOISE * SPAN * N)
    pasted = np.add.outer(shown * WINDOW, lag) + rng.normal(0, JITTER, (n_shown, lag.size))
    cell = np.concatenate([cell[kept], np.tile(who, n_shown), rng.integers(N, size=noise)])
    time = np.concatenate([time[kept], pasted.ravel(), rng.random(noise) * SPAN])
    step = np.floor(time / DT).astype(np.int64)
    inside = (step >= 0) & (step < round(SPAN / DT))
    step, cell = np.divmod(np.unique(step[inside] * N + cell[inside]), N)
    return cell, step, shown * WINDOW


@dataclass(frozen=True)
class Verdict:
    """What a cell's spikes of 450 s say; from the last 150 s unless told otherwise.

    Attributes
    ----------
    hits : fraction of patterns with a spike
    alarms : number of spikes outside of patterns
    latency : s, mean over spikes inside patterns
    time, spikes : of the last spike outside of patterns in all 450 s, s, and how many came up to it
    """

    hits: float
    alarms: int
    latency: float
    time: float
    spikes: int

    @property
    def found(self) -> bool:
        return self.hits > 0.98 and self.alarms == 0 and self.latency < 0.010


def judge(spikes: np.ndarray, starts: np.ndarray) -> Verdict:
    starts = np.add.outer(SPAN * np.arange(3), starts).ravel()
    which = np.searchsorted(starts, spikes, side="right") - 1
    latency = spikes - starts[np.maximum(which, 0)]
    inside = (which >= 0) & (latency <= WINDOW)
    late = spikes >= 2 * SPAN
    outside = np.flatnonzero(~inside)
    return Verdict(
        hits=np.unique(which[inside & late]).size / (starts.size // 3),
        alarms=int((~inside & late).sum()),
        latency=float(latency[inside & late].mean()) if (inside & late).any() else np.nan,
        time=float(spikes[outside[-1]]) if outside.size else 0.0,
        spikes=int(outside[-1]) + 1 if outside.size else 0,
    )


def run(program: Program, seed: int, folder: Path) -> Verdict:
    cell, step, starts = stimulus(np.random.default_rng([seed, 1]))
    with session(
        program,
        seed=seed,
        parameters={"synapses.w_max": 1.0}
        | {f"synapses.{name}": value for name, value in VALUES.items()},
        inputs={"source": (cell, step)},
        steps=[Run(0, 3 * SPAN)],
        scratch_dir=folder / "scratch",
        label=f"seed-{seed}",
    ) as output:
        return judge(output.array("t"), starts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2, help="runs at once")
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(asked.jobs) as pool:
        folder = Path(name)
        for rule in RULES:
            program = build(
                "pattern_detection:define",
                {"rule": rule},
                Simulation(dt=DT),
                folder / "build",
                uses=(f"{registry.PACKAGE}.{rule}",),
            )
            seeds = range(asked.seeds if rule == RULES[0] else 3)
            verdicts = []
            for seed, verdict in enumerate(pool.map(partial(run, program, folder=folder), seeds)):
                print(rule, seed, "found" if verdict.found else "not found", verdict, flush=True)
                verdicts += [verdict] if verdict.found else []
            print(f"{rule}: found in {len(verdicts)} of {len(seeds)}", flush=True)
            for value in ("hits", "latency", "time", "spikes") if verdicts else ():
                those = [getattr(verdict, value) for verdict in verdicts]
                print(f"  {value}: {np.mean(those):.4g} +- {np.std(those):.2g}", flush=True)


if __name__ == "__main__":
    main()
