"""A batch of networks in one program is the networks themselves."""

import numpy as np
import pytest
from small_network import CUED, MODEL, small

from spikedrift.core.errors import InputError
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import batches, simulate, simulate_batch
from spikedrift.simulation import gpu

RUNS = [
    NetworkRun("a.patterns", {"plasticity.afferent.noise": 0.03, "cells.rest": -0.061}, 1, 0),
    NetworkRun(
        "b.patterns", {"plasticity.afferent.eta": 0.05, "cells.tau_membrane": 0.018,
                       "plasticity.recurrent.eta": 0.05, "patterns.rate": 12.0}, 2, 0,
    ),
    NetworkRun("c.patterns", {"plasticity.inhibitory.eta": 0.0, "wiring.p_ee": 0.1}, 1, 1),
]  # fmt: skip
# Rules with variables in the cell, delays of their own, noise at spikes and of weights, short-term
# plasticity. (Those of pairs and of inhibition: `test_declared.py`.) All share two programs.
RULES = {
    "plasticity.afferent.rule": "calcium",
    "plasticity.recurrent.rule": "clopath",
    "plasticity.recurrent.also": ["short_term", "synaptic_scaling"],
    "plasticity.inhibitory.rule": "global_inhibitory",
    "plasticity.ei.rule": "triplet_stdp",
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("batches")
    return {"build_dir": folder / "programs", "scratch_dir": folder / "scratch"}


@pytest.mark.compiles
def test_a_copy_in_a_batch_is_the_network_alone_bit_by_bit(places):
    options = small(**RULES, phases=CUED)
    batch = simulate_batch(MODEL, options, RUNS, together=True, **places)
    for run, copy in zip(RUNS, batch, strict=True):
        alone = simulate(
            MODEL,
            options,
            run.parameters,
            recording=run.recording,
            seed=run.seed,
            instance=run.instance,
            **places,
        )
        assert alone.trials.sizes["spike"] > 100 and alone.trials.attrs["backend"] == "cpp"
        assert copy.trials.identical(alone.trials)
        assert copy.traces.identical(alone.traces)
        recurrent = copy.traces["recurrent_weight"].values
        assert recurrent[10].any() and not recurrent[11:].any(), "cut where a phase says so"


@pytest.mark.compiles
def test_threads_change_no_bit(places):
    short = {
        "patterns.gap": 0.05,
        "patterns.duration": 0.05,
        "phases": [{"kind": "train", "repeats": 1}, {"kind": "block", "repeats": 1}],
        "plasticity.afferent.eta": 0.05,
    }
    one, two = (
        simulate(
            MODEL, small(**short, **{"simulation.threads": threads}),
            {}, recording="t.patterns", seed=1, instance=0, **places,
        )
        for threads in (1, 2)
    )  # fmt: skip
    assert one.trials.sizes["spike"] > 20
    np.testing.assert_array_equal(one.trials["spike_time"], two.trials["spike_time"])
    for name in ("afferent_weight", "recurrent_weight", "mean_weight"):
        np.testing.assert_array_equal(one.traces[name], two.traces[name])


@pytest.mark.compiles
def test_one_that_diverges_leaves_the_others_as_they_are(places):
    bad = {"cells.tau_excitatory": 1e-5, "wiring.w_ee": 1e6, "plasticity.recurrent.w_max": 1e6}
    options, runs = small(**RULES), [RUNS[0], NetworkRun("bad.patterns", bad, 1, 0), RUNS[2]]
    expected = simulate_batch(MODEL, options, RUNS, **places)
    for together in (True, False):
        first, error, last = simulate_batch(MODEL, options, runs, together=together, **places)
        assert isinstance(error, RuntimeError) and "bad.patterns: the simul" in str(error)
        assert first.trials.identical(expected[0].trials)
        assert last.traces.identical(expected[2].traces)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"cells.n_excitatory": 21}, r"populations\.E\.size"),
        ({"plasticity.recurrent.rule": "triplet_stdp"}, r"projections\.recurrent\.rules"),
        ({"wiring.delay": 0.002}, r"projections\.recurrent\.delay"),
        ({"simulation.dt": 0.0001}, "dt"),
        ({"phases.0.duration": 3.0}, "times of phases or traces"),
        (
            {"phases.5": {"kind": "pause", "repeats": 1, "lesion": ["recurrent"]}},
            "times of phases or traces",
        ),
        ({"recording.trace_interval": 2.0}, "times of phases or traces"),
    ],
)
def test_a_run_that_does_not_fit_is_named(changes, what, tmp_path):
    runs = [RUNS[0], NetworkRun("odd.patterns", changes, 1, 0)]
    with pytest.raises(InputError, match=rf"odd\.patterns: differs from a\.patterns in {what}"):
        simulate_batch(MODEL, small(), runs, build_dir=tmp_path, scratch_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_fits_is_one_batch_on_a_gpu_and_one_run_each_on_cores(monkeypatch):
    changes = {"a": {"wiring.p_ee": 0.1}, "longer": {"phases.0.duration": 3.0}, "b": {},
               "other rule": {"plasticity.recurrent.rule": "triplet_stdp"}}  # fmt: skip
    runs = [
        NetworkRun(f"{name}.patterns", one, seed, 0)
        for seed in (1, 2)
        for name, one in changes.items()
    ]

    def named(backend):
        found = batches(MODEL, small(**{"simulation.backend": backend}), runs)
        assert sorted(run for batch in found for run in batch) == sorted(runs)
        return [[run.recording.removesuffix(".patterns") for run in batch] for batch in found]

    alone = [[name] for name in [*changes] * 2]
    assert named("cpp") == alone
    assert sorted(named("auto")) == sorted(alone), "too few cells for a GPU"
    monkeypatch.setattr(gpu, "resolve", lambda simulation, **_: simulation)
    assert named("cuda") == [["a", "b", "a", "b"], ["longer"] * 2, ["other rule"] * 2]


@pytest.mark.compiles
def test_wiring_and_weights_are_drawn_as_configured(places):
    """Every copy has its own probability; weights are 0.5 to 1.5 times their mean."""
    options = small(**RULES, **{"recording.n_synapses": 10**6})
    runs = [NetworkRun(f"p{p}", {"wiring.p_ee": p}, 1, 0) for p in (0.1, 0.4, 1.0)]
    pairs, n = [], 20 * 19
    for run, copy in zip(
        runs, simulate_batch(MODEL, options, runs, together=True, **places), strict=True
    ):
        p = run.parameters["wiring.p_ee"]
        pre, post = copy.traces["recurrent_pre"].values, copy.traces["recurrent_post"].values
        assert (pre != post).all() and max(pre.max(), post.max()) < 20
        assert abs(pre.size - n * p) <= 4 * np.sqrt(n * p * (1 - p))
        pairs.append(set(zip(pre, post, strict=True)))
        first = copy.traces["recurrent_weight"].values[0] / 0.03
        assert first.min() >= 0.5 and first.max() < 1.5 and abs(first.mean() - 1) < 0.2
    assert pairs[0] < pairs[1] < pairs[2], "a smaller probability keeps some of the same synapses"
