"""The cell of Song et al. (2000): its declaration, its readout, and a short session."""

from types import SimpleNamespace

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.overrides import override
from spikedrift.networks import checks
from spikedrift.networks.copies import Recorded
from spikedrift.networks.models.song_2000 import MODEL, SongNetwork
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch, simulate
from spikedrift.networks.timetable import lay_out

PROBES = {
    "duration": 2.0,
    "probes": {"patterns": {"n_patterns": 2, "n_afferents": 50}, "repeats": 3, "pause": 1.0},
}


def options(changes):
    one_compiler = {"simulation.jobs": 1}
    return override(SongNetwork(), one_compiler | changes, "song")


@pytest.mark.parametrize("changes", [{}, PROBES, {"n_cells": 4}], ids=["paper", "probed", "four"])
def test_what_is_declared_holds(changes):
    checks.check(MODEL.declare(options(changes)), "song")


def test_the_readout_measures_what_was_recorded():
    chosen = options({"duration": 200.0, "n_inputs": 10})
    network = MODEL.declare(chosen)
    timetable = lay_out(network.protocol, chosen.simulation.dt, np.random.default_rng(1))
    made = SimpleNamespace(network=network, timetable=timetable, options=chosen)
    # 20 Hz for 10 s, 10 Hz up to 100 s, then 5 Hz, all regular.
    time = np.r_[np.arange(0, 10, 0.05), np.arange(10, 100, 0.1), np.arange(100, 200, 0.2)] + 0.01
    weight = np.array([[0.5] * 10, [0.0] * 3 + [0.5] * 5 + [1.0] * 2]) * 0.01
    ends = {"afferent": (np.arange(10), np.zeros(10, int))}
    cell = np.zeros(time.size, int)
    recorded = Recorded(cell, time, {"afferent": weight.astype(np.float32)}, ends, True)
    measured = MODEL.readout(made, recorded)
    assert measured["first"] == pytest.approx(20)
    assert measured["settled"] == pytest.approx(10)
    assert measured["last"] == pytest.approx(5)
    assert measured["cv"] == pytest.approx(0, abs=1e-6)
    assert (measured["low"], measured["high"]) == (0.3, 0.2)
    assert measured["mean"] == pytest.approx(0.45)
    assert measured["rate"].y[0] == pytest.approx(20)
    assert measured["weights"].y.sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("song")
    return {"build_dir": folder / "programs", "scratch_dir": folder / "scratch"}


@pytest.mark.compiles
def test_first_weights_are_uniform_and_the_rate_falls(places):
    run = NetworkRun("song", {}, 1, 0)
    ((made, recorded, _),) = record_batch(MODEL, options({"duration": 100.0}), [run], **places)
    first = recorded.weights["afferent"][0] / 0.01
    np.testing.assert_allclose(np.quantile(first, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.06)
    measured = MODEL.readout(made, recorded)
    assert measured["settled"] < 0.9 * measured["first"]


@pytest.mark.compiles
def test_frozen_patterns_shown_afterwards_are_trials(places):
    found = simulate(
        MODEL, options(PROBES), {}, recording="song.patterns", seed=1, instance=0, **places
    )
    trials.check(found.trials)
    assert found.trials.sizes["trial"] == 2 * 2 * 3
    assert found.trials.sizes["spike"] > 0
