"""What the rate and timing indices see in recordings whose drift is known.

    python benchmarks/ground_truth.py [--seeds 20] [--processes 2] [--cases NAME ...]

prints a markdown table for docs/methods.md. Rejections are at 5 % by the exchange tests. Each
seed draws a new recording and seeds the surrogates.
"""

import argparse
import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

# Each process works alone on its recordings; threads inside would only fight over the cores.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from spikedrift.config.drift import IndexOptions, StateOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.anchored import Anchored
from spikedrift.drift.rate_index import rate_index
from spikedrift.drift.timing_index import timing_index
from spikedrift.sources.synthetic import record
from spikedrift.state import match_state

BASE = SyntheticOptions(segments=6, repeats=6, units=60)
LONG = BASE.model_copy(update={"segments": 5, "repeats": 28})
STEADY = BASE.model_copy(update={"segments": 4, "repeats": 14})
INDEX = IndexOptions(surrogates=99, gate_surrogates=99, thinnings=5, max_pairs=600)
LEVEL = 0.05


@dataclass(frozen=True)
class Case:
    """A recording with a known truth; `matched` analyzes trials matched by behavior state."""

    options: SyntheticOptions
    matched: bool = False


def _case(base: SyntheticOptions = BASE, matched: bool = False, **knobs: float) -> Case:
    return Case(base.model_validate({**base.model_dump(), **knobs}), matched)


# Block 1 mostly at rest, block 2 mostly active, with states in common to match.
BEHAVING = {
    "state_coefficient": 0.5,
    "state_level": -0.9,
    "state_shift": 1.8,
    "state_background": 1.75,
}
CASES = {
    "no drift": _case(),
    "rates redrawn": _case(rate_drift=1.0),
    "event times redrawn": _case(event_time_drift=1.0),
    "10 % of event times redrawn": _case(event_time_drift=0.1),
    "gain x1.5": _case(gain=1.5),
    "flat code": _case(flat_code=True),
    "flat code, rates redrawn": _case(flat_code=True, rate_drift=1.0),
    "event gains redrawn": _case(event_gain_drift=1.0),
    "additive background": _case(background=0.5),
    "additive background with state": _case(LONG, **BEHAVING),
    "additive background with state, matched": _case(LONG, matched=True, **BEHAVING),
    "half redrawn, background with state, matched": _case(
        LONG, matched=True, rate_drift=0.5, event_time_drift=0.5, **BEHAVING
    ),
    "state gain, no shift": _case(STEADY, state_gain=1.0),
    "state background, no shift": _case(STEADY, state_background=1.0),
    "bursts, no drift": _case(burstiness=0.3),
    "bursts, rates redrawn": _case(burstiness=0.3, rate_drift=1.0),
    "refractory 5 ms, no drift": _case(refractory_period=0.005),
    "10 % of units lost": _case(unit_loss=0.1),
}


@dataclass(frozen=True)
class Result:
    """Indices of one seed."""

    rate: Anchored
    timing: Anchored
    n_trials: int


def analyze(case: Case, seed: int) -> Result:
    """Draw one recording and compute both indices."""
    dataset = record(case.options, "truth.movie", seed)
    if case.matched:
        dataset = match_state(dataset, StateOptions())
    return Result(
        rate_index(dataset, INDEX, seed), timing_index(dataset, INDEX, seed), dataset.sizes["trial"]
    )


def _task(task: tuple[str, int]) -> Result:
    return analyze(CASES[task[0]], task[1])


def run(names: Iterable[str], seeds: int, processes: int) -> Iterator[tuple[str, list[Result]]]:
    """Analyze `seeds` recordings of each named case; yields each case when it is done."""
    names = list(names)
    tasks = [(name, seed) for name in names for seed in range(seeds)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        results = pool.map(_task, tasks)
        for name in names:
            yield name, [next(results) for _ in range(seeds)]


def rejections(results: list[Result], code: str) -> int:
    """Seeds in which the test of `code` rejects; a shut gate does not reject."""
    return sum(getattr(result, code).p_value <= LEVEL for result in results)


HEADER = """\
| truth | trials | rate rejects | timing rejects | timing gate open | rate index | timing index \
| timing index, raw | null of raw |
|---|---|---|---|---|---|---|---|---|"""


def row(name: str, results: list[Result]) -> str:
    """Row of the markdown table; means and standard deviations over seeds with an open gate."""

    def mean(values: list[float]) -> str:
        known = [value for value in values if np.isfinite(value)]
        return f"{np.mean(known):.3f} ± {np.std(known):.3f}" if known else "not printed"

    n = len(results)
    timing = [result.timing for result in results]
    cells = [
        name,
        f"{np.mean([result.n_trials for result in results]):.0f}",
        f"{rejections(results, 'rate')}/{n}",
        f"{rejections(results, 'timing')}/{n}",
        f"{sum(not one.shut for one in timing)}/{n}",
        mean([result.rate.index for result in results]),
        mean([one.index for one in timing]),
        mean([one.index_raw for one in timing]),
        mean([float(one.null.mean()) for one in timing if not one.shut]),
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    arguments = parser.parse_args()
    print(HEADER)
    for name, results in run(arguments.cases, arguments.seeds, arguments.processes):
        print(row(name, results), flush=True)


if __name__ == "__main__":
    main()
