"""Cross-validated dissimilarities and the two sides of a comparison, against rsatoolbox."""

import numpy as np
import pytest
import xarray as xr
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm
from scipy.spatial.distance import pdist, squareform
from sklearn.covariance import ledoit_wolf

from spikedrift import trials
from spikedrift.comparison.matrices import subsampling
from spikedrift.comparison.matrices.responses import TrialResponses, windows_of
from spikedrift.config.compare import Structure
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.rsa import distances as rdms
from spikedrift.similarity.matrix import similarity
from spikedrift.sources import synthetic
from spikedrift.spikes.layout import Layout

SPIKESHIP = MeasureEntry(name="spikeship", measure="spikeship")
PLAIN = Structure(stabilize="none", noise="none")


def in_toolbox(x, method, last=None, **options):
    """rsatoolbox's distance; with `last`, that fold is made the last."""
    n_folds, n = x.shape[:2]
    fold = np.repeat(np.arange(n_folds), n)
    if last is not None:
        fold = np.where(fold == last, n_folds, fold)
    data = Dataset(
        x.reshape(n_folds * n, -1),
        obs_descriptors={"condition": np.tile(np.arange(n), n_folds), "fold": fold},
    )
    found = calc_rdm(data, method, "condition", cv_descriptor="fold", **options)
    return found.get_vectors()[0]


def ones(x):
    return np.ones(x.shape, bool)


def test_crossnobis_is_rsatoolboxs():
    x = np.random.default_rng(1).normal(size=(5, 6, 7))
    ours = rdms.crossvalidated(rdms.crossnobis_folds(x, ones(x)))
    np.testing.assert_allclose(ours, in_toolbox(x, "crossnobis"), atol=1e-10, rtol=0)


def test_every_poisson_fold_is_rsatoolboxs_last_one_and_ours_is_their_mean():
    x = np.random.default_rng(2).poisson(3.0, size=(4, 5, 9)).astype(float)
    folds = rdms.poisson_folds(x, ones(x))
    theirs = [in_toolbox(x, "poisson_cv", last=fold) for fold in range(4)]
    np.testing.assert_allclose(folds, theirs, atol=1e-10, rtol=0)
    np.testing.assert_allclose(rdms.crossvalidated(folds), np.mean(theirs, axis=0), atol=1e-10)
    assert np.abs(np.diff(theirs, axis=0)).max() > 1e-3


def test_crossnobis_is_half_of_the_energy_distance_of_squared_distances():
    x = np.random.default_rng(3).normal(size=(4, 5, 6))
    squared = squareform(pdist(x.reshape(20, 6), "sqeuclidean")).reshape(4, 5, 4, 5)
    squared[np.arange(4), :, np.arange(4)] = np.nan  # pairs of different folds only
    mean = np.nanmean(squared, axis=(0, 2)) / 6
    ours = rdms.crossvalidated(rdms.crossnobis_folds(x, ones(x)))
    np.testing.assert_allclose(rdms.without_floor(mean), ours, atol=1e-12)


def test_noise_alone_has_no_distance_and_the_naive_one_does():
    rng = np.random.default_rng(4)
    mean = rng.uniform(1, 8, 30)
    ours, naive = [], []
    for _ in range(300):
        x = rng.poisson(mean, size=(3, 5, 30)).astype(float)
        ours.append(rdms.crossvalidated(rdms.crossnobis_folds(x, ones(x))).mean())
        naive.append(pdist(x.mean(axis=0), "sqeuclidean").mean() / 30)
    assert abs(np.mean(ours)) < 4 * np.std(ours) / np.sqrt(300)
    assert np.mean(naive) > 1


def test_crossnobis_estimates_the_distance_of_the_means():
    rng = np.random.default_rng(5)
    mean = rng.normal(size=(4, 20))
    drawn = mean + rng.normal(0, 0.7, size=(600, 3, 4, 20))
    ours = np.array([rdms.crossvalidated(rdms.crossnobis_folds(x, ones(x))) for x in drawn])
    truth = pdist(mean, "sqeuclidean") / 20
    assert (np.abs(ours.mean(axis=0) - truth) < 4.5 * ours.std(axis=0) / np.sqrt(600)).all()


