"""Rules that look at the postsynaptic cell, all at once in a small pattern network."""

import numpy as np
import pytest
from small_network import MODEL

from spikedrift.config.overrides import override
from spikedrift.networks.models.pattern_network import PatternNetwork
from spikedrift.networks.simulate import simulate

pytestmark = pytest.mark.compiles

SMALL = {
    "cells.n_excitatory": 20,
    "cells.n_inhibitory": 5,
    "patterns.n_afferents": 40,
    "wiring.w_afferent_e": 0.3,
    "wiring.w_afferent_i": 0.3,
    "recording.trace_interval": 1.0,
    "recording.n_synapses": 30,
    "phases": [
        {"kind": "settle", "duration": 1.0},
        {"kind": "naive", "repeats": 1, "plasticity": False},
        {"kind": "train", "repeats": 2},
        {"kind": "block", "repeats": 1},
    ],
    "plasticity.afferent.rule": "codependent",
    "plasticity.afferent.set": "receptive_field",
    "plasticity.afferent.w_max": 0.6,
    "plasticity.recurrent.rule": "clopath_assemblies",
    "plasticity.inhibitory.rule": "codependent_inhibitory",
    "plasticity.ei.rule": "clopath",
    "plasticity.ei.set": "homeostatic",
}
RATES = {"afferent": 1.0, "recurrent": 1e-3, "inhibitory": 1.5e-4, "ei": 1.0}


def test_they_move_the_weights_where_plasticity_is_on(tmp_path):
    small = override(PatternNetwork(), SMALL, "small")

    def run(changes):
        return simulate(
            MODEL, small, changes, recording="small.patterns", seed=1, instance=0,
            build_dir=tmp_path / "programs", scratch_dir=tmp_path / "scratch",
        )  # fmt: skip

    learned = run({f"plasticity.{name}.eta": rate for name, rate in RATES.items()})
    frozen = run({f"plasticity.{name}.eta": 0.0 for name in RATES})
    assert len([one for one in (tmp_path / "programs").iterdir() if one.is_dir()]) == 1
    assert learned.trials.attrs["mean_rate"] > 1
    for name in RATES:
        moved, still = (one.traces[f"{name}_weight"].values for one in (learned, frozen))
        assert (still[1:] == still[1]).all(), f"{name} moved although frozen"
        assert (moved[2] == moved[1]).all(), f"{name} moved in the naive probe"
        share = (moved[-1] != moved[2]).mean()
        assert share > 0.5, f"{name}: {share:.0%} of the weights moved"
        bound = small.plasticity.of(name).w_max
        assert (moved >= 0).all() and (moved <= bound).all() and np.ptp(moved[-1]) > 0
