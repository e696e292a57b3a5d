import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.drift import IndexOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.anchored.rate import permuted_counts, rate_dissimilarity, rate_index
from spikedrift.drift.anchored.test import ratio_of, read_means
from spikedrift.drift.anchored.trial_sums import SETS, correlation_sums, pair_counts, sets_of
from spikedrift.drift.pairs import compared_pairs, discrimination, index_pairs
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout

OPTIONS = IndexOptions(surrogates=39, gate_surrogates=39, thinnings=3)


def recording(seed=0, **knobs):
    options = {"segments": 5, "repeats": 5, "units": 50, **knobs}
    return record(SyntheticOptions(**options), "test.movie", seed)


def test_dissimilarity_is_one_minus_pearson_over_shared_units():
    rng = np.random.default_rng(0)
    count = rng.poisson(3.0, (6, 20))
    observed = rng.random((6, 20)) < 0.8
    count = count * observed
    first, second = np.triu_indices(6, k=1)
    value, shared = rate_dissimilarity(count, observed, first, second, 3)
    for k, (i, j) in enumerate(zip(first, second, strict=True)):
        both = observed[i] & observed[j]
        expected = 1 - np.corrcoef(np.sqrt(count[i, both]), np.sqrt(count[j, both]))[0, 1]
        assert value[k] == pytest.approx(expected, rel=1e-9)
        assert shared[k] == both.sum()


def test_dissimilarity_is_undefined_without_variance_or_units():
    count = np.array([[1, 2, 3, 4], [2, 2, 2, 2], [4, 3, 2, 1]])
    observed = np.ones((3, 4), bool)
    value, _ = rate_dissimilarity(count, observed, np.array([0, 0]), np.array([1, 2]), 2)
    assert np.isnan(value[0])
    assert np.isfinite(value[1])
    value, _ = rate_dissimilarity(count, observed, np.array([0]), np.array([2]), 5)
    assert np.isnan(value[0])


def test_permuted_counts_stay_with_unit_group_and_observed_trials():
    rng = np.random.default_rng(0)
    count = np.arange(60).reshape(12, 5)
    observed = rng.random((12, 5)) < 0.7
    count = count * observed
    group = np.repeat([0, 1], 6)
    out = permuted_counts(count, observed, group, rng)
    assert not out[~observed].any()
    assert not np.array_equal(out, count)
    for g in (0, 1):
        for unit in range(5):
            here = (group == g) & observed[:, unit]
            assert sorted(out[here, unit]) == sorted(count[here, unit])


def naive(dataset, response, min_shared):
    """Sums of correlations pair by pair: each (a, b) with the mean over all others of b's repeat.

    Also the number of pairs of one segment, and the shared units of all pairs.
    """
    layout = Layout.of(dataset)
    segment, block, repeat = layout.segment, layout.block, layout.repeat
    seen = dataset["observed"].values
    n, blocks = segment.size, block.max() + 1
    total, weight, pairs = np.zeros((2, blocks, blocks)), np.zeros((2, blocks, blocks)), 0

    def add(kind, a, o, share):
        both = seen[a] & seen[o]
        if both.sum() >= min_shared and np.ptp(response[a, both]) and np.ptp(response[o, both]):
            where = (kind, *sorted((block[a], block[o])))
            total[where] += share * np.corrcoef(response[a, both], response[o, both])[0, 1]
            weight[where] += share

    for a in range(n):
        for b in np.flatnonzero((segment == segment[a]) & (repeat != repeat[a])):
            others = np.flatnonzero((repeat == repeat[b]) & (segment != segment[a]))
            if others.size:
                pairs += 1
                add(0, a, b, 1.0)
                for o in others:
                    add(1, a, o, 1.0 / others.size)
    return total, weight, pairs


