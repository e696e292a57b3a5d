"""The pattern network as it is declared: its options, the rates of its phases, what cannot be."""

import pytest
from small_network import QUARTET, declared

from spikedrift.config.overrides import override
from spikedrift.config.phases import Phase
from spikedrift.core.errors import InputError
from spikedrift.networks import catalog, engine
from spikedrift.networks.models.pattern_network import PatternNetwork, declare


def rates(options, phase):
    """Learning rates that act in a phase of that kind."""
    network = declare(options.model_copy(update={"phases": (phase,)}))
    return engine.rates(network, network.protocol.phases[0])


def test_networks_are_listed_and_the_nearest_named():
    assert {"pattern_network", "vogels_2011", "spike_tables"} <= set(catalog.names())
    assert catalog.get("pattern_network").options is PatternNetwork
    with pytest.raises(InputError, match="did you mean 'pattern_network'"):
        catalog.get("patern_network")


def test_24_numbers_make_four_rules():
    network = declared({"plasticity.six_parameter": QUARTET})
    rules = {one.name: [*one.plasticity] for one in network.projections}
    assert rules["afferent"] == ["pair_stdp", "weight_noise"]
    assert [rules[name][0] for name in ("recurrent", "ei", "inhibitory", "ii")] == (
        ["six_parameter"] * 4
    )
    values = engine.variables(network)
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
    block = rates(options, Phase(kind="block", repeats=1))
    assert (block["afferent.eta"], block["afferent.noise"], block["ii.eta"]) == (0.3, 0.1, 2.0)
    assert block["inhibitory.eta"] == 0
    settle = rates(options, Phase(kind="settle", duration=1))
    assert settle.pop("inhibitory.eta") == 0.002
    assert not any(settle.values())
    off = rates(options, Phase(kind="naive", repeats=1, plasticity=False))
    assert not any(off.values())


def test_turnover_may_act_alone():
    options = override(
        PatternNetwork(),
        {"plasticity.afferent.eta": 0.3, "plasticity.afferent.noise": 0.1},
        "test",
    )
    for phase, eta, noise, inhibitory in (
        (Phase(kind="pause", duration=1, plasticity=False, turnover=True), 0, 0.1, 0),
        (Phase(kind="pause", duration=1, turnover=False), 0.3, 0, 0.002),
        (Phase(kind="settle", duration=1, turnover=True), 0, 0, 0.002),
    ):
        found = rates(options, phase)
        assert found["afferent.eta"] == eta and found["afferent.noise"] == noise
        assert found["inhibitory.eta"] == inhibitory


def test_noise_of_any_kind_is_turnover():
    """Beside another rule and by itself, on any projection; normalization is plasticity."""
    options = override(
        PatternNetwork(),
        {"plasticity.afferent.eta": 0.3,
         "plasticity.afferent.also": ["weight_noise_lognormal", "subtractive_normalization"],
         "plasticity.recurrent.rule": "weight_noise_bounded", "plasticity.recurrent.eta": 0.2,
         "plasticity.ei.also": ["weight_noise_multiplicative"]},
        "test",
    )  # fmt: skip
    alone = rates(options, Phase(kind="pause", duration=1, plasticity=False, turnover=True))
    assert {name: value for name, value in alone.items() if value} == {
        "afferent.log_sd": 0.3, "recurrent.bounded_noise": 0.2, "ei.relative_noise": 0.03
    }  # fmt: skip
    held = rates(options, Phase(kind="pause", duration=1, turnover=False))
    assert held["afferent.eta"] == 0.3 and held["afferent.normalization"] == 1
    assert not any(held[name] for name in alone if alone[name])
    settle = rates(options, Phase(kind="settle", duration=1, turnover=True))
    assert not any(settle[name] for name in alone if alone[name])


