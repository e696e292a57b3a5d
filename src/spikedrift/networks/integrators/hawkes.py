"""Linear Poisson cells with symmetric STDP, from spike to spike without a time step.

Between spikes the summed recurrent rate decays exponentially, so that the time of the next evoked
spike has a distribution function that can be inverted; the next spontaneous spike is exponential.
The earlier of the two is the next spike. All traces decay by known factors. Nothing is approximated
but by rounding.
"""

import math

import numpy as np

from spikedrift.core.compiling import njit
from spikedrift.networks.integrators.counted import uniform

MOST = 1e5  # summed recurrent rate per tau_syn beyond which activity has exploded


@njit
def advance(  # type: ignore[no-untyped-def]
    weight, evoked, positive, negative, base, now, stop, rule, tau_syn, mu, hebb, w_max, key,
    drawn, cells, times,
):  # fmt: skip
    """Advance the network until a time, or until `cells` is full.

    Parameters
    ----------
    weight : float64, shape (n, n)
        From row to column, expected spikes; changes in place, as the next three do.
    evoked : float64, shape (n,)
        Recurrent rate, per tau_syn.
    positive, negative : float64, shape (n,)
        Traces of STDP.
    base : float64, shape (n,)
        Spontaneous rate, 1/s.
    now, stop : float, s
    rule : (A_plus, A_minus, tau_plus, tau_minus)
    tau_syn : float, s
    mu : float64, shape (n, n)
        Step of the rule for every weight.
    hebb : float64, shape (n, n)
        Step of a potentiation of amplitude 1 that nothing in the rule balances, beside it.
    w_max : float
    key : int
    drawn : int
        Numbers of the stream that were drawn before.
    cells : int32, shape (capacity,)
    times : float64, shape (capacity,)

    Returns
    -------
    now : float, s
    drawn : int
    n : int
        Spikes, the first of `cells` and `times`; -1 where activity has exploded.
    """
    size = base.size
    a_plus, a_minus, tau_plus, tau_minus = rule
    total_base = base.sum()
    learns = mu.max() > 0 or hebb.max() > 0
    n = 0
    while n < cells.size:
        total = evoked.sum()
        if total > MOST:
            return now, drawn, -1
        wait = math.inf
        if total_base > 0:
            wait = -math.log(1 - uniform(key, drawn)) / total_base
        left = 1 - uniform(key, drawn + 1)  # chance that no evoked spike comes first
        spontaneous = True
        if total > 0 and left > math.exp(-total):
            until = -tau_syn * math.log(1 + math.log(left) / total)
            if until < wait:
                wait, spontaneous = until, False
        where = uniform(key, drawn + 2)
        drawn += 3
        ends = now + wait >= stop
        if ends:  # no memory: what comes later is drawn anew
            wait = stop - now
        # Who fires is as the rates are in proportion, which decay does not change.
        spiking = size - 1
        if not ends:
            rates = base if spontaneous else evoked
            where *= total_base if spontaneous else total
            summed = 0.0
            for i in range(size):
                summed += rates[i]
                if where < summed:
                    spiking = i
                    break
        decay = math.exp(-wait / tau_syn)
        decay_plus, decay_minus = math.exp(-wait / tau_plus), math.exp(-wait / tau_minus)
        for i in range(size):
            evoked[i] *= decay
            positive[i] *= decay_plus
            negative[i] *= decay_minus
        if ends:
            return stop, drawn, n
        now += wait
        for i in range(size):
            evoked[i] += weight[spiking, i]
        if learns:
            for i in range(size):
                if i != spiking:
                    change = a_plus * positive[i] - a_minus * negative[i]
                    to = mu[spiking, i] * change + hebb[spiking, i] * positive[i]
                    back = mu[i, spiking] * change + hebb[i, spiking] * positive[i]
                    weight[spiking, i] = min(max(weight[spiking, i] + to, 0.0), w_max)
                    weight[i, spiking] = min(max(weight[i, spiking] + back, 0.0), w_max)
        positive[spiking] += 1
        negative[spiking] += 1
        cells[n], times[n] = spiking, now
        n += 1
    return now, drawn, n


def buffers(capacity: int) -> tuple[np.ndarray, np.ndarray]:
    """Room for spikes of one call."""
    return np.empty(capacity, np.int32), np.empty(capacity)
