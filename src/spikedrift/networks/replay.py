"""Replay of assemblies: when they are active, what follows what, and the weights between them."""

from collections.abc import Sequence

import numpy as np


def activities(
    cell: np.ndarray, step: np.ndarray, group: np.ndarray, n_steps: int, decays: Sequence[float]
) -> np.ndarray:
    """Filter the spikes of assemblies, averaged over their cells.

    Parameters
    ----------
    cell, step : int, shape (n_spikes,)
    group : int, shape (n_cells,)
        Assembly of every cell.
    n_steps : int
    decays : sequence of float
        Time constants in steps of first-order filters of area 1, one after the other.

    Returns
    -------
    float64, shape (n_assemblies, n_steps), spikes of a cell in a step
    """
    from scipy.signal import lfilter

    size = np.bincount(group)
    spikes = np.bincount(group[cell] * n_steps + step, minlength=size.size * n_steps)
    found = spikes.reshape(size.size, n_steps) / size[:, None]
    for decay in decays:
        found = lfilter([1 / decay], [1, 1 / decay - 1], found)
    return np.asarray(found)


def reactivations(activity: np.ndarray) -> list[tuple[int, int, int]]:
    """Start, stop and assembly of every stretch above half of an assembly's maximum, in order.

    Parameters
    ----------
    activity : float, shape (n_assemblies, n_steps)
    """
    found = []
    for assembly, one in enumerate(activity):
        above = np.concatenate([[0], one > one.max() / 2, [0]]).astype(int)
        edges = np.flatnonzero(np.diff(above)).reshape(-1, 2)
        found += [(int(start), int(stop), assembly) for start, stop in edges]
    return sorted(found)


def transitions(events: list[tuple[int, int, int]], n: int, within: int) -> np.ndarray:
    """Probabilities with which each assembly is followed by each other one: shape (n, n).

    Parameters
    ----------
    events : list of (start, stop, assembly)
    n : int
        Assemblies.
    within : int
        Steps after the end of one in which the next begins. Rows are NaN where none follows.
    """
    start, _, assembly = np.array(events, dtype=int).reshape(-1, 3).T
    counts = np.zeros((n, n))
    for _, stop, one in events:
        after, until = np.searchsorted(start, stop), np.searchsorted(start, stop + within, "right")
        following = assembly[after:until]
        np.add.at(counts[one], following[following != one], 1)
    with np.errstate(invalid="ignore"):
        return counts / counts.sum(axis=1, keepdims=True)


def mean_weights(
    weight: np.ndarray, pre: np.ndarray, post: np.ndarray, group: np.ndarray
) -> np.ndarray:
    """Mean weight from each assembly to each, at every save: shape (n_saves, n, n).

    Parameters
    ----------
    weight : float, shape (n_saves, n_synapses)
    pre, post : int, shape (n_synapses,)
    group : int, shape (n_cells,)
    """
    n = int(group.max()) + 1
    pair = group[pre] * n + group[post]
    sums = [np.bincount(pair, one, minlength=n * n) for one in weight]
    with np.errstate(invalid="ignore"):
        return (np.array(sums) / np.bincount(pair, minlength=n * n)).reshape(-1, n, n)


def alike(found: np.ndarray, expected: np.ndarray) -> float:
    """Correlate two matrices over pairs of assemblies; NaN where one is all alike or incomplete.

    Parameters
    ----------
    found, expected : float, shape (n, n)
    """
    other = ~np.eye(len(expected), dtype=bool)
    pairs = np.stack([np.asarray(found)[other], np.asarray(expected)[other]])
    if not np.isfinite(pairs).all() or not np.ptp(pairs, axis=1).all():
        return np.nan
    return float(np.corrcoef(pairs)[0, 1])
