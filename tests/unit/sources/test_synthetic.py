"""Synthetic recordings: each knob moves what it names and nothing else; spikes follow the truth."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from spikedrift import trials
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.sources.synthetic import Truth, record, truth

SMALL = {"units": 40, "segments": 6, "repeats": 5}
SEED = 11


def options(**changes) -> SyntheticOptions:
    return SyntheticOptions(**{**SMALL, **changes})


def tuned(true: Truth) -> np.ndarray:
    """Rate of the spikes in events; shape (n_trials, n_units), Hz."""
    return true.rate - true.flat_rate


def at(true: Truth, table: np.ndarray, repeat: int) -> np.ndarray:
    return table[true.columns["repeat"] == repeat]


def changed(knobs: dict) -> dict[str, np.ndarray]:
    """Which trials x units entries of the truth differ from those without knobs, by field."""
    before, after = truth(options(), SEED), truth(options(**knobs), SEED)
    out = {}
    for field in dataclasses.fields(Truth):
        a, b = getattr(before, field.name), getattr(after, field.name)
        if isinstance(a, np.ndarray):
            out[field.name] = ~np.isclose(a, b, rtol=1e-12)
    return out


# What each knob may move. Everything else stays the same to the last bit but rounding.
MOVES = [
    ({"rate_drift": 0.7}, {"rate", "flat_rate"}),
    ({"rate_drift_within": 0.7}, {"rate", "flat_rate"}),
    ({"event_time_drift": 0.7}, {"event_time"}),
    ({"event_time_drift_within": 0.7}, {"event_time"}),
    ({"event_gain_drift": 0.7}, {"event_share"}),
    ({"event_gain_drift_within": 0.7}, {"event_share"}),
    ({"gain": 1.5}, {"rate", "flat_rate"}),
    ({"background": 0.5}, {"rate", "flat_rate"}),
    ({"flat_code": True}, {"flat_rate"}),
    ({"unit_loss": 0.25}, {"observed"}),
    ({"state_gain": 0.5}, {"rate", "flat_rate"}),
    ({"state_background": 0.5}, {"rate", "flat_rate"}),
    ({"state_shift": 1.0}, {"state"}),
    ({"burstiness": 0.3}, set()),
    ({"refractory_period": 0.003}, set()),
]


@pytest.mark.parametrize(("knobs", "moved"), MOVES, ids=[str(knobs) for knobs, _ in MOVES])
def test_a_knob_moves_what_it_names_and_nothing_else(knobs, moved):
    found = {name for name, where in changed(knobs).items() if where.any()}
    assert found == moved


@pytest.mark.parametrize(("knobs", "moved"), MOVES, ids=[str(knobs) for knobs, _ in MOVES])
def test_a_knob_between_blocks_leaves_the_first_block_alone(knobs, moved):
    name = next(iter(knobs))
    first = truth(options(), SEED).columns["block"] == 0
    touches_first = any(where[first].any() for where in changed(knobs).values())
    assert touches_first == (
        name.endswith("_within") or name in {"flat_code", "state_gain", "state_background"}
    )


@pytest.mark.parametrize(("knobs", "moved"), MOVES, ids=[str(knobs) for knobs, _ in MOVES])
def test_profiles_move_only_with_event_knobs_and_flat_additions(knobs, moved):
    time = np.linspace(0, 1, 51)
    before, after = (truth(options(**k), SEED).profile(time) for k in ({}, knobs))
    shape_knobs = {
        *(f"event_{what}_drift{when}" for what in ("time", "gain") for when in ("", "_within")),
        *("background", "state_background", "flat_code"),
    }
    assert np.allclose(before, after, rtol=1e-9) == (next(iter(knobs)) not in shape_knobs)


@pytest.mark.parametrize("when", ["", "_within"])
@pytest.mark.parametrize(
    ("what", "field"),
    [("rate", "rate"), ("event_time", "event_time"), ("event_gain", "event_share")],
)
def test_a_drift_knob_is_the_share_redrawn(what, field, when):
    previous = None
    for share in (0.0, 0.3, 0.6, 1.0):
        true = truth(options(units=200, **{f"{what}_drift{when}": share}), SEED)
        table = getattr(true, field)
        last = at(true, table, 4 if when else 9) != at(true, table, 0)
        assert last.mean() == pytest.approx(share, abs=0.03)
        # What drifts at a small setting drifts at a larger one.
        assert previous is None or last[previous].all()
        previous = last


@pytest.mark.parametrize("when", ["", "_within"])
def test_the_cells_that_drift_are_drawn_apart_for_every_knob(when):
    """Else a rate would tend to drift where a time does, and the two would look like one."""
    knobs = {f"{what}_drift{when}": 0.5 for what in ("rate", "event_time", "event_gain")}
    true = truth(options(units=400, events=1, **{**knobs, f"event_gain_drift{when}": 0}), SEED)
    gains = truth(options(units=400, events=2, **knobs), SEED)
    last = 4 if when else 9
    moved = [
        (at(true, true.rate, last) != at(true, true.rate, 0)).ravel(),
        (at(true, true.event_time, last) != at(true, true.event_time, 0)).ravel(),
        (at(gains, gains.event_share, last) != at(gains, gains.event_share, 0))[..., 0].ravel(),
    ]
    np.testing.assert_allclose(np.corrcoef(moved), np.eye(3), atol=0.08)


@pytest.mark.parametrize("field", ["rate", "event_time", "event_share"])
def test_drift_within_a_block_is_spread_evenly_over_its_repeats(field):
    what = {"rate": "rate", "event_time": "event_time", "event_share": "event_gain"}[field]
    true = truth(options(units=300, repeats=6, **{f"{what}_drift_within": 1.0}), SEED)
    table = getattr(true, field)
    for block in (0, 1):
        share = [
            (at(true, table, 6 * block + lag) != at(true, table, 6 * block)).mean()
            for lag in range(6)
        ]
        np.testing.assert_allclose(share, np.arange(6) / 5, atol=0.04)
    np.testing.assert_array_equal(at(true, table, 5), at(true, table, 6))


@pytest.mark.parametrize("field", ["rate", "event_time"])
def test_a_full_redraw_is_independent_and_alike(field):
    true = truth(options(units=400, rate_drift=1, event_time_drift=1, unit_share=0.5), SEED)
    one, two = (at(true, getattr(true, field), repeat).ravel() for repeat in (0, 9))
    assert abs(stats.spearmanr(one, two).statistic) < 0.08
    # Units share a rate over segments: compare one segment, so that samples are independent.
    one, two = (at(true, getattr(true, field), repeat)[0].ravel() for repeat in (0, 9))
    assert stats.ks_2samp(one, two).pvalue > 0.001


def test_rates_are_lognormal_about_their_mean():
    true = truth(options(units=4000, segments=2, rate_spread=0.8, unit_share=0.4), SEED)
    log = np.log(at(true, true.rate, 0))
    assert np.exp(log).mean() == pytest.approx(6, rel=0.05)
    assert log.std() == pytest.approx(0.8, rel=0.05)
    assert np.corrcoef(log)[0, 1] == pytest.approx(0.4, abs=0.05)


def test_segments_follow_each_other_smoothly_when_asked():
    true = truth(options(units=4000, segments=4, unit_share=0, segment_correlation=0.7), SEED)
    correlation = np.corrcoef(np.log(at(true, true.rate, 0)))
    np.testing.assert_allclose(correlation[0], 0.7 ** np.arange(4), atol=0.05)


def test_gain_multiplies_and_background_adds_untuned():
    plain = truth(options(), SEED)
    second = plain.columns["block"] == 1
    true = truth(options(gain=1.5), SEED)
    np.testing.assert_allclose(true.rate[second], 1.5 * plain.rate[second])
    true = truth(options(background=0.5), SEED)
    added = (true.rate - plain.rate)[second]
    np.testing.assert_allclose(added, 0.5 * at(plain, plain.rate, 0).mean(axis=0)[None] + 0 * added)
    np.testing.assert_allclose((true.flat_rate - plain.flat_rate)[second], added)


def test_behavior_moves_rates_along_the_recorded_trace():
    plain = truth(options(), SEED)
    true = truth(options(state_gain=0.8, state_background=0.3), SEED)
    level = true.columns["running_speed"][:, None] / 30
    mean = at(plain, plain.rate, 0).mean(axis=0)
    np.testing.assert_allclose(true.rate, plain.rate * (1 + 0.8 * level) + 0.3 * level * mean)


def test_behavior_is_a_stationary_autoregression_in_each_block():
    true = truth(options(repeats=4000, units=1, state_coefficient=0.9, state_shift=1.5), SEED)
    speed = true.columns["running_speed"] / 30
    arousal = np.log(speed / (1 - speed)) / 2
    for block, mean in ((0, 0.0), (1, 1.5)):
        trace = arousal[true.columns["block"] == block]
        assert trace.mean() == pytest.approx(mean, abs=0.1)
        assert trace.std() == pytest.approx(1, abs=0.07)
        assert np.corrcoef(trace[1:], trace[:-1])[0, 1] == pytest.approx(0.9, abs=0.01)
    pupil = true.columns["pupil_area"]
    assert 0.8 < stats.spearmanr(pupil, speed).statistic < 1


def test_the_profile_is_a_mixture_of_cut_gaussians_and_a_floor():
    """Against scipy's truncated normal, event by event."""
    true = truth(options(units=3, segments=2, repeats=1, background=0.4, flat_share=0.2), SEED)
    time = np.linspace(0, 1, 401)
    profile = true.profile(time)
    for trial, unit in np.ndindex(true.rate.shape):
        flat = true.flat_rate[trial, unit] / true.rate[trial, unit]
        expected = np.full(time.shape, flat)
        for center, share in zip(
            true.event_time[trial, unit], true.event_share[trial, unit], strict=True
        ):
            low, high = (0 - center) / 0.05, (1 - center) / 0.05
            expected += (1 - flat) * share * stats.truncnorm.pdf(time, low, high, center, 0.05)
        np.testing.assert_allclose(profile[trial, unit], expected, rtol=1e-10)
        assert np.trapezoid(profile[trial, unit], time) == pytest.approx(1, abs=1e-3)


