"""Rules, sets, vectors and further rules of a network's projections: what the program is told."""

import numpy as np
import pytest
from small_network import MODEL, QUARTET, declared, small

from spikedrift.core.errors import InputError
from spikedrift.networks import engine
from spikedrift.networks.models.pattern_network import PROJECTIONS
from spikedrift.networks.simulate import simulate
from spikedrift.plasticity import registry


def told(changes):
    return engine.variables(declared(changes))


def test_a_set_its_overrides_and_the_rate():
    values = told(
        {
            "plasticity.recurrent.rule": "triplet_stdp",
            "plasticity.recurrent.set": "visual_cortex_minimal",
            "plasticity.recurrent.parameters.tau_y": 0.2,
            "plasticity.recurrent.eta": 0.5,
        }
    )
    assert values["recurrent.A3_plus"] == 6.5e-3 and values["recurrent.A2_plus"] == 0
    assert values["recurrent.tau_y"] == 0.2 and values["recurrent.eta"] == 0.5
    assert values["afferent.tau_plus"] == registry.declared("pair_stdp").values()["tau_plus"]


def test_everything_numeric_is_set_at_run_time():
    """Another value needs no other program; another rule does."""
    plain = engine.structure(declared({}))
    for changes, same in (
        ({"plasticity.afferent.parameters.ratio": 2.0, "plasticity.afferent.eta": 0.1}, True),
        ({"plasticity.afferent.noise": 0.1, "plasticity.inhibitory.settle_eta": 0.0}, True),
        ({"plasticity.afferent.rule": "triplet_stdp"}, False),
        ({"plasticity.ei.rule": "six_parameter"}, False),
    ):
        changed = engine.structure(declared(changes))
        assert (changed == plain) == same


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"recurrent.set": "visual_cortex"}, "plasticity.recurrent: pair_stdp: unknown parameter"),
        ({"recurrent.parameters.tau": 1.0}, "plasticity.recurrent: unknown parameter 'tau'"),
        ({"recurrent.parameters.eta": 1.0}, "eta is the projection's key eta"),
        ({"recurrent.parameters": [1.0, 2.0]}, "2 numbers given"),
        ({"ii.set": "x"}, "plasticity.ii: a set or a vector of parameters without a rule"),
        ({"recurrent.also": ["pair_stdp"]}, "recurrent.*cannot act on one projection"),
        ({"recurrent.also": ["triplet_stdp"]}, "recurrent.*cannot act on one projection: both"),
    ],
)
def test_what_does_not_fit_is_one_line(changes, match):
    with pytest.raises(InputError, match=match):
        told({f"plasticity.{key}": value for key, value in changes.items()})


@pytest.mark.compiles
def test_four_rules_act_at_once(tmp_path):
    changes = {"plasticity.six_parameter": QUARTET} | {
        f"plasticity.{name}.eta": 1e-3 for name in ("recurrent", "ei", "inhibitory", "ii")
    }
    traces = simulate(
        MODEL,
        small(),
        changes,
        recording="small-0.patterns",
        seed=1,
        instance=0,
        build_dir=tmp_path / "programs",
        scratch_dir=tmp_path / "scratch",
    ).traces
    assert list(traces["projection"].values) == list(PROJECTIONS)
    for name in ("recurrent", "ei", "inhibitory", "ii"):
        weights = traces[f"{name}_weight"].values
        naive = traces["phase"].values.tolist().index("naive")
        assert (weights[naive] == weights[naive + 1]).all(), f"{name} moved with plasticity off"
        assert (weights[-1] != weights[naive]).any(), f"{name} did not learn"
        assert np.isfinite(weights).all()


@pytest.mark.compiles
def test_only_what_rules_ask_of_the_cells_is_set():
    def asked(rule, *also):
        return declared({"plasticity.recurrent.rule": rule, "plasticity.recurrent.also": also})

    for rule, potential in (("global_inhibitory", False), ("mlp", True)):
        values = engine.variables(asked(rule))
        assert ("E.spike_peak" in values) == potential and "I.spike_peak" not in values
    assert engine.variables(asked("global_inhibitory"))["E.recurrent_tau_H"] == 10.0

    network = asked("bcm", "short_term", "synaptic_scaling")
    (train,) = (phase for phase in network.protocol.phases if phase.kind == "train")
    moving = engine.rates(network, train)
    assert set(moving) == {
        *(f"{name}.eta" for name in ("afferent", "recurrent", "inhibitory")),
        *(f"{name}.noise" for name in ("afferent", "recurrent")),
        "recurrent.scaling",
    }
