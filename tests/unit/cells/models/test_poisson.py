"""Poisson processes, inhomogeneous and linear, against their draws and their known rates."""

from dataclasses import replace

import numpy as np
import pytest
from in_python import arriving, of_one_population, planned, run, trains

from spikedrift.networks.declaration import Phase, Projection, Protocol, Wiring, constant
from spikedrift.simulation.streams import uniform

DT = 1e-3


def draws(network, n_steps, dt=DT):
    """Number of every (step, cell), from the key of the cell and the step alone."""
    key = planned(network, dt).parameters["cells.key"]
    return uniform(key[None], np.arange(n_steps)[:, None])


def test_a_protocol_sets_the_rate():
    n, rate = 1000, 30.0
    network = of_one_population("poisson", n, 1.0, parameters={"rate": rate})
    phases = (
        Phase("settle", duration=1.0),
        Phase("pause", duration=0.2, set={"cells.rate": 0.0}),
        Phase("pause", duration=0.5, set={"cells.rate": 2 * rate}),
    )
    network = replace(network, protocol=Protocol(phases, 1, 0.0, 0.0))
    spikes = run(network, DT).spikes["cells"]
    expected = np.concatenate([np.full(1000, rate), np.zeros(200), np.full(500, 2 * rate)])
    drawn = draws(network, 1700)
    np.testing.assert_array_equal(spikes, drawn < expected[:, None] * DT)
    for one, mean in ((slice(0, 1000), rate), (slice(1200, 1700), 2 * rate)):
        count = spikes[one].sum()
        wanted = n * mean * DT * spikes[one].shape[0]
        assert abs(count - wanted) < 4 * np.sqrt(wanted)
    assert not spikes[1000:1200].any()


def test_every_cell_has_its_own_rate():
    rate = np.array([0.0, -5.0, 20.0, 200.0])
    network = of_one_population("poisson", 4, 2.0, parameters={"rate": rate})
    count = run(network, DT).spikes["cells"].sum(axis=0)
    assert count[0] == count[1] == 0
    assert (np.abs(count[2:] - 2 * rate[2:]) < 4 * np.sqrt(2 * rate[2:])).all()


@pytest.mark.slow
def test_the_linear_neuron_is_what_the_equations_say():
    """Inhibition takes the rate below 0 at times, where it counts as 0."""
    rng, n_steps = np.random.default_rng(4), 2000
    given = {name: trains(rng, 40, 30.0, n_steps, DT) for name in ("excitatory", "inhibitory")}
    network = of_one_population(
        "linear_poisson", 5, n_steps * DT, parameters={"base_rate": 5.0},
        trains={"excitatory": (*given["excitatory"], 40, (0.0, 0.1)),
                "inhibitory": (*given["inhibitory"], 40, (0.0, 0.1))},
    )  # fmt: skip
    ran = run(network, DT, ["cells.rate"])
    more, less = (arriving(given[k], ran.weights[f"of_{k}"], n_steps) for k in given)
    drawn, received, lowest = draws(network, n_steps), np.zeros(5), 0.0
    for step in range(n_steps):
        received = received - DT / 0.010 * received
        rate = 5.0 + received
        lowest = min(lowest, rate.min())
        np.testing.assert_array_equal(ran.spikes["cells"][step], drawn[step] < rate * DT)
        received = received + (more[step] - less[step]) / 0.010
        found = ran.traces["cells.rate"][step]  # after the step
        np.testing.assert_allclose(found, 5.0 + received, rtol=1e-9, atol=1e-9)
    assert lowest < 0 and (ran.spikes["cells"].sum(axis=0) > 5).all()


@pytest.mark.slow
@pytest.mark.parametrize("w", [0.0, 0.3, 0.6])
def test_a_chain_of_linear_neurons_has_the_mean_rate_of_its_hawkes_process(w):
    """Cells on a ring, each excited by the one before it: base/(1 - w) in continuous time.

    In time steps a spike evokes w (1 - dt/tau) others, since cells respond from the next step on.
    """
    n, span, base, dt, tau = 200, 4.0, 20.0, 5e-4, 0.010
    network = of_one_population(
        "linear_poisson", n, span + 0.2, parameters={"base_rate": base},
        more=[Projection("ring", "cells", "cells", "excitatory",
                         Wiring("{post} == ({pre} + 1) % {n_pre}", p=1 / n),
                         constant(w), w_max=1.0)],
    )  # fmt: skip
    ran = run(network, dt)
    np.testing.assert_array_equal(ran.weights["ring"], w * np.roll(np.eye(n), 1, axis=1))
    found = ran.spikes["cells"][400:].sum() / (n * span)  # after 0.2 s, 20 tau
    mean = base / (1 - w * (1 - dt / tau))
    # The variance of the count of a Hawkes process is its mean over (1 - w)^2.
    error = np.sqrt(mean / (n * span)) / (1 - w)
    assert abs(found - mean) < 4 * error < 0.06 * mean
    assert mean == pytest.approx(base / (1 - w), rel=w * dt / tau / (1 - w) + 1e-9)
