"""BCM plasticity in its spiking form."""

import numpy as np
import pytest
from driving import driven, events, left_limit, poisson

from spikedrift.plasticity import registry

DT, W_MAX = 1e-3, 5.0
RULE = registry.get("bcm")


def run(parameters, pre, post, w, duration):
    n = len(w)
    synapses, _ = driven(
        [RULE], parameters, (pre[0], pre[1] * DT), (post[0], post[1] * DT), w, W_MAX,
        wiring=(np.arange(n), np.arange(n)), duration=duration, dt=DT,
    )  # fmt: skip
    return np.array(synapses.w)


@pytest.mark.slow
def test_it_agrees_with_an_event_by_event_oracle():
    """In the form of the published program: depression is A (nu/kappa)^2, by another route."""
    rng = np.random.default_rng(8)
    n, n_steps, kappa, tau_nu = 30, 4000, 12.0, 3.0
    pre, post = (poisson(rng, n, rate, n_steps, DT) for rate in (30.0, 25.0))
    assert {*zip(*pre, strict=True)} & {*zip(*post, strict=True)}
    start = rng.uniform(0, 5, n)
    changed = {"eta": 30.0, "kappa": kappa, "tau_nu": tau_nu, "nu_start": 6.0}
    got = run(RULE.values("zenke_2015", changed), pre, post, start, n_steps * DT)
    expected = []
    for k in range(n):
        times = [steps[cell == k] * DT for cell, steps in (pre, post)]
        w = start[k]
        for step, side in events(pre, post, (k, k)):
            now = step * DT
            if side == 0:
                nu = 6.0 * np.exp(-now / tau_nu) + left_limit(times[1], now, tau_nu) / tau_nu
                # 20, 20 and 100 ms: tau_plus tau_slow / tau_minus is a tenth of a second
                change = -0.1 * left_limit(times[1], now, 0.020) * nu**2 / kappa
            else:
                change = left_limit(times[0], now, 0.020) * left_limit(times[1], now, 0.100)
            w = min(max(w + 30.0 * 1e-3 * change, 0.0), W_MAX)
        expected.append(w)
    assert np.ptp(np.array(expected) - start) > 0.1
    np.testing.assert_allclose(got, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("threshold", [5.0, 15.0])
@pytest.mark.parametrize("relative", [0.4, 1.0, 1.6])
@pytest.mark.slow
def test_the_change_crosses_zero_at_the_threshold(threshold, relative):
    """Poisson spikes, frozen nu: A tau_plus tau_slow x y (y - nu^2/kappa), on a grid of DT."""
    n, n_steps, x, y = 4000, 3000, 20.0, threshold * relative
    values = RULE.values(
        "visual_cortex", {"eta": 0.01, "tau_nu": 1e7, "nu_start": np.sqrt(10.0 * threshold)}
    )
    rng = np.random.default_rng(int(y))
    pre, post = (poisson(rng, n, rate, n_steps, DT) for rate in (x, y))
    change = (run(values, pre, post, np.full(n, 2.5), n_steps * DT) - 2.5) / (n_steps * DT)
    plus, slow, minus = values["tau_plus"], values["tau_slow"], values["tau_minus"]
    grid = {tau: DT / np.expm1(DT / tau) for tau in (plus, slow, minus)}
    built = 1 - slow / (n_steps * DT), 1 - minus / (n_steps * DT)  # from empty traces
    expected = 0.01 * W_MAX * values["A"] * x * y * (
        grid[plus] * grid[slow] * y * built[0]
        - plus * slow / minus * grid[minus] * threshold * built[1]
    )  # fmt: skip
    error = change.std(ddof=1) / np.sqrt(n)
    assert abs(change.mean() - expected) < 4 * error
    if relative != 1.0:
        assert np.sign(change.mean()) == np.sign(relative - 1)
        assert abs(change.mean()) > 4 * error
