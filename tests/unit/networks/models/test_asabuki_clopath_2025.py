"""Prediction of evoked rates: a step by hand, what is learned, and trials of the network."""

import numpy as np
import pytest

from spikedrift import trials
from spikedrift.config.drift import DriftOptions
from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.drift.signal.recording import drift_values
from spikedrift.networks import simulate
from spikedrift.networks.integrators import prediction
from spikedrift.networks.models import asabuki_clopath_2025 as asabuki
from spikedrift.networks.session_plan import NetworkRun, plan

SMALL = {"n_excitatory": 30, "n_inhibitory": 20, "training": 3.0, "replay": 1.0,
         "trace_interval": 0.5}  # fmt: skip
SHOWN = {"shown": {"repeats": 6, "pause": 4.0, "duration": 0.1, "gap": 0.05}}


def planned(changes, instance=0):
    options = override(asabuki.AsabukiNetwork(), {**SMALL, **changes}, "small")
    return plan(asabuki.MODEL, options, NetworkRun("small", {}, 1, instance))


def start(options, n_e=6, n_i=4, seed=0):
    """Weights, of which some cells have none, and a state far from rest."""
    rng = np.random.default_rng(seed)
    joined = [rng.random(shape) < 0.6 for shape in ((n_e, n_e), (n_i, n_e), (n_e, n_i), (n_i, n_i))]
    weight = [0.5 * rng.random(one.shape) * one for one in joined]
    weights = prediction.Weights(*weight, *(1.0 * one for one in joined[:2]))
    state = prediction.State(
        100 * rng.random(n_e), 100 * rng.random(n_i), rng.random(n_e), rng.random(n_i),
        1 + rng.random(n_e),
    )  # fmt: skip
    return weights, state


def advance(weights, state, constants, outside, n_steps, drawn=0):
    n_e, count = state.memory.size, np.zeros(2, np.int64)
    cells, steps = np.empty((2, n_steps * n_e), np.int32)
    n = prediction.advance(
        weights, state, constants, outside, 7, drawn, n_steps, cells, steps, count
    )
    assert count[0] == n
    return cells[:n], steps[:n], count


def logistic(x):
    return 1 / (1 + np.exp(-5 * (x - 1)))


def test_a_step_changes_weights_as_the_rules_say():
    options = asabuki.AsabukiNetwork(learning_rate=0.05, inhibitory_learning=3.0)
    weights, state = start(options)
    outside = np.linspace(0, 2, 6)
    excitation, inhibition = weights.EtoE.T @ state.potential_E, weights.ItoE.T @ state.potential_I
    u = excitation - inhibition + outside
    memory = np.maximum(state.memory * (1 - 1e-3 / 10), u)
    memory = np.where(u >= state.memory, u, state.memory * (1 - 1e-3 / 10))
    error = logistic(2 * u / memory) - logistic(excitation)
    balance = logistic(excitation) - logistic(inhibition)
    expected = weights.EtoE + 0.05 * np.outer(state.potential_E, error)
    cancels = weights.ItoE + 0.15 * np.outer(state.potential_I, balance)
    assert (expected < 0).any(), "some weights would become negative"
    expected = np.clip(expected, 0, weights.most_EtoE)
    cancels = np.clip(cancels, 0, weights.most_ItoE)
    before = weights.EtoI.copy()

    advance(weights, state, asabuki.constants(options, True), outside, 1)
    assert np.allclose(weights.EtoE, expected, atol=1e-12)
    assert np.allclose(weights.ItoE, cancels, atol=1e-12)
    assert not weights.EtoE[weights.most_EtoE == 0].any()
    assert np.array_equal(weights.EtoI, before)
    assert np.allclose(state.memory, memory)


