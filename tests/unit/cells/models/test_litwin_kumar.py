"""The two cells of Litwin-Kumar & Doiron (2014), integrated again from their equations.

Units here: mV, ms, pF, nS, pA.
"""

import numpy as np
import pytest
from in_python import arriving, of_one_population, run, trains

from spikedrift.networks.declaration import Drive

DT, N_STEPS = 0.1, 5000  # ms
CELLS = ("adex_litwin_kumar", "lif_litwin_kumar")


def integrate(cell, v, arriving_e, arriving_i):
    """Traces of v (mV), v_T (mV), w (pA) after every step, and spikes."""
    adapts = cell == "adex_litwin_kumar"
    rest = -70.0 if adapts else -62.0
    n_steps, n = arriving_e.shape
    v, v_t, w = v.copy(), np.full(n, -52.0), np.full(n, 4.0 * 10)
    x = {key: np.zeros(n) for key in ("re", "de", "ri", "di")}
    tau = {"re": 1.0, "de": 6.0, "ri": 0.5, "di": 2.0}
    last = np.full(n, -1000)
    found = {"v": [], "v_T": [], "w": [], "spikes": []}
    for step in range(n_steps):
        free = step - last >= 10
        g_e, g_i = (x["de"] - x["re"]) / 5.0, (x["di"] - x["ri"]) / 1.5
        leak = rest - v + (2 * np.exp((v - v_t) / 2) if adapts else 0)
        slope = leak / 20 + (g_e * (0 - v) + g_i * (-75 - v) - (w if adapts else 0)) / 300
        v, v_t, w = (
            np.where(free, v + DT * slope, v),
            v_t + DT * (-52 - v_t) / 30,
            w + DT * (4 * (v + 70) - w) / 150,
        )
        x = {key: value - DT * value / tau[key] for key, value in x.items()}
        spiking = free & (v > (20 if adapts else -52))
        for side, more in (("e", arriving_e), ("i", arriving_i)):
            x[f"r{side}"] += more[step]
            x[f"d{side}"] += more[step]
        v[spiking], v_t[spiking], last[spiking] = -60, -42, step
        w[spiking] += 0.805
        for key, value in (("v", v), ("v_T", v_t), ("w", w), ("spikes", spiking)):
            found[key].append(value.copy())
    return {key: np.array(values) for key, values in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_it_is_what_the_equations_say(cell):
    rng, dt = np.random.default_rng(4), DT * 1e-3
    given = {name: trains(rng, 60, 60.0, N_STEPS, dt) for name in ("excitatory", "inhibitory")}
    network = of_one_population(
        cell, 5, N_STEPS * dt,
        trains={"excitatory": (*given["excitatory"], 60, (2.0, 12.0)),
                "inhibitory": (*given["inhibitory"], 60, (1.0, 15.0))},
    )  # fmt: skip
    state = ["cells.v"] + ["cells.v_T", "cells.adaptation"] * (cell == CELLS[0])
    ran = run(network, dt, state)
    expected = integrate(
        cell, 1e3 * ran.start["cells.v"],
        *(arriving(given[k], ran.weights[f"of_{k}"], N_STEPS) for k in given),
    )  # fmt: skip
    assert (expected["spikes"].sum(axis=0) > 3).all()
    np.testing.assert_array_equal(ran.spikes["cells"], expected["spikes"])
    np.testing.assert_allclose(1e3 * ran.traces["cells.v"], expected["v"], rtol=1e-9)
    if len(state) > 1:
        np.testing.assert_allclose(1e3 * ran.traces["cells.v_T"], expected["v_T"], rtol=1e-9)
        found = 1e12 * ran.traces["cells.adaptation"]
        np.testing.assert_allclose(found, expected["w"], rtol=1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_the_conductance_of_a_spike_integrates_to_its_weight(cell):
    """Sums of Euler steps are exact: dt sum (1 - dt/tau)^k = tau."""
    one = (np.array([0]), np.array([0]))
    network = of_one_population(
        cell, 1, 0.1,
        trains={"excitatory": (*one, 1, (3.0, 3.0)), "inhibitory": (*one, 1, (50.0, 50.0))},
    )  # fmt: skip
    ran = run(network, 1e-4, ["cells.g_e", "cells.g_i"])
    for name, weight in (("g_e", 3e-12), ("g_i", 50e-12)):
        assert 1e-4 * ran.traces[f"cells.{name}"].sum() == pytest.approx(weight, rel=1e-6)
        assert ran.traces[f"cells.{name}"][0] == 0  # it rises from nothing


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "weight", "rate"), [(CELLS[0], 1.78, 4500.0),
                                                      (CELLS[1], 1.27, 2250.0)])  # fmt: skip
def test_the_drive_of_the_paper_gives_its_mean_conductance(cell, weight, rate):
    """Weight times rate: both variables of the conductance get the same spikes."""
    drive = Drive("external", "cells", "excitatory", weight, rate)
    network = of_one_population(cell, 100, 0.3, drives=[drive])
    g = run(network, 1e-4, ["cells.g_e"]).traces["cells.g_e"][1000:]
    wanted = weight * 1e-12 * rate
    error = wanted / np.sqrt(100 * 0.2 * rate)
    assert abs(g.mean() - wanted) < 4 * error < 0.02 * wanted
    # Campbell: rate times the integral of the squared kernel, 1/(2 (tau_d + tau_r)).
    assert g.std() == pytest.approx(weight * 1e-12 * np.sqrt(rate / 2 / 0.007), rel=0.05)


@pytest.mark.slow
def test_the_leaky_cell_fires_at_the_known_rate():
    """Constant current, as a resting potential above the threshold; V."""
    dt, rest = 2e-5, np.array([-0.051, -0.045, -0.030])
    network = of_one_population(
        "lif_litwin_kumar", 3, 0.25, parameters={"rest": rest}, start="v = reset"
    )
    ran = run(network, dt)
    interval = 0.001 + 0.020 * np.log((rest + 0.060) / (rest + 0.052))
    for k in range(3):
        found = np.diff(np.flatnonzero(ran.spikes["cells"][:, k])) * dt
        assert found.size >= 3
        np.testing.assert_allclose(found, interval[k], rtol=1e-3, atol=2 * dt)


def test_the_leaky_cell_comes_to_rest_exponentially():
    ran = run(of_one_population("lif_litwin_kumar", 1, 0.05, start="v = reset"), 1e-5, ["cells.v"])
    t = 1e-5 * np.arange(1, 5001)
    expected = -0.062 + 0.002 * np.exp(-t / 0.020)
    np.testing.assert_allclose(ran.traces["cells.v"][:, 0], expected, atol=1e-6)
