"""Signal indices where trials are missing: repeats made of those that remain, units lost."""

import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spikedrift import trials
from spikedrift.config.drift import SignalOptions, StateOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.signal.indices import signal_contributions, signal_indices
from spikedrift.drift.signal.occasions import occasions
from spikedrift.drift.signal.repeats import rows_of
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.state import match_state

OPTIONS = SignalOptions(flips=199, bootstrap=99)


def recording(seed: int, **knobs: object) -> xr.Dataset:
    sizes = {"segments": 6, "repeats": 8, "units": 60}
    return record(SyntheticOptions(**{**sizes, **knobs}), "truth.movie", seed)


def gapped(dataset: xr.Dataset, share: float, seed: int) -> xr.Dataset:
    """Without a random share of the trials."""
    rng = np.random.default_rng(seed)
    return trials.select(dataset, trials=rng.random(dataset.sizes["trial"]) >= share)


def lost(dataset: xr.Dataset, gone: np.ndarray) -> xr.Dataset:
    """Without what units (n_units,) did in the block `gone` of each; -1: nothing is lost."""
    away = dataset["block"].values[:, None] == gone
    trial, unit = trials.spike_cells(dataset)
    out = dataset.isel(spike=np.flatnonzero(~away[trial, unit]))
    return out.assign(
        observed=(("trial", "unit"), dataset["observed"].values & ~away),
        spike_count=(("trial", "unit"), np.where(away, 0, dataset["spike_count"].values)),
    )


def test_whole_repeats_stay_as_they_were_shown() -> None:
    dataset = recording(0, units=4)
    rows = rows_of(Layout.of(dataset))
    assert not rows.made and rows.note == ""
    assert (dataset["repeat"].values[rows.table] == np.arange(16)[:, None]).all()
    assert signal_indices(dataset, OPTIONS, 0).attrs["repeats_made"] == ""


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.3, 0.8]))
def test_made_repeats_hold_every_trial_once_in_order(seed: int, share: float) -> None:
    dataset = gapped(recording(0, units=1, mean_rate=0.1, repeats=5), share, seed)
    if dataset.sizes["trial"] == 0:
        return
    rows = rows_of(Layout.of(dataset))
    chosen = rows.table[rows.table >= 0]
    assert sorted(chosen) == list(range(dataset.sizes["trial"]))
    repeat, block = dataset["repeat"].values, dataset["block"].values
    names = np.unique(block)
    for number, name in enumerate(names):
        table = rows.table[rows.block == number]
        for segment in table.T:
            one = segment[segment >= 0]
            assert (block[one] == name).all() and (np.diff(repeat[one]) > 0).all()
            assert (segment[: one.size] >= 0).all()  # the r-th trial is in the r-th repeat
        here = rows.position[rows.block == number] + repeat.min()
        assert repeat[block == name].min() <= here.min()
        assert here.max() <= repeat[block == name].max()
    assert (np.diff(rows.position) > 0).all()


@pytest.mark.parametrize("knobs", [{}, {"unit_state": 0.5, "unit_state_coefficient": 0.98}])
@pytest.mark.parametrize("amount", [0.0, 0.4])
@pytest.mark.slow
def test_missing_trials_leave_both_indices_without_bias(
    amount: float, knobs: dict[str, float]
) -> None:
    found = [
        signal_indices(
            gapped(recording(seed, units=100, tuning_drift=amount, **knobs), 0.15, seed), OPTIONS, 0
        )
        for seed in range(10)
    ]
    assert all("repeats are made" in one.attrs["repeats_made"] for one in found)
    index = np.array([one["index"].values for one in found])
    error = index.std(axis=0, ddof=1) / np.sqrt(len(index))
    assert (error < 0.02).all()
    assert (np.abs(index.mean(axis=0) - [amount, 0.0]) < 4 * error).all()


def test_curves_of_made_repeats_lie_at_the_lags_of_their_trials() -> None:
    """Half of each block's repeats gone for one segment: far windows are as far as before."""
    dataset = recording(1, repeats=12, tuning_drift=0.5)
    segment, repeat = dataset["segment"].values, dataset["repeat"].values
    kept = trials.select(dataset, trials=(segment > segment.min()) | (repeat % 2 == 0))
    one, two = (signal_indices(each, OPTIONS, 0) for each in (dataset, kept))
    far = {"code": "rate", "relation": "between"}
    assert int(two["lag"].max()) <= int(one["lag"].max())
    assert float(two["curve"].sel(far).mean()) == pytest.approx(
        float(one["curve"].sel(far).mean()), abs=0.15
    )


