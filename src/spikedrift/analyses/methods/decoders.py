"""Decoders of the segment from single trials, and the rate and timing features that they use.

Everything that is fitted (means that stand for missing values, scales, components, covariances) is
fitted to the training trials alone. Linear decoders depend on responses only through scalar
products, so that they can be fitted in the span of the training trials, whatever the number of
features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.linear_model import LogisticRegression

from spikedrift.drift.anchored.rate import rate_dissimilarity
from spikedrift.similarity.spikeship import spikeship_matrix
from spikedrift.spikes.layout import Layout

CODES = ("rate", "timing", "both")
Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Features:
    """Features of every unit in every trial, and where they are known.

    Attributes
    ----------
    values : float32, shape (n_trials, n_units, n_numbers)
        0 where not known.
    known : bool, shape (n_trials, n_units)
    """

    values: np.ndarray
    known: np.ndarray

    def units(self, index: np.ndarray) -> "Features":
        """Features of some units."""
        return Features(self.values[:, index], self.known[:, index])

    def products(self, train: np.ndarray, test: np.ndarray) -> Pair:
        """Scalar products of training trials with training trials, and of test with training.

        Features are centered on the mean of the known training trials, which also replaces unknown
        values, so that a missing value favors no segment. They are scaled to a mean square length
        of 1 over the training trials.

        Returns
        -------
        float64, shapes (n_train, n_train) and (n_test, n_train)
        """
        known = self.known[train]
        n = known.sum(axis=0)[:, None]
        mean = self.values[train].sum(axis=0) / np.maximum(n, 1)

        def centered(trials: np.ndarray) -> np.ndarray:
            there = (self.known[trials] & (n[:, 0] > 0))[..., None]
            return ((self.values[trials] - mean) * there).reshape(trials.size, -1)

        x = centered(train)
        gram = (x @ x.T).astype(np.float64)
        scale = max(np.trace(gram) / train.size, 1e-12)
        return gram / scale, (centered(test) @ x.T).astype(np.float64) / scale


def features_of(layout: Layout, bins: int) -> dict[str, Features]:
    """Features by code: square roots of counts (rate), and profiles divided by counts (timing).

    A profile is the share of a unit's spikes in each of `bins` equal parts of the trial; a unit
    that is silent in a trial has none there. Two-photon events have no timing.
    """
    spikes = layout.events
    root = np.sqrt(spikes.counts * spikes.observed).astype(np.float32)
    found = {"rate": Features(root[..., None], spikes.observed)}
    if not layout.timed:
        return found
    trial, unit = spikes.cells
    part = np.minimum((spikes.times / spikes.duration[trial] * bins).astype(np.int64), bins - 1)
    shape = (*spikes.counts.shape, bins)
    cell = (trial * shape[1] + unit) * bins + part
    profile = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape).astype(np.float32)
    active = (spikes.counts > 0) & spikes.observed
    profile /= np.maximum(spikes.counts, 1)[..., None]
    found["timing"] = Features(profile * active[..., None], active)
    return found


def distances_of(layout: Layout, min_shared: int) -> dict[str, np.ndarray]:
    """Distances between all trials: 1 - Pearson of square roots of counts, and SpikeShip.

    Returns
    -------
    dict of code -> float64, shape (n_trials, n_trials)
        NaN where two trials share too few units.
    """
    spikes = layout.events
    n_trials, n_units = spikes.counts.shape
    first, second = np.triu_indices(n_trials, k=1)
    rate = np.zeros((n_trials, n_trials))
    rate[first, second] = rate_dissimilarity(
        spikes.counts, spikes.observed, first, second, max(min_shared, 2)
    )[0]
    found = {"rate": rate + rate.T}
    if layout.timed:
        found["timing"] = spikeship_matrix(
            spikes.times,
            spikes.offsets,
            n_trials,
            n_units,
            spikes.observed,
            min_shared,
            threads=1,
        )[0]
    return found


def linear_evidence(
    features: dict[str, Features], train: np.ndarray, test: np.ndarray
) -> dict[str, Pair]:
    """Scores of training and test trials along the components of the training trials.

    `both` puts rate and timing side by side, each scaled to the same variance in training.
    """
    products = {code: each.products(train, test) for code, each in features.items()}
    if len(products) == 2:
        gram, cross = (np.mean(parts, axis=0) for parts in zip(*products.values(), strict=True))
        products["both"] = gram, cross
    found = {}
    for code, (gram, cross) in products.items():
        value, vector = np.linalg.eigh(gram)
        kept = value > 1e-6 * value[-1]
        length = np.sqrt(value[kept])
        found[code] = vector[:, kept] * length, cross @ (vector[:, kept] / length)
    return found


def nearest_evidence(
    distances: dict[str, np.ndarray], train: np.ndarray, test: np.ndarray
) -> dict[str, np.ndarray]:
    """Distances of test trials to training trials, shape (n_test, n_train); infinite for NaN.

    `both` adds rate and timing, each divided by its mean between training trials.
    """
    found = {code: each[np.ix_(test, train)] for code, each in distances.items()}
    if len(found) == 2:
        pairs = np.triu_indices(train.size, k=1)
        scale = {
            code: max(np.nan_to_num(np.nanmean(each[np.ix_(train, train)][pairs])), 1e-300)
            for code, each in distances.items()
            if np.isfinite(each[np.ix_(train, train)][pairs]).any()
        }
        # A single training trial has no pairs to be scaled by, and no other to be compared with.
        used = scale or dict.fromkeys(found, 1.0)
        found["both"] = np.sum([found[code] / size for code, size in used.items()], axis=0)
    return {code: np.where(np.isfinite(each), each, np.inf) for code, each in found.items()}


def nearest(distance: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Label of the nearest training trial; -1 where no training trial can be compared."""
    found = label[distance.argmin(axis=1)]
    return np.where(np.isfinite(distance.min(axis=1)), found, -1)


