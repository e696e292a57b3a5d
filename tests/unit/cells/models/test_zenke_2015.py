"""The cell of Zenke, Agnes & Gerstner (2015), integrated again from its equations; V, s."""

import numpy as np
import pytest
from in_python import arriving, of_one_population, run, trains
from scipy.optimize import brentq

from spikedrift.cells import cell as cells

DT, N_STEPS = 1e-4, 5000


def integrate(rho, jumps, v, arriving_e, arriving_i):
    """Traces after every step of v, both drives, and spikes; `jumps` of g_a1 and g_a2."""
    n_steps, n = arriving_e.shape
    v = v.copy()
    ampa, nmda, gaba, a1, a2, lifted = np.zeros((6, n))
    found = {"v": [], "e": [], "i": [], "spikes": []}

    def drives():
        g = rho / (rho + 1) * ampa + nmda / (rho + 1)
        return g * (0 - v), (gaba + a1 + a2) * (v + 0.080)

    for step in range(n_steps):
        e, i = drives()
        v, ampa, nmda, gaba, a1, a2, lifted = (
            v + DT / 0.020 * (-0.070 - v + e - i),
            ampa * (1 - DT / 0.005),
            nmda + DT / 0.100 * (ampa - nmda),
            gaba * (1 - DT / 0.010),
            a1 * (1 - DT / 0.100),
            a2 * (1 - DT / 20.0),
            lifted * (1 - DT / 0.005),
        )
        spiking = v > -0.050 + lifted
        ampa += arriving_e[step]
        gaba += arriving_i[step]
        v[spiking], lifted[spiking] = -0.070, 0.100
        a1[spiking] += jumps[0]
        a2[spiking] += jumps[1]
        for key, value in zip(found, (v, *drives(), spiking), strict=True):
            found[key].append(value.copy())
    return {key: np.array(values) for key, values in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "rho", "jumps"),
    [
        ({}, 0.2, (0.1, 0.0)),
        (cells.get("zenke_2015").sets["inhibitory"], 0.3, (0.0, 0.0)),
        ({"slow_adaptation": 0.02}, 0.2, (0.1, 0.02)),
    ],
    ids=["excitatory", "inhibitory", "slow adaptation"],
)
def test_it_is_what_the_equations_say(given, rho, jumps):
    rng = np.random.default_rng(4)
    spikes = {name: trains(rng, 60, 30.0, N_STEPS, DT) for name in ("excitatory", "inhibitory")}
    network = of_one_population(
        "zenke_2015", 5, N_STEPS * DT, parameters=given,
        trains={"excitatory": (*spikes["excitatory"], 60, (0.1, 0.3)),
                "inhibitory": (*spikes["inhibitory"], 60, (0.0, 0.1))},
    )  # fmt: skip
    names = {"v": "v", "e": "excitatory_drive", "i": "inhibitory_drive"}
    ran = run(network, DT, [f"cells.{name}" for name in names.values()])
    expected = integrate(
        rho, jumps, ran.start["cells.v"],
        *(arriving(spikes[k], ran.weights[f"of_{k}"], N_STEPS) for k in spikes),
    )  # fmt: skip
    assert (expected["spikes"].sum(axis=0) > 3).all()
    np.testing.assert_array_equal(ran.spikes["cells"], expected["spikes"])
    for key, name in names.items():
        np.testing.assert_allclose(
            ran.traces[f"cells.{name}"], expected[key], rtol=1e-9, atol=1e-15
        )


@pytest.mark.slow
def test_a_constant_current_gives_the_known_rate():
    """The interval ends where the membrane potential meets the threshold on its way down."""
    dt, rest = 2e-5, np.array([-0.049, -0.040, -0.010])
    network = of_one_population(
        "zenke_2015", 3, 0.25, parameters={"rest": rest, "adaptation": 0.0}, start="v = reset"
    )
    ran = run(network, dt)
    for k in range(3):

        def above(t, k=k):
            v = rest[k] - (rest[k] + 0.070) * np.exp(-t / 0.020)
            return v - (-0.050 + 0.100 * np.exp(-t / 0.005))

        interval = brentq(above, 1e-4, 0.2)
        found = np.diff(np.flatnonzero(ran.spikes["cells"][:, k])) * dt
        assert found.size >= 3
        np.testing.assert_allclose(found, interval, rtol=1e-3, atol=2 * dt)


def test_drives_are_those_of_the_cell_of_inductions():
    """Same words as `cvaif`, which has no GABA; rho there is 0.3."""
    here, there = (cells.get(name).model for name in ("zenke_2015", "cvaif"))
    values = {"v": -0.061, "g_ampa": 0.7, "g_nmda": 0.4, "g_a1": 0.2, "g_adaptation": 0.2}
    values |= {"g_gaba": 0.0, "g_a2": 0.0, "mV": 1e-3}
    values |= {one.name: one.default for one in cells.get("zenke_2015").parameters}
    values["ampa_over_nmda"] = 0.3

    def drive(model, name):
        (line,) = (line for line in model.splitlines() if line.strip().startswith(f"{name} ="))
        return eval(line.partition("=")[2].rpartition(":")[0], {}, values)

    values["g_excitatory"] = drive(here, "g_excitatory")
    for name in ("excitatory_drive", "inhibitory_drive"):
        assert drive(here, name) == pytest.approx(drive(there, name), rel=1e-12)
