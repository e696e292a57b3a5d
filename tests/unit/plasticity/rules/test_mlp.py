"""The MLP family: its forward pass and its events, computed again from the published numbers."""

from pathlib import Path

import brian2 as b
import numpy as np
import pytest
import yaml
from driving import driven, events, left_limit, poisson

from spikedrift.plasticity import registry
from spikedrift.plasticity.rules import mlp

DT, W_MAX = 1e-3, 20.0
RULE = registry.get("mlp")
FROZEN = yaml.safe_load(Path(mlp.__file__).with_suffix(".yaml").read_text())
FIRST, SECOND = np.array(FROZEN["Wh1"]), np.array(FROZEN["Wh2"])


def test_the_frozen_weights_are_an_untrained_draw_as_published():
    """Uniform within one over the root of the inputs, the usual start of a linear layer."""
    assert FIRST.shape == (50, 6) and SECOND.shape == (4, 50)
    assert 0.99 < np.abs(FIRST).max() * np.sqrt(6) < 1
    assert 0.99 < np.abs(SECOND).max() * np.sqrt(50) < 1
    assert FIRST.sum() == pytest.approx(1.16344866, abs=1e-8)
    assert SECOND.sum() == pytest.approx(-0.09819418, abs=1e-8)


def forward(x, y, w, v, c_exc, c_inh, linear):
    """V and C in volts."""
    hidden = 1 / (1 + np.exp(-FIRST @ np.array([2 * x, 2 * y, w, 15 * v, 15 * c_exc, 15 * c_inh])))
    output = 1 / (1 + np.exp(-SECOND @ hidden))
    return linear[:4] @ output + linear[4]


def low_pass(driving, first, tau):
    """Of (step, cell), by the explicit Euler steps of the published program."""
    found, value = np.empty_like(driving), first
    for step, now in enumerate(driving):
        value = value + DT / tau * (now - value)
        found[step] = value
    return found


@pytest.mark.slow
def test_it_agrees_with_an_event_by_event_oracle():
    rng = np.random.default_rng(9)
    n, n_steps, eta = 20, 3000, 0.05
    pre, post = (poisson(rng, n, rate, n_steps, DT) for rate in (40.0, 30.0))
    assert {*zip(*pre, strict=True)} & {*zip(*post, strict=True)}
    linear = rng.uniform(-1, 1, 10)
    given = {
        "u": -0.060 + 0.010 * rng.standard_normal((n_steps, n)),
        "excitatory_drive": 0.050 * rng.random((n_steps, n)),
        "inhibitory_drive": 0.040 * rng.random((n_steps, n)),
    }
    start = rng.uniform(0, 3.0, n)
    synapses, _ = driven(
        [RULE], RULE.values("", tuple(linear)) | {"eta": eta},
        (pre[0], pre[1] * DT), (post[0], post[1] * DT), start, W_MAX,
        wiring=(np.arange(n), np.arange(n)), duration=n_steps * DT, dt=DT,
        cell="\n".join(f"{name} = {name}_at(t, i) : volt" for name in given),
        namespace={f"{name}_at": b.TimedArray(values * b.volt, dt=DT * b.second)
                   for name, values in given.items()},
    )  # fmt: skip

    v = low_pass(given["u"], given["u"][0], 0.1)
    c_exc = low_pass(given["excitatory_drive"], 0.0, 0.01)
    c_inh = low_pass(given["inhibitory_drive"], 0.0, 0.1)
    expected, moved = [], []
    for k in range(n):
        times = [steps[cell == k] * DT for cell, steps in (pre, post)]
        w = start[k]
        for step, side in events(pre, post, (k, k)):
            windows = (0.1, 0.01) if side == 0 else (0.01, 0.1)
            x, y = (left_limit(t, step * DT, tau) for t, tau in zip(times, windows, strict=True))
            weights = linear[:5] if side == 0 else linear[5:]
            change = forward(x, y, w, v[step, k], c_exc[step, k], c_inh[step, k], weights)
            moved.append(change)
            w = min(max(w + eta * change, 0.0), W_MAX)
        expected.append(w)
    assert np.ptp(moved) > 0.01 and np.ptp(np.array(expected) - start) > 0.1
    np.testing.assert_allclose(np.array(synapses.w), expected, atol=1e-9, rtol=0)


def test_a_vector_of_ten_numbers_is_a_rule():
    values = RULE.values("", tuple(range(10)))
    assert values["before_1"] == 0 and values["before_bias"] == 4 and values["after_bias"] == 9