FAMILIES = [
    {},
    {"rate_drift": 1, "event_time_drift_within": 1, "event_gain_drift": 1, "gain": 1.3},
    {"background": 0.5, "state_gain": 0.5, "state_background": 0.5},
    {"flat_code": True},
    {"segment_duration": 0.1, "event_width": 0.02, "mean_rate": 20},
]


@pytest.mark.parametrize("knobs", FAMILIES, ids=str)
def test_poisson_spikes_follow_the_truth(knobs):
    chosen = options(repeats=20, **knobs)
    true, dataset = truth(chosen, SEED), record(chosen, "mouse.movie", SEED)
    count, mean = dataset["spike_count"].values, true.rate * true.duration
    z = (count.sum() - mean.sum()) / np.sqrt(mean.sum())
    assert abs(z) < 4
    # Pearson's chi-square over cells: for Poisson counts its mean is the number of cells.
    chi = ((count - mean) ** 2 / mean).ravel()
    assert abs(chi.mean() - 1) < 5 * chi.std() / np.sqrt(chi.size)
    # Times: the integral of the profile up to each spike is uniform.
    trial, unit = trials.spike_cells(dataset)
    time = dataset["spike_time"].values
    low, high = true.bounds(true.event_time[trial, unit])
    upto = stats.norm.cdf((time[:, None] - true.event_time[trial, unit]) / true.event_width)
    events = ((upto - low) / (high - low) * true.event_share[trial, unit]).sum(axis=1)
    flat = (true.flat_rate / true.rate)[trial, unit]
    uniform = flat * time / true.duration + (1 - flat) * events
    assert stats.kstest(uniform, "uniform").pvalue > 1e-4


