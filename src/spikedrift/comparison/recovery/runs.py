"""The simulated runs of a comparison, and which variant each is recovered as."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from spikedrift.comparison.recovery import nearest
from spikedrift.comparison.scores.summary import STATISTICS
from spikedrift.config.compare import Compare
from spikedrift.core.errors import InputError
from spikedrift.stats.covariance import spread
from spikedrift.stats.monte_carlo import upper_tail

RATES = ("log_rate", "rate_mean")  # beginnings of the names of mean rates
CLASSIFIERS = {
    "score": "the statistics of the score",
    "every": "those and what points should share",
    "rates": "mean rates alone",
}


@dataclass(frozen=True)
class Runs:
    """Simulated runs of a comparison.

    Attributes
    ----------
    values : float, shape (n_instances, n_points, n_statistics)
    statistics, variants, axes : list of str
    columns : dict of classifier -> int array
        Indices of the statistics that a classifier sees, see `CLASSIFIERS`.
    scales : bool, shape (n_statistics,)
    variant : int, shape (n_points,)
    ranks : float, shape (n_points, n_axes)
        Rank of the point's value on each axis; NaN where it is not swept.
    sweep : int, shape (n_points,)
    """

    values: np.ndarray
    statistics: list[str]
    columns: dict[str, np.ndarray]
    scales: np.ndarray
    variants: list[str]
    variant: np.ndarray
    axes: list[str]
    ranks: np.ndarray
    sweep: np.ndarray

    @classmethod
    def read(cls, scores: xr.Dataset, compare: Compare) -> "Runs":
        """Take the runs out of a comparison; see `recover`."""
        statistics, values, scales = table(scores)
        own = statistics[: scores.sizes["statistic"]]  # what was dropped is among the traits
        scored = [k for k, one in enumerate(own) if one in compare.statistics]
        if not scored:
            raise InputError("recovery: no statistic of the score is left")
        known = np.isfinite(values[np.isfinite(values[..., scored]).all(axis=2)]).all(axis=0)
        known &= spread(list(values.swapaxes(0, 1))) > 0  # one that never varies has no metric
        shared = [
            k for k, one in enumerate(statistics) if one in compare.comparable_on and known[k]
        ]
        rates = [k for k, one in enumerate(statistics) if one.startswith(RATES)]
        # Without mean rates, the statistics of the rate code alone take their place.
        rates = rates or [k for k in scored if not statistics[k].startswith("timing")]
        if not rates:
            raise InputError("recovery: the comparison has no statistic of rates")
        of = {"score": scored, "every": sorted({*scored, *shared}), "rates": rates}
        label = scores["variant" if "variant" in scores.coords else "point"].values.astype(str)
        variants = list(dict.fromkeys(label.tolist()))
        if len(variants) < 2:
            raise InputError(
                f"recovery: {variants[0]} is the only variant; it takes two to distinguish"
            )
        axes = [str(key) for key in scores.coords if str(key).startswith("axis_")]
        return cls(
            values=values,
            statistics=statistics,
            columns={name: np.array(of[name]) for name in CLASSIFIERS},
            scales=scales,
            variants=variants,
            variant=np.array([variants.index(one) for one in label]),
            axes=[key.removeprefix("axis_") for key in axes],
            ranks=np.stack([_ranks(scores[key].values) for key in axes], axis=1)
            if axes
            else np.empty((len(label), 0)),
            sweep=np.unique(sweeps_of(scores), return_inverse=True)[1],
        )

    @property
    def own(self) -> np.ndarray:
        """Which points are of one variant: bool, shape (n_points, n_points)."""
        return np.asarray(self.variant[:, None] == self.variant)

    @property
    def member(self) -> np.ndarray:
        """1 where a point is of a variant: float, shape (n_points, n_variants)."""
        return np.asarray(self.variant[:, None] == np.arange(len(self.variants)), dtype=float)

    @property
    def strata(self) -> list[np.ndarray]:
        """Instances by the sweeps that they were drawn for; one that has no run is like others."""
        n_sweeps = int(self.sweep.max()) + 1
        drawn = np.isfinite(self.values).any(axis=2)
        of = drawn @ (self.sweep[:, None] == np.arange(n_sweeps))
        of[~of.any(axis=1)] = True
        kind = np.unique(of, axis=0, return_inverse=True)[1].ravel()
        return [np.flatnonzero(kind == k) for k in range(int(kind.max()) + 1)]

    def of_variants(self, variants: list[int]) -> "Runs":
        """Runs of some of the variants alone, without the instances of other sweeps."""
        kept = np.flatnonzero(np.isin(self.variant, variants))
        drawn = np.isfinite(self.values).any(axis=2)
        others = drawn[:, ~np.isin(self.sweep, self.sweep[kept])].any(axis=1)
        rows = drawn[:, kept].any(axis=1) | ~others
        return Runs(
            values=self.values[rows][:, kept],
            statistics=self.statistics,
            columns=self.columns,
            scales=self.scales,
            variants=[self.variants[k] for k in variants],
            variant=np.array([variants.index(k) for k in self.variant[kept]]),
            axes=self.axes,
            ranks=self.ranks[kept],
            sweep=self.sweep[kept],
        )

    def leaves(self, reach: int | None) -> bool:
        """Whether some swept point has another of its variant left to be recovered as."""
        if reach is None:
            return True
        swept = np.isfinite(self.ranks).any(axis=1)
        left = self.own & ~nearest.excluded(self.ranks, reach)
        return bool(left[swept].any())

    def seen(self, classifier: str) -> np.ndarray:
        """What a classifier sees of the runs: (instance, point, statistic).

        A run with an undefined statistic of the score is NaN throughout, so that all classifiers
        see the same runs.
        """
        whole = np.isfinite(self.values[..., self.columns["score"]]).all(axis=2)
        return np.where(whole[..., None], self.values[..., self.columns[classifier]], np.nan)

    def scores(
        self, seen: np.ndarray, classifier: str, reach: int | None, compare: Compare
    ) -> np.ndarray:
        """Scores of data sets like `seen` of these runs: (set, instance, point, point).

        inf throughout where the run's variant has no point left that it could be recovered as.
        """
        grid = compare.time_scale
        found = nearest.scores(
            seen,
            nearest.excluded(self.ranks, reach),
            self.scales[self.columns[classifier]],
            np.array([grid.low, grid.high]),
        )
        possible = np.isfinite(np.where(self.own, found, np.inf)).any(axis=3)
        return np.where(possible[..., None], found, np.inf)

    def hits(self, scores: np.ndarray) -> np.ndarray:
        """1 where the variant is recovered, 0 where another is, NaN where the run is not scored."""
        right = self.variant[scores.argmin(axis=-1)] == self.variant
        return np.where(np.isfinite(scores).any(axis=-1), right, np.nan)

    def leanings(self, scores: np.ndarray) -> np.ndarray:
        """How far every run leans to its variant, 0 to 1; NaN where it is not scored.

        It is the least score of the other variants divided by the sum of this and the least score
        of its own variant: 0.5 is halfway. It says more about a run than whether it is recovered.
        """
        mine, other = (np.where(of, scores, np.inf).min(axis=-1) for of in (self.own, ~self.own))
        scored = np.isfinite(mine)
        share = np.divide(mine, other, out=np.zeros(mine.shape), where=scored & (other > 0))
        return np.where(scored, 1 / (1 + share), np.nan)

    def shares(self, hits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Recovered and scored runs by instance and variant: (set, instance, variant)."""
        return np.nan_to_num(hits) @ self.member, np.isfinite(hits) @ self.member


