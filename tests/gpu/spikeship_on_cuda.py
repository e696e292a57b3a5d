"""SpikeShip by numba.cuda, in a process of its own: `spikeship_on_cuda.py simulate|compile|run`.

`simulate` needs NUMBA_ENABLE_CUDASIM=1 and compares with the CPU, as `run` does on a GPU; `compile`
needs CUDA's libraries only and prints the targets of the code.
"""

import sys
from types import SimpleNamespace

import numpy as np

from spikedrift.similarity.spikeship import spikeship_pairs


def recording(n_trials: int, n_units: int, mean: float, seed: int):
    """Ragged trials; silent units, a silent trial, trains of very different lengths."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(rng.gamma(0.7, mean, n_units), (n_trials, n_units))
    count[1] = 0
    times = np.concatenate([np.sort(rng.random(n)) for n in count.ravel()])
    return times, np.append(0, np.cumsum(count)), n_trials, n_units


def compare(n_trials: int, n_units: int, mean: float) -> None:
    data = recording(n_trials, n_units, mean, seed=4)
    observed = np.random.default_rng(0).random((n_trials, n_units)) < 0.9
    first, second = (index.ravel() for index in np.indices((n_trials, n_trials)))
    exact, n_shared = spikeship_pairs(*data, observed, first, second)
    assert np.isnan(exact).any() and np.isfinite(exact).sum() > n_trials
    value, shared = spikeship_pairs(*data, observed, first, second, device="cuda")
    np.testing.assert_array_equal(shared, n_shared)
    np.testing.assert_allclose(value, exact, rtol=1e-12, atol=1e-15)
    single, _ = spikeship_pairs(*data, observed, first, second, device="cuda", precision="float32")
    known = np.isfinite(exact)
    np.testing.assert_array_equal(np.isfinite(single), known)
    n = n_shared[known & (first != second)]
    off = abs(single - exact)[known & (first != second)]
    assert (off <= 0.7 * n / (n - 1) * 6 * 2.0**-24).all()
    again, _ = spikeship_pairs(*data, observed, first, second, device="cuda")
    assert again.tobytes() == value.tobytes()


mode = sys.argv[1]
if mode == "simulate":
    compare(3, 70, 2.0)  # more units than a block has threads
elif mode == "run":
    compare(60, 300, 2.0)
    compare(40, 20, 40.0)
else:
    from numba import cuda, types
    from numba.cuda import dispatcher

    from spikedrift.similarity.cuda import _kernel

    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=(9, 0))
    whole, index, number = types.int64[::1], types.int32[::1], types.float64[::1]
    for time in (types.float64, types.float32):
        code, _ = cuda.compile_ptx(
            _kernel.py_func,
            (time[::1], whole, types.int32[:, ::1], index, whole, whole, whole, types.int64,
             number, whole),
            cc=(9, 0),
        )  # fmt: skip
        print(*(line for line in code.splitlines() if line.startswith((".target", ".visible"))))
