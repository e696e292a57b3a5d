"""From the end of training on: rules as on the bench, noise, turnover, and what stays."""

from pathlib import Path

import numpy as np
import pytest
from inducing import weights as of_bench

from spikedrift import trials
from spikedrift.config.overrides import override
from spikedrift.core.errors import InputError
from spikedrift.networks.after_training import PROJECTIONS, AfterTraining, restore
from spikedrift.networks.balanced import Rules
from spikedrift.networks.integrators.rules import compiled
from spikedrift.networks.models import balanced_trained as bt
from spikedrift.networks.session_plan import NetworkRun, plan
from spikedrift.networks.simulate import simulate
from spikedrift.networks.weight_noise import Noise, Noisy
from spikedrift.plasticity import registry
from spikedrift.simulation import streams

SMALL = {
    "balance.n_cells": 200, "balance.k": 30, "balance.drive": 0.3, "n_trained": 40, "in_degree": 5,
    "n_outside": 12, "before": 0.1, "stimulus": 0.05, "duration": 0.4, "loops": 4, "trace_loops": 2,
    "shown": {"repeats": 2, "blocks": 2, "pause": 5.0},
}  # fmt: skip
PAIRS = {"rule": "pair_stdp", "eta": 0.05}
NONE = {
    "excitatory": {**PAIRS, "eta": 0.0}, "noise": {"sd": 0.0}, "turnover": {"rate": 0.0},
    "pause_activity": 0.5,
}  # fmt: skip
ALL = {
    "excitatory": PAIRS, "inhibitory": {"rule": "zenke", "eta": 20.0},
    "noise": {"sd": 0.2, "tau": 5.0}, "turnover": {"rate": 0.02}, "pause_activity": 0.5,
}  # fmt: skip
BEGINS, PAUSE, STOP = 4 * 2 * 0.5, 5.0, 4.0 + 2 * (5.0 + 2.0)  # s, of the session


def planned(after=None, **changes):
    options = override(bt.BalancedTrained(), {**SMALL, **changes, "after": after}, "b")
    return plan(bt.MODEL, options, NetworkRun("b", {}, 1, 0))


def session(after=None, **changes):
    one = planned(after, **changes)
    return one, bt.integrate(one)


@pytest.fixture(scope="module")
def frozen():
    return session()


def by_pair(left, name, save):
    """Weights by pair of cells."""
    pre, post = left.ends[name]
    pairs = zip(pre.tolist(), post.tolist(), strict=True)
    return dict(zip(pairs, left.weights[name][save].tolist(), strict=True))


def test_options_of_sessions_without_it_are_what_they_were():
    assert "after" not in bt.BalancedTrained().model_dump(mode="json")
    assert "after" in override(bt.BalancedTrained(), {"shown": {}, "after": {}}, "b").model_dump(
        mode="json"
    )


def test_what_is_off_leaves_every_bit(frozen):
    found = session(NONE)[1]
    np.testing.assert_array_equal(found.spike_cell, frozen[1].spike_cell)
    np.testing.assert_array_equal(found.spike_time, frozen[1].spike_time)
    for name, values in frozen[1].weights.items():
        np.testing.assert_array_equal(found.weights[name], values)
        np.testing.assert_array_equal(found.ends[name], frozen[1].ends[name])