def lda(train: np.ndarray, label: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Linear discriminant analysis with equal priors and Ledoit-Wolf shrinkage.

    The covariance within segments is pooled before it is shrunk toward a multiple of the identity.

    Parameters
    ----------
    train : float64, shape (n_train, n_scores)
    label : int, shape (n_train,)
    test : float64, shape (n_test, n_scores)

    Returns
    -------
    int, shape (n_test,)
    """
    names, member = np.unique(label, return_inverse=True)
    mean = np.zeros((names.size, train.shape[1]))
    np.add.at(mean, member, train)
    mean /= np.bincount(member)[:, None]
    residual = train - mean[member]
    shrinkage = ledoit_wolf_shrinkage(residual, assume_centered=True)
    covariance = (1 - shrinkage) * residual.T @ residual / len(train)
    spread = (residual**2).mean()
    covariance[np.diag_indices_from(covariance)] += shrinkage * spread + 1e-12
    weight = np.linalg.solve(covariance, mean.T)
    score = test @ weight - 0.5 * np.einsum("sk,ks->s", mean, weight)
    return np.asarray(names[score.argmax(axis=1)])


def logistic(train: np.ndarray, label: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Multinomial logistic regression, L2 penalty, C = 10 for scores of mean square length 1.

    Arguments and result are those of `lda`.
    """
    fitted = LogisticRegression(C=10.0, tol=1e-3, max_iter=300).fit(train, label)
    return np.asarray(fitted.predict(test))


LINEAR: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "lda": lda,
    "logistic": logistic,
}


def _linear(
    fit: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    learned: np.ndarray,
    tested: np.ndarray,
    label: np.ndarray,
) -> np.ndarray:
    return fit(learned, label, tested)


@dataclass(frozen=True)
class Evidence:
    """Evidence of a recording for decoders.

    Attributes
    ----------
    names : tuple of str
        Decoders in use: "nearest", and those of `LINEAR`.
    features : dict of code -> Features
    distances : dict of code -> float64, shape (n_trials, n_trials)
        Empty without "nearest".
    """

    names: tuple[str, ...]
    features: dict[str, Features]
    distances: dict[str, np.ndarray]

    @classmethod
    def of(cls, layout: Layout, names: tuple[str, ...], bins: int, min_shared: int) -> "Evidence":
        """Evidence of a layout."""
        distances = distances_of(layout, min_shared) if "nearest" in names else {}
        return cls(names, features_of(layout, bins), distances)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes that the recording has."""
        return CODES if "timing" in self.features else ("rate",)

    def predictors(
        self, train: np.ndarray, test: np.ndarray, codes: tuple[str, ...] | None = None
    ) -> dict[tuple[str, str], Callable[[np.ndarray], np.ndarray]]:
        """Functions of the training labels that predict the test trials, by decoder and code."""
        linear = [name for name in self.names if name in LINEAR]
        scores = linear_evidence(self.features, train, test) if linear else {}
        out: dict[tuple[str, str], Callable[[np.ndarray], np.ndarray]] = {}
        if "nearest" in self.names:
            for code, distance in nearest_evidence(self.distances, train, test).items():
                out["nearest", code] = partial(nearest, distance)
        for name in linear:
            for code, (learned, tested) in scores.items():
                out[name, code] = partial(_linear, LINEAR[name], learned, tested)
        return {key: predict for key, predict in out.items() if codes is None or key[1] in codes}
