"""Figures 5, 6 and of scores where there are more points than can be named one by one."""

import itertools
import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.patches import Rectangle

from spikedrift.comparison.scores.summary import CODES
from spikedrift.figures import scores as of_scores
from spikedrift.figures import style
from spikedrift.figures.final import comparison, sweep_map

DRAWS = 12
VARIANTS = {"noise": "log-normal weight noise", "power": "pair STDP, power of the weight",
            "learned": "log-normal noise after pair STDP"}  # fmt: skip
AXES = [
    {"name": "speed", "title": "speed, times the family's", "scale": "log"},
    {"name": "bound", "title": "upper bound of afferent weights, times the family's",
     "scale": "log"},
    {"name": "contrast", "title": "share of the afferents in a pattern", "scale": "linear"},
]  # fmt: skip
BASELINES = ["lag_only", "block_only", "no_drift"]


@pytest.fixture
def scores():
    """Three variants of twelve draws, one without any score, and a control."""
    rng = np.random.default_rng(4)
    of = [name for name in VARIANTS for _ in range(DRAWS)] + ["frozen"]
    n = len(of)
    instance = np.exp(rng.normal(size=(n, 3)))
    instance[2 * DRAWS : 3 * DRAWS] = np.nan  # the third variant
    instance[[1, 4]] = np.nan
    instance[5, 1:] = np.nan
    scored = np.isfinite(instance).sum(axis=1)
    score = np.array(
        [np.nanmean(row) if k else np.nan for row, k in zip(instance, scored, strict=True)]
    )
    score[17] = instance[17] = 0.05  # the nearest: the sixth draw of the second variant
    values = np.vstack(
        [np.tile(rng.uniform(0.5, 2.0, (DRAWS, 3)), (3, 1)), np.full((1, 3), np.nan)]
    )
    points = [f"{name}@{k % DRAWS}" for k, name in enumerate(of[:-1])] + ["frozen"]
    titles = {
        point: f"{VARIANTS[name]}, draw {k % DRAWS + 1}"
        for k, (point, name) in enumerate(zip(points[:-1], of[:-1], strict=True))
    } | {"frozen": "all frozen"}
    return xr.Dataset(
        {
            "score": ("point", score),
            "score_low": ("point", np.full(n, np.nan)),
            "score_high": ("point", np.full(n, np.nan)),
            "instance_score": (("point", "instance"), instance),
            "matched_noise": ("point", np.ones(n)),
            "instances_given": ("point", np.full(n, 3)),
            "instances_scored": ("point", np.isfinite(instance).sum(axis=1)),
            "instances_failed": ("point", np.zeros(n, int)),
            "instances_rejected": ("point", 3 - scored),
            "instance_gate": (("point", "instance", "code"), np.full((n, 3, 2), "not accepted")),
            "incomparable": ("point", np.zeros(n, bool)),
            "ceiling_low": 0.4,
            "ceiling_high": 1.0,
            "baseline_score": ("baseline", [0.9, 2.0, 9.0]),
            "profile": (("point", "time_scale"), np.repeat(score[:, None], 4, axis=1)),
            "baseline_profile": (("baseline", "time_scale"), np.ones((3, 4))),
            "time_scale_fit": ("point", np.ones(n)),
            "residual": (("point", "statistic"), rng.normal(size=(n, 2))),
            "recording_reliability": ("code", [0.5, 0.4]),
            "instance_reliability": (("point", "instance", "code"), rng.random((n, 3, 2))),
            "trait_difference": (("point", "compared_trait"), rng.normal(size=(n, 1))),
        },
        coords={
            "point": points,
            "variant": ("point", of),
            "variant_title": ("point", [VARIANTS.get(name, "all frozen") for name in of]),
            "baseline": BASELINES,
            "code": list(CODES),
            "time_scale": [0.1, 0.3, 1.0, 3.0],
            "statistic": ["rate_drop", "rate_step"],
            "compared_trait": ["log_rate"],
            **{f"axis_{axis['name']}": ("point", values[:, k]) for k, axis in enumerate(AXES)},
        },
        attrs={
            "recording": "mouse.movie",
            "pseudo_population": 0,
            "trial_order_known": 1,
            "control": "frozen",
            "titles": json.dumps(titles),
            "inference": "One recording.",
            "conclusion": "The noise floor is reached by 9 of 23 points with a score.",
            "formula": "a mean",
        },
    )  # fmt: skip


