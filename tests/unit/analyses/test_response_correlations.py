"""Response correlations against numpy and scipy, and where they must move."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from spikedrift.analyses import response_correlations as rc
from spikedrift.analyses.contract.analysis import analyze
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.correlations import MEASURES, correlations
from spikedrift.drift.responses import halves_of, responses_of
from spikedrift.similarity.matrix import similarity
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout

SMALL = {"segments": 6, "repeats": 6, "units": 60}


def table(**knobs):
    made = record(SyntheticOptions(**{**SMALL, **knobs}), "made.movie", 2)
    found = analyze(made, "response_correlations", {"surrogates": 99, "bootstrap": 100}, 1)
    return found[["value", "low", "high", "p_value"]].to_dataframe()


def random_table(missing: float):
    rng = np.random.default_rng(3)
    rate = rng.gamma(1.0, 2.0, (5, 7, 20))
    rate[0, :, 3] = 0.0  # silent throughout one repeat: no tuning there
    observed = rng.random(rate.shape) >= missing
    return np.where(observed, rate, 0.0), observed


def scipy_or_nan(a, b, least):
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < least or np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return np.nan
    return pearsonr(a[both], b[both]).statistic


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_against_scipy_pair_by_pair(missing):
    rate, observed = random_table(missing)
    x = np.where(observed, rate, np.nan)
    found = correlations(rate, observed, "median", 5)
    mean = correlations(rate, observed, "mean", 5)
    for r in range(5):
        for s in range(5):
            vector = [scipy_or_nan(x[r, t], x[s, t], 5) for t in range(7)]
            both = np.isfinite(x[r]) & np.isfinite(x[s])
            rates = [np.nanmean(np.where(both, x[k], np.nan), axis=0) for k in (r, s)]
            tuning = [scipy_or_nan(x[r, :, u], x[s, :, u], 3) for u in range(20)]
            expected = [np.nanmean(vector), scipy_or_nan(*rates, 5), np.nanmedian(tuning)]
            np.testing.assert_allclose(found[:, r, s], expected, rtol=1e-9)
            np.testing.assert_allclose(mean[2, r, s], np.nanmean(tuning), rtol=1e-9)


def test_agrees_with_the_similarity_measures():
    made = record(SyntheticOptions(**SMALL, rate_drift=0.3), "made.movie", 2)
    found = analyze(made, "response_correlations", {"surrogates": 19, "bootstrap": 100})
    for name, measure in (
        ("population_vector", "population_vector"),
        ("ensemble_rate", "rate_correlation"),
    ):
        np.testing.assert_allclose(
            found["repeat_value"].sel(measure=name),
            similarity(made, measure)["repeat_value"],
            rtol=1e-10,
        )


def test_halves_are_of_equal_size_unless_the_published_ones_are_asked_for():
    made = responses_of(
        Layout.of(record(SyntheticOptions(**{**SMALL, "repeats": 5}), "made.movie", 2))
    )
    equal, published = halves_of(made), halves_of(made, unequal=True)
    assert equal.member.sum(axis=1).tolist() == [2, 2, 2, 2]
    assert published.member.sum(axis=1).tolist() == [2, 3, 2, 3]
    assert np.flatnonzero(published.member[3]).tolist() == [7, 8, 9]
    assert sorted(equal.relation.tolist()) == ["between"] * 4 + ["within"] * 2


def test_sessions_are_proximal_or_distal_and_take_units_active_in_both_halves():
    made = record(SyntheticOptions(**SMALL, blocks=3, rate_drift=0.3), "made.movie", 2)
    days = made.assign(session=made["block"])
    count = days["spike_count"].values.copy()
    silent = np.ix_(np.flatnonzero(days["session"].values == 1), np.arange(10))
    count[silent] = 0
    # The times are not read; counts must add up to them.
    time = np.concatenate([np.linspace(0, 0.9, n) for n in count.ravel() if n])
    days = days.drop_vars("spike_time").assign(
        spike_count=(("trial", "unit"), count), spike_time=("spike", time)
    )
    found = analyze(days, "response_correlations", {"surrogates": 19, "bootstrap": 100})
    assert found["relation"].values.tolist() == ["within", "proximal", "distal"]
    responses = responses_of(Layout.of(days))
    mean = responses.averaged(halves_of(responses).member)[0].mean(axis=1)  # halves x units
    pairs = {"within": [], "proximal": [], "distal": []}
    for a in range(6):
        for b in range(a + 1, 6):
            both = (mean[a] > 0) & (mean[b] > 0)
            name = ("within", "proximal", "distal")[b // 2 - a // 2]
            pairs[name].append(np.corrcoef(mean[a, both], mean[b, both])[0, 1])
    for name, values in pairs.items():
        one = found["half_value"].sel(measure="ensemble_rate", relation=name)
        np.testing.assert_allclose(one, np.mean(values), rtol=1e-9)
    drop = found["value"].sel(statistic="population_vector.drop_distal")
    assert float(drop) > 0.02


def test_only_rates_move_them_and_no_drift_is_not_seen():
    none, rate, timing = table(), table(rate_drift=0.5), table(event_time_drift=1.0)
    within = table(rate_drift_within=0.5)
    for measure in MEASURES:
        drop, slope = f"{measure}.drop", f"{measure}.slope"
        assert rate.p_value[drop] == 0.01 and rate.value[drop] > 0.03
        assert rate.low[drop] > 0
        assert within.p_value[slope] == 0.01
        for still in (none, timing):
            assert still.p_value[drop] > 0.05 and still.p_value[slope] > 0.05
    # As published: rates are kept best, tuning worst.
    between = [rate.value[f"{m}.between"] for m in ("ensemble_rate", "population_vector")]
    assert between[0] > between[1]


def test_gain_moves_the_activity_difference_to_its_closed_form():
    made = record(
        SyntheticOptions(**{**SMALL, "repeats": 20}, gain=3.0, mean_rate=20.0), "made.movie", 2
    )
    found = analyze(made, "response_correlations", {"surrogates": 99, "bootstrap": 100}, 1)
    one = found.sel(statistic="activity_difference.between")
    assert float(one["value"]) == pytest.approx((3 - 1) / (3 + 1), abs=0.01)
    assert float(one["p_value"]) == 0.02
    assert abs(float(found["value"].sel(statistic="activity_difference.within"))) < 0.02


def test_the_adaptation_control_leaves_falling_units_out():
    made = record(SyntheticOptions(**{**SMALL, "repeats": 8}), "made.movie", 2)
    late = made["repeat"].values % 8 >= 4
    count = made["spike_count"].values.copy()
    count[np.ix_(late, np.arange(20))] //= 4
    time = np.concatenate([np.linspace(0, 0.9, n) for n in count.ravel() if n])
    made = made.drop_vars("spike_time").assign(
        spike_count=(("trial", "unit"), count), spike_time=("spike", time)
    )
    falling = rc.falling_units(responses_of(Layout.of(made)), 0.05)
    assert falling[:20].mean() > 0.85 and falling[20:].mean() < 0.15
    options = {"surrogates": 19, "bootstrap": 100, "adaptation": 0.05}
    found = analyze(made, "response_correlations", options)
    assert found.sizes["unit_index"] == int((~falling).sum())


def test_two_segments_have_no_tuning_and_one_block_no_drop():
    two, one = table(segments=2), table(blocks=1, repeats=8)
    assert "population_vector.drop" in two.index and "tuning_curve.drop" not in two.index
    assert "population_vector.slope" in one.index and "population_vector.drop" not in one.index


def test_missing_units_are_not_silent():
    # Units that are lost after the first block would make a silent half-empty population.
    lost = table(unit_loss=0.3)
    for measure in MEASURES:
        assert abs(lost.value[f"{measure}.drop"]) < 0.02
        assert lost.p_value[f"{measure}.drop"] > 0.01


def test_same_seed_same_bits():
    made = record(SyntheticOptions(**SMALL), "made.movie", 2)
    options = {"surrogates": 19, "bootstrap": 100}
    first, again, other = (
        analyze(made, "response_correlations", options, seed) for seed in (1, 1, 2)
    )
    assert first.identical(again)
    assert not first["null_mean"].equals(other["null_mean"])


def test_too_few_units_left_is_said():
    made = record(SyntheticOptions(**SMALL), "made.movie", 2)
    with pytest.raises(InputError, match="adaptation"):
        analyze(made, "response_correlations", {"adaptation": 0.99999, "min_shared": 59})
