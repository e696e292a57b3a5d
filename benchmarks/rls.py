"""How much faster recursive least squares is than a plain NumPy loop over units, and its memory.

    python benchmarks/rls.py [--runs 5] [--threads 2]

The plain loop is what one writes first: for every trained unit gather its inputs, multiply its full
matrix, move its weights, subtract an outer product. Both hear the same random activity in one
process, in turns, on one thread (NumPy's too); the update of the least processor time counts, and
weights must agree. A loop of training has 100 updates. Common cells are heard by all units beside
their own: the plain loop has them in every unit's matrix. In the first cases each cell of a network
hears all others.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from spikedrift.training.inputs import memory
from spikedrift.training.rls import RecursiveLeastSquares

UPDATES = 100  # of a loop
RIDGE = 0.5
CASES = (  # trained units, own inputs, common inputs
    (100, 99, 0),  # all others, as in the rate network
    (400, 399, 0),
    (100, 40, 0),
    (400, 40, 0),
    (1600, 40, 0),
    (400, 100, 0),
    (400, 264, 0),
    (100, 564, 0),
    (400, 40, 300),  # a balanced network with feed-forward input, sparse
    (200, 264, 300),  # and dense
)


class Plain:
    """A NumPy loop over units."""

    def __init__(self, cells: list[np.ndarray]) -> None:
        self.cells = cells
        self.p = [np.eye(one.size) / RIDGE for one in cells]
        self.w = [np.zeros(one.size) for one in cells]

    def update(self, x: np.ndarray, y: np.ndarray) -> None:
        for m, heard in enumerate(self.cells):
            r = x[heard]
            k = self.p[m] @ r
            c = 1 / (1 + r @ k)
            e = self.w[m] @ r - y[m]
            self.w[m] -= e * c * k
            self.p[m] -= c * np.outer(k, k)


def spent(clock: Callable[[], float], learner: object, x: np.ndarray, y: np.ndarray) -> float:
    """Seconds of the shortest update."""
    best = np.inf
    for one, two in zip(x, y, strict=True):
        start = clock()
        learner.update(one, two)
        best = min(best, clock() - start)
    return best


def compare(n: int, own: int, common: int, runs: int, threads: int) -> None:
    rng, others = np.random.default_rng(1), own == n - 1
    n_cells = n if others else 4 * own + common
    shared = np.arange(n_cells - common, n_cells)
    if others:
        cells, but = [np.arange(n)] * n, np.arange(n)
    else:
        cells = [np.sort(rng.choice(4 * own, own, replace=False)) for _ in range(n)]
        but = np.full(n, -1)
    heard = [np.append(one[one != m], shared) for one, m in zip(cells, but, strict=True)]
    first = [np.zeros(one.size) for one in cells]
    plain = Plain(heard)
    options = {"n_cells": n_cells, "ridge": RIDGE, "common": shared, "but": but}
    ours = {
        "float64": RecursiveLeastSquares(cells, first, **options),
        "float32": RecursiveLeastSquares(cells, first, precision="float32", **options),
        "threads": RecursiveLeastSquares(cells, first, threads=threads, **options),
    }
    steps = max(2, 2000 // n)
    best = dict.fromkeys(("plain", *ours), np.inf)
    for _ in range(runs):
        x, y = rng.random((steps, n_cells)), rng.standard_normal((steps, n))
        for name, learner in {"plain": plain, **ours}.items():
            clock = time.perf_counter if name == "threads" else time.process_time
            best[name] = min(best[name], spent(clock, learner, x, y))
    for name, tolerance in (("float64", 1e-9), ("float32", 1e-3)):
        found = ours[name].matrix()
        worst = max(np.abs(found[m, heard[m]] - plain.w[m]).max() for m in range(n))
        if not worst < tolerance:
            raise SystemExit(f"weights of {name} differ from the plain loop's by {worst:g}")
    ratio = {name: best["plain"] / best[name] for name in ("float64", "float32")}
    sets = [n] if others else [own] * n
    size = {one: memory(sets, common, one) / 2**20 for one in ratio}
    print(
        f"{n}\t{own}\t{common}\t{UPDATES * best['plain']:.3g}\t{UPDATES * best['float64']:.3g}\t"
        f"{UPDATES * best['float32']:.3g}\t{UPDATES * best['threads']:.3g}\t"
        f"{1e6 * best['float64'] / n:.2f}\t{ratio['float64']:.1f}\t{ratio['float32']:.1f}\t"
        f"{sum(one.nbytes for one in plain.p) / 2**20:.0f}\t{size['float64']:.0f}\t"
        f"{size['float32']:.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    print(
        f"processor s of a loop of {UPDATES} updates; wall s on {chosen.threads} threads\n"
        "units\town\tcommon\tplain\tfloat64\tfloat32\twall\tus a unit\tratio\tfloat32\t"
        "MiB plain\tfloat64\tfloat32"
    )
    with threadpool_limits(1):
        for case in CASES:
            compare(*case, chosen.runs, chosen.threads)


if __name__ == "__main__":
    main()
