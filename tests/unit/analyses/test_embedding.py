"""Maps of trials against other computations and recordings whose truth is known."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import MDS
from sklearn.neighbors import NearestNeighbors

from spikedrift.analyses import embedding
from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.methods.decoders import distances_of
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.figures.analyses.embedding import segment_colors
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select

OPTIONS = {"surrogates": 39}


def made(**knobs) -> xr.Dataset:
    base = {"segments": 4, "repeats": 6, "units": 40}
    return record(SyntheticOptions(**base | knobs), "made.movie", 4)


def value(result: xr.Dataset, name: str, column: str = "value") -> float:
    return float(result[column].sel(statistic=name))


def test_points_of_a_plane_are_found_again():
    rng = np.random.default_rng(1)
    points = rng.standard_normal((30, 2))
    distance = squareform(pdist(points))
    found = embedding.metric_scaling(distance)
    assert procrustes(points, found)[2] < 1e-6
    assert embedding.stress(distance, found) < 1e-3
    assert embedding.stress(3 * distance, found) < 1e-3  # scale is free


def test_stress_is_that_of_sklearn():
    rng = np.random.default_rng(2)
    distance = squareform(pdist(rng.standard_normal((40, 10))))
    model = MDS(2, metric="precomputed", init="random", n_init=1, random_state=1,
                normalized_stress=True, max_iter=500)  # fmt: skip
    points = model.fit_transform(distance)
    # Theirs is divided by the distances of the map, ours takes the best scale: at most theirs.
    found = pdist(points)
    theirs = np.sqrt(((found - squareform(distance)) ** 2).sum() / (found**2).sum())
    assert model.stress_ == pytest.approx(theirs, rel=1e-2)
    grid = np.linspace(0.5, 2, 3001)[:, None] * found
    truth = squareform(distance)
    least = np.sqrt(((grid - truth) ** 2).sum(axis=1).min() / (truth**2).sum())
    assert embedding.stress(distance, points) == pytest.approx(least, rel=1e-5)
    # From classical scaling the map is at least as good.
    assert embedding.stress(distance, embedding.metric_scaling(distance)) < 1.02 * least


def test_purity_is_that_of_sklearn_neighbors():
    dataset = made(rate_spread=0.4)
    distance, missing = embedding.filled(distances_of(Layout.of(dataset), 2)["rate"])
    assert missing == 0
    segment = dataset["segment"].values
    theirs = NearestNeighbors(n_neighbors=5, metric="precomputed").fit(distance).kneighbors()[1]
    ours = embedding.neighbors_of(distance, 5)
    assert embedding.purity(ours, segment) == pytest.approx(
        np.mean(segment[theirs] == segment[:, None])
    )


def test_pairs_that_share_nothing_take_the_mean():
    distance = np.array([[0, 1, np.nan], [1, 0, 3], [np.nan, 3, 0]])
    out, missing = embedding.filled(distance)
    assert missing == 1 and out[0, 2] == out[2, 0] == 2 and not np.diag(out).any()


def test_codes_are_seen_where_they_are():
    flat = analyze(made(flat_code=True), "embedding", OPTIONS, 1)
    assert value(flat, "rate.purity") > 0.8 and value(flat, "rate.purity", "p_value") == 1 / 40
    assert value(flat, "timing.purity") < 0.4
    tuned = analyze(made(), "embedding", OPTIONS, 1)
    assert value(tuned, "timing.tsne.purity") > 0.8
    assert value(tuned, "timing.purity", "null_mean") == pytest.approx(11 / 47, abs=0.03)
    for key in embedding.MAPS:
        assert 0.5 < value(tuned, f"{key}.trustworthiness") <= 1
        assert 0 <= value(tuned, f"{key}.stress") < 1


def test_seeds_sizes_and_recordings_without_timing():
    dataset = made()
    first, again = (analyze(dataset, "embedding", OPTIONS, 5) for _ in range(2))
    assert first.identical(again) and len(first.attrs["tsne_seeds"]) == 2
    few = analyze(dataset, "embedding", OPTIONS | {"max_trials": 20}, 5)
    assert few.sizes["point"] == 20 and few.attrs["perplexity"] == 4
    assert set(few["point_block"].values) == {0, 1}
    small = select(dataset, trials=(dataset["segment"].values < 2) & (dataset["repeat"] < 3).values)
    assert analyze(small, "embedding", OPTIONS, 1).attrs["neighbors"] == 2
    events = dataset.assign(event_amplitude=dataset["spike_time"])
    assert set(analyze(events, "embedding", OPTIONS, 1)["map"].values) == {
        "rate.pca", "rate.mds", "rate.tsne"
    }  # fmt: skip


def test_thirty_segments_keep_their_order_in_lightness():
    colors = segment_colors(30)(np.arange(30))
    assert len(np.unique(colors, axis=0)) == 30
    light = colors[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > 0).all()
    np.testing.assert_allclose(colors[0], mpl.colormaps["viridis"](0.0))
    assert len(np.unique(segment_colors(7)(np.arange(7)), axis=0)) == 7
