"""A source whose spikes come again."""

import numpy as np
import pytest

from spikedrift.config.networks import NetworkOptions
from spikedrift.config.simulation import Simulation
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import (
    Network,
    Phase,
    Population,
    Projection,
    Protocol,
    Recording,
    Source,
    all_to_all,
    constant,
)
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch

PERIOD, AT = 0.5, (50, 1000, 2499)  # s; time steps of .2 ms


def once(timetable, draws):
    return np.arange(3, dtype=np.int32), np.array(AT, dtype=np.int32)


def declare(options):
    """Three cells, each with an afferent that makes it spike by itself."""
    return Network(
        populations=(Population("cells", 3, "conductance_lif", start="v = rest"),),
        projections=(
            Projection("drive", "lines", "cells", "excitatory", all_to_all(), constant(2.0), 3.0),
        ),
        sources=(Source("lines", 3, once, period=PERIOD),),
        # Phases do not begin with a period.
        protocol=Protocol((Phase("pause", duration=0.75), Phase("pause", duration=1.25))),
        recording=Recording("cells"),
    )


MODEL = Model("periodic", "", "", NetworkOptions, declare)
ONE_COMPILER = NetworkOptions(simulation=Simulation(jobs=1))


@pytest.mark.compiles
@pytest.mark.parametrize("together", [False, True], ids=["alone", "as copies"])
def test_what_a_cell_does_comes_again_with_its_input(together, tmp_path):
    runs = [NetworkRun(f"r{k}", {}, 1, k) for k in range(2)]
    places = {"build_dir": tmp_path / "programs", "scratch_dir": tmp_path / "scratch"}
    for outcome in record_batch(MODEL, ONE_COMPILER, runs, together=together, **places):
        _, recorded, _ = outcome
        periods = np.floor_divide(recorded.spike_time + 1e-6, PERIOD)
        within = recorded.spike_time - periods * PERIOD
        # The last input of a period makes the three cells spike in the next one.
        assert [(periods == k).sum() for k in range(4)] == [6, 9, 9, 9]
        for period in (2, 3):
            np.testing.assert_allclose(within[periods == period], within[periods == 1], atol=1e-9)
