"""The theta neuron: integrated again, and its rate against the closed form."""

import numpy as np
import pytest
from in_python import arriving, of_one_population, run, trains

DT = 1e-4


@pytest.mark.slow
def test_it_is_what_the_equations_say():
    """Time in units of 10 ms."""
    rng, n_steps, dt = np.random.default_rng(4), 5000, DT / 0.010
    spikes = {name: trains(rng, 40, 30.0, n_steps, DT) for name in ("excitatory", "inhibitory")}
    network = of_one_population(
        "theta", 5, n_steps * DT, parameters={"bias": -0.02},
        trains={"excitatory": (*spikes["excitatory"], 40, (0.0, 0.2)),
                "inhibitory": (*spikes["inhibitory"], 40, (0.0, 0.15))},
    )  # fmt: skip
    ran = run(network, DT, ["cells.theta", "cells.input"])
    more, less = (arriving(spikes[k], ran.weights[f"of_{k}"], n_steps) for k in spikes)
    theta, u, b = ran.start["cells.theta"], np.zeros(5), 0.5
    for step in range(n_steps):
        drive = -0.02 + u
        theta = theta + dt * (1 - np.cos(theta) + drive * (1 + np.cos(theta)))
        u = u - dt * b * u + b * (more[step] - less[step])
        spiking = theta > np.pi
        theta = np.where(spiking, theta - 2 * np.pi, theta)
        np.testing.assert_array_equal(ran.spikes["cells"][step], spiking)
        np.testing.assert_allclose(ran.traces["cells.input"][step], u, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ran.traces["cells.theta"][step], theta, rtol=1e-9, atol=1e-12)
    assert (ran.spikes["cells"].sum(axis=0) > 3).all()


def test_its_rate_is_the_root_of_the_input_over_pi():
    bias = np.array([-0.1, 0.04, 0.25, 1.0, 4.0])
    network = of_one_population("theta", 5, 1.0, parameters={"bias": bias}, start="theta = -pi")
    spikes = run(network, DT).spikes["cells"]
    assert not spikes[:, 0].any()
    for k in range(1, 5):
        interval = np.diff(np.flatnonzero(spikes[:, k])).mean() * DT
        assert 1 / interval == pytest.approx(np.sqrt(bias[k]) / np.pi / 0.010, rel=1e-3)
