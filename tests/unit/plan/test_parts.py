"""What the networks of a sweep are made of, before anything is simulated."""

import pytest
from planning import plan_for

from spikedrift.config.check import checked
from spikedrift.config.sweeps import Sweep
from spikedrift.core.errors import InputError
from spikedrift.plan.digests import network_modules
from spikedrift.plan.parts import parts_of

VARIANTS = [
    {"name": "plain"},
    {"name": "triplet", "set": {"plasticity.afferent.rule": "triplet_stdp"}},
    {"name": "currents", "set": {"cells.synapses": "current"}},
]


def sweep(**changes):
    return {"name": "s", "instances": 1, "variants": VARIANTS, **changes}


def test_parts_are_those_of_each_variant():
    found = parts_of(checked(Sweep, sweep(), "sweep"))
    assert set(found) == {"", "plain", "triplet", "currents"}
    assert found[""] == found["plain"]
    assert found["plain"].rules == ["inhibitory", "pair_stdp", "weight_noise"]
    assert found["triplet"].rules == ["inhibitory", "pair_stdp", "triplet_stdp", "weight_noise"]
    assert [found[name].cells for name in ("plain", "currents")] == [
        ["conductance_lif"], ["current_lif"],
    ]  # fmt: skip
    assert {parts.units for parts in found.values()} == {frozenset({"E"})}
    assert {parts.blocks for parts in found.values()} == {2}


def test_cells_and_rules_count_in_the_digest_of_a_variant():
    study = plan_for({"sweeps": [sweep()]}).study
    assert network_modules(study, "s", "currents") == [
        "spikedrift.networks.models.pattern_network",
        "spikedrift.plasticity.rules.inhibitory",
        "spikedrift.plasticity.rules.pair_stdp",
        "spikedrift.plasticity.rules.weight_noise",
        "spikedrift.cells.models.current_lif",
    ]


def test_an_axis_that_chooses_is_looked_at_value_by_value():
    axis = {"name": "x", "keys": ["cells.synapses"], "values": ["conductance", "current"]}
    found = parts_of(checked(Sweep, sweep(variants=VARIANTS[:1], axes=[axis]), "sweep"))
    assert found["plain"].cells == ["conductance_lif", "current_lif"]
    blocks = {"name": "x", "keys": ["phases"], "values": [
        [{"kind": "block", "repeats": 2}],
        [{"kind": "block", "repeats": 2}, {"kind": "block", "repeats": 2}],
    ]}  # fmt: skip
    assert parts_of(checked(Sweep, sweep(axes=[blocks]), "sweep"))["plain"].blocks == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recording.n_units": 400}, "variant x: recording: 400 units, and E has 320 cells"),
        ({"plasticity.afferent.rule": "calcum"}, "variant x: plasticity.afferent: unknown"),
    ],
)
def test_a_declaration_that_does_not_hold_names_the_variant(changes, words):
    asked = checked(Sweep, sweep(variants=[{"name": "x", "set": changes}]), "sweep")
    with pytest.raises(InputError, match=f"^config: sweep s, {words}") as told:
        parts_of(asked)
    assert "\n" not in str(told.value)
