"""Rules, sets, vectors and further rules of a network's projections: what the program is told."""

import numpy as np
import pytest
from tests.unit.networks.test_pattern_network import SMALL

from spikedrift.config.networks import PatternNetwork, Phase
from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks import pattern_model
from spikedrift.networks.pattern_network import simulate
from spikedrift.plasticity import registry

QUARTET = [
    value
    for name in ("stable_ee", "stable_ei", "stable_ie", "stable_ii")
    for value in registry.declared("six_parameter").sets[name].values.values()
]


def told(changes):
    return pattern_model.parameters(override(PatternNetwork(), changes, "test"))


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
    plain = pattern_model.structure(PatternNetwork())
    for changes, same in (
        ({"plasticity.afferent.parameters.ratio": 2.0, "plasticity.afferent.eta": 0.1}, True),
        ({"plasticity.afferent.noise": 0.1, "plasticity.inhibitory.settle_eta": 0.0}, True),
        ({"plasticity.afferent.rule": "triplet_stdp"}, False),
        ({"plasticity.ei.rule": "six_parameter"}, False),
    ):
        changed = pattern_model.structure(override(PatternNetwork(), changes, "test"))
        assert (changed == plain) == same


def test_24_numbers_make_four_rules():
    options = override(PatternNetwork(), {"plasticity.six_parameter": QUARTET}, "test")
    rules = pattern_model.structure(options)["rules"]
    assert rules["afferent"] == ["pair_stdp", "weight_noise"]
    assert [rules[name][0] for name in ("recurrent", "ei", "inhibitory", "ii")] == (
        ["six_parameter"] * 4
    )
    values = pattern_model.parameters(options)
    assert values["recurrent.gamma"] == -1.6208415 and values["ei.alpha"] == 0.34621623
    assert values["inhibitory.kappa"] == 1.05131209 and values["ii.tau_y"] == 0.08193711
    with pytest.raises(InputError, match=r"plasticity\.six_parameter"):
        override(PatternNetwork(), {"plasticity.six_parameter": QUARTET[:23]}, "test")


def test_rates_of_the_phases():
    options = override(
        PatternNetwork(),
        {"plasticity.afferent.eta": 0.3, "plasticity.afferent.noise": 0.1, "plasticity.ii.eta": 2.0,
         "plasticity.ii.rule": "inhibitory", "plasticity.inhibitory.eta": 0.0},
        "test",
    )  # fmt: skip
    block = pattern_model.rates(options, Phase(kind="block", repeats=1))
    assert (block["afferent.eta"], block["afferent.noise"], block["ii.eta"]) == (0.3, 0.1, 2.0)
    assert block["inhibitory.eta"] == 0
    settle = pattern_model.rates(options, Phase(kind="settle", duration=1))
    assert settle.pop("inhibitory.eta") == 0.002
    assert not any(settle.values())
    off = pattern_model.rates(options, Phase(kind="naive", repeats=1, plasticity=False))
    assert not any(off.values())


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"recurrent.set": "visual_cortex"}, "plasticity.recurrent: pair_stdp: unknown parameter"),
        ({"recurrent.parameters.tau": 1.0}, "plasticity.recurrent: unknown parameter 'tau'"),
        ({"recurrent.parameters.eta": 1.0}, "eta is the projection's key eta"),
        ({"recurrent.parameters": [1.0, 2.0]}, "2 numbers given"),
        ({"ii.set": "x"}, "plasticity.ii: a set or a vector of parameters without a rule"),
        ({"recurrent.also": ["pair_stdp"]}, "recurrent.*cannot act on one projection"),
    ],
)
def test_what_does_not_fit_is_one_line(changes, match):
    with pytest.raises(InputError, match=match):
        told({f"plasticity.{key}": value for key, value in changes.items()})


@pytest.mark.compiles
def test_four_rules_act_at_once(tmp_path):
    options = override(PatternNetwork(), SMALL, "small")
    changes = {"plasticity.six_parameter": QUARTET} | {
        f"plasticity.{name}.eta": 1e-3 for name in ("recurrent", "ei", "inhibitory", "ii")
    }
    traces = simulate(
        options,
        changes,
        recording="small-0.patterns",
        seed=1,
        instance=0,
        build_dir=tmp_path / "programs",
        scratch_dir=tmp_path / "scratch",
    ).traces
    assert list(traces["projection"].values) == list(pattern_model.PROJECTIONS)
    for name in ("recurrent", "ei", "inhibitory", "ii"):
        weights = traces[f"{name}_weight"].values
        naive = traces["phase"].values.tolist().index("naive")
        assert (weights[naive] == weights[naive + 1]).all(), f"{name} moved with plasticity off"
        assert (weights[-1] != weights[naive]).any(), f"{name} did not learn"
        assert np.isfinite(weights).all()
