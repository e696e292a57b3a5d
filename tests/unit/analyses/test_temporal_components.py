"""Temporal components against sklearn, scipy, numpy and the published indices of one unit."""

from pathlib import Path

import numpy as np
import pytest
from scipy import linalg
from scipy.io import loadmat
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.methods.components import (
    discriminant_axes,
    drift_by_lag,
    profiles,
    random_halves,
    tuning_correlations,
)
from spikedrift.analyses.temporal_components import every_second, scores
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.synthetic import record
from spikedrift.spikes.arrays import Spikes
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select


def made(n_trials=40, n_units=5, seed=0, rate=4.0) -> Spikes:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate, (n_trials, n_units))
    trial = np.repeat(np.arange(counts.size), counts.ravel())
    times = np.sort(trial + 0.999 * rng.random(trial.size)) - trial
    return Spikes(
        times,
        counts,
        np.ones(counts.shape, bool),
        np.arange(n_trials) % 4,
        np.arange(n_trials) // (n_trials // 2),
        np.arange(n_trials) // 4,
        np.ones(n_trials),
    )


def test_profiles_are_boxcar_means_that_sum_to_one():
    spikes, bin, boxcar = made(rate=1.0), 0.01, 0.05
    out = profiles(spikes, np.array([1, 3]), bin, boxcar)
    cut = spikes.offsets
    silent = 0
    for trial in range(40):
        for row, unit in enumerate((1, 3)):
            cell = trial * 5 + unit
            t = spikes.times[cut[cell] : cut[cell + 1]]
            center = (np.arange(100) + 0.5) * bin
            left, right = np.maximum(center - boxcar / 2, 0), np.minimum(center + boxcar / 2, 1)
            density = ((t >= left[:, None]) & (t <= right[:, None])).sum(axis=1) / (right - left)
            silent += t.size == 0
            np.testing.assert_allclose(
                out[row, trial], density / max(density.sum(), 1e-300), atol=1e-12
            )
    assert silent > 5


