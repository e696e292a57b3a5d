"""A rate model that shows segments: its rates become trials, the same for the same seed."""

from pathlib import Path

import xarray as xr

from spikedrift import trials
from spikedrift.config.drift import DriftOptions
from spikedrift.config.networks import NetworkOptions
from spikedrift.drift.signal.recording import drift_values
from spikedrift.networks.catalog import Model
from spikedrift.networks.simulate import Simulated, simulate


def shown_twice(
    model: Model, options: NetworkOptions, recording: str, folder: Path
) -> tuple[Simulated, xr.Dataset]:
    """Run a session twice: its trials and traces, and the drift of their rate code."""
    found, again = (
        simulate(
            model, options, {}, recording=recording, seed=1, instance=0,
            build_dir=folder, scratch_dir=folder,
        )
        for _ in range(2)
    )  # fmt: skip
    trials.check(found.trials)
    assert found.trials.identical(again.trials) and found.traces.identical(again.traces)
    assert "independent Poisson processes" in found.trials.attrs["assumptions"]
    return found, drift_values(found.trials, DriftOptions(), 1).sel(code="rate", matching="none")
