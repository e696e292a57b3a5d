"""The cell of Agnes & Vogels (2024), integrated again from its equations; V, s."""

import numpy as np
import pytest
from in_python import arriving, of_one_population, run, trains

from spikedrift.cells import cell as cells

DT, N_STEPS = 1e-4, 6000
SETS = {
    "frequency": ({}, (0.05, 0.125, 0.002)),
    "receptive_field": (cells.get("codependent").sets["receptive_field"], (5.0, 0.100, 0.005)),
}


def integrate(adaptation, tau, dead_time, arriving_e, arriving_i):
    """Traces after every step of v, both drives, and spikes."""
    n_steps, n = arriving_e.shape
    v, fired = np.full(n, -0.065), np.full(n, -(10**6))
    ampa, nmda, gaba, ahp, block = np.zeros((5, n))
    found = {"v": [], "e": [], "i": [], "spikes": []}
    for step in range(n_steps):
        free = step - fired > round(dead_time / DT)
        block = np.where(free, 1 / (1 + 0.15 * np.exp(-80.0 * v)), block)
        into = -nmda * block * v - ampa * v - gaba * (v + 0.080) - adaptation * ahp * (v + 0.080)
        v, ampa, nmda, gaba, ahp = (
            v + free * DT / 0.030 * (-0.065 - v + into),
            ampa * (1 - DT / 0.005),
            nmda * (1 - DT / 0.150),
            gaba * (1 - DT / 0.010),
            ahp * (1 - DT / tau),
        )
        spiking = v > -0.050
        ampa += arriving_e[step]
        nmda += arriving_e[step]
        gaba += arriving_i[step]
        v[spiking], fired[spiking] = -0.060, step
        ahp[spiking] += 1
        for key, value in zip(
            found, (v, -nmda * block * v, gaba * (v + 0.080), spiking), strict=True
        ):
            found[key].append(value.copy())
    return {key: np.array(values) for key, values in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("chosen", SETS)
def test_it_is_what_the_equations_say(chosen):
    given, values = SETS[chosen]
    rng = np.random.default_rng(4)
    spikes = {name: trains(rng, 60, 20.0, N_STEPS, DT) for name in ("excitatory", "inhibitory")}
    network = of_one_population(
        "codependent", 5, N_STEPS * DT, parameters=given,
        trains={"excitatory": (*spikes["excitatory"], 60, (0.02, 0.08)),
                "inhibitory": (*spikes["inhibitory"], 60, (0.0, 0.02))},
    )  # fmt: skip
    names = {"v": "v", "e": "excitatory_drive", "i": "inhibitory_drive"}
    ran = run(network, DT, [f"cells.{name}" for name in names.values()])
    expected = integrate(
        *values, *(arriving(spikes[k], ran.weights[f"of_{k}"], N_STEPS) for k in spikes)
    )
    assert (expected["spikes"].sum(axis=0) > 2).all()
    np.testing.assert_array_equal(ran.spikes["cells"], expected["spikes"])
    for key, name in names.items():
        np.testing.assert_allclose(
            ran.traces[f"cells.{name}"], expected[key], rtol=1e-9, atol=1e-15
        )
