"""Timing controls against the similarity matrix, and what rate and timing do to them."""

import numpy as np
import pytest

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.timing_controls import slower_first_block
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.timing import timing_dissimilarity
from spikedrift.drift.pairs import index_pairs
from spikedrift.similarity.matrix import similarity
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select

BASE = {"segments": 6, "repeats": 6, "units": 60}
OPTIONS = {"surrogates": 39, "draws": 5}


def recording(seed=2, **knobs):
    return record(SyntheticOptions(**{**BASE, **knobs}), "made.movie", seed)


def controls(seed=2, **knobs):
    return analyze(recording(seed, **knobs), "timing_controls", OPTIONS, 1)


def value(out, name):
    return float(out["value"].sel(statistic=name))


def test_raw_is_what_the_similarity_matrix_says():
    made = recording(segments=3, repeats=4)
    out = analyze(made, "timing_controls", OPTIONS, 0)
    matrix = similarity(made, "spikeship", {"min_shared": 5})["value"].values
    segment, block = made["segment"].values, made["block"].values
    repeat = made["repeat"].values
    upper = np.triu(np.equal.outer(segment, segment), 1)
    means = [
        matrix[upper & np.equal.outer(block == b, block == b) & (block == b)].mean() for b in (0, 1)
    ]
    between = matrix[upper & ~np.equal.outer(block, block)].mean()
    raw = out.sel(surrogate_name="raw")
    np.testing.assert_allclose(raw["level_by_block"], means, rtol=1e-10)
    assert value(out, "raw_between_minus_within") == pytest.approx(between - np.mean(means))
    lag = np.abs(np.subtract.outer(repeat, repeat))
    far = upper & (lag == 5)  # between blocks only: blocks of four repeats
    assert float(raw["curve"].sel(relation="between", lag=5)) == pytest.approx(matrix[far].mean())
    assert int(out["pairs_at_lag"].sum()) == upper.sum()


def test_rate_alone_moves_the_raw_step_and_its_null():
    """The bias: no spike time moved, and the raw step is there; the exchange null has it too."""
    out = controls(rate_drift=1.0)
    raw = out.sel(statistic="raw_between_minus_within")
    assert float(raw["value"]) > 0 and float(raw["null_low"]) > 0
    assert float(raw["p_value"]) > 0.05
    assert abs(value(out, "thinned_between_minus_within")) < 0.35 * float(raw["value"])


def test_redrawn_times_move_the_step_beyond_its_null():
    out = controls(event_time_drift=1.0)
    raw = out.sel(statistic="raw_between_minus_within")
    assert float(raw["p_value"]) == 1 / 40
    assert value(out, "jitter.excess_within") > 0
    for name in ("jitter", "poisson"):
        assert value(out, f"{name}.excess_within") - value(out, f"{name}.excess_between") == (
            pytest.approx(value(out, f"{name}.excess_drop"))
        )
    # Structure finer than the window, which jitter takes away within blocks, is lost between them.
    assert value(out, "jitter.excess_drop") > 0.5 * value(out, "jitter.excess_within")


def test_no_drift_is_seen_by_none():
    out = controls()
    raw = out.sel(statistic="raw_between_minus_within")
    assert float(raw["p_value"]) > 0.05
    assert abs(value(out, "jitter.excess_drop")) < 0.2 * value(out, "jitter.excess_within")


def test_the_poisson_profile_of_few_repeats_is_too_alike_within_blocks():
    few, many = (controls(repeats=repeats, segments=3) for repeats in (4, 24))
    excess = [value(out, "poisson.excess_within") for out in (few, many)]
    assert excess[0] < 0 and abs(excess[1]) < 0.5 * abs(excess[0])


def test_a_flat_code_has_no_excess():
    out = controls(flat_code=True)
    within = float(out["level"].sel(surrogate_name="raw", relation="within"))
    for name in ("jitter", "shuffle"):
        assert abs(value(out, f"{name}.excess_within")) < 0.01 * within


def test_the_rate_control_changes_counts_and_no_profile():
    spikes = Layout.of(recording()).spikes
    out = slower_first_block(spikes, np.random.default_rng(0), 1.5)
    first, second = (out.counts[out.block == b].sum() for b in (0, 1))
    before = [spikes.counts[spikes.block == b].sum() for b in (0, 1)]
    assert second == before[1]
    assert first == pytest.approx(before[0] / 1.5, rel=0.05)
    pairs = index_pairs(Layout.of(recording()), 2000, np.random.default_rng(0))
    by_block = [
        np.nanmean(timing_dissimilarity(out, pairs.first, pairs.second, 5)[0][pairs.block == b])
        for b in (0, 1)
    ]  # more spikes, smaller distances
    assert by_block[0] > 1.05 * by_block[1]


def test_units_recorded_apart_are_not_shuffled():
    made = recording(segments=3, repeats=3)
    out = analyze(made.assign_attrs(pseudo_population=1), "timing_controls", OPTIONS)
    assert "shuffle" not in out["surrogate_name"].values
    assert not [name for name in out["statistic"].values if "shuffle" in str(name)]


def test_silent_units_are_reported_as_missing_pairs():
    out = controls(mean_rate=0.3, units=20)
    assert value(out, "missing") > 0.3
    assert value(out, "shared_units") < 5


def test_wrong_use_is_refused_in_one_line():
    made = recording(segments=3, repeats=3)
    for changed, said in (
        (made.assign(event_amplitude=made["spike_time"]), "needs spike times"),
        (select(made, trials=made["block"].values == 0), "needs two blocks"),
        (select(made, trials=made["segment"].values == 0), "needs two segments"),
    ):
        with pytest.raises(InputError, match=said) as raised:
            analyze(changed, "timing_controls", OPTIONS)
        assert "\n" not in str(raised.value)


def test_same_seed_same_bits():
    made = recording(segments=3, repeats=3, units=20)
    first, again, other = (analyze(made, "timing_controls", OPTIONS, seed) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not first["level_draws"].equals(other["level_draws"])
