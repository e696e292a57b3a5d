"""Short-term plasticity: what a synapse releases, and in which order its variables move."""

import numpy as np
import pytest
from driving import driven, poisson

from spikedrift.core.errors import InputError
from spikedrift.plasticity import registry

DT = 1e-3
RULE = registry.get("short_term")


def received(parameters, spikes, w=1.0, rules=(RULE,), post=((), ())):
    """What one synapse passed on in all, and its u and x after the last spike."""
    synapses, cells = driven(
        rules, parameters, (np.zeros(len(spikes), int), np.asarray(spikes)), post, [w], 5.0,
        wiring=([0], [0]), duration=max(spikes) + 2 * DT, dt=DT,
    )  # fmt: skip
    return float(cells.received[0]), float(synapses.u_stp[0]), float(synapses.x_stp[0])


def recursion(times, U, f, tau_x, tau_u):
    """u and x as each spike finds them."""
    found, u, x, last = [], U, 1.0, 0.0
    for now in times:
        u = U + (u - U) * np.exp(-(now - last) / tau_u)
        x = 1 + (x - 1) * np.exp(-(now - last) / tau_x)
        found.append((u, x))
        u, x, last = u + f * (1 - u), x - u * x, now
    return np.array(found), (u, x)


@pytest.mark.parametrize("name", [*RULE.sets])
@pytest.mark.slow
def test_irregular_spikes_release_what_the_recursion_says(name):
    values = RULE.values(name)
    _, steps = poisson(np.random.default_rng(4), 1, 20.0, 3000, DT)
    found, after = recursion(
        steps * DT, values["U"], values["facilitation"], values["tau_recovery"],
        values["tau_facilitation"],
    )  # fmt: skip
    total, u, x = received(values, steps * DT, w=0.7)
    assert total == pytest.approx(0.7 * found.prod(axis=1).sum(), abs=1e-9)
    assert (u, x) == pytest.approx(after, abs=1e-9)


@pytest.mark.parametrize("name", [*RULE.sets])
@pytest.mark.slow
def test_regular_spikes_reach_the_closed_form(name):
    values, dt, frequencies = RULE.values(name), 0.005, np.array([1.0, 5.0, 20.0, 50.0])
    U, f = values["U"], values["facilitation"]
    times = [np.arange(0.1, 12.0, 1 / frequency) for frequency in frequencies]
    synapse = np.repeat(range(4), [len(train) for train in times])
    synapses, _ = driven(
        [RULE], values, (synapse, np.round(np.concatenate(times) / dt) * dt), ((), ()),
        np.ones(4), 5.0, wiring=(range(4), range(4)), duration=12.0, dt=dt,
    )  # fmt: skip
    e, d = (np.exp(-1 / frequencies / values[tau]) for tau in ("tau_facilitation", "tau_recovery"))
    u = (U * (1 - e) + f * e) / (1 - (1 - f) * e)
    x = (1 - d) / (1 - (1 - u) * d)
    np.testing.assert_allclose(np.array(synapses.released), u * x, rtol=1e-6)


def test_the_weight_that_another_rule_moves_is_what_is_released():
    """Short-term plasticity comes first, then the rule in its own order of transmission."""
    spikes, post = [0.010, 0.050], ([0], [0.020])
    pair = registry.get("pair_stdp")
    total, _, _ = received({"eta": 0.01}, spikes, rules=(pair, RULE), post=post)
    found, _ = recursion(spikes, 0.2, 0.2, 0.2, 0.6)
    potentiated = 1.0 + 0.01 * 5.0 * np.exp(-0.010 / 0.020)
    assert total == pytest.approx(found[0].prod() + potentiated * found[1].prod(), abs=1e-12)
    with pytest.raises(InputError, match="did you mean 'sjostrom'"):
        RULE.values("sjöström")
