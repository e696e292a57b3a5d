"""Embedding of single trials in two dimensions, from rate and from timing.

Rate: 1 - Pearson correlation over units of square roots of counts; timing: SpikeShip. Metric
multidimensional scaling and t-SNE start from these distances; principal components (rate) from the
square roots of counts themselves. Each map has three numbers: its trustworthiness (whether
neighbors in the map are neighbors by the distances), its stress (how far distances in the map are
from the original ones, after the best common factor) and the purity of neighbors (share of the
nearest trials that show the same segment), which is also given for the distances. Null of purity:
segments permuted within repeats. A map is an illustration, not evidence; distances between clusters
of t-SNE have no meaning. Unit of inference: trials of one recording; descriptive. After Deitch,
Rubin & Ziv (2021), Current Biology, and Sotomayor-Gomez et al. (2025), Cell Reports.
"""

from typing import Any

import numpy as np
import xarray as xr
from scipy.spatial.distance import pdist, squareform
from sklearn.decomposition import PCA
from sklearn.manifold import MDS, TSNE, ClassicalMDS, trustworthiness
from threadpoolctl import threadpool_limits

from spikedrift.analyses.contract.analysis import Analysis, Statistic, monte_carlo
from spikedrift.analyses.methods.decoders import distances_of, features_of
from spikedrift.config.analyses import EmbeddingOptions
from spikedrift.core.errors import InputError
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.trials import select

MAPS = ("rate.pca", "rate.mds", "rate.tsne", "timing.mds", "timing.tsne")
PERMUTED = "segments permuted within repeats"


def thinned(layout: Layout, most: int) -> Layout:
    """Keep whole repeats at even distances, as many as hold `most` trials (at least two)."""
    repeats = layout.repeats
    n = len(repeats.members)
    size = layout.segment.size / n
    kept = max(2, int(most / size))
    if kept >= n:
        return layout
    order = np.argsort(repeats.position, kind="stable")
    chosen = order[np.linspace(0, n - 1, kept).round().astype(int)]
    trials = np.sort(np.concatenate([repeats.members[r] for r in chosen]))
    return Layout.of(select(layout.dataset, trials=trials))


def filled(distance: np.ndarray) -> tuple[np.ndarray, int]:
    """Replace NaN (pairs that cannot be compared) by the mean distance; and the number of pairs."""
    missing = ~np.isfinite(distance)
    np.fill_diagonal(missing, False)
    known = distance[~missing & ~np.eye(len(distance), dtype=bool)]
    out = np.where(missing, known.mean() if known.size else np.nan, distance)
    np.fill_diagonal(out, 0.0)
    # Rounding of correlations gives equal trials small distances of either sign.
    return np.maximum(0.5 * (out + out.T), 0.0), int(missing.sum()) // 2


def metric_scaling(distance: np.ndarray) -> np.ndarray:
    """Metric multidimensional scaling (SMACOF), from classical scaling; shape (n_trials, 2)."""
    start = np.asarray(ClassicalMDS(metric="precomputed").fit_transform(distance))
    model = MDS(
        n_components=2, metric="precomputed", init="random", n_init=1, random_state=0, max_iter=300
    )
    return np.asarray(model.fit_transform(distance, init=start))


def neighbor_embedding(distance: np.ndarray, perplexity: float, seed: int) -> np.ndarray:
    """t-SNE of precomputed distances, from classical scaling; shape (n_trials, 2)."""
    start = np.asarray(ClassicalMDS(metric="precomputed").fit_transform(distance))
    start *= 1e-4 / max(float(np.abs(start[:, 0]).max()), 1e-300)
    model = TSNE(
        metric="precomputed", init=start.astype(np.float32), perplexity=perplexity,
        learning_rate="auto", random_state=seed, n_jobs=1,
    )  # fmt: skip
    # Forces are summed by threads: with a single one, the same seed gives the same bits.
    with threadpool_limits(1):
        return np.asarray(model.fit_transform(distance), dtype=np.float64)


def stress(distance: np.ndarray, points: np.ndarray) -> float:
    """Kruskal's stress 1 after the map is scaled to fit best: 0 for a perfect map, at most 1."""
    truth, found = squareform(distance, checks=False), pdist(points)
    scale = float(truth @ found) / max(float(found @ found), 1e-300)
    return float(np.sqrt(((truth - scale * found) ** 2).sum() / (truth**2).sum()))


