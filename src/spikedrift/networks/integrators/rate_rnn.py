"""Rectified rate cells that hear each other and something from outside, by Euler steps."""

import numpy as np

from spikedrift.core.compiling import njit


@njit
def advance(weight, rate, outside, leak, recurrent, visited):  # type: ignore[no-untyped-def]
    """Advance the cells by a step for every row of `recurrent`.

    Parameters
    ----------
    weight : float64, shape (n, n)
        From the first to the second.
    rate : float64, shape (n,)
        Changes in place.
    outside : float64, shape (n,)
    leak : float
        Share of the way to its target that a rate goes in a step.
    recurrent, visited : float64, shape (n_steps, n)
        Set to the recurrent input at the beginning of every step, and to the rates after it.
    """
    n = rate.size
    for step in range(recurrent.shape[0]):
        arriving = recurrent[step]
        arriving[:] = 0.0
        for j in range(n):
            sent = rate[j]
            if sent != 0:
                for i in range(n):
                    arriving[i] += sent * weight[j, i]
        for i in range(n):
            rate[i] += leak * (max(arriving[i] + outside[i], 0.0) - rate[i])
        visited[step] = rate


def steps(
    weight: np.ndarray, rate: np.ndarray, outside: np.ndarray, leak: float, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Advance by `n` steps; return recurrent input and rates, as `advance` has them."""
    recurrent, visited = np.empty((2, n, rate.size))
    advance(weight, rate, outside, leak, recurrent, visited)
    return recurrent, visited
