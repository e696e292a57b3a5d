"""Rate cells that learn at potential synapses, which come to be filled and are emptied.

Each connection has several sites; a site that holds a synapse has a weight above 0. Within an
episode, between two looks at the sites, all synapses of a connection meet the same learning, which
is linear in the weight: after it, w becomes `gain` w + `added`. So the steps of an episode know
the summed weights alone, and `settle` carries the result over to the sites. A cell that is active
alone depresses all its connections by one factor, and so does decay: these are kept by cell
(`lone`) and for the whole (`faded`), and only pairs of active cells are gone through one by one.
"""

import math

import numpy as np

from spikedrift.core.compiling import njit


@njit
def settle(site, number, total, gain, added, lone, faded):  # type: ignore[no-untyped-def]
    """Carry an episode's learning over to the sites, and begin another.

    Parameters
    ----------
    site : float64, shape (n, n, n_sites)
        Weights, from the first to the second; 0 for an empty site. All change in place.
    number, total : float64, shape (n, n)
        Synapses of every connection and their summed weights.
    gain, added : float64, shape (n, n)
    lone : float64, shape (n,)
    faded : float64, shape (1,)
    """
    n = number.shape[0]
    for j in range(n):
        for i in range(n):
            if number[j, i] > 0:
                scale = faded[0] * lone[i] * lone[j]
                total[j, i] = 0.0
                for k in range(site.shape[2]):
                    if site[j, i, k] > 0:
                        site[j, i, k] = scale * (gain[j, i] * site[j, i, k] + added[j, i])
                        total[j, i] += site[j, i, k]
            gain[j, i], added[j, i] = 1.0, 0.0
    lone[:] = 1.0
    faded[0] = 1.0


@njit
def turn_over(  # type: ignore[no-untyped-def]
    site,
    number,
    total,
    candidates,
    chances,
    most,
    empty,
    new,
    small,
    large,
    offset,
    steepness,
    time,
):
    """Remove and create synapses at sites that were drawn beforehand.

    Parameters
    ----------
    site, number, total
        As in `settle`, between episodes; they change in place. No cell is joined to itself.
    candidates : int64, shape (m,)
        Places in the flat `site`, where each is drawn with the probability `most`.
    chances : float64, shape (m,)
        Uniform random numbers.
    most : float
        No probability of removal or creation is greater.
    empty : float
        Probability that an empty site comes to hold a synapse.
    new : float
        Its weight.
    small, large : float
        Rates at which weights far below and above `offset` are removed.
    offset, steepness : float
    time : float
        Length of the episode, in the unit of the rates.
    """
    n, sites = site.shape[0], site.shape[2]
    flat = site.reshape(-1)
    for draw in range(candidates.size):
        at = candidates[draw]
        j, i = (at // sites) // n, (at // sites) % n
        if i == j:
            continue
        if flat[at] > 0:
            rate = large + (small - large) / (1 + math.exp(-steepness * (offset - flat[at])))
            if chances[draw] * most < 1 - math.exp(-rate * time):
                number[j, i] -= 1
                total[j, i] -= flat[at]
                flat[at] = 0.0
        elif chances[draw] * most < empty:
            number[j, i] += 1
            total[j, i] += new
            flat[at] = new


@njit
def advance(  # type: ignore[no-untyped-def]
    potential, available, inhibition, total, number, gain, added, lone, faded, outside, cell,
    learning, w_max,
):  # fmt: skip
    """Advance the cells by an Euler step for every row of what comes from outside.

    Inhibition goes first, and potentials follow what it has become.

    Parameters
    ----------
    potential, available : float64, shape (n,)
        Potential, and what short-term depression leaves of a cell's synapses; change in place.
    inhibition : float64, shape (1,)
    total, number, gain, added, lone, faded
        As in `settle`; all but `number` change in place.
    outside : float64, shape (n_steps, n)
        Stimulus and noise.
    cell : (leak, inhibition, recovery, use)
        Share of the way to the target that the potential goes in a step, inhibition by a rate of 1,
        and rates of recovery from and onset of depression in a step.
    learning : (potentiation, depression, decay)
        Share of the way in a step.
    w_max : float

    Returns
    -------
    float64, shape (n,)
        Sum of the rates over the steps.
    """
    n = potential.size
    leak, inhibiting, recovery, use = cell
    potentiation, depression, decay = learning
    keep, alone = 1 - decay, (1 - depression) / (1 - decay)
    both = (1 - potentiation) / (keep * alone * alone)
    rate, sent, arriving, summed = np.zeros((4, n))
    active = np.empty(n, np.int64)
    for step in range(outside.shape[0]):
        spread, n_active = 0.0, 0
        for j in range(n):
            rate[j] = 1 / (1 + math.exp(-potential[j]))
            spread += rate[j]
            summed[j] += rate[j]
            sent[j] = faded[0] * lone[j] * available[j] * rate[j]
            arriving[j] = 0.0
            if potential[j] > 0:
                active[n_active] = j
                n_active += 1
        for j in range(n):
            for i in range(n):
                arriving[i] += sent[j] * total[j, i]
        inhibition[0] += leak * (-inhibition[0] - inhibiting * spread)
        for i in range(n):
            target = lone[i] * arriving[i] + inhibition[0] + outside[step, i]
            potential[i] += leak * (target - potential[i])
            available[i] += recovery * (1 - available[i]) - use * available[i] * rate[i]
        faded[0] *= keep
        for place in range(n_active):
            lone[active[place]] *= alone
        for a in range(n_active):
            j = active[a]
            for b in range(n_active):
                i = active[b]
                more = potentiation * w_max / (faded[0] * lone[i] * lone[j])
                gain[j, i] *= both
                added[j, i] = both * added[j, i] + more
                total[j, i] = both * total[j, i] + more * number[j, i]
    return summed
