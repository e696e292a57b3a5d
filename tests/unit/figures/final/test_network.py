"""Figure 3 of networks that have no weights, no naive trials or unlike phases."""

import matplotlib.pyplot as plt
import pytest
from tests.unit.networks.test_spike_tables import session, simulated, write

from spikedrift.config.selections import Selection
from spikedrift.core.errors import InputError
from spikedrift.figures.final import network
from spikedrift.similarity.matrix import similarity
from spikedrift.spikes import selections

POINTS = ("frozen", "plastic")


def inputs(tmp_path, **changes):
    runs = [
        simulated(write(tmp_path / f"{point}.npz", session(seed) | changes.get(point, {})))
        for seed, point in enumerate(POINTS)
    ]
    shown = Selection(name="shown", phases=("naive", "block"))
    seen = [selections.apply(run.trials, shown, 1) for run in runs]
    return {
        "trials": [run.trials for run in runs],
        "traces": [run.traces for run in runs],
        "rate": [similarity(one, "population_vector", {}) for one in seen],
        "timing": [similarity(one, "spikeship", {}) for one in seen],
        "points": POINTS,
        "shown": POINTS,
        "control": "frozen",
    }


def test_without_weights_there_is_no_row_of_them(tmp_path):
    figure, table = network.draw(**inputs(tmp_path))
    assert set(table["panel"]) == {"response", "selectivity", "detectors", "discrimination"}
    assert [text.get_text() for part in figure.subfigs for text in part.texts] == ["a", "b"]
    plt.close(figure)


def test_without_naive_trials_their_maps_are_empty(tmp_path):
    block = dict.fromkeys(("phase", "block", "plasticity_on"))
    figure, table = network.draw(**inputs(tmp_path, frozen=block, plastic=block))
    response = table[table["panel"] == "response"]
    assert response.loc[response["phase"] == "naive", "value"].isna().all()
    assert response.loc[response["phase"] == "first block", "value"].notna().all()
    titles = [axes.get_title(loc="left") for axes in figure.subfigs[0].axes]
    assert titles[0] == "frozen\nnaive, no trials" and titles[1] == "frozen\nfirst block"
    plt.close(figure)


def test_unlike_phases_are_one_line(tmp_path):
    given = inputs(tmp_path, plastic=dict.fromkeys(("phase", "block", "plasticity_on")))
    with pytest.raises(InputError, match=r"figure network: stages of .* are block 0 and those of"):
        network.draw(**given)
