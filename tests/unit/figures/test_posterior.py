"""The figure of a posterior shows its numbers, and is pale where they say nothing."""

import numpy as np
import pytest
from posteriors import KNOWN, NOISE, Seen, family, inferred

from spikedrift.figures import posterior, style


@pytest.fixture(scope="module")
def data():
    return inferred(*family())


def test_table_has_the_numbers_of_every_axis(data):
    _, table = posterior.draw(data=data)
    assert list(table["axis"]) == list(KNOWN)
    for row in table.itertuples():
        one = data.sel(variant="drifts", axis=row.axis)
        assert (row.low, row.high) == tuple(one["interval"].values)
        assert row.low < KNOWN[row.axis] == row.known < row.high
        assert (row.sbc_p, row.excluded) == (float(one["sbc_p"]), float(one["excluded"]))
        assert row.contraction == pytest.approx(1 - NOISE**2 / (1 + NOISE**2), abs=0.1)
    assert {"coverage_0.5", "coverage_0.8", "coverage_0.95"} <= set(table)


def test_panels_show_posterior_prior_and_calibration(data):
    figure, _ = posterior.draw(data=data)
    first, second, pair, calibration = figure.axes
    assert [first.get_xscale(), second.get_xscale()] == ["log", "linear"]
    for place, (low, high) in zip((first, second), ((1, 100), (0, 1)), strict=True):
        assert place.get_xlim() == (low, high)
        assert place.get_ylim()[0] == 0
        counts, edges, _ = place.patches[2].get_data()  # behind what is excluded
        width = np.diff(np.log(edges) if place is first else edges)
        whole = width.sum()
        assert (counts * width).sum() / whole == pytest.approx(1), "the prior's density is 1"
    assert (pair.get_xlim(), pair.get_ylim()) == ((1, 100), (0, 1))
    assert [text.get_text() for text in calibration.get_legend().get_texts()] == list(KNOWN)
    said = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert "Calibration was not rejected" in said


def test_a_family_unlike_the_recording_is_pale(data):
    models, _ = family()
    other = inferred(models, Seen("other", {"rate_drop": 30.0, "rate_step": -30.0}))
    faces = []
    for one in (data, other):
        figure, _ = posterior.draw(data=one)
        faces.append(figure.axes[0].patches[2].get_facecolor())
    assert faces[0][:3] == faces[1][:3]
    assert faces[1][3] < faces[0][3]
    assert style.OKABE_ITO[0] == posterior._POSTERIOR
