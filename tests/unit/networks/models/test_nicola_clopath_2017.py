"""A readout that is fed back: dynamics, wiring, training, the same bits, trials, bad input."""

import numpy as np
import pytest
from looping_sessions import session, shown_twice

from spikedrift.core.errors import InputError
from spikedrift.networks.integrators import force
from spikedrift.networks.models import nicola_clopath_2017 as model

pytestmark = pytest.mark.compiles
DT = 5e-5
SMALL = {"n": 200, "before": 0.4, "training": 1.0, "free": 0.4, "ridge": 2e4}
CELLS = force.Cells(DT, 0.01, 0.002, -40.0, -65.0, -40.0, 0.002, 0.02)


def start(n, potential):
    return force.State(potential.copy(), np.zeros(n, np.int64), np.zeros(1), *np.zeros((4, n)))


def alone(n):
    nothing = np.empty(0, np.int32), np.empty(0), np.zeros(n)
    return force.Static(np.zeros(n + 1, np.int64), *nothing)


@pytest.mark.parametrize("over", [2.0, 20.0])
def test_a_constant_current_gives_the_rate_of_the_theory(over):
    cells = CELLS._replace(bias=CELLS.threshold + over)
    state = start(1, np.array([-65.0]))
    _, _, steps = force.run(alone(1), state, cells, np.zeros(1), 0, 20_000)
    expected = 0.002 + 0.01 * np.log((25 + over) / over)
    assert np.diff(steps).mean() * DT == pytest.approx(expected, abs=2 * DT)


def test_a_filtered_spike_has_the_area_one_and_the_course_of_two_exponentials():
    state, cells = start(1, np.array([0.0])), CELLS._replace(bias=-65.0)
    outputs, _, steps = force.run(alone(1), state, cells, np.ones(1), 0, 6000)
    assert steps.tolist() == [0]
    time = np.arange(6000) * DT
    expected = (np.exp(-time / 0.02) - np.exp(-time / 0.002)) / (0.02 - 0.002)
    assert outputs.sum() * DT == pytest.approx(1, rel=0.02)
    assert np.abs(outputs - expected).max() < 0.05 * expected.max()


def by_numpy(weight, feedback, decoder, v, n_steps):
    """The program of the paper, plainly; weights from columns to rows."""
    n = v.size
    current, rising, r, r_rising = np.zeros((4, n))
    last, z, outputs, spikes = np.full(n, -1.0), 0.0, [], []
    for step in range(n_steps):
        input_ = current + feedback * z - 40.0
        moves = step - last > 40
        moves[last < 0] = True
        v = v + moves * DT / 0.01 * (input_ - v)
        fired = v >= -40.0
        last[fired] = step
        current = current * np.exp(-DT / 0.002) + rising * DT
        rising = rising * np.exp(-DT / 0.02) + weight @ fired / (0.002 * 0.02)
        r = r * np.exp(-DT / 0.002) + r_rising * DT
        r_rising = r_rising * np.exp(-DT / 0.02) + fired / (0.002 * 0.02)
        z = decoder @ r
        v[fired] = -65.0
        outputs.append(z)
        spikes += [(step, cell) for cell in np.flatnonzero(fired)]
    return np.array(outputs), spikes


def test_the_network_is_that_of_plain_numpy():
    rng = np.random.default_rng(2)
    static = model.static(model.NicolaNetwork(n=30, p=0.3), rng)
    weight = np.zeros((30, 30))
    for sender in range(30):
        own = slice(static.edge[sender], static.edge[sender + 1])
        weight[static.post[own], sender] = static.weight[own]
    first, decoder = -65 + 40 * rng.random(30), 0.002 * rng.standard_normal(30)
    expected = by_numpy(weight, static.feedback, decoder, first, 1500)
    state = start(30, first)
    parts = [force.run(static, state, CELLS, decoder, at, 750) for at in (0, 750)]
    outputs, who, when = (np.concatenate(one) for one in zip(*parts, strict=True))
    assert list(zip(when, who, strict=True)) == expected[1] and who.size > 30
    np.testing.assert_allclose(outputs, expected[0], atol=1e-10)


