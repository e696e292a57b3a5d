"""How much faster the SpikeShip kernel is than a plain compiled version, on the same cores.

    python benchmarks/spikeship.py [folder of the public extract]

The plain version is what one writes first in numba: for every pair of trials couple the spikes
of every shared unit, sort all flows, take the weighted median, add up; pairs in parallel. Both
run on the same inputs in one process, alternately; the best of several runs counts.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
from numba import config, njit, prange, set_num_threads

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
    count = rng.poisson(rng.gamma(1.0, mean, n_units), (n_trials, n_units))
    times = np.concatenate([np.sort(rng.random(n)) for n in count.ravel()])
    return times, np.append(0, np.cumsum(count)), n_trials, n_units


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="allen_neuropixels_gratings")
    parser.add_argument("--threads", type=int, default=config.NUMBA_NUM_THREADS)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    set_num_threads(chosen.threads)
    cases = {
        "400 trials x 100 units, 2 spikes": poisson(400, 100, 2.0),
        "200 trials x 1000 units, 1 spike": poisson(200, 1000, 1.0),
        "120 trials x 300 units, 6 spikes": poisson(120, 300, 6.0),
        "60 trials x 500 units, 20 spikes": poisson(60, 500, 20.0),
    }
    if chosen.folder:
        cases = {"public extract, 200 x 1000": extract(chosen.folder), **cases}
    print(f"{chosen.threads} threads, best of {chosen.runs}; us a pair = wall time / pairs")
    print(f"{'case':36}{'flows/pair':>11}{'plain':>10}{'ours':>10}{'us a pair':>11}{'ratio':>7}")
    ratios = []
    for name, data in cases.items():
        expected, (value, _) = plain_matrix(*data), spikeship_matrix(*data)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-15)
        plain, ours = np.inf, np.inf
        for _ in range(chosen.runs):
            plain = min(plain, seconds(plain_matrix, *data))
            ours = min(ours, seconds(spikeship_matrix, *data, None, 2, chosen.threads))
        n_pairs = data[2] * (data[2] - 1) // 2
        ratios.append(plain / ours)
        print(
            f"{name:36}{flows(*data):11.0f}{plain:9.3f}s{ours:9.3f}s"
            f"{ours / n_pairs * 1e6:11.2f}{plain / ours:7.1f}"
        )
    print(f"geometric mean of the ratios: {math.exp(np.mean(np.log(ratios))):.1f}")


def flows(times, offsets, n_trials: int, n_units: int) -> float:
    """Mean number of flows of a pair, over neighboring trials."""
    count = np.diff(offsets).reshape(n_trials, n_units)
    n, m = count[:-1], count[1:]
    return float(np.where((n > 0) & (m > 0), n + m - np.gcd(n, m), 0).sum(axis=1).mean())


if __name__ == "__main__":
    main()
