"""Leaky integrate-and-fire cells with filtered spikes and white noise, by Euler steps.

In a time step the input u and the filtered spikes of each cell take up what was sent in the step
before, then the membrane moves, and cells above the threshold fire.
"""

from typing import NamedTuple

import numpy as np

from spikedrift.core.compiling import njit
from spikedrift.networks.integrators.counted import normal


class Cells(NamedTuple):
    """Constants of all cells; times in time steps.

    Attributes
    ----------
    tau_membrane, tau_synapse : float
    threshold, reset : float
    noise : float
        SD of the noise that a step adds to the membrane.
    per : float
        A filtered spike has this area, in time steps.
    """

    tau_membrane: float
    tau_synapse: float
    threshold: float
    reset: float
    noise: float
    per: float


class State(NamedTuple):
    """What a step changes, float64, shape (n,).

    Attributes
    ----------
    potential, drive, filtered : membrane, input from other cells, own filtered spikes
    arriving, fired : summed weights, and own spikes, of the step before
    """

    potential: np.ndarray
    drive: np.ndarray
    filtered: np.ndarray
    arriving: np.ndarray
    fired: np.ndarray


@njit
def advance(weight, state, constants, outside, key, begin, drives, cells, steps):  # type: ignore[no-untyped-def]
    """Advance by as many steps as `drives` has rows.

    Parameters
    ----------
    weight : float64, shape (n, n)
        From the first to the second cell.
    state : State
        Changes in place.
    constants : Cells
    outside : float64, shape (n,)
        Input from outside.
    key : int
        Of the noise; its draws are numbered by step and cell.
    begin : int
        Number of the first step.
    drives : float64, shape (n_steps, n)
        Set to the input from other cells in every step.
    cells, steps : int32, shape (n_steps * n,)
        Set to cell and number of the step of every spike.

    Returns
    -------
    int
        Spikes.
    """
    n, n_spikes = outside.size, 0
    own = constants
    for row in range(drives.shape[0]):
        for i in range(n):
            state.drive[i] += (own.per * state.arriving[i] - state.drive[i]) / own.tau_synapse
            state.filtered[i] += (own.per * state.fired[i] - state.filtered[i]) / own.tau_synapse
            state.arriving[i] = 0.0
            state.fired[i] = 0.0
            drives[row, i] = state.drive[i]
            to = state.drive[i] + outside[i] - state.potential[i]
            state.potential[i] += to / own.tau_membrane
            if own.noise > 0:
                state.potential[i] += own.noise * normal(key, (begin + row) * n + i)
        for i in range(n):
            if state.potential[i] > own.threshold:
                state.potential[i] = own.reset
                state.fired[i] = 1.0
                cells[n_spikes], steps[n_spikes] = i, begin + row
                n_spikes += 1
                for j in range(n):
                    state.arriving[j] += weight[i, j]
    return n_spikes


def run(
    weight: np.ndarray, state: State, constants: Cells, outside: np.ndarray, key: int, begin: int,
    n_steps: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Advance by `n_steps`; return drives, cells and steps, as `advance` has them."""
    n = outside.size
    drives, places = np.empty((n_steps, n)), np.empty((2, n_steps * n), np.int32)
    n_spikes = advance(weight, state, constants, outside, key, begin, drives, *places)
    cells, steps = places[:, :n_spikes].astype(np.int64)
    return drives, cells, steps
