"""Plasticity rules against published values, closed forms and an event-by-event oracle."""

import brian2 as b
import numpy as np
import pytest

from spikedrift.errors import InputError
from spikedrift.plasticity import registry
from spikedrift.plasticity.synapse import combine

DT = 0.1e-3


@pytest.fixture(autouse=True)
def numpy_target():
    b.prefs.codegen.target = "numpy"
    yield
    b.prefs.codegen.target = "auto"


def weights(rule, parameters, pre, post, w, w_max, *, duration, dt=DT, seed=0):
    """Final weights of synapses k -> k; `pre` and `post` are (cell, time in s)."""
    b.start_scope()
    b.seed(seed)
    b.defaultclock.dt = dt * b.second
    n = len(w)
    source, target = (
        b.SpikeGeneratorGroup(n, cell, np.asarray(time) * b.second) for cell, time in (pre, post)
    )
    made = combine([rule], transmit="")
    synapses = b.Synapses(
        source,
        target,
        model=made.model,
        on_pre=made.on_pre or None,
        on_post=made.on_post or None,
        method="exact",
    )
    synapses.connect(j="i")
    for statement, interval in made.every:
        synapses.run_regularly(statement, dt=interval * b.second)
    synapses.w = w
    synapses.w_max = w_max
    for parameter in rule.parameters:
        value = parameters.get(parameter.name, parameter.default)
        setattr(synapses, parameter.name, value * getattr(b, parameter.unit, 1))
    b.Network(source, target, synapses).run(duration * b.second)
    return np.array(synapses.w)


@pytest.mark.parametrize(
    ("interval_ms", "change"),
    # Song, Miller & Abbott (2000): A+ = .01 gmax, A- = 1.05 A+, both windows 20 ms
    [
        (1, 0.009512),
        (10, 0.006065),
        (20, 0.003679),
        (-1, -0.009988),
        (-10, -0.006369),
        (-20, -0.003863),
    ],
)
def test_single_pairs_give_the_published_window(interval_ms, change):
    g_max, start = 0.01, 0.03
    w = weights(
        registry.get("pair_stdp"),
        {"eta": 0.01, "ratio": 1.05},
        ([0], [start]),
        ([0], [start + interval_ms * 1e-3]),
        [g_max / 2],
        g_max,
        duration=0.08,
    )
    assert w[0] / g_max - 0.5 == pytest.approx(change, abs=1e-6)


def spike_trains(rng, n, rate, n_steps, dt):
    """Poisson trains on the grid: (cell, step), one spike a (cell, step)."""
    step, cell = np.divmod(np.flatnonzero(rng.random(n_steps * n) < rate * dt), n)
    return cell, step


def oracle(change, pre, post, w, w_max):
    """Weight after all events, from sums over the earlier spikes of the other side.

    At one time step the presynaptic spike comes first.
    """
    for step, side in sorted([(s, 0) for s in pre] + [(s, 1) for s in post]):
        other = post[post < step] if side == 0 else pre[pre <= step]
        w = min(max(w + change(side, (step - other) * DT), 0.0), w_max)
    return w


def pair_change(side, ages):
    eta, ratio, w_max = 0.03, 1.05, 0.15
    if side == 0:
        return -eta * ratio * w_max * np.exp(-ages / 0.033).sum()
    return eta * w_max * np.exp(-ages / 0.017).sum()


def inhibitory_change(side, ages):
    eta, rate, tau = 0.004, 4.0, 0.025
    return eta * (np.exp(-ages / tau).sum() - (2 * rate * tau if side == 0 else 0.0))


@pytest.mark.parametrize(
    ("name", "change", "parameters", "w_max"),
    [
        (
            "pair_stdp",
            pair_change,
            {"eta": 0.03, "ratio": 1.05, "tau_plus": 0.017, "tau_minus": 0.033},
            0.15,
        ),
        (
            "inhibitory",
            inhibitory_change,
            {"eta": 0.004, "target_rate": 4.0, "tau": 0.025},
            0.3,
        ),
    ],
)
def test_rules_agree_with_an_event_by_event_oracle(name, change, parameters, w_max):
    rng = np.random.default_rng(3)
    n, n_steps = 40, 20_000
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
    assert np.ptp(expected) > 0.1 * w_max  # the spikes moved the weights, and differently
    np.testing.assert_allclose(got, expected, atol=1e-9)


@pytest.mark.parametrize("post_rate", [2.0, 4.0, 9.0])
def test_inhibitory_rule_rests_at_its_target_rate(post_rate):
    """Independent Poisson trains: dw/dt = 2 tau eta pre_rate (post_rate - target), 0 at target."""
    eta, target, tau, pre_rate = 1e-4, 4.0, 0.020, 12.0
    n, dt, duration = 1000, 1e-3, 8.0
    rng = np.random.default_rng(int(post_rate))
    pre, post = (spike_trains(rng, n, r, round(duration / dt), dt) for r in (pre_rate, post_rate))
    change = weights(
        registry.get("inhibitory"),
        {"eta": eta, "target_rate": target, "tau": tau},
        (pre[0], pre[1] * dt),
        (post[0], post[1] * dt),
        np.full(n, 1.0),
        2.0,
        duration=duration,
        dt=dt,
    )
    slope = (change - 1.0) / duration
    expected = 2 * tau * eta * pre_rate * (post_rate - target)
    assert abs(slope.mean() - expected) < 4 * slope.std(ddof=1) / np.sqrt(n)


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


def test_registry_lists_the_files_and_names_the_nearest():
    assert registry.names() == ["inhibitory", "pair_stdp", "weight_noise"]
    for name in registry.names():
        assert registry.get(name).name == name
        assert registry.get(name).citation
    with pytest.raises(InputError, match="did you mean 'pair_stdp'"):
        registry.get("pair_sdtp")


def test_combine_refuses_two_rules_that_act_on_one_spike():
    with pytest.raises(ValueError, match="order is not defined"):
        combine([registry.get("pair_stdp"), registry.get("inhibitory")], "")
