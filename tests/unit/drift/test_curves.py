import numpy as np
import pytest
import xarray as xr
from scipy import stats

from spikedrift import trials
from spikedrift.config.drift import CurveOptions
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.curve_statistics import STATISTICS, contrast, lag_curve
from spikedrift.drift.curves import curve_values, curves, reliabilities
from spikedrift.drift.pairs import discrimination, segment_pairs
from spikedrift.similarity.matrix import similarity
from spikedrift.sources.repeats import counted_through
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout

FEW = CurveOptions(bootstrap=20, halves=3)
MEASURES = ("spikeship", "rate_correlation", "population_vector")


def recording(**knobs):
    options = {"segments": 4, "repeats": 4, "units": 30, **knobs}
    return record(SyntheticOptions(**options), "test.movie", 3)


@pytest.fixture(scope="module")
def drifting():
    return recording(rate_drift=1.0, event_time_drift=1.0)


@pytest.mark.parametrize("measure", MEASURES)
def test_curve_is_the_mean_of_the_repeat_matrix_over_lags(drifting, measure):
    out = curves(drifting, MeasureEntry(measure=measure), FEW, 0)
    matrix = similarity(drifting, measure)["repeat_value"].values
    repeat = np.arange(8)
    lag = np.abs(repeat[:, None] - repeat)
    same = (repeat[:, None] // 4) == (repeat // 4)
    for k in out["lag"].values:
        for relation, part in (("within", same), ("between", ~same)):
            chosen = matrix[part & (lag == k)]
            value = out["value"].sel(relation=relation, lag=k).item()
            assert out["n_pairs"].sel(relation=relation, lag=k) == chosen.size / 2
            if chosen.size:
                assert value == pytest.approx(chosen.mean(), rel=1e-12)
            else:
                assert np.isnan(value)


@pytest.mark.parametrize("measure", MEASURES)
def test_drift_between_blocks_is_a_positive_step_whatever_the_kind(drifting, measure):
    out = curves(drifting, MeasureEntry(measure=measure), FEW, 0)
    for name in ("step", "rdi"):
        statistic = out.sel(statistic=name)
        assert 0 < statistic["statistic_low"] <= statistic["statistic_value"]
        assert statistic["statistic_value"] <= statistic["statistic_high"]
    told = out["statistic_value"].sel(statistic="discrimination").item()
    assert told > 3 * abs(out["statistic_value"].sel(statistic="discrimination_between").item())


def test_drift_within_blocks_falls_with_lag():
    dataset = recording(rate_drift_within=1.0, repeats=8)
    out = curves(dataset, MeasureEntry(measure="rate_correlation"), FEW, 0)
    value = out["value"].sel(relation="within").values
    known = np.isfinite(value)
    assert stats.spearmanr(out["lag"].values[known], value[known]).statistic < -0.9
    for name in ("drop", "slope", "similarity_index"):
        assert out["statistic_low"].sel(statistic=name) > 0
    assert (out["similarity_index"].values[1:7] < 0).all()
    assert out["similarity_index"].values[0] == 0


def test_measures_share_their_unit_resamples(drifting):
    """A unit resample that raises one measure's statistic is the same for another measure."""
    one, two = (
        curves(drifting, MeasureEntry(measure="population_vector", name=name), FEW, 0)
        for name in ("a", "b")
    )
    np.testing.assert_array_equal(one["statistic_sample"], two["statistic_sample"])
    other = curves(drifting, MeasureEntry(measure="population_vector"), FEW, 1)
    assert not np.array_equal(one["statistic_sample"], other["statistic_sample"])


def test_elapsed_time_is_between_trials(drifting):
    out = curves(drifting, MeasureEntry(measure="rate_correlation"), FEW, 0)
    assert out["elapsed"].sel(relation="within", lag=2).item() == pytest.approx(2 * 4 * 1.0)
    assert out["elapsed"].sel(relation="between", lag=4).item() == pytest.approx(4 * 4 + 5400)


def test_one_block_gives_lag_curves_and_says_what_is_missing():
    dataset = recording(blocks=1)
    out = curves(dataset, MeasureEntry(measure="spikeship"), FEW, 0)
    assert np.isfinite(out["value"].sel(relation="within", lag=[1, 2, 3])).all()
    assert np.isnan(out["value"].sel(relation="between")).all()
    assert np.isnan(out["statistic_value"].sel(statistic=["step", "rdi"])).all()
    assert np.isfinite(out["statistic_value"].sel(statistic=["drop", "slope"])).all()
    assert "one block" in out.attrs["note"]


def test_a_segment_shown_once_is_refused():
    dataset = recording(blocks=1, repeats=1)
    with pytest.raises(InputError, match="no segment is shown twice"):
        curves(dataset, MeasureEntry(measure="spikeship"), FEW, 0)


def test_timing_is_refused_on_two_photon_events(drifting):
    events = drifting.copy()
    events["event_amplitude"] = ("spike", np.ones(events.sizes["spike"]))
    with pytest.raises(InputError, match="two-photon"):
        curves(events, MeasureEntry(measure="spikeship"), FEW, 0)


def test_file_round_trip(drifting, tmp_path):
    out = curves(drifting, MeasureEntry(measure="spikeship"), FEW, 0)
    out.to_netcdf(tmp_path / "c.nc", engine="h5netcdf")
    back = xr.load_dataset(tmp_path / "c.nc", engine="h5netcdf")
    xr.testing.assert_equal(out, back)
    assert back.attrs["kind"] == "distance"
    assert back.attrs["recording_kind"] == "synthetic"


def test_bootstrap_interval_agrees_with_scipy(drifting):
    """Percentile interval, without the bias of resampling, against scipy's bootstrap."""
    measure = MeasureEntry(measure="rate_correlation")
    out = curves(drifting, measure, CurveOptions(bootstrap=400, halves=2), 0)
    count = drifting["spike_count"].values.reshape(8, 4, 30).sum(axis=1)
    pairs = [(i, j) for i in range(4) for j in range(4, 8)]

    def between(units):
        chosen = count[:, units]
        return np.mean([np.corrcoef(chosen[i], chosen[j])[0, 1] for i, j in pairs])

    expected = stats.bootstrap(
        (np.arange(30),), between, n_resamples=400, method="percentile", vectorized=False, rng=1
    ).confidence_interval
    n = out["n_pairs"].sel(relation="between").values
    value = np.nansum(out["value"].sel(relation="between").values * n) / n.sum()
    assert value == pytest.approx(between(np.arange(30)), rel=1e-9)
    samples = out["statistic_sample"].sel(statistic="step").values
    spread = samples.std()
    low, middle, high = np.percentile(samples, [2.5, 50, 97.5])
    bias = middle - float(out["statistic_value"].sel(statistic="step"))
    assert (
        out["statistic_low"].sel(statistic="step"),
        out["statistic_high"].sel(statistic="step"),
    ) == (pytest.approx(low - bias), pytest.approx(high - bias))
    assert spread == pytest.approx((expected.high - expected.low) / 3.92, rel=0.5)


def test_reliability_rises_with_units_and_is_spearman_brown():
    few, many = (
        curves(
            recording(units=n, rate_drift=0.3), MeasureEntry(measure="population_vector"), FEW, 0
        )
        for n in (20, 120)
    )
    assert many["reliability"] > few["reliability"]
    mean = many["half_correlation"].values.mean()
    assert many["reliability"].item() == pytest.approx(2 * mean / (1 + mean))
    assert many["half_statistic"].sizes == {"split": 3, "half": 2, "statistic": len(STATISTICS)}


@pytest.mark.parametrize("complete", [True, False])
def test_reliabilities_alone_are_those_of_the_curves(complete):
    """Without pairs of different segments the same bits, whichever trials and units are missing."""
    dataset = recording(rate_drift=0.5, event_time_drift=0.5, units=24)
    if not complete:
        dataset = trials.select(dataset, trials=np.arange(dataset.sizes["trial"]) % 7 != 3)
        silent = (dataset["spike_count"] == 0) & (dataset["block"] == 1)
        dataset["observed"] = dataset["observed"] & ~silent
        trials.check(dataset)
    entries = [MeasureEntry(measure=measure) for measure in MEASURES]
    alone = reliabilities(dataset, entries, FEW.halves, 3)
    beside = [curves(dataset, entry, FEW, 3)["reliability"].item() for entry in entries]
    assert alone.tolist() == beside
    assert len(set(beside)) == len(MEASURES) and min(beside) > 0


def test_contrast_identities():
    """RDI of a correlation with itself is 0; negatives count as 0; both 0 is undefined."""
    assert contrast(0.4, 0.4, "similarity") == 0
    assert contrast(1.0, 0.5, "similarity") == pytest.approx((1 - 0.5) / (1 + 0.5))
    assert contrast(0.5, -0.2, "similarity") == 1
    assert np.isnan(contrast(-0.1, -0.2, "similarity"))
    assert contrast(1.0, 2.0, "distance") == pytest.approx(1 / 3)


@pytest.mark.fault("trials", "repeats that start again in every block")
def test_lags_between_blocks_of_repeats_that_start_again():
    """2 blocks x 10 repeats: 1 to 9 apart within a block, 1 to 19 between the two."""
    dataset = recording(blocks=2, repeats=10)
    block, repeat = dataset["block"].values, dataset["repeat"].values
    dataset["repeat"] = ("trial", counted_through(block, repeat % 10))
    trials.check(dataset)
    out = curve_values(dataset, MeasureEntry(measure="rate_correlation"), 0)
    seen = np.isfinite(out["value"])
    assert out["lag"].values[seen.sel(relation="within")].tolist() == list(range(1, 10))
    assert out["lag"].values[seen.sel(relation="between")].tolist() == list(range(1, 20))


def test_lags_go_on_over_sessions():
    dataset = recording(blocks=1, repeats=4)
    day = trials.select(dataset)
    day["session"] = ("trial", np.ones(day.sizes["trial"], dtype=np.int64))
    day["repeat"] = dataset["repeat"] + 4
    two = xr.concat([dataset.drop_dims("spike"), day.drop_dims("spike")], "trial", data_vars="all")
    repeats = Layout.of(two).repeats
    np.testing.assert_array_equal(repeats.position, np.arange(8))
    np.testing.assert_array_equal(repeats.block, [0] * 4 + [1] * 4)


def test_pairs_are_of_one_segment_and_their_partners_match(drifting):
    pairs = segment_pairs(Layout.of(drifting), np.random.default_rng(0))
    segment, repeat = drifting["segment"].values, drifting["repeat"].values
    block = drifting["block"].values
    assert pairs.first.size == 4 * 8 * 7 / 2
    assert (segment[pairs.first] == segment[pairs.second]).all()
    assert (repeat[pairs.first] != repeat[pairs.second]).all()
    assert (segment[pairs.other] != segment[pairs.second]).all()
    assert (repeat[pairs.other] == repeat[pairs.second]).all()
    inside = block[pairs.first] == block[pairs.second]
    np.testing.assert_array_equal(pairs.block, np.where(inside, block[pairs.first], -1))


def test_discrimination_weighs_blocks_alike():
    same = np.array([1.0, 1.0, 1.0, 3.0, 5.0, np.nan])
    different = np.array([2.0, 2.0, 2.0, 6.0, 5.0, 7.0])
    block = np.array([0, 0, 0, 1, -1, -1])
    within, between = discrimination(same, different, block)
    assert within == pytest.approx((4 - 2) / (4 + 2))
    assert between == pytest.approx((6 - 5) / (6 + 5))


def test_lag_curve_leaves_undefined_pairs_out(drifting):
    repeats = Layout.of(drifting).repeats
    matrix = np.ones((8, 8))
    matrix[0, 1] = matrix[1, 0] = np.nan
    matrix[1, 2] = matrix[2, 1] = 4.0
    curve = lag_curve(matrix, repeats, "similarity")
    # Block 0 has lag-1 pairs (NaN, 4, 1), block 1 (1, 1, 1).
    assert curve.value[0, 0] == pytest.approx((2.5 + 1.0) / 2)
    assert curve.n_pairs[0, 0] == 5
