"""Scalar statistics of a repeat x repeat matrix.

All but the discriminations are positive where responses grow less alike. v is the similarity (a
distance with its sign turned), w stands for within blocks and b for between blocks:

* `drop`: v_w(1) - v_w(largest lag), in the measure's units. The largest lag rests on one pair of
  repeats in each block.
* `slope`: minus the least-squares slope of v_w against lag, per repeat, lags weighted by their
  number of pairs of repeats.
* `step`: mean v_w - mean v_b over all pairs of repeats. It holds whatever lag adds, since pairs
  between blocks are further apart; a step beyond that is above `slope` times the mean difference
  of lags.
* `rdi`: (c_w - c_b) / (c_w + c_b), c the mean similarity, negatives set to 0 (Marks &
  Goard 2021; Sadeh & Clopath 2022); for a distance (d_b - d_w) / (d_b + d_w).
* `similarity_index`: minus SI at the largest lag, where SI(k) = (c_k - c_1) / (c_k + c_1) within
  blocks, negatives set to 0 (Deitch et al. 2021); for a distance SI(k) = (d_1 - d_k) / (d_1 +
  d_k). The curve `similarity_index` over lags is SI itself.
* `discrimination`, `discrimination_between`: S = (D_different - D_same) / (D_different + D_same)
  of trials of different and of the same segment, D = 1 - similarity, within and between blocks; the
  larger S, the better segments are told apart.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spikedrift.drift.pairs import Repeats, mean_within

STATISTICS = (
    "drop",
    "slope",
    "step",
    "rdi",
    "similarity_index",
    "discrimination",
    "discrimination_between",
)


@dataclass(frozen=True)
class Curve:
    """Value against lag.

    Attributes
    ----------
    lag : int64, shape (n_lags,)
        From 1 to the largest, in repeats.
    value : float64, shape (2, n_lags)
        Within, between; NaN where no pair of repeats has the lag.
    n_pairs : int64, shape (2, n_lags)
        Pairs of repeats with a defined value.
    mean : tuple of float
        Mean over all pairs of repeats within (mean over blocks) and between.
    kind : str
        "distance" or "similarity".
    """

    relations: ClassVar[tuple[str, str]] = ("within", "between")

    lag: np.ndarray
    value: np.ndarray
    n_pairs: np.ndarray
    mean: tuple[float, float]
    kind: str

    @property
    def similarity_index(self) -> np.ndarray:
        """SI(k) within blocks: shape (n_lags,); 0 at lag 1, negative where less alike."""
        return -contrast(self.value[0, 0], self.value[0], self.kind)


def contrast(near: np.ndarray | float, far: np.ndarray | float, kind: str) -> np.ndarray:
    """(near - far) / (near + far) of similarities, negatives set to 0; sign turned for distances.

    Positive where `far` is less alike; NaN where both are 0.
    """
    near, far = np.asarray(near, dtype=np.float64), np.asarray(far, dtype=np.float64)
    if kind == "similarity":
        near, far = np.maximum(near, 0.0), np.maximum(far, 0.0)
    total = near + far
    difference = near - far if kind == "similarity" else far - near
    shape = np.broadcast(near, far).shape
    return np.divide(difference, total, out=np.full(shape, np.nan), where=total > 0)


def lag_curve(matrix: np.ndarray, repeats: Repeats, kind: str) -> Curve:
    """Average a repeat x repeat matrix at each lag, within each block and then over blocks.

    Parameters
    ----------
    matrix : float64, shape (n_repeats, n_repeats)
        Symmetric; NaN where undefined.
    repeats : Repeats
    kind : {"distance", "similarity"}

    Returns
    -------
    Curve
        Between blocks, the mean over all pairs at a lag.
    """
    row, column = np.triu_indices(matrix.shape[0], k=1)
    value = matrix[row, column]
    distance = np.abs(repeats.position[column] - repeats.position[row])
    block = np.where(repeats.block[row] == repeats.block[column], repeats.block[row], -1)
    lag = np.arange(1, int(distance.max()) + 1)
    mean, n_pairs = np.full((2, lag.size), np.nan), np.zeros((2, lag.size), np.int64)
    defined = np.isfinite(value)
    n_blocks = int(repeats.block.max()) + 1
    cell = (block + 1) * (lag.size + 1) + distance
    shape = (n_blocks + 1, lag.size + 1)
    n = np.bincount(cell[defined], minlength=shape[0] * shape[1]).reshape(shape)[:, 1:]
    total = np.bincount(cell[defined], weights=value[defined], minlength=shape[0] * shape[1])
    means = np.divide(total.reshape(shape)[:, 1:], n, out=np.full(n.shape, np.nan), where=n > 0)
    blocks_with = (n[1:] > 0).sum(axis=0)
    np.divide(np.nansum(means[1:], axis=0), blocks_with, out=mean[0], where=blocks_with > 0)
    mean[1] = means[0]
    n_pairs[0], n_pairs[1] = n[1:].sum(axis=0), n[0]
    between = value[(block < 0) & defined]
    means_of = mean_within(value, block), float(between.mean()) if between.size else float("nan")
    return Curve(lag, mean, n_pairs, means_of, kind)


def statistics(
    curve: Curve, discrimination_within: float, discrimination_between: float
) -> np.ndarray:
    """All statistics of a curve, in the order of `STATISTICS`.

    Parameters
    ----------
    curve : Curve
    discrimination_within, discrimination_between : float
        S within and between blocks, which are passed on.

    Returns
    -------
    float64, shape (n_statistics,)
        NaN where undefined.
    """
    sign = 1.0 if curve.kind == "similarity" else -1.0
    known = np.flatnonzero(np.isfinite(curve.value[0]))
    drop = slope = contrast_far = float("nan")
    if known.size > 1 and known[0] == 0:
        v = sign * curve.value[0]
        drop = v[0] - v[known[-1]]
        # polyfit takes the root of the weights of the squared errors.
        weight = np.sqrt(curve.n_pairs[0, known])
        slope = -np.polyfit(curve.lag[known].astype(float), v[known], 1, w=weight)[0]
        contrast_far = float(-curve.similarity_index[known[-1]])
    within, between = curve.mean
    return np.array(
        [
            drop,
            slope,
            sign * (within - between),
            float(contrast(within, between, curve.kind)),
            contrast_far,
            discrimination_within,
            discrimination_between,
        ]
    )
