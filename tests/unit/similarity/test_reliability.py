"""Reliability of units against numpy and a closed form, and what selecting by it does."""

import numpy as np
import pytest
from scipy import stats

from spikedrift.config.selections import Selection
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.rate import rate_dissimilarity
from spikedrift.drift.pairs import index_pairs
from spikedrift.similarity.reliability import unit_reliability
from spikedrift.sources.synthetic import record
from spikedrift.spikes import selections
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select


def grid(n_repeats, n_segments):
    repeat, segment = np.divmod(np.arange(n_repeats * n_segments), n_segments)
    return repeat, segment


def test_against_corrcoef_whatever_the_order_of_trials():
    rng = np.random.default_rng(1)
    repeat, segment = grid(5, 8)
    counts = rng.poisson(rng.gamma(1.0, 3.0, (8, 6))[segment])
    expected = [
        np.corrcoef(counts[:, unit].reshape(5, 8))[np.triu_indices(5, k=1)].mean()
        for unit in range(6)
    ]
    order = rng.permutation(40)
    found = unit_reliability(
        counts[order], np.ones(counts.shape, bool), repeat[order], segment[order]
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_against_scipy_where_trials_are_missing():
    rng = np.random.default_rng(2)
    repeat, segment = grid(6, 7)
    counts = rng.poisson(rng.gamma(1.0, 3.0, (7, 4))[segment])
    observed = rng.random(counts.shape) > 0.35
    observed[:, 3] = False
    found = unit_reliability(np.where(observed, counts, 0), observed, repeat, segment)
    for unit in range(3):
        values = []
        for one in range(6):
            for two in range(one):
                x, y = (counts[repeat == k, unit] for k in (one, two))
                both = observed[repeat == one, unit] & observed[repeat == two, unit]
                if both.sum() < 3:
                    continue
                varies = min(np.ptp(x[both]), np.ptp(y[both])) > 0
                values.append(stats.pearsonr(x[both], y[both]).statistic if varies else 0.0)
        assert found[unit] == pytest.approx(np.mean(values), rel=1e-10)
    assert np.isnan(found[3])


def test_expectation_is_the_share_of_signal_variance():
    """Signal s and independent noise of variance v: reliability is var(s) / (var(s) + v)."""
    rng = np.random.default_rng(3)
    repeat, segment = grid(40, 200)
    signal = rng.standard_normal((200, 3))
    noise = np.array([0.5, 1.0, 3.0])
    response = signal[segment] + np.sqrt(noise) * rng.standard_normal((8000, 3))
    found = unit_reliability(response, np.ones(response.shape, bool), repeat, segment)
    np.testing.assert_allclose(found, 1 / (1 + noise), atol=0.06)


def test_a_unit_that_spikes_in_two_repeats_is_not_reliable():
    repeat, segment = grid(10, 5)
    counts = np.zeros((50, 1), int)
    counts[[2, 7], 0] = 1  # the same segment of the first two repeats
    found = unit_reliability(counts, np.ones((50, 1), bool), repeat, segment)
    assert found[0] == pytest.approx(1 / 45)


BASE = {"segments": 8, "repeats": 6, "units": 120, "mean_rate": 3.0, "unit_share": 0.9}


def step(dataset, seed):
    """Dissimilarity between blocks less that within, over pairs of trials of one segment."""
    pairs = index_pairs(Layout.of(dataset), 4000, np.random.default_rng(seed))
    value, _ = rate_dissimilarity(
        dataset["spike_count"].values, dataset["observed"].values, pairs.first, pairs.second, 5
    )
    inside = [value[pairs.block == b].mean() for b in (0, 1)]
    return value[pairs.block < 0].mean() - np.mean(inside)


def test_judging_by_what_is_tested_passes_for_drift_and_held_out_repeats_do_not():
    """No drift. Units chosen by the noise of block 1 are more alike within it than elsewhere."""
    steps = {}
    for held_out in (True, False):
        chosen = Selection(name="a", reliability={"min": 0.15, "held_out": held_out}, min_units=8)
        steps[held_out] = [
            step(selections.apply(record(SyntheticOptions(**BASE), "a.movie", seed), chosen), seed)
            for seed in range(20)
        ]
    biased, held = (stats.ttest_1samp(steps[key], 0) for key in (False, True))
    assert biased.statistic > 4 and np.mean(steps[False]) > 3 * abs(np.mean(steps[True]))
    assert abs(held.statistic) < 2.5


def test_judging_repeats_are_those_before_and_units_are_those_that_numpy_finds():
    made = record(SyntheticOptions(**BASE), "a.movie", 1)
    out = selections.apply(made, Selection(name="a", reliability={"min": 0.1}))
    assert sorted(set(out["repeat"].values)) == list(range(3, 12))
    counts = made["spike_count"].values.reshape(12, 8, 120)[:3]
    with np.errstate(invalid="ignore"):
        pairs = [np.corrcoef(counts[:, :, u])[np.triu_indices(3, k=1)] for u in range(120)]
    kept = np.nan_to_num(np.array(pairs)).mean(axis=1) >= 0.1
    assert 15 <= kept.sum() < 120
    np.testing.assert_array_equal(out["unit_id"], made["unit_id"].values[kept])
    same = selections.apply(made, Selection(name="a", reliability={"min": 0.1, "held_out": False}))
    assert same.sizes["trial"] == made.sizes["trial"]


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (lambda d: d["segment"].values < 2, "two repeats of 3 segments .* leaves 3 of 2"),
        (lambda d: np.isin(d["repeat"].values, [0, 7, 8]), "leaves 1 of 8"),
    ],
)
def test_what_cannot_judge_is_refused_in_one_line(keep, said):
    made = record(SyntheticOptions(**BASE), "a.movie", 1)
    with pytest.raises(InputError, match=said) as raised:
        selections.apply(
            select(made, trials=keep(made)), Selection(name="a", reliability={"min": 0})
        )
    assert "\n" not in str(raised.value) and "a.movie" in str(raised.value)
