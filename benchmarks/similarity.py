"""How much faster SpikeShip is than a plain compiled version, what it costs, and its memory.

    python benchmarks/similarity.py [folder of the public extract]
    python benchmarks/similarity.py --large 18000

The plain version is what one writes first in numba: for every pair of trials couple the spikes
of every shared unit, sort all flows, take the weighted median, add up; pairs in parallel. Both
run on the same inputs in one process, in turns, on the same threads; the best of several runs
counts. Where other work shares the cores, read the ratio of processor times: a short run finds them
free more easily than a long one. Generated trials last 1 s; units differ in rate (gamma, shape 1),
spikes are Poisson, 2 a unit and trial on average. --large writes the similarity file of so many
trials x 1000 units, with one spike in five units, in a process of its own.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numba import config, njit, prange, set_num_threads

from spikedrift import trials
from spikedrift.similarity.matrix import write
from spikedrift.similarity.spikeship import spikeship_matrix


@njit(parallel=True, cache=True)
def plain_matrix(times, offsets, n_trials, n_units):
    first, second = np.triu_indices(n_trials, 1)
    out = np.zeros((n_trials, n_trials))
    for pair in prange(first.size):
        row, column = first[pair] * n_units, second[pair] * n_units
        size = 0
        for unit in range(n_units):
            n = offsets[row + unit + 1] - offsets[row + unit]
            m = offsets[column + unit + 1] - offsets[column + unit]
            if n > 0 and m > 0:
                size += n + m - 1
        flow, weight = np.empty(size), np.empty(size)
        k, shared = 0, 0
        for unit in range(n_units):
            i, stop = offsets[row + unit], offsets[row + unit + 1]
            j, other_stop = offsets[column + unit], offsets[column + unit + 1]
            n, m = stop - i, other_stop - j
            if n == 0 or m == 0:
                continue
            shared += 1
            left, right = m, n
            while i < stop and j < other_stop:
                mass = min(left, right)
                flow[k] = times[i] - times[j]
                weight[k] = mass / (n * m)
                k += 1
                left -= mass
                right -= mass
                if left == 0:
                    i += 1
                    left = m
                if right == 0:
                    j += 1
                    right = n
        value = np.nan
        if shared > 1:
            flow, weight = flow[:k], weight[:k]
            order = np.argsort(flow)
            half, mass_below, median = 0.5 * weight.sum(), 0.0, flow[order[-1]]
            for position in range(k):
                mass_below += weight[order[position]]
                if mass_below >= half:
                    median = flow[order[position]]
                    break
            value = 0.7 / (shared - 1) * (weight * np.abs(flow - median)).sum()
        out[first[pair], second[pair]] = out[second[pair], first[pair]] = value
    return out


def extract(folder: Path):
    times, cells = np.load(folder / "spike_times.npy"), np.load(folder / "ii_spike_times.npy")
    return times, np.append(cells[..., 0].ravel(), cells[-1, -1, 1]), *cells.shape[:2]


def poisson(n_trials: int, n_units: int, mean: float):
    """Trials of 1 s: rates differ between units (gamma, shape 1), spike times are uniform."""
    rng = np.random.default_rng([7, n_trials, n_units])
    count = rng.poisson(rng.gamma(1.0, mean, n_units), (n_trials, n_units)).ravel()
    times = rng.random(count.sum())
    times = times[np.lexsort((times, np.repeat(np.arange(count.size), count)))]
    return times, np.append(0, np.cumsum(count)), n_trials, n_units


def recording(n_trials: int, n_units: int, mean: float):
    """The same as a trials Dataset: repeats of 30 segments in two blocks."""
    times, offsets, *shape = poisson(n_trials, n_units, mean)
    repeat = np.arange(n_trials) // 30
    return trials.assemble(
        times,
        np.diff(offsets).reshape(shape),
        recording="made.movie",
        kind="synthetic",
        trial={
            "stimulus": "movie",
            "segment": np.arange(n_trials) % 30,
            "repeat": repeat,
            "block": (repeat >= n_trials // 60).astype(int),
            "duration": 1.0,
        },
        unit={"unit_id": np.arange(n_units)},
    )


def seconds(function: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Wall time and processor time of all threads, s."""
    start = time.perf_counter(), time.process_time()
    function(*arguments)
    return time.perf_counter() - start[0], time.process_time() - start[1]


def flows(times, offsets, n_trials: int, n_units: int) -> float:
    """Mean number of flows of a pair, over neighboring trials."""
    count = np.diff(offsets).reshape(n_trials, n_units)
    n, m = count[:-1], count[1:]
    return float(np.where((n > 0) & (m > 0), n + m - np.gcd(n, m), 0).sum(axis=1).mean())