def test_rules_in_a_trial_change_weights_as_on_the_bench(frozen):
    """Trains of the network's own cells, with spikes of both sides of a synapse in one step."""
    one, dt = frozen[0], 1e-4
    given = {
        "TtoT": {"triplet_stdp": {"eta": 0.5, "A2_plus": 0.2, "A3_plus": 0.5, "A2_minus": 0.3}},
        "ItoT": {"inhibitory": {"eta": 0.1, "target_rate": 10.0}},
    }
    rules = [
        {rule: registry.get(rule).values("", values) for rule, values in of.items()}
        for of in given.values()
    ]
    network, n_in, w_max = bt.trained(one), 5, 2.0
    network.put({name: values[-1] for name, values in frozen[1].weights.items()})
    made = compiled(rules, dt, ["E", "I"])
    first = network.rls.state.weights.copy()
    group = np.arange(first.size) // n_in
    unit = np.full(first.size, np.abs(first).max())
    memory = made.memory(network.rls.state.weights, unit, 1.0, group, 3, dt)
    memory.w_max[:] = w_max
    acting = Rules(made, memory)
    trial = network.run(0, "test", rules=acting)
    assert acting.clock == network.times.stop
    seen = dict.fromkeys(range(200), np.empty(0, np.int64))
    for cell in np.unique(trial.cell):
        seen[int(cell)] = trial.step[trial.cell == cell]
    sites = np.arange(first.size).reshape(40, 2, n_in)
    for number, rule in enumerate(["triplet_stdp", "inhibitory"]):
        at = sites[:, number].ravel()
        pre = [seen[int(cell)] for cell in np.concatenate(network.presynaptic)[at]]
        post = [seen[int(cell)] for cell in np.repeat(network.cells, n_in)]
        trains = [
            (np.repeat(np.arange(at.size), [x.size for x in side]), (np.concatenate(side) + 1) * dt)
            for side in (pre, post)
        ]
        expected = of_bench(
            registry.get(rule), rules[number][rule], *trains, np.abs(first)[at] / unit[at], w_max,
            duration=network.times.stop * dt + 2 * dt,
        )  # fmt: skip
        np.testing.assert_allclose(memory.w[at], expected, rtol=1e-9, atol=1e-11)
        moved = np.abs(expected - np.abs(first)[at] / unit[at])
        assert (moved > 1e-4).mean() > 0.5 and moved.max() > 0.01
    found = network.rls.state.weights
    np.testing.assert_allclose(found, np.copysign(memory.w * unit, first), rtol=1e-14)
    both = set(trial.step[np.isin(trial.cell, network.cells)].tolist())
    assert len(both) < np.isin(trial.cell, network.cells).sum(), "no step has two spikes"


