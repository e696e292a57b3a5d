"""Rate correlation and population vector correlation against numpy, scipy and Deitch et al."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import pearsonr, zscore

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.similarity.correlation import activity, pearson_pairs
from spikedrift.similarity.matrix import similarity
from spikedrift.similarity.measures import rate_correlation
from spikedrift.similarity.registry import get

N_REPEATS, N_SEGMENTS, N_UNITS = 6, 4, 25


def recording(missing: float = 0.0, seed: int = 0, events: bool = False) -> xr.Dataset:
    """Poisson trials of 1 s, repeats in two blocks, tuned units; some cells not observed."""
    rng = np.random.default_rng(seed)
    repeat, segment = (
        grid.ravel() for grid in np.meshgrid(range(N_REPEATS), range(N_SEGMENTS), indexing="ij")
    )
    rate = rng.gamma(1.0, 5.0, (N_SEGMENTS, N_UNITS))[segment]
    observed = rng.random(rate.shape) >= missing
    count = np.where(observed, rng.poisson(rate), 0)
    trial, unit = (
        np.repeat(index, count.ravel()) for index in np.indices(count.shape).reshape(2, -1)
    )
    time, count = trials.ragged(trial, unit, rng.random(trial.size), count.shape)
    return trials.assemble(
        time,
        count,
        recording="made.movie",
        kind="synthetic",
        trial={
            "stimulus": "movie", "segment": segment, "repeat": repeat,
            "block": repeat // 3, "duration": 1.0,
        },
        unit={"unit_id": np.arange(N_UNITS)},
        observed=observed,
        event_amplitude=rng.gamma(2.0, 1.0, time.size) if events else None,
    )  # fmt: skip


def masked_pearson(x: np.ndarray, y: np.ndarray, both: np.ndarray) -> float:
    return float(pearsonr(x[both], y[both]).statistic)


def test_trials_match_numpy() -> None:
    data = recording()
    out = similarity(data, "rate_correlation")
    np.testing.assert_allclose(out["value"], np.corrcoef(data["spike_count"]), rtol=1e-12)
    assert (np.diag(out["value"]) == 1).all()
    assert (out["n_shared"] == N_UNITS).all()


@pytest.mark.parametrize("events", [False, True])
def test_trials_match_scipy_where_units_are_missing(events: bool) -> None:
    data = recording(missing=0.3, events=events)
    out = similarity(data, "rate_correlation")
    rate, seen = activity(data)[0], data["observed"].values
    if events:
        trial, unit = trials.spike_cells(data)
        summed = np.zeros(rate.shape)
        np.add.at(summed, (trial, unit), data["event_amplitude"].values)
        np.testing.assert_allclose(rate, summed, rtol=1e-12)
    else:
        np.testing.assert_array_equal(rate, data["spike_count"])
    for one, two in [(0, 1), (3, 17), (23, 5)]:
        both = seen[one] & seen[two]
        expected = masked_pearson(rate[one], rate[two], both)
        assert float(out["value"][one, two]) == pytest.approx(expected, rel=1e-10)
        assert int(out["n_shared"][one, two]) == both.sum()


def test_scattered_pairs_equal_the_matrix_product() -> None:
    data = recording(missing=0.2)
    counts, seen = activity(data)[0], data["observed"].values
    first, second = np.triu_indices(24)
    dense, n_dense = pearson_pairs(counts, seen, first, second, 3)
    few = np.array([5, 60, 211])
    for pair in few:  # a pair by itself, and few pairs over many trials
        alone, _ = pearson_pairs(counts, seen, first[[pair]], second[[pair]], 3)
        assert alone[0] == dense[pair]
    lone = np.arange(12)
    value, n = pearson_pairs(counts, seen, lone, lone[::-1] + 12, 3)
    square = np.full((24, 24), np.nan)
    square[first, second] = dense
    np.testing.assert_array_equal(value, square[lone, lone[::-1] + 12])
    assert n.max() <= N_UNITS and n_dense.max() <= N_UNITS


def test_undefined_is_nan() -> None:
    response = np.array([[1.0, 2, 3, 9], [4, 4, 4, 1], [5, 1, 2, 7], [0.1, 0.1, 0.1, 2]])
    observed = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 0, 1], [1, 1, 1, 0]], bool)
    pairs = np.array([0, 0, 0, 0]), np.array([0, 1, 2, 3])
    value, n_shared = pearson_pairs(response, observed, *pairs, min_shared=3)
    assert value[0] == 1
    assert np.isnan(value[1:]).all()  # no variance, two shared units, no variance (amplitudes)
    assert n_shared.tolist() == [3, 3, 2, 3]


def ensembles(data: xr.Dataset, bins: int) -> np.ndarray:
    """A_r of Deitch et al. 2021: repeat x unit x (segment, bin) spike counts, by histograms."""
    out = np.zeros((N_REPEATS, N_UNITS, N_SEGMENTS, bins))
    trial, unit = trials.spike_cells(data)
    which = (data["repeat"].values[trial], unit, data["segment"].values[trial])
    index = np.digitize(data["spike_time"].values, np.linspace(0, 1, bins + 1)) - 1
    np.add.at(out, (*which, index), 1)
    return out.reshape(N_REPEATS, N_UNITS, -1)


@pytest.mark.parametrize(("width", "bins"), [(None, 1), (0.25, 4)])
def test_population_vector_repeats_follow_deitch(width: float | None, bins: int) -> None:
    """Mean over time of corr(A_r[:, t], A_s[:, t]): the diagonal of corr(A_r, A_s)."""
    data = recording()
    out = similarity(data, "population_vector", {"bin": width})
    response = ensembles(data, bins)
    for one in range(N_REPEATS):
        for two in range(N_REPEATS):
            joint = np.corrcoef(response[one].T, response[two].T)
            n = joint.shape[0] // 2
            expected = np.nanmean(np.diag(joint[:n, n:]))
            assert float(out["repeat_value"][one, two]) == pytest.approx(expected, rel=1e-10)


def test_ensemble_rate_repeats_follow_deitch() -> None:
    """corr over units of the rates averaged over a repeat."""
    data = recording()
    out = similarity(data, "rate_correlation")
    expected = np.corrcoef(ensembles(data, 1).mean(axis=2))
    np.testing.assert_allclose(out["repeat_value"], expected, rtol=1e-12)


def test_ensemble_rate_uses_segments_observed_in_both_repeats() -> None:
    data = recording(missing=0.4, seed=3)
    out = similarity(data, "rate_correlation")
    counts = data["spike_count"].values.reshape(N_REPEATS, N_SEGMENTS, N_UNITS)
    seen = data["observed"].values.reshape(counts.shape)
    for one, two in [(0, 1), (2, 5), (4, 4)]:
        both = seen[one] & seen[two]
        mean = [
            np.where(both, counts[r], 0).sum(0) / np.maximum(both.sum(0), 1) for r in (one, two)
        ]
        shared = both.any(axis=0)
        expected = masked_pearson(*mean, shared)
        assert float(out["repeat_value"][one, two]) == pytest.approx(expected, rel=1e-10)
        assert int(out["repeat_n_shared"][one, two]) == shared.sum()


@pytest.mark.parametrize("cells", [1, 700, 10**6])
@pytest.mark.parametrize("missing", [0.1, 0.5, 0.9])
def test_pairs_of_repeats_at_once_are_the_pairs_one_by_one(
    missing: float, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_correlation, "CELLS", cells)  # of one band of repeats and of several
    rng = np.random.default_rng(5)
    seen = rng.random((N_REPEATS, N_SEGMENTS, N_UNITS)) >= missing
    seen[:, :, 3] = False
    count = rng.poisson(3.0, seen.shape) * seen
    time = rng.uniform(0.9, 1.1, (N_REPEATS, N_SEGMENTS, 1)) * seen
    first, second = np.triu_indices(N_REPEATS)
    value, n_shared = rate_correlation._jointly_observed(count, time, first, second, 3)
    for pair, (one, two) in enumerate(zip(first, second, strict=True)):
        joint = seen[one] & seen[two]
        both = joint.any(axis=0)
        assert n_shared[pair] == both.sum()
        if both.sum() < 3:
            assert np.isnan(value[pair])
            continue
        rate = [
            (count[r] * joint).sum(axis=0)[both] / (time[r] * joint).sum(axis=0)[both]
            for r in (one, two)
        ]
        expected = np.corrcoef(*rate)[0, 1]
        np.testing.assert_allclose(value[pair], expected, rtol=1e-12, atol=1e-12)


def test_a_repeat_that_lacks_a_segment_is_compared_on_the_others() -> None:
    data = recording()
    kept = ~((data["repeat"] == 2) & (data["segment"] == 1)).values
    cut = similarity(trials.select(data, trials=kept), "rate_correlation")
    response = ensembles(data, 1)[:, :, [0, 2, 3]].mean(axis=2)
    expected = np.corrcoef(response[2], response[4])[0, 1]
    assert float(cut["repeat_value"][2, 4]) == pytest.approx(expected, rel=1e-12)
    whole = similarity(data, "rate_correlation")["repeat_value"]
    assert float(cut["repeat_value"][0, 4]) == pytest.approx(float(whole[0, 4]), rel=1e-12)


def test_bins_that_do_not_divide_the_trial_leave_the_rest_out() -> None:
    data = recording()
    assert activity(data, 0.3).shape == (3, N_REPEATS * N_SEGMENTS, N_UNITS)
    assert activity(data, 0.3).sum() == (data["spike_time"] < 0.9).sum()
    assert activity(data, 0.1).shape[0] == 10
    np.testing.assert_array_equal(activity(data, 1.0), activity(data))


def test_a_bin_longer_than_the_trial_is_refused() -> None:
    with pytest.raises(InputError, match=r"made.movie: a bin of 1.5 s is longer than"):
        similarity(recording(), "population_vector", {"bin": 1.5})


def test_bins_on_a_time_grid() -> None:
    """Times that are whole multiples of the bin belong to the bin that they open."""
    count = np.full((1, 1), 10, np.int32)
    data = trials.assemble(
        np.arange(10) * 0.1, count, recording="grid", kind="model",
        trial={"stimulus": "pattern", "segment": 0, "repeat": 0, "duration": 1.0},
        unit={"unit_id": ["a"]},
    )  # fmt: skip
    assert activity(data, 0.1).ravel().tolist() == [1] * 10


def test_population_vector_averages_the_bins_that_are_defined() -> None:
    """One trial is silent in its second half: the mean is over the first half alone."""
    data = recording()
    late = (trials.spike_cells(data)[0] == 0) & (data["spike_time"].values > 0.5)
    trial, unit = (index[~late] for index in trials.spike_cells(data))
    time, count = trials.ragged(trial, unit, data["spike_time"].values[~late], (24, N_UNITS))
    data = data.drop_vars(["spike_time", "spike_count"]).assign(
        spike_time=("spike", time), spike_count=(("trial", "unit"), count)
    )
    value, _ = get("population_vector").pairs(
        data, np.array([0]), np.array([4]), min_shared=3, bin=0.5
    )
    halves = activity(data, 0.5)
    assert value[0] == pytest.approx(np.corrcoef(halves[0, 0], halves[0, 4])[0, 1], rel=1e-12)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_standardized_units_weigh_alike(missing: float) -> None:
    """Against scipy's z-scores; and no scale or offset of a unit changes anything."""
    data = recording(missing=missing)
    seen = data["observed"].values
    z = zscore(np.where(seen, data["spike_count"].values, np.nan), axis=0, nan_policy="omit")
    for measure in ("rate_correlation", "population_vector"):
        found = similarity(data, measure, {"standardize": True})["value"].values
        for one, two in [(0, 1), (3, 17), (5, 9)]:
            expected = masked_pearson(z[one], z[two], seen[one] & seen[two])
            assert found[one, two] == pytest.approx(expected, rel=1e-10)
    raw = similarity(data, "rate_correlation")["value"].values
    assert raw.mean() > found.mean() + 0.1


def test_standardized_ensemble_rates_are_means_of_z() -> None:
    data = recording()
    z = zscore(data["spike_count"].values, axis=0).reshape(N_REPEATS, N_SEGMENTS, N_UNITS)
    found = similarity(data, "rate_correlation", {"standardize": True})["repeat_value"]
    np.testing.assert_allclose(found, np.corrcoef(z.mean(axis=1)), rtol=1e-10)


def test_bins_are_standardized_together_and_a_silent_unit_says_nothing() -> None:
    data = recording()
    out = activity(data, 0.5, standardize=True)
    np.testing.assert_allclose(out.mean(axis=(0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(out.std(axis=(0, 1)), 1)
    quiet = data.assign(
        spike_count=(data["spike_count"].dims, np.zeros_like(data["spike_count"])),
        spike_time=("spike", np.empty(0)),
    )
    assert (activity(quiet, standardize=True) == 0).all()
