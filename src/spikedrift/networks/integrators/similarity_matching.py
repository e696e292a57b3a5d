"""Hebbian/anti-Hebbian learning with noise in the synapses, one input after the other."""

import numpy as np

from spikedrift.core.compiling import njit
from spikedrift.networks.integrators.counted import normal, uniform

TOLERANCE, MOST = 1e-5, 1000  # relative change of an answer that is settled; passes at most


@njit
def answer(forward, lateral, x, rectified, ridge):  # type: ignore[no-untyped-def]
    """Return the fixed point of the cells' dynamics for an input.

    Without rectification it solves (lateral + ridge) y = forward x. With it, no cell goes below 0:
    cells are set to their own fixed points one after the other until nothing changes.

    Parameters
    ----------
    forward : float64, shape (n, n_inputs)
    lateral : float64, shape (n, n)
    x : float64, shape (n_inputs,)
    rectified : bool
    ridge : float

    Returns
    -------
    float64, shape (n,)
    """
    n, m = forward.shape
    drive = np.zeros(n)
    for i in range(n):
        for k in range(m):
            drive[i] += forward[i, k] * x[k]
    if not rectified:
        return np.linalg.solve(lateral + ridge * np.eye(n), drive)
    y = np.zeros(n)
    left = drive.copy()  # drive less what other cells take off, their diagonals included
    for _ in range(MOST):
        change = size = 0.0
        for i in range(n):
            own = lateral[i, i] + ridge
            new = max(left[i] / own + y[i] * lateral[i, i] / own, 0.0)
            step = new - y[i]
            if step != 0:
                y[i] = new
                for j in range(n):
                    left[j] -= lateral[j, i] * step
            change += step * step
            size += new * new
        if change <= TOLERANCE**2 * size:
            break
    return y


@njit
def learn(  # type: ignore[no-untyped-def]
    forward, lateral, inputs, n, eta, noise_forward, noise_lateral, rectified, ridge, key, drawn
):
    """Learn from `n` inputs that are drawn at random.

    Parameters
    ----------
    forward, lateral : float64, shape (n_cells, n_inputs), (n_cells, n_cells)
        They change in place.
    inputs : float64, shape (n_samples, n_inputs)
    n : int
    eta : float
    noise_forward, noise_lateral : float
        SD of the noise that an update adds, over the square root of eta.
    rectified : bool
        Cells, and with them lateral weights, do not go below 0.
    ridge : float
    key, drawn : int

    Returns
    -------
    int
        Numbers of the stream that have been drawn.
    """
    cells, m = forward.shape
    root = np.sqrt(eta)
    for _ in range(n):
        x = inputs[int(uniform(key, drawn) * inputs.shape[0])]
        drawn += 1
        y = answer(forward, lateral, x, rectified, ridge)
        for i in range(cells):
            for k in range(m):
                noise = root * noise_forward * normal(key, drawn) if noise_forward > 0 else 0.0
                drawn += 1
                forward[i, k] += eta * (y[i] * x[k] - forward[i, k]) + noise
            for j in range(cells):
                noise = root * noise_lateral * normal(key, drawn) if noise_lateral > 0 else 0.0
                drawn += 1
                weight = lateral[i, j] + eta * (y[i] * y[j] - lateral[i, j]) + noise
                lateral[i, j] = max(weight, 0.0) if rectified else weight
    return drawn
