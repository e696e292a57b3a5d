"""Traces of a network in which nothing is plastic, from spikes that are laid out."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_network import MODEL, N_E, TINY, TinyOptions

from spikedrift.core.atomic import write_netcdf
from spikedrift.networks import stability, traces
from spikedrift.networks.session_plan import NetworkRun, plan


def test_without_plasticity_there_are_rates_and_no_weights(tmp_path):
    network = replace(
        TINY, projections=tuple(replace(one, plasticity={}) for one in TINY.projections)
    )
    model = replace(MODEL, declare=lambda options: network)
    planned = plan(model, TinyOptions(), NetworkRun("x.tiny", {}, 1, 0))
    assert not any(name.endswith(".eta") for name in planned.parameters)
    rng = np.random.default_rng(0)
    n, stop = 3000, planned.timetable.stop * planned.options.simulation.dt
    time = np.sort(rng.uniform(0, stop, n))
    found = traces.traced(planned, {}, {}, time, np.zeros(n, int), rng.integers(N_E, size=n))
    assert found.sizes["projection"] == 0 and np.isnan(found.attrs["settling_change"])
    rate, width = found["rate"].sel(population="E").values, np.diff(found["time"].values)
    assert (rate * width).sum() * N_E == pytest.approx(n)
    assert not found["rate"].sel(population="I").any()
    assert np.isnan(found["recurrent_drive"]).all()  # no weights are kept
    assert "weight_ratio" not in found and stability.status(found, network)[0] == "ok"
    write_netcdf(found, tmp_path / "traces.nc")
