"""Latent linear dynamical systems against dense Gaussian algebra, and systems that are known."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from spikedrift.analyses.methods.latent_system import (
    LatentSystem,
    States,
    _maximized,
    fit,
    smoothed,
)


def made(rng, conditions=3, rank=2, units=4) -> LatentSystem:
    return LatentSystem(
        transition=np.array([[0.9, 0.2], [-0.2, 0.8]]),
        loading=rng.normal(size=(units, rank)),
        first=rng.normal(size=(conditions, rank)),
        push=rng.normal(size=(conditions, rank)),
        process=np.array([[0.3, 0.1], [0.1, 0.2]]),
        noise=rng.random(units) + 0.1,
    )


def test_smoothed_states_are_those_of_the_joint_gaussian():
    rng = np.random.default_rng(0)
    system, n_bins, rank = made(rng), 5, 2
    y = rng.normal(size=(3, n_bins, 4))
    states = smoothed(system, y)
    power = [np.linalg.matrix_power(system.transition, k) for k in range(n_bins)]
    steps = np.block(
        [[power[i - j] if i >= j else np.zeros((rank, rank)) for j in range(n_bins)]
         for i in range(n_bins)]
    )  # fmt: skip
    prior = steps @ np.kron(np.eye(n_bins), system.process) @ steps.T
    read = np.kron(np.eye(n_bins), system.loading)
    seen = read @ prior @ read.T + np.kron(np.eye(n_bins), np.diag(system.noise))
    gain = prior @ read.T @ np.linalg.inv(seen)
    after = (prior - gain @ read @ prior).reshape(n_bins, rank, n_bins, rank)
    likelihood = 0.0
    for condition in range(3):
        drive = np.concatenate([system.first[condition], np.tile(system.push[condition], 4)])
        mean = steps @ drive
        expected = mean + gain @ (y[condition].ravel() - read @ mean)
        np.testing.assert_allclose(states.mean[condition].ravel(), expected, atol=1e-12)
        likelihood += multivariate_normal(read @ mean, seen).logpdf(y[condition].ravel())
    assert states.likelihood == pytest.approx(likelihood, abs=1e-9)
    for t in range(n_bins):
        np.testing.assert_allclose(states.covariance[t], after[t, :, t], atol=1e-12)
    for t in range(n_bins - 1):
        np.testing.assert_allclose(states.cross[t], after[t + 1, :, t], atol=1e-12)


def test_no_step_lowers_the_likelihood():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(3, 6, 5))
    zero = np.zeros((6, 2, 2))
    system, before = _maximized(States(rng.normal(size=(3, 6, 2)), zero, zero[1:], 0), y), -np.inf
    for _ in range(40):
        states = smoothed(system, y)
        assert states.likelihood >= before - 1e-9
        before, system = states.likelihood, _maximized(states, y)


def test_a_known_system_is_found():
    """Loadings span the true subspace, and modes decay and turn as they do."""
    rng = np.random.default_rng(2)
    conditions, n_bins, units = 60, 20, 40
    turn = 0.4
    a = 0.9 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    x = np.empty((conditions, n_bins, 2))
    first, push = rng.normal(0, 2, (2, conditions, 2))
    for t in range(n_bins):
        x[:, t] = x[:, t - 1] @ a.T + 0.2 * push if t else first
        x[:, t] += rng.normal(0, 0.1, (conditions, 2))
    c = rng.normal(size=(units, 2))
    y = x @ c.T + rng.normal(0, 0.5, (conditions, n_bins, units))
    system, states = fit(y, 2, 100)
    mode = np.linalg.eigvals(system.transition)
    np.testing.assert_allclose(np.sort(np.abs(mode)), 0.9, atol=0.01)
    np.testing.assert_allclose(np.sort(np.angle(mode)), [-turn, turn], atol=0.01)
    one, two = (np.linalg.qr(part)[0] for part in (c, system.loading))
    assert np.linalg.svd(one.T @ two, compute_uv=False).min() > 0.999
    np.testing.assert_allclose(np.sqrt(system.noise), 0.5, atol=0.05)
    # Smoothed states are nearer to the truth than principal components of single bins.
    left, size, right = np.linalg.svd(y.reshape(-1, units), full_matrices=False)
    plain = (left[:, :2] * size[:2]) @ right[:2]
    truth = (x @ c.T).reshape(-1, units)
    found = states.mean.reshape(-1, 2) @ system.loading.T
    assert ((found - truth) ** 2).sum() < 0.8 * ((plain - truth) ** 2).sum()