def test_missing_units_are_left_out_of_the_pairs_that_lack_them():
    rng = np.random.default_rng(6)
    x, seen = rng.normal(size=(3, 4, 8)), rng.random((3, 4, 8)) < 0.7
    lost = np.where(seen, x, 1e6)  # what is not observed must not enter
    ours = rdms.crossnobis_folds(lost, seen)
    for fold in range(3):
        rest = np.delete(np.arange(3), fold)
        train = np.ma.mean(np.ma.array(x, mask=~seen)[rest], axis=0)
        known = seen[fold] & ~np.ma.getmaskarray(train)
        for k, (i, j) in enumerate(zip(*np.triu_indices(4, 1), strict=True)):
            both = known[i] & known[j]
            expected = ((train[i] - train[j]) * (x[fold, i] - x[fold, j]))[both]
            expected = float(np.mean(expected)) if both.any() else np.nan
            assert ours[fold, k] == pytest.approx(expected, nan_ok=True)
    nothing = rdms.crossnobis_folds(x, np.zeros(x.shape, bool))
    assert np.isnan(rdms.crossvalidated(nothing)).all()


@pytest.mark.parametrize("mean", [4, 10, 40])
def test_stabilized_counts_have_one_variance(mean):
    count = np.random.default_rng(7).poisson(mean, 200_000).astype(float)
    assert rdms.stabilized(count, "anscombe").var() == pytest.approx(1, abs=0.03)
    if mean >= 10:
        assert rdms.stabilized(count, "sqrt").var() == pytest.approx(0.25, rel=0.08)
    assert rdms.stabilized(count, "none") is count


@pytest.mark.parametrize("how", ["univariate", "shrunk"])
def test_normalized_distances_are_mahalanobis_distances(how):
    rng = np.random.default_rng(8)
    root = rng.normal(size=(6, 6))
    x = rng.normal(size=(9, 2, 4, 6)) @ root + rng.normal(size=(4, 6)) * 3
    found, _ = rdms.normalized(x, ones(x), how)
    residual = (x - x.mean(axis=1, keepdims=True)).reshape(-1, 6)
    freedom = 9 * 4
    scale = np.sqrt((residual**2).sum(axis=0) / freedom)
    if how == "univariate":
        precision = np.diag(1 / scale**2)
    else:
        standard = residual / scale * np.sqrt(len(residual) / freedom)
        shrunk, _ = ledoit_wolf(standard, assume_centered=True)
        precision = np.linalg.inv(shrunk * np.outer(scale, scale))
    folds, ours = x.reshape(18, 4, 6), found.reshape(18, 4, 6)
    np.testing.assert_allclose(
        rdms.crossvalidated(rdms.crossnobis_folds(ours, ones(ours))),
        in_toolbox(folds, "crossnobis", noise=precision), atol=1e-10,
    )  # fmt: skip


def test_units_without_noise_are_left_out_and_missing_ones_where_they_must_be():
    rng = np.random.default_rng(9)
    x = rng.normal(size=(4, 2, 3, 5))
    x[..., 2] = 3.0
    seen = ones(x)
    seen[1, 0, 0, 4] = False
    assert rdms.normalized(x, seen, "none")[0].shape[-1] == 5
    assert rdms.normalized(x, seen, "univariate")[0].shape[-1] == 4
    assert rdms.normalized(x, seen, "shrunk")[0].shape[-1] == 3
    other = np.where(seen, x, -1e5)
    one, two = (rdms.normalized(part, seen, "univariate")[0] for part in (x, other))
    keep = np.delete(seen, 2, axis=-1)
    np.testing.assert_allclose(one[keep], two[keep])


# responses to be compared