def neighbors_of(distance: np.ndarray, k: int) -> np.ndarray:
    """The k nearest other trials of each trial, shape (n_trials, k)."""
    other = distance.copy()
    np.fill_diagonal(other, np.inf)
    return np.argsort(other, axis=1, kind="stable")[:, :k]


def purity(neighbors: np.ndarray, segment: np.ndarray) -> float:
    """Share of neighbors that show the trial's own segment."""
    return float((segment[neighbors] == segment[:, None]).mean())


def run(dataset: xr.Dataset, options: EmbeddingOptions, seed: int) -> tuple[xr.Dataset, list[Any]]:
    """Maps of the trials and how far they can be trusted.

    Returns
    -------
    arrays : Dataset
        `points` (map, point, axis); coordinates `point_segment`, `point_block`, numbered from 0.
    statistics : list of Statistic
        `{code}.purity` in the distances; for each map `trustworthiness`, `stress` and `purity`.

    Raises
    ------
    InputError
        With fewer than six trials, or where no two trials can be compared.
    """
    used = thinned(Layout.of(dataset), options.max_trials)
    name, segment, n = used.name, used.segment, used.segment.size
    if n < 6:
        raise InputError(f"{name}: embedding needs six trials, the selection has {n}")
    # Trustworthiness is defined for fewer neighbors than half of the trials.
    k = min(options.neighbors, (n - 1) // 2)
    perplexity = min(options.perplexity, n / 5)
    rng = stream(seed, name, "embedding")
    permuted = np.tile(segment, (options.surrogates, 1))
    for row in permuted:
        for trials in used.repeats.members:
            row[trials] = segment[rng.permutation(trials)]
    root = features_of(used, 2)["rate"]
    distances, missing = {}, {}
    for code, distance in distances_of(used, options.min_shared).items():
        distances[code], missing[code] = filled(distance)
        if not np.isfinite(distances[code]).all() or not distances[code].any():
            raise InputError(
                f"{name}: embedding: no two trials can be compared in {code} with "
                f"{options.min_shared} shared units; lower min_shared or add units"
            )
    maps: dict[str, np.ndarray] = {}
    seeds = {code: int(rng.integers(2**31)) for code in ("rate", "timing")}
    for code, distance in distances.items():
        if code == "rate":
            values = root.values[..., 0].astype(np.float64)
            seen = root.known
            mean = values.sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
            maps["rate.pca"] = PCA(2, svd_solver="full").fit_transform(np.where(seen, values, mean))
        maps[f"{code}.mds"] = metric_scaling(distance)
        maps[f"{code}.tsne"] = neighbor_embedding(distance, perplexity, seeds[code])
    more: dict[str, Any] = {"n": n, "unit": "trials", "ordered": False}

    def pure(key: str, distance: np.ndarray) -> Statistic:
        near = neighbors_of(distance, k)
        null = np.array([purity(near, one) for one in permuted])
        return monte_carlo(f"{key}.purity", purity(near, segment), null, "upper", PERMUTED, **more)

    statistics = [pure(code, distance) for code, distance in distances.items()]
    for key, points in maps.items():
        distance = distances[key.split(".")[0]]
        statistics += [
            Statistic(
                f"{key}.trustworthiness",
                float(trustworthiness(distance, points, n_neighbors=k, metric="precomputed")),
                **more,
            ),
            Statistic(f"{key}.stress", stress(distance, points), **more),
            pure(key, squareform(pdist(points))),
        ]
    arrays = xr.Dataset(
        {"points": (("map", "point", "axis"), np.stack(list(maps.values())), {"units": "1"})},
        {
            "map": list(maps),
            "axis": [0, 1],
            "point_segment": ("point", segment),
            "point_block": ("point", used.block),
        },
        {
            "neighbors": k,
            "perplexity": float(perplexity),
            "tsne_seeds": [seeds[code] for code in distances],
            "filled_pairs": [missing[code] for code in distances],
            "embedded_trials": n,
        },
    )
    return arrays, statistics


ANALYSIS = Analysis(
    name="embedding",
    title="Embedding of trials",
    citation="Deitch D, Rubin A, Ziv Y (2021) Current Biology; Sotomayor-Gomez B, Battaglia FP, "
    "Vinck M (2025) Cell Reports",
    run=run,
    needs=frozenset({"segments"}),
)
