"""What a sweep of the plastic network costs, against building and running each point by itself.

    python benchmarks/simulation.py            all parts, about 40 minutes on two cores
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
NEST: `nest_network.py`, one thread, with the Python of an environment of its own
(docs/performance.md); without it this part says so and is left out. Processor time of whole
processes, the engine's from its imports to the written files (program in the cache), NEST's from
its imports to the spikes read back; and of the simulation alone, wiring included. They take turns,
each pair at an instance of its own.
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
NEST = Path(__file__).with_name("nest_network.py")
NEST_PYTHON = Path(__file__).parents[1] / ".env-stamps/nest/bin/python"
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


def processor() -> float:
    """Processor time of children of this process that have ended; s."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_point(
    options: PatternNetwork, point: dict[str, float], number: int, folder: Path, instance: int = 0
) -> dict[str, float]:
    """One point of the engine, files and all; s, mean E rate, peak memory (MiB)."""
    start = time.perf_counter()
    before = processor()
    watch = ProgramMemory()
    watch.start()
    name = f"point-{number}.patterns"
    simulated = simulate(
        MODEL, options, point, recording=name, seed=1, instance=instance,
        build_dir=folder / "build", scratch_dir=folder,
    )  # fmt: skip
    watch.over.set()
    write_netcdf(simulated.traces, folder / f"{name}.traces.nc")
    trials.write(simulated.trials, folder / f"{name}.trials.nc")
    return {
        "seconds": time.perf_counter() - start,
        "processor": processor() - before,
        "program": watch.peak,
        "python": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rate": simulated.trials.attrs["mean_rate"],
        **simulated.traces["mean_weight"].isel(time=-1).to_series().to_dict(),
    }


def request(
    options: PatternNetwork, point: dict[str, float], folder: Path, instance: int = 0
) -> dict[str, dict[str, object]]:
    """What a script that is not ours needs for a point; input spikes are written to `folder`."""
    dt = options.simulation.dt
    # What `simulate` draws for this seed and instance.
    drawn = plan(MODEL, options, NetworkRun("plain", {}, 1, instance))
    for name, array in zip(("index", "step"), drawn.spikes["afferents"], strict=True):
        np.save(folder / f"{name}.npy", array)
    wiring = {one.name: one for one in drawn.network.projections}
    return {
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
            "seed": 1 + instance,
            "index": str(folder / "index.npy"),
            "step": str(folder / "step.npy"),
            "afferent": point["plasticity.afferent.eta"],
            "recurrent": point["plasticity.recurrent.eta"],
            "noise": point.get("cells.membrane_noise", options.cells.membrane_noise),
        },
    }


def script(python: Path | str, path: Path, asked: dict[str, object], folder: Path) -> dict:
    """Run a script on a point and read the last line that it prints."""
    (folder / "point.json").write_text(json.dumps(asked))
    done = subprocess.run(
        [python, path, folder / "point.json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{path.name} failed: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def plain(
    options: PatternNetwork, point: dict[str, float], folder: Path, directory: str
) -> dict[str, float]:
    """One point in plain Brian2, built and run in `directory`."""
    asked = request(options, point, folder) | {"directory": str(folder / directory)}
    return script(sys.executable, PLAIN, asked, folder)


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


def nest_version(python: Path) -> str | None:
    """Version of the NEST that `python` imports; None where there is none."""
    try:
        found = subprocess.run(
            [python, "-c", "import nest; print(nest.__version__)"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.split()[-1]


def against_nest(n_excitatory: int, pairs: int, python: Path) -> None:
    """Processor time of a session, the engine and NEST in turns; with membrane noise and without.

    Without noise the engine draws its random numbers all the same and multiplies them by 0.
    """
    found = nest_version(python)
    if found is None:
        print(f"\nNEST: {python} has none, left out (docs/performance.md)")
        return
    print(f"\nThe engine and NEST {found}: {n_excitatory} E, processor time of a session")
    print(f"  {'noise':>7}{'instance':>10}{'engine':>9}{'NEST':>9}{'ratio':>7}"
          f"{'alone':>10}{'NEST':>9}{'wiring':>9}{'ratio':>7}{'E rate':>9}{'NEST':>7} Hz",
          flush=True)  # fmt: skip
    options, learning = network(n_excitatory), ("afferent", "recurrent")
    with tempfile.TemporaryDirectory() as scratch:
        folder, start = Path(scratch), processor()
        program(declare(options), options.simulation, folder / "build")
        build = processor() - start
        for noise in (options.cells.membrane_noise, 0.0):
            # In the middle of the sweep's grid.
            point = {f"plasticity.{name}.eta": 0.01 for name in learning}
            point["cells.membrane_noise"] = noise
            ratios = []
            for instance in range(pairs):
                asked, start = request(options, point, folder, instance), processor()
                with workers(1) as pool:
                    ours = pool.submit(run_point, options, point, 0, folder, instance).result()
                whole = processor() - start
                theirs = script(python, NEST, asked, folder)
                alone = theirs["wiring"] + theirs["run"]
                ratios.append((theirs["processor"] / whole, alone / ours["processor"]))
                print(
                    f"  {1000 * noise:4.0f} mV{instance:10}"
                    f"{whole:8.2f}s{theirs['processor']:8.2f}s{ratios[-1][0]:7.1f}"
                    f"{ours['processor']:9.2f}s{alone:8.2f}s{theirs['wiring']:8.2f}s"
                    f"{ratios[-1][1]:7.1f}{ours['rate']:9.2f}{theirs['rate']:7.2f}",
                    flush=True,
                )
            session, simulation = np.median(ratios, axis=0)
            print(f"  median ratio {session:.1f}, of the simulation alone {simulation:.1f}")
            print(f"  engine: {told(ours)}\n  NEST: {told(theirs)}", flush=True)
    print(f"  building the engine's program took {build:.1f} s of processor time, once")


def n_synapses(options: PatternNetwork) -> float:
    """Expected number of synapses."""
    network = declare(options)
    sizes = network.sizes
    return sum(synapses(one, sizes[one.pre], sizes[one.post]) for one in network.projections)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help="throughput, growth, nest; all without a word")
    parser.add_argument("--small", action="store_true", help="400 E, 4 points")
    parser.add_argument("--points", type=int, help="of the engine's sweep; 64")
    parser.add_argument("--plain", type=int, default=3, help="points that plain Brian2 runs")
    parser.add_argument("--all", action="store_true", help="plain Brian2 runs all points")
    parser.add_argument("--pairs", type=int, default=3, help="runs of the engine and of NEST")
    parser.add_argument("--nest", type=Path, default=NEST_PYTHON, help="a Python that has NEST")
    chosen = parser.parse_args()
    parts = chosen.part or ["throughput", "growth", "nest"]
    n_points = chosen.points or (4 if chosen.small else 64)
    if "throughput" in parts:
        n_plain = n_points if chosen.all else min(chosen.plain, n_points)
        throughput(400 if chosen.small else 4000, n_points, n_plain)
    if "growth" in parts:
        sizes = [200, 400, 800] if chosen.small else [500, 1000, 2000, 4000, 8000]
        growth(sizes, [0.5, 2.0, 4.0])
    if "nest" in parts:
        against_nest(400 if chosen.small else 4000, chosen.pairs, chosen.nest)


if __name__ == "__main__":
    main()
