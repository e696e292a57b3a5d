"""Plasticity rules against published values, closed forms and an event-by-event oracle."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from inducing import DT, cell_of, spike_trains, weights

from spikedrift.core.errors import InputError
from spikedrift.plasticity import registry, targets
from spikedrift.plasticity.document import document
from spikedrift.plasticity.induce import chosen
from spikedrift.plasticity.synapse import combine

# Song, Miller & Abbott (2000): A+ = .01 gmax, A- = 1.05 A+, both windows 20 ms; change by ms
WINDOW = {1: 0.009512, 10: 0.006065, 20: 0.003679, -1: -0.009988, -10: -0.006369, -20: -0.003863}


def test_single_pairs_give_the_published_window():
    g_max, start, n = 0.01, 0.03, len(WINDOW)
    post = start + np.array([*WINDOW]) * 1e-3
    order = np.argsort(post)
    w = weights(
        registry.get("pair_stdp"),
        {"eta": 0.01, "ratio": 1.05},
        (np.arange(n), np.full(n, start)),
        (order, post[order]),
        np.full(n, g_max / 2),
        g_max,
        duration=0.08,
    )
    np.testing.assert_allclose(w / g_max - 0.5, [*WINDOW.values()], atol=1e-6)


def oracle(change, pre, post, w, w_max):
    """Weight after all events, from the ages of the earlier spikes of either side.

    At one time step the presynaptic spike comes first.
    """
    for step, side in sorted([(s, 0) for s in pre] + [(s, 1) for s in post]):
        other = post[post < step] if side == 0 else pre[pre <= step]
        own = (pre if side == 0 else post)[(pre if side == 0 else post) < step]
        ages = (step - other) * DT, (step - own) * DT
        w = min(max(w + change(side, *ages, w), 0.0), w_max)
    return w


ETA, RATIO, PLUS, MINUS = 0.03, 1.05, 0.017, 0.033
PAIRS = {"eta": ETA, "ratio": RATIO, "tau_plus": PLUS, "tau_minus": MINUS}
W_MAX = 0.15


def trace(ages, tau):
    """All spikes interact."""
    return np.exp(-ages / tau).sum()


def last(ages, tau):
    """Only the last spike counts."""
    return np.exp(-ages.min() / tau) if ages.size else 0.0


def pair_change(side, other, own, w):
    return W_MAX * ETA * (-RATIO * trace(other, MINUS) if side == 0 else trace(other, PLUS))


def multiplicative_change(side, other, own, w):
    return -RATIO * ETA * w * trace(other, MINUS) if side == 0 else (
        ETA * (W_MAX - w) * trace(other, PLUS)
    )  # fmt: skip


def power_change(side, other, own, w):
    step = -RATIO * (w / W_MAX) ** 0.4 if side == 0 else (1 - w / W_MAX) ** 0.4
    return W_MAX * ETA * step * trace(other, MINUS if side == 0 else PLUS)


def nearest_change(side, other, own, w):
    return W_MAX * ETA * (-RATIO * last(other, MINUS) if side == 0 else last(other, PLUS))


def reduced_change(side, other, own, w):
    """Spikes of the other side that came before the last own spike are used up by it."""
    since = own.min() if own.size else np.inf
    fresh = other[other <= since] if side == 0 else other[other < since]
    return nearest_change(side, fresh, own, w)


TRIPLET = {"eta": 1.5, "A2_plus": 5e-3, "A3_plus": 6e-3, "A2_minus": 7e-3, "A3_minus": 3e-3,
           "tau_plus": PLUS, "tau_minus": MINUS, "tau_x": 0.101, "tau_y": 0.125}  # fmt: skip


def triplet_change(side, other, own, w, read=trace):
    sign, fast, slow, a2, a3 = (
        (-1, MINUS, 0.101, 7e-3, 3e-3) if side == 0 else (1, PLUS, 0.125, 5e-3, 6e-3)
    )
    return sign * 1.5 * W_MAX * read(other, fast) * (a2 + a3 * read(own, slow))


def nearest_triplet_change(side, other, own, w):
    return triplet_change(side, other, own, w, last)


def symmetric_change(side, other, own, w):
    return 0.148 * W_MAX * (0.08 * trace(other, 0.025) - 0.0533 * trace(other, 0.050))


SIX = {"eta": 0.002, "tau_x": 0.03, "tau_y": 0.02,
       "alpha": 0.4, "beta": -0.6, "gamma": 0.9, "kappa": -0.5}  # fmt: skip


def six_change(side, other, own, w):
    alone, paired, tau = (0.4, -0.5, 0.02) if side == 0 else (-0.6, 0.9, 0.03)
    return 0.002 * (alone + paired * trace(other, tau))


def inhibitory_change(side, other, own, w):
    eta, rate, tau = 0.004, 4.0, 0.025
    return eta * (trace(other, tau) - (2 * rate * tau if side == 0 else 0.0))


@pytest.mark.parametrize(
    ("name", "change", "parameters", "w_max"),
    [
        ("pair_stdp", pair_change, PAIRS, W_MAX),
        ("pair_stdp_multiplicative", multiplicative_change, PAIRS, W_MAX),
        ("pair_stdp_weight_dependent", power_change, PAIRS | {"mu": 0.4}, W_MAX),
        ("pair_stdp_nearest", nearest_change, PAIRS, W_MAX),
        ("pair_stdp_reduced", reduced_change, PAIRS, W_MAX),
        ("triplet_stdp", triplet_change, TRIPLET, W_MAX),
        ("triplet_stdp_nearest", nearest_triplet_change, TRIPLET, W_MAX),
        ("symmetric_stdp", symmetric_change, {"eta": 0.148}, W_MAX),
        ("six_parameter", six_change, SIX, W_MAX),
        (
            "inhibitory",
            inhibitory_change,
            {"eta": 0.004, "target_rate": 4.0, "tau": 0.025},
            0.3,
        ),
    ],
)
@pytest.mark.slow
def test_rules_agree_with_an_event_by_event_oracle(name, change, parameters, w_max):
    rng = np.random.default_rng(3)
    n, n_steps = 160, 5_000
    pre, post = (spike_trains(rng, n, rate, n_steps, DT) for rate in (25.0, 18.0))
    start = rng.uniform(0, w_max, n)
    got = weights(
        registry.get(name),
        parameters,
        (pre[0], pre[1] * DT),
        (post[0], post[1] * DT),
        start,
        w_max,
        duration=n_steps * DT,
    )
    expected = [
        oracle(change, pre[1][pre[0] == k], post[1][post[0] == k], start[k], w_max)
        for k in range(n)
    ]
    # The spikes moved the weights, and differently.
    assert np.ptp(expected - start) > 0.03 * w_max
    np.testing.assert_allclose(got, expected, atol=1e-9)


def pairing(rule, values, pairs, n_pairs=60, dt=1e-3):
    """Changes of weights, in units of w_max, by pairs that repeat: (interval, frequency) each."""
    number = np.arange(n_pairs)
    pre, post = [], []
    for synapse, (interval, frequency) in enumerate(pairs):
        first = 0.1 + number / frequency
        pre += [(synapse, t + max(-interval, 0)) for t in first]
        post += [(synapse, t + max(interval, 0)) for t in first]
    (pre_cell, pre_time), (post_cell, post_time) = (
        np.array(sorted(side, key=lambda one: one[1])).T for side in (pre, post)
    )
    w_max = 100.0  # far from both bounds
    w = weights(
        rule,
        {**values, "eta": 0.01},
        (pre_cell.astype(int), np.round(pre_time / dt) * dt),
        (post_cell.astype(int), np.round(post_time / dt) * dt),
        np.full(len(pairs), w_max / 2),
        w_max,
        duration=max(pre_time.max(), post_time.max()) + dt,
        dt=dt,
    )
    return w - w_max / 2


@pytest.mark.parametrize(
    ("name", "before", "after"),
    # 60 pairs at 10, 20, 40 and 50 Hz, 10 ms apart: closed recomputation of the published fits
    [
        ("visual_cortex_full", [0.132, 0.247, 0.534, 0.741], [-0.334, -0.352, 0.155, 0.727]),
        ("visual_cortex_minimal", [0.119, 0.228, 0.532, 0.763], [-0.332, -0.342, 0.174, 0.749]),
        ("nestml", [0.213, 0.456, 1.077, 1.494], [-0.333, -0.317, 0.558, 1.480]),
    ],
)
@pytest.mark.slow
def test_triplets_give_the_frequency_dependence_of_pairing(name, before, after):
    rule = registry.get("triplet_stdp")
    pairs = [(interval, hz) for interval in (0.010, -0.010) for hz in (10.0, 20.0, 40.0, 50.0)]
    got = pairing(rule, rule.values(name), pairs)
    np.testing.assert_allclose(got, [*before, *after], atol=1e-3)


LONE = [(0.010, 10.0), (-0.010, 10.0)]


def test_triplets_at_a_tenth_of_a_hertz():
    """Ten seconds between pairs: only what one pair does, sixty times."""
    rule = registry.get("triplet_stdp")
    one = pairing(rule, rule.values("visual_cortex_full"), LONE, n_pairs=1)
    np.testing.assert_allclose(60 * one, [0.0, -0.312], atol=1e-3)


@pytest.mark.slow
def test_slow_traces_are_read_before_the_spike_that_reads_them():
    """A lone pair holds no triplet: the third-order terms do not act on it."""
    rule = registry.get("triplet_stdp")
    for name in ("A3_plus", "A3_minus"):
        values = rule.values("", {"A2_plus": 0.0, "A2_minus": 0.0, name: 0.5})
        assert not pairing(rule, values, LONE, n_pairs=1).any()
        assert np.abs(pairing(rule, values, LONE, n_pairs=2)).max() > 1e-3


def test_a_reduced_pair_uses_each_spike_once():
    """Two presynaptic spikes before one of the other side, and the other way round."""
    rule = registry.get("pair_stdp_reduced")
    w_max, start = 1.0, 0.5
    w = weights(
        rule,
        {},
        ([0, 0, 1], [0.010, 0.020, 0.010]),
        ([0, 1, 1], [0.030, 0.020, 0.030]),
        [start, start],
        w_max,
        duration=0.04,
    )
    once = 0.03125 * np.exp(-0.010 / 0.0168)
    np.testing.assert_allclose(w - start, [once, once], atol=1e-12)


def test_sets_and_overrides():
    rule = registry.get("six_parameter")
    values = rule.values("stable_ie", {"kappa": 0.0})
    assert values["alpha"] == -0.42367217 and values["kappa"] == 0.0 and values["eta"] == 0.01
    with pytest.raises(InputError, match="six_parameter: unknown parameter set 'stable_ei2'; did"):
        rule.values("stable_ei2")
    with pytest.raises(InputError, match="six_parameter: unknown parameter 'kapa'; did you mean"):
        rule.values("", {"kapa": 1.0})
    for name in registry.names():
        rule = registry.get(name)
        for key, one in rule.sets.items():
            assert one.source
            assert rule.values(key).keys() == rule.values().keys()


@pytest.mark.slow
def test_inhibitory_rule_rests_at_its_target_rate():
    """Independent Poisson trains: dw/dt = 2 tau eta pre_rate (post_rate - target), 0 at target."""
    eta, target, tau, pre_rate, post_rates = 1e-4, 4.0, 0.020, 12.0, (2.0, 4.0, 9.0)
    n, dt, duration = 1000, 1e-3, 8.0
    rng, n_all = np.random.default_rng(2), n * len(post_rates)
    pre, post = (
        spike_trains(rng, n_all, rate, round(duration / dt), dt)
        for rate in (pre_rate, np.repeat(post_rates, n))
    )
    change = weights(
        registry.get("inhibitory"),
        {"eta": eta, "target_rate": target, "tau": tau},
        (pre[0], pre[1] * dt),
        (post[0], post[1] * dt),
        np.full(n_all, 1.0),
        2.0,
        duration=duration,
        dt=dt,
    )
    for post_rate, slope in zip(post_rates, (change.reshape(-1, n) - 1.0) / duration, strict=True):
        expected = 2 * tau * eta * pre_rate * (post_rate - target)
        assert abs(slope.mean() - expected) < 4 * slope.std(ddof=1) / np.sqrt(n), post_rate


def test_weight_noise_is_a_bounded_random_walk():
    n, duration, noise, w_max = 2000, 9, 0.03, 0.5
    w = weights(
        registry.get("weight_noise"),
        {"noise": noise},
        ([], []),
        ([], []),
        np.full(n, w_max / 2),
        w_max,
        duration=duration,
        dt=0.1,
    )
    expected = noise * w_max * np.sqrt(duration)
    assert w.std(ddof=1) == pytest.approx(expected, rel=4 / np.sqrt(2 * n))
    assert abs(w.mean() - w_max / 2) < 4 * expected / np.sqrt(n)
    wide = weights(
        registry.get("weight_noise"),
        {"noise": 1.0},
        ([], []),
        ([], []),
        np.full(n, w_max / 2),
        w_max,
        duration=duration,
        dt=0.1,
    )
    assert wide.min() == 0 and wide.max() == w_max


def test_registry_lists_the_files():
    assert {"inhibitory", "pair_stdp", "triplet_stdp"} < set(registry.names())
    for name in registry.names():
        assert registry.get(name).name == name
        assert registry.get(name).citation


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.slow
def test_a_rule_is_off_without_its_learning_rate(name):
    rate = registry.declared(name).rate
    w = weights(
        registry.get(name),
        {rate: 0.0} if rate else {},
        ([0, 0], [0.010, 0.025]),
        ([0, 0], [0.015, 0.020]),
        [0.5],
        1.0,
        duration=0.04,
        cell=cell_of(registry.get(name)),
    )
    assert w[0] == 0.5


def test_registry_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'pair_stdp'"):
        registry.get("pair_sdtp")


def test_the_page_of_rules_is_what_the_rules_say():
    page = Path(__file__).resolve().parents[3] / "docs" / "plasticity.md"
    assert page.read_text(encoding="utf-8") == document()


def test_combine_refuses_two_rules_that_name_something_alike():
    with pytest.raises(ValueError, match="both have"):
        combine([registry.get("pair_stdp"), registry.get("inhibitory")], "")


def test_one_protocol_of_a_rule_is_chosen_with_its_targets():
    rule_ = registry.get("triplet_stdp")
    one = chosen(rule_, "frequency", "nestml")
    assert (one.name, one.sets) == ("frequency", ("nestml",))
    assert chosen(rule_, "frequency").sets == ("visual_cortex_full",)
    assert chosen(registry.get("pair_stdp"), "window").sets == ()
    with pytest.raises(InputError, match=r"no induction.*did you mean 'frequency'"):
        chosen(rule_, "frequencies")
    with pytest.raises(InputError, match=r"no set.*did you mean 'nestml'"):
        chosen(rule_, "frequency", "nestm")
    known = pd.DataFrame({"induction": ["a", "a", "b"], "set": ["x", "y", "x"], "x": [1, 2, 3]})
    run = pd.DataFrame({"induction": ["a"], "set": ["y"]})
    assert list(targets.of(known, run)["x"]) == [2]
