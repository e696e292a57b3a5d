"""Networks of low rank: their gradient, and when they are latent linear systems."""

from dataclasses import replace

import numpy as np
import pytest

from spikedrift.analyses.methods import latent_system
from spikedrift.analyses.methods.latent_system import LatentSystem
from spikedrift.analyses.methods.low_rank_network import (
    LowRankNetwork,
    fit,
    loss,
    network_of,
    saturated,
)

LEAK = 0.4


def system(rng, rank=2, units=12, conditions=3) -> LatentSystem:
    return LatentSystem(
        transition=0.9 * np.linalg.qr(rng.normal(size=(rank, rank)))[0],
        loading=rng.normal(size=(units, rank)),
        first=rng.normal(size=(conditions, rank)),
        push=rng.normal(size=(conditions, rank)),
        process=0.1 * np.eye(rank),
        noise=np.full(units, 0.2),
    )


@pytest.mark.parametrize("gain", [0.0, 1.7])
def test_gradient_against_differences(gain):
    rng = np.random.default_rng(0)
    shapes = [(5, 2), (5, 2), (3, 2), (3, 2)]
    cuts = np.cumsum([10, 10, 6])
    wanted = rng.normal(size=(3, 6, 5))
    values = 0.5 * rng.normal(size=32)

    def at(values):
        parts = [p.reshape(s) for p, s in zip(np.split(values, cuts), shapes, strict=True)]
        return loss(*parts, leak=LEAK, gain=gain, wanted=wanted)

    value, gradient = at(values)
    step = 1e-6 * np.eye(32)
    numeric = [(at(values + one)[0] - at(values - one)[0]) / 2e-6 for one in step]
    np.testing.assert_allclose(gradient, numeric, atol=1e-8)
    # The value is that of the network as it runs.
    split = zip(np.split(values, cuts), shapes, strict=True)
    m, n, inputs, first = (part.reshape(shape) for part, shape in split)
    network = LowRankNetwork(gain * m, n / gain, inputs, first, LEAK, True) if gain else (
        LowRankNetwork(m, n, inputs, first, LEAK, False)
    )  # fmt: skip
    run = network.run(6) / (gain or 1.0)
    assert value == pytest.approx(0.5 * ((run - wanted) ** 2).sum() / 18)


def test_a_latent_system_without_noise_is_a_network_of_its_rank():
    """Valente, Ostojic & Pillow (2022): n = C (C'C)^-1 (A - (1 - a) 1)' / a."""
    one = system(np.random.default_rng(1))
    network = network_of(one, LEAK)
    state, expected = one.first, []
    for _ in range(8):
        expected.append(state @ one.loading.T)
        state = state @ one.transition.T + one.push
    np.testing.assert_allclose(network.run(8), np.stack(expected, axis=1), atol=1e-12)
    assert np.linalg.matrix_rank(network.m @ network.n.T) == 2


def test_only_without_noise_of_observation_is_a_latent_system_a_network():
    """The network hears the noise of its units, which a latent state does not.

    Residuals of the network's steps on activity of the latent system are white where units have no
    noise of their own; with it they correlate from step to step as -J R, J the connectivity with
    leak and R the noise's covariance.
    """
    rng = np.random.default_rng(2)
    one = system(rng, conditions=20_000)
    network = network_of(one, LEAK)
    matrix = (1 - LEAK) * np.eye(12) + LEAK * network.m @ network.n.T
    x = [one.first]
    for _ in range(3):
        pushed = rng.normal(0, np.sqrt(0.1), one.first.shape)
        x.append(x[-1] @ one.transition.T + one.push + pushed)
    for noise in (0.0, 0.2):
        y = np.stack(x) @ one.loading.T
        y = y + rng.normal(0, np.sqrt(noise), y.shape)
        drive = one.push @ one.loading.T
        left = y[1:] - y[:-1] @ matrix.T - drive
        found = (left[2].T @ left[1]) / len(drive)
        np.testing.assert_allclose(found, -noise * matrix, atol=0.03)
    assert np.abs(0.2 * matrix).max() > 0.1


def test_inputs_outside_of_m_add_dimensions_to_the_latent_system():
    """A network of rank 1 with an input across it is a latent system of two dimensions, not one."""
    rng = np.random.default_rng(3)
    units, n_bins = 30, 15
    m, n, across = rng.normal(size=(3, units))
    connectivity, strength = np.outer(m, n - 0.5 * m) / units, np.array([-1.0, 0.5, 2.0])
    x = np.zeros((3, n_bins, units))
    for t in range(1, n_bins):
        rate = x[:, t - 1] @ connectivity.T
        x[:, t] = (1 - LEAK) * x[:, t - 1] + LEAK * (rate + strength[:, None] * across)
    missed = []
    for rank in (1, 2):
        found, states = latent_system.fit(x, rank, 100)
        left = x - states.mean @ found.loading.T
        missed.append((left**2).sum() / (x**2).sum())
    assert missed[0] > 5e-4 and missed[1] < 1e-12


def test_linear_network_is_found_from_noisy_activity():
    rng = np.random.default_rng(4)
    truth = network_of(system(rng, units=50, conditions=6), LEAK).run(15)
    noisy = truth + rng.normal(0, 1.0, truth.shape)
    start, _ = latent_system.fit(noisy, 2, 50)
    found = fit(network_of(start, LEAK), noisy, 100)
    assert ((found.run(15) - truth) ** 2).sum() < 0.02 * (truth**2).sum()
    assert ((found.run(15) - noisy) ** 2).mean() < 1.02


def test_network_with_tanh_begins_as_the_linear_one_and_fits_what_that_cannot():
    rng = np.random.default_rng(5)
    units, n_bins = 60, 30
    m = rng.normal(0, 2.0, (units, 1))
    # Small states grow and saturate, which no exponential does.
    first = np.array([[0.02], [-0.02], [1.5], [-0.7]])
    truth = LowRankNetwork(m, 1.5 * m / (4 * units), 0 * first, first, LEAK, True).run(n_bins)
    start, _ = latent_system.fit(truth, 1, 50)
    linear = fit(network_of(start, LEAK), truth, 200)
    begun = saturated(linear, n_bins)
    assert begun.saturating and not linear.saturating
    near = ((begun.run(n_bins) - linear.run(n_bins)) ** 2).mean()
    assert near < 0.05 * (linear.run(n_bins) ** 2).mean()
    found = fit(begun, truth, 200)
    missed = [((one.run(n_bins) - truth) ** 2).sum() / (truth**2).sum() for one in (linear, found)]
    assert missed[0] > 0.02 and missed[1] < 0.3 * missed[0]


def test_a_fit_never_ends_worse_than_it_began():
    rng = np.random.default_rng(6)
    noisy = rng.normal(size=(3, 8, 10))
    start, _ = latent_system.fit(noisy, 2, 20)
    for begun in (network_of(start, LEAK), saturated(network_of(start, LEAK), 8)):
        missed = [((one.run(8) - noisy) ** 2).sum() for one in (begun, fit(begun, noisy, 5))]
        assert missed[1] <= missed[0]
        turned = replace(begun, leak=0.9)
        assert fit(turned, noisy, 5).leak == 0.9
