"""The figure of a reproduction: a panel for every target and curve, and what it says of each."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from spikedrift.figures import reproduction
from spikedrift.networks.catalog import Curve, Experiment, Model, Target
from spikedrift.networks.models.vogels_2011 import VogelsNetwork, declare
from spikedrift.networks.reproduce import _rows, judged, stated

SOURCE = {"source": "a paper", "trust": "published"}
TARGETS = (
    Target("one", "rate", "rate", low=1.0, high=3.0, value=2.0, unit="Hz", **SOURCE),
    Target("one", "share", "share", low=0.9, **SOURCE),
    Target("one", "late", "late share", low=0.0, sizes=("full",), **SOURCE),
    Target("one", "guess", "guess", "memory", "unverified", high=0.0),
    Target("one", "nowhere", "undefined", low=0.0, **SOURCE),
)
MODEL = Model("m", "m", "m", VogelsNetwork, declare, None, (Experiment("one", "one"),),
              targets=TARGETS)  # fmt: skip


@pytest.fixture
def measured():
    """Two instances; the rate meets its target in the mean alone."""
    curve = Curve(np.arange(3.0), np.arange(3.0), "time (s)", "rate (Hz)")
    rows = []
    for instance, rate in enumerate((0.5, 2.5)):
        values = {"rate": rate, "share": 0.5, "late": 1.0, "guess": 1.0, "nowhere": np.nan,
                  "course": curve}  # fmt: skip
        for name, value in values.items():
            rows += [{**row, "instance": instance} for row in _rows(name, value)]
    return pd.DataFrame(rows).assign(network="m", experiment="one")


def test_the_mean_over_instances_is_judged(measured):
    table = judged(measured, MODEL, "quick").set_index("name")
    assert table["pass"].to_dict() == {
        "rate": "yes", "share": "no", "late": "", "guess": "", "nowhere": "no"
    }  # fmt: skip
    assert table.loc["rate", "measured"] == 1.5 and table.loc["rate", "n"] == 2
    assert judged(measured, MODEL, "full").set_index("name").loc["late", "pass"] == "yes"
    said = stated(table.reset_index())
    assert said["verdict"].tolist() == ["met", "missed", "not judged", "not judged", "missed"]
    assert said["target"].tolist()[:2] == ["1 to 3", "at least 0.9"]


def test_every_target_and_curve_has_a_panel(measured):
    table = judged(measured, MODEL, "quick")
    figure, plotted = reproduction.draw(measured=measured, targets=table, network="m", size="quick")
    panels = [axes for axes in figure.axes if axes.axison]
    assert len(panels) == len(TARGETS) + 1 and plotted is measured
    words = [axes.get_xlabel() for axes in panels]
    assert words[0] == "met, n = 2" and words[1] == "missed, n = 2" and words[-1] == "time (s)"
    assert panels[0].get_ylabel() == "Hz" and panels[-1].get_ylabel() == "rate (Hz)"
    plt.close(figure)


def test_a_curve_of_two_experiments_has_one_panel_and_two_colors(measured):
    both = pd.concat([measured, measured.assign(experiment="without")])
    table = judged(measured, MODEL, "quick")
    figure, _ = reproduction.draw(measured=both, targets=table, network="m", size="quick")
    panels = [axes for axes in figure.axes if axes.axison]
    assert len(panels) == len(TARGETS) + 1
    assert [text.get_text() for text in panels[-1].get_legend().get_texts()] == ["one", "without"]
    assert len(panels[-1].lines) == 4 and len({one.get_color() for one in panels[-1].lines}) == 2
    plt.close(figure)