def apart(figure, labels):
    """Whether no two of some texts lie over each other, as they are drawn."""
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    assert len(boxes) > 1
    return not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def left(figure):
    return next(a for a in figure.axes if "distance" in a.get_title(loc="left"))


def note(figure):
    return " ".join(item.get_text() for item in figure.texts).replace("\n", " ")


@pytest.mark.fault("labels", "a comparison of a hundred points names each by all its values")
def test_points_of_a_variant_share_a_row_and_the_nearest_is_named(scores):
    figure, _ = comparison.draw(scores=scores)
    panel = left(figure)
    labels = [text.get_text().replace("\n", " ") for text in panel.get_yticklabels()]
    assert labels == [
        "pair STDP, power of the weight (12 of 12)",
        "log-normal weight noise (10 of 12)",
        "all frozen (1 of 1)",
    ]
    diamonds = [line for line in panel.get_lines() if line.get_marker() == "D"]
    drawn = sorted(line.get_xdata()[0] for line in diamonds)
    np.testing.assert_array_equal(drawn, np.sort(scores["score"].dropna("point")))
    heights = [line.get_ydata()[0] for line in diamonds]
    assert len(set(heights)) == len(heights)
    (nearest,) = [d for d in diamonds if d.get_markeredgecolor() == style.BLACK]
    assert nearest.get_xdata()[0] == 0.05 and round(float(nearest.get_ydata()[0])) == 0
    (legend,) = [part.legends[0] for part in _parts(figure) if part.legends]
    said = [text.get_text().replace("\n", " ") for text in legend.get_texts()]
    assert "nearest: pair STDP, power of the weight, draw 6" in said and "rejected" not in said
    with style.applied():
        assert apart(figure, panel.get_yticklabels())
    assert "No point with a score: log-normal noise after pair STDP." in note(figure)
    assert "reached by 9 of 23 points with a score" in note(figure)


def _parts(figure):
    found = [figure]
    for part in found:
        found += part.subfigs
    return found


def test_the_table_has_every_point_with_its_name_its_values_and_its_score(scores):
    for _, table in (comparison.draw(scores=scores), of_scores.draw(scores=scores)):
        rows = table[table["panel"] == "point"].set_index("point")
        assert list(rows.index) == scores["point"].values.tolist()
        assert rows.loc["power@5", "point_title"] == "pair STDP, power of the weight, draw 6"
        for axis in AXES:
            name = f"axis_{axis['name']}"
            np.testing.assert_array_equal(rows[name], scores[name])
        np.testing.assert_array_equal(rows["value"], scores["score"])
        assert rows["at_noise_floor"].sum() == (scores["score"] <= 1.0).sum() > 3
        assert rows.loc["learned@0", "at_noise_floor"] == 0


def test_a_point_that_is_rejected_is_open(scores):
    p = np.full((2, scores.sizes["point"]), 0.5)
    p[0, 3], p[1] = 0.01, 0.01
    recovery = xr.Dataset(
        {"check_p_holm": (("checked", "point"), p)},
        coords={"checked": ["mouse.movie", "control"], "point": scores["point"].values},
        attrs={"recording": "mouse.movie", "refused": "nothing else is looked at here"},
    )
    figure, table = comparison.draw(scores=scores, recovery=recovery)
    rows = table[table["panel"] == "point"].set_index("point")
    np.testing.assert_array_equal(rows["check_p_holm"], p[0])
    diamonds = [line for line in left(figure).get_lines() if line.get_marker() == "D"]
    open_ones = [d.get_xdata()[0] for d in diamonds if d.get_markerfacecolor() == "white"]
    assert open_ones == [scores["score"].values[3]]
    legend = next(part.legends[0] for part in _parts(figure) if part.legends)
    assert "rejected" in [text.get_text() for text in legend.get_texts()]


def test_few_points_keep_a_row_each(scores):
    few = scores.isel(point=[0, 12, 36])
    labels = [text.get_text().replace("\n", " ") for text in
              left(comparison.draw(scores=few)[0]).get_yticklabels()]  # fmt: skip
    titles = json.loads(scores.attrs["titles"])
    assert labels == [titles[name] for name in few["point"].values]