def counts(**knobs) -> tuple[np.ndarray, np.ndarray]:
    """Counts of many trials of 1 s at one rate, and the intervals after spikes of their first half.

    Later ones would be too short: the long ones among them are cut by the end of the trial.
    """
    fixed = {"segments": 1, "units": 20, "repeats": 250, "rate_spread": 0, "flat_code": True}
    dataset = record(SyntheticOptions(**fixed, **knobs), "mouse.movie", SEED)
    cell = np.repeat(np.arange(dataset["spike_count"].size), dataset["spike_count"].values.ravel())
    time = dataset["spike_time"].values
    interval = np.diff(time)[(np.diff(cell) == 0) & (time[:-1] < 0.5)]
    return dataset["spike_count"].values, interval


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_bursts_keep_the_rate_and_raise_the_variance(p):
    """Geometric bursts on a Poisson drive: variance over mean is (1 + p) / (1 - p)."""
    count, interval = counts(mean_rate=10, burstiness=p, burst_interval=0.003)
    assert count.mean() == pytest.approx(10, rel=0.02)
    assert count.var() / count.mean() == pytest.approx((1 + p) / (1 - p), rel=0.06)
    assert (interval < 0.01).mean() > 0.8 * p


@pytest.mark.parametrize(("rate", "dead"), [(20, 0.002), (50, 0.005), (100, 0.003)])
@pytest.mark.slow
def test_a_refractory_period_keeps_the_rate_and_lowers_the_variance(rate, dead):
    """Poisson with dead time d at rate r: variance over mean tends to (1 - r d)^2."""
    count, interval = counts(mean_rate=rate, refractory_period=dead)
    assert interval.min() >= dead
    assert count.mean() == pytest.approx(rate, rel=0.01)
    assert count.var() / count.mean() == pytest.approx((1 - rate * dead) ** 2, rel=0.05)
    beyond = 1 / (1 / rate - dead)
    assert stats.kstest(interval[::5] - dead, "expon", (0, 1 / beyond)).pvalue > 1e-3