@pytest.mark.parametrize("missing", ["none", "block", "trials", "repeats"])
def test_sums_over_trials_are_sums_over_pairs(missing):
    dataset = recording(segments=3, repeats=3, units=12, blocks=3, mean_rate=2.0)
    if missing == "block":
        dataset["observed"].values &= (dataset["block"].values > 0)[:, None] | (np.arange(12) < 9)
    if missing == "trials":
        some = np.random.default_rng(0).permutation(27)[:8]
        dataset["observed"].values[some, 3:7] = False
    if missing == "repeats":
        # Segments that some repeats lack, and a repeat of a single segment.
        dataset = dataset.isel(trial=np.setdiff1d(np.arange(27), [1, 4, 9, 10, 20]))
    dataset = dataset.copy()
    response = np.sqrt(dataset["spike_count"].values * dataset["observed"].values)
    response[2] = 1.0  # a trial that does not vary over units
    layout = sets_of(Layout.of(dataset))
    total, weight, every, _ = correlation_sums(layout, response, 3)
    expected, expected_weight, pairs = naive(dataset, response, 3)
    np.testing.assert_allclose(total, expected, atol=1e-12)
    np.testing.assert_allclose(weight, expected_weight, atol=1e-12)
    assert every[0].sum() == pytest.approx(pairs)
    assert every[1].sum() == pytest.approx(pairs)
    if missing != "repeats":
        assert 2 * pair_counts(layout).sum() == pairs


def test_all_pairs_compared_one_by_one_say_the_same():
    dataset = recording(segments=4, repeats=3, units=20)
    counts, observed = dataset["spike_count"].values, dataset["observed"].values
    pairs = compared_pairs(Layout.of(dataset), 1000, 1000, np.random.default_rng(0))
    value, _ = rate_dissimilarity(counts, observed, pairs.first, pairs.second, 3)
    total, weight = pairs.sums(value)
    together, n, _, _ = correlation_sums(sets_of(Layout.of(dataset)), np.sqrt(counts), 3)
    here = weight > 0
    np.testing.assert_array_equal(here, n > 0)
    np.testing.assert_allclose(
        (total[here] / weight[here]), 1 - together[here] / n[here], rtol=1e-9
    )
    # Every pair of different segments comes once.
    far = np.flatnonzero(pairs.weight < 1)
    once = {tuple(sorted(pair)) for pair in zip(pairs.first[far], pairs.second[far], strict=True)}
    assert len(once) == far.size == 24 * 23 // 2 - 4 * 15 - 6 * 6


def test_units_that_come_and_go_by_trial_are_compared_pair_by_pair():
    dataset = recording(rate_drift=1.0)
    seen, silent = dataset["observed"].values, dataset["spike_count"].values == 0
    seen[silent] = np.random.default_rng(0).random(silent.sum()) < 0.5
    assert len(np.unique(seen, axis=0)) > SETS
    assert sets_of(Layout.of(dataset)) is None
    out = rate_index(Layout.of(dataset), OPTIONS, 0)
    assert out.index == pytest.approx(1.0, abs=0.15)
    assert out.index_ratio == pytest.approx(1.0, abs=0.2)


def test_ratio_of_deltas():
    """Published form of Delta by hand; more than two blocks by means over their pairs."""
    assert ratio_of(np.array([[0.4, 0.3], [0, 0.9]])) == pytest.approx(1 - 0.3 / 0.6)
    three = np.array([[1.0, 0.5, 0.2], [0, 4.0, 1.0], [0, 0, 0.25]])
    assert ratio_of(three) == pytest.approx(1 - (0.5 + 0.2 + 1.0) / (2 + 0.5 + 1))
    redrawn = np.array([[0, 0.1], [0, 0]])
    assert ratio_of(np.array([[0.4, 0.1], [0, 0.9]]), redrawn) == pytest.approx(1.0)
    assert np.isnan(ratio_of(np.array([[0.4, 0.3], [0, -0.1]])))
    assert np.isnan(ratio_of(np.empty((0, 0))))


@pytest.mark.parametrize(
    ("knobs", "published"),
    [({"unit_state": 0.3}, 0.035), ({"depth": 0.5}, 0.15), ({"depth": 2.0}, 0.15)],
    ids=["slow state of units", "depth x .5", "depth x 2"],
)
@pytest.mark.slow
def test_the_ratio_form_is_near_0_where_the_published_one_is_not(knobs, published):
    """No drift in any of these; means over 8 recordings, standard errors below .005."""
    size = {"segments": 8, "repeats": 10, "units": 60}
    found = [
        rate_index(Layout.of(recording(seed, **size, **knobs)), OPTIONS, seed) for seed in range(8)
    ]
    assert np.mean([one.index for one in found]) > published
    assert abs(np.mean([one.index_ratio for one in found])) < 0.02


