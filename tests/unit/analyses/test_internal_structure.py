"""Internal structures against numpy and scipy, and what must move them."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import pearsonr, spearmanr

from spikedrift import trials
from spikedrift.analyses import internal_structure as inner
from spikedrift.analyses.contract.analysis import analyze
from spikedrift.config.selections import Selection
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.responses import halves_of, responses_of
from spikedrift.drift.structures import compare, in_time_order, structure, triangle
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import apply

FAST = {"surrogates": 99, "bootstrap": 100, "orders": 199}


def made(**knobs) -> xr.Dataset:
    options = {"segments": 10, "repeats": 8, "units": 80, **knobs}
    return record(SyntheticOptions(**options), "made.movie", 2)


def table(dataset: xr.Dataset, **options):
    found = analyze(dataset, "internal_structure", {**FAST, **options}, 1)
    return found[["value", "low", "high", "p_value", "null"]].to_dataframe()


def swapped(dataset: xr.Dataset) -> xr.Dataset:
    """Units take each other's place after the first block: other carriers, the same structure."""
    first = trials.select(dataset, trials=dataset["block"].values == 0)
    order = np.random.default_rng(7).permutation(dataset.sizes["unit"])
    later = trials.select(dataset, trials=dataset["block"].values == 1, units=order)
    count = np.concatenate([first["spike_count"].values, later["spike_count"].values])
    time = np.concatenate([first["spike_time"].values, later["spike_time"].values])
    return dataset.drop_vars("spike_time").assign(
        spike_count=(("trial", "unit"), count), spike_time=("spike", time)
    )


def test_structures_against_corrcoef():
    rng = np.random.default_rng(1)
    first, second = rng.gamma(1.0, 1.0, (2, 6, 30))
    value = structure(first, second)
    both = np.corrcoef(first, second)[:6, 6:]
    np.testing.assert_allclose(value, (both + both.T) / 2, rtol=1e-10)
    np.testing.assert_allclose(structure(first, first), np.corrcoef(first), rtol=1e-10)


@pytest.mark.parametrize("separation", [1, 3])
@pytest.mark.parametrize("missing", [False, True])
def test_comparisons_against_scipy(separation, missing):
    rng = np.random.default_rng(2)
    pair = rng.normal(size=(2, 9, 9))
    pair = pair + np.swapaxes(pair, 1, 2)
    if missing:  # a segment without a response in the first
        pair[0, 4] = pair[0, :, 4] = np.nan
    rows = np.triu_indices(9, k=separation)
    one, two = pair[0][rows], pair[1][rows]
    known = np.isfinite(one)
    plain, ranked = (triangle(pair, separation, ranks=ranks) for ranks in (False, True))
    expected = pearsonr(one[known], two[known]).statistic
    assert compare(plain, plain)[0, 1] == pytest.approx(expected)
    if not missing:
        assert compare(ranked, ranked)[0, 1] == pytest.approx(spearmanr(one, two).statistic)


def test_partial_lag_takes_any_trend_with_distance_in_time():
    lag = np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(2, 12, 12))
    noise = noise + np.swapaxes(noise, 1, 2)
    smooth = noise + 30 * np.exp(-lag / 3)
    plain, partial = triangle(smooth), triangle(smooth, partial_lag=True)
    assert compare(plain, plain)[0, 1] > 0.9
    assert abs(compare(partial, partial)[0, 1]) < 0.3
    np.testing.assert_allclose(partial, triangle(noise, partial_lag=True), atol=1e-9)


def test_parts_of_halves_are_disjoint_and_cover_them():
    halves = halves_of(responses_of(Layout.of(made())))
    one, two = inner.parts_of(halves)
    assert not (one & two).any() and ((one | two) == halves.member).all()
    assert one.sum(axis=1).tolist() == two.sum(axis=1).tolist() == [2, 2, 2, 2]


def test_shared_trial_noise_enters_one_average_and_not_the_cross_repeat_form():
    """A factor common to all segments of a repeat makes segments alike within an average only."""
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(2000, 1)) * np.ones((1, 6))  # of a unit, the same in all segments
    other = rng.normal(size=(2000, 1)) * np.ones((1, 6))
    tuning = rng.normal(size=(2000, 6))
    one, two = (tuning + noise).T, (tuning + other).T
    off = np.triu_indices(6, 1)
    assert np.abs(structure(one, one)[off] - 0.5).max() < 0.06
    assert np.abs(structure(one, two)[off]).max() < 0.06