def test_a_refractory_period_keeps_rates_and_profiles_of_a_tuned_code():
    chosen = options(repeats=50, units=20, refractory_period=0.002)
    true, dataset = truth(chosen, SEED), record(chosen, "mouse.movie", SEED)
    one = true.columns["repeat"] == 0
    count = dataset["spike_count"].values.reshape(-1, 6, 20).mean(axis=0)
    np.testing.assert_allclose(count, true.rate[one], rtol=0.1, atol=0.6)
    histogram = np.zeros((6 * 20, 20))
    trial, unit = trials.spike_cells(dataset)
    np.add.at(
        histogram,
        ((trial % 6) * 20 + unit, (dataset["spike_time"].values * 20).astype(int)),
        1 / 100,
    )
    fine = true.rate[one][..., None] * true.profile((np.arange(400) + 0.5) / 400)[one]
    expected = fine.reshape(6 * 20, 20, 20).mean(axis=2) / 20
    assert np.corrcoef(histogram.ravel(), expected.ravel())[0, 1] > 0.98
    assert histogram.sum() == pytest.approx(expected.sum(), rel=0.01)


def test_bursts_with_a_refractory_period():
    count, interval = counts(mean_rate=10, burstiness=0.3, refractory_period=0.002)
    assert interval.min() >= 0.002
    assert count.mean() == pytest.approx(10, rel=0.02)
    assert count.var() / count.mean() > 1.4


def test_lost_units_are_missing_not_silent():
    dataset = record(options(unit_loss=0.25), "mouse.movie", SEED)
    second = dataset["block"].values == 1
    observed = dataset["observed"].values
    assert observed[~second].all()
    lost = ~observed[second]
    assert (lost == lost[0]).all()
    assert lost[0].sum() == 10
    assert set(np.flatnonzero(~truth(options(unit_loss=0.1), SEED).observed[-1])) < set(
        np.flatnonzero(lost[0])
    )


def test_the_session_is_laid_out_as_documented():
    dataset = record(options(gap=600, segment_duration=0.5), "mouse-a.movie", SEED)
    assert dataset.sizes["trial"] == 2 * 5 * 6
    assert dataset["segment"].values.tolist() == list(range(6)) * 10
    assert dataset["repeat"].values.tolist() == np.repeat(np.arange(10), 6).tolist()
    assert dataset["block"].values.tolist() == [0] * 30 + [1] * 30
    step = np.diff(dataset["start_time"].values)
    assert step[29] == 600.5
    np.testing.assert_allclose(np.delete(step, 29), 0.5)
    assert dataset["stimulus"].values[0] == "movie"
    assert dataset["population"].values.tolist() == ["VISp"] * 20 + ["VISl"] * 20
    assert dataset.attrs["kind"] == "synthetic"
    assert dataset.attrs["subject"] == "mouse-a"
    assert '"seed": 11' in dataset.attrs["parameters"]


def test_same_seed_same_bits_other_seed_others():
    knobs = {"rate_drift": 0.5, "burstiness": 0.2, "refractory_period": 0.002, "unit_loss": 0.2}
    one, two, other = (record(options(**knobs), "mouse.movie", seed) for seed in (1, 1, 2))
    assert one.identical(two)
    assert one["spike_time"].shape != other["spike_time"].shape


SHARES = st.sampled_from([0.0, 0.3, 1.0])


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            **{name: st.integers(1, 3) for name in ("segments", "blocks", "repeats", "events")},
            **{
                f"{what}_drift{when}": SHARES
                for what in ("rate", "event_time", "event_gain")
                for when in ("", "_within")
            },
            **dict.fromkeys(("flat_share", "unit_share", "unit_loss", "background"), SHARES),
            **dict.fromkeys(("state_gain", "state_background", "gain", "rate_spread"), SHARES),
            "units": st.integers(1, 5),
            "populations": st.sampled_from([("V1",), ("a", "b", "c")]),
            "segment_duration": st.sampled_from([0.05, 1.0]),
            "burstiness": st.sampled_from([0.0, 0.5]),
            "refractory_period": st.sampled_from([0.0, 0.002]),
            "mean_rate": st.sampled_from([0.01, 10.0, 300.0]),
            "flat_code": st.booleans(),
        }
    ),
    st.integers(0, 2**40),
)
def test_any_options_give_a_sound_recording(chosen, seed):
    dataset = record(SyntheticOptions(**chosen), "mouse.movie", seed)
    trials.check(dataset)
    assert dataset.sizes["trial"] == chosen["segments"] * chosen["blocks"] * chosen["repeats"]


@pytest.mark.parametrize(
    "bad", [{"rate_drift": 1.1}, {"units": 0}, {"gain": -1}, {"rate_drif": 0.1}, {"burstiness": 1}]
)
def test_options_out_of_bounds_are_refused(bad):
    with pytest.raises(ValidationError):
        SyntheticOptions(**bad)
