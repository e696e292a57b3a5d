"""The number of synapses that an estimate of memory counts on is the number that is drawn."""

import numpy as np
import pytest
from tiny_network import CLUSTERS, ENDS, MODEL, N_I, TINY, TinyOptions, joined

from spikedrift.networks.declaration import all_to_all, probability
from spikedrift.networks.memory import memory, synapses
from spikedrift.networks.session_plan import NetworkRun, plan


def test_expected_synapses_are_those_that_are_drawn():
    runs = [NetworkRun("x", {}, seed, 0) for seed in range(20)]
    planned = [plan(MODEL, TinyOptions(), run) for run in runs]
    for projection in TINY.projections:
        _, n_pre, n_post = ENDS[projection.name]
        drawn = np.mean([joined(one, projection.name).sum() for one in planned])
        if projection.name == "in_clusters":
            drawn += CLUSTERS[1] * N_I  # the estimate counts a cell's pair with itself
        found = synapses(projection, n_pre, n_post)
        assert found == pytest.approx(drawn, rel=0.08), projection.name
    assert probability(0.3).p == 0.3 and all_to_all().p == 1.0


def test_a_batch_takes_as_much_more_as_it_has_copies():
    one, three, none = (memory(TINY, copies, 0, 10.0) for copies in (1, 3, 0))
    assert three - none == pytest.approx(3 * (one - none), rel=1e-6)
