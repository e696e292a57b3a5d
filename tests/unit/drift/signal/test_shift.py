"""A shift that all units share: taken out of the profile index, and only it."""

import numpy as np
import pytest
import xarray as xr

from spikedrift import trials
from spikedrift.config.drift import SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.signal.indices import signal_indices
from spikedrift.sources.synthetic import record

OPTIONS = SignalOptions(flips=199, bootstrap=99)
SEEDS = range(8)


def recording(seed: int, late: float, **knobs: float) -> xr.Dataset:
    """Windows of 1 s of longer trials, in which the later block is `late` (s) late."""
    options = SyntheticOptions(segments=6, repeats=8, units=60, segment_duration=1.3, **knobs)
    dataset = record(options, "truth.movie", seed)
    trial, unit = trials.spike_cells(dataset)
    time = dataset["spike_time"].values - 0.15 + late * dataset["block"].values[trial]
    kept = (time >= 0) & (time < 1)
    shape = dataset["spike_count"].shape
    count = np.bincount((trial * shape[1] + unit)[kept], minlength=shape[0] * shape[1])
    return dataset.isel(spike=np.flatnonzero(kept)).assign(
        spike_time=("spike", time[kept]),
        spike_count=(("trial", "unit"), count.reshape(shape)),
        duration=("trial", np.ones(shape[0])),
    )


def timing(late: float, **knobs: float) -> dict[str, np.ndarray]:
    found = [
        signal_indices(recording(seed, late, **knobs), OPTIONS, 0).sel(code="timing")
        for seed in SEEDS
    ]
    names = ("index", "index_unshifted", "shift", "shift_time", "unshifted_p_value")
    return {name: np.array([float(one[name]) for one in found]) for name in names}


def error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size))


@pytest.mark.slow
def test_a_common_shift_is_drift_of_profiles_unless_it_is_taken_out() -> None:
    for late, bins in ((0.1, 2), (-0.05, -1), (0.15, 3)):
        found = timing(late)
        assert (found["index"] > 0.2).all()
        assert (found["shift"] == bins).all()
        np.testing.assert_allclose(found["shift_time"], late, rtol=1e-12)
        left = found["index_unshifted"]
        assert abs(left.mean()) < 4 * error(left) < 0.04


def test_without_a_shift_none_is_found_and_the_index_is_the_same() -> None:
    found = timing(0.0)
    assert (found["shift"] == 0).all()
    np.testing.assert_allclose(found["index_unshifted"], found["index"], rtol=1e-12)
    assert abs(found["index"].mean()) < 4 * error(found["index"]) < 0.04


def test_what_is_redrawn_stays_redrawn_whatever_the_shift() -> None:
    """Cross-fitted: the shift that suits one half by chance says nothing of the other."""
    found = timing(0.0, event_time_drift=1.0)
    less = found["index"] - found["index_unshifted"]
    assert abs(less.mean()) < max(4 * error(less), 0.02) < 0.15
    assert (found["unshifted_p_value"] == 1 / 200).all()


def test_a_shift_beside_drift_leaves_what_drifts() -> None:
    shifted, still = timing(0.1, event_time_drift=0.3), timing(0.0, event_time_drift=0.3)
    assert (shifted["shift"] == 2).all()
    less = shifted["index_unshifted"] - still["index"]
    assert abs(less.mean()) < max(4 * error(less), 0.02) < 0.15
    assert (shifted["index"] > shifted["index_unshifted"] + 0.1).all()


def test_rate_has_no_shift_and_none_is_looked_for_where_none_is_allowed() -> None:
    dataset = recording(0, 0.1)
    found = signal_indices(dataset, OPTIONS.model_copy(update={"max_shift": 0}), 0)
    assert found["index_unshifted"].isnull().all() and found["shift"].isnull().all()
    rate = signal_indices(dataset, OPTIONS, 0).sel(code="rate")
    assert np.isnan(rate["index_unshifted"]) and np.isnan(rate["shift_time"])