@pytest.mark.parametrize("shrinkage", [None, 0.3])
def test_axes_against_sklearn_and_scipy(shrinkage):
    rng = np.random.default_rng(1)
    n_units, n_trials, p = 3, 60, 8
    segment = rng.integers(0, 4, n_trials)
    x = rng.normal(size=(n_units, n_trials, p)) + rng.normal(size=(n_units, 4, p))[:, segment]
    used = rng.random((n_units, n_trials)) > 0.2
    center, axes = discriminant_axes(x, used, segment, 3, shrinkage)
    for unit in range(n_units):
        rows, label = x[unit, used[unit]], segment[used[unit]]
        mean = np.stack([rows[label == s].mean(axis=0) for s in range(4)])
        share = shrinkage or ledoit_wolf_shrinkage(rows - mean[label], assume_centered=True)
        lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=share).fit(rows, label)
        between = np.cov(mean[label], rowvar=False, bias=True)
        value, vector = linalg.eigh(between, lda.covariance_)
        expected = vector[:, np.argsort(value)[::-1][:3]]
        turn = np.sign((expected * axes[unit]).sum(axis=0))
        np.testing.assert_allclose(axes[unit] * turn, expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(center[unit], rows.mean(axis=0), rtol=1e-10)


def test_a_unit_without_variance_has_no_axes():
    x = np.zeros((2, 12, 4))
    x[1] = np.random.default_rng(0).random((12, 4))
    _, axes = discriminant_axes(x, np.ones((2, 12), bool), np.arange(12) % 3, 2)
    assert np.isnan(axes[0]).all() and np.isfinite(axes[1]).all()


def test_halves_are_disjoint_of_one_size_and_within_cells():
    cell = np.repeat([0, 1, 2], [7, 4, 5])
    used = np.ones(16, bool)
    used[0] = False
    member, size = random_halves(cell, used, 20, np.random.default_rng(0))
    dense = member.toarray().reshape(20, 2, 3, 16)
    assert size == 2
    assert (dense.sum(axis=-1) == 2).all()
    assert dense.sum(axis=(1, 2)).max() == 1 and dense[..., 0].sum() == 0
    for c in range(3):
        assert dense[:, :, c][..., cell != c].sum() == 0
    assert len({row.tobytes() for row in dense[:, 0, 0]}) > 5


def test_tuning_correlations_against_corrcoef():
    rng = np.random.default_rng(2)
    segment, occasion = np.arange(36) % 3, np.arange(36) // 18
    response, observed = rng.random((36, 4, 2)), rng.random((36, 4)) > 0.1
    observed[:, 3] = occasion == 0  # a unit that was lost
    member, _ = random_halves(occasion * 3 + segment, np.ones(36, bool), 5, rng)
    out = tuning_correlations(response, observed, member, (2, 3))
    halves = member.toarray().reshape(5, 2, 2, 3, 36).astype(bool)

    def vector(resample, half, day, unit):
        rows = [halves[resample, half, day, s] & observed[:, unit] for s in range(3)]
        return np.concatenate([response[row, unit].mean(axis=0) for row in rows])

    for unit in range(3):
        r = np.mean([
            np.corrcoef(
                [vector(k, h, d, unit) for h in (0, 1) for d in (0, 1)]
            )[:2, 2:] for k in range(5)
        ], axis=0)  # fmt: skip
        np.testing.assert_allclose(out[unit], 0.5 * (r + r.T), rtol=1e-10)
    assert np.isnan(out[3, :, 1]).all() and np.isfinite(out[3, 0, 0])


def test_rdi_of_known_correlations():
    r = np.array([[[0.8, 0.4, 0.2], [0.4, 0.8, 0.4], [0.2, 0.4, 0.8]], -np.ones((3, 3))])
    out = drift_by_lag(r)
    np.testing.assert_allclose(out[0], [(0.8 - 1 / 3) / (0.8 + 1 / 3), 1 / 3, 0.6])
    assert np.isnan(out[1]).all()


BASE = {"segments": 6, "repeats": 16, "units": 40, "segment_duration": 0.5, "mean_rate": 12.0}


def test_each_code_moves_with_its_own_truth():
    found = {}
    for name, knobs in {
        "none": {},
        "rate": {"rate_drift": 1.0},
        "timing": {"event_time_drift": 1.0},
    }.items():
        recording = record(SyntheticOptions(**BASE, **knobs), "made.movie", 3)
        out = analyze(recording, "temporal_components", {"surrogates": 19, "resamples": 10}, 1)
        found[name] = {code: out.sel(statistic=f"{code}.rdi") for code in ("rate", "temporal")}
    for moved, still in (("rate", "temporal"), ("temporal", "rate")):
        truth = "timing" if moved == "temporal" else "rate"
        assert float(found[truth][moved]["p_value"]) == 0.05
        assert float(found[truth][moved]["value"]) > 0.25
        assert float(found[truth][still]["p_value"]) > 0.05
        assert float(found["none"][moved]["p_value"]) > 0.05


def test_axes_of_all_trials_favor_components():
    """Axes that have seen the days compared make them look alike: the published choice."""
    recording = record(SyntheticOptions(**BASE, event_time_drift=0.5), "made.movie", 3)
    options = {"surrogates": 19, "resamples": 10, "axes": "both"}
    out = analyze(recording, "temporal_components", options, 1)
    assert out["axes"].values.tolist() == ["first", "all"]
    index = out["value"].sel(statistic=["temporal.rdi", "temporal_all.rdi", "rate.rdi"])
    assert float(index[1]) < float(index[0])
    difference = out.sel(statistic="difference")
    assert float(difference["value"]) == pytest.approx(float(index[2] - index[0]), abs=1e-12)
    assert float(difference["low"]) < float(difference["value"]) < float(difference["high"])


def test_wrong_use_is_refused_in_one_line():
    recording = record(SyntheticOptions(**{**BASE, "segments": 3, "repeats": 3}), "made.movie", 3)
    for changed, options, said in (
        (select(recording, trials=recording["segment"].values < 2), {}, "needs three"),
        (recording.assign(event_amplitude=recording["spike_time"]), {}, "needs spike times"),
        (recording, {}, "two trials of every segment"),
        (recording, {"bin": 0.2}, "choose a smaller bin"),
    ):
        with pytest.raises(InputError, match=said) as raised:
            analyze(changed, "temporal_components", options)
        assert "\n" not in str(raised.value)


def test_same_seed_same_bits():
    recording = record(SyntheticOptions(**{**BASE, "repeats": 6, "units": 10}), "made.movie", 3)
    first, again, other = (
        analyze(recording, "temporal_components", {"surrogates": 19, "resamples": 3}, seed)
        for seed in (1, 1, 2)
    )
    assert first.identical(again)
    assert not first["null_mean"].equals(other["null_mean"])


def test_units_are_taken_in_parts_without_a_difference(monkeypatch):
    recording = record(SyntheticOptions(**{**BASE, "repeats": 4, "units": 7}), "made.movie", 3)
    spikes = Layout.of(recording).spikes
    fit = {"bin": 0.01, "boxcar": 0.05, "n_axes": 3, "shrinkage": None}
    whole = scores(spikes, spikes.block == 0, **fit)
    monkeypatch.setattr(
        "spikedrift.analyses.temporal_components.CELLS", 2 * spikes.segment.size * 50
    )
    np.testing.assert_allclose(np.abs(scores(spikes, spikes.block == 0, **fit)), np.abs(whole))


@pytest.mark.mirror
def test_published_indices_of_one_unit(mirror: Path):
    """The example unit of Zhu et al., with axes fitted on all days as they did.

    The data do not say which row of the tables the unit is: it is looked for by its rate indices
    alone, and its temporal indices are then compared.
    """
    folder = mirror / "mouse_v1_15days"
    store = loadmat(folder / "VS_Store.mat")["VS_Store"].ravel()
    response = np.stack([day.transpose(1, 0, 2) for day in store]).astype(int)
    days, directions, trials, bins = response.shape
    flat = response.reshape(-1, bins)
    counts = flat.sum(axis=1)[:, None]
    day, segment = (index.ravel() for index in np.indices((days, directions, trials))[:2])
    seen = np.ones_like(counts, bool)
    times = (np.nonzero(flat)[1] + 0.5) * 1e-3
    spikes = Spikes(
        times, counts, seen, segment, day, np.arange(day.size), np.full(day.size, bins * 1e-3)
    )
    cell, everything = day * directions + segment, np.ones(day.size, bool)
    member, size = random_halves(cell, everything, 30, np.random.default_rng(0))
    assert size == 25
    shape = (days, directions)
    rate = drift_by_lag(tuning_correlations(counts[..., None] * 1.0, seen, member, shape))[0, 1:]
    table = loadmat(folder / "DG-CO.Fig4.mat")
    published = table["driftRateMG"][:, 1:]
    complete = np.isfinite(published).all(axis=1)
    error = np.where(complete, np.sqrt(((published - rate) ** 2).mean(axis=1)), np.inf)
    row, next_best = np.argsort(error)[:2]
    assert error[row] < 0.015 and error[next_best] > 1.5 * error[row]

    fit = {"bin": 0.002, "boxcar": 0.049, "n_axes": 3, "shrinkage": None}
    found = scores(spikes, everything, **fit)
    temporal = drift_by_lag(tuning_correlations(found, seen, member, shape))[0, 1:]
    published = table["driftRateCPMG"][:, 1:]
    assert np.corrcoef(temporal, published[row])[0, 1] > 0.95
    assert np.sqrt(((temporal - published[row]) ** 2).mean()) < 0.02


def test_axes_are_fitted_on_whole_repeats_in_whatever_order_a_file_has_its_trials():
    repeat, segment = (part.ravel() for part in np.indices((5, 3)))
    mixed = np.random.default_rng(3).permutation(repeat.size)
    taken = every_second(segment[mixed], repeat[mixed] + 7)
    np.testing.assert_array_equal(taken, np.isin(repeat[mixed], (1, 3)))
