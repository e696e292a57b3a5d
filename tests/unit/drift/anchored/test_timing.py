import numpy as np
import pytest
import xarray as xr

from spikedrift import trials
from spikedrift.config.analyses import AnchoredOptions
from spikedrift.config.drift import IndexOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.recording import anchored_indices
from spikedrift.drift.anchored.timing import timing_index, timing_reading
from spikedrift.drift.pairs import compared_pairs, index_pairs
from spikedrift.similarity.matrix import similarity
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.stats.monte_carlo import upper_tail

OPTIONS = IndexOptions(surrogates=39, gate_surrogates=39, thinnings=3)


def recording(seed=0, **knobs):
    options = {"segments": 5, "repeats": 5, "units": 50, **knobs}
    return record(SyntheticOptions(**options), "test.movie", seed)


def test_reading_is_what_the_similarity_matrix_says():
    """All pairs in different repeats: those of one segment, and those of different segments."""
    dataset = recording(segments=3, repeats=3)
    pairs = compared_pairs(Layout.of(dataset), 1000, 1000, np.random.default_rng(0))
    value = similarity(dataset, "spikeship")["value"].values
    out = timing_reading(Layout.of(dataset).spikes, pairs, 2)
    layout = Layout.of(dataset)
    segment, block, repeat = layout.segment, layout.block, layout.repeat
    same = np.equal.outer(segment, segment)
    apart = np.not_equal.outer(repeat, repeat)
    of_blocks = np.equal.outer(block, block)
    mean = {
        (kind, where): np.mean([value[chosen & kind_of & apart].mean() for chosen in parts])
        for kind, kind_of in (("same", same), ("different", ~same))
        for where, parts in (
            ("within", [of_blocks & (block == b) for b in (0, 1)]),
            ("between", [~of_blocks]),
        )
    }
    for where in ("within", "between"):
        near, far = mean["same", where], mean["different", where]
        assert getattr(out, where) == pytest.approx((far - near) / (far + near), rel=1e-9)
    between = mean["different", "between"] - mean["same", "between"]
    assert out.deltas[0, 1] == pytest.approx(between, rel=1e-9)
    assert out.index_ratio == pytest.approx(
        1 - between / np.sqrt(out.deltas[0, 0] * out.deltas[1, 1]), rel=1e-9
    )


@pytest.mark.parametrize("segments", [2, 4, 8])
@pytest.mark.slow
def test_the_scale_of_a_redraw_does_not_depend_on_the_number_of_segments(segments):
    """Redrawn event times read 1, in both forms; standard error of the mean below .04."""
    few = OPTIONS.model_copy(
        update={"surrogates": 19, "gate_surrogates": 19, "max_standard_error": 9.0}
    )
    size = {"segments": segments, "repeats": 8, "units": 60, "event_time_drift": 1.0}
    found = [timing_index(Layout.of(recording(seed, **size)), few, seed) for seed in range(4)]
    assert np.mean([one.index for one in found]) == pytest.approx(1.0, abs=0.1)
    assert np.mean([one.index_ratio for one in found]) == pytest.approx(1.0, abs=0.12)


def test_redrawn_event_times_read_one_and_are_seen():
    out = timing_index(Layout.of(recording(event_time_drift=1.0, repeats=8)), OPTIONS, 0)
    assert out.no_index == ""
    assert out.index == pytest.approx(1.0, abs=0.2)
    assert out.p_value == 1 / 40


def test_half_redrawn_event_times_read_half():
    out = timing_index(Layout.of(recording(event_time_drift=0.5)), OPTIONS, 0)
    assert out.index == pytest.approx(0.5, abs=0.15)


def test_rate_drift_moves_the_raw_index_and_its_null_but_not_the_effect_size():
    out = timing_index(Layout.of(recording(rate_drift=1.0)), OPTIONS, 0)
    assert out.index_raw > 0.1
    assert out.index_raw == pytest.approx(out.null.mean(), abs=3 * out.null.std())
    assert out.index == pytest.approx(0.0, abs=0.08)


def test_a_flat_code_shuts_the_gate_and_prints_no_index():
    out = timing_index(Layout.of(recording(flat_code=True)), OPTIONS, 0)
    assert "no timing code" in out.no_index
    assert out.null.size == 0
    assert np.isnan([out.index, out.index_raw, out.index_thinned, out.p_value]).all()


def test_silent_units_shut_the_gate():
    out = timing_index(Layout.of(recording(units=15, mean_rate=0.5)), OPTIONS, 0)
    assert "share fewer than 5 units" in out.no_index
    assert np.isnan(out.index)


def test_an_imprecise_index_shuts_the_gate():
    strict = OPTIONS.model_copy(update={"max_standard_error": 1e-4})
    out = timing_index(Layout.of(recording()), strict, 0)
    assert "imprecise" in out.no_index
    assert np.isnan([out.index, out.p_value]).all()