def test_units_that_are_missing_on_a_day_speak_of_the_others() -> None:
    """Three days, each unit missing on one or on none: as in a recording of the days it has."""
    dataset = recording(2, blocks=3, repeats=4, units=24)
    away = np.arange(24) % 4 - 1
    found, _, _ = signal_contributions(Layout.of(lost(dataset, away)), OPTIONS, 0)
    for day in range(3):
        seen = [block for block in range(3) if block != day]
        rest = trials.select(dataset, trials=dataset["block"].values != day)
        alone, _, _ = signal_contributions(Layout.of(rest), OPTIONS, 0)
        units = away == day
        for code in ("rate", "timing"):
            for name in ("power", "overlap"):
                whole, part = getattr(found[code], name)[units], getattr(alone[code], name)[units]
                np.testing.assert_allclose(whole[:, *seen], part[:, 0, 1], rtol=1e-12, atol=1e-15)
                whole[:, *seen] = 0
                assert not whole.any()
            # A code is looked for in all that was seen, the depth compared in the same cells.
            assert (found[code].code_power[units][:, seen] != 0).all()
            assert not found[code].signal[units].any()


def test_days_on_which_no_unit_was_found_throughout_have_indices() -> None:
    index = []
    for seed in range(8):
        dataset = lost(recording(seed, blocks=3, repeats=5, units=90), np.arange(90) % 3)
        one = signal_indices(dataset, OPTIONS, 0)
        assert (one["gate_note"] == "").all() and one["depth"].isnull().all()
        index.append(one["index"].values)
    error = np.std(index, axis=0, ddof=1) / np.sqrt(len(index))
    assert (error < 0.02).all() and (np.abs(np.mean(index, axis=0)) < 4 * error).all()


def test_a_block_with_a_single_repeat_takes_no_part() -> None:
    dataset = recording(3, blocks=3, repeats=4)
    block, repeat = dataset["block"].values, dataset["repeat"].values
    short = trials.select(dataset, trials=(block < 2) | (repeat == repeat[block == 2].min()))
    rest = trials.select(dataset, trials=block < 2)
    one, two = (signal_indices(each, OPTIONS, 0) for each in (short, rest))
    np.testing.assert_allclose(one["index"], two["index"], rtol=1e-12)
    assert np.isfinite(one["depth"].values[:, :2]).all()
    alone = trials.select(dataset, trials=(block == 0) | np.isin(repeat, [4, 8]))
    assert "one block of 3 has two repeats" in str(
        signal_indices(alone, OPTIONS, 0)["gate_note"][0].item()
    )


def test_blocks_of_one_repeat_and_a_single_unit_are_refused_with_what_there_is() -> None:
    dataset = recording(3, blocks=3, repeats=4)
    first = trials.select(dataset, trials=np.isin(dataset["repeat"].values, [0, 4, 8]))
    alone = trials.select(dataset, units=np.array([0]))
    for refused, said in (
        (first, "(units: 60, blocks: 3, repeats in the longest: 1)"),
        (alone, "(units: 1, blocks: 3, repeats in the longest: 4)"),
    ):
        with pytest.raises(InputError, match=re.escape(f"two repeats of a block {said}")):
            signal_indices(refused, OPTIONS, 0)


def test_trials_that_were_matched_to_each_other_are_never_compared() -> None:
    """Speeds that one trial of either block has: no product holds one of them twice."""
    dataset = recording(4, units=3, segments=4, repeats=9)
    rng = np.random.default_rng(0)
    speed = np.zeros(dataset.sizes["trial"])
    for segment in np.unique(dataset["segment"].values):
        for block in (0, 1):
            here = (dataset["segment"].values == segment) & (dataset["block"].values == block)
            speed[here] = rng.permutation(9) + 10 * segment
    matched = dataset.assign(
        running_speed=("trial", speed), pupil_area=("trial", np.full(speed.size, np.nan))
    ).assign_attrs(state_matched_trials=speed.size)
    rows = rows_of(Layout.of(matched))
    times = occasions(rows.block, rows.position, 2, rows.part)

    def speeds(which: slice | np.ndarray) -> set[float]:
        table = rows.table[which]
        return set(speed[table[table >= 0]])

    assert len(times.compared) == 2
    for first, second, here, there in times.compared:
        assert (rows.block[here] == first).all() and (rows.block[there] == second).all()
        assert not speeds(here) & speeds(there)
    windows = zip(*times.pair, times.between, strict=True)
    assert times.between.any() and not times.between.all()
    for first, second, between in windows:
        if between:
            assert not speeds(first + np.arange(2)) & speeds(second + np.arange(2))
    assert (times.lag >= 1).all()


def test_noise_of_matched_states_is_no_signal() -> None:
    """A background with the state, nothing drifts: neither code is more alike than itself."""
    behaving = {"state_coefficient": 0.5, "state_level": -0.9, "state_shift": 1.8}
    index = []
    for seed in range(14):
        dataset = recording(seed, segments=3, repeats=40, state_background=1.75, **behaving)
        one = signal_indices(match_state(Layout.of(dataset), StateOptions()), OPTIONS, seed)
        index.append(one["index"].values)
    error = np.std(index, axis=0, ddof=1) / np.sqrt(len(index))
    assert (error < [0.03, 0.01]).all()
    assert (np.abs(np.mean(index, axis=0)) < 3 * error).all()