def _status(field: str) -> float:
    """A line of this process's status in the kernel, bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def _measured(threads: int, work: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    config.NUMBA_NUM_THREADS = threads
    return seconds(work, *arguments)[0], _status("VmHWM")


def measure(threads: int, work: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Seconds and peak memory (bytes, with the libraries) of some work in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_measured, threads, work, *arguments).result()


def write_file(folder: str, n_trials: int, n_units: int, mean: float) -> None:
    """Make a recording and write its similarity file, as the rule does."""
    write(recording(n_trials, n_units, mean), "spikeship", {}, Path(folder) / "spikeship.nc")


def matrix_of(n_trials: int, n_units: int, mean: float) -> None:
    spikeship_matrix(*poisson(n_trials, n_units, mean))


def against_plain(cases: dict[str, Any], threads: int, runs: int) -> None:
    small = poisson(4, 4, 4.0)
    plain_matrix(*small)
    for precision in ("float64", "float32"):
        spikeship_matrix(*small, precision=precision)
    print("trials x units\tversion\ts\tprocessor s\tpairs/s\tspikes/s\tratio\tratio, processor")
    for name, data in cases.items():
        n_pairs, spikes = data[2] * (data[2] - 1) // 2, data[0].size * (data[2] - 1)
        versions = {
            "plain": lambda data=data: plain_matrix(*data),
            "float64": lambda data=data: spikeship_matrix(*data, None, 2, threads)[0],
            "float32": lambda data=data: spikeship_matrix(*data, None, 2, threads, "float32")[0],
        }
        best = {version: np.full(2, np.inf) for version in versions}
        found = {}

        def keep(version, run, found=found):
            found[version] = run()

        for _ in range(runs):
            for version, run in versions.items():
                best[version] = np.minimum(best[version], seconds(keep, version, run))
        np.testing.assert_allclose(found["float64"], found["plain"], rtol=1e-12, atol=1e-15)
        for version, (wall, processor) in best.items():
            ratio = best["plain"] / best[version]
            print(
                f"{name}\t{version}\t{wall:.3f}\t{processor:.3f}\t{n_pairs / wall:.3g}\t"
                f"{spikes / wall:.3g}\t{ratio[0]:.1f}\t{ratio[1]:.1f}",
                flush=True,
            )


def against_spikes(threads: int, runs: int) -> None:
    print("mean spikes\tspikes a pair\tflows a pair\tprocessor us a pair\tns a spike")
    for mean in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
        data = poisson(256, 300, mean)
        best = min(
            seconds(lambda data=data: spikeship_matrix(*data, None, 2, threads))[1]
            for _ in range(runs + 1)
        )
        n_pairs, spikes = 256 * 255 // 2, 2 * data[0].size / 256
        print(
            f"{mean}\t{spikes:.0f}\t{flows(*data):.0f}\t{1e6 * best / n_pairs:.2f}\t"
            f"{1e9 * best / n_pairs / spikes:.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="allen_neuropixels_gratings")
    parser.add_argument("--threads", type=int, default=config.NUMBA_NUM_THREADS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--large", type=int, default=None, help="trials of a large file")
    parser.add_argument("--directory", type=Path, default=None, help="where that file goes")
    chosen = parser.parse_args()
    set_num_threads(chosen.threads)
    if chosen.large:
        with tempfile.TemporaryDirectory(dir=chosen.directory) as folder:
            size = chosen.large, 1000, 0.2
            taken, peak = measure(chosen.threads, write_file, folder, *size)
            print(f"{size[0]} trials x {size[1]} units, {size[2]} spikes: {taken:.0f} s, "
                  f"{size[0] * (size[0] + 1) // 2} pairs, peak {peak / 2**30:.2f} GiB")  # fmt: skip
        return
    cases = {"1800 x 100": poisson(1800, 100, 2.0), "900 x 700": poisson(900, 700, 2.0)}
    if chosen.folder:
        cases = {"200 x 1000 (public extract)": extract(chosen.folder), **cases}
    print(f"{chosen.threads} threads, best of {chosen.runs}")
    against_plain(cases, chosen.threads, chosen.runs)
    against_spikes(chosen.threads, chosen.runs)
    print("trials x units\tpeak memory, MiB, the matrices among it")
    for n_trials, n_units in ((200, 1000), (1800, 100), (900, 700)):
        _, peak = measure(chosen.threads, matrix_of, n_trials, n_units, 2.0)
        print(f"{n_trials} x {n_units}\t{peak / 2**20:.0f}")


if __name__ == "__main__":
    main()