def sweeps_of(scores: xr.Dataset) -> np.ndarray:
    """Sweep of every point of a comparison; empty text where there is one only."""
    if "sweep" in scores.coords:
        return np.asarray(scores["sweep"].values.astype(str))
    return np.full(scores.sizes["point"], "")


def table(scores: xr.Dataset) -> tuple[list[str], np.ndarray, np.ndarray]:
    """All statistics of the runs of a comparison: those of its score, then its other traits.

    Returns
    -------
    names : list of str
    values : float, shape (n_instances, n_points, n_statistics)
        Instances with the same seed are in one row.
    scales : bool, shape (n_statistics,)
    """
    names = [str(one) for one in scores["statistic"].values]
    values = scores["instance_value"].transpose("instance", "point", "statistic").values
    scales = scores["scales"].values.astype(bool)
    traits = [str(name) for name in scores["trait"].values] if "trait" in scores.dims else []
    others = [name for name in traits if name not in names]
    if others:
        more = scores["instance_trait"].sel(trait=others)
        more = more.transpose("instance", "point", "trait")
        values = np.concatenate([values, more.values], axis=2)
        moved = [name in STATISTICS and STATISTICS[name].scales for name in others]
        scales = np.concatenate([scales, moved])
    if "instance_seed" in scores:
        values = _aligned(values, scores["instance_seed"].transpose("instance", "point").values)
    # Always the same memory layout, since the order in which sums are taken depends on it.
    return names + others, np.ascontiguousarray(values), scales


