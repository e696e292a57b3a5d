"""Signal indices in recordings whose drift is known: what moves them, and what must not."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from spikedrift import trials
from spikedrift.config.drift import SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.signal.indices import signal_indices
from spikedrift.sources.synthetic import record

OPTIONS = SignalOptions(flips=199, bootstrap=99)
SLOW = {"unit_state": 0.5, "unit_state_coefficient": 0.98}
STILL: dict[str, dict[str, Any]] = {
    "slow states of units": SLOW,
    "slow states of events": {"unit_state_events": 0.5},
    "slow states, of units and of all": {**SLOW, "state_gain": 1.0, "state_shift": 1.0},
    "depth halved": {"depth": 0.5},
    "depth doubled": {"depth": 2.0},
    "flat share doubled": {"later_flat_share": 0.6},
    "no flat share any more": {"later_flat_share": 0.0},
    "baseline": {"baseline": 3.0},
    "excitability": {"excitability": 0.5},
    "background": {"background": 0.5},
    "gain": {"gain": 1.5},
    "bursts": {"burstiness": 0.3},
}


def found(seed: int = 0, options: SignalOptions = OPTIONS, **knobs: Any) -> xr.Dataset:
    sizes = {"segments": 6, "repeats": 8, "units": 60}
    dataset = record(SyntheticOptions(**{**sizes, **knobs}), "truth.movie", seed)
    return signal_indices(dataset, options, seed)


@pytest.mark.parametrize("name", STILL)
@pytest.mark.slow
def test_no_drift_is_zero_whatever_else_changes(name: str) -> None:
    """Mean over recordings within four standard errors of 0, which are small."""
    index = np.array([found(seed, **STILL[name])["index"].values for seed in range(12)])
    error = index.std(axis=0, ddof=1) / np.sqrt(len(index))
    assert (error < 0.02).all()
    assert (np.abs(index.mean(axis=0)) < 4 * error).all()


@pytest.mark.parametrize(("segments", "units"), [(3, 600), (8, 150), (30, 60)])
@pytest.mark.parametrize("amount", [0.1, 0.4, 1.0])
@pytest.mark.slow
def test_index_is_the_share_of_the_variance_that_was_redrawn(
    segments: int, units: int, amount: float
) -> None:
    index = [
        float(found(seed, segments=segments, units=units, tuning_drift=amount, rate_spread=0.7)
              ["index"].sel(code="rate"))
        for seed in range(6)
    ]  # fmt: skip
    error = np.std(index, ddof=1) / np.sqrt(len(index))
    assert error < 0.03 and abs(np.mean(index) - amount) < 0.05


def test_each_code_sees_its_own_drift() -> None:
    rate, timing = found(1, rate_drift=1.0), found(1, event_time_drift=1.0)
    assert rate["index"].sel(code="rate") > 0.8 and timing["index"].sel(code="timing") > 0.9
    assert abs(rate["index"].sel(code="timing")) < 0.05
    assert abs(timing["index"].sel(code="rate")) < 0.1
    assert rate["difference"] < -0.5 < 0.5 < timing["difference"]
    assert rate["difference_p_value"] < 0.01 and timing["difference_p_value"] < 0.01
    assert rate["p_value"].sel(code="rate") == timing["p_value"].sel(code="timing") == 1 / 200


def test_intervals_hold_their_points() -> None:
    for seed in range(5):
        one = found(seed, rate_drift_within=0.3, event_time_drift=0.3)
        assert (one["low"] < one["index"]).all() and (one["index"] < one["high"]).all()
        known = one["curve"].notnull()
        inside = (one["curve_low"] <= one["curve"]) & (one["curve"] <= one["curve_high"])
        assert inside.where(known, True).all()


def test_curves_have_no_floor_and_rise_with_the_lag_where_there_is_drift() -> None:
    still, drifting = found(2, repeats=20), found(2, repeats=20, event_time_drift_within=0.8)
    near, far = ({"relation": "within", "code": "timing", "lag": lag} for lag in (2, 16))
    assert abs(still["curve"].sel(near)) < 0.05 and abs(still["curve"].sel(far)) < 0.05
    assert drifting["curve"].sel(near) < 0.2 < 0.4 < drifting["curve"].sel(far)
    assert still["curve"].sel(relation="within").notnull().sum("lag").to_numpy().tolist() == [
        17,
        17,
    ]


def test_depth_is_that_of_the_signal() -> None:
    """Twice as deep: ln 2; a flat background of half the rate: ln 1/1.5."""
    deeper, added = found(3, depth=2.0, units=200), found(3, background=0.5, units=200)
    assert float(deeper["depth_change"].sel(code="rate")) == pytest.approx(np.log(2), abs=0.1)
    assert float(added["depth_change"].sel(code="rate")) == pytest.approx(-np.log(1.5), abs=0.1)
    assert (added["depth_change_high"] < 0).all()


def test_no_code_and_too_imprecise_are_different_answers() -> None:
    absent = found(4, flat_code=True)
    assert str(absent["gate_note"].sel(code="timing").values).startswith(
        "no timing code was detected"
    )
    assert np.isnan(absent["index"].sel(code="timing"))
    vague = found(4, units=12, options=OPTIONS.model_copy(update={"max_standard_error": 1e-3}))
    note = str(vague["gate_note"].sel(code="timing").values)
    assert note.startswith("too imprecise (standard error ")
    assert str(vague["gate"].sel(code="timing").values) == gates.IMPRECISE
    assert np.isfinite(vague["index"].sel(code="timing"))


def test_order_of_units_is_no_matter() -> None:
    dataset = record(SyntheticOptions(segments=4, repeats=5, units=20), "truth.movie", 5)
    turned = trials.select(dataset, units=np.random.default_rng(0).permutation(20))
    one, two = (signal_indices(each, OPTIONS, 0) for each in (dataset, turned))
    np.testing.assert_allclose(one["kept"], two["kept"], rtol=1e-12)
    np.testing.assert_allclose(one["depth"], two["depth"], rtol=1e-12)


def test_a_unit_that_was_lost_says_nothing() -> None:
    dataset = record(SyntheticOptions(segments=4, repeats=5, units=20, unit_loss=0.3), "t.movie", 6)
    seen = np.flatnonzero(dataset["observed"].values.all(axis=0))
    assert 0 < seen.size < 20
    one, two = (
        signal_indices(d, OPTIONS, 0) for d in (dataset, trials.select(dataset, units=seen))
    )
    np.testing.assert_allclose(one["kept"], two["kept"], rtol=1e-12)
    np.testing.assert_allclose(one["depth"], two["depth"], rtol=1e-12)


def test_events_count_by_their_amplitude_and_have_no_timing() -> None:
    dataset = record(SyntheticOptions(segments=5, repeats=6, units=30), "truth.movie", 7)
    amplitude = np.full(dataset.sizes["spike"], 0.25)
    events = dataset.assign(event_amplitude=("spike", amplitude))
    one, two = (signal_indices(each, OPTIONS, 0) for each in (dataset, events))
    np.testing.assert_allclose(
        one["kept"].sel(code="rate"), two["kept"].sel(code="rate"), rtol=1e-12
    )
    np.testing.assert_allclose(one["depth"].sel(code="rate"), two["depth"].sel(code="rate"))
    assert "two-photon" in str(two["gate_note"].sel(code="timing").values)


def test_how_bright_a_cell_is_gives_it_no_weight() -> None:
    dataset = record(SyntheticOptions(segments=5, repeats=6, units=30), "truth.movie", 7)
    _, unit = trials.spike_cells(dataset)
    rng = np.random.default_rng(2)
    amplitude = rng.gamma(2.0, 0.5, unit.size)
    bright = rng.lognormal(0.0, 1.0, 30)[unit]
    one, two = (
        signal_indices(dataset.assign(event_amplitude=("spike", each)), OPTIONS, 0)
        for each in (amplitude, amplitude * bright)
    )
    assert np.isfinite(one["index"].sel(code="rate"))
    xr.testing.assert_allclose(one, two, rtol=1e-9)


def test_what_cannot_be_told_is_said() -> None:
    assert "3 segments" in str(found(segments=2)["gate_note"].sel(code="rate").values)
    assert set(found(blocks=1)["gate_note"].values) == {"one block: see the curve within it"}
    with pytest.raises(InputError, match="two units"):
        found(units=1)
