"""Trained integrate-and-fire cells: dynamics, training, the same bits, trials, bad input."""

import numpy as np
import pytest
from looping_sessions import session, shown_twice

from spikedrift.core.errors import InputError
from spikedrift.networks.integrators import lif
from spikedrift.networks.models import lif_rnn as model

pytestmark = pytest.mark.compiles
TAU, TAU_SYNAPSE = 100.0, 30.0  # time steps
SMALL = {
    "n": 30, "onset": 0.1, "length": 0.1, "response": 0.6, "period": 0.6, "tau_synapse": 0.05,
    "strength": 0.5, "every": 0.005, "error_noise": 0.0, "loops": 2, "noise": 0.5,
    "simulation": {"dt": 5e-4},
}  # fmt: skip


def cells(n=1, noise=0.0, threshold=1.0):
    start = lif.State(*np.zeros((5, n)))
    return start, lif.Cells(TAU, TAU_SYNAPSE, threshold, 0.0, noise, 1.0)


@pytest.mark.parametrize("current", [1.05, 1.5, 4.0])
def test_a_constant_input_gives_the_intervals_of_the_theory(current):
    state, constants = cells()
    _, _, steps = lif.run(np.zeros((1, 1)), state, constants, np.array([current]), 1, 0, 3000)
    expected = np.log(1 - 1 / current) / np.log(1 - 1 / TAU)  # Euler steps to the threshold
    assert np.unique(np.diff(steps)) == [np.ceil(expected)]
    continuous = TAU * np.log(current / (current - 1))
    assert np.ceil(expected) == pytest.approx(continuous, rel=0.02, abs=1)


def test_the_membrane_has_the_noise_of_the_theory():
    state, constants = cells(400, 0.02, np.inf)
    weight, silence = np.zeros((400, 400)), np.zeros(400)
    lif.run(weight, state, constants, silence, 7, 0, 600)
    expected = 0.02 / np.sqrt(1 - (1 - 1 / TAU) ** 2)
    assert state.potential.std() == pytest.approx(expected, rel=0.1)


def by_numpy(weight, outside, n_steps, start):
    """The same cells without noise, plainly."""
    v, (u, r, arriving, fired) = start.copy(), np.zeros((4, v_size := start.size))
    drives, spikes = [], []
    for step in range(n_steps):
        u = u + (arriving - u) / TAU_SYNAPSE
        r = r + (fired - r) / TAU_SYNAPSE
        v = v + (u + outside - v) / TAU
        fired = (v > 1).astype(float)
        arriving = fired @ weight
        v = np.where(fired > 0, 0.0, v)
        drives.append(u)
        spikes += [(step, cell) for cell in range(v_size) if fired[cell]]
    return np.array(drives), r, spikes


def test_cells_that_hear_each_other_are_those_of_plain_numpy():
    rng = np.random.default_rng(3)
    weight, outside = 4 * rng.standard_normal((8, 8)), 1 + rng.random(8)
    state, constants = cells(8)
    state.potential[:] = rng.random(8)
    expected = by_numpy(weight, outside, 900, state.potential)
    first = lif.run(weight, state, constants, outside, 1, 0, 400)
    second = lif.run(weight, state, constants, outside, 1, 400, 500)
    drives, who, when = (np.concatenate(parts) for parts in zip(first, second, strict=True))
    np.testing.assert_allclose(drives, expected[0], atol=1e-12)
    np.testing.assert_allclose(state.filtered, expected[1], atol=1e-12)
    assert list(zip(when, who, strict=True)) == expected[2] and who.size > 20


def test_a_spike_decays_with_the_time_constant_of_synapses():
    state, constants = cells(2)
    state.potential[0] = 1.5
    weight = np.array([[0.0, 2.0], [0.0, 0.0]])
    drives, _, steps = lif.run(weight, state, constants, np.zeros(2), 1, 0, 60)
    assert steps.tolist() == [0]
    expected = 2.0 / TAU_SYNAPSE * (1 - 1 / TAU_SYNAPSE) ** np.arange(59)
    np.testing.assert_allclose(drives[1:, 1], expected, rtol=1e-12)


def test_training_brings_inputs_near_their_targets():
    planned, left = session(model, {**SMALL, "n": 60, "loops": 20, "amplitude": 1.0})
    read = model.readout(planned, left)
    before, after = read["held"].y[0], read["correlation"]
    assert abs(before) < 0.2 and after > 0.9
    assert read["correlation_20"] == after > read["correlation_5"]


def test_bits_are_those_of_the_seed_whatever_the_threads():
    (_, one), (_, again), (_, other) = (
        session(model, {**SMALL, "simulation": {"dt": 5e-4, "threads": threads}}, seed)
        for threads, seed in ((1, 1), (2, 1), (1, 2))
    )
    assert one.weights["recurrent"].tobytes() == again.weights["recurrent"].tobytes()
    assert np.array_equal(one.spike_cell, again.spike_cell)
    assert np.array_equal(one.spike_time, again.spike_time)
    assert not np.array_equal(one.weights["recurrent"], other.weights["recurrent"])


def test_cells_that_are_not_trained_keep_their_weights():
    planned, left = session(model, {**SMALL, "trained": 0.5})
    pre, post = left.ends["recurrent"]
    assert set(post) == set(range(15)) and (pre != post).all()
    assert left.weights["recurrent"].shape == (3, 15 * 29)
    network = model.Trained(planned)
    first = network.weight.copy()
    network.run(1600, True)
    moved = (network.weight != first).any(axis=0)
    assert moved[:15].all() and not moved[15:].any()


def test_blocks_show_the_response_with_weights_held(tmp_path):
    shown = {"segments": 4, "duration": 0.1, "repeats": 6, "pause": 1.0}
    found = shown_twice(model, {**SMALL, "shown": shown}, tmp_path)
    assert found.trials.sizes["trial"] == 2 * 4 * 6
    assert not found.trials["plasticity_on"].any()
    start = found.trials["start_time"].values.reshape(12, 4)
    np.testing.assert_allclose(np.diff(start), 0.1)  # stretches follow one another
    np.testing.assert_allclose(np.diff(start[:6, 0]), 0.6)  # of loops that begin with a lead
    kinds = found.traces["phase"].values
    weight = found.traces["recurrent_weight"].values
    assert (weight[0] != weight[1]).any()
    assert (weight[list(kinds).index("block")] == weight[-1]).all()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trained": 0.0}, "trained: 0 of 30 cells is no cell"),
        ({"amplitude": 500.0}, "fires in every time step"),
        ({"response": 0.60012}, "response: 0.60012 s is no whole number of time steps of 0.0005 s"),
        (
            {"shown": {"segments": 7, "duration": 0.1}},
            "7 segments of 0.1 s are longer than the resp",
        ),
        ({"mean_input": float("nan")}, "mean_input"),
    ],
)
def test_bad_input_is_one_line(changes, told):
    with pytest.raises(InputError, match=told) as error:
        session(model, {**SMALL, **changes})
    assert "\n" not in str(error.value)