def test_p_value_counts_the_surrogates_at_least_as_large():
    null = np.arange(19.0)
    assert upper_tail(100.0, null) == 1 / 20
    assert upper_tail(18.0, null) == 2 / 20
    assert upper_tail(-1.0, null) == 1.0
    assert upper_tail(100.0, np.append(null[1:], np.nan)) == 2 / 20


def test_pairs_are_limited_to_a_seeded_subset():
    dataset = recording()
    all_pairs = index_pairs(Layout.of(dataset), 1000, np.random.default_rng(0))
    few = index_pairs(Layout.of(dataset), 60, np.random.default_rng(0))
    assert (all_pairs.block >= 0).sum() == 5 * 2 * 10
    assert (all_pairs.block < 0).sum() == 5 * 25
    assert (few.block >= 0).sum() == (few.block < 0).sum() == 60


def test_other_segments_are_limited_too():
    dataset = recording(segments=6)
    few = compared_pairs(Layout.of(dataset), 100, 2, np.random.default_rng(0))
    n = few.n_within + few.n_between
    assert n == 200
    assert few.first.size == 3 * n
    assert few.weight[n:].sum() == pytest.approx(n)
    segment, repeat = Layout.of(dataset).segment, Layout.of(dataset).repeat
    assert (segment[few.first[:n]] == segment[few.second[:n]]).all()
    assert (segment[few.first[n:]] != segment[few.second[n:]]).all()
    assert (repeat[few.first] != repeat[few.second]).all()
    # The two others of a pair are different trials of the repeat of its second trial.
    others = few.second[n:].reshape(n, 2)
    assert (others[:, 0] != others[:, 1]).all()
    assert (repeat[others] == repeat[few.second[:n]][:, None]).all()


def test_one_block_is_refused_in_one_line():
    for function in (
        lambda d, o, s: timing_index(Layout.of(d), o, s),
        lambda d, o, s: anchored_indices(d, AnchoredOptions(**o.model_dump()), s),
    ):
        with pytest.raises(InputError, match=r"test.movie: .* needs two blocks") as caught:
            function(recording(blocks=1), OPTIONS, 0)
        assert "\n" not in str(caught.value)


def test_one_segment_is_refused():
    with pytest.raises(InputError, match="two segments"):
        timing_index(Layout.of(recording(segments=1)), OPTIONS, 0)


def test_indices_join_both_codes_and_say_what_they_are(tmp_path):
    dataset = recording(event_time_drift=1.0, repeats=8, state_coefficient=0.5)
    options = AnchoredOptions(**OPTIONS.model_dump())
    out = anchored_indices(dataset, options, 7)
    rate, timing = (out.sel(matching="none", code=code) for code in ("rate", "timing"))
    alone = timing_index(Layout.of(dataset), OPTIONS, 7)
    assert timing["index"].item() == alone.index
    np.testing.assert_array_equal(timing["null"], alone.null)
    assert rate["p_value"] > 0.05 > timing["p_value"]
    assert out["n_trials"].sel(matching="none", code="rate") == 80
    assert 0 < out["n_trials"].sel(matching="state", code="rate") < 80
    assert out.attrs["seed"] == 7
    assert "exchange test" in out.attrs["inference"]
    out.to_netcdf(tmp_path / "i.nc", engine="h5netcdf")
    xr.testing.assert_equal(out, xr.load_dataset(tmp_path / "i.nc", engine="h5netcdf"))


def test_indices_without_covariates_say_so_and_go_on():
    dataset = recording()
    for name in ("running_speed", "pupil_area"):
        dataset[name] = ("trial", np.full(dataset.sizes["trial"], np.nan))
    out = anchored_indices(dataset, AnchoredOptions(**OPTIONS.model_dump()), 0)
    assert "no behavioral covariates" in out.attrs["state_note"]
    assert np.isnan(out["index"].sel(matching="state")).all()
    assert np.isfinite(out["index"].sel(matching="none")).all()


def test_a_shut_gate_leaves_nothing_about_drift_in_the_file():
    out = anchored_indices(recording(flat_code=True), AnchoredOptions(**OPTIONS.model_dump()), 0)
    timing = out.sel(matching="none", code="timing")
    assert not timing["gate_passed"]
    for name in ("index", "index_raw", "index_thinned", "p_value", "null_mean", "null_high"):
        assert np.isnan(timing[name])
    assert np.isnan(timing["null"]).all()
    assert "no timing code" in timing["gate_note"].item()


def test_unit_order_changes_nothing_but_the_draws():
    dataset = recording(event_time_drift=0.5)
    turned = trials.select(dataset, units=np.arange(50)[::-1])
    one, two = (timing_index(Layout.of(d), OPTIONS, 0) for d in (dataset, turned))
    assert one.reading.within == pytest.approx(two.reading.within, rel=1e-9)
    assert one.reading.between == pytest.approx(two.reading.between, rel=1e-9)
