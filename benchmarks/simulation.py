"""What a sweep of the plastic network costs, against building and running each point by itself.

    python benchmarks/simulation.py            all parts, about half an hour on two cores
    python benchmarks/simulation.py --small    the same on a toy, a few minutes

The reference network has 4000 E and 1000 I cells, each with as many inputs as in the default
network (connection probabilities times 320/4000), pair STDP on afferent and on E to E synapses,
the inhibitory rule, and 10 biological seconds, too short to settle (warnings say so). The points
differ in the two learning rates.

build and run each: `plain_network.py`, an ordinary Brian2 script, one point after the other, in a
fresh directory each (make with both cores, Brian2's default) and, for what make saves when the code
is the same, all in one directory. Its imports and the drawing of input spikes are not counted.
engine: two processes side by side, as Snakemake runs two points; everything from the start of
these processes to the written files is counted, and on a cold cache the build. Plain points and
shares of the engine's points take turns, so that a machine that others use slows both.
"""

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

import numpy as np

from spikedrift import trials
from spikedrift.core.atomic import write_netcdf
from spikedrift.networks.memory import synapses
from spikedrift.networks.models.pattern_network import MODEL, PROJECTIONS, PatternNetwork, declare
from spikedrift.networks.session_plan import NetworkRun, plan
from spikedrift.networks.simulate import program, simulate

PHASES = [
    {"kind": "settle", "duration": 2.0},
    {"kind": "train", "repeats": 3},
    {"kind": "block", "repeats": 1},
    {"kind": "pause", "duration": 1.6},
]
PLAIN = Path(__file__).with_name("plain_network.py")
PROCESSES = 2


