"""Training of a rate network: dynamics, what is learned and when, trials of what was learned."""

import numpy as np
import pytest
from rate_sessions import shown_twice

from spikedrift.config.overrides import override
from spikedrift.networks.models import rate_rnn
from spikedrift.networks.session_plan import NetworkRun, plan

pytestmark = pytest.mark.compiles
SMALL = {"n": 60, "loops": 15, "onset": 0.01, "duration": 0.1, "period": 0.1}


def planned(changes=None):
    options = override(rate_rnn.RateNetwork(), SMALL | (changes or {}), "a")
    return plan(rate_rnn.MODEL, options, NetworkRun("a", {}, 1, 0))


def test_cells_follow_the_equations_and_are_silent_before_the_input():
    model = rate_rnn.Trained(planned())
    weight = model.rls.matrix()
    assert not np.diag(weight).any()
    assert weight.std() * np.sqrt(60) == pytest.approx(1, rel=0.05)
    recurrent, visited = model.loop(learning=False)
    assert recurrent.shape == visited.shape == (1200, 60) and not visited[:100].any()
    rate = np.zeros(60)
    for step in range(1200):
        np.testing.assert_allclose(recurrent[step], weight @ rate, rtol=0, atol=1e-9)
        outside = model.input * (100 <= step < 200)
        rate = rate + 1e-4 / 0.005 * (np.maximum(weight @ rate + outside, 0) - rate)
        np.testing.assert_allclose(visited[step], rate, rtol=0, atol=1e-9)
    assert 0 <= model.input.min() < model.input.max() <= 4
    np.testing.assert_array_equal(model.rls.matrix(), weight)


def test_a_loop_learns_from_the_end_of_the_input_on_every_five_milliseconds():
    model, still = rate_rnn.Trained(planned()), rate_rnn.Trained(planned())
    recurrent, visited = model.loop(learning=True)
    before, _ = still.loop(learning=False)
    assert model.rls.updates == 20
    np.testing.assert_array_equal(recurrent[:250], before[:250])  # until the first update
    assert np.abs(recurrent[250:] - before[250:]).max(axis=1).all()
    # The weights are those of the normal equations over the moments of the updates.
    x = visited[200:][49::50]
    y = np.sin(2 * np.pi * (0.005 * np.arange(1, 21)[:, None] / 0.1 - model.phase)) + 1
    first, learned = still.rls.matrix(), model.rls.matrix()
    for cell in (0, 59):
        heard = np.delete(np.arange(60), cell)
        own = x[:, heard]
        expected = np.linalg.solve(
            own.T @ own + 0.5 * np.eye(59), own.T @ y[:, cell] + 0.5 * first[cell, heard]
        )
        np.testing.assert_allclose(learned[cell, heard], expected, rtol=0, atol=1e-9)


def test_a_trained_network_generates_its_targets_without_being_corrected():
    found = rate_rnn.readout(planned({"loops": 30}), None)
    assert found["recalled"] > 0.98 and found["correlation"] > 0.98
    assert found["held"].y[0] < 0.5 < found["trained"].y[0] < 0.9
    assert found["window"].y.shape == (30,) and found["window_3"] == found["window"].y[2]
    assert "window_50" not in found


def test_the_correlation_leaves_the_time_before_its_start_out():
    model = rate_rnn.Trained(planned())
    wanted = np.zeros((1200, 60))
    wanted[200:] = model.target(np.arange(1000) * 1e-4)
    assert model.correlation(wanted, 0) == pytest.approx(1)
    spoiled = wanted.copy()
    spoiled[:200] = np.linspace(0, 9, 200)[:, None]
    assert model.correlation(spoiled, 200) == pytest.approx(1)
    assert model.correlation(spoiled, 0) < 0.9


def test_what_was_trained_is_shown_in_blocks_and_stays(tmp_path):
    shown = {"segments": 4, "repeats": 10, "pause": 5.0, "gain": 30.0}
    options = override(rate_rnn.RateNetwork(), SMALL | {"shown": shown}, "a")
    found, drift = shown_twice(rate_rnn.MODEL, options, "a.movie", tmp_path)
    saved = found.traces["recurrent_weight"].values
    assert saved.shape[0] == 5  # edges of training, block, pause, block
    assert (saved[1] != saved[0]).any() and (saved[1:] == saved[1]).all()
    assert not found.trials["plasticity_on"].any()
    assert abs(drift["index"]) < 0.02
    model = rate_rnn.Trained(planned({"shown": shown}))
    model.update(SMALL["loops"], 0)
    rates = np.array([model.respond(segment) for segment in range(4)])
    _, visited = model.loop(learning=False)
    np.testing.assert_allclose(rates, visited[200:].reshape(4, 250, 60).mean(axis=1), rtol=1e-12)
    assert (rates.std(axis=0) > 0.05).mean() > 0.9
    before = model.rls.matrix()
    model.update(3, 1)
    np.testing.assert_array_equal(model.rls.matrix(), before)
