"""The cell of Masquelier et al. (2008): integrated again, and its kernels in closed form."""

import numpy as np
import pytest
from in_python import arriving, of_one_population, run, trains


@pytest.mark.slow
def test_it_is_what_the_equations_say():
    rng, n_steps, dt = np.random.default_rng(4), 4000, 1e-4
    spikes = trains(rng, 100, 40.0, n_steps, dt)
    network = of_one_population(
        "srm_masquelier", 5, n_steps * dt, trains={"excitatory": (*spikes, 100, (0.0, 30.0))}
    )
    ran = run(network, dt, ["cells.potential"])
    more = arriving(spikes, ran.weights["of_excitatory"], n_steps)
    u, x, a = np.zeros((3, 5))
    last, scale = np.full(5, -1000), 0.25 ** (10 / -7.5)
    slow, fast = np.exp(-dt / 0.010), np.exp(-dt / 0.0025)
    passed = (fast - slow) / (1 / 0.010 - 1 / 0.0025)  # integral of what decays fast, seen slowly
    assert scale == pytest.approx(6.350, abs=1e-3)
    for step in range(n_steps):
        u, x, a = (
            u * slow + passed * (scale * x / 0.010 - 1500 * a / 0.0025),
            x * fast,
            a * fast,
        )
        spiking = (u > 500) & (step - last >= 10)
        x = x + more[step]
        u, x, a = (np.where(spiking, at, now) for at, now in ((1000, u), (0, x), (1, a)))
        last[spiking] = step
        np.testing.assert_array_equal(ran.spikes["cells"][step], spiking)
        np.testing.assert_allclose(ran.traces["cells.potential"][step], u, rtol=1e-9, atol=1e-9)
    assert (ran.spikes["cells"].sum(axis=0) > 3).all()


def test_an_input_of_weight_1_peaks_at_1():
    dt = 1e-5
    one = (np.array([0]), np.array([0]), 1, (1.0, 1.0))
    ran = run(
        of_one_population("srm_masquelier", 1, 0.03, trains={"excitatory": one}),
        dt, ["cells.potential"],
    )  # fmt: skip
    t = dt * np.arange(3000)
    kernel = 2.1165 * (np.exp(-t / 0.010) - np.exp(-t / 0.0025))  # K of the paper
    assert kernel.max() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(ran.traces["cells.potential"][:, 0], kernel, atol=2e-3)


def test_a_spike_leaves_the_published_potential_behind():
    """T (K1 exp(-s/tau_m) - K2 (exp(-s/tau_m) - exp(-s/tau_s))), K1 = 2, K2 = 4."""
    dt = 1e-5
    one = (np.array([0]), np.array([0]), 1, (600.0, 600.0))
    ran = run(
        of_one_population("srm_masquelier", 1, 0.05, trains={"excitatory": one}),
        dt, ["cells.potential"],
    )  # fmt: skip
    (spike,) = np.flatnonzero(ran.spikes["cells"])
    s = dt * np.arange(5000 - spike)
    slow, fast = np.exp(-s / 0.010), np.exp(-s / 0.0025)
    expected = 500 * (2 * slow - 4 * (slow - fast))
    np.testing.assert_allclose(ran.traces["cells.potential"][spike:, 0], expected, atol=3.0)