def recorded(scores: xr.Dataset, names: list[str]) -> np.ndarray:
    """Return the recording's values of the statistics of `table`."""
    known = dict(zip(scores["statistic"].values, scores["recording_value"].values, strict=True))
    if "trait" in scores.dims:
        traits = zip(scores["trait"].values, scores["recording_trait"].values, strict=True)
        known = {**dict(traits), **known}
    return np.array([known[name] for name in names], dtype=float)


def _aligned(values: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Put instances with the same seed into one row; those without a seed keep their place."""
    words = seeds.astype(str)
    own = np.where(words == "", np.arange(len(words))[:, None].astype(str), words)
    if (own == own[:, :1]).all():
        return values
    known = np.isfinite(values).any(axis=2)
    order = list(dict.fromkeys(own.T[known.T].tolist()))
    out = np.full((len(order), *values.shape[1:]), np.nan)
    for k, c in np.ndindex(own.shape):
        if known[k, c]:
            out[order.index(own[k, c]), c] = values[k, c]
    return out


def _ranks(values: np.ndarray) -> np.ndarray:
    """Rank of each value on its axis: numbers by size, words in order of appearance."""
    if values.dtype.kind in "fiu":
        missing = ~np.isfinite(values.astype(float))
        order = np.unique(values[~missing])
        return np.where(missing, np.nan, np.searchsorted(order, values).astype(float))
    words = [str(one) for one in values]
    order_of = {one: k for k, one in enumerate(dict.fromkeys(w for w in words if w))}
    return np.array([order_of.get(one, np.nan) for one in words], dtype=float)


def balanced(right: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Balanced accuracy from recovered and scored runs, shape (..., n_instances, n_variants).

    All variants have the same weight.
    """
    right, given = right.sum(axis=-2), given.sum(axis=-2)
    share = np.divide(right, given, out=np.full(right.shape, np.nan), where=given > 0)
    defined = np.isfinite(share)
    total = np.where(defined, share, 0.0).sum(axis=-1)
    return np.asarray(
        np.divide(total, defined.sum(axis=-1), out=np.full(total.shape, np.nan),
                  where=defined.any(axis=-1))
    )  # fmt: skip


def null_scores(
    runs: Runs,
    classifier: str,
    reach: int | None,
    compare: Compare,
    n: int,
    rng: np.random.Generator,
) -> Iterator[np.ndarray]:
    """Scores under the permutations of `nearest.permuted`, everything fitted anew."""
    for batch in nearest.permuted(runs.seen(classifier), runs.sweep, n, rng):
        yield runs.scores(batch, classifier, reach, compare)


def p_value(accuracy: float, null: np.ndarray) -> float:
    """Upper-tail p of an accuracy; accuracies that differ by rounding only count as equal."""
    return upper_tail(accuracy - 1e-12, null)