def record(seed=1, **knobs):
    options = {"units": 20, "segments": 5, "repeats": 5, "segment_duration": 0.4, **knobs}
    return synthetic.record(SyntheticOptions(**options), "mouse.movie", seed=seed)


def test_windows_do_not_cross_blocks():
    found = windows_of(np.array([0, 0, 0, 1, 1, 1, 1, 1]), 2)
    np.testing.assert_array_equal(found, [[0, 1], [3, 4], [5, 6]])
    assert windows_of(np.array([0, 1]), 2).shape == (0, 2)


def test_timing_dissimilarities_are_means_over_trials_of_different_repeats():
    recording = record()
    seen = TrialResponses.of(recording, PLAIN, SPIKESHIP)
    value = similarity(recording, "spikeship")["value"].values
    segment, repeat = recording["segment"].values, recording["repeat"].values
    windows = [[0, 1], [2, 3], [5, 6], [7, 8]]
    assert seen.block.tolist() == [0, 0, 1, 1]

    def mean(rows, columns, one, two):
        pairs = [
            value[np.flatnonzero((repeat == r) & (segment == one))[0],
                  np.flatnonzero((repeat == s) & (segment == two))[0]]
            for r in rows for s in columns if r != s
        ]  # fmt: skip
        return np.mean(pairs)

    def between(a, b):
        return np.mean([
            mean(a, b, k, k) - 0.5 * (mean(a, a, k, k) + mean(b, b, k, k)) for k in range(5)
        ])  # fmt: skip

    expected = [between(windows[i], windows[j]) for i in range(4) for j in range(i + 1, 4)]
    np.testing.assert_allclose(seen.repeats("timing"), expected, atol=1e-14)
    used = [r for window in windows for r in window]
    expected = [
        mean(used, used, i, j) - 0.5 * (mean(used, used, i, i) + mean(used, used, j, j))
        for i in range(5) for j in range(i + 1, 5)
    ]  # fmt: skip
    np.testing.assert_allclose(seen.segments("timing"), expected, atol=1e-14)
    part = np.array([0, 2, 3])
    rows = [used[k] for k in part]
    assert seen.segments("timing", part)[0] == pytest.approx(
        mean(rows, rows, 0, 1) - 0.5 * (mean(rows, rows, 0, 0) + mean(rows, rows, 1, 1))
    )


@pytest.mark.parametrize("distance", ["crossnobis", "poisson"])
def test_rate_dissimilarities_are_cross_validated_over_repeats(distance):
    recording = record()
    seen = TrialResponses.of(recording, PLAIN.model_copy(update={"distance": distance}), SPIKESHIP)
    order = np.lexsort((recording["segment"].values, recording["repeat"].values))
    count = recording["spike_count"].values[order].reshape(10, 5, 20).astype(float)
    used = count[[0, 1, 2, 3, 5, 6, 7, 8]]
    fold = rdms.poisson_folds if distance == "poisson" else rdms.crossnobis_folds
    if distance == "crossnobis":
        np.testing.assert_allclose(
            seen.segments("rate"), in_toolbox(used, "crossnobis"), atol=1e-10
        )
    np.testing.assert_allclose(
        seen.segments("rate"), fold(used, ones(used)).mean(axis=0), atol=1e-12
    )
    windows = used.reshape(4, 2, 100).swapaxes(0, 1)
    np.testing.assert_allclose(
        seen.repeats("rate"), fold(windows, ones(windows)).mean(axis=0), atol=1e-12
    )
    np.testing.assert_array_equal(seen.repeat_responses(), windows)
    np.testing.assert_allclose(
        seen.segment_responses(), [used[::2].mean(axis=0), used[1::2].mean(axis=0)]
    )


