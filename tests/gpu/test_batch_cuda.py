"""A batch on CUDA: it compiles, and on a GPU it is statistically that of C++."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_network
from small_network import MODEL
from tests.gpu.test_cuda import NO_GPU
from tiny_network import changed

from spikedrift.config.overrides import override
from spikedrift.config.simulation import Simulation
from spikedrift.networks import catalog
from spikedrift.networks.models.pattern_network import PatternNetwork
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import program, record_batch, simulate_batch

SESSION = {
    "plasticity.afferent.eta": 0.02,
    "plasticity.afferent.noise": 0.01,
    "phases": [{"kind": "settle", "duration": 5.0}, {"kind": "train", "repeats": 10},
               {"kind": "block", "repeats": 10}],
    "recording.trace_interval": 1.0,
    "recording.n_synapses": 10**6,
}  # fmt: skip


DRAWING = ("curand_uniform", "curand_normal", "curand_poisson")
SIMULATED = [name for name in catalog.names() if catalog.get(name).integrate is None]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Folder with the CUDA code of every network, each a batch of two."""
    folder = tmp_path_factory.mktemp("generated")
    command = [sys.executable, Path(__file__).with_name("networks_on_cuda.py"), folder]
    done = subprocess.run([*command, *SIMULATED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return folder


def kernels(project):
    return "".join(path.read_text() for path in (project / "code_objects").glob("*.cu"))


@pytest.mark.parametrize("name", SIMULATED)
def test_code_of_every_network_generates(generated, name):
    model, code = catalog.get(name), kernels(generated / name)
    for one in model.declare(model.options()).populations:
        assert f"kernel_{one.name}_spike" in code, f"{one.name} is nowhere in the code"
    assert not any(word in code for word in DRAWING), "all draws are counted"


def test_the_session_reads_before_it_draws_and_fetches_what_it_saves(generated):
    source = (generated / "pattern_network" / "main.cu").read_text()
    # The session is read before anything is drawn, ends are written before they are forgotten,
    # and weights are fetched from the GPU.
    order = [
        source.index(text)
        for text in (
            "session.prepare()",
            "_run_E_group_variable_set_conditional_codeobject();",
            'session.write("inhibitory.pre"',
            "dev_dynamic_array_ei__synaptic_pre.clear()",
            "network.run(0.0",
            "= brian::dev_dynamic_array_afferent_w;",
            "session.run(brian::network)",
        )
    ]
    assert order == sorted(order)
    assert "= brian::_dynamic_array_afferents__timebins;" in source
    # Of the spikes that are counted for a limit the new ones are fetched, from the GPU too.
    watched = source[source.index('session.watched["E"]') :].partition("\n")[0]
    assert "brian::dev_dynamic_array_E_spikes_i" in watched and "thrust::copy(" in watched
    code = kernels(generated / "pattern_network")
    assert "__host__ __device__\n    static inline double _stream_uniform" in code


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc not on PATH")
def test_a_batch_with_drives_degrees_and_delays_compiles_without_a_gpu(tmp_path, monkeypatch):
    """With rules of several kinds: of pairs, of triplets, and one for inhibition.

    Not optimized: it does not run here.
    """
    monkeypatch.setenv("NVCC_APPEND_FLAGS", "-Xcompiler -O0 -Xcicc -O0 -Xptxas -O0")
    simulation = Simulation(backend="cuda", architecture=9.0)
    network = changed("projections", "in_clusters", plasticity={"triplet_stdp": {"eta": 1.0}})
    # Those left out are wired by code that the others have too, and have their rule.
    left_out = ("from_source", "on_ring", "on_torus")
    network = replace(
        network,
        projections=tuple(one for one in network.projections if one.name not in left_out),
    )
    built = program(network, simulation, tmp_path, 2)
    main = built.directory / "main"
    holds = main.read_bytes()
    assert os.access(main, os.X_OK) and b"sm_90" in holds
    for one in network.projections:
        assert f"kernel_{one.name}_post_codeobject".encode() in holds, one.name
    code = kernels(built.directory)
    assert "__host__ __device__\n    static inline double _stream_arrivals" in code
    assert not any(word in code for word in DRAWING), "all draws are counted"


def spread(values):
    """Mean and standard error over seeds."""
    values = np.asarray(values)
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def irregularity(simulated):
    """CV of inter-spike intervals within trials, over E cells."""
    data = simulated.trials
    ends = np.cumsum(data["spike_count"].values.ravel())
    gaps = np.diff(data["spike_time"].values)
    within = np.ones(gaps.size, dtype=bool)
    within[ends[(ends > 0) & (ends < gaps.size + 1)] - 1] = False
    return gaps[within].std() / gaps[within].mean()


@pytest.mark.skipif(NO_GPU, reason="no GPU")
def test_a_batch_on_a_gpu_agrees_with_cpp(tmp_path):
    runs = [NetworkRun(f"seed-{seed}", {}, seed, 0) for seed in range(20)]
    cpp, cuda = (
        simulate_batch(
            MODEL, override(PatternNetwork(), {**SESSION, "simulation.backend": backend}, "x"),
            runs, build_dir=tmp_path / "programs", scratch_dir=tmp_path / "scratch",
        )
        for backend in ("cpp", "cuda")
    )  # fmt: skip
    assert {one.traces.attrs["backend"] for one in cuda} == {"cuda"}
    for one, other in zip(cpp, cuda, strict=True):
        for name in ("afferent", "recurrent", "inhibitory"):
            for end in ("pre", "post"):
                np.testing.assert_array_equal(
                    one.traces[f"{name}_{end}"], other.traces[f"{name}_{end}"]
                )
            np.testing.assert_allclose(
                one.traces[f"{name}_weight"][0], other.traces[f"{name}_weight"][0], rtol=1e-6
            )
        assert (one.trials["start_time"] == other.trials["start_time"]).all()
    for measure in (
        lambda one: one.traces["rate"].values.mean(axis=1),  # E and I
        irregularity,
        lambda one: one.traces["mean_weight"].values[:, -1],
        lambda one: one.traces["sd_weight"].values[:, -1],
    ):
        (a, error_a), (b, error_b) = (spread([measure(one) for one in batch])
                                      for batch in (cpp, cuda))  # fmt: skip
        assert (np.abs(a - b) <= 4 * np.hypot(error_a, error_b) + 1e-9).all(), (a, b)


@pytest.mark.skipif(NO_GPU, reason="no GPU")
def test_what_is_only_drawn_is_the_same_on_a_gpu(tmp_path):
    """Wiring, first weights, delays (of R) and drives (of C) have no sums that rounding changes."""
    runs = [NetworkRun("a.tiny", {}, 1, 0), NetworkRun("b.tiny", {"degree": 9}, 2, 1)]
    on_cpp, on_cuda = (
        record_batch(
            tiny_network.MODEL,
            tiny_network.TinyOptions(simulation=Simulation(backend=backend)),
            runs,
            build_dir=tmp_path / "programs",
            scratch_dir=tmp_path / "scratch",
        )
        for backend in ("cpp", "cuda")
    )
    for (plan, one, _), (_, other, backend) in zip(on_cpp, on_cuda, strict=True):
        assert backend == "cuda"
        for name in tiny_network.ENDS:
            np.testing.assert_array_equal(one.ends[name], other.ends[name])
            np.testing.assert_allclose(one.weights[name][0], other.weights[name][0], rtol=1e-6)
        for population in "RC":
            told = tiny_network.spikes_of(plan, one, population)
            assert told == tiny_network.spikes_of(plan, other, population) and len(told) > 50
