"""Whether models reach zero, the noise ceiling or each other, beyond these animals and conditions.

Always read all three: a model that is better than nothing may be far from what the data allow, and
no better than the next one.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from spikedrift.core.errors import InputError
from spikedrift.rsa.noise_ceiling import bounds, check_animals
from spikedrift.rsa.stacks import (
    Comparator,
    Normalizer,
    by_animal,
    check_stack,
    n_conditions,
    relabeled,
)
from spikedrift.stats.inference import holm

MIN_CONDITIONS = 5
MIN_DISTINCT = 3  # conditions in a draw: fewer leave pairs that cannot be ordered


@dataclass(frozen=True)
class Bootstrap:
    """Scores of models with their bootstrap over animals and conditions.

    Attributes
    ----------
    score : float64, shape (n_models,)
        Mean similarity over animals.
    lower, upper : float
        Noise ceiling; NaN where conditions alone are resampled.
    covariance : float64, shape (3, n_models + 2, n_models + 2)
        Of scores, lower and upper ceiling when both factors, animals alone, conditions alone are
        resampled, not corrected; the first two are NaN where conditions alone are.
    n_animals, n_conditions : int
    dof : int
        min(n_animals, n_conditions) - 1, or n_conditions - 1.
    """

    score: np.ndarray
    lower: float
    upper: float
    covariance: np.ndarray
    n_animals: int
    n_conditions: int
    dof: int

    def variance(self, contrast: np.ndarray) -> np.ndarray:
        """Corrected variance of contrasts of the scores, lower and upper ceiling.

        The two-factor bootstrap counts the noise of single cells (animal x condition) several
        times; the three bootstraps together give it once (Schuett et al. 2023, eLife 12:e82566):

            n_r / (n_r - 1) v_r + n_c / (n_c - 1) v_c
            - n_r n_c / ((n_r - 1) (n_c - 1)) (v_both - v_r - v_c)

        not below either corrected single variance, and not above v_both.

        Parameters
        ----------
        contrast : float64, shape (..., n_models + 2)

        Returns
        -------
        float64, shape (...)
        """
        covariance = np.nan_to_num(self.covariance)
        both, animals, conditions = np.einsum("...i,kij,...j->k...", contrast, covariance,
                                              contrast)  # fmt: skip
        c = self.n_conditions / (self.n_conditions - 1)
        if np.isnan(self.covariance[0, 0, 0]):
            return np.asarray(c * conditions)
        r = self.n_animals / (self.n_animals - 1)
        found = r * animals + c * conditions - r * c * (both - animals - conditions)
        return np.asarray(
            np.minimum(np.maximum(found, np.maximum(r * animals, c * conditions)), both)
        )


@dataclass(frozen=True)
class Contrasts:
    """Estimates and tests of a family of contrasts.

    Attributes
    ----------
    estimate, standard_error, low, high, p_value : float64, shape (n_tests,)
        `low` and `high` are the two-sided Student interval of the estimate. NaN where a contrast
        does not vary.
    pairs : int, shape (n_tests, 2)
        Models compared, first less second; -1 stands for zero or the ceiling.
    dof : int
    null : str
    """

    estimate: np.ndarray
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    pairs: np.ndarray
    dof: int
    null: str

    @property
    def p_holm(self) -> np.ndarray:
        """Holm over the family: float64, shape (n_tests,)."""
        return holm(self.p_value)


def bootstrap(
    rdms: np.ndarray,
    models: np.ndarray,
    compare: Comparator,
    normalize: Normalizer,
    rng: np.random.Generator,
    n_samples: int = 1000,
    animals: np.ndarray | None = None,
    resample: Literal["both", "conditions"] = "both",
) -> Bootstrap:
    """Resample animals and conditions (Schuett et al. 2023, eLife 12:e82566).

    In each sample the same draws are scored with both factors resampled and with each alone. Pairs
    of one condition with itself are left out. Draws of fewer than three distinct conditions, or
    fewer than two distinct animals, are drawn again.

    Parameters
    ----------
    rdms : float64, shape (k, n_pairs)
    models : float64, shape (n_models, n_pairs)
        Fixed predictions; a model fitted to these data would have to be fitted in each sample.
    compare, normalize
        A comparator and its normalizer, see `spikedrift.rsa.stacks`.
    rng : Generator
    n_samples : int
    animals : array, shape (k,), optional
        Labels of `rdms`; an animal's sessions are drawn together, and every animal counts alike.
    resample : {"both", "conditions"}
        conditions: animals are fixed, and what is found holds for them alone.

    Raises
    ------
    InputError
        With fewer than five animals where they are resampled, fewer than five conditions, or an
        undefined pair.
    """
    check_stack(rdms, models)
    n = n_conditions(rdms)
    groups = by_animal(len(rdms), animals)
    if resample == "both":
        check_animals(len(groups), "a bootstrap")
    if n < MIN_CONDITIONS:
        raise InputError(f"a bootstrap over conditions needs {MIN_CONDITIONS}, there are {n}")
    member = np.zeros((len(groups), len(rdms)))
    for k, group in enumerate(groups):
        member[k, group] = 1 / group.size
    once = np.ones(len(groups), dtype=np.int64)

    def per_animal(one: np.ndarray, stack: np.ndarray) -> np.ndarray:
        return np.stack([member @ compare(model, stack) for model in one])

    def reading(values: np.ndarray, stack: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Scores and ceilings with animals counted `weights` times."""
        limits = (
            bounds(stack, groups, weights, compare, normalize)
            if resample == "both"
            else (np.nan, np.nan)
        )
        return np.array([*(values @ weights / weights.sum()), *limits])

    values = per_animal(models, rdms)
    whole = reading(values, rdms, once)
    samples = np.full((3, n_samples, whole.size), np.nan)
    for k in range(n_samples):
        draw = _draw(n, MIN_DISTINCT, rng)
        stack, moved = relabeled(rdms, draw), relabeled(models, draw)
        drawn = per_animal(moved, stack)
        samples[2, k] = reading(drawn, stack, once)
        if resample == "both":
            weights = np.bincount(_draw(len(groups), 2, rng), minlength=len(groups))
            samples[0, k] = reading(drawn, stack, weights)
            samples[1, k] = reading(values, rdms, weights)
    deviation = samples - samples.mean(axis=1, keepdims=True)
    return Bootstrap(
        score=whole[:-2],
        lower=float(whole[-2]),
        upper=float(whole[-1]),
        covariance=np.einsum("ksi,ksj->kij", deviation, deviation) / (n_samples - 1),
        n_animals=len(groups),
        n_conditions=n,
        dof=(min(len(groups), n) if resample == "both" else n) - 1,
    )


