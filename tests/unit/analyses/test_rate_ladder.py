"""Rate ladder against numpy, against the rate index that it generalizes, and known truths."""

import numpy as np
import pytest

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.rate_ladder import binned, common_units, rung_reading
from spikedrift.config.drift import IndexOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.rate import rate_index
from spikedrift.drift.anchored.timing import timing_index
from spikedrift.drift.pairs import index_pairs
from spikedrift.similarity.correlation import activity, pearson_pairs
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.thinning import match_gain
from spikedrift.trials import select

BASE = {"segments": 6, "repeats": 6, "units": 60}
OPTIONS = {"surrogates": 19, "gate_surrogates": 19, "thinnings": 3, "bins": [0.5, 0.05]}


def recording(seed=2, **knobs):
    return record(SyntheticOptions(**{**BASE, **knobs}), "made.movie", seed)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_correlation_over_units_and_bins_is_that_of_the_flattened_response(missing):
    rng = np.random.default_rng(0)
    response, observed = rng.random((4, 9, 7)), rng.random((9, 7)) >= missing
    first, second = np.triu_indices(9, 1)
    value, n_shared = pearson_pairs(response, observed, first, second, 3)
    for k in range(first.size):
        both = observed[first[k]] & observed[second[k]]
        assert n_shared[k] == both.sum()
        if both.sum() >= 3:
            expected = np.corrcoef(
                response[:, first[k], both].ravel(), response[:, second[k], both].ravel()
            )[0, 1]
            assert value[k] == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(value[k])


def test_bins_are_those_of_the_rate_measures():
    made = recording(segments=2, repeats=2)
    np.testing.assert_array_equal(binned(Layout.of(made).spikes, 0.3), activity(made, 0.3))


def test_the_whole_trial_is_the_rate_index():
    made = recording(rate_drift=0.3)
    pairs = index_pairs(Layout.of(made), 1000, np.random.default_rng(0))
    spikes = Layout.of(made).spikes
    level = match_gain(spikes, np.random.default_rng(1))
    reading = rung_reading(binned(level, 1.0), spikes.observed, pairs, 5)
    options = IndexOptions(surrogates=19, gate_surrogates=19, thinnings=20)
    assert reading.index == pytest.approx(rate_index(Layout.of(made), options, 0).index, abs=0.05)
    ladder = analyze(made, "rate_ladder", OPTIONS, 0)["value"]
    assert float(ladder.sel(statistic="trial.index")) == pytest.approx(reading.index, abs=0.05)


def test_timing_is_the_timing_index():
    made = recording(event_time_drift=0.5)
    out = analyze(made, "rate_ladder", OPTIONS, 0)
    options = IndexOptions(surrogates=19, gate_surrogates=19, thinnings=3, max_pairs=2000)
    expected = timing_index(Layout.of(made), options, 0)
    assert float(out["value"].sel(statistic="timing.index_matched")) == expected.index
    assert float(out["p_value"].sel(statistic="timing.index")) == expected.p_value


@pytest.fixture(scope="module")
def found():
    """The ladder of each truth."""
    truths = {"none": {}, "rate": {"rate_drift": 1.0}, "timing": {"event_time_drift": 1.0}}
    return {
        name: analyze(recording(**knobs), "rate_ladder", OPTIONS, 1)
        for name, knobs in truths.items()
    }


@pytest.mark.slow
def test_each_truth_moves_its_own_rungs(found):
    fine = ("50ms.index", "timing.index")

    def value(truth, name):
        return float(found[truth]["value"].sel(statistic=name))

    def p(truth, name):
        return float(found[truth]["p_value"].sel(statistic=name))

    # Rates redrawn: counts say so; finer rungs read it too, and their null says it is counts.
    assert value("rate", "trial.index") > 0.9 and p("rate", "trial.index") == 0.05
    assert value("rate", "50ms.index") > 0.1
    for name in fine:
        assert p("rate", name) > 0.05
        assert abs(value("rate", f"{name}_matched")) < 0.12
    # Event times redrawn: counts do not see it.
    assert abs(value("timing", "trial.index")) < 0.1
    for name in fine:
        assert p("timing", name) == 0.05
        assert value("timing", f"{name}_matched") > 0.5
    for name in ("trial.index", *fine):
        assert p("none", name) > 0.05 and abs(value("none", name)) < 0.1


@pytest.mark.slow
def test_matching_lowers_the_index_of_wide_bins_as_its_null_says(found):
    for out in (found["none"], found["rate"]):
        assert "trial.index_matched" not in out["statistic"].values
        for name in ("500ms.index_matched", "50ms.index_matched"):
            one = out.sel(statistic=name)
            assert abs(float(one["value"]) - float(one["null_mean"])) < 0.06
            assert np.isnan(float(one["p_value"]))
        assert float(out["null_mean"].sel(statistic="500ms.index_matched")) < -0.03
    many = analyze(recording(repeats=20), "rate_ladder", OPTIONS, 1)
    assert abs(float(many["null_mean"].sel(statistic="500ms.index_matched"))) < 0.05


def test_a_flat_code_shuts_the_gates_of_the_fine_rungs():
    out = analyze(recording(flat_code=True), "rate_ladder", OPTIONS, 1)
    notes = dict(zip(out["rung"].values.tolist(), out["gate_note"].values.tolist(), strict=True))
    assert notes["trial"] == "" and "no " in notes["50ms"] and "no timing code" in notes["timing"]
    assert np.isnan(out["value"].sel(statistic=["50ms.index", "50ms.index_matched"])).all()


def test_rungs_and_common_units():
    made = recording(segments=3, repeats=3, mean_rate=0.5, segment_duration=0.4)
    spikes = Layout.of(made).spikes
    blocks, repeats = (common_units(spikes, name) for name in ("blocks", "repeats"))
    assert 0 < repeats.sum() < blocks.sum() < 60 and not (repeats & ~blocks).any()
    options = {**OPTIONS, "bins": [1.0, 0.4, 0.1], "common": "all"}
    assert analyze(made, "rate_ladder", options)["rung"].values.tolist() == [
        "trial", "100ms", "timing",
    ]  # fmt: skip


def test_wrong_use_is_refused_in_one_line():
    made = recording(segments=3, repeats=3, mean_rate=0.2, segment_duration=0.2)
    events = made.assign(event_amplitude=made["spike_time"])
    for changed, options, said in (
        (events, {}, "needs spike times"),
        (made, {"common": "repeats"}, "units spike in all repeats"),
        (select(made, trials=made["block"].values == 0), {}, "needs two blocks"),
    ):
        with pytest.raises(InputError, match=said) as raised:
            analyze(changed, "rate_ladder", {**OPTIONS, **options})
        assert "\n" not in str(raised.value)


def test_same_seed_same_bits():
    made = recording(segments=3, repeats=4, units=20)
    first, again, other = (analyze(made, "rate_ladder", OPTIONS, seed) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not first["null_rung"].equals(other["null_rung"])
