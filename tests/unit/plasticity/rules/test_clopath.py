"""The voltage-based rule against a step-by-step oracle and the authors' program."""

from pathlib import Path

import numpy as np
import pytest
from inducing import spike_trains, weights
from waves import offer

from spikedrift.plasticity import registry, targets
from spikedrift.plasticity.induce import induce

ROOT = Path(__file__).resolve().parents[4]


def oracle(values, u, pre, w, w_max, dt):
    """Weight of one synapse from u before every step (n_steps + 1 values) and presynaptic steps."""
    mv = {key: values[key] for key in ("theta_minus", "theta_plus", "u_rest")}
    hold = round(1e-3 / dt)
    minus, plus, square, x = u[0], u[0], 0.0, 0.0
    read_minus, read_plus = [u[0]] * 3, [u[0]] * 3
    for step in range(u.size - 1):
        if step % hold == 0:
            read_minus = [minus, *read_minus[:2]]
            read_plus = [plus, *read_plus[:2]]
        minus += dt / values["tau_minus"] * (u[step] - minus)
        plus += dt / values["tau_plus"] * (u[step] - plus)
        square += dt / values["tau_square"] * ((u[step] - mv["u_rest"]) ** 2 - square)
        scale = square / values["u_ref"] ** 2 if values["homeostasis"] else 1.0
        if step in pre:
            low = max(read_minus[2] - mv["theta_minus"], 0)
            w = max(w - values["eta"] * values["A_LTD"] * scale * low, 0)
        if step < u.size - 2:  # what this step's potential does is seen in the next step
            high = max(u[step + 1] - mv["theta_plus"], 0)
            low = max(read_plus[2] - mv["theta_minus"], 0)
            w = min(w + values["eta"] * values["A_LTP"] * x * dt * high * low, w_max)
        x = x * (1 - dt / values["tau_x"]) + (step in pre) / values["tau_x"]
    return w


@pytest.mark.parametrize("homeostasis", [0.0, 1.0])
@pytest.mark.parametrize(("cell", "dt"), [("adex_2010", 1e-3), ("waves", 0.2e-3)])
@pytest.mark.slow
def test_agrees_with_a_step_by_step_oracle(cell, dt, homeostasis, monkeypatch):
    offer(monkeypatch)
    rng = np.random.default_rng(5)
    rule, n, n_steps, w_max = registry.get("clopath"), 20, round(2.0 / dt), 0.8
    pre, post = (spike_trains(rng, n, rate, n_steps, dt) for rate in (25.0, 15.0))
    changed = {"homeostasis": homeostasis, "eta": 2.0, "u_ref": 0.012, "tau_square": 0.4}
    start = rng.uniform(0, w_max, n)
    got, seen = weights(
        rule, changed, (pre[0], pre[1] * dt), (post[0], post[1] * dt), start, w_max,
        duration=n_steps * dt, dt=dt, cell=cell, record=["u"],
    )  # fmt: skip
    u = np.vstack([seen["u"], seen["u"][-1:]])
    values = {**rule.values(), **changed}
    expected = [
        oracle(values, u[:, k], set(pre[1][pre[0] == k]), start[k], w_max, dt) for k in range(n)
    ]
    assert np.ptp(expected - start) > 0.1 * w_max
    assert (np.array(expected) > 0).any() and (np.array(expected) < w_max).any()
    np.testing.assert_allclose(got, expected, atol=1e-9)


def one_pair(lag, values=(), dt=1e-3):
    """Change of the weight by one pair, the postsynaptic spike at 50 ms and `lag` steps before."""
    rule, steps = registry.get("clopath"), (50 + lag, 50)
    pre, post = (([0], [step * dt]) for step in steps)
    w = weights(
        rule, dict(values), pre, post, [0.5], 1.0, duration=0.15, dt=dt, cell="adex_2010"
    )  # fmt: skip
    return w[0] - 0.5


@pytest.mark.slow
def test_a_spike_does_not_meet_its_own_trace_for_three_ms():
    """What follows a spike within 3 ms finds the potential as it was before, at rest."""
    assert max(abs(one_pair(lag)) for lag in (0, 1, 2, 3)) < 1e-6  # rest is not quite u_rest
    # Spike steps of 29.4 and 32.862 mV enter u_minus one after the other, a tenth of each.
    first = 0.1 * (0.0294 + 0.0706)
    second = 0.9 * first + 0.1 * (0.032862 + 0.0706)
    after = [one_pair(lag) for lag in (4, 5)]
    np.testing.assert_allclose(after, [-0.14 * first, -0.14 * second], rtol=1e-4)


def test_a_presynaptic_spike_counts_from_the_next_step_on():
    """Two postsynaptic spikes, so that the second finds the trace of the first."""
    rule, dt = registry.get("clopath"), 1e-3
    pre, post = ([0, 1, 2], [0.061, 0.060, 0.059]), ([0, 1, 2] * 2, [0.05] * 3 + [0.06] * 3)
    w = weights(
        rule, {"A_LTD": 0.0}, pre, post, [0.5] * 3, 1.0, duration=0.062 + dt, dt=dt,
        cell="adex_2010",
    )  # fmt: skip
    grown = w - 0.5
    assert grown[0] == 0 and 0 < grown[1] < grown[2]
    # The spike is 29.4 and then 32.862 mV high; one step of the trace is 1 - 1/15.
    ratio = (29.4 + 45.3) / (32.862 + 45.3)
    assert 0 < grown[2] / grown[1] - (14 / 15 + ratio) < 0.2


@pytest.mark.compiles
def test_its_published_protocols_and_the_closed_form_of_the_voltage_clamp(tmp_path):
    rule = registry.get("clopath")
    expected = targets.read(ROOT / "resources" / "plasticity" / "clopath.tsv")
    found = [
        induce(rule, one, seed=1, build_dir=tmp_path / "b", scratch_dir=tmp_path / "s")
        for one in rule.inductions
    ]
    table = targets.judge(found[0], expected)
    assert (table["pass"] == "yes").sum() == 10 and not (table["pass"] == "no").any()
    clamped = found[1]
    assert clamped["measured"].min() < -100 and clamped["measured"].max() > 60
    np.testing.assert_allclose(
        clamped["measured"], clamped["predicted"], rtol=1e-3, atol=1e-9
    )  # Euler steps of the mean square
    plain = clamped[clamped["set"] == "plain"]
    np.testing.assert_allclose(plain["measured"], plain["predicted"], rtol=2e-5, atol=1e-9)
