"""Rates that wander and the spikes they make, in a compiled loop over bins and cells."""

import numpy as np

from spikedrift.core.compiling import njit


@njit(cache=True)
def fire(rng, draw, turn, first, bin_, rate, speed, last, top, drift, longest):  # type: ignore[no-untyped-def]
    """Let cells fire in some bins; `rate` (Hz), `speed` (Hz/s) and `last` (s) move on in place.

    A cell fires where its draw is below the chance of its rate, or where it has been silent for
    `longest`. Its rate moves at its speed, and its speed by its turn; both stay in their bounds.

    Parameters
    ----------
    rng : Generator
        Places spikes within their bins.
    draw, turn : float64, shape (n_bins, n_cells)
        In [0, 1).
    first : int
        Number of the first bin.
    bin_ : float, s
    rate, speed, last : float64, shape (n_cells,)
    top, drift, longest : float; Hz, Hz/s, s

    Returns
    -------
    cell, time : int32, and float64 (s), shape (n_spikes,)
        In the order of bins, then of cells.
    """
    cell = np.empty(draw.size, np.int32)
    time = np.empty(draw.size)
    n = 0
    for number in range(draw.shape[0]):
        end = bin_ * (first + number + 1)
        begin = n
        for one in range(rate.size):
            if draw[number, one] < rate[one] * bin_ or last[one] < end - longest:
                cell[n] = one
                n += 1
        for spike in range(begin, n):
            time[spike] = last[cell[spike]] = end - rng.random() * bin_
        for one in range(rate.size):
            rate[one] = min(max(rate[one] + speed[one] * bin_, 0.0), top)
            turned = 0.4 * (turn[number, one] - 0.5) * drift
            speed[one] = min(max(speed[one] + turned, -drift), drift)
    return cell[:n].copy(), time[:n].copy()
