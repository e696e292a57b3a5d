"""Whether learned activity comes back after a push, as to an attractor, and how fast.

Trained cells get an input for a while, along the first principal component of their targets, in a
trial that is otherwise the same: potentials, stimulus and spikes from outside. Without anything
that brings activity back, a displacement of the input is forgotten no faster than slow synapses
forget, and the two trials may part for good, since a balanced network is chaotic. So the mean over
trials is followed, of the difference of the two along the direction in which they were pushed.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from spikedrift.networks.balanced import BIN, Push

if TYPE_CHECKING:
    from spikedrift.networks.balanced_training import Trained

COMPONENTS = 4


class Pushed(NamedTuple):
    """Displacement after a push.

    Attributes
    ----------
    time : float64, shape (n_bins,), s
        Middles of bins, from the beginning of the push.
    along : float64, shape (n_bins,)
        Displacement in the direction of the greatest, of the projection on the first components
        of the targets, in units of `spread`.
    spread : float
        SD of trials that were not pushed, in that direction, over trials.
    back : float, s
        From the greatest displacement until it is 1/e of that; NaN where the trial ends before.
    apart : float
        Root mean square distance of single pairs of trials in the last 100 ms of the trial, in
        units of that of two trials of different draws: 1 where they have parted for good.
    """

    time: np.ndarray
    along: np.ndarray
    spread: float
    back: float
    apart: float


def recovery(
    network: "Trained", n: int, begin: float, length: float = 0.05, size: float = 1.0
) -> Pushed:
    """Push a network that is trained, in its first condition.

    Parameters
    ----------
    network : Trained
    n : int
        Pairs of trials.
    begin, length : float, s
        When the push begins, from the beginning of the targets, and how long it lasts.
    size : float
        Root mean square input of trained cells, in units of the threshold.
    """
    from spikedrift.training.projections import components

    times, dt, cells = network.times, network.options.simulation.dt, network.cells
    _, axes = components(network.target[0], COMPONENTS)
    pushing = np.zeros(network.options.balance.n_cells)
    pushing[cells] = size * cells.size**0.5 * axes[0]
    first = times.outside + round(begin / dt)
    push = Push(first, min(first + round(length / dt), times.stop), pushing)
    found = np.array(
        [
            [
                network.run(0, f"push {k}", inputs=True, push=one).total[:, cells] @ axes.T
                for one in (None, push)
            ]
            for k in range(n)
        ]
    )  # (pair, pushed, bin, component)
    since = round(begin / BIN)
    alone, apart = found[:, 0, since:], (found[:, 1] - found[:, 0])[:, since:]
    mean = apart.mean(axis=0)
    greatest = int((mean**2).sum(axis=1).argmax())
    direction = mean[greatest] / np.linalg.norm(mean[greatest])
    spread = float((alone @ direction).std(axis=0, ddof=1).mean())
    along = mean @ direction / spread
    below = np.flatnonzero(along[greatest:] <= along[greatest] / np.e)
    late = slice(-round(0.1 / BIN), None)
    independent = 2 * alone[:, late].var(axis=0, ddof=1).sum(axis=-1).mean()
    parted = (apart[:, late] ** 2).sum(axis=-1).mean()
    return Pushed(
        (np.arange(along.size) + 0.5) * BIN,
        along,
        spread,
        float(below[0] * BIN) if below.size else np.nan,
        float(np.sqrt(parted / independent)),
    )
