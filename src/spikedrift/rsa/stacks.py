"""Stacks of representational dissimilarity matrices (RDMs): what every statistic on them needs.

An RDM of n conditions is the upper triangle of its matrix, row by row, as in
`scipy.spatial.distance.squareform`: float64, shape (n_pairs,), n_pairs = n (n - 1) / 2. A stack has
shape (k, n_pairs). Conditions are segments, repeats or bins of time; where RDMs come from does not
matter here.
"""

from collections.abc import Callable

import numpy as np
import scipy

from spikedrift.core.errors import InputError

Comparator = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(model (n_pairs,), rdms (k, n_pairs)) -> similarity (k,), larger is nearer.

Pairs of one condition with itself, which the bootstrap over conditions makes, come in as NaN, the
same ones in the model and in all rdms: a comparator leaves them out and keeps the place of the
others (whitening needs to know which pair is which). `defined_pairs` does so for a comparator to
which all pairs are alike.
"""
Normalizer = Callable[[np.ndarray], np.ndarray]
"""rdms (k, n_pairs) -> the same shape, such that the mean over the stack is the pooled RDM that a
comparator finds nearest to the stack. NaN pairs stay NaN."""


def n_conditions(rdms: np.ndarray) -> int:
    """Number of conditions of RDMs with n_pairs as last axis.

    Raises
    ------
    InputError
        Where n_pairs is no n (n - 1) / 2.
    """
    pairs = rdms.shape[-1]
    n = round((1 + float(np.sqrt(1 + 8 * pairs))) / 2)
    if pairs < 1 or n * (n - 1) // 2 != pairs:
        raise InputError(f"an RDM has n (n - 1) / 2 pairs of n conditions, not {pairs}")
    return n


def relabeled(rdms: np.ndarray, conditions: np.ndarray) -> np.ndarray:
    """RDMs whose condition i is condition `conditions[i]` of the given ones, rows and columns.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
    conditions : int, shape (..., m)
        Permutations, shifts or resamples of the conditions.

    Returns
    -------
    float64, shape (..., k, m (m - 1) / 2)
        NaN where a pair is one condition with itself.
    """
    n = n_conditions(rdms)
    pair = np.zeros((1, 1), int)
    if n > 1:
        pair = scipy.spatial.distance.squareform(np.arange(1, rdms.shape[-1] + 1))
    first, second = np.triu_indices(conditions.shape[-1], 1)
    place = pair[conditions[..., first], conditions[..., second]]
    padded = np.concatenate([np.full((len(rdms), 1), np.nan), rdms], axis=1)
    return np.asarray(np.moveaxis(padded[:, place], 0, -2))


def check_stack(*stacks: np.ndarray) -> None:
    """Refuse stacks that are not (k, n_pairs) with the same n_pairs, or not finite.

    Raises
    ------
    InputError
        For another shape, an n_pairs that is no n (n - 1) / 2, or undefined pairs.
    """
    for rdms in stacks:
        if rdms.ndim != 2 or rdms.shape[1] != stacks[0].shape[-1]:
            raise InputError("RDMs to compare are stacks (k, n_pairs) over the same conditions")
        if not np.isfinite(rdms).all():
            raise InputError(
                f"{int((~np.isfinite(rdms)).any(axis=1).sum())} of {len(rdms)} RDMs have undefined "
                "pairs: leave out the conditions without responses"
            )
    n_conditions(stacks[0])


def by_animal(n_rdms: int, animals: np.ndarray | None) -> list[np.ndarray]:
    """Places of the RDMs of each animal; without labels every RDM is an animal of its own.

    Raises
    ------
    InputError
        Where there is not one label per RDM.
    """
    if animals is None:
        return list(np.arange(n_rdms)[:, None])
    labels = np.asarray(animals)
    if labels.shape != (n_rdms,):
        raise InputError(f"{n_rdms} RDMs need {n_rdms} animals, not {labels.size}")
    return [np.flatnonzero(labels == label) for label in np.unique(labels)]


def defined_pairs(compare: Comparator) -> Comparator:
    """Make a comparator that takes no NaN see only the pairs that are defined."""

    def compared(model: np.ndarray, rdms: np.ndarray) -> np.ndarray:
        defined = np.isfinite(model)
        return compare(model[defined], rdms[:, defined])

    return compared


def unit_length(
    rdms: np.ndarray, length: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    """RDMs divided by their length: normalizer of the cosine.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
    length : callable, optional
        rdms (k, n_pairs) -> (k,), the comparator's own: sqrt(d' V^-1 d) for a whitened cosine.
        Without it the root mean square over defined pairs.
    """
    own = np.sqrt(np.nanmean(rdms**2, axis=1)) if length is None else length(rdms)
    return np.asarray(rdms / own[:, None])


def centered_unit_length(
    rdms: np.ndarray, length: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    """RDMs less their mean, divided by their length: normalizer of (whitened) correlations.

    Arguments as `unit_length`.
    """
    return unit_length(rdms - np.nanmean(rdms, axis=1, keepdims=True), length)


def ranks(rdms: np.ndarray) -> np.ndarray:
    """Ranks over the defined pairs, ties averaged: normalizer of rho-a and Spearman.

    Shape as `rdms`.
    """
    return np.asarray(scipy.stats.rankdata(rdms, axis=1, nan_policy="omit"))
