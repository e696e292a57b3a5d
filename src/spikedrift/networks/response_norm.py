"""How far a population is driven from its baseline by a segment, and for how long.

The norm is the root mean square over cells of what their rates differ by from the baseline before
the segment. Its square is estimated as the product of the deviations in the even and in the odd
repeats, whose noise is independent, so that spike noise adds nothing to it on average; it may then
be negative where there is no response.
"""

import numpy as np


def squared_norm(
    time: np.ndarray,
    cell: np.ndarray,
    n_cells: int,
    onset: np.ndarray,
    segment: np.ndarray,
    edges: np.ndarray,
    baseline: float,
) -> np.ndarray:
    """Estimate the squared norm of the response in bins, without bias, as a mean over segments.

    Parameters
    ----------
    time, cell : array, shape (n_spikes,), s
        In order of time.
    n_cells : int
    onset, segment : array, shape (n_presentations,), s
        At least two presentations of every segment.
    edges : array, shape (n_bins + 1,), s
        Of the bins, from the onset.
    baseline : float, s
        Length of the baseline, which ends at the onset.

    Returns
    -------
    float64, shape (n_bins,), Hz**2
    """
    shown = np.unique(segment)
    total = np.zeros(len(edges) - 1)
    for one in shown:
        onsets = np.asarray(onset)[segment == one]
        even, odd = (
            _deviation(time, cell, n_cells, onsets[first::2], edges, baseline) for first in (0, 1)
        )
        total += (even * odd).mean(axis=0)
    return total / shown.size


def lasting(square: np.ndarray, edges: np.ndarray, offset: float) -> float:
    """Time after the end of a segment until the norm has fallen to 1/e of its peak; s.

    Parameters
    ----------
    square : array, shape (n_bins,), Hz**2
    edges : array, shape (n_bins + 1,), s
    offset : float, s
        End of the segment, from its onset.

    Returns
    -------
    float
        To the beginning of the first bin in which it has; to the last edge if it does not.
    """
    fallen = (edges[:-1] >= offset) & (square <= square.max() * np.exp(-2))
    return float((edges[:-1][fallen][0] if fallen.any() else edges[-1]) - offset)


def _deviation(
    time: np.ndarray,
    cell: np.ndarray,
    n_cells: int,
    onsets: np.ndarray,
    edges: np.ndarray,
    baseline: float,
) -> np.ndarray:
    """Mean rate minus baseline, shape (n_cells, n_bins), Hz."""
    bins = np.array([-baseline, *edges])  # the gap between onset and the first edge counts nowhere
    count = np.zeros((n_cells, len(bins) - 1))
    for onset in onsets:
        part = slice(*np.searchsorted(time, [onset - baseline, onset + edges[-1]]))
        since, who = time[part] - onset, cell[part]
        inside = (since < 0) | (since >= edges[0])
        place = np.searchsorted(bins, since[inside], side="right") - 1
        np.add.at(count, (who[inside], place), 1)
    rate = count[:, 1:] / np.diff(edges) / len(onsets)
    return np.asarray(rate - count[:, :1] / baseline / len(onsets))
