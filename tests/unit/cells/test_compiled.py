"""Cells in C++: a network of all of them, and one on the bench of inductions."""

from dataclasses import replace

import numpy as np
import pytest
from in_python import of_one_population, run, trains

from spikedrift.config.inductions import Induction
from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks.catalog import Model
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch
from spikedrift.plasticity import registry
from spikedrift.plasticity.induce import induce

pytestmark = pytest.mark.compiles

DT, DURATION, SIZE = 1e-4, 0.2, 5
# Bounds of excitatory weights from 60 inputs at 60 Hz; inhibitory ones are the same.
CELLS = {
    "adex_litwin_kumar": (2.0, 12.0),
    "conductance_lif": (0.02, 0.08),
    "lif_litwin_kumar": (2.0, 12.0),
    "linear_poisson": (0.0, 0.05),
    "poisson": None,
    "srm_masquelier": (0.0, 30.0),
    "theta": (0.0, 0.2),
    "zenke_2015": (0.05, 0.3),
}


def together():
    """One network in which every cell has a population of its own name, with rules that see it."""
    rng = np.random.default_rng(4)
    parts = []
    for name, bounds in CELLS.items():
        spikes = trains(rng, 60, 60.0, round(DURATION / DT), DT)
        given = {"excitatory": (*spikes, 60, bounds)} if bounds else {}
        parts.append((name, of_one_population(name, SIZE, DURATION, trains=given)))
    named = {"cells": "", "to_excitatory": "to_", "of_excitatory": "of_"}
    rules = {"adex_litwin_kumar": {"clopath_assemblies": {"eta": 1e-9}}}

    def called(name, one, **changes):
        return replace(one, name=f"{named[one.name]}{name}", **changes)

    whole = parts[0][1]
    return replace(
        whole,
        populations=tuple(called(name, part.populations[0]) for name, part in parts),
        sources=tuple(called(name, one) for name, part in parts for one in part.sources),
        projections=tuple(
            called(name, one, pre=f"to_{name}", post=name, plasticity=rules.get(name, {}))
            for name, part in parts
            for one in part.projections
        ),
        recording=replace(whole.recording, units="zenke_2015"),
    )


def test_a_program_does_what_python_does(tmp_path):
    network = together()
    model = Model("declared", "", "", NetworkOptions, lambda options: network)
    options = NetworkOptions(simulation=Simulation(dt=DT, jobs=1))
    (found,) = record_batch(
        model, options, [NetworkRun("declared.run", {}, 1, 0)],
        build_dir=tmp_path / "programs", scratch_dir=tmp_path / "scratch",
    )  # fmt: skip
    _, recorded, backend = found
    assert backend == "cpp" and recorded.finite
    fired = np.zeros((round(DURATION / DT), SIZE * len(CELLS)), dtype=bool)
    fired[np.round(recorded.spike_time / DT).astype(int), recorded.spike_cell] = True
    expected = run(network, DT).spikes
    for k, name in enumerate(CELLS):
        assert expected[name].any(), name
        here = fired[:, k * SIZE : (k + 1) * SIZE]
        np.testing.assert_array_equal(here, expected[name], err_msg=name)


def test_a_cell_of_networks_is_told_to_spike_by_a_program(tmp_path):
    """It draws random numbers and has parameters, a dead time and receptors."""
    one = Induction(name="pairs", protocol="pairing", cell="conductance_lif", replicates=3,
                    options={"along": "interval", "intervals": [0.01, -0.01], "pairs": 5},
                    weight=1e-3, w_max=2e-3)  # fmt: skip
    rule = registry.get("pair_stdp")
    pairs = induce(rule, one, seed=1, build_dir=tmp_path / "programs", scratch_dir=tmp_path)
    same = induce(
        rule, one.model_copy(update={"cell": "forced"}), seed=1,
        build_dir=tmp_path / "programs", scratch_dir=tmp_path,
    )  # fmt: skip
    np.testing.assert_allclose(pairs["measured"], same["measured"], rtol=1e-9)
    assert pairs["measured"].iloc[0] > 0 > pairs["measured"].iloc[1]
