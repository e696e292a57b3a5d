"""Theta neurons with filtered spikes, by the Runge-Kutta method of fourth order.

Times are in the unit of the model, in which d theta/dt = 1 - cos theta + I (1 + cos theta): a cell
with a constant positive input I fires sqrt(I) / pi times in it. Input stays the same within a step.
"""

import math

import numpy as np

from spikedrift.core.compiling import njit


@njit(cache=True)
def slope(phase, current):  # type: ignore[no-untyped-def]
    """Return d theta/dt."""
    cosine = math.cos(phase)
    return 1 - cosine + current * (1 + cosine)


@njit(cache=True)
def advance(weight, phase, filtered, drive, outside, dt, rate, drives, cells, steps):  # type: ignore[no-untyped-def]
    """Advance by as many steps as `drives` has rows.

    Parameters
    ----------
    weight : float64, shape (n, n)
        From the first to the second cell.
    phase, filtered, drive : float64, shape (n,)
        Phases, filtered spikes of area 1, and their weighted sums; change in place.
    outside : float64, shape (n,)
        Input from outside.
    dt : float
    rate : float
        At which filtered spikes decay, and their first value.
    drives : float64, shape (n_steps, n)
        Set to the input from other cells after every step.
    cells, steps : int32, shape (n_steps * n,)
        Set to cell and number of the step of every spike, when a phase passes pi.

    Returns
    -------
    int
        Spikes.
    """
    n, n_spikes = outside.size, 0
    turn, decay = 2 * math.pi, rate * dt
    kept = 1 - decay * (1 - decay / 2 * (1 - decay / 3 * (1 - decay / 4)))
    for row in range(drives.shape[0]):
        for i in range(n):
            current = drive[i] + outside[i]
            first = slope(phase[i], current)
            second = slope(phase[i] + dt / 2 * first, current)
            third = slope(phase[i] + dt / 2 * second, current)
            fourth = slope(phase[i] + dt * third, current)
            moved = dt / 6 * (first + 2 * second + 2 * third + fourth)
            left = (math.pi - phase[i]) % turn
            filtered[i] *= kept
            if moved > left:
                filtered[i] += rate
                cells[n_spikes], steps[n_spikes] = i, row
                n_spikes += 1
            phase[i] = (phase[i] + moved) % turn
        drive[:] = 0.0
        for j in range(n):
            sent = filtered[j]
            for i in range(n):
                drive[i] += sent * weight[j, i]
        drives[row] = drive
    return n_spikes


def run(
    weight: np.ndarray, phase: np.ndarray, filtered: np.ndarray, drive: np.ndarray,
    outside: np.ndarray, dt: float, rate: float, n_steps: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Advance by `n_steps`; return drives, cells and steps, as `advance` has them."""
    n = outside.size
    drives, places = np.empty((n_steps, n)), np.empty((2, n_steps * n), np.int32)
    n_spikes = advance(weight, phase, filtered, drive, outside, dt, rate, drives, *places)
    cells, steps = places[:, :n_spikes].astype(np.int64)
    return drives, cells, steps
