"""Poisson cells whose excitatory synapses predict their rates, after Asabuki & Clopath (2025).

An Euler step for all cells, as in the paper. What a step does to weights is added at the next one,
where they are read anyway; the last step of a call is added at its end.
"""

import math
from typing import NamedTuple

import numpy as np

from spikedrift.core.compiling import njit
from spikedrift.networks.integrators.counted import uniform


class Weights(NamedTuple):
    """From row to column; `most_*` are the greatest ones, 0 where two cells are not joined."""

    EtoE: np.ndarray
    ItoE: np.ndarray
    EtoI: np.ndarray
    ItoI: np.ndarray
    most_EtoE: np.ndarray
    most_ItoE: np.ndarray


class State(NamedTuple):
    """Float64, one value a cell: synaptic currents (1/s²), potentials, and memory of E cells."""

    current_E: np.ndarray
    current_I: np.ndarray
    potential_E: np.ndarray
    potential_I: np.ndarray
    memory: np.ndarray


class Constants(NamedTuple):
    """Times in s, rates in Hz; `learns_*` is the change of a weight in a step by an error of 1."""

    dt: float
    tau_synapse: float
    tau: float
    area: float
    peak: float
    slope: float
    threshold: float
    gain: float
    tau_memory: float
    learns_EtoE: float
    learns_ItoE: float


@njit(cache=True)
def sigmoid(x):  # type: ignore[no-untyped-def]
    """Return the logistic function."""
    return 1 / (1 + math.exp(-x))


@njit(cache=True)
def gather(weight, most, before, error, now, total):  # type: ignore[no-untyped-def]
    """Add what is owed to weights, `before` times `error`, and sum their input by `now`."""
    for j in range(weight.shape[0]):
        row, greatest, past, present = weight[j], most[j], before[j], now[j]
        for i in range(total.size):
            moved = min(max(row[i] + past * error[i], 0.0), greatest[i])
            row[i] = moved
            total[i] += moved * present


@njit(cache=True)
def add(weight, now, total):  # type: ignore[no-untyped-def]
    """Sum the input by weights that rest."""
    for j in range(weight.shape[0]):
        row, present = weight[j], now[j]
        for i in range(total.size):
            total[i] += row[i] * present


@njit(cache=True)
def filtered(current, potential, spike, constants):  # type: ignore[no-untyped-def]
    """Return current and potential of a cell's synapses after a step."""
    dt, tau_synapse, tau = constants.dt, constants.tau_synapse, constants.tau
    after = potential + dt * (constants.area * current - potential / tau)
    return current - dt * current / tau_synapse + spike / (tau * tau_synapse), after


@njit(cache=True)
def advance(weights, state, constants, outside, key, drawn, n_steps, cells, steps, counts):  # type: ignore[no-untyped-def]
    """Advance the network, while its input stays the same.

    Parameters
    ----------
    weights : Weights
        Change in place, as the state does.
    state : State
    constants : Constants
    outside : float64, shape (n_E,)
        Input of the E cells from outside.
    key, drawn : int
        Stream of random numbers, and how many of it were drawn before; a step takes one a cell.
    n_steps : int
    cells, steps : int32, shape (n_steps * n_E,)
        Set to cell and number of the step of every spike of E.
    counts : int64, shape (2,)
        Spikes of E and I are added.

    Returns
    -------
    int
        Spikes of E.
    """
    n_e, n_i = state.memory.size, state.potential_I.size
    learns = constants.learns_EtoE > 0 or constants.learns_ItoE > 0
    error_e, error_i, before_e = np.zeros(n_e), np.zeros(n_e), np.zeros(n_e)
    before_i = np.zeros(n_i)
    excitation, inhibition = np.empty(n_e), np.empty(n_e)
    excites, inhibits = np.empty(n_i), np.empty(n_i)
    slope, threshold, gain = constants.slope, constants.threshold, constants.gain
    chance, n = constants.peak * constants.dt, 0
    for step in range(n_steps):
        excitation[:], inhibition[:], excites[:], inhibits[:] = 0.0, 0.0, 0.0, 0.0
        now_e, now_i = state.potential_E, state.potential_I
        if learns:
            gather(weights.EtoE, weights.most_EtoE, before_e, error_e, now_e, excitation)
            gather(weights.ItoE, weights.most_ItoE, before_i, error_i, now_i, inhibition)
            before_e[:], before_i[:] = now_e, now_i
        else:
            add(weights.EtoE, now_e, excitation)
            add(weights.ItoE, now_i, inhibition)
        add(weights.EtoI, now_e, excites)
        add(weights.ItoI, now_i, inhibits)
        for i in range(n_e):
            u = excitation[i] - inhibition[i] + outside[i]
            memory = state.memory[i] * (1 - constants.dt / constants.tau_memory)
            if u >= state.memory[i]:
                memory = u
            state.memory[i] = memory
            rate = sigmoid(slope * (gain * u / memory - threshold))
            predicted = sigmoid(slope * (excitation[i] - threshold))
            balanced = sigmoid(slope * (inhibition[i] - threshold))
            error_e[i] = constants.learns_EtoE * (rate - predicted)
            error_i[i] = constants.learns_ItoE * (predicted - balanced)
            spikes = 1 if uniform(key, drawn + i) < chance * rate else 0
            if spikes == 1:
                cells[n], steps[n] = i, step
                n += 1
            state.current_E[i], state.potential_E[i] = filtered(
                state.current_E[i], state.potential_E[i], spikes, constants
            )
        for i in range(n_i):
            rate = sigmoid(slope * (excites[i] - inhibits[i] - threshold))
            spikes = 1 if uniform(key, drawn + n_e + i) < chance * rate else 0
            counts[1] += spikes
            state.current_I[i], state.potential_I[i] = filtered(
                state.current_I[i], state.potential_I[i], spikes, constants
            )
        drawn += n_e + n_i
    if learns:
        gather(weights.EtoE, weights.most_EtoE, before_e, error_e, before_e, excitation)
        gather(weights.ItoE, weights.most_ItoE, before_i, error_i, before_i, inhibition)
    counts[0] += n
    return n