def test_the_ratio_form_reads_a_redraw_and_its_test_sees_it():
    out = rate_index(Layout.of(recording(rate_drift=1.0)), OPTIONS, 0)
    assert out.index_ratio == pytest.approx(1.0, abs=0.2)
    assert out.ratio_p_value == 1 / 40


def test_all_pairs_are_more_precise_than_some():
    """Null of the exchange: all pairs and all others against random pairs with one other each."""
    dataset = recording(segments=8, repeats=6, units=40)
    counts, observed = dataset["spike_count"].values, dataset["observed"].values
    segment = Layout.of(dataset).segment
    pairs = index_pairs(Layout.of(dataset), 1000, np.random.default_rng(0))
    n, layout = pairs.first.size, sets_of(Layout.of(dataset))
    first = np.concatenate([pairs.first, pairs.first])
    second = np.concatenate([pairs.second, pairs.other])
    some, every = [], []
    rng = np.random.default_rng(1)
    for _ in range(60):
        drawn = permuted_counts(counts, observed, segment, rng)
        value, _ = rate_dissimilarity(drawn, observed, first, second, 3)
        within, between = discrimination(value[:n], value[n:], pairs.block)
        some.append((within - between) / within)
        total, weight, of_all, shared = correlation_sums(layout, np.sqrt(drawn), 3)
        every.append(read_means(weight - total, weight, of_all, shared).index)
    assert np.std(every) < 0.8 * np.std(some)


def test_redrawn_rates_read_one_and_are_seen():
    out = rate_index(Layout.of(recording(rate_drift=1.0)), OPTIONS, 0)
    assert out.no_index == ""
    assert out.index == pytest.approx(1.0, abs=0.15)
    assert out.p_value == 1 / 40


def test_half_redrawn_rates_read_in_between():
    out = rate_index(Layout.of(recording(rate_drift=0.5)), OPTIONS, 0)
    assert 0.3 < out.index < 0.9
    assert out.p_value == 1 / 40


@pytest.mark.parametrize(
    "knobs", [{}, {"gain": 1.5}, {"event_time_drift": 1.0}], ids=["none", "gain", "timing"]
)
def test_what_is_not_rate_drift_reads_zero(knobs):
    out = rate_index(Layout.of(recording(seed=1, **knobs)), OPTIONS, 0)
    assert out.index == pytest.approx(0.0, abs=0.06)


def test_gain_matching_lets_unit_gains_through():
    """A gain that differs between units is rate drift, and stays."""
    dataset = recording()
    count = dataset["spike_count"].values
    later = dataset["block"].values > 0
    silenced = later[:, None] & (np.arange(50) < 20)
    trial, unit = trials.spike_cells(dataset)
    changed = dataset.isel(spike=~silenced[trial, unit])
    changed["spike_count"] = (("trial", "unit"), np.where(silenced, 0, count))
    assert rate_index(Layout.of(changed), OPTIONS, 0).p_value == 1 / 40


def test_one_rate_for_all_segments_shuts_the_gate():
    out = rate_index(Layout.of(recording(seed=1, unit_share=1.0)), OPTIONS, 1)
    assert "no rate code" in out.no_index
    assert np.isnan([out.index, out.index_raw, out.p_value]).all()


def test_seed_decides():
    dataset = recording(rate_drift=0.1)
    first, again, other = (rate_index(Layout.of(dataset), OPTIONS, seed) for seed in (0, 0, 1))
    assert first.index == again.index != other.index
    np.testing.assert_array_equal(first.null, again.null)


def test_missing_units_are_left_out():
    out = rate_index(Layout.of(recording(unit_loss=0.2)), OPTIONS, 0)
    assert out.index == pytest.approx(0.0, abs=0.06)
    assert out.reading.shared == 40
