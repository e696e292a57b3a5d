"""Which runs of a survey are accepted: what is measured of each, and why one is not."""

import json

import numpy as np
import pytest
import xarray as xr

from spikedrift.comparison.scores.models import Failed, _surveyed
from spikedrift.config.sweeps import Accept, Survey, Sweep, Variant
from spikedrift.drift import gates
from spikedrift.sweeps.acceptance import accepted, measured

RISE = 0.002  # of the mean weight that moves, in a second


def traces(kinds=("train", "train", "block", "block")):
    """A session of four stages of 10 s, 20 s apart; one weight rises from 1, the other rests."""
    start = np.arange(len(kinds)) * 20.0
    time = np.arange(0.0, 81.0)
    return xr.Dataset(
        {
            "stage_rate": (("population", "stage"), [[9.0, 9.0, 4.0, 6.0], [50.0] * 4]),
            "interval_cv": ("stage", [0.1, 0.1, 0.9, 1.1]),
            "mean_weight": (("projection", "time"), [1 + RISE * time, np.ones(81)]),
            "at_bound": (
                ("bound", "projection", "edge"),
                np.arange(2 * 2 * 5).reshape(2, 2, 5) / 100,
            ),
        },
        coords={
            "stage_kind": ("stage", list(kinds)),
            "stage_start": ("stage", start),
            "stage_stop": ("stage", start + 10),
            "time": time,
            "edge": [0.0, 10.0, 30.0, 50.0, 80.0],
            "population": ["E", "I"],
            "projection": ["moves", "rests"],
        },
        attrs={"units": "E"},
    )


DEPTH = xr.DataArray([[0.4, 0.5], [0.1, 0.2]], dims=("code", "block"),
                     coords={"code": ["rate", "timing"]})  # fmt: skip


def test_rates_are_those_of_the_blocks_and_weights_those_of_the_end_of_training():
    found = measured(traces(), DEPTH)
    assert found["block_rate"] == 5.0 and found["block_cv"] == pytest.approx(1.0)
    # Training ends at 30 s and a block takes 10 s.
    change = found["weight_change"].sel(projection="moves").item()
    assert change == pytest.approx(10 * RISE / (1 + 30 * RISE), abs=1e-12)
    assert found["weight_change"].sel(projection="rests") == 0
    np.testing.assert_allclose(found["weight_at_bound"], [0.02 + 0.12, 0.07 + 0.17])
    assert found["depth"].sel(code="timing").values.tolist() == [0.1, 0.2]


def test_without_training_weights_are_those_before_the_first_block():
    found = measured(traces(("naive", "naive", "block", "block")), DEPTH)
    change = found["weight_change"].sel(projection="moves").item()
    assert change == pytest.approx(10 * RISE / (1 + 40 * RISE), abs=1e-12)


def test_a_short_training_is_extended_to_the_time_of_a_block():
    """The first 5 s of it are all there is: the change is that of twice their time."""
    short = traces(("naive", "train", "block", "block"))
    short["stage_start"] = ("stage", [0.0, 25.0, 40.0, 60.0])
    change = measured(short, DEPTH)["weight_change"].sel(projection="moves").item()
    assert change == pytest.approx(10 * RISE / (1 + 30 * RISE), abs=1e-12)


GOOD = {"block_rate": 4.0, "block_cv": 1.0, "depth": (0.5, 0.52), "weight_change": 0.005,
        "weight_at_bound": 0.2, "status": "ok"}  # fmt: skip


def surveyed(*runs):
    """Runs of a point each, after a control of depth .3 that no criterion but its depth fits."""
    every = [{**GOOD, "depth": (0.3, 0.3)}, *({**GOOD, **one} for one in runs)]
    n = len(every)
    return xr.Dataset(
        {
            **{
                name: (("point", "instance"), [[one[name]] for one in every])
                for name in ("block_rate", "block_cv", "status")
            },
            **{
                name: (("point", "instance", "projection"), [[[one[name], 0.0]] for one in every])
                for name in ("weight_change", "weight_at_bound")
            },
            "depth": (
                ("point", "instance", "code", "block"),
                [[[one["depth"], (np.nan, np.nan)]] for one in every],
            ),
        },
        coords={
            "control": ("point", [True, *[False] * (n - 1)]),
            "code": ["rate", "timing"],
            "instance": [0],
        },
    )


