"""Leaky integrate-and-fire cells with strong static and slow plastic synapses, spike by spike.

Between spikes all is linear, and a step multiplies by known factors. A spike of one step arrives at
the beginning of the next. Every presynaptic cell has the same number of static synapses, onto cells
in rising order, and their weights depend on the two populations alone; so a spike adds two numbers
to stretches of a list. Of plastic synapses only those of the cells that spiked are looked at.

Plasticity rules (`rules.py`) act on plastic synapses at the spikes of the step: first on those of
the cells that fired, which transmit then, and after that on those onto them.
"""

import math
from typing import NamedTuple

import numpy as np

from spikedrift.core.compiling import njit
from spikedrift.networks.integrators.acting import POST, PRE, at_spike, regularly
from spikedrift.simulation import streams


class Wiring(NamedTuple):
    """Static and plastic synapses, by presynaptic cell; what a spike adds to the input.

    The first `n_first` cells are of the first population, the others of the second.
    """

    target: np.ndarray  # int32 (cell, degree): in rising order
    split: np.ndarray  # int32 (cell,): targets in the first population
    jump: np.ndarray  # float64 (2, 2): from, to
    n_first: int
    start: np.ndarray  # int64 (cell + 1,): where a cell's plastic synapses begin
    post: np.ndarray  # int32 (synapse,)
    weight: np.ndarray  # int64 (synapse,): place of its weight
    trained: np.ndarray  # int32 (unit,): cells that hear the outside
    first: np.ndarray  # int64 (unit + 1,): where the weights of a unit begin
    unit: np.ndarray  # int32 (cell,): the unit of a cell, or -1


class Step(NamedTuple):
    """Factors of a time step."""

    membrane: float  # of V
    constant: float  # of a constant input
    static: float  # of the input through static synapses
    plastic: float  # of that through plastic ones
    keep_static: float  # of which this is left after a step
    keep_plastic: float
    mean_static: float  # the mean input over a step is this of that at its beginning
    mean_plastic: float
    jump: float  # what a spike adds to a trace, and a weight of 1 to the plastic input


class State(NamedTuple):
    """What a step changes."""

    v: np.ndarray  # float64 (cell,)
    static: np.ndarray  # float64 (cell,)
    plastic: np.ndarray  # float64 (cell,)
    trace: np.ndarray  # float64 (cell,): spikes through the kernel of plastic synapses
    outside: np.ndarray  # float64 (outer cell,): the same of cells outside


class Seen(NamedTuple):
    """What is written down."""

    spikes: np.ndarray  # int64 (cell,): added to
    total: np.ndarray  # float64 (bin, cell): summed input through all synapses; no bin for none
    square: np.ndarray  # float64 (cell,): sum of its squares over the steps of all bins
    cell: np.ndarray  # int32 (capacity,): spikes; no capacity for none
    step: np.ndarray  # int64 (capacity,)


def exact(dt: float, tau: float, tau_static: float, tau_plastic: float) -> Step:
    """Make the factors of the exact solution between spikes; times in s, time constants unequal."""
    keep, keep_static, keep_plastic = (
        math.exp(-dt / one) for one in (tau, tau_static, tau_plastic)
    )

    def through(one: float, kept: float) -> float:
        return one / (one - tau) * (kept - keep)

    return Step(
        keep,
        1 - keep,
        through(tau_static, keep_static),
        through(tau_plastic, keep_plastic),
        keep_static,
        keep_plastic,
        tau_static / dt * (1 - keep_static),
        tau_plastic / dt * (1 - keep_plastic),
        1 / (1000 * tau_plastic),
    )


def draw_targets(key: int, n: int, degree: int) -> np.ndarray:
    """Draw so many targets for each of n cells, none twice and not itself, in rising order.

    Parameters
    ----------
    key : int
        Of counted draws: a cell's targets are those with the smallest of its numbers.
    n, degree : int

    Returns
    -------
    int32, shape (n, degree)
    """
    found = np.empty((n, degree), np.int32)
    places = np.arange(n)
    for i in range(n):
        number = streams.uniform(streams.branch(key, 1, i), places)
        number[i] = np.inf
        found[i] = np.sort(np.argpartition(number, degree - 1)[:degree])
    return found