def test_scores_draw_the_points_that_have_one_with_labels_apart(scores):
    short = scores.isel(point=np.r_[0:37, 0:15])
    names = [f"{name}.{k}" for k, name in enumerate(short["point"].values)]
    titles = json.dumps({name: f"{VARIANTS['power']}, draw {k}" for k, name in enumerate(names)})
    short = short.assign_coords(point=names).assign_attrs(titles=titles)
    figure, _ = of_scores.draw(scores=short)
    with style.applied():
        assert apart(figure, figure.axes[0].get_yticklabels())
    n = int(short["score"].count())
    assert n < 40 and len(figure.axes[0].get_yticks()) == n
    assert f"The {n} of 52 points that have a score are drawn." in note(figure)


@pytest.mark.fault("figures", "a map of drawn values: as many columns as points, all but empty")
def test_drawn_points_are_panels_of_their_values(scores):
    figure, table = sweep_map.draw(scores=[scores], axes=AXES)
    assert not any(isinstance(patch, Rectangle) and patch.get_hatch() for axes in figure.axes
                   for patch in axes.patches)  # fmt: skip
    grid = np.array(figure.axes).reshape(len(VARIANTS), len(AXES))
    for across, name in zip(grid, VARIANTS, strict=True):
        own = scores.isel(point=np.flatnonzero(scores["variant"] == name))
        known = own.isel(point=np.flatnonzero(np.isfinite(own["score"])))
        for panel, axis in zip(across, AXES, strict=True):
            marks = [line for line in panel.get_lines() if line.get_marker() == "o"]
            xy = {tuple(pair) for line in marks for pair in line.get_xydata()}
            expected = zip(known[f"axis_{axis['name']}"].values, known["score"].values, strict=True)
            assert xy == set(expected)
            gone = next(line for line in panel.get_lines() if line.get_marker() == "|")
            assert len(gone.get_xdata()) == own.sizes["point"] - known.sizes["point"]
            stars = [line for line in panel.get_lines() if line.get_marker() == "*"]
            assert sum(len(line.get_xdata()) for line in stars) == (name == "power")
    with style.applied():
        figure.draw_without_rendering()
        for panel in grid[-1]:
            assert apart(figure, panel.get_xticklabels())
        assert apart(figure, [row[0].yaxis.label for row in grid])
    said = note(figure)
    assert "best point pair STDP, power of the weight, draw 6 at 0.05" in said
    assert "points without values: all frozen" in said
    assert len(table) == scores.sizes["point"]


@pytest.mark.parametrize("n_axes", [1, 2])
def test_a_grid_stays_a_map(scores, n_axes):
    values = np.array(list(itertools.product([1.0, 2.0, 3.0], [0.1, 0.2, 0.3, 0.4])))
    grid = scores.isel(point=slice(0, 2 * DRAWS)).drop_vars(["axis_bound", "axis_contrast"])
    columns = np.tile(values if n_axes == 2 else np.c_[np.arange(DRAWS), values[:, 1]], (2, 1))
    grid = grid.assign_coords(axis_speed=("point", columns[:, 0]))
    if n_axes == 2:
        grid = grid.assign_coords(axis_bound=("point", columns[:, 1]))
    figure, _ = sweep_map.draw(scores=[grid], axes=AXES[:n_axes])
    squares = [p for axes in figure.axes for p in axes.patches if isinstance(p, Rectangle)]
    assert len(squares) >= 2 * DRAWS


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [(0.5, 3.0, "log"), (0.8, 1.25, "log"), (0.001, 10.0, "log"), (0.8, 1.0, "linear")],
)
def test_ticks_of_values_are_a_few_and_written_in_full(low, high, scale):
    with style.applied():
        figure = style.figure(1.6, 1.2)
        axes = figure.subplots()
        axes.plot([low, high], [0, 1])
        style.value_ticks(axes.xaxis, scale)
        figure.draw_without_rendering()
        inside = [t for t in axes.get_xticklabels() if low <= t.get_position()[0] <= high]
        assert 2 <= len(inside) <= 8
        assert all(
            float(text.get_text()) == pytest.approx(text.get_position()[0]) for text in inside
        )
        assert apart(figure, inside)