def network(n_excitatory: int, inputs: float = 1.0, threads: int = 1) -> PatternNetwork:
    """The default network scaled up: `inputs` times as many recurrent synapses a cell.

    They are weaker by as much, so that the network stays in its regime.
    """
    default = PatternNetwork()
    scale = inputs * default.cells.n_excitatory / n_excitatory
    wiring = {name: getattr(default.wiring, name) for name in ("p_ee", "p_ei", "p_ie", "p_ii")}
    weights = {name: getattr(default.wiring, name) for name in ("w_ee", "w_ei", "w_ie", "w_ii")}
    return PatternNetwork.model_validate(
        {
            "cells": {"n_excitatory": n_excitatory, "n_inhibitory": n_excitatory // 4},
            "wiring": {name: p * scale for name, p in wiring.items()}
            | {name: w / inputs for name, w in weights.items()},
            "phases": PHASES,
            "simulation": {"threads": threads},
        }
    )


def points(n: int) -> list[dict[str, float]]:
    """Learning rates on a grid, as square as it gets."""
    side = max(k for k in range(1, n + 1) if n % k == 0 and k * k <= n)
    return [
        {"plasticity.afferent.eta": float(afferent), "plasticity.recurrent.eta": float(recurrent)}
        for afferent in np.geomspace(0.002, 0.05, n // side)
        for recurrent in np.geomspace(0.002, 0.05, side)
    ]


class ProgramMemory(threading.Thread):
    """Peak memory of the simulation program that this process runs, MiB.

    `getrusage` counts a child's memory from when it still was this Python.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.over = 0.0, threading.Event()

    def run(self) -> None:
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        while not self.over.wait(0.02):
            for child in children.read_text().split():
                with suppress(OSError):  # it has ended
                    lines = Path(f"/proc/{child}/status").read_text().splitlines()
                    status = dict(line.split(":", 1) for line in lines)
                    if status["Name"].strip() == "main" and "VmHWM" in status:
                        self.peak = max(self.peak, int(status["VmHWM"].split()[0]) / 1024)


def run_point(
    options: PatternNetwork, point: dict[str, float], number: int, folder: Path
) -> dict[str, float]:
    """One point of the engine, files and all; s, mean E rate, peak memory (MiB)."""
    start = time.perf_counter()
    watch = ProgramMemory()
    watch.start()
    name = f"point-{number}.patterns"
    simulated = simulate(
        MODEL, options, point, recording=name, seed=1, instance=0,
        build_dir=folder / "build", scratch_dir=folder,
    )  # fmt: skip
    watch.over.set()
    write_netcdf(simulated.traces, folder / f"{name}.traces.nc")
    trials.write(simulated.trials, folder / f"{name}.trials.nc")
    return {
        "seconds": time.perf_counter() - start,
        "program": watch.peak,
        "python": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rate": simulated.trials.attrs["mean_rate"],
        **simulated.traces["mean_weight"].isel(time=-1).to_series().to_dict(),
    }


def plain(
    options: PatternNetwork, point: dict[str, float], folder: Path, directory: str
) -> dict[str, float]:
    """One point in plain Brian2, built and run in `directory`."""
    dt = options.simulation.dt
    # What `simulate` draws for this seed and instance.
    drawn = plan(MODEL, options, NetworkRun("plain", {}, 1, 0))
    for name, array in zip(("index", "step"), drawn.spikes["afferents"], strict=True):
        np.save(folder / f"{name}.npy", array)
    wiring = {one.name: one for one in drawn.network.projections}
    request = {
        "network": {
            "dt": dt,
            "n_e": options.cells.n_excitatory,
            "n_i": options.cells.n_inhibitory,
            "n_afferents": options.patterns.n_afferents,
            "p": {name: one.wiring.p for name, one in wiring.items()},
            "w": {name: one.weight.values["w_start"] for name, one in wiring.items()},
            "settle": PHASES[0]["duration"],
            "duration": drawn.timetable.stop * dt,
        },
        "point": {
            "seed": 1,
            "index": str(folder / "index.npy"),
            "step": str(folder / "step.npy"),
            "afferent": point["plasticity.afferent.eta"],
            "recurrent": point["plasticity.recurrent.eta"],
        },
        "directory": str(folder / directory),
    }
    (folder / "point.json").write_text(json.dumps(request))
    command = [sys.executable, PLAIN, folder / "point.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"plain_network.py failed: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def workers(n: int = PROCESSES) -> ProcessPoolExecutor:
    # Spawned: each pays for its own Python and imports.
    return ProcessPoolExecutor(n, multiprocessing.get_context("spawn"))


def told(result: dict[str, float]) -> str:
    weights = ", ".join(f"{name} {result[name]:.4f}" for name in PROJECTIONS[:3])
    return f"E rate {result['rate']:.2f} Hz, mean weights {weights}"


def throughput(n_excitatory: int, n_points: int, n_plain: int) -> None:
    options, chosen = network(n_excitatory), points(n_points)
    print(f"\nPoints an hour: {n_excitatory} E, {n_points} points, {PROCESSES} processes")
    each: dict[str, list[float]] = {"fresh directory": [], "one directory": []}
    with tempfile.TemporaryDirectory() as scratch, workers() as pool:
        folder = Path(scratch)
        start = time.perf_counter()
        program(declare(options), options.simulation, folder / "build")
        build = time.perf_counter() - start
        print(f"  engine: build {build:.1f} s", flush=True)
        done, spent = 0, 0.0
        for turn, share in enumerate(np.array_split(np.arange(n_points), n_plain)):
            for label, times in each.items():
                directory = f"{label} {turn}" if label == "fresh directory" else label
                result = plain(options, chosen[share[0]], folder, directory.replace(" ", "-"))
                times.append(result["seconds"])
                print(f"  plain, {label}: {times[-1]:.1f} s; {told(result)}", flush=True)
            start = time.perf_counter()
            jobs = [pool.submit(run_point, options, chosen[k], k, folder) for k in share]
            for n, job in enumerate(as_completed(jobs), done + 1):
                now = spent + time.perf_counter() - start
                if n & (n - 1) == 0 or n == n_points:
                    print(
                        f"  engine: {n:3} points after {now:.1f} s, {build + now:.1f} s with the "
                        f"build; the last took {job.result()['seconds']:.2f} s",
                        flush=True,
                    )
            done, spent = n, now
            print(f"  engine, the same point: {told(jobs[0].result())}", flush=True)
    cold, warm = 3600 * n_points / (build + spent), 3600 * n_points / spent
    print(f"  engine: {cold:.0f} points an hour cold, {warm:.0f} with the program in the cache")
    how = "all run" if n_plain == n_points else f"extrapolated from {n_plain} points"
    for label, times in each.items():
        # In one directory the first point compiles everything, the others what has changed.
        rest = times[1:] if label == "one directory" and n_plain > 1 else times
        rate = 3600 * n_points / (sum(times) + (n_points - n_plain) * float(np.mean(rest)))
        print(
            f"  plain, {label}: {rate:.0f} points an hour ({how}); engine {cold / rate:.1f} times, "
            f"with the program in the cache {warm / rate:.1f} times"
        )


def growth(sizes: list[int], inputs: list[float]) -> None:
    """One session alone: against cells, then against synapses a cell, then with two threads."""
    print("\nOne session alone (program in the cache): 10 biological seconds")
    print(f"  {'E':>6}{'I':>6}{'inputs':>8}{'threads':>8}{'synapses':>10}{'rate':>8}"
          f"{'wall':>9}{'a bio s':>9}{'program':>9}{'Python':>8} MiB", flush=True)  # fmt: skip
    cases = [(size, 1.0, 1) for size in sizes]
    cases += [(sizes[-2], k, 1) for k in inputs]
    cases += [(size, 1.0, 2) for size in sizes[-2:]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for size, k, threads in cases:
            options = network(size, k, threads)
            program(declare(options), options.simulation, folder / "build")
            with workers(1) as pool:  # a process of its own: peak memory is of this program
                result = pool.submit(run_point, options, {}, 0, folder).result()
            wall = result["seconds"]
            print(
                f"  {size:6}{size // 4:6}{k:8.1f}{threads:8}{n_synapses(options):10.2g}"
                f"{result['rate']:8.2f}{wall:8.2f}s{wall / 10:8.3f}s"
                f"{result['program']:9.0f}{result['python']:8.0f}",
                flush=True,
            )


def n_synapses(options: PatternNetwork) -> float:
    """Expected number of synapses."""
    network = declare(options)
    sizes = network.sizes
    return sum(synapses(one, sizes[one.pre], sizes[one.post]) for one in network.projections)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help="throughput, growth; both without a word")
    parser.add_argument("--small", action="store_true", help="400 E, 4 points")
    parser.add_argument("--points", type=int, help="of the engine's sweep; 64")
    parser.add_argument("--plain", type=int, default=3, help="points that plain Brian2 runs")
    parser.add_argument("--all", action="store_true", help="plain Brian2 runs all points")
    chosen = parser.parse_args()
    parts = chosen.part or ["throughput", "growth"]
    n_points = chosen.points or (4 if chosen.small else 64)
    if "throughput" in parts:
        n_plain = n_points if chosen.all else min(chosen.plain, n_points)
        throughput(400 if chosen.small else 4000, n_points, n_plain)
    if "growth" in parts:
        sizes = [200, 400, 800] if chosen.small else [500, 1000, 2000, 4000, 8000]
        growth(sizes, [0.5, 2.0, 4.0])


if __name__ == "__main__":
    main()
