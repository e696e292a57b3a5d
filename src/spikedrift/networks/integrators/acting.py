"""Compiled plasticity rules (`rules.py`) in the loops of integrators: what they keep, and when."""

from typing import NamedTuple

import numpy as np

from spikedrift.core.compiling import njit

PRE, POST, START = range(3)  # blocks that every projection has


class Memory(NamedTuple):
    """State of the synapses that rules act on, and of the cells that these end on.

    Weights are those of the rules: in a unit of the caller's, and not negative. A group is what of
    one projection ends on one cell.
    """

    w: np.ndarray  # float64 (synapse,)
    w_max: np.ndarray  # float64 (synapse,)
    scale: np.ndarray  # float64 (synapse,): the network's weight for a w of 1, with its sign
    updated: np.ndarray  # float64 (synapse,): when traces were brought up to date; s
    own: np.ndarray  # float64 (synapse, variable)
    group: np.ndarray  # int64 (synapse,): cell times number of projections, plus the projection
    cell: np.ndarray  # float64 (group, variable)
    incoming: np.ndarray  # float64 (group,): synapses
    values: np.ndarray  # float64 (projection, parameter)
    key: int  # of counted draws
    dt: float  # s


@njit(nogil=True)
def at_spike(act, memory, weights, block, at, now):  # type: ignore[no-untyped-def]
    """Run `PRE` or `POST` of a synapse, and return what it transmits."""
    return act(memory, weights, 3 * (memory.group[at] % memory.values.shape[0]) + block, at, now)


@njit(nogil=True)
def regularly(act, memory, regular, weights, now):  # type: ignore[no-untyped-def]
    """Run what is due at the start of a step."""
    n_projections = memory.values.shape[0]
    for k in range(regular.shape[0]):
        if now % regular[k, 0] == 0:
            if regular[k, 1]:
                for group in range(regular[k, 2], memory.cell.shape[0], n_projections):
                    act(memory, weights, regular[k, 3], group, now)
            else:
                for at in range(memory.w.size):
                    if memory.group[at] % n_projections == regular[k, 2]:
                        act(memory, weights, regular[k, 3], at, now)
