"""Latent linear dynamical systems of trial averages, by expectation maximization.

    x_1 = first_c + w,  x_{t+1} = A x_t + push_c + w,  y_t = C x_t + v

with a first state and a constant push of their own in each condition c, w ~ N(0, Q) and
v ~ N(0, R), R diagonal. States are smoothed by the Kalman filter and the recursion of Rauch, Tung
and Striebel; parameters follow in closed form (Shumway & Stoffer 1982, J Time Series Anal 3:253;
Ghahramani & Hinton 1996). All conditions have the same bins, so that covariances of states are
those of one condition, and units enter by sums alone: a step costs little where they are many.
"""

from dataclasses import dataclass

import numpy as np

FLOOR = 1e-9  # smallest variance of a unit or state, as a share of the mean variance
TOLERANCE = 1e-4  # of the likelihood of a value, between two iterations


@dataclass(frozen=True)
class LatentSystem:
    """A latent linear dynamical system.

    Attributes
    ----------
    transition : float64, shape (rank, rank)
        A.
    loading : float64, shape (n_units, rank)
        C.
    first, push : float64, shape (n_conditions, rank)
    process : float64, shape (rank, rank)
        Q.
    noise : float64, shape (n_units,)
        Diagonal of R.
    """

    transition: np.ndarray
    loading: np.ndarray
    first: np.ndarray
    push: np.ndarray
    process: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True)
class States:
    """Smoothed states.

    Attributes
    ----------
    mean : float64, shape (n_conditions, n_bins, rank)
    covariance : float64, shape (n_bins, rank, rank)
        The same for all conditions.
    cross : float64, shape (n_bins - 1, rank, rank)
        Covariance of each state with the one before it.
    likelihood : float
        Logarithm of the probability of the responses.
    """

    mean: np.ndarray
    covariance: np.ndarray
    cross: np.ndarray
    likelihood: float


def smoothed(system: LatentSystem, responses: np.ndarray) -> States:
    """States of all bins given the responses of all bins.

    Parameters
    ----------
    system : LatentSystem
    responses : float64, shape (n_conditions, n_bins, n_units)
    """
    n_conditions, n_bins, _ = responses.shape
    a, one = system.transition, np.eye(system.transition.shape[0])
    weighted = system.loading / system.noise[:, None]
    precision = system.loading.T @ weighted  # of the state, from the responses of one bin
    read = responses @ weighted
    ahead, mean = np.empty((2, *read.shape))
    cov_ahead, cov, update = np.empty((3, n_bins, *one.shape))
    for t in range(n_bins):
        cov_ahead[t] = a @ cov[t - 1] @ a.T + system.process if t else system.process
        update[t] = one + cov_ahead[t] @ precision
        found = np.linalg.solve(update[t], cov_ahead[t])
        cov[t] = 0.5 * (found + found.T)
        ahead[:, t] = mean[:, t - 1] @ a.T + system.push if t else system.first
        mean[:, t] = ahead[:, t] + (read[:, t] - ahead[:, t] @ precision) @ cov[t]
    surprise = read - ahead @ precision
    likelihood = 0.5 * float(
        ((read + surprise) * ahead + surprise * (mean - ahead)).sum()
        - (responses**2).sum(axis=(0, 1)) @ (1 / system.noise)
        - n_conditions * n_bins * np.log(2 * np.pi * system.noise).sum()
        - n_conditions * np.linalg.slogdet(update)[1].sum()
    )
    back = np.linalg.solve(cov_ahead[1:], a @ cov[:-1]).swapaxes(1, 2)
    for t in range(n_bins - 2, -1, -1):
        mean[:, t] += (mean[:, t + 1] - ahead[:, t + 1]) @ back[t].T
        cov[t] += back[t] @ (cov[t + 1] - cov_ahead[t + 1]) @ back[t].T
    return States(mean, cov, cov[1:] @ back.swapaxes(1, 2), likelihood)


def fit(responses: np.ndarray, rank: int, iterations: int) -> tuple[LatentSystem, States]:
    """Fit a system by expectation maximization, from principal components.

    Parameters
    ----------
    responses : float64, shape (n_conditions, n_bins, n_units)
        At least three bins.
    rank : int
        Number of latent dimensions, fewer than units and than conditions times bins.
    iterations : int
        At most so many; it ends earlier where the likelihood of a value rises by less than
        `TOLERANCE`.

    Returns
    -------
    system : LatentSystem
    states : States
        Smoothed in that system.
    """
    n_conditions, n_bins, n_units = responses.shape
    flat = responses.reshape(-1, n_units)
    left, size, _ = np.linalg.svd(flat, full_matrices=False)
    zero = np.zeros((n_bins, rank, rank))
    start = (left * size)[:, :rank].reshape(n_conditions, n_bins, rank)
    states = States(start, zero, zero[1:], -np.inf)
    system = _maximized(states, responses)
    for _ in range(iterations):
        found = smoothed(system, responses)
        done = found.likelihood - states.likelihood < TOLERANCE * flat.size
        states = found
        if done:
            break
        system = _maximized(states, responses)
    else:
        states = smoothed(system, responses)
    return system, states


def _maximized(states: States, responses: np.ndarray) -> LatentSystem:
    """Parameters that maximize the expected likelihood, given smoothed states."""
    x, n_conditions = states.mean, len(states.mean)
    n_bins, rank = x.shape[1:]
    n = n_conditions * n_bins
    flat, units = x.reshape(n, rank), responses.reshape(n, -1)
    product = flat.T @ flat + n_conditions * states.covariance.sum(axis=0)
    loading = np.linalg.lstsq(product, flat.T @ units, rcond=None)[0].T
    noise = (units**2).mean(axis=0) - ((flat.T @ units) * loading.T).sum(axis=0) / n
    before, after = x[:, :-1], x[:, 1:]
    past, next_ = (part - part.mean(axis=1, keepdims=True) for part in (before, after))
    one = np.einsum("ctr,cts->rs", past, past) + n_conditions * states.covariance[:-1].sum(axis=0)
    two = np.einsum("ctr,cts->rs", next_, past) + n_conditions * states.cross.sum(axis=0)
    a = np.linalg.lstsq(one, two.T, rcond=None)[0].T
    push = after.mean(axis=1) - before.mean(axis=1) @ a.T
    left = after - before @ a.T - push[:, None]
    process = np.einsum("ctr,cts->rs", left, left)
    turned = a @ states.cross.sum(axis=0).T
    process += n_conditions * (
        states.covariance.sum(axis=0) - turned - turned.T
        + a @ states.covariance[:-1].sum(axis=0) @ a.T
    )  # fmt: skip
    process = 0.5 * (process + process.T) / n
    process += FLOOR * np.trace(product) / (n * rank) * np.eye(rank)
    least = FLOOR * float((units**2).mean())
    return LatentSystem(a, loading, x[:, 0], push, process, np.maximum(noise, least))