def test_a_good_run_and_the_control_are_accepted():
    found = accepted(surveyed({}), Accept())
    assert found["accepted"].values.all() and (found["rejection"] == "").all()
    over = found["criterion_value"].sel(criterion="depth over the control's")
    np.testing.assert_allclose(over.squeeze(), [1, 0.51 / 0.3])
    assert found.sizes["criterion"] == 6
    assert found["criterion_low"].values.tolist() == [3.6, 0.8, 1.5, 0, 0, 0]
    assert found["criterion_high"].values.tolist() == [4.4, 1.2, np.inf, 0.1, 0.01, 0.5]


@pytest.mark.parametrize(
    ("missed", "said", "free"),
    [
        ({"block_rate": 4.5}, "rate 4.5 Hz", "rate"),
        ({"block_rate": np.nan}, "no rate", "rate"),
        ({"block_cv": 0.5}, "CV of intervals 0.5", "interval_cv"),
        ({"depth": (0.4, 0.4)}, "depth 1.3 times that of the control", "depth"),
        ({"depth": (np.nan, 0.5)}, "depth unknown", "depth"),
        ({"depth": (0.5, 0.6)}, "depth differs by 18% between blocks", "depth_change"),
        ({"weight_change": -0.02}, "a mean weight moves by 2.0% in a block's time",
         "weight_change"),
        ({"weight_at_bound": 0.7}, "70% of the weights at bounds", "at_bounds"),
    ],
)  # fmt: skip
def test_a_run_that_misses_one_criterion_says_which(missed, said, free):
    data = surveyed(missed, {})
    found = accepted(data, Accept())
    assert found["accepted"].values.ravel().tolist() == [True, False, True]
    assert found["rejection"].values.ravel().tolist() == ["", said, ""]
    whole = accepted(data, Accept(**{free: None}))["accepted"].values.all()
    # Whoever does not ask for the depth is told by its change that there is none.
    assert whole == (said != "depth unknown")


def test_training_that_does_not_rest_is_said_and_other_runs_are_not_asked():
    data = surveyed({}, {}, {})
    shape = data["block_rate"].dims
    data["trained_repeats"] = shape, [[40.0], [480.0], [60.0], [np.nan]]
    data["came_to_rest"] = shape, [[1.0], [0.0], [1.0], [np.nan]]
    found = accepted(data, Accept())
    assert found["rejection"].values.ravel().tolist() == [
        "", "did not come to rest in 480 repeats", "", ""
    ]  # fmt: skip
    assert found["accepted"].values.ravel().tolist() == [True, False, True, True]
    assert found.sizes["criterion"] == 7
    assert not found["accepted"].values[1].any(), "whatever else is asked for"
    nothing = Accept(**dict.fromkeys(Accept.model_fields))
    assert not accepted(data, nothing)["accepted"].values[1].any()


def test_all_that_is_missed_is_said():
    found = accepted(surveyed({"block_rate": 9.0, "weight_at_bound": 1.0}), Accept())
    assert found["rejection"].values[1, 0] == "rate 9 Hz; 100% of the weights at bounds"


def test_without_plastic_weights_none_can_move():
    data = surveyed({"weight_change": np.nan, "weight_at_bound": np.nan})
    data["weight_change"][1] = np.nan
    data["weight_at_bound"][1] = np.nan
    assert accepted(data, Accept())["accepted"].values.all()


def test_a_failed_run_is_not_accepted_and_keeps_its_own_reason():
    found = accepted(surveyed({"status": "failed", "block_rate": np.nan}), Accept())
    assert found["accepted"].values.ravel().tolist() == [True, False]
    assert (found["rejection"] == "").all()
    gone = surveyed({})[["status"]].assign(status=(("point", "instance"), [["failed"]] * 2))
    assert not accepted(gone, Accept())["accepted"].any()


def test_a_rejected_run_is_no_run_of_a_comparison():
    data = surveyed({"block_rate": 9.0})
    data["reason"] = data["status"]
    one = data.merge(accepted(data, Accept())).isel(point=1, instance=0)
    lost = _surveyed(one, "fast, instance 0", None)
    assert lost == Failed("fast, instance 0", "not accepted: rate 9 Hz", gates.REJECTED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"survey": None}, "runs are accepted in a survey"),
        ({"variants": (Variant(name="a"),)}, "mark a variant as control"),
        ({"accept": {"rate": (4.4, 3.6)}}, "rate: 4.4 is not below 3.6"),
    ],
)
def test_what_cannot_be_accepted_is_refused(changes, said):
    given = {"variants": (Variant(name="a", control=True),), "survey": Survey(), "accept": {}}
    assert Sweep.model_validate(given).accept == Accept()
    with pytest.raises(ValueError, match=said):
        Sweep.model_validate({**given, **changes})
    json.dumps(Accept().model_dump(mode="json"))
