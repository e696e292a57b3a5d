"""Speed matched by design: the block that is compared with the first is the one asked for."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from small_network import SMALL, small

from spikedrift import trials
from spikedrift.config.drift import DriftOptions, SignalOptions
from spikedrift.config.sweeps import Accept, Survey, Sweep, Variant
from spikedrift.drift.signal.aspects import ASPECTS, OF_BLOCKS
from spikedrift.drift.signal.recording import aspects_over_blocks, drift_values
from spikedrift.sweeps.acceptance import accepted
from spikedrift.sweeps.matching import gaps, matched, pairs
from spikedrift.sweeps.points import points
from spikedrift.sweeps.summary import Surveyed
from spikedrift.sweeps.survey import collect, survey

INDEX = {"flips": 99, "bootstrap": 99}
MEASURES = {
    "rate": {"measure": "population_vector", "options": {}},
    "timing": {"measure": "spikeship", "options": {}},
}


def runs(index):
    """Runs whose tuning index is given, float64 of shape (point, instance, pair)."""
    index = np.asarray(index, dtype=float)
    shape = index.shape
    place = np.arange(index.size).reshape(shape)
    return xr.Dataset(
        {
            "signal_index": (
                ("point", "instance", "pair", "code"),
                np.stack([index, np.full(shape, 9.0)], axis=-1),
            ),
            "words": (("point", "instance", "pair"), place.astype(str)),
            "status": (("point", "instance"), np.full(shape[:2], "ok")),
            "pair_gap": (
                ("point", "instance", "pair"),
                np.broadcast_to([10.0, 20.0, 40.0], shape).copy(),
            ),
        },
        coords={"code": ["rate", "timing"], "pair": [1, 2, 3]},
    )


def test_the_gap_is_that_at_which_the_mean_over_instances_is_nearest():
    # The single instances of the first point are nearest to .15 elsewhere.
    data = runs([[[0.15, 0.3, 0.5], [0.0, 0.05, 0.15]], [[0.01, 0.04, 0.08], [0.03, 0.04, 0.1]]])
    found = matched(data, 0.15)
    np.testing.assert_allclose(found["matched_index"], [0.175, 0.09])
    assert found["matched_gap"].values.tolist() == [20.0, 40.0]
    assert found["words"].values.tolist() == [["1", "4"], ["8", "11"]]
    assert "pair" not in found.dims and found["status"].dims == ("point", "instance")


def test_instances_without_an_index_do_not_choose():
    nan = np.nan
    data = runs([[[nan, 0.2, nan], [0.05, nan, nan]], [[nan] * 3, [nan] * 3]])
    data["pair_gap"][0, 0] = nan  # a run that failed
    found = matched(data, 0.15)
    np.testing.assert_allclose(found["matched_index"], [0.2, nan])
    assert found["matched_gap"].values.tolist() == [20.0, 10.0]


def test_a_point_that_is_never_as_fast_is_not_accepted():
    data = matched(runs([[[0.0, 0.0, 0.0]], [[0.02, 0.1, 0.17]], [[0.4, 0.6, 0.8]]]), 0.15)
    data = data.assign(
        block_rate=(("point", "instance"), np.full((3, 1), 4.0)),
        depth=(("point", "instance", "code", "block"), np.ones((3, 1, 2, 2))),
    ).assign_coords(control=("point", [True, False, False]))
    data.attrs["match"] = 0.15
    asked = Accept(**{**dict.fromkeys(Accept.model_fields), "off_match": 0.03})
    found = accepted(data, asked)
    assert found["accepted"].values.ravel().tolist() == [True, True, False]
    assert found["rejection"].values[2, 0] == "tuning index off by 0.25 at the best gap"


@pytest.mark.compiles
def test_a_pair_of_blocks_is_measured_as_a_recording_of_them(tmp_path):
    phases = [*SMALL["phases"], {"kind": "pause", "repeats": 2}, {"kind": "block", "repeats": 2}]
    options = small(phases=phases)
    (run,) = points(Sweep(options=options, variants=(Variant(name="a"),), instances=1))
    plain = Survey(index=INDEX, keep_trials=True)
    asked = Surveyed("pattern_network", options, plain, MEASURES, "code")
    store = tmp_path / "s" / "runs"
    every = survey(asked, [run], store, tmp_path / "programs")
    several = replace(asked, survey=plain.model_copy(update={"match": 0.15}))
    assert asked.digest(run) != several.digest(run)
    found = survey(several, [run], store, tmp_path / "programs")
    assert found["pair"].values.tolist() == [1, 2] and "pair" not in every.dims

    data = trials.read(store.parent / "trials" / f"{run.recording}.nc")
    with xr.open_dataset(store.parent / "trials" / f"{run.recording}.traces.nc") as traces:
        block = traces["stage_kind"].values.astype(str) == "block"
        start, stop = traces["stage_start"].values[block], traces["stage_stop"].values[block]
        np.testing.assert_allclose(found["pair_gap"].squeeze(), start[1:] - stop[0])
        np.testing.assert_allclose(gaps(traces, pairs(data)), start[1:] - stop[0])
        rate = traces["stage_rate"].sel(population="E").values[block]
        np.testing.assert_allclose(
            found["block_rate"].squeeze(), [rate[[0, 1]].mean(), rate[[0, 2]].mean()]
        )
    shown = data["phase"].values == "block"
    number = np.unique(data["block"].values[shown])
    options = DriftOptions(index=SignalOptions(**INDEX))
    for k, later in enumerate(number[1:]):
        two = trials.select(data, trials=shown & np.isin(data["block"].values, [number[0], later]))
        values = drift_values(two, options, run.seed)
        one = found.isel(run=0, pair=k)
        for name in ("block_power", "block_overlap"):
            np.testing.assert_array_equal(one[name], values[name].sel(code=one["code"]))
        np.testing.assert_array_equal(one["depth"], values["depth"])
        for name in ("aspect_value", "aspect_note"):
            of_two = one[name].sel(aspect=[n for n in ASPECTS if n not in OF_BLOCKS])
            np.testing.assert_array_equal(of_two, values[name].sel(aspect=of_two["aspect"]))
    # What takes three blocks is of the whole session, in which it has them.
    over = aspects_over_blocks(trials.select(data, trials=shown), options, run.seed)
    for name in over:
        own = found[name].isel(run=0).sel(aspect=list(OF_BLOCKS)).transpose("pair", "aspect")
        np.testing.assert_array_equal(own, [over[name]] * 2)
    assert "2 blocks" not in " ".join(over["aspect_note"].values)
    told = json.loads(data.attrs["shown_before"])
    # Half of a block, two repeats in the pause, half of the next block.
    assert told["2"] - told["1"] == pytest.approx(4.0)
    assert (found["block_power"].isel(pair=0) != found["block_power"].isel(pair=1)).any()

    whole, _ = collect([found], [run], "s", {}, match=0.15)
    assert whole.attrs["match"] == 0.15 and whole["matched_gap"].dims == ("point",)
    assert np.isin(whole["matched_gap"], found["pair_gap"]).all()
    # Another value that is matched needs no other run.
    other = replace(several, survey=plain.model_copy(update={"match": 0.3}))
    assert several.digest(run) == other.digest(run)
