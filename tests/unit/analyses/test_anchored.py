"""The analysis `anchored` and its figure."""

import numpy as np
import pytest
import xarray as xr

from spikedrift.analyses.contract.analysis import NO_TEST, analyze
from spikedrift.config.analyses import AnchoredOptions
from spikedrift.config.figures import Figures
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.recording import anchored_indices
from spikedrift.figures.analyses import anchored
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.surrogates import redraw_units

FEW = {"surrogates": 19, "gate_surrogates": 39, "thinnings": 2, "max_standard_error": 0.5}
SIZE = {"segments": 4, "repeats": 6, "units": 30}


@pytest.fixture(scope="module")
def recording():
    return record(SyntheticOptions(**SIZE, rate_drift=1.0), "test.movie", 0)


@pytest.fixture(scope="module")
def result(recording):
    return analyze(recording, "anchored", FEW, 3)


def value(result, name, column="value"):
    return float(result[column].sel(statistic=name))


def test_statistics_are_the_anchored_indices_and_their_tests(recording, result, tmp_path):
    expected = anchored_indices(recording, AnchoredOptions(**FEW), 3)
    for code in ("rate", "timing"):
        one = expected.sel(matching="none", code=code)
        for name, p in (("index", "p_value"), ("index_ratio", "ratio_p_value")):
            assert value(result, f"{code}.{name}") == float(one[name])
            assert value(result, f"{code}.{name}", "p_value") == float(one[p])
            assert value(result, f"{code}.{name}", "no_drift") == 0
        assert value(result, f"{code}.ratio_raw", "null_mean") == pytest.approx(
            float(one["null_ratio"].mean())
        )
    assert value(result, "rate.index") == pytest.approx(1.0, abs=0.25)
    assert value(result, "rate.index", "p_value") == 1 / 20
    # 4 segments x (2 blocks x 15 + 36) pairs.
    assert value(result, "rate.index", "n") == 4 * 66
    result.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    xr.testing.assert_equal(result, xr.load_dataset(tmp_path / "a.nc", engine="h5netcdf"))


def test_trials_that_cannot_be_matched_leave_no_statistics(recording):
    bare = recording.copy()
    for name in ("running_speed", "pupil_area"):
        bare[name] = ("trial", np.full(bare.sizes["trial"], np.nan))
    found = analyze(bare, "anchored", FEW, 0)
    assert "no behavioral covariates" in found.attrs["state_note"]
    assert not [name for name in found["statistic"].values if "state_matched" in name]
    figure, table = anchored.draw(found, Figures())
    assert np.isnan(table.loc[table["matching"] == "state", "effect"]).all()
    assert any("not matched by state" in text.get_text() for text in figure.texts)


def test_an_assumed_order_has_no_test(recording):
    found = analyze(recording.assign_attrs(trial_order_known=0), "anchored", FEW, 0)
    assert found.attrs["test_note"] == NO_TEST
    assert np.isnan(found["p_value"]).all()
    assert np.isnan(found["null_index"]).all()
    assert np.isfinite(value(found, "rate.index"))
    _, table = anchored.draw(found, Figures())
    assert table["p_value"].isna().all()


def test_the_figure_shows_what_the_table_holds(result):
    figure, table = anchored.draw(result, Figures())
    assert len(table) == 8
    assert set(table["form"]) == {"published form", "ratio form"}
    row = table[(table["form"] == "ratio form") & (table["code"] == "rate")].iloc[0]
    assert row["effect"] == value(result, "rate.index_ratio")
    assert row["p_value"] == value(result, "rate.index_ratio", "p_value")
    assert row["low"] < 0 < row["high"] < row["tested"]
    words = " ".join(text.get_text() for text in figure.texts)
    assert "For comparison with the literature" in " ".join(words.split())


def test_options_out_of_bounds_are_refused(recording):
    with pytest.raises(InputError, match="anchored, option thinnings"):
        analyze(recording, "anchored", {"thinnings": 0}, 0)


def test_redrawn_units_keep_counts_and_take_times_of_other_units():
    dataset = record(SyntheticOptions(segments=3, repeats=4, units=21), "test.movie", 1)
    spikes = Layout.of(dataset).spikes
    out = redraw_units(spikes, np.random.default_rng(0))
    np.testing.assert_array_equal(out.counts, spikes.counts)
    trial, unit = spikes.cells
    first = spikes.block[trial] == 0
    np.testing.assert_array_equal(out.times[first], spikes.times[first])
    pools = {}
    for t, u, time in zip(trial, unit, spikes.times, strict=True):
        pools[time] = (spikes.block[t], spikes.segment[t], u)
    sources = {}
    for t, u, time in zip(trial[~first], unit[~first], out.times[~first], strict=True):
        block, segment, source = pools[time]
        assert (block, segment) == (spikes.block[t], spikes.segment[t])
        assert source != u
        sources.setdefault((segment, u), set()).add(source)
    # One source a unit and segment, not the same for all segments.
    assert all(len(found) == 1 for found in sources.values())
    assert len({min(sources[s, 0]) for s in range(3) if (s, 0) in sources}) > 1
    again = redraw_units(spikes, np.random.default_rng(0))
    np.testing.assert_array_equal(out.times, again.times)
