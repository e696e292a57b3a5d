import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.drift import IndexOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.rate_index import permuted_counts, rate_dissimilarity, rate_index
from spikedrift.sources.synthetic import record

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


def test_redrawn_rates_read_one_and_are_seen():
    out = rate_index(recording(rate_drift=1.0), OPTIONS, 0)
    assert out.shut == ""
    assert out.index == pytest.approx(1.0, abs=0.15)
    assert out.p_value == 1 / 40


def test_half_redrawn_rates_read_in_between():
    out = rate_index(recording(rate_drift=0.5), OPTIONS, 0)
    assert 0.3 < out.index < 0.9
    assert out.p_value == 1 / 40


@pytest.mark.parametrize(
    "knobs", [{}, {"gain": 1.5}, {"event_time_drift": 1.0}], ids=["none", "gain", "timing"]
)
def test_what_is_not_rate_drift_reads_zero(knobs):
    out = rate_index(recording(seed=1, **knobs), OPTIONS, 0)
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
    assert rate_index(changed, OPTIONS, 0).p_value == 1 / 40


def test_one_rate_for_all_segments_shuts_the_gate():
    out = rate_index(recording(unit_share=1.0), OPTIONS, 0)
    assert "no rate code" in out.shut
    assert np.isnan([out.index, out.index_raw, out.p_value]).all()


def test_seed_decides():
    dataset = recording(rate_drift=0.1)
    first, again, other = (rate_index(dataset, OPTIONS, seed) for seed in (0, 0, 1))
    assert first.index == again.index != other.index
    np.testing.assert_array_equal(first.null, again.null)


def test_missing_units_are_left_out():
    out = rate_index(recording(unit_loss=0.2), OPTIONS, 0)
    assert out.index == pytest.approx(0.0, abs=0.06)
    assert out.reading.shared == 40
