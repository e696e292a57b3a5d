"""Synapses that are removed one by one, each with another presynaptic cell in its place.

Removals of a cell's synapses are a Poisson process, so that no time step is needed: what happens
does not depend on when it is looked at.
"""

import math

import numpy as np

from spikedrift.core.compiling import njit
from spikedrift.networks.integrators.counted import branch, uniform


@njit(cache=True)
def exchange(heard, born, source, until, count, own, pools, edges, sign, rate, key, stop):  # type: ignore[no-untyped-def]
    """Exchange synapses until a time.

    Parameters
    ----------
    heard : int64, shape (n_units, n_sites)
        Presynaptic cells. Changes in place, as the next four do.
    born : float64, shape (n_units, n_sites)
        Set to the time at which a synapse was made; s.
    source : int64, shape (n_units, n_sites)
        Set to a site of the same unit, projection and sign, drawn anew for every new synapse.
    until : float64, shape (n_units,)
        When the next synapse is exchanged; s.
    count : int64, shape (n_units,)
        Synapses that were exchanged.
    own : int64, shape (n_units,)
        Cell of the unit, which does not hear itself.
    pools : int64, shape (n_projections, n_cells)
        Cells of which new ones are drawn, evenly of those that the unit does not hear; one that is
        removed does not come back at once. -1 after the last.
    edges : int64, shape (n_projections + 1,)
        Where the sites of the projections begin.
    sign : bool, shape (n_units, n_sites)
        Of the weights that `source` names.
    rate : float
        Of the removal of a synapse; 1/s.
    key : int
        Of counted draws.
    stop : float, s
    """
    n_units, n_sites = heard.shape
    for unit in range(n_units):
        while until[unit] < stop:
            stream = branch(branch(key, 1, unit), 1, count[unit])
            site = int(uniform(stream, 0) * n_sites)
            projection = 0
            while site >= edges[projection + 1]:
                projection += 1
            low, high = edges[projection], edges[projection + 1]
            pool = pools[projection]
            size, n = pool.size, 1
            while pool[size - 1] < 0:
                size -= 1
            found = False
            while not found:
                cell = pool[int(uniform(stream, n) * size)]
                n += 1
                found = cell != own[unit]
                for k in range(low, high):
                    found &= heard[unit, k] != cell
            other = low + int(uniform(stream, n) * (high - low))
            while sign[unit, other] != sign[unit, site]:
                n += 1
                other = low + int(uniform(stream, n) * (high - low))
            heard[unit, site], source[unit, site] = cell, other
            born[unit, site] = until[unit]
            until[unit] += wait(stream, n + 1, rate * n_sites)
            count[unit] += 1


@njit(cache=True)
def wait(stream, n, rate):  # type: ignore[no-untyped-def]
    """Time to the next event of a Poisson process."""
    return -math.log(1 - uniform(stream, n)) / rate


@njit(cache=True)
def first_waits(key, n_units, rate):  # type: ignore[no-untyped-def]
    """Time to the first event of every unit, float64, shape (n_units,); rate in 1/s."""
    found = np.empty(n_units)
    for unit in range(n_units):
        found[unit] = wait(branch(key, 1, unit), 0, rate)
    return found