@pytest.mark.parametrize("plastic", [False, True])
def test_calls_may_be_divided(plastic):
    options = asabuki.AsabukiNetwork(learning_rate=0.01)
    constants, outside = asabuki.constants(options, plastic), np.linspace(0, 1, 6)
    whole, parts = start(options), start(options)
    cells, _, _ = advance(*whole, constants, outside, 200)
    first, _, _ = advance(*parts, constants, outside, 70)
    second, _, _ = advance(*parts, constants, outside, 130, drawn=70 * 10)
    assert np.array_equal(cells, np.concatenate([first, second])) and cells.size
    for one, other in zip((*whole[0], *whole[1]), (*parts[0], *parts[1]), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(whole[0].EtoE, start(options)[0].EtoE) != plastic


def test_cells_fire_as_often_as_their_input_says():
    """An excitatory cell by its input over the greatest in memory, which constant input is."""
    options = asabuki.AsabukiNetwork()
    weights, state = start(options)
    for one in weights[:4]:
        one[:] = 0
    state.memory[:] = [1, 1, 1, 1, 1e-6, 3]
    outside = np.array([1.0, 0.5, 0.25, -1.0, 0.2, 3.0])
    n = 100_000
    cells, _, count = advance(weights, state, asabuki.constants(options, False), outside, n)
    # Memory of a smaller input fades to it: at 0.5 after 7 s.
    rate = 0.05 * logistic(2 * np.ones(6))
    rate[3] = 0.0
    found = np.bincount(cells, minlength=6) / n
    assert found[[0, 4, 5]] == pytest.approx(rate[[0, 4, 5]], abs=4 * np.sqrt(0.05 / n))
    assert found[2] < found[1] < found[0] and found[3] < 1e-4
    silent = 0.05 * logistic(0.0) * 4 * n
    assert abs(count[1] - silent) < 4 * np.sqrt(silent)


def test_a_potential_has_its_area_and_two_time_constants():
    constants = asabuki.constants(asabuki.AsabukiNetwork(), False)
    current, potential, found = 0.0, 0.0, []
    for step in range(400):
        current, potential = prediction.filtered(current, potential, int(step == 0), constants)
        found.append(potential)
    assert np.sum(found) * 1e-3 == pytest.approx(0.025, rel=1e-6)
    assert np.argmax(found) == pytest.approx(8, abs=2)  # ln 3 * 7.5 ms
    assert found[201] / found[200] == pytest.approx(1 - 1 / 15, rel=1e-6)


def test_assemblies_form_and_weights_between_them_follow_the_chain():
    found = planned({"n_excitatory": 90, "n_inhibitory": 60, "training": 30.0, "replay": 20.0})
    read = asabuki.readout(found, asabuki.integrate(found))
    assert read["within"] > 3 and read["between"] < 1
    assert read["weights"] > 0.4
    assert read["rate"] > 0.5, "assemblies are reactivated"


def test_the_chain_of_the_second_half_is_learned_anew():
    chain = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
    other = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    found = planned({"n_excitatory": 60, "n_inhibitory": 40, "training": 90.0,
                     "environment": chain, "switched": other})  # fmt: skip
    read = asabuki.readout(found, asabuki.integrate(found))
    assert read["weights_before"] < -0.8 and read["weights"] > 0.7


@pytest.fixture
def simulated(tmp_path):
    def make(parameters, instance=0):
        options = override(asabuki.AsabukiNetwork(), {**SMALL, **SHOWN}, "small")
        return simulate.simulate(
            asabuki.MODEL, options, parameters, recording="small.shown", seed=1,
            instance=instance, build_dir=tmp_path, scratch_dir=tmp_path,
        )  # fmt: skip

    return make


def test_blocks_become_trials_and_have_signal_indices(simulated):
    found, again = simulated({}), simulated({})
    data = found.trials
    trials.check(data)
    assert data.identical(again.trials) and found.traces.identical(again.traces)
    assert not data["spike_count"].equals(simulated({}, instance=1).trials["spike_count"])
    assert data.sizes["trial"] == 2 * 3 * 6 and data.sizes["unit"] == 30
    assert not data["plasticity_on"].any()
    counts = data["spike_count"].groupby(data["segment"]).mean("trial")
    counts = counts.transpose("segment", "unit").values
    own = counts[np.arange(3).repeat(10), np.arange(30)]
    assert own.min() > 2 * counts.mean(), "each stimulus drives its group"
    values = drift_values(data, DriftOptions(), 1)
    assert np.isfinite(values["index"].sel(code="rate", matching="none"))
    assert (found.traces["rate"].values > 0).all()


def test_trials_go_on_after_a_cue_above_a_background(simulated):
    cue = {"shown.duration": 0.02, "shown.tail": 0.08, "shown.gap": 0.1}
    alone, above = (simulated({**cue, "shown.background": level}).trials for level in (0.0, 0.3))
    assert above["duration"].values == pytest.approx(0.1)
    assert above["spike_count"].sum() > 1.5 * alone["spike_count"].sum() > 0


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [({}, True), ({"shown.pause_plasticity": False}, False), ({"learning_rate": 0.0}, False)],
)
def test_weights_rest_where_they_should(simulated, parameters, expected):
    found = simulated(parameters)
    weight = found.traces["mean_weight"].sel(projection="EtoE").values
    time = found.traces["time"].values
    block = found.traces["stage_start"].values[-2:], found.traces["stage_stop"].values[-2:]
    inside = (time >= block[0][0]) & (time <= block[1][0])
    assert inside.sum() > 2 and np.ptp(weight[inside]) == 0
    pause = (time > block[1][0]) & (time < block[0][1])
    assert (np.ptp(weight[pause]) > 0) == expected


def test_what_goes_on_in_pauses_says_what_the_pause_leaves(simulated):
    chain = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    changes = ({}, {"shown.environment": chain}, {"shown.stimuli": False})
    left = [float(simulated(one).traces["mean_weight"][0, -1]) for one in changes]
    assert len(set(left)) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"environment": ((0.5, 0.5),)}, "square matrix"),
        ({"environment": ((0.5, 0.4), (1.0, 0.0))}, "sum to 1"),
        ({"environment": ((1.5, -0.5), (1.0, 0.0))}, "sum to 1"),
        ({"switched": ((0.0, 1.0), (1.0, 0.0))}, "environments of 3 and of 2 stimuli"),
        ({"shown": {"environment": ((0.0, 1.0), (1.0, 0.0))}}, "of 3 and of 2 stimuli"),
    ],
)
def test_chains_that_are_none_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        override(asabuki.AsabukiNetwork(), changes, "small")
