"""The voltage rule of assemblies against a step-by-step oracle."""

import numpy as np
import pytest
from inducing import spike_trains, weights
from waves import offer

from spikedrift.plasticity import registry

DT = 0.1e-3


def oracle(values, u, pre, w, w_max):
    """Weight of one synapse from u before every step and the presynaptic steps."""
    minus, plus, x = u[0], u[0], 0.0
    for step in range(u.size):
        # What the last step left: spikes up to it have their full trace.
        high = max(u[step] - values["theta_LTP"], 0) * max(plus - values["theta_LTD"], 0)
        w = min(w + values["eta"] * DT * values["A_LTP"] * x * high, w_max)
        x *= 1 - DT / values["tau_x"]
        minus += DT / values["tau_minus"] * (u[step] - minus)
        plus += DT / values["tau_plus"] * (u[step] - plus)
        if step in pre:
            low = max(minus - values["theta_LTD"], 0)
            w = max(w - values["eta"] * values["A_LTD"] * low, values["w_min"])
            x += 1 / values["tau_x"]
    return w


@pytest.mark.slow
def test_agrees_with_a_step_by_step_oracle(monkeypatch):
    offer(monkeypatch)
    rng = np.random.default_rng(8)
    rule, n, n_steps, w_max = registry.get("clopath_assemblies"), 20, 15_000, 21.4
    pre = spike_trains(rng, n, 25.0, n_steps, DT)
    values = rule.values("litwin_kumar_doiron", {"eta": 10.0, "A_LTP": 15.0})
    start = rng.uniform(1.78, w_max, n)
    got, seen = weights(
        rule, values, (pre[0], pre[1] * DT), ([], []), start, w_max,
        duration=n_steps * DT, cell="waves", record=["u"],
    )  # fmt: skip
    expected = np.array(
        [oracle(values, seen["u"][:, k], set(pre[1][pre[0] == k]), start[k], w_max)
         for k in range(n)]
    )  # fmt: skip
    assert np.ptp(expected - start) > 0.1 * w_max
    assert ((expected > 1.78) & (expected < w_max)).sum() > n / 2
    np.testing.assert_allclose(got, expected, atol=1e-9)


@pytest.mark.parametrize("eta", [0.0, 1e4])
def test_the_weight_stays_at_its_lower_bound(eta, monkeypatch):
    offer(monkeypatch)
    values = {"eta": eta, "A_LTP": 0.0, "w_min": 1.78}
    rule = registry.get("clopath_assemblies")
    pre = (np.zeros(9, dtype=int), 0.01 * np.arange(1, 10))
    w = weights(rule, values, pre, ([], []), [5.0], 21.4, duration=0.1, cell="waves")
    assert w[0] == (1.78 if eta else 5.0)


def test_depression_takes_the_low_pass_of_the_moment():
    """No delay: a presynaptic spike right after the postsynaptic one finds its trace."""
    rule, dt = registry.get("clopath_assemblies"), 1e-3
    cells = np.arange(3)
    w = weights(
        rule, {"A_LTP": 0.0, "theta_LTD": -0.0706}, (cells, [0.050, 0.051, 0.052]),
        (cells, [0.050] * 3), [5.0] * 3, 21.4, duration=0.1, dt=dt, cell="adex_2010",
    )  # fmt: skip
    # Spike steps of 29.4 and 32.862 mV enter u_minus one step later, a tenth of them each.
    first = 0.1 * (0.0294 + 0.0706)
    second = 0.9 * first + 0.1 * (0.032862 + 0.0706)
    np.testing.assert_allclose(5.0 - w, 0.8 * np.array([0.0, first, second]), rtol=1e-4, atol=1e-6)
