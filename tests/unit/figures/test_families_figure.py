"""The figure of families: shares, accuracies and draws are those of the recovery test."""

import json

import numpy as np
import pytest
import xarray as xr

from spikedrift.figures import families

NAMES = ["noise", "triplet", "codependent"]
CONFUSION = np.array([[0.9, 0.1, 0.0], [0.0, 0.6, 0.4], [0.0, 0.5, 0.5]])


@pytest.fixture
def recovery():
    by = {"accuracy": [0.67, 0.7, 0.4], "accuracy_low": [0.5, 0.6, 0.3],
          "accuracy_high": [0.8, 0.8, 0.5], "chance": [0.33, 0.34, 0.33],
          "p": [0.01, 0.01, 0.4]}  # fmt: skip
    shares = np.stack([CONFUSION, CONFUSION, np.full((3, 3), 1 / 3)])
    return xr.Dataset(
        {f"family_{key}": ("classifier", value) for key, value in by.items()}
        | {
            "family_confusion": (("classifier", "family", "family_recovered"), shares),
            "regime": ("family", [0, 1, 1]),
            "regime_accuracy": 0.93,
            "regime_accuracy_low": 0.85,
            "regime_accuracy_high": 0.98,
            "family_draws": ("family", [2, 1, 1]),
            "family_runs": ("family", [4, 2, 2]),
        },
        coords={"family": NAMES, "classifier": ["score", "every", "rates"]},
        attrs={"families_enough": 0, "titles": json.dumps({"noise@1": "noise, 1"})},
    )


@pytest.fixture
def scores():
    values = np.array(
        [
            [[0.3, 0.4, 1.0], [0.6, 0.8, 2.0]],  # one direction, .6 and .8
            [[0.3, 0.4, 1.0], [np.nan, 0.8, 2.0]],
            [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
            [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]],
            [[0.0, 0.1, 0.0], [0.0, 0.1, 0.0]],
        ]
    )
    return xr.Dataset(
        {
            "instance_value": (("point", "instance", "statistic"), values),
            "recording_value": ("statistic", [0.6, 0.8, 0.5]),
            "scales": ("statistic", [True, True, False]),
        },
        coords={
            "statistic": ["rate_step", "timing_step", "step_to_drop"],
            "point": ["noise@1", "noise@2", "triplet@1", "codependent@1", "frozen"],
            "variant": ("point", ["noise", "noise", "triplet", "codependent", "frozen"]),
            "variant_title": (
                "point",
                ["weight noise", "weight noise", "triplet STDP", "codependent rule", "frozen"],
            ),
        },
        attrs={"recording": "mouse.gratings", "trial_order_known": 1, "pseudo_population": 0},
    )


def test_what_is_drawn_is_what_was_recovered(recovery, scores):
    figure, table = families.draw(recovery=recovery, scores=scores)
    confusion, accuracy, first, second, third = figure.axes[:5]
    np.testing.assert_array_equal(confusion.images[0].get_array(), CONFUSION)
    labels = [label.get_text() for label in confusion.get_yticklabels()]
    assert labels == ["weight noise (2)  1", "triplet STDP (1)  2", "codependent rule (1)  3"]
    # Frames: the first alone, the other two together.
    framed = sorted((p.get_x() + 0.5, p.get_y() + 0.5) for p in confusion.patches)
    assert framed == [(0, 0), (1, 1), (1, 2), (2, 1), (2, 2)]
    assert [label.get_text() for label in accuracy.get_yticklabels()] == [
        "drift", "mean rates", "all statistics", "2 regimes, by drift",
    ]  # fmt: skip
    faces = [line.get_mfc() for line in accuracy.lines if line.get_marker() == "o"]
    assert [face == "white" for face in faces] == [False, True, False]
    drawn = table[table["panel"] == "accuracy"].set_index("series")
    assert drawn["value"].to_dict() == {"score": 0.67, "every": 0.7, "rates": 0.4, "regimes": 0.93}
    for axes, expected in ((first, [0.6, 0.6]), (second, [0.8, 0.8]), (third, [1.5, 1.0])):
        dots = axes.lines[0]
        np.testing.assert_allclose(dots.get_xdata(), expected)
        assert "rate" in first.get_xlabel() and "timing" in second.get_xlabel()
    np.testing.assert_allclose(first.lines[-1].get_xdata(), 0.6)  # the recording
    said = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "taken for each other: 1; 2, 3." in said
    assert "8 runs of 4 draws" in said
    assert "an illustration" in said


def test_a_control_and_runs_without_a_statistic_are_not_drawn(scores):
    table = families.statistics(scores, NAMES)
    assert set(table["series"]) == {
        "noise@1", "noise@2", "triplet@1", "codependent@1", "mouse.gratings",
    }  # fmt: skip
    values = table[(table["series"] == "noise@2") & (table["panel"] == "step_to_drop")]["value"]
    assert values.tolist() == [1.0]


def test_families_that_are_one_regime_have_no_accuracy_of_regimes(recovery, scores):
    alike = recovery.assign(regime=("family", [0, 0, 0]), regime_accuracy=np.nan)
    figure, table = families.draw(recovery=alike, scores=scores)
    assert "regimes" not in set(table["series"])
    said = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "No family is told from the others" in said
    # Two regimes by all draws, and one without some draw: no accuracy, and it is said.
    figure, table = families.draw(recovery=recovery.assign(regime_accuracy=np.nan), scores=scores)
    assert "regimes" not in set(table["series"])
    said = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "Without some draw all are one regime" in said and "Dotted tick" not in said


def test_where_no_family_is_recovered_the_figure_says_why(scores):
    none = xr.Dataset(attrs={"families_refused": "fewer than two variants have two draws"})
    figure, table = families.draw(recovery=none, scores=scores)
    (said,) = [text.get_text() for text in figure.axes[0].texts]
    assert "fewer than two variants" in said.replace("\n", " ")
    assert table.empty
