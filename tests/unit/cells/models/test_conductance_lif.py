"""The leaky integrate-and-fire cells, integrated again; V, s."""

import numpy as np
import pytest
from in_python import arriving, of_one_population, planned, run, trains

from spikedrift.cells import cell as cells
from spikedrift.simulation.streams import uniform

DT, N_STEPS = 1e-4, 5000
VOGELS = {"rest": -0.060, "reset": -0.060, "threshold": -0.050, "tau": 0.020, "dead": 50}
SONG = {"rest": -0.074, "reset": -0.060, "threshold": -0.054, "tau": 0.010, "dead": 0}


def integrate(p, v, arriving_e, arriving_i, kick, from_rest):
    v = v.copy()
    n_steps, n = arriving_e.shape
    g_e, g_i = np.zeros((2, n))
    last = np.full(n, -1000)
    traces, spikes = [], []
    for step in range(n_steps):
        free = step - last >= p["dead"]
        at = p["rest"] if from_rest else v
        slope = p["rest"] - v + g_e * (0 - at) + g_i * (-0.080 - at)
        v = np.where(free, v + DT / p["tau"] * slope + np.sqrt(DT / p["tau"]) * kick[step], v)
        g_e = g_e * (1 - DT / 0.005) + arriving_e[step]
        g_i = g_i * (1 - DT / 0.010) + arriving_i[step]
        spiking = free & (v > p["threshold"])
        v[spiking], last[spiking] = p["reset"], step
        traces.append(v.copy())
        spikes.append(spiking)
    return np.array(traces), np.array(spikes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "given", "p", "noise"),
    [
        ("conductance_lif", {}, VOGELS, 0.0),
        ("conductance_lif", {"membrane_noise": 0.004}, VOGELS, 0.004),
        ("current_lif", {}, VOGELS, 0.0),
        ("conductance_lif", cells.get("conductance_lif").sets["song_2000"], SONG, 0.0),
    ],
    ids=["conductances", "noise", "currents", "Song, Miller & Abbott"],
)
def test_it_is_what_the_equations_say(cell, given, p, noise):
    rng = np.random.default_rng(4)
    spikes = {name: trains(rng, 60, 30.0, N_STEPS, DT) for name in ("excitatory", "inhibitory")}
    network = of_one_population(
        cell, 5, N_STEPS * DT, parameters=given,
        trains={"excitatory": (*spikes["excitatory"], 60, (0.02, 0.09)),
                "inhibitory": (*spikes["inhibitory"], 60, (0.0, 0.06))},
    )  # fmt: skip
    ran = run(network, DT, ["cells.v"])
    key = planned(network, DT).parameters["cells.key"]
    kick = noise * np.sqrt(12) * (uniform(key[None], np.arange(N_STEPS)[:, None]) - 0.5)
    v, fired = integrate(
        p, ran.start["cells.v"],
        *(arriving(spikes[k], ran.weights[f"of_{k}"], N_STEPS) for k in spikes),
        kick, cell == "current_lif",
    )  # fmt: skip
    assert (fired.sum(axis=0) > 2).all()
    np.testing.assert_array_equal(ran.spikes["cells"], fired)
    np.testing.assert_allclose(ran.traces["cells.v"], v, rtol=1e-9)


@pytest.mark.slow
def test_a_constant_current_gives_the_known_rate():
    """Constant current, as a resting potential above the threshold."""
    dt, rest = 2e-5, np.array([-0.049, -0.040, -0.020])
    network = of_one_population("conductance_lif", 3, 0.25, parameters={"rest": rest})
    spikes = run(network, dt).spikes["cells"]
    interval = 0.005 + 0.020 * np.log((rest + 0.060) / (rest + 0.050))
    for k in range(3):
        found = np.diff(np.flatnonzero(spikes[:, k])) * dt
        assert found.size >= 3
        np.testing.assert_allclose(found, interval[k], rtol=1e-3, atol=2 * dt)


def test_without_input_it_comes_to_rest_exponentially():
    network = of_one_population(
        "conductance_lif", 1, 0.05, parameters={"rest": -0.070}, start="v = reset"
    )
    v = run(network, 1e-5, ["cells.v"]).traces["cells.v"][:, 0]
    expected = -0.070 + 0.010 * np.exp(-1e-5 * np.arange(1, 5001) / 0.020)
    np.testing.assert_allclose(v, expected, atol=3e-6)