@njit(cache=True, nogil=True)
def advance(  # type: ignore[no-untyped-def]
    wiring, step, state, bias, weights, common, arrives, outer, first, last, bins_from, bin_steps,
    seen, n_seen, act=None, memory=None, regular=None, clock=None,
):  # fmt: skip
    """Advance by the steps from `first` to `last`.

    Parameters
    ----------
    wiring : Wiring
    step : Step
    state : State
        Changes in place, as `seen` does.
    bias : float64, shape (n_cells,)
        Constant input.
    weights : float64, shape (n_weights,)
        Plastic weights.
    common : float64, shape (n_trained, n_outside)
        Weights from outside.
    arrives : int64, shape (n_steps + 1,)
        Where spikes of cells outside begin in `outer`, for every step of the trial.
    outer : int32, shape (n_spikes,)
        Cells outside that fire.
    first, last : int
    bins_from, bin_steps : int
        First step of the first bin, and steps of a bin; what lies outside is not kept.
    seen : Seen
    n_seen : int
        Spikes written down before.
    act, memory, regular : what `rules.Compiled` has, optional
        Plasticity rules, which change `weights`; None for weights that stay.
    clock : int
        Step of the rules' own clock at step 0.

    Returns
    -------
    int
        Spikes written down; -1 where there is no room for more.
    """
    n = state.v.size
    degree, bins = wiring.target.shape[1], seen.total.shape[0]
    threshold, fired = 1.0, np.empty(n, np.int32)
    keeps = seen.cell.size > 0
    for now in range(first, last):
        if act is not None:
            regularly(act, memory, regular, weights, clock + now)
        at = (now - bins_from) // bin_steps
        v, static, plastic, trace = state.v, state.static, state.plastic, state.trace
        if 0 <= at < bins:
            total, square = seen.total[at], seen.square
            for i in range(n):
                both = step.mean_static * static[i] + step.mean_plastic * plastic[i]
                total[i] += both
                square[i] += both * both
        for i in range(n):
            v[i] = (
                step.membrane * v[i] + step.constant * bias[i] + step.static * static[i]
                + step.plastic * plastic[i]
            )  # fmt: skip
            static[i] *= step.keep_static
            plastic[i] *= step.keep_plastic
            trace[i] *= step.keep_plastic
        n_fired = 0
        for i in range(n):
            if v[i] > threshold:
                v[i] = 0.0
                fired[n_fired] = i
                n_fired += 1
        for k in range(n_fired):
            i = fired[k]
            trace[i] += step.jump
            seen.spikes[i] += 1
            if keeps:
                if n_seen == seen.cell.size:
                    return -1
                seen.cell[n_seen], seen.step[n_seen] = i, now
                n_seen += 1
            of = 0 if i < wiring.n_first else 1
            to_first, to_second = wiring.jump[of, 0], wiring.jump[of, 1]
            targets, split = wiring.target[i], wiring.split[i]
            for j in range(split):
                static[targets[j]] += to_first
            for j in range(split, degree):
                static[targets[j]] += to_second
            for j in range(wiring.start[i], wiring.start[i + 1]):
                place = wiring.weight[j]
                if act is None:
                    sent = weights[place]
                else:
                    sent = at_spike(act, memory, weights, PRE, place, clock + now)
                plastic[wiring.post[j]] += step.jump * sent
        if act is not None:
            for k in range(n_fired):
                unit = wiring.unit[fired[k]]
                if unit >= 0:
                    for place in range(wiring.first[unit], wiring.first[unit + 1]):
                        at_spike(act, memory, weights, POST, place, clock + now)
        for f in range(state.outside.size):
            state.outside[f] *= step.keep_plastic
        for k in range(arrives[now], arrives[now + 1]):
            f = outer[k]
            state.outside[f] += step.jump
            for unit in range(wiring.trained.size):
                plastic[wiring.trained[unit]] += step.jump * common[unit, f]
    return n_seen


# With rules it is compiled anew in every process: numba could not tell one function from another.
advance_plastic = njit(nogil=True)(advance.py_func)
