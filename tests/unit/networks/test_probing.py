"""Frozen patterns after the protocol of a network: phases, and in which of them rules act."""

import pytest

from spikedrift.networks import catalog, engine

MODEL = catalog.get("vogels_2011")


def phases(**probes):
    network = MODEL.declare(MODEL.options(probes={"blocks": 2, "repeats": 3, **probes}))
    rate = [engine.rates(network, one)["ItoE.eta"] for one in network.protocol.phases]
    return [one.kind for one in network.protocol.phases], [value > 0 for value in rate]


@pytest.mark.parametrize(
    ("probes", "kinds", "learns"),
    [
        ({}, ["block", "pause", "block"], [True, True, True]),
        ({"plasticity": False}, ["block", "pause", "block"], [False, True, False]),
        (
            {"plasticity": False, "pause_plasticity": False, "settle": 5.0},
            ["settle", "block", "pause", "block"],
            [True, False, False, False],
        ),
    ],
)
def test_blocks_come_after_the_protocol_of_the_paper(probes, kinds, learns):
    own = ["pause", "pause"], [False, True]
    assert phases(**probes) == (own[0] + kinds, own[1] + learns)
