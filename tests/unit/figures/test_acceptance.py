"""The figure of accepted runs: a bar a variant, a panel a criterion, a dot a run."""

import numpy as np
import pytest
import xarray as xr

from spikedrift.config.sweeps import Accept
from spikedrift.figures import acceptance
from spikedrift.sweeps.acceptance import accepted

RATES = [[4.0, 4.1, 4.0], [4.2, 9.0, np.nan]]  # of a control and of a variant, Hz


@pytest.fixture
def data():
    """Three instances: all of the control are accepted, one of the variant is, one failed."""
    status = np.where(np.isnan(RATES), "failed", "ok")
    found = xr.Dataset(
        {
            "block_rate": (("point", "instance"), RATES),
            "depth": (("point", "instance", "code", "block"), np.ones((2, 3, 1, 2))),
            "status": (("point", "instance"), status),
        },
        coords={
            "variant": ("point", ["still", "moves"]),
            "title": ("point", ["all frozen", "pair STDP"]),
            "name": ("point", ["still", "moves@rate=1"]),
            "control": ("point", [True, False]),
            "code": ["rate"],
            "instance": [0, 1, 2],
        },
        attrs={"sweep": "s"},
    )
    asked = Accept(**{**dict.fromkeys(Accept.model_fields), "rate": (3.6, 4.4)})
    return found.merge(accepted(found, asked))


def test_shares_and_runs_are_those_of_the_survey(data):
    figure, table = acceptance.draw(data=data)
    share, rate = (axes for axes in figure.axes if axes.axison)
    assert [bar.get_width() for bar in share.patches] == [1.0, pytest.approx(1 / 3)]
    assert [text.get_text() for text in share.texts] == ["3 of 3", "1 of 3"]
    labels = [label.get_text() for label in share.get_yticklabels()]
    assert labels == ["all frozen", "pair STDP"]
    drawn = {
        face: sorted(x for line in rate.lines if line.get_mfc() == face for x in line.get_xdata())
        for face in ("#000000", "none")
    }
    assert drawn == {"#000000": [4.0, 4.0, 4.1, 4.2], "none": [9.0]}
    (band,) = rate.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == (3.6, pytest.approx(4.4))
    assert table["accepted"].tolist() == [1, 1, 1, 1, 0, 0]
    assert set(table["criterion"]) == {"rate in blocks (Hz)"}
    assert "4 of 6; 1 failed" in figure.texts[0].get_text().replace("\n", " ")


def test_where_all_runs_failed_the_shares_are_all_there_is(data):
    gone = data[["status"]].assign(status=(("point", "instance"), np.full((2, 3), "failed")))
    gone.attrs["sweep"] = "s"
    figure, table = acceptance.draw(data=gone.merge(accepted(gone, Accept())))
    (share,) = (axes for axes in figure.axes if axes.axison)
    assert [text.get_text() for text in share.texts] == ["0 of 3", "0 of 3"]
    assert len(table) == 6 and table["value"].isna().all()
