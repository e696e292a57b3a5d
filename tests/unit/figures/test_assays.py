"""The figure of completion and reactivation: a row a variant, a panel a cue or pause."""

import numpy as np
import pytest
import xarray as xr

from spikedrift.config.compare import Compare
from spikedrift.figures import assays


@pytest.fixture
def data():
    """Two variants, three instances, of which one failed; two cues and a pause."""
    shape = (2, 3, 2)
    value = np.arange(12.0).reshape(shape) / 12
    value[1, 2] = np.nan
    pause = np.array([[[0.05], [0.06], [0.04]], [[0.3], [0.02], [np.nan]]])
    dims = ("point", "instance")
    return xr.Dataset(
        {
            "completion": ((*dims, "cue"), value),
            "completion_chance": ((*dims, "cue"), value / 2),
            "completion_size": ((*dims, "cue"), -value),
            "reactivation": ((*dims, "pause"), pause),
            "reactivation_p": ((*dims, "pause"), np.where(pause > 0.1, 0.01, 0.5)),
            "reactivation_chance": ((*dims, "pause"), np.where(np.isnan(pause), np.nan, 0.07)),
            "status": (dims, [["ok"] * 3, ["ok", "synchronous", "failed"]]),
        },
        coords={
            "variant": ("point", ["still", "moves"]),
            "name": ("point", ["still", "moves"]),
            "point_title": ("point", ["all frozen", "pair STDP"]),
            "control": ("point", [True, False]),
            "cue": ["onset 0.333", "afferents 0.5"],
            "pause": ["silence"],
            "instance": [0, 1, 2],
        },
        attrs={"sweep": "s", "seed": 1},
    )


def dots(axes, face):
    lines = [line for line in axes.lines if line.get_marker() == "o" and line.get_mfc() == face]
    return sorted(x for line in lines for x in line.get_xdata() if np.isfinite(x))


def test_dots_are_the_runs(data):
    figure, table = assays.draw(data=data, compare=Compare(min_instances=3))
    shown = [axes for axes in figure.axes if axes.axison]
    titles = [axes.get_title(loc="left") for axes in shown]
    assert titles == ["onset 0.333", "afferents 0.5"] * 2 + ["silence"]
    own = data["completion"].values[:, :, 0]
    color = next(line.get_mfc() for line in shown[0].lines if line.get_marker() == "o"
                 and line.get_mfc() != "white")  # fmt: skip
    assert dots(shown[0], color) == sorted(own[np.isfinite(own)])
    assert dots(shown[0], "white") == sorted(own[np.isfinite(own)] / 2)
    silence = shown[-1]
    assert dots(silence, "white") == [0.02, 0.04, 0.05, 0.06]
    assert dots(silence, assays._COLORS[2]) == [0.3]
    assert [line.get_xdata()[0] for line in silence.lines if line.get_ls() == "--"] == [0.07]
    assert [label.get_text() for label in shown[0].get_yticklabels()] == ["all frozen", "pair STDP"]
    note = figure.texts[0].get_text().replace("\n", " ")
    assert "3 a variant" in note and "failed 1" in note and "(of 6 runs)" in note
    row = table[(table["variant"] == "moves") & (table["instance"] == 0)]
    row = row[(row["quantity"] == "completion") & (row["shown"] == "onset 0.333")]
    assert row["over_control"].item() == pytest.approx(0.5)


def test_few_instances_have_no_interval(data):
    figure, _ = assays.draw(data=data)
    assert "an illustration" in figure.texts[0].get_text()
    bars = [line for line in figure.axes[0].lines if line.get_color() == "#000000"]
    assert len(bars) == 2, "means alone"


def test_where_nothing_was_shown_the_figure_says_so(data):
    figure, table = assays.draw(data=data[["status"]])
    assert table.empty and "was shown a cue" in figure.axes[0].texts[0].get_text().replace(
        "\n", " "
    )
