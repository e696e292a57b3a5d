"""How near a model RDM can come to the RDMs of recordings: noise ceilings.

There are three of them. With five animals or more, `ceiling` brackets what the true RDM reaches.
With fewer, `halves_ceiling` is taken from halves of the units of each recording, and says nothing
about other animals. For a model with noise of its own there is `matched_noise`, since such a model
cannot reach either of the others even where it is right.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from spikedrift.core.errors import InputError
from spikedrift.rsa.stacks import Comparator, Normalizer, by_animal, check_stack

MIN_ANIMALS = 5
EXACT = 10_000  # assignments of labels; beyond it they are drawn at random


@dataclass(frozen=True)
class Ceiling:
    """Bracket of the similarity that the best possible model reaches.

    Attributes
    ----------
    lower, upper : float
    n : int
        Animals, or halvings.
    unit : str
        Over what the ceiling was taken: "animals" or "halves of units".
    """

    lower: float
    upper: float
    n: int
    unit: str


@dataclass(frozen=True)
class MatchedNoise:
    """A noisy model against recordings, and against instances of itself in their place.

    Attributes
    ----------
    score : float
        Mean similarity of the model's instances to the recordings.
    ceiling : float
        Mean similarity of the model's instances to each other.
    instance_score, instance_ceiling : float64, shape (n_instances,)
        The same, of each instance.
    p_value : float
        One-sided p that the score falls short of the ceiling.
    smallest_p : float
        The smallest p that so many recordings and instances can give.
    n_recordings, n_instances : int
    """

    score: float
    ceiling: float
    instance_score: np.ndarray
    instance_ceiling: np.ndarray
    p_value: float
    smallest_p: float
    n_recordings: int
    n_instances: int


def check_animals(n: int, what: str) -> None:
    """Refuse to take fewer than five animals for a sample of all animals.

    Raises
    ------
    InputError
        With fewer than five; its message begins with `what`.
    """
    if n < MIN_ANIMALS:
        raise InputError(
            f"{what} over animals needs {MIN_ANIMALS} of them, there are {n}: take the ceiling "
            "from halves of units and resample conditions alone"
        )


def bounds(
    rdms: np.ndarray,
    groups: list[np.ndarray],
    weights: np.ndarray,
    compare: Comparator,
    normalize: Normalizer,
) -> tuple[float, float]:
    """Lower and upper bound of animals, each counted `weights` times; see `ceiling`.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
    groups : list of int arrays
        Places of each animal's RDMs.
    weights : int, shape (n_animals,)
        How often an animal was drawn; all its copies are left out together.

    Returns
    -------
    lower, upper : float
        Lower is NaN where only one animal has weight.
    """
    drawn = np.flatnonzero(weights)
    groups, weights = [groups[k] for k in drawn], weights[drawn]
    normalized = normalize(rdms)
    own = np.stack([normalized[group].mean(axis=0) for group in groups])
    n, total = weights.sum(), weights @ own
    reached = compare(total / n, rdms)
    upper = weights @ [reached[group].mean() for group in groups] / n
    if len(groups) < 2:
        return float("nan"), float(upper)
    lower = weights @ [
        compare((total - weight * one) / (n - weight), rdms[group]).mean()
        for group, weight, one in zip(groups, weights, own, strict=True)
    ]
    return float(lower / n), float(upper)


def ceiling(
    rdms: np.ndarray,
    compare: Comparator,
    normalize: Normalizer,
    animals: np.ndarray | None = None,
) -> Ceiling:
    """Noise ceiling over animals (Nili et al. 2014, PLoS Comput Biol 10:e1003553).

    The upper bound is the mean similarity of each RDM to the RDM pooled over all animals, itself
    included; where `normalize` fits `compare`, no RDM at all comes nearer. The lower bound is that
    to the RDM pooled over the other animals. The true RDM, without noise, lies between the two in
    expectation; a model with noise of its own does not, see `matched_noise`.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
    compare, normalize
        A comparator and its normalizer, see `spikedrift.rsa.stacks`.
    animals : array, shape (k,), optional
        Labels; sessions of an animal are left out together, and every animal counts alike.

    Raises
    ------
    InputError
        With fewer than five animals, or an undefined pair.
    """
    check_stack(rdms)
    groups = by_animal(len(rdms), animals)
    check_animals(len(groups), "a noise ceiling")
    lower, upper = bounds(rdms, groups, np.ones(len(groups), int), compare, normalize)
    return Ceiling(lower, upper, len(groups), "animals")


def halves_ceiling(halves: np.ndarray, compare: Comparator) -> Ceiling:
    """Noise ceiling from random halves of the units of a recording, nothing resampled.

    With r the mean similarity of two halves, an independent recording of as many other units
    reaches 2 r / (1 + r) (Spearman-Brown) and the RDM of infinitely many units the square root of
    that: these are the lower and the upper bound. They hold where similarity is a cosine or a
    correlation of RDMs whose noise is independent between halves and of mean 0, as that of
    cross-validated distances. The bias that noise gives to other distances is shared by the halves
    and passes for signal, and so does noise of trials that units share. Nothing is said about other
    animals.

    Parameters
    ----------
    halves : float64, shape (n_splits, 2, n_pairs)
        RDMs of the two halves of each split.
    compare : Comparator

    Returns
    -------
    Ceiling
        Upper is NaN where halves do not agree at all (r <= 0).

    Raises
    ------
    InputError
        Without splits, or with an undefined pair.
    """
    if halves.ndim != 3 or halves.shape[1] != 2 or not len(halves):
        raise InputError("a ceiling from halves of units needs RDMs (n_splits, 2, n_pairs)")
    check_stack(halves[:, 0], halves[:, 1])
    r = float(np.mean([compare(one, two[None])[0] for one, two in halves]))
    whole = 2 * r / (1 + r)
    upper = float(np.sqrt(whole)) if whole > 0 else float("nan")
    return Ceiling(whole, upper, len(halves), "halves of units")


def matched_noise(
    recordings: np.ndarray,
    instances: np.ndarray,
    compare: Comparator,
    rng: np.random.Generator,
) -> MatchedNoise:
    """Score a noisy model, and an independent instance of it in place of the recordings.

    The ceiling is what the model's instances score when one of themselves, seen through the same
    units and trials, takes the place of a recording. The test asks whether score less ceiling is
    lower than when the labels of recordings and instances are permuted; over all assignments where
    there are at most 10000, otherwise (1 + k) / (1 + 9999) over random ones. It is exact where
    recordings are exchangeable with instances: same RDM, same noise, and as much difference between
    animals as between instances. With one recording and K instances p is at least 1 / (K + 1).

    Parameters
    ----------
    recordings : float64, shape (n_recordings, n_pairs)
        One RDM per animal.
    instances : float64, shape (n_instances, n_pairs)
        One RDM per independent instance (connectivity, patterns, noise).
    compare : Comparator
    rng : Generator

    Raises
    ------
    InputError
        Without a recording, with fewer than two instances, or an undefined pair.
    """
    s, k = len(recordings), len(instances)
    if s < 1 or k < 2:
        raise InputError(
            f"a matched-noise ceiling needs a recording and two instances, there are {s} and {k}"
        )
    check_stack(recordings, instances)
    stack = np.concatenate([recordings, instances])
    similarity = np.stack([compare(one, stack) for one in stack])
    np.fill_diagonal(similarity, 0.0)
    total = comb(s + k, s)
    if total <= EXACT:
        chosen = np.array(list(combinations(range(s + k), s)))  # the first is the true one
    else:
        drawn = np.argsort(rng.random((EXACT - 1, s + k)), axis=1)[:, :s]
        chosen = np.concatenate([np.arange(s)[None], drawn])
    data = np.zeros((len(chosen), s + k))
    np.put_along_axis(data, chosen, 1.0, axis=1)
    toward = (1 - data) @ similarity
    short = (toward * data).sum(axis=1) / (s * k) - (toward * (1 - data)).sum(axis=1) / (
        k * (k - 1)
    )
    own = similarity[s:]
    score, instead = own[:, :s].mean(axis=1), own[:, s:].sum(axis=1) / (k - 1)
    ties = 1e-12 * np.abs(similarity).max()
    return MatchedNoise(
        score=float(score.mean()),
        ceiling=float(instead.mean()),
        instance_score=score,
        instance_ceiling=instead,
        p_value=float(np.mean(short <= short[0] + ties)),
        smallest_p=1 / min(total, EXACT),
        n_recordings=s,
        n_instances=k,
    )