def test_a_weight_that_changes_is_heard_in_the_same_trial(frozen):
    one = frozen[0]
    trials_of = []
    for eta in (0.0, 0.3):
        network = bt.trained(one)
        network.put({name: values[-1] for name, values in frozen[1].weights.items()})
        values = registry.get("pair_stdp").values("", {"eta": eta})
        made = compiled([{"pair_stdp": values}, {}], 1e-4, ["E", "I"])
        weights = network.rls.state.weights
        memory = made.memory(weights, np.ones(400), 2.0, np.arange(400) // 5, 3, 1e-4)
        before = weights.copy()
        trials_of.append(network.run(0, "test", rules=Rules(made, memory)))
        changed = (weights != before).reshape(40, 2, 5).mean(axis=(0, 2))
        assert changed[1] == 0 and (changed[0] > 0.3 if eta else changed[0] == 0)
    assert not np.array_equal(trials_of[0].spikes, trials_of[1].spikes)


@pytest.fixture(scope="module")
def ongoing():
    return session(ALL)


def test_a_session_has_trials_and_weights_that_change(ongoing, tmp_path: Path):
    one, left = ongoing
    assert left.finite
    options = override(bt.BalancedTrained(), {**SMALL, "after": ALL}, "b")
    found = simulate(bt.MODEL, options, {}, recording="b", seed=1, instance=0,
                     build_dir=tmp_path, scratch_dir=tmp_path)  # fmt: skip
    trials.check(found.trials)
    assert found.trials["plasticity_on"].values.all()
    np.testing.assert_array_equal(
        found.trials["spike_count"].values.sum(), (left.spike_cell < 40).sum()
        - (left.spike_cell[_outside_trials(one, left)] < 40).sum(),
    )  # fmt: skip
    edges = found.traces["TtoT_weight"].values
    of_phase = found.traces["phase"].values.tolist()
    assert of_phase == ["train", "pause", "block", "pause", "block", "end"]
    assert (np.abs(np.diff(edges, axis=0)).max(axis=1) > 0).all()


def _outside_trials(one, left):
    start = one.timetable.presentation_step * 1e-4
    at = np.searchsorted(start - 1e-9, left.spike_time, side="right") - 1
    return (at < 0) | (left.spike_time >= start[np.maximum(at, 0)] + 0.4 - 1e-9)


def test_trials_of_training_are_what_they_are_without(ongoing, frozen):
    early = [left.spike_time < BEGINS - 1e-9 for _, left in (ongoing, frozen)]
    for name in ("spike_cell", "spike_time"):
        np.testing.assert_array_equal(
            getattr(ongoing[1], name)[early[0]], getattr(frozen[1], name)[early[1]]
        )
    late = ongoing[0].save_time > BEGINS + 1e-6
    assert np.abs(np.diff(ongoing[1].weights["TtoT"][late], axis=0)).max() > 0
    for name in ("right_to_T", "left_to_T"):
        np.testing.assert_array_equal(ongoing[1].weights[name], frozen[1].weights[name])


def test_plasticity_keeps_signs_and_bounds(frozen):
    after = {"excitatory": {"rule": "pair_stdp", "eta": 0.3, "w_max": 1.5}, "pause_activity": 1.0}
    one, left = session(after)
    at = int(np.searchsorted(one.save_time, BEGINS - 1e-6))
    first = left.weights["TtoT"][at]
    np.testing.assert_array_equal(first, frozen[1].weights["TtoT"][at])
    last = left.weights["TtoT"][-1]
    assert (first < 0).any() and (first > 0).any()
    assert (last * first >= 0).all() and (np.abs(last) <= 1.5 * np.abs(first) * (1 + 1e-6)).all()
    assert (last == 0).any() and (np.abs(last) > 1.49 * np.abs(first)).any()
    np.testing.assert_array_equal(left.weights["ItoT"], frozen[1].weights["ItoT"])


@pytest.mark.parametrize("activity", [0.0, 0.4, 60.0])
def test_pauses_have_as_much_activity_as_is_asked_for(activity, monkeypatch):
    steps = []
    from spikedrift.networks.balanced import Balanced

    original = Balanced.rest

    def rest(self, rng, n_steps, rules=None):
        found = original(self, rng, n_steps, rules)
        steps.append((n_steps, found.spikes.sum()))
        return found

    monkeypatch.setattr(Balanced, "rest", rest)
    one, left = session({"excitatory": PAIRS, "pause_activity": activity})
    times = one.save_time
    begin, end = (int(np.searchsorted(times, t - 1e-6)) for t in (BEGINS, BEGINS + PAUSE))
    changed = not np.array_equal(left.weights["TtoT"][begin], left.weights["TtoT"][end])
    assert changed == (activity > 0)
    expected = round(min(activity, PAUSE) / 1e-4)
    assert [n for n, _ in steps] == [expected] * 2 * (activity > 0)
    assert all(spikes > 200 * expected * 1e-4 for _, spikes in steps)


@pytest.mark.parametrize("kind", ["lognormal", "multiplicative"])
def test_noise_follows_the_lines_of_the_rule_second_by_second(kind):
    rule = registry.get(f"weight_noise_{kind}")
    size = np.random.default_rng(1).uniform(0.1, 3, 50)
    noisy = Noisy(Noise(kind=kind, sd=0.3, tau=7.0), size, 11)
    names = {
        "exp": np.exp, "sqrt": np.sqrt, "clip": np.clip, "int": int, "second": 1.0, "w": size,
        "w_max": 4.0, "log_sd": 0.3, "tau_log": 7.0, "relative_noise": 0.3, "set_point": size,
        "last_w": size, "deviation": np.zeros(50), "log_variance": np.zeros(50),
    }  # fmt: skip
    code = "\n".join(line.strip() for line in rule.every[0].code.splitlines())
    found = size
    key = streams.branch(11, streams.purpose("noise"), np.arange(50))
    for n in range(12):
        other = 0.2 * np.sin(np.arange(50) + n)  # what something else changes
        found = np.clip(found + other, 0, 4.0)
        names["w"] = np.clip(names["w"] + other, 0, 4.0)
        found = noisy.advance(found, 4.0, np.ones(50))
        names["randn"] = lambda n=n: streams.normal(key, n)
        exec(code, names)
        np.testing.assert_allclose(found, names["w"], rtol=1e-12)
    assert np.abs(found - size).max() > 0.3


@pytest.mark.parametrize("kind, spread", [("lognormal", 0.4), ("multiplicative", 0.4 * 20**0.5)])
def test_noise_over_any_time_is_one_draw_and_keeps_the_mean(kind, spread):
    """Over 20 s at once, and in parts of unequal lengths; the time constant is 5 s."""
    sd = 0.4 if kind == "lognormal" else 0.1
    spread = spread if kind == "lognormal" else 0.1 * 20**0.5
    n = 40_000
    for parts in ([20.0], [0.3, 6.0, 0.0, 11.2, 2.5]):
        noisy = Noisy(Noise(kind=kind, sd=sd, tau=5.0), np.full(n, 2.0), 5)
        size = np.full(n, 2.0)
        for seconds in parts:
            size = noisy.advance(size, np.inf, np.full(n, seconds))
        assert size.mean() == pytest.approx(2.0, abs=5 * size.std() / n**0.5)
        expected = spread * (1 - np.exp(-8.0)) ** 0.5 if kind == "lognormal" else spread
        assert np.log(size).std() == pytest.approx(expected, rel=0.02)


def exchanged(times, weight="first", rate=0.5):
    """A network whose synapses are exchanged up to the last of some times, looked at in each."""
    one = planned({"turnover": {"rate": rate, "weight": weight}})
    network = bt.trained(one)
    rng = np.random.default_rng(1)
    network.rls.state.weights[:] = rng.normal(0, 3, 400)
    trained = network.rls.state.weights.copy().reshape(40, 2, 5)
    before = np.array(network.presynaptic)
    after = AfterTraining(network, one)
    after.reach(after.begins)
    for time in times:
        after._wander(BEGINS + time)
    return network, after, before, trained


def test_turnover_does_not_depend_on_when_it_is_looked_at():
    once, often = (exchanged(times) for times in ([3.0], [0.1, 0.7, 0.7, 2.2, 3.0]))
    np.testing.assert_array_equal(once[0].presynaptic, often[0].presynaptic)
    np.testing.assert_array_equal(once[0].rls.state.weights, often[0].rls.state.weights)


def test_turnover_puts_other_cells_of_the_kind_in_place_and_wiring_follows():
    network, after, before, trained = exchanged([2.0])
    now = np.array(network.presynaptic)
    # 400 synapses, each removed at 0.5 a second.
    assert after.count.sum() == pytest.approx(400, abs=5 * 20)
    same = (now == before).mean()
    assert same == pytest.approx(np.exp(-1), abs=0.1)
    for unit, heard in enumerate(now):
        assert np.unique(heard).size == 10 and network.cells[unit] not in heard
        assert np.isin(heard[:5], network.cells).all() and (heard[5:] >= 100).all()
    # All cells take part, evenly.
    assert np.isin(network.cells, now[:, :5]).mean() > 0.95
    # First weights where a synapse is new, and those of training elsewhere.
    weights = network.rls.state.weights.reshape(40, 2, 5)
    first = network.options.balance.weight / network.options.plastic_scale
    new = (now != before).reshape(40, 2, 5)
    assert (weights[:, 0][new[:, 0]] == first).all()
    np.testing.assert_allclose(weights[:, 1][new[:, 1]], -first * bt.INHIBITION, rtol=1e-14)
    again = np.isclose(weights, first * np.array([1, -bt.INHIBITION])[:, None], rtol=1e-12)
    kept = ~new & ~again  # some cells have come back
    np.testing.assert_array_equal(weights[kept], trained[kept])
    assert (~new & again).mean() < 0.05
    # A network that was wired so from the start.
    other = bt.trained(after.plan)
    other.rls.state.weights[:] = network.rls.state.weights
    other.network.train(other.cells, list(now), other.rls)
    for name in ("start", "post", "weight"):
        np.testing.assert_array_equal(
            getattr(network.network.wiring, name), getattr(other.network.wiring, name)
        )
    one, two = (each.run(0, "test") for each in (network, other))
    np.testing.assert_array_equal(one.spikes, two.spikes)
    old = bt.trained(after.plan)
    old.rls.state.weights[:] = network.rls.state.weights
    assert not np.array_equal(old.run(0, "test").spikes, one.spikes)


def test_turnover_may_draw_weights_that_training_left_the_cell():
    network, _, before, trained = exchanged([4.0], "trained")
    now, weights = np.array(network.presynaptic), network.rls.state.weights.reshape(40, 2, 5)
    new = (now != before).reshape(40, 2, 5)
    assert new.mean() > 0.7
    for unit in range(40):
        for kind in range(2):
            assert np.isin(weights[unit, kind], trained[unit, kind]).all()
    np.testing.assert_array_equal(np.sign(weights), np.sign(trained))
    assert (weights[new] != trained[new]).mean() > 0.3


def test_rules_begin_anew_with_a_new_synapse():
    one = planned({"inhibitory": {"rule": "zenke", "eta": 1.0}, "turnover": {"rate": 0.1}})
    network = bt.trained(one)
    after = AfterTraining(network, one)
    after.reach(after.begins)
    after.rules.clock = 70_000
    after.rules.memory.own[:] = 3.0
    first = np.array(network.presynaptic).ravel()
    after._wander(BEGINS + 3.0)
    memory, new = after.rules.memory, np.array(network.presynaptic).ravel() != first
    inhibitory = np.arange(400) // 5 % 2 == 1
    assert 0.1 < new.mean() < 0.5
    assert (memory.own[~new] == 3.0).all()
    arrived = (memory.own[new & inhibitory] == -1.0).sum(axis=1)  # of the rule's first values
    assert (arrived == 1).all() and (memory.own[new & inhibitory] == 0).sum(axis=1).min() == 4
    np.testing.assert_allclose(memory.updated[new], 7.0)
    size = np.abs(network.rls.state.weights)
    np.testing.assert_allclose(memory.w * np.abs(memory.scale), size, rtol=1e-14)
    np.testing.assert_allclose(memory.w_max[inhibitory], 2 * memory.w[inhibitory], rtol=1e-14)
    np.testing.assert_array_equal(np.sign(memory.scale), np.sign(network.rls.state.weights))


def test_synapses_that_come_and_go_have_a_place_each(ongoing):
    one, left = ongoing
    at = int(np.searchsorted(one.save_time, BEGINS - 1e-6))
    for name in ("TtoT", "ItoT"):
        pre, post = left.ends[name]
        assert np.unique(np.stack([pre, post]), axis=1).shape[1] == pre.size > 200
        assert pre.max() < (40 if name == "TtoT" else 100)
        present = left.weights[name] != 0
        assert (present.sum(axis=1) <= 200).all() and present[at].sum() == 200
        for save in range(at + 1):
            np.testing.assert_array_equal(present[save], present[at])
        assert (np.bincount(post, present[-1], 40) <= 5).all()
        assert 0.05 < 1 - present[-1][present[at]].mean() < 0.5
    without = session()[1]
    assert by_pair(without, "TtoT", at).items() <= by_pair(left, "TtoT", at).items()


def test_weights_and_synapses_of_any_save_can_be_put_back(ongoing):
    one, left = ongoing
    network = bt.trained(one)
    for save in (-1, 0, 5):
        restore(network, left, save)
        assert all(np.unique(heard).size == 10 for heard in network.presynaptic)
        found = network.weights()
        for name, (pre, post) in network.ends.items():
            if name not in PROJECTIONS:
                continue
            pairs = zip(pre.tolist(), post.tolist(), strict=True)
            now = dict(zip(pairs, found[name].tolist(), strict=True))
            then = {pair: w for pair, w in by_pair(left, name, save).items() if w != 0}
            assert {pair: w for pair, w in now.items() if w != 0} == then and len(then) > 150
        np.testing.assert_array_equal(
            network.network.wiring.post[network.network.wiring.weight.argsort()],
            np.repeat(network.cells, 10),
        )


LEARNED = {
    "balance.n_cells": 600, "balance.k": 60, "balance.drive": 0.2, "n_trained": 200,
    "in_degree": 30, "n_outside": 30, "before": 0.2, "stimulus": 0.1, "duration": 0.8,
    "depth": 0.8, "relaxation": 1.0, "loops": 30, "trace_loops": 1000,
    "shown": {"repeats": 2, "blocks": 1, "pause": 50.0},
}  # fmt: skip


def test_noise_takes_from_what_was_learned_and_frozen_weights_keep_it():
    """The more, the greater its SD; what is read of a session says so, block by block."""
    found = {}
    learned = []
    for sd in (None, 0.3, 0.7):
        noise = None if sd is None else {"noise": {"sd": sd, "tau": 1.0}}
        one = planned(noise, **LEARNED)
        left = bt.integrate(one)
        learned.append(left.weights["TtoT"][1])
        found[sd] = bt.readout(one, left)
    assert all(np.array_equal(one, learned[0]) for one in learned)
    at_end = found[None]["average"]
    assert at_end > 0.3 and found[None]["block_0"] == at_end
    assert found[0.3]["average"] == found[0.7]["average"] == at_end
    assert found[0.3]["block_0"] < at_end - 0.01
    assert found[0.7]["block_0"] < found[0.3]["block_0"] - 0.05
    curve = found[0.3]["lasting"]
    assert curve.y.tolist() == [at_end, found[0.3]["block_0"]]
    assert curve.x.tolist() == pytest.approx([0.0, 50.0 + 4.0])


def test_noise_begins_anew_with_a_new_synapse_when_it_is_made():
    one = planned({"turnover": {"rate": 0.5}, "noise": {"sd": 0.5, "tau": 1e6}})
    network = bt.trained(one)
    after = AfterTraining(network, one)
    after.reach(after.begins)
    after._wander(BEGINS + 2e4)
    assert (np.array(network.presynaptic) != np.array(bt.trained(one).presynaptic)).mean() > 0.9
    # Synapses live for 2 s; in this time noise, which needs 1e6 s, has hardly begun.
    size = np.abs(network.rls.state.weights.reshape(40, 2, 5))
    first = network.options.balance.weight / network.options.plastic_scale
    np.testing.assert_allclose(size[:, 0], first, rtol=0.02)
    assert np.std(np.log(size[:, 0])) > 1e-4


@pytest.mark.parametrize(
    "after, words",
    [
        ({"excitatory": {"rule": "clopath", "eta": 1.0}}, r"after\.excitatory: the rule clopath"),
        ({"inhibitory": {"rule": "calcium", "eta": 1.0}}, r"after\.inhibitory: the rule calcium"),
        ({"excitatory": {"rule": "pair_stpd"}}, r"after\.excitatory: .*pair_stpd"),
        ({"excitatory": {"rule": "pair_stdp", "parameters": {"tau": 1}}}, "unknown parameter"),
        ({"noise": {"sd": -1}}, "after.noise.sd"),
        ({"excitatory": {"rule": "pair_stdp", "w_max": 0.5}}, "after.excitatory.w_max"),
    ],
)
def test_what_cannot_act_is_one_line_before_anything_runs(after, words):
    with pytest.raises(InputError, match=words) as error:
        planned(after)
    assert "\n" not in str(error.value)


def test_it_needs_something_to_show():
    with pytest.raises(InputError, match="after: nothing comes after training: give shown"):
        planned({"noise": {"sd": 0.1}}, shown=None)


def test_rules_are_parts_of_the_network_so_that_their_files_count():
    one = planned(ALL)
    rules = {p.name: set(p.plasticity) for p in one.network.projections}
    assert rules["TtoT"] == {"pair_stdp"} and rules["ItoT"] == {"zenke"}
    assert not rules["right_to_T"] and not set().union(
        *(p.plasticity for p in planned().network.projections)
    )
    phases = one.network.protocol.phases
    assert [(p.kind, p.plastic) for p in phases[1:3]] == [("pause", True), ("block", True)]
    assert not any(p.plastic for p in planned().network.protocol.phases[1:])


def test_turnover_needs_cells_that_are_not_heard():
    with pytest.raises(InputError, match=r"turnover: in_degree: 39 of 40 trained cells"):
        planned({"turnover": {"rate": 0.1}}, in_degree=39)
