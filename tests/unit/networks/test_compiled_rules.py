"""Rules as compiled functions: they change weights as Brian2 does on the bench of inductions."""

import numpy as np
import pytest
from inducing import fixed_values, spike_trains, weights

from spikedrift.core.errors import InputError
from spikedrift.networks.integrators.acting import POST, PRE, at_spike, regularly
from spikedrift.networks.integrators.rules import compiled
from spikedrift.plasticity import registry
from spikedrift.plasticity.rule import Parameter, Rule
from spikedrift.simulation import streams
from spikedrift.simulation.statements import Regular

DT, N = 1e-3, 24
BRISK = {"eta": 0.05, "scaling": 0.05, "tau_scaling": 2.0, "nu_start": 10.0, "normalization": 0.5}
# What a rule needs so that it moves weights by much, in the time of a test.
MORE = {
    "bcm": {"A": 1.0, "tau_nu": 5.0},
    "triplet_stdp": {"A2_minus": 0.3, "A3_plus": 0.5, "A3_minus": 0.1, "A2_plus": 0.2},
    "triplet_stdp_nearest": {"A2_minus": 0.3, "A3_plus": 0.5, "A3_minus": 0.1, "A2_plus": 0.2},
    "six_parameter": {"alpha": -0.2, "beta": 0.1, "gamma": 1.0, "kappa": -0.9},
    "zenke": {"A_plus": 0.5, "A_minus": 0.3, "delta": 0.02, "tau_c": 3.0},
    "symmetric_stdp": {"A_plus": 0.8, "A_minus": 0.5},
    "inhibitory": {"target_rate": 20.0},
}
SPIKING = [
    "bcm", "inhibitory", "pair_stdp", "pair_stdp_multiplicative", "pair_stdp_nearest",
    "pair_stdp_reduced", "pair_stdp_weight_dependent", "short_term", "six_parameter",
    "subtractive_normalization", "symmetric_stdp", "synaptic_scaling", "triplet_stdp",
    "triplet_stdp_nearest", "zenke",
]  # fmt: skip
NOISE = [
    "structural_turnover", "weight_noise", "weight_noise_bounded", "weight_noise_lognormal",
    "weight_noise_multiplicative",
]  # fmt: skip


def values(rule):
    given = {p.name: BRISK[p.name] for p in rule.parameters if p.name in BRISK}
    return given | fixed_values(rule) | MORE.get(rule.name, {})


def run(made, memory, state, pre, post, n_steps, first=0):
    """Go through spikes of synapses k -> k; what presynaptic spikes transmitted, in their order.

    In Python, as `acting.py` does in loops that would have to be compiled for every rule.
    """
    at = [
        {step: cell[steps == step] for step in np.unique(steps)}
        for cell, steps in (pre, post)
    ]  # fmt: skip
    sent, of = [], memory.group % len(memory.values)
    for now in range(first, n_steps):
        for every, in_cell, projection, block in made.regular:
            if now % every == 0:
                places = memory.group if in_cell else np.arange(of.size)
                for k in np.unique(places[of == projection]):
                    made.act(memory, state, block, k, now)
        for k in at[0].get(now, ()):
            sent.append(made.act(memory, state, 3 * of[k] + PRE, k, now))
        for k in at[1].get(now, ()):
            made.act(memory, state, 3 * of[k] + POST, k, now)
    return np.array(sent)


def trains(duration, seed=3):
    rng = np.random.default_rng(seed)
    n_steps = round(duration / DT)
    pre, post = (spike_trains(rng, N, rate, n_steps, DT) for rate in (30.0, 25.0))
    both = np.arange(N)  # now and then both fire in one step
    coincide = np.repeat([70, 190], N)
    joined = []
    for cell, step in (pre, post):
        at = np.concatenate([step, coincide]) * N + np.concatenate([cell, both, both])
        joined.append(divmod(np.unique(at), N)[::-1])
    return joined, n_steps


LENGTH = {True: 2.5, False: 0.6}  # s, of rules with and without statements at times
W_MAX = 2.0


