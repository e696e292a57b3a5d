"""The inhibitory rule of Zenke, Agnes & Gerstner (2015) that the population's rate steers."""

import brian2 as b
import numpy as np
import pytest
from driving import driven, events, left_limit, poisson

from spikedrift.plasticity import registry

DT, W_MAX = 1e-3, 5.0
RULE = registry.get("global_inhibitory")


def run(parameters, pre, post, w, population, **wiring):
    """`population`: mean rate of the cells in every step, Hz."""
    n = len(w)
    synapses, cells = driven(
        [RULE], parameters, (pre[0], pre[1] * DT), (post[0], post[1] * DT), w, W_MAX,
        wiring=(np.arange(n), np.arange(n)), duration=len(population) * DT, dt=DT,
        cell="population_rate = counted(t) : Hz",
        namespace={"counted": b.TimedArray(population * b.Hz, dt=DT * b.second)},
    )  # fmt: skip
    return np.array(synapses.w), np.array(cells.of_H)


def test_it_agrees_with_an_event_by_event_oracle():
    rng = np.random.default_rng(7)
    n, n_steps, eta, gamma, tau, tau_h = 30, 4000, 0.02, 4.0, 0.025, 0.8
    pre, post = (poisson(rng, n, rate, n_steps, DT) for rate in (25.0, 15.0))
    # 50 cells, pulses of one step
    population = rng.poisson(50 * 6.0 * DT, n_steps) / 50 / DT
    start = rng.uniform(0, 1.5, n)
    parameters = {"eta": eta, "target_rate": gamma, "tau": tau, "tau_H": tau_h}
    got, low_pass = run(parameters, pre, post, start, population)

    filtered, h = np.empty(n_steps), gamma
    for step, rate in enumerate(population):
        h += DT / tau_h * (rate - h)
        filtered[step] = h
    expected = []
    for k in range(n):
        times = [steps[cell == k] * DT for cell, steps in (pre, post)]
        w = start[k]
        for step, side in events(pre, post, (k, k)):
            factor = eta * (filtered[step] / gamma - 1)
            paired = left_limit(times[1 - side], step * DT, tau)
            w = min(max(w + factor * (paired + (side == 0)), 0.0), W_MAX)
        expected.append(w)
    np.testing.assert_allclose(low_pass, h, rtol=1e-12)
    assert np.ptp(np.array(expected) - start) > 0.1
    np.testing.assert_allclose(got, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("rate", [1.0, 4.0, 12.0])
@pytest.mark.slow
def test_weights_move_until_the_population_fires_at_its_target(rate):
    """Independent spikes: dw/dt = eta (H/target - 1) x (1 + 2 y tau), on a grid of DT."""
    n, n_steps, eta = 1000, 4000, 1e-4
    rng = np.random.default_rng(int(rate))
    pre, post = (poisson(rng, n, r, n_steps, DT) for r in (10.0, rate))
    w, _ = run({"eta": eta, "tau_H": 1e-3}, pre, post, np.ones(n), np.full(n_steps, rate))
    slope = (w - 1) / (n_steps * DT)
    paired = rate * DT / np.expm1(DT / 0.020)
    expected = eta * (rate / 4.0 - 1) * 10.0 * (1 + 2 * paired)
    assert abs(slope.mean() - expected) < 4 * slope.std(ddof=1) / np.sqrt(n) + 1e-15
