"""What a comparator of similarity matrices is, and what those that read matrices share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from spikedrift.core.plugins import Plugins
from spikedrift.rsa.stacks import Normalizer

Score = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Comparator:
    """A way to say how alike a model and a recording are.

    Attributes
    ----------
    name : str
        Stem of the file that defines it.
    title : str
        For axes and tables.
    takes : {"rdm", "responses"}
        rdm: `compare(models, rdms)`, dissimilarities of pairs of conditions, shapes (..., n_pairs)
        and (k, n_pairs), gives (..., k). responses: shapes (..., n_folds, n_conditions, n_features)
        and (k, n_folds, n_conditions, n_features), which need not have the same features, gives
        (..., k). Conditions are in the same order on both sides.
    direction : {"higher", "lower"}
        Which values are more alike.
    blind_to : str
        What can differ between model and recording without changing the value.
    citation : str
    compare : callable
        Pairs that are NaN in any row are left out of all; a row without a defined pair scores NaN.
        A matrix that is constant after the comparator has taken out what it is blind to agrees with
        nothing: it scores 0.
    normalize : callable, optional
        Turns RDMs into ones whose mean is the RDM that `compare` finds nearest to all of them;
        without it there is no ceiling over animals.
    """

    name: str
    title: str
    takes: Literal["rdm", "responses"]
    direction: Literal["higher", "lower"]
    blind_to: str
    citation: str
    compare: Score
    normalize: Normalizer | None = None

    def table(self, models: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> np.ndarray:
        """Score every model against every one of the others.

        Parameters
        ----------
        models, others : sequences of arrays
            What the comparator takes, one entry a run or recording: RDMs (n_pairs,), or responses
            (n_folds, n_conditions, n_features), each with features of its own.

        Returns
        -------
        float64, shape (n_models, n_others)
            NaN where one side has no features.
        """
        if self.takes == "rdm":
            return self.compare(np.stack(models), np.stack(others))
        # One by one: runs need not have the same number of units.
        found = [
            [float(self.compare(one, two[None])[0]) if one.size and two.size else np.nan
             for two in others]
            for one in models
        ]  # fmt: skip
        return np.array(found).reshape(len(models), len(others))


COMPARATORS = Plugins("comparators", "COMPARATOR", Comparator, "comparator")
names, get = COMPARATORS.names, COMPARATORS.get


def over_pairs(score: Score) -> Score:
    """Turn a score of complete rows into one of stacks with undefined pairs.

    Parameters
    ----------
    score : callable
        `score(models (m, n), rdms (k, n), pairs (n_pairs,) bool, **options) -> (m, k)`, where n
        pairs of the n_pairs are left.
    """

    def compare(models: np.ndarray, rdms: np.ndarray, **options: Any) -> np.ndarray:
        models, rdms = (np.asarray(side, dtype=np.float64) for side in (models, rdms))
        rows = models.reshape(-1, models.shape[-1])
        alive = [np.isfinite(side).any(axis=1) for side in (rows, rdms)]
        out = np.full((len(rows), len(rdms)), np.nan)
        if alive[0].any() and alive[1].any():
            known = [side[keep] for side, keep in zip((rows, rdms), alive, strict=True)]
            pairs = np.isfinite(np.concatenate(known)).all(axis=0)
            if pairs.any():
                out[np.ix_(*alive)] = score(*(side[:, pairs] for side in known), pairs, **options)
        return out.reshape(*models.shape[:-1], len(rdms))

    return compare


def cosines(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Cosine of every row of `one` (m, n) with every row of `two` (k, n); 0 where a row is 0."""
    rows = []
    for side in (one, two):
        length = np.sqrt(np.einsum("mn,mn->m", side, side))[:, None]
        rows.append(np.divide(side, length, out=np.zeros_like(side), where=length > 0))
    return np.asarray(np.clip(rows[0] @ rows[1].T, -1.0, 1.0))


def cleared(left: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Set rows to 0 of which only rounding errors are left.

    Parameters
    ----------
    left, before : float64, shape (m, n)
        Rows after and before something was taken out of them.
    """
    least = 1e-12 * np.abs(before).max(axis=1, initial=0.0, keepdims=True)
    return np.where(np.abs(left).max(axis=1, initial=0.0, keepdims=True) > least, left, 0.0)


def centered(rdms: np.ndarray) -> np.ndarray:
    """Rows (m, n) less their mean, exactly 0 where a row is constant."""
    return cleared(rdms - rdms.mean(axis=1, keepdims=True), rdms)
