"""Trained theta neurons: dynamics, wiring, training, the same bits, trials, bad input."""

import numpy as np
import pytest
from looping_sessions import session, shown_twice

from spikedrift.core.errors import InputError
from spikedrift.networks.integrators import theta
from spikedrift.networks.models import kim_chow_2018 as model

pytestmark = pytest.mark.compiles
DT, RATE = 0.1, 0.5
SMALL = {
    "n": 60, "p": 0.5, "onset": 0.2, "response": 0.4, "loops": 6, "slow": (0.3, 0.4),
    "fast": (0.2, 0.3),
}  # fmt: skip


def run(weight, phase, outside, n_steps, dt=DT):
    n = phase.size
    filtered, drive = np.zeros((2, n))
    found = theta.run(weight, phase, filtered, drive, outside, dt, RATE, n_steps)
    return *found, filtered


@pytest.mark.parametrize("current", [0.05, 1.0, 4.0])
def test_a_constant_input_gives_the_frequency_of_the_theory(current):
    n_steps = 100_000
    _, _, steps, _ = run(np.zeros((1, 1)), np.zeros(1), np.array([current]), n_steps)
    mean = np.diff(steps).mean() * DT
    assert 1 / mean == pytest.approx(np.sqrt(current) / np.pi, rel=1e-3)


def test_without_input_a_cell_rests():
    phase = np.array([-1.0])  # the stable one of two resting phases draws it near
    _, who, _, _ = run(np.zeros((1, 1)), phase, np.array([-0.2]), 3000)
    assert who.size == 0
    assert np.cos(phase[0]) == pytest.approx((1 - 0.2) / (1 + 0.2), abs=1e-6)


def test_the_phase_is_that_of_the_closed_form():
    phase, n_steps = np.array([0.3]), 40
    run(np.zeros((1, 1)), phase, np.array([0.7]), n_steps, 0.02)
    # tan(theta / 2) = sqrt(I) tan(sqrt(I) t + c)
    root = np.sqrt(0.7)
    expected = 2 * np.arctan(root * np.tan(root * n_steps * 0.02 + np.arctan(np.tan(0.15) / root)))
    assert phase[0] == pytest.approx(expected, abs=1e-7)


def test_a_spike_has_area_one_decays_and_arrives_weighted():
    weight = np.array([[0.0, -3.0], [0.0, 0.0]])
    drives, who, steps, _ = run(weight, np.array([3.1, 0.0]), np.array([0.0, -1.0]), 300)
    assert who.tolist() == [0]
    course = drives[steps[0] :, 1]
    expected = -3.0 * RATE * np.exp(-RATE * DT * np.arange(course.size))
    np.testing.assert_allclose(course, expected, rtol=1e-4)
    assert course.sum() * DT == pytest.approx(-3.0, rel=0.03)


def slope(phase, current):
    return 1 - np.cos(phase) + current * (1 + np.cos(phase))


def test_cells_that_hear_each_other_are_those_of_plain_numpy():
    rng = np.random.default_rng(5)
    weight, outside = rng.standard_normal((10, 10)), rng.uniform(-0.5, 2, 10)
    first = 2 * np.pi * rng.random(10)
    phase, (r, u), drives, spikes = first.copy(), np.zeros((2, 10)), [], []
    for step in range(250):
        current = u + outside
        k1 = DT * slope(phase, current)
        k2 = DT * slope(phase + k1 / 2, current)
        k3 = DT * slope(phase + k2 / 2, current)
        k4 = DT * slope(phase + k3, current)
        after = phase + (k1 + 2 * k2 + 2 * k3 + k4) / 6
        fired = np.floor((after - np.pi) / (2 * np.pi)) > np.floor((phase - np.pi) / (2 * np.pi))
        r = r * np.exp(-RATE * DT) + RATE * fired
        u, phase = r @ weight, after
        drives.append(u)
        spikes += [(step, cell) for cell in np.flatnonzero(fired)]
    found, who, when, _ = run(weight, first.copy(), outside, 250)
    assert list(zip(when, who, strict=True)) == spikes and who.size > 30
    np.testing.assert_allclose(found, np.array(drives), atol=1e-4)


@pytest.mark.parametrize("targets", ["periodic", "ou"])
def test_training_brings_inputs_nearer_to_their_targets(targets):
    planned, left = session(model, {**SMALL, "targets": targets})
    held = model.readout(planned, left)["held"].y
    assert abs(held[0]) < 0.3 and held[-1] > 0.5


def test_bits_are_those_of_the_seed_whatever_the_threads():
    (_, one), (_, again), (_, other) = (
        session(model, {**SMALL, "simulation": {"dt": 1e-3, "threads": threads}}, seed)
        for threads, seed in ((1, 1), (2, 1), (1, 2))
    )
    assert one.weights["recurrent"].tobytes() == again.weights["recurrent"].tobytes()
    assert np.array_equal(one.spike_cell, again.spike_cell)
    assert np.array_equal(one.spike_time, again.spike_time)
    assert one.weights["recurrent"].shape != other.weights["recurrent"].shape


def test_synapses_are_drawn_once_and_the_others_stay_away():
    planned, left = session(model, {**SMALL, "loops": 1, "trained": 0.5})
    pre, post = left.ends["recurrent"]
    assert set(post) == set(range(30)) and (pre != post).all()
    assert pre.size == pytest.approx(0.5 * 30 * 59, rel=0.1)
    network = model.Trained(planned)
    joined = network.weight != 0
    network.run(700, True)
    assert np.array_equal(network.weight != 0, joined)


def test_blocks_show_the_response_with_weights_held(tmp_path):
    shown = {"segments": 4, "duration": 0.1, "repeats": 5, "pause": 1.0}
    found = shown_twice(model, {**SMALL, "shown": shown}, tmp_path)
    assert found.trials.sizes["trial"] == 2 * 4 * 5
    assert not found.trials["plasticity_on"].any()
    kinds = found.traces["phase"].values
    weight = found.traces["recurrent_weight"].values
    assert (weight[list(kinds).index("block")] == weight[-1]).all()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trained": 0.001}, "trained: 0.001 of 60 cells is no cell"),
        ({"amplitudes": (5000.0, 9000.0)}, "fires in every time step of 0.001 s"),
        ({"slow": (-2.0, -1.0)}, "period -[0-9.]+ s: must be positive"),
        ({"length": 0.1004}, "length: 0.1004 s is no whole number of time steps of 0.001 s"),
        ({"p": 0.001}, "has no presynaptic cell"),
    ],
)
def test_bad_input_is_one_line(changes, told):
    with pytest.raises(InputError, match=told) as error:
        session(model, {**SMALL, **changes})
    assert "\n" not in str(error.value)