def against_zero(found: Bootstrap, confidence: float = 0.95) -> Contrasts:
    """Test each model's score against 0, one-sided: whether it is larger."""
    n = found.score.size
    pairs = np.stack([np.arange(n), np.full(n, -1)], axis=1)
    return _tests(found, np.eye(n, n + 2), pairs, "greater", confidence, "score is 0")


def against_ceiling(found: Bootstrap, confidence: float = 0.95) -> Contrasts:
    """Test each model's score against the lower noise ceiling, one-sided: whether it is smaller.

    A model that is not short of it is as near to the data as other animals are.

    Raises
    ------
    InputError
        Where animals were not resampled: there is no such ceiling.
    """
    if np.isnan(found.lower):
        raise InputError(
            "a test against the noise ceiling over animals needs animals resampled; with fewer "
            "than five, compare with the ceiling from halves of units by eye"
        )
    n = found.score.size
    contrast = np.eye(n, n + 2)
    contrast[:, -2] = -1
    pairs = np.stack([np.arange(n), np.full(n, -1)], axis=1)
    return _tests(found, contrast, pairs, "less", confidence, "score is the lower noise ceiling")


def between_models(found: Bootstrap, confidence: float = 0.95) -> Contrasts:
    """Test the difference of every two models' scores, two-sided."""
    n = found.score.size
    pairs = np.stack(np.triu_indices(n, 1), axis=1)
    contrast = np.zeros((len(pairs), n + 2))
    np.put_along_axis(contrast, pairs[:, :1], 1.0, axis=1)
    np.put_along_axis(contrast, pairs[:, 1:], -1.0, axis=1)
    return _tests(found, contrast, pairs, "two", confidence, "scores of the two are equal")


def _tests(
    found: Bootstrap,
    contrast: np.ndarray,
    pairs: np.ndarray,
    tail: Literal["greater", "less", "two"],
    confidence: float,
    null: str,
) -> Contrasts:
    limits = np.nan_to_num([found.lower, found.upper])
    estimate = contrast @ np.concatenate([found.score, limits])
    spread = found.variance(contrast)
    error = np.sqrt(np.where(spread > 0, spread, np.nan))
    t, law = estimate / error, stats.t(found.dof)
    p = {"greater": law.sf(t), "less": law.cdf(t), "two": 2 * law.sf(np.abs(t))}[tail]
    half = law.ppf((1 + confidence) / 2) * error
    return Contrasts(estimate, error, estimate - half, estimate + half, p, pairs, found.dof, null)


def _draw(n: int, distinct: int, rng: np.random.Generator) -> np.ndarray:
    """Draw n of n with replacement, at least `distinct` different ones."""
    while True:
        drawn = rng.integers(n, size=n)
        if np.unique(drawn).size >= distinct:
            return drawn
