"""What keeps the weights of a cell in bounds together: normalization and scaling."""

import numpy as np
from driving import driven, events, left_limit, poisson

from spikedrift.plasticity import registry

DT, W_MAX = 1e-3, 1.0
PAIR = registry.get("pair_stdp")
N_PRE, N_POST = 6, 4
STDP = {"eta": 0.05, "ratio": 0.8, "tau_plus": 0.020, "tau_minus": 0.020}


def network(rng, rule, values, n_steps, rates):
    """Pair STDP and a further rule on random wiring; spikes, wiring, first and last weights."""
    pre, post = (
        poisson(rng, n, rate, n_steps, DT) for n, rate in zip((N_PRE, N_POST), rates, strict=True)
    )
    wiring = np.nonzero(rng.random((N_PRE, N_POST)) < 0.8)
    start = rng.uniform(0.2, 0.6, len(wiring[0]))
    synapses, cells = driven(
        [PAIR, rule], STDP | values, (pre[0], pre[1] * DT), (post[0], post[1] * DT), start, W_MAX,
        wiring=wiring, duration=n_steps * DT, dt=DT,
    )  # fmt: skip
    return pre, post, wiring, start, np.array(synapses.w), cells


def stdp(w, side, now, times):
    """Additive pair STDP; in one time step the presynaptic spike comes first."""
    if side == 0:
        return np.clip(w - 0.04 * W_MAX * left_limit(times[1], now, 0.020), 0, W_MAX)
    seen = left_limit(times[0], now + DT / 2, 0.020) * np.exp(DT / 2 / 0.020)
    return np.clip(w + 0.05 * W_MAX * seen, 0, W_MAX)


def oracle(pre, post, wiring, start, n_steps, interval, act):
    """Weights after STDP and `act(w, step)` at the start of every round."""
    w = start.copy()
    acting = [
        (step, 0, side, k)
        for k, cells in enumerate(zip(*wiring, strict=True))
        for step, side in events(pre, post, cells)
    ]
    rounds = [(step, -1, 0, 0) for step in range(0, n_steps, interval)]
    for step, kind, side, k in sorted(rounds + acting):
        if kind == -1:
            w = act(w, step)
            continue
        cells = wiring[0][k], wiring[1][k]
        times = [s[cell == one] * DT for (cell, s), one in zip((pre, post), cells, strict=True)]
        w[k] = stdp(w[k], side, step * DT, times)
    return w


def test_subtraction_agrees_with_an_oracle_beside_pair_stdp():
    rng = np.random.default_rng(10)
    n_steps = 1510
    rule = registry.get("subtractive_normalization")
    pre, post, wiring, start, w, cells = network(
        rng, rule, {"normalization": 0.7}, n_steps, (20.0, 20.0)
    )
    n_in = np.bincount(wiring[1], minlength=N_POST)
    target = np.bincount(wiring[1], start, minlength=N_POST)

    def act(w, step):
        excess = np.bincount(wiring[1], w, minlength=N_POST) - target
        return np.clip(w - 0.7 * (excess / n_in)[wiring[1]], 0, W_MAX)

    expected = oracle(pre, post, wiring, start, n_steps, 20, act)
    np.testing.assert_allclose(w, expected, atol=1e-9, rtol=0)
    np.testing.assert_allclose(np.array(cells.of_target), target, atol=1e-12)
    free = oracle(pre, post, wiring, start, n_steps, 20, lambda w, step: w)
    assert np.abs(free - expected).max() > 0.1


def test_a_whole_round_gives_every_cell_its_sum_back():
    """A property: whatever STDP does to weights within their bounds, the sums stay."""
    rng = np.random.default_rng(11)
    rule = registry.get("subtractive_normalization")
    n_steps = 1001  # the last step begins with a round
    _, _, wiring, start, w, _ = network(rng, rule, {"eta": 0.01}, n_steps, (20.0, 20.0))
    assert w.min() > 0 and w.max() < W_MAX and np.abs(w - start).max() > 0.02
    sums = [np.bincount(wiring[1], one) for one in (w, start)]
    np.testing.assert_allclose(*sums, atol=0.03)  # of the spikes of the last step itself


def test_scaling_agrees_with_an_oracle_beside_pair_stdp():
    rng = np.random.default_rng(12)
    n_steps, scaling, target, tau = 6500, 0.03, 8.0, 3.0
    rule = registry.get("synaptic_scaling")
    values = {"scaling": scaling, "scaling_rate": target, "tau_scaling": tau}
    pre, post, wiring, start, w, _ = network(rng, rule, values, n_steps, (10.0, 14.0))
    rates = np.full(N_POST, target)

    def act(w, step):
        cell, steps = post
        seen = np.bincount(cell[(steps >= step - 1000) & (steps < step)], minlength=N_POST)
        seen = seen if step else rates  # before the first spikes the rate is the target
        rates[:] = seen + (rates - seen) * np.exp(-1 / tau)
        return np.clip(w * (1 + scaling * (target - rates))[wiring[1]], 0, W_MAX)

    expected = oracle(pre, post, wiring, start, n_steps, 1000, act)
    np.testing.assert_allclose(w, expected, atol=1e-9, rtol=0)


def test_scaling_alone_keeps_the_ratios_and_follows_the_rate():
    """A silent cell's weights grow exponentially, a regular one's at the target rest."""
    rule = registry.get("synaptic_scaling")
    n_steps, start = 20_000, np.array([0.01, 0.03, 0.2])
    regular = np.arange(125, n_steps, 250)
    synapses, _ = driven(
        [rule], {"scaling": 0.01, "scaling_rate": 4.0, "tau_scaling": 0.2}, ([], []),
        (np.full(len(regular), 1), regular * DT), np.r_[start, start], W_MAX,
        wiring=(np.arange(6), np.repeat([0, 1], 3)), duration=n_steps * DT, dt=DT,
    )  # fmt: skip
    silent, at_target = np.array(synapses.w).reshape(2, 3)
    # The round at 0 changes nothing, the others see 0 spikes.
    np.testing.assert_allclose(silent / start, silent[0] / start[0], rtol=1e-12)
    np.testing.assert_allclose(silent[0] / start[0], 1.04**19, rtol=0.01)
    np.testing.assert_allclose(at_target, at_target[0] / start[0] * start, rtol=1e-12)