@pytest.fixture(scope="module")
def all_rules():
    """Every rule on a projection of its own, of one function: weights of the rule, and ours."""
    rules = [registry.get(name) for name in SPIKING]
    made = compiled([{one.name: one.values("", values(one))} for one in rules], DT, SPIKING)
    n, start = len(rules), np.tile(first_weights(), len(rules))
    at = np.arange(n * N)
    group = at % N * n + at // N
    # Weights of the network are in a unit of their own, and some are negative.
    unit = np.full(at.size, 12.5)
    state = start * unit * np.where(at % 3, 1.0, -1.0)
    sign = np.sign(state)
    memory = made.memory(state, unit, 1.0, group, 7, DT)
    memory.w_max[:] = W_MAX
    found = {}
    (pre, post), _ = trains(max(LENGTH.values()))
    of_all = [
        ((np.arange(n)[:, None] * N + cell).ravel(), np.tile(step, n)) for cell, step in (pre, post)
    ]
    last = 0
    for length in sorted(LENGTH.values()):
        run(made, memory, state, *of_all, round(length / DT), last)
        last = round(length / DT)
        found[length] = memory.w.reshape(n, N).copy()
        np.testing.assert_allclose(state, sign * memory.w * unit, rtol=1e-14)
    return {
        name: found[LENGTH[bool(one.every)]][k]
        for k, (name, one) in enumerate(zip(SPIKING, rules, strict=True))
    }


def first_weights():
    return np.random.default_rng(1).uniform(0.2, 1.8, N)


@pytest.mark.parametrize("name", SPIKING)
def test_weights_are_those_of_the_bench(name, all_rules):
    rule, start = registry.get(name), first_weights()
    (pre, post), _ = trains(max(LENGTH.values()))
    expected = weights(
        rule, values(rule), (pre[0], pre[1] * DT), (post[0], post[1] * DT), start, W_MAX,
        duration=LENGTH[bool(rule.every)], dt=DT,
    )  # fmt: skip
    np.testing.assert_allclose(all_rules[name], expected, rtol=1e-10, atol=1e-12)
    alone = {"subtractive_normalization", "short_term"}  # one has nothing to take back
    assert (np.abs(expected - start).mean() > 0.01) == (name not in alone)


def test_every_rule_of_the_library_is_run_or_refused():
    refused = {}
    for name in registry.names():
        rule = registry.get(name)
        try:
            compiled([{name: rule.values()}], DT, ["it"])
        except InputError as error:
            refused[name] = str(error)
            assert "\n" not in str(error) and str(error).startswith(f"it: the rule {name} ")
    assert set(registry.names()) - set(refused) == {*SPIKING, *NOISE}
    lacks = {
        "clopath": "u (membrane potential",
        "codependent": "excitatory_drive",
        "global_inhibitory": "population_rate",
        "calcium": "spikes that come late",
    }
    for name, words in lacks.items():
        assert words in refused[name]


