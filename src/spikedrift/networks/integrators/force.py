"""Integrate-and-fire cells with a readout that is fed back to them, by Euler steps.

The step is that of the program of Nicola & Clopath (2017), in its order: membranes, currents,
filtered spikes, readout. Decays are exact.
"""

import math
from typing import NamedTuple

import numpy as np

from spikedrift.core.compiling import njit


class Cells(NamedTuple):
    """Constants of all cells: potentials in mV, times in s."""

    dt: float
    tau_membrane: float
    refractory: float
    threshold: float
    reset: float
    bias: float
    tau_rise: float
    tau_decay: float


class Static(NamedTuple):
    """Synapses that are not trained, sorted by presynaptic cell.

    Attributes
    ----------
    edge : int64, shape (n + 1,)
        Where the synapses of each presynaptic cell begin.
    post : int32, shape (n_synapses,)
    weight : float64, shape (n_synapses,), mV s
    feedback : float64, shape (n,), mV
        Current for a readout of 1.
    """

    edge: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    feedback: np.ndarray


class State(NamedTuple):
    """What a step changes.

    Attributes
    ----------
    potential : float64, shape (n,), mV
    free : int64, shape (n,)
        Step from which on a cell is no longer refractory.
    output : float64, shape (1,)
        The readout.
    current, current_rise : float64, shape (n,), mV and mV/s
        From other cells, and what it rises by.
    filtered, filtered_rise : float64, shape (n,), 1/s and 1/s2
        Own filtered spikes.
    """

    potential: np.ndarray
    free: np.ndarray
    output: np.ndarray
    current: np.ndarray
    current_rise: np.ndarray
    filtered: np.ndarray
    filtered_rise: np.ndarray


@njit(cache=True)
def advance(static, state, constants, decoder, begin, outputs, cells, steps):  # type: ignore[no-untyped-def]
    """Advance by as many steps as `outputs` has numbers.

    Parameters
    ----------
    static : Static
    state : State
        Changes in place.
    constants : Cells
    decoder : float64, shape (n,), s
        Weights of the readout.
    begin : int
        Number of the first step.
    outputs : float64, shape (n_steps,)
        Set to the readout after every step.
    cells, steps : int32, shape (n_steps * n,)
        Set to cell and number of the step of every spike.

    Returns
    -------
    int
        Spikes.
    """
    own, n, n_spikes = constants, decoder.size, 0
    rise, decay = math.exp(-own.dt / own.tau_rise), math.exp(-own.dt / own.tau_decay)
    per_spike = 1 / (own.tau_rise * own.tau_decay)
    resting = round(own.refractory / own.dt)
    share = own.dt / own.tau_membrane
    for row in range(outputs.size):
        step, before, output = begin + row, n_spikes, state.output[0]
        for i in range(n):
            if step >= state.free[i]:
                current = state.current[i] + static.feedback[i] * output + own.bias
                state.potential[i] += share * (current - state.potential[i])
            state.current[i] = state.current[i] * rise + state.current_rise[i] * own.dt
            state.current_rise[i] *= decay
            state.filtered[i] = state.filtered[i] * rise + state.filtered_rise[i] * own.dt
            state.filtered_rise[i] *= decay
            if state.potential[i] >= own.threshold:
                state.potential[i] = own.reset
                state.free[i] = step + resting + 1
                state.filtered_rise[i] += per_spike
                cells[n_spikes], steps[n_spikes] = i, step
                n_spikes += 1
        for spike in range(before, n_spikes):
            sender = cells[spike]
            for at in range(static.edge[sender], static.edge[sender + 1]):
                state.current_rise[static.post[at]] += static.weight[at] * per_spike
        output = 0.0
        for i in range(n):
            output += decoder[i] * state.filtered[i]
        state.output[0] = output
        outputs[row] = output
    return n_spikes


def run(
    static: Static, state: State, constants: Cells, decoder: np.ndarray, begin: int, n_steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Advance by `n_steps`; return outputs, cells and steps, as `advance` has them."""
    outputs, places = np.empty(n_steps), np.empty((2, n_steps * decoder.size), np.int32)
    n_spikes = advance(static, state, constants, decoder, begin, outputs, *places)
    cells, steps = places[:, :n_spikes].astype(np.int64)
    return outputs, cells, steps
