"""The figure of a survey shows every run's numbers, and says which gave none."""

import numpy as np
import pytest
import xarray as xr

from spikedrift.errors import InputError
from spikedrift.figures import survey

AXES = [{"name": "rate", "title": "learning rate (1)", "scale": "log"}]


@pytest.fixture
def data():
    """A control and a condition at two values, two instances; one run failed, one is silent."""
    status = np.array([["ok", "ok"], ["ok", "failed"], ["silent", "ok"]])
    value = np.where(status == "failed", np.nan, np.arange(6.0).reshape(3, 2))
    dims = ("point", "instance")
    return xr.Dataset(
        {
            "status": (dims, status),
            "selectivity": ((*dims, "stage"), np.stack([value + 9, value, value + 2], axis=-1)),
            "discrimination": (
                (*dims, "probe", "code"),
                value[..., None, None] + np.array([[70.0, 80.0], [10.0, 20.0]]),
            ),
            "drift_index": ((*dims, "code"), np.stack([value, value * np.nan], axis=-1)),
        },
        coords={
            "instance": [0, 1],
            "stage": ["naive", "block 0", "block 1"],
            "probe": ["naive", "block"],
            "code": ["rate", "timing"],
            "condition": ("point", ["frozen", "pair", "pair"]),
            "title": ("point", ["all frozen", "pair STDP", "pair STDP"]),
            "control": ("point", [True, False, False]),
            "axis_rate": ("point", [np.nan, 0.1, 1.0]),
        },
        attrs={"sweep": "s", "seed": 1},
    )


def test_its_table_holds_every_run_and_quantity(data):
    figure, table = survey.draw(data=data, axes=AXES)
    assert len(table) == 3 * 2 * len(survey.QUANTITIES)
    of = table.set_index(["condition", "axis_rate", "instance", "quantity"])["value"]
    assert of["pair", 1.0, 0, "selectivity"] == 4 + 1  # mean of the two blocks
    assert of["pair", 1.0, 0, "S rate"] == 4 + 10
    assert of["pair", 1.0, 1, "S timing"] == 5 + 20
    assert np.isnan(of["pair", 0.1, 1, "selectivity"])
    first = figure.axes[0]
    assert first.get_xscale() == "log" and first.get_xlabel() == "learning rate (1)"
    crosses = [tuple(line.get_xdata()) for line in first.lines if line.get_marker() == "x"]
    assert (0.1, 1.0) in crosses  # those that are not ok; a failed one has no value there ...
    assert (0.1,) in crosses  # ... and its own cross at the lower edge
    told = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "failed 1" in told and "silent 1" in told and "(of 6 runs)" in told
    assert "rate 0, timing 5" in told and "illustration" in told


def test_values_that_are_words_stand_side_by_side(data):
    rules = data.assign_coords(axis_rate=("point", ["", "triplet_stdp", "pair_stdp"]))
    figure, _ = survey.draw(data=rules, axes=AXES)
    first = figure.axes[0]
    assert [t.get_text() for t in first.get_xticklabels()] == ["triplet_stdp", "pair_stdp"]
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in first.lines]
    assert ([0, 1], [2 + 1, 4.5 + 1]) in lines  # means of the instances, of both blocks


def test_no_two_conditions_look_alike(data):
    order = [f"c{k}" for k in range(25)]
    looks = survey._looks(order, {"c0"}, set(order[6:]))
    assert len({(str(one["color"]), str(one["ls"])) for one in looks.values()}) == len(order)


def test_nothing_to_draw_is_one_line(data):
    with pytest.raises(InputError, match="no run of s gave a value"):
        survey.draw(data=data.drop_vars(["selectivity", "discrimination", "drift_index"]))