def test_units_that_swap_places_keep_the_structure():
    found = table(swapped(made(rate_spread=1.0)))
    assert found.value["structure.between_ratio"] > 0.9
    assert found.value["population_vector.between_ratio"] < 0.4
    assert found.low["ratio_difference"] > 0


def test_rate_drift_lowers_both_and_event_times_neither():
    none, rate, timing = made(), made(rate_drift=0.7), made(event_time_drift=1.0)
    still, moved, times = table(none), table(rate), table(timing)
    assert moved.p_value["structure.drop"] == 0.01
    assert moved.value["structure.between_ratio"] < 0.8
    for one in (still, times):
        assert one.p_value["structure.drop"] > 0.05
        assert abs(one.value["structure.between_ratio"] - 1) < 0.05
        assert abs(one.value["ratio_difference"]) < 0.05


def test_the_segments_of_movies_are_shifted_and_others_permuted():
    movie = made()
    rng = np.random.default_rng(4)
    start = movie["start_time"].values.reshape(-1, 10)
    mixed = movie.assign(start_time=("trial", rng.permuted(start, axis=1).ravel()))
    unknown = movie.assign(start_time=("trial", np.full(movie.sizes["trial"], np.nan)))
    assert in_time_order(movie) and in_time_order(unknown)
    assert not in_time_order(mixed)
    shifted, permuted = table(movie), table(mixed)
    assert shifted.p_value["structure.between_beyond_lag"] == pytest.approx(1 / 10)
    assert permuted.p_value["structure.between"] == 0.01
    assert "shifted" in shifted["null"]["structure.within_beyond_lag"]
    assert "permuted" in permuted["null"]["structure.within"]


def test_a_movie_that_lacks_a_trial_or_is_cut_short_is_still_one():
    movie = made(segment_duration=1.0)
    lacking = trials.select(movie, trials=np.delete(np.arange(movie.sizes["trial"]), 5))
    assert in_time_order(lacking)
    assert "structure.between_beyond_lag" in table(lacking).index
    assert in_time_order(apply(movie, Selection(name="early", duration=0.4)))
    apart = movie.assign(start_time=movie["start_time"] * 2)  # a pause after every segment
    assert not in_time_order(apart)


def test_few_segments_have_no_test_and_two_are_refused():
    found = table(made(segments=6))
    assert not found["null"]["structure.within"] and np.isnan(found.p_value["structure.within"])
    assert found.p_value["structure.drop"] > 0
    with pytest.raises(InputError, match="3 segments shown in every repeat"):
        table(made(segments=2))
    with pytest.raises(InputError, match="min_separation"):
        table(made(segments=4), min_separation=3)


@pytest.mark.slow
def test_smooth_responses_that_share_nothing_are_not_alike():
    """A movie redrawn between blocks: its test keeps its level (.1: one in ten shifts)."""
    p = []
    for seed in range(40):
        unrelated = SyntheticOptions(
            segments=10, repeats=4, units=40, rate_drift=1.0, segment_correlation=0.6
        )
        dataset = record(unrelated, "made.movie", seed)
        found = analyze(dataset, "internal_structure", {"surrogates": 19, "bootstrap": 100}, seed)
        p.append(float(found["p_value"].sel(statistic="structure.between_beyond_lag")))
    assert np.mean(np.array(p) <= 0.1) <= 0.2


def test_distance_of_sessions_against_permuted_orders():
    days = made(blocks=6, rate_drift=0.25)
    days = days.assign(session=days["block"])
    found = table(days)
    name = "population_vector.lag_correlation"
    assert found.value[name] < -0.8 and found.p_value[name] <= 0.02
    still = table(made(blocks=6).pipe(lambda d: d.assign(session=d["block"])))
    assert still.p_value[name] > 0.02
    assert name not in table(made(blocks=3)).index


def test_units_lost_on_a_day_are_left_out_and_too_few_are_refused():
    found = analyze(made(unit_loss=0.25), "internal_structure", FAST)
    assert int(found["n"].sel(statistic="structure.within")) == 60
    with pytest.raises(InputError, match="units observed in all trials"):
        analyze(made(unit_loss=0.97), "internal_structure", FAST)
    with pytest.raises(InputError, match="form: averaged"):
        analyze(made(repeats=3), "internal_structure", FAST)
    assert table(made(repeats=3), form="averaged").value["structure.within"] > 0.5


def test_same_seed_same_bits():
    first, again, other = (analyze(made(), "internal_structure", FAST, seed) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not first["low"].equals(other["low"])
