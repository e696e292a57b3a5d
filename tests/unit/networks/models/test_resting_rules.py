"""Networks whose rules rest, if asked, from the first block on, and otherwise in no block."""

import pytest

from spikedrift.config.overrides import override
from spikedrift.networks import catalog, checks

# Options that make two blocks, the switch, and phases before the pause or block it is about.
MODELS = {
    "confavreux_2025": ({"stimuli.blocks": 2}, "stimuli.plasticity", 2),
    "litwin_kumar_2014": ({"blocks": 2, "spontaneous": 5.0}, "plasticity", 3),
    "zenke_2015": ({"blocks": 2, "recalls": 0}, "plasticity", 1),
}


def phases(name, changes):
    model = catalog.get(name)
    network = model.declare(override(model.options(), changes, name))
    checks.check(network, name)
    return network.protocol.phases


@pytest.mark.parametrize("name", MODELS)
def test_rules_rest_from_the_first_block_on_and_learn_before(name):
    blocks, switch, n_before = MODELS[name]
    learning, resting = (phases(name, {**blocks, switch: acts}) for acts in (True, False))
    assert learning == phases(name, blocks), "by default they learn"
    assert resting[:n_before] == learning[:n_before]
    assert any(phase.plastic for phase in resting[:n_before])
    assert [phase.kind for phase in resting[n_before:]].count("block") == 2
    assert {phase.kind for phase in resting[n_before:]} == {"pause", "block"}
    assert all(phase.plastic for phase in learning[n_before:])
    assert not any(phase.plastic for phase in resting[n_before:])