def test_only_drift_of_its_own_code_moves_a_side():
    """Drift between blocks shows in its code, and stays out of the other and of a frozen one."""

    def step(code, **knobs):
        options = {"units": 40, "segments": 6, "repeats": 8}
        seen = TrialResponses.of(record(3, **options, **knobs), Structure(), SPIKESHIP)
        row, column = np.triu_indices(seen.block.size, 1)
        between = seen.block[row] != seen.block[column]
        value = seen.repeats(code)
        spread = value.std() / np.sqrt(value.size)
        return (value[between].mean() - value[~between].mean()) / spread

    assert step("rate", rate_drift=0.5) > 5
    assert step("timing", event_time_drift=0.5) > 5
    assert abs(step("rate", event_time_drift=0.5)) < 4
    assert abs(step("rate")) < 4 and abs(step("timing")) < 4


def test_missing_units_leave_a_side_defined():
    recording = record(unit_loss=0.3)
    seen = TrialResponses.of(recording, Structure(), SPIKESHIP)
    assert not seen.observed.all()
    for code in ("rate", "timing"):
        assert np.isfinite(seen.repeats(code)).all() and np.isfinite(seen.segments(code)).all()
    assert np.isfinite(seen.repeat_responses()).all()


# matching


def test_sides_are_brought_to_the_same_size():
    big, small = record(1, units=30, repeats=7, segments=8), record(2, units=20, repeats=4)
    sizes = [subsampling.size_of(Layout.of(side)) for side in (big, small)]
    assert sizes[0] == subsampling.Size(30, 8, 2, 7)
    size = subsampling.common(sizes)
    assert size == subsampling.Size(20, 5, 2, 4)
    cut = subsampling.subsampled(Layout.of(big), size, np.random.default_rng(1))
    trials.check(cut)
    assert subsampling.size_of(Layout.of(cut)) == size
    assert cut.sizes["trial"] == 5 * 2 * 4
    assert sorted(set(cut["repeat"].values.tolist())) == [0, 1, 2, 3, 7, 8, 9, 10]
    again = subsampling.subsampled(Layout.of(big), size, np.random.default_rng(1))
    xr.testing.assert_identical(cut, again)
    other = subsampling.subsampled(Layout.of(big), size, np.random.default_rng(2))
    assert set(other["unit_id"].values) != set(cut["unit_id"].values)
    line = subsampling.words(sizes[0], [sizes[1]], size, 7)
    for part in ("20 units (of 30 and 20)", "5 segments (of 8 and 5)", "seed 7", "4 repeats"):
        assert part in line
    assert "\n" not in line
    with pytest.raises(InputError, match=r"compare.structure.units: 21 .* 20"):
        subsampling.common(sizes, units=21)


def test_units_never_observed_and_segments_not_always_shown_do_not_count():
    recording = record()
    lost = recording["spike_count"].values.copy()
    seen = recording["observed"].values.copy()
    seen[:, 3] = False
    keep = np.repeat(lost.ravel(), lost.ravel()) >= 0
    keep &= trials.spike_cells(recording)[1] != 3
    lost[:, 3] = 0
    out = recording.isel(spike=np.flatnonzero(keep))
    out["spike_count"].values[:], out["observed"].values[:] = lost, seen
    drop = (out["segment"].values == 2) & (out["repeat"].values == 4)
    out = trials.select(out, trials=~drop)
    assert subsampling.size_of(Layout.of(out)) == subsampling.Size(19, 4, 2, 5)
    cut = subsampling.subsampled(
        Layout.of(out), subsampling.Size(19, 4, 2, 5), np.random.default_rng(0)
    )
    assert set(cut["segment"].values) == {0, 1, 3, 4}
    assert recording["unit_id"].values[3] not in cut["unit_id"].values


def test_segments_correspond_by_name_or_not_at_all():
    movie, other = record(), record(2, segments=8)
    segments, reason = subsampling.corresponding(
        Layout.of(movie), [Layout.of(other), Layout.of(movie)]
    )
    assert segments == [("movie", k) for k in range(5)] and reason == ""
    renamed = other.assign(stimulus=("trial", np.full(other.sizes["trial"], "patterns")))
    segments, reason = subsampling.corresponding(Layout.of(movie), [Layout.of(renamed)])
    assert segments is None
    for part in ("mouse.movie", "movie", "patterns", "no correspondence"):
        assert part in reason
