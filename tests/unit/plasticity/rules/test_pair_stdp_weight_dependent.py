"""Pair STDP with a power of the weight: its limits, and where Poisson spikes leave the weight."""

import numpy as np
import pytest
from inducing import spike_trains, weights

from spikedrift.plasticity import registry
from spikedrift.plasticity.induce import inductions
from spikedrift.plasticity.protocol import Condition
from spikedrift.plasticity.rules.pair_stdp_weight_dependent import RULE, predict, rest


def driven(rule, values, rates, n, n_steps, dt, start):
    rng = np.random.default_rng(8)
    pre, post = (spike_trains(rng, n, rate, n_steps, dt) for rate in rates)
    return weights(
        registry.get(rule), values, (pre[0], pre[1] * dt), (post[0], post[1] * dt), start, 2.0,
        duration=n_steps * dt, dt=dt,
    )  # fmt: skip


@pytest.mark.parametrize(("mu", "limit"), [(0.0, "pair_stdp"), (1.0, "pair_stdp_multiplicative")])
def test_the_limits_are_the_additive_and_the_multiplicative_rule(mu, limit):
    """Also where weights meet their bounds, 0^0 being 1."""
    values = {"eta": 0.1, "ratio": 1.2, "tau_plus": 0.03, "tau_minus": 0.02}
    start = np.linspace(0, 2, 60)
    given = (np.linspace(1, 40, 60), 20.0), 60, 1000, 1e-3, start
    got, expected = (
        driven(rule, parameters, *given)
        for rule, parameters in ((RULE.name, values | {"mu": mu}), (limit, values))
    )
    assert np.abs(got - start).max() > 0.5
    assert mu or (got == 0).any()
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mu", [0.25, 0.5, 1.0])
def test_poisson_spikes_of_any_rate_leave_the_weight_where_both_sides_balance(mu):
    """From above and from below."""
    n, dt = 400, 0.005
    values = RULE.values("", {"mu": mu, "eta": 0.01, "ratio": 2.0})
    start = np.repeat([0.2, 1.9], n // 2)
    w = driven(RULE.name, values, (40.0, np.tile([30.0, 50.0], n // 2)), n, 4000, dt, start) / 2
    expected = rest(values, dt)
    for part in (w[: n // 2], w[n // 2 :], w[::2], w[1::2]):
        assert abs(part.mean() - expected) < 4 * part.std(ddof=1) / np.sqrt(part.size)
    assert abs(expected - 0.5) > 10 * w.std(ddof=1) / np.sqrt(n)


def test_rest_is_the_closed_form_of_the_paper_in_small_time_steps():
    values = RULE.values("", {"mu": 0.2, "ratio": 1.1, "tau_minus": 0.03})
    assert rest(values, 1e-7) == pytest.approx(1 / (1 + (1.1 * 1.5) ** 5), rel=1e-4)


def test_theory_is_silent_where_it_does_not_hold():
    """For several pairs, for spikes that do not lead to rest, and for a rule without rest."""
    induction = inductions(RULE)[-1]

    def of(values, spikes, rates=None, duration=60.0):
        condition = Condition(
            0.0, "", np.array(spikes), np.array(spikes) + 0.01, duration, rates=rates
        )
        return predict(RULE.values("", values), condition, induction)

    assert np.isfinite(of({}, [0.1])) and np.isnan(of({}, [0.1, 0.2]))
    assert np.isfinite(of({"mu": 1.0}, [], (20.0, 40.0)))
    assert np.isnan(of({"mu": 1.0}, [], (20.0, 40.0), 1.0))
    assert np.isnan(of({"mu": 0.0}, [], (20.0, 40.0)))
