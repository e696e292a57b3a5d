"""The orchestrated rule of Zenke, Agnes & Gerstner (2015)."""

from dataclasses import replace

import numpy as np
import pytest
from driving import driven, events, left_limit, poisson

from spikedrift.plasticity import registry

DT, W_MAX = 1e-3, 5.0
RULE = registry.get("zenke")


def run(parameters, pre, post, w, duration, **more):
    n = len(w)
    synapses, _ = driven(
        [RULE], parameters, (pre[0], pre[1] * DT), (post[0], post[1] * DT), w, W_MAX,
        wiring=(np.arange(n), np.arange(n)), duration=duration, dt=DT, **more,
    )  # fmt: skip
    return np.array(synapses.w), np.array(synapses.w_ref)


def consolidated(w, w_ref, values):
    """One step of 1.2 s, in the units of the paper: wells at 0 and c, height 0.1."""
    a, c = 0.0, values["well"] * W_MAX
    middle, quarter = (a + c) / 2, (c - a) / 4
    potential = 0.1 / ((quarter - a) * (quarter - middle) * (quarter - c))
    slope = (w - w_ref) + potential * (a - w_ref) * (middle - w_ref) * (c - w_ref)
    return w_ref + values["eta"] * 1.2 / values["tau_c"] * slope


def oracle(pre, post, cells, w, values, n_steps):
    """Weight and reference weight; every trace is the sum over all strictly earlier spikes."""
    times = [steps[cell == k] * DT for (cell, steps), k in zip((pre, post), cells, strict=True)]
    rounds = [(step, -1) for step in range(0, n_steps, 1200)]
    w_ref = 0.0
    for step, side in sorted(rounds + events(pre, post, cells)):
        now, eta = step * DT, values["eta"]
        if side == -1:
            w_ref = consolidated(w, w_ref, values)
            continue
        fast = left_limit(times[1], now, values["tau_minus"])
        if side == 0:
            change = W_MAX * (values["delta"] - values["A_minus"] * fast)
        else:
            triplet = left_limit(times[0], now, values["tau_plus"]) * left_limit(
                times[1], now, values["tau_slow"]
            )
            change = W_MAX * values["A_plus"] * triplet - values["beta"] * (w - w_ref) * fast**3
        w = min(max(w + eta * change, 0.0), W_MAX)
    return w, w_ref


@pytest.mark.slow
def test_it_agrees_with_an_event_by_event_oracle():
    rng = np.random.default_rng(5)
    n, n_steps = 30, 6000
    pre, post = (poisson(rng, n, rate, n_steps, DT) for rate in (30.0, 25.0))
    coincident = {*zip(*pre, strict=True)} & {*zip(*post, strict=True)}
    assert len(coincident) > 50, "spikes of both sides in one step are part of the test"
    changed = {"eta": 1.3, "A_plus": 5e-3, "A_minus": 3e-3, "beta": 0.07, "delta": 1e-3,
               "tau_c": 15.0, "tau_minus": 0.025}  # fmt: skip
    start = rng.uniform(0, 1.0, n)
    w, w_ref = run(changed, pre, post, start, n_steps * DT)
    values = RULE.values("", changed)
    expected = [oracle(pre, post, (k, k), start[k], values, n_steps) for k in range(n)]
    assert np.ptp(np.array(expected)[:, 0] - start) > 0.1
    np.testing.assert_allclose(np.transpose([w, w_ref]), expected, atol=1e-9, rtol=0)


def mean_change(values, w, pre_rate, post_rate):
    """Of a weight per s, for independent Poisson spikes on the grid and w_ref = 0.

    The third moment of a trace follows from its cumulants; where steps are short, they are
    rate tau / order.
    """

    def summed(tau, order=1):
        return 1 / np.expm1(order * DT / tau)

    p, tau = post_rate * DT, values["tau_minus"]
    first, second, third = (
        p * summed(tau),
        p * (1 - p) * summed(tau, 2),
        p * (1 - p) * (1 - 2 * p) * summed(tau, 3),
    )
    cubed = third + 3 * first * second + first**3
    triplet = (
        pre_rate * DT * summed(values["tau_plus"]) * p * summed(values["tau_slow"]) * post_rate
    )
    depression = pre_rate * (values["delta"] - values["A_minus"] * first)
    return W_MAX * (values["A_plus"] * triplet + depression) - values["beta"] * w * (
        cubed * post_rate
    )


@pytest.mark.parametrize("post_rate", [2.0, 10.0, 20.0, 40.0])
@pytest.mark.parametrize("name", ["published", "unstable_control"])
@pytest.mark.slow
def test_poisson_spikes_move_the_weight_as_theory_says(name, post_rate):
    n, n_steps, w = 2000, 4000, 0.25
    rng = np.random.default_rng(int(post_rate))
    pre, post = (poisson(rng, n, rate, n_steps, DT) for rate in (10.0, post_rate))
    # Slowed down, so that the weight that depression acts on stays what it was.
    values = RULE.values(name, {"eta": 1e-3})
    got, _ = run(values, pre, post, np.full(n, w), n_steps * DT)
    slope = (got - w) / (n_steps * DT) / values["eta"]
    expected = mean_change(values, w, 10.0, post_rate)
    # The traces build up in the first tenths of a second, 3 % of the time.
    tolerance = 4 * slope.std(ddof=1) / np.sqrt(n) + 0.03 * abs(expected)
    assert abs(slope.mean() - expected) < tolerance


@pytest.mark.parametrize(("w", "end"), [(0.20, 0.0), (0.30, 0.5)])
@pytest.mark.slow
def test_consolidation_leads_to_the_nearer_well(w, end):
    """Heterosynaptic depression ties the weight to its reference; the ridge lies at 0.25."""
    rng = np.random.default_rng(1)
    n_steps = 30_000
    post = poisson(rng, 4, 40.0, n_steps, DT)
    none = (np.array([], int), np.array([]))
    values = {"A_plus": 0.0, "A_minus": 0.0, "delta": 0.0, "beta": 0.05, "tau_c": 4.0}
    begun = replace(RULE, start=f"{RULE.start}\nw_ref = {w}")
    synapses, _ = driven(
        [begun], values, none, (post[0], post[1] * DT),
        np.full(4, w), W_MAX, wiring=(np.arange(4), np.arange(4)), duration=30.0, dt=DT,
    )  # fmt: skip
    np.testing.assert_allclose(synapses.w_ref, end, atol=0.02)
    np.testing.assert_allclose(synapses.w, end, atol=0.02)


def test_the_spike_is_passed_on_with_the_weight_that_it_found():
    spikes = (np.array([0, 0]), np.array([10, 20]))
    post = (np.array([0]), np.array([15]))
    synapses, cells = driven(
        [RULE], {"A_minus": 0.02}, (spikes[0], spikes[1] * DT), (post[0], post[1] * DT), [1.0],
        W_MAX, wiring=([0], [0]), duration=0.03, dt=DT,
    )  # fmt: skip
    between = 1.0 + 2e-5  # transmitter at the first spike, nothing at the second yet
    assert float(cells.received[0]) == pytest.approx(1.0 + between, abs=1e-12)
    assert float(synapses.w[0]) < between - 0.05


def test_eta_stops_everything():
    rng = np.random.default_rng(2)
    pre, post = (poisson(rng, 3, 40.0, 3000, DT) for _ in range(2))
    w, w_ref = run({"eta": 0.0}, pre, post, np.full(3, 0.4), 3.0)
    assert (w == 0.4).all() and (w_ref == 0).all()