def test_what_is_left_out_where_it_is_not_given_changes_no_name_and_can_be_set():
    """Ids of points are those of the options as JSON."""
    plain = PatternNetwork().model_dump(mode="json")
    assert "excitability" not in plain
    others = {"cue", "lesion", "excitability", "others", "until"}
    assert not any(others & phase.keys() for phase in plain["phases"])
    found = override(
        PatternNetwork(),
        {
            "excitability": {"sd": 0.001, "tau": 50.0},
            "phases.1.excitability": False,
            "phases.2.others": {"share": 0.5},
            "phases.3.until": {"moves": 0.02},
        },
        "a.yaml",
    )
    assert override(found, {"excitability": None, **dict.fromkeys(
        ("phases.2.others", "phases.3.until")), "phases.1.excitability": True}, "a.yaml"
    ) == PatternNetwork()  # fmt: skip
    assert override(found, {"phases.2.others.share": 0.25}, "a.yaml").phases[2].others.share == 0.25


def test_excitability_acts_in_all_phases_but_those_that_say_no():
    network = declared(
        {"excitability": {"sd": 0.0015, "tau": 50.0}, "phases.1.excitability": False}
    )
    cells = {one.name: one for one in network.populations}
    assert cells["E"].cell == "excitable_conductance_lif" and cells["I"].cell == "conductance_lif"
    assert cells["E"].parameters["tau_excitability"] == 50.0
    acts = [phase.set["E.excitability"] for phase in network.protocol.phases]
    assert acts == [0.0015, 0.0, *[0.0015] * 6]
    assert not any("E.excitability" in phase.set for phase in declared({}).protocol.phases)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"patterns.duration": 1e-4}, r"patterns\.duration: 0\.0001 s is shorter than a time step"),
        ({"simulation.dt": 5e-4, "phases.2.duration": 3e-4}, r"phases\[2\]\.duration: 0\.0003 s"),
        ({"phases.0.duration": 1e6}, r"phases: 1e\+06 s are more than 2147483648 time steps"),
        ({"patterns.gap_jitter": 0.3}, r"gap_jitter: 0\.3 s is longer than the gap \(0\.25 s\)"),
        ({"recording.tail": 0.3}, r"recording\.tail: 0\.3 s is longer than the shortest gap"),
        ({"cells.threshold": -0.06}, r"threshold: -0\.06 V is not above rest"),
        ({"patterns.rate": -1}, r"patterns\.rate: .*greater than or equal to 0; got -1"),
        ({"phases.0.state_rate": -1}, r"phases\[0\]\.state_rate: .*or equal to 0; got -1"),
        ({"patterns.deletion": 1.1}, r"patterns\.deletion: .*less than or equal to 1; got 1\.1"),
        ({"patterns.participation": 0}, r"patterns\.participation: .*greater than 0; got 0"),
        ({"patterns.scrambeld": True}, r"unknown option.*did you mean 'scrambled'"),
        ({"cells.synapses": "currents"}, r"cells\.synapses: .*'conductance' or 'current'"),
        ({"excitability": {"sd": 0.001}}, r"excitability\.tau: this key is missing"),
        ({"excitability": {"sd": 0.003, "tau": 9.0}}, r"excitability\.sd: four times 0\.003 V"),
        ({"phases.1.excitability": False}, r"phases\[1\]\.excitability: the network has none"),
        ({"phases.1.others": {}}, r"phase naive: others: shown in a phase of kind pause"),
        ({"phases.2.others": {"share": 0}}, r"phases\[2\]\.others\.share: .*than 0; got 0"),
        ({"phases.2.others": {"showings": 0}}, r"phases\[2\]\.others\.showings: .*than 0; got 0"),
        ({"phases.2.others": {}, "phases.2.duration": 0.3}, r"phases\[2\]\.others: the pause"),
    ],
)
def test_what_cannot_be_is_one_line(changes, match):
    with pytest.raises(InputError, match=match) as told:
        override(PatternNetwork(), changes, "a.yaml")
    assert "\n" not in str(told.value) and str(told.value).startswith("a.yaml: ")
