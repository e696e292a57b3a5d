"""The figure of a survey shows every run's numbers, and says which gave none."""

import numpy as np
import pytest
import xarray as xr

from spikedrift.figures import survey

AXES = [{"name": "rate", "title": "learning rate (1)", "scale": "log"}]


@pytest.fixture
def data():
    """A control and a variant at two values, two instances; one run failed, one is silent."""
    status = np.array([["ok", "ok"], ["ok", "failed"], ["silent", "ok"]])
    value = np.where(status == "failed", np.nan, np.arange(6.0).reshape(3, 2))
    dims = ("point", "instance")
    return xr.Dataset(
        {
            "status": (dims, status),
            "block_rate": (dims, 2 * value),  # of the units, whatever their population is called
            "selectivity": ((*dims, "stage"), np.stack([value + 9, value, value + 2], axis=-1)),
            "discrimination": (
                (*dims, "probe", "code"),
                value[..., None, None] + np.array([[70.0, 80.0], [10.0, 20.0]]),
            ),
            "signal_index": ((*dims, "code"), np.stack([value, value * np.nan], axis=-1)),
            "signal_gate": (
                (*dims, "code"),
                np.stack([np.where(status == "failed", "failed", "open"),
                          np.where(value < 2, "no code detected", "too imprecise")], axis=-1),
            ),
        },
        coords={
            "instance": [0, 1],
            "stage": ["naive", "block 0", "block 1"],
            "probe": ["naive", "block"],
            "code": ["rate", "timing"],
            "variant": ("point", ["frozen", "pair", "pair"]),
            "title": ("point", ["all frozen", "pair STDP", "pair STDP"]),
            "control": ("point", [True, False, False]),
            "axis_rate": ("point", [np.nan, 0.1, 1.0]),
        },
        attrs={"sweep": "s", "seed": 1},
    )  # fmt: skip


def test_its_table_holds_every_run_and_quantity(data):
    figure, table = survey.draw(data=data, axes=AXES)
    assert len(table) == 3 * 2 * len(survey.QUANTITIES)
    of = table.set_index(["variant", "axis_rate", "instance", "quantity"])["value"]
    assert of["pair", 1.0, 0, "selectivity"] == 4 + 1  # mean of the two blocks
    assert of["pair", 1.0, 0, "S rate"] == 4 + 10
    assert of["pair", 1.0, 1, "S timing"] == 5 + 20
    assert of["pair", 1.0, 1, "rate"] == 10
    assert np.isnan(of["pair", 0.1, 1, "selectivity"])
    first = figure.axes[0]
    assert first.get_xscale() == "log" and first.get_xlabel() == "learning rate (1)"
    crosses = [tuple(line.get_xdata()) for line in first.lines if line.get_marker() == "x"]
    assert (0.1, 1.0) in crosses  # those that are not ok; a failed one has no value there ...
    assert (0.1,) in crosses  # ... and its own cross at the lower edge
    told = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "failed 1" in told and "silent 1" in told and "(of 6 runs)" in told
    assert "illustration" in told
    assert (
        "Runs without an index: no timing code detected: 2 of 5; timing index too imprecise: 3 of 5"
        in told
    )


def test_values_that_are_words_stand_side_by_side(data):
    rules = data.assign_coords(axis_rate=("point", ["", "triplet_stdp", "pair_stdp"]))
    figure, _ = survey.draw(data=rules, axes=AXES)
    first = figure.axes[0]
    assert [t.get_text() for t in first.get_xticklabels()] == ["triplet_stdp", "pair_stdp"]
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in first.lines]
    assert ([0, 1], [2 + 1, 4.5 + 1]) in lines  # means of the instances, of both blocks


@pytest.mark.parametrize("n", [25, 60])
def test_no_two_variants_look_alike(n):
    order = [f"c{k}" for k in range(n)]
    looks = survey._looks(order, {"c0"}, set(order[6:]))
    assert len({tuple(map(str, one.values())) for one in looks.values()}) == len(order)


def test_more_variants_than_looks_are_drawn(data):
    order = [f"c{k}" for k in range(200)]
    assert list(survey._looks(order, set(), set(order))) == order


def test_a_survey_without_a_value_says_so_in_its_figure(data):
    none = data.drop_vars(["selectivity", "discrimination", "signal_index", "block_rate"])
    figure, table = survey.draw(data=none)
    (said,) = [text.get_text() for text in figure.axes[0].texts]
    assert said.startswith("No run of s gave a value: ")
    assert table["value"].isna().all()


@pytest.mark.fault("labels", "means of a survey over the values of another axis")
def test_a_mean_of_a_survey_is_over_the_instances_of_one_point(data):
    order = np.repeat(np.arange(data.sizes["point"]), 2)
    two = data.isel(point=order).assign_coords(point=np.arange(order.size))
    two = two.assign_coords(axis_noise=("point", np.tile([1.0, 2.0], data.sizes["point"])))
    two["selectivity"] = two["selectivity"] + 100 * two["axis_noise"]
    axes = [*AXES, {"name": "noise", "title": "", "scale": "linear"}]
    figure, _ = survey.draw(data=two, axes=axes)
    drawn = [line.get_ydata() for line in figure.axes[0].lines if line.get_ls() == "-"]
    means = [np.asarray(y) for y in drawn if len(y) > 1]
    assert means and all(np.ptp(y) < 50 for y in means), "two values of noise in one line"


def test_drawn_points_have_no_lines_and_are_seen_before_the_runs_that_are_not_compared(data):
    five = data.isel(point=[0, 1, 2, 1, 2, 2]).assign_coords(
        axis_rate=("point", [np.nan, 0.5, 0.7, 1.1, 1.6, 2.4]),
        axis_noise=("point", [np.nan, 3.0, 1.0, 5.0, 2.0, 4.0]),
    )
    axes = [*AXES, {"name": "noise", "title": "", "scale": "linear"}]
    figure, _ = survey.draw(data=five, axes=axes)
    first = figure.axes[0]
    swept = [line for line in first.lines if line.get_marker() == "o"]
    assert {line.get_ls() for line in swept} == {"None"}
    good = max(line.get_markersize() for line in swept)
    bad = [line for line in first.lines if line.get_marker() == "x"]
    assert good > bad[0].get_markersize() and swept[0].get_zorder() > bad[0].get_zorder()
    told = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "no lines, since every point has values of its own" in told
    assert "2" in [text.get_text() for text in first.get_xticklabels()], "not 2 x 10^0"


def test_a_run_that_is_not_accepted_is_a_cross_and_counted(data):
    accepted = np.array([[True, True], [False, False], [True, True]])
    figure, table = survey.draw(
        data=data.assign(accepted=(("point", "instance"), accepted)), axes=AXES
    )
    told = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "not accepted 1" in told and "failed 1" in told and "silent 1" in told
    runs = table[table["quantity"] == "rate"].set_index(["axis_rate", "instance"])["status"]
    assert runs[0.1, 0] == "not accepted" and runs[0.1, 1] == "failed"