def test_rules_of_projections_are_apart_and_those_of_one_act_together():
    """Groups: normalization holds the sums of the first projection, and the second has STDP."""
    pair, norm = registry.get("pair_stdp"), registry.get("subtractive_normalization")
    first = {"pair_stdp": pair.values("", {"eta": 0.05}), norm.name: norm.values()}
    second = {"pair_stdp": pair.values("", {"eta": 0.02, "ratio": 0.5})}
    made = compiled([first, second], DT, ["E", "I"])
    group = np.arange(N) % 2 + 2 * (np.arange(N) // 12)  # two cells
    start = np.random.default_rng(1).uniform(0.5, 1.5, N)
    (pre, post), n_steps = trains(1.0)
    state = start.copy()
    memory = made.memory(state, np.ones(N), 2.0, group, 7, DT)
    np.testing.assert_array_equal(memory.incoming, [6, 6, 6, 6])
    run(made, memory, state, pre, post, n_steps)
    sums, before = (np.bincount(group, one) for one in (state, start))
    np.testing.assert_allclose(sums[::2], before[::2], rtol=0.03)  # up to what the last 20 ms did
    assert (np.abs(sums[1::2] / before[1::2] - 1) > 0.05).all()
    of_second = group % 2 == 1
    alone = compiled([second], DT, ["I"])
    other = start.copy()
    memory = alone.memory(other, np.ones(N), 2.0, np.arange(N), 7, DT)
    run(alone, memory, other, pre, post, n_steps)
    np.testing.assert_array_equal(state[of_second], other[of_second])
    assert np.abs(state[~of_second] - start[~of_second]).mean() > 0.02


def test_a_rule_that_is_off_leaves_every_bit():
    made = compiled([{"pair_stdp": registry.get("pair_stdp").values("", {"eta": 0.0})}], DT, ["it"])
    (pre, post), n_steps = trains(0.3)
    start = np.random.default_rng(1).normal(0, 3, N)
    start[4] = 0.0
    state = start.copy()
    memory = made.memory(state, np.full(N, 2.7), 2.0, np.arange(N), 7, DT)
    sent = run(made, memory, state, pre, post, n_steps)
    np.testing.assert_array_equal(state, start)
    np.testing.assert_array_equal(np.sort(sent), np.sort(start[pre[0][pre[1] < n_steps]]))


def test_weights_are_transmitted_before_or_after_they_change_as_the_rule_says():
    for name, later in (("six_parameter", False), ("inhibitory", True)):
        rule = registry.get(name)
        given = {"eta": 0.1} | ({} if later else {"alpha": 1.0})
        made = compiled([{name: rule.values("", given)}], DT, ["it"])
        state = np.array([-3.0])
        memory = made.memory(state, np.array([2.0]), 2.0, np.zeros(1, np.int64), 7, DT)
        sent = at_spike(made.act, memory, state, PRE, 0, 5)
        assert state[0] != -3.0 and sent == pytest.approx(state[0] if later else -3.0, rel=1e-12)


def test_what_short_term_plasticity_releases_is_sent():
    rule = registry.get("short_term")
    made = compiled([{"short_term": rule.values()}], DT, ["it"])
    state = np.array([-3.0])
    memory = made.memory(state, np.array([2.0]), 2.0, np.zeros(1, np.int64), 7, DT)
    sent = [at_spike(made.act, memory, state, PRE, 0, now) for now in (0, 50, 400)]
    given = rule.values()
    u, x, expected = given["U"], 1.0, []
    for wait in (0.05, 0.35, 0.0):
        expected.append(-3.0 * u * x)
        x, u = x - u * x, u + given["facilitation"] * (1 - u)
        x = 1 - (1 - x) * np.exp(-wait / given["tau_recovery"])
        u = given["U"] + (u - given["U"]) * np.exp(-wait / given["tau_facilitation"])
    np.testing.assert_allclose(sent, expected, rtol=1e-12)
    assert state[0] == -3.0


def test_random_numbers_are_counted():
    noise = registry.get("weight_noise_multiplicative")
    made = compiled([{noise.name: noise.values("", {"relative_noise": 0.2})}], DT, ["it"])
    state = np.full(N, -3.0)
    memory = made.memory(state, np.full(N, 3.0), 50.0, np.arange(N), 7, DT)
    regularly(made.act, memory, made.regular, state, 0)
    regularly(made.act, memory, made.regular, state, 3)  # not a second
    regularly(made.act, memory, made.regular, state, 1000)
    purpose = streams.purpose("it.every 0") + 1
    draws = streams.normal(streams.branch(7, purpose, np.arange(N))[:, None], [0, 1000])
    np.testing.assert_allclose(state, -3 * np.exp((0.2 * draws - 0.02).sum(axis=1)), rtol=1e-12)


def test_a_rule_of_a_users_own_with_words_like_ours(monkeypatch):
    """Names that the written function uses itself, a subexpression, and units."""
    rule = Rule(
        "own", "own", "none",
        (Parameter("memory", 0.5, "1", "a size"), Parameter("act", 20e-3, "second", "a time")),
        rate="memory",
        model="""
        dat/dt = -at/act : 1 (event-driven)
        block = at*memory : 1
        """,
        on_pre="{transmit}\nw = clip(w + 0.1*block*exp(-act/(10*ms)), 0, w_max)\nat += 1",
        every=(Regular("w = clip(w*(1 - 0.01*int(at > 0.5 and w > 0.1)), 0, w_max)", 0.01),),
    )  # fmt: skip
    for function in ("get", "declared"):
        monkeypatch.setattr(registry, function, lambda name: rule)
    made = compiled([{"own": rule.values()}], DT, ["it"])
    state = np.array([1.0])
    memory = made.memory(state, np.ones(1), 2.0, np.zeros(1, np.int64), 7, DT)
    at_spike(made.act, memory, state, PRE, 0, 5)
    at_spike(made.act, memory, state, PRE, 0, 15)
    grown = 1 + 0.1 * 0.5 * np.exp(-0.5) * np.exp(-2.0)
    assert state[0] == pytest.approx(grown, rel=1e-12)
    regularly(made.act, memory, made.regular, state, 20)
    assert state[0] == pytest.approx(0.99 * grown, rel=1e-12)
    regularly(made.act, memory, made.regular, state, 60)  # the trace has decayed
    assert state[0] == pytest.approx(0.99 * grown, rel=1e-12)