def test_fixed_weights_have_their_number_and_spread_and_sum_up_to_nothing():
    static = model.static(model.NicolaNetwork(n=400, p=0.1), np.random.default_rng(4))
    assert static.weight.size == pytest.approx(0.1 * 400**2, rel=0.03)
    assert static.weight.std() == pytest.approx(0.04 / (20 * 0.1), rel=0.03)
    np.testing.assert_allclose(np.bincount(static.post, static.weight, 400), 0, atol=1e-12)
    assert np.abs(static.feedback).max() == pytest.approx(10, rel=0.02)


def test_training_makes_the_readout_a_sine():
    planned, left = session(model, SMALL)
    read = model.readout(planned, left)
    errors = read["errors"].y
    assert errors[1] == pytest.approx(np.sqrt(0.5), rel=1e-3)  # the readout is 0
    assert errors[2:7].max() < 0.15 and read["error"] < 0.15
    assert read["correlation"] > 0.9 and read["distance"] < 0.4
    assert 10 < read["rate"] < 50
    weights = left.weights["decoder"]
    before = planned.save_time <= 0.4 + 1e-9
    assert not weights[before].any() and weights[-1].any()


def test_updates_are_those_of_the_paper_or_of_least_squares():
    planned, _ = session(model, {**SMALL, "n": 30, "training": 0.2})
    gain = []
    for least_squares in (False, True):
        network = model.Trained(planned)
        network.options = network.options.model_copy(update={"least_squares": least_squares})
        network.state.filtered[:] = r = 20 + np.arange(30.0)
        inverse = np.eye(30) / 2e4
        for done in (1010, 1060):
            network.done = done
            error = network.weights @ r - np.sin(2 * np.pi * done * DT / 0.2)
            share = 1 / (1 + r @ inverse @ r)
            step = -error * inverse @ r * (share if least_squares else 1)
            expected = network.weights + step
            network.learn()
            np.testing.assert_allclose(network.weights, expected, rtol=1e-9, atol=1e-15)
            inverse -= share * np.outer(inverse @ r, inverse @ r)
        gain.append(np.abs(network.weights).max())
    assert gain[0] > 1.1 * gain[1]


def test_bits_are_those_of_the_seed_whatever_the_threads():
    short = {**SMALL, "n": 60, "training": 0.4}
    (_, one), (_, again), (_, other) = (
        session(model, {**short, "simulation": {"dt": DT, "threads": threads}}, seed)
        for threads, seed in ((1, 1), (2, 1), (1, 2))
    )
    assert one.weights["decoder"].tobytes() == again.weights["decoder"].tobytes()
    assert np.array_equal(one.spike_cell, again.spike_cell)
    assert np.array_equal(one.spike_time, again.spike_time)
    assert not np.array_equal(one.weights["decoder"], other.weights["decoder"])


def test_blocks_show_periods_with_weights_held(tmp_path):
    shown = {"repeats": 5, "pause": 0.4}
    found = shown_twice(model, {**SMALL, "n": 60, "shown": shown}, tmp_path)
    assert found.trials.sizes["trial"] == 2 * 4 * 5
    assert not found.trials["plasticity_on"].any()
    assert np.unique(np.round(np.diff(found.trials["start_time"].values[:20]), 9)) == [0.05]
    assert (found.traces["rate"].values > 1).all()  # it runs in pauses too


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reset": -30.0}, "reset: -30 mV is not below the threshold"),
        ({"amplitude": float("inf")}, "amplitude"),
        ({"period": 0.0}, "period"),
        ({"before": 0.5}, "before: 0.5 s is no whole number of periods of 0.2 s"),
        ({"every": 1e-5}, "every: 1e-05 s is no whole number of time steps"),
        (
            {"shown": {"segments": 5}},
            "shown.segments together: 0.25 s is no whole number of periods",
        ),
    ],
)
def test_bad_input_is_one_line(changes, told):
    with pytest.raises(InputError, match=told) as error:
        session(model, {**SMALL, **changes})
    assert "\n" not in str(error.value)
