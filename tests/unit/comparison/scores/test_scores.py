"""The distance of models from a recording, against analytic cases and scikit-learn."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.covariance import LedoitWolf

from spikedrift.comparison.conclusions import of_scores
from spikedrift.comparison.scores import baselines, ceiling, distance
from spikedrift.comparison.scores.scores import compare
from spikedrift.comparison.scores.summary import CODES, STATISTICS, Run, balance, vector
from spikedrift.config.compare import Compare, TimeScaleGrid
from spikedrift.config.drift import CurveOptions, DriftOptions, SignalOptions
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift import gates
from spikedrift.drift.curves import curves
from spikedrift.drift.discrimination import discrimination
from spikedrift.drift.signal.aspects import ASPECTS
from spikedrift.drift.signal.magnitudes import MAGNITUDES, Sums, magnitudes
from spikedrift.drift.signal.recording import SUMS, recording_drift
from spikedrift.similarity.matrix import similarity
from spikedrift.sources import synthetic
from spikedrift.spikes import selections
from spikedrift.stats import covariance
from spikedrift.stats.intervals import t_interval

GRID = np.geomspace(0.05, 20, 81)
SCALES = np.array([True, True, True, False, False])
MEAN = np.array([0.2, 0.4, 0.1, 0.9, 0.3])


def random_covariance(rng, size=5, scale=0.05):
    root = rng.normal(size=(size, 2 * size))
    return scale**2 * root @ root.T / (2 * size)


def test_ledoit_wolf_is_scikit_learns_on_a_common_scale():
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4)) * [1e-3, 1, 10, 500]
    scale = samples.std(axis=0, ddof=1)
    centered = (samples - samples.mean(axis=0)) / scale * np.sqrt(40 / 39)
    expected = LedoitWolf(assume_centered=True).fit(centered).covariance_
    ours = covariance.shrunk(samples) / np.outer(scale, scale)
    np.testing.assert_allclose(ours, expected, rtol=1e-10)
    # Shrinkage acts on correlations: the variances of the samples stay.
    plain = np.corrcoef(samples.T)
    assert np.abs(ours[0, 1]) < np.abs(plain[0, 1])


def test_ledoit_wolf_leaves_out_undefined_samples_and_refuses_constants():
    samples = np.random.default_rng(2).normal(size=(30, 3))
    broken = np.vstack([samples, [np.nan, 1, 2]])
    np.testing.assert_array_equal(covariance.shrunk(broken), covariance.shrunk(samples))
    with pytest.raises(InputError, match="2 of 30"):
        covariance.shrunk(np.where(np.arange(30)[:, None] < 2, samples, np.nan))
    with pytest.raises(InputError, match="does not vary"):
        covariance.shrunk(np.c_[samples, np.ones(30)])


def test_pooled_spread_ignores_where_the_groups_lie():
    rng = np.random.default_rng(3)
    truth = random_covariance(rng)
    groups = [rng.multivariate_normal(MEAN * k, truth, size=400) for k in (1, 3, -2)]
    np.testing.assert_allclose(covariance.pooled(groups), truth, atol=0.15 * truth.max())
    assert (covariance.pooled([np.ones((1, 3)), np.zeros((1, 3))]) == 0).all()


def test_a_right_model_scores_as_chi_squared():
    # y and x from one distribution each, C their summed covariance, no free factor:
    # p * score of one instance is chi squared with p degrees of freedom.
    rng = np.random.default_rng(4)
    sampling, spread = random_covariance(rng), random_covariance(rng)
    fixed = np.zeros(5, bool)
    value = [
        5
        * distance.fit(
            rng.multivariate_normal(MEAN, sampling),
            rng.multivariate_normal(MEAN, spread, size=1),
            sampling + spread,
            fixed,
            GRID,
        ).score
        for _ in range(600)
    ]
    assert stats.kstest(value, stats.chi2(5).cdf).pvalue > 0.01


def test_a_right_model_with_a_fitted_factor_scores_near_one():
    rng = np.random.default_rng(5)
    sampling, spread = random_covariance(rng), random_covariance(rng)
    score = [
        distance.fit(
            rng.multivariate_normal(MEAN, sampling),
            rng.multivariate_normal(MEAN, spread, size=4),
            sampling + spread,
            SCALES,
            GRID,
        ).score
        for _ in range(400)
    ]
    assert 0.85 < np.mean(score) < 1.15


@pytest.mark.parametrize("factor", [0.2, 1.0, 6.0])
def test_the_time_scale_is_recovered_and_ratios_do_not_move(factor):
    rng = np.random.default_rng(6)
    cov = random_covariance(rng, scale=0.005)
    instances = np.where(SCALES, MEAN / factor, MEAN) + rng.normal(0, 1e-4, size=(5, 5))
    found = distance.fit(MEAN, instances, cov, SCALES, GRID)
    assert found.time_scale == pytest.approx(factor, rel=0.05)
    assert not found.at_bound
    assert GRID[found.profile.argmin()] == pytest.approx(factor, rel=0.1)
    wrong = np.where(SCALES, MEAN / factor, MEAN + 0.05)
    assert distance.fit(MEAN, wrong[None], cov, SCALES, GRID).score > found.score + 1


def test_no_factor_can_mend_a_wrong_ratio_of_timing_to_rate():
    cov = np.diag(np.full(5, 0.01**2))
    swapped = MEAN[[2, 1, 0, 3, 4]]
    assert distance.fit(MEAN, swapped[None], cov, SCALES, GRID).score > 20


def test_noise_cannot_be_stretched_into_drift():
    # Without drift the best factor is small: large ones blow up what differs between instances.
    rng = np.random.default_rng(7)
    cov = np.diag(np.full(5, 0.02**2))
    none = np.where(SCALES, 0, MEAN) + rng.normal(0, 0.02, size=(6, 5))
    found = distance.fit(MEAN, none, cov, SCALES, GRID)
    drifting = MEAN + rng.normal(0, 0.02, size=(6, 5))
    assert found.score > 10 * distance.fit(MEAN, drifting, cov, SCALES, GRID).score
    assert found.time_scale < 5


def test_a_factor_outside_the_grid_is_set_to_its_end_and_said():
    found = distance.fit(MEAN, np.where(SCALES, MEAN / 100, MEAN)[None], np.eye(5), SCALES, GRID)
    assert (found.time_scale, found.at_bound) == (GRID[-1], True)
    opposite = distance.fit(MEAN, np.where(SCALES, -MEAN, MEAN)[None], np.eye(5), SCALES, GRID)
    assert (opposite.time_scale, opposite.at_bound) == (GRID[0], True)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_fit_is_the_least_score_and_does_not_depend_on_units(seed, n):
    rng = np.random.default_rng(seed)
    cov = random_covariance(rng)
    y, x = MEAN + rng.normal(0, 0.1, 5), MEAN + rng.normal(0, 0.1, (n, 5))
    found = distance.fit(y, x, cov, SCALES, GRID)
    assert found.score <= found.profile.min() + 1e-9
    assert found.score == pytest.approx(found.instance_score.mean())
    units = rng.uniform(0.1, 1000, 5)
    other = distance.fit(y * units, x * units, cov * np.outer(units, units), SCALES, GRID)
    assert other.score == pytest.approx(found.score, rel=1e-6)
    np.testing.assert_allclose(other.residual, found.residual, rtol=1e-6, atol=1e-9)


def test_the_ceiling_brackets_a_noise_free_and_an_independent_right_model():
    # Halves have twice the sampling covariance of the whole.
    rng = np.random.default_rng(8)
    sampling = random_covariance(rng)
    splits = rng.multivariate_normal(MEAN, 2 * sampling, size=(2, 800))
    low, high = ceiling.of_halves(*splits, sampling, SCALES, GRID)
    y = rng.multivariate_normal(MEAN, sampling, size=800)
    twin = rng.multivariate_normal(MEAN, sampling, size=800)
    perfect = [distance.fit(a, MEAN[None], sampling, SCALES, GRID).score for a in y]
    copy = [
        distance.fit(a, b[None], sampling, SCALES, GRID).score for a, b in zip(y, twin, strict=True)
    ]
    assert low == pytest.approx(np.mean(perfect), rel=0.15)
    assert high == pytest.approx(np.mean(copy), rel=0.15)


def test_the_ceiling_leaves_out_undefined_halves():
    one = np.tile(MEAN, (3, 1))
    two = one + 0.1
    broken = two.copy()
    broken[1, 0] = np.nan
    assert ceiling.of_halves(one, broken, np.eye(5), SCALES, GRID) == pytest.approx(
        ceiling.of_halves(one[[0, 2]], two[[0, 2]], np.eye(5), SCALES, GRID)
    )
    assert np.isnan(ceiling.of_halves(one[:1], one[:1] * np.nan, np.eye(5), SCALES, GRID)).all()


def test_matched_noise_is_the_score_of_a_point_against_itself():
    rng = np.random.default_rng(9)
    spread = random_covariance(rng)
    value = [
        ceiling.matched_noise(
            rng.multivariate_normal(MEAN, spread, size=3), 2 * spread, SCALES, GRID
        )
        for _ in range(300)
    ]
    assert 0.85 < np.mean(value) < 1.1
    assert np.isnan(ceiling.matched_noise(MEAN[None], spread, SCALES, GRID))


# runs from small synthetic recordings, through the drift analysis

DRIFT = DriftOptions(
    curves=CurveOptions(bootstrap=40, halves=8), index=SignalOptions(flips=199, bootstrap=99)
)


def record(name, seed, **knobs):
    options = SyntheticOptions(
        **{"units": 30, "segments": 4, "repeats": 5, "segment_duration": 0.5, **knobs}
    )
    return synthetic.record(options, name, seed=seed)


def mouse_recording():
    return record("mouse.movie", 1, rate_drift=0.4, event_time_drift=0.2)


def make_run(name, seed, **knobs):
    return analyzed(selections.apply(record(name, seed, **knobs), Selection(name="all"), 1))


def selected(name, seed, **chosen):
    selection = Selection(name="all", **chosen)
    return analyzed(selections.apply(record(name, seed), selection, 1))


def analyzed(recording):
    return Run(
        *(
            curves(recording, MeasureEntry(name=measure, measure=measure), DRIFT.curves, 1)
            for measure in ("population_vector", "spikeship")
        ),
        recording_drift(recording, DRIFT, 1),
    )


def without_timing(index):
    """The same recording in which no timing code was detected."""
    absent = index.copy(deep=True)
    gate = gates.no_signal("timing", 1, 0.4, 0.01)
    for name in ("index", *SUMS):
        absent[name].loc[{"code": "timing"}] = np.nan
    absent["gate"].loc[{"code": "timing"}] = gate.state
    absent["gate_note"] = absent["gate_note"].astype(object)
    absent["gate_note"].loc[{"code": "timing"}] = gate.words
    return absent


@pytest.fixture(scope="module")
def mouse():
    return analyzed(selections.apply(mouse_recording(), Selection(name="all"), 1))


@pytest.fixture(scope="module")
def sweep():
    return {
        "frozen": [make_run(f"m-frozen-i{k}.movie", 10 + k) for k in range(3)],
        "right": [
            make_run(f"m-right-i{k}.movie", 20 + k, rate_drift=0.4, event_time_drift=0.2)
            for k in range(3)
        ],
        "timing-only": [
            make_run(f"m-timing-i{k}.movie", 30 + k, event_time_drift=0.6) for k in range(3)
        ],
    }


@pytest.fixture(scope="module")
def scored(mouse, sweep):
    return compare(mouse, sweep, seed=3, control="frozen", titles={"right": "right one"})


@pytest.mark.slow
def test_the_generating_point_is_nearest(scored):
    score = scored["score"]
    assert str(score.idxmin("point").values) == "right"
    assert score.sel(point="right") < 3
    assert score.sel(point="frozen") > 2 * score.sel(point="right")
    assert 0.3 < scored["time_scale_fit"].sel(point="right") < 3


def test_a_comparison_holds_together(scored, mouse, sweep):
    names = [str(name) for name in scored["statistic"].values]
    assert names == list(Compare().statistics)
    np.testing.assert_allclose(
        scored["score"], scored["instance_score"].mean("instance"), rtol=1e-12
    )
    index = mouse.index["index"].sel(matching="none", code="timing")
    assert scored["recording_value"].sel(statistic="timing_step") == pytest.approx(float(index))
    within = mouse.index.sel(code="rate", relation="within")
    new = (within["lag_power"] - within["lag_overlap"]) / within["n_pairs"]
    used = within["n_pairs"].values > 0
    slope = np.polyfit(within["lag"][used], new[used], 1, w=np.sqrt(within["n_pairs"][used]))[0]
    power = float(within["lag_power"][used].sum() / within["n_pairs"][used].sum())
    scale = 1 - float(mouse.index["chance"].sel(matching="none", code="rate"))
    drop = scored["recording_value"].sel(statistic="rate_drop")
    assert drop == pytest.approx(slope * np.ptp(within["lag"][used].values) / power / scale)
    assert (scored["ceiling_low"] * 2).item() == pytest.approx(scored["ceiling_high"].item())
    assert scored["ceiling_low"] < scored["score"].sel(point="frozen")
    # the fitted point lies on or under the drawn profile
    assert (scored["score"] <= scored["profile"].min("time_scale") + 1e-9).all()
    residual = (
        scored["recording_value"]
        - scored["instance_value"].mean("instance")
        * xr.where(scored["scales"], scored["time_scale_fit"], 1.0)
    ) / scored["metric_sd"]
    np.testing.assert_allclose(
        scored["residual"], residual.transpose("point", "statistic"), rtol=1e-9, atol=1e-12
    )
    assert (scored["instance_units"] == 30).all()
    assert scored["instances_scored"].values.tolist() == [3, 3, 3]
    np.testing.assert_array_equal(scored["recording_reliability"], mouse.reliability())


def test_few_instances_are_an_illustration_and_units_are_said(scored):
    assert scored["score_low"].isnull().all()
    text = scored.attrs["inference"]
    for part in (
        "no animal resampling",
        "illustration",
        "n = 3",
        "30 units",
        "(as many as in the recording)",
        "Null",
    ):
        assert part in text
    assert json.loads(scored.attrs["titles"])["right"] == "right one"
    assert scored.attrs["control"] == "frozen"
    assert scored.attrs["seed"] == 3


def test_enough_instances_have_a_reproducible_interval(mouse, sweep):
    options = Compare(min_instances=3, bootstrap=200)
    one = compare(mouse, sweep, options, seed=5)
    two = compare(mouse, sweep, options, seed=5)
    xr.testing.assert_identical(one, two)
    assert (one["score_low"] < one["score_high"]).all()
    assert (one["score_low"] <= one["score"]).all()
    assert "illustration" not in one.attrs["inference"]


def test_an_instance_without_timing_code_is_not_scored(mouse, sweep):
    absent = without_timing(sweep["right"][0].index)
    runs = [Run(sweep["right"][0].rate, sweep["right"][0].timing, absent), *sweep["right"][1:]]
    found = compare(mouse, {"frozen": sweep["frozen"], "right": runs})
    assert found["instances_scored"].sel(point="right") == 2
    assert found["instances_given"].sel(point="right") == 3
    assert np.isnan(found["instance_score"].sel(point="right")[0])
    assert np.isfinite(found["score"].sel(point="right"))
    none = compare(mouse, {"frozen": sweep["frozen"], "lost": runs[:1]})
    assert np.isnan(none["score"].sel(point="lost"))


def test_recordings_that_carry_no_comparison_are_refused(mouse, sweep):
    def marked(**attributes):
        return Run(mouse.rate.assign_attrs(**attributes), mouse.timing, mouse.index)

    with pytest.raises(InputError, match="pooled over sessions"):
        compare(marked(pseudo_population=1), sweep)
    with pytest.raises(InputError, match="order of its trials, and so its blocks, are assumed"):
        compare(marked(trial_order_known=0), sweep)
    described = compare(marked(trial_order_known=0), sweep, Compare(assumed_order="describe"))
    assert "no inference" in described.attrs["inference"]
    with pytest.raises(InputError, match="30 units, a comparison needs 40"):
        compare(mouse, sweep, Compare(min_units=40))
    with pytest.raises(InputError, match="no model runs"):
        compare(mouse, {})
    absent = without_timing(mouse.index)
    less = compare(Run(mouse.rate, mouse.timing, absent), sweep)
    assert less["statistic"].values.tolist() == [
        "rate_drop", "rate_step", "step_to_drop",
    ]  # fmt: skip
    assert (
        "mouse.movie does not have it: timing: no timing code was detected in block 1"
        in less.attrs["conclusion"]
    )
    rate_only = Compare(statistics=("rate_drop", "rate_step", "step_to_drop"))
    assert np.isfinite(
        compare(Run(mouse.rate, mouse.timing, absent), sweep, rate_only)["score"]
    ).all()


def test_trials_that_are_not_the_same_are_named(mouse, sweep):
    found = compare(mouse, sweep)
    assert (
        "Recording and models: trials of 0.5 s, 4 segments (the same)." in found.attrs["inference"]
    )
    shorter = [selected(f"m-short-i{k}.movie", 50 + k, duration=0.4, segments=3) for k in range(2)]
    said = compare(mouse, {**sweep, "short": shorter}).attrs["inference"]
    assert (
        "Not the same: trials of 0.5 s, 4 segments in the recording, trials of 0.4 s, 3 segments; "
        "trials of 0.5 s, 4 segments in the models" in said
    )


def test_run_files_are_checked(mouse, tmp_path):
    paths = [tmp_path / f"{name}.nc" for name in ("rate", "timing", "index")]
    for file, path in zip((mouse.rate, mouse.timing, mouse.index), paths, strict=True):
        file.to_netcdf(path, engine="h5netcdf")
    assert Run.read(*paths).name == "mouse.movie"
    with pytest.raises(InputError, match="is a timing measure"):
        Run.read(paths[1], paths[0], paths[2])
    mouse.rate.isel(sample=slice(5)).to_netcdf(tmp_path / "few.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="not joint"):
        Run.read(tmp_path / "few.nc", *paths[1:])
    with pytest.raises(InputError, match="no such file"):
        Run.read(paths[0], tmp_path / "none.nc", paths[2])


# baselines

LAG = np.arange(1, 10)


def curve_run(new, index=(0.3, 0.1)):
    """A run of 2 blocks x 5 repeats: new(lag, same block) is the share of the signal drawn anew."""
    n = np.array([[2 * max(5 - k, 0) for k in LAG], [min(k, 10 - k) for k in LAG]])
    share = np.array([[new(k, True) for k in LAG], [new(k, False) for k in LAG]])
    file = xr.Dataset(
        {"value": (("relation", "lag"), np.where(n > 0, 0.9, np.nan)),
         "n_pairs": (("relation", "lag"), n)},
        coords={"relation": ["within", "between"], "lag": LAG},
        attrs={"recording": "exact.movie", "kind": "similarity", "n_units": 30},
    )  # fmt: skip
    file["statistic_value"] = xr.DataArray([0.2], {"statistic": ["discrimination"]}, "statistic")
    power = np.stack([n.astype(float)] * 2)
    sums = (("code", "relation", "lag"), power), (("code", "relation", "lag"), power * (1 - share))
    drift = xr.Dataset(
        {"index": (("matching", "code"), [list(index)]),
         "chance": (("matching", "code"), [[0.0, 0.0]]),
         "lag_power": sums[0], "lag_overlap": sums[1], "lag_known": sums[0],
         "block_power": ("code", [1.0, 1.0]), "block_overlap": ("code", 1 - np.array(index)),
         "block_gain": ("code", [0.0, 0.0]), "block_gain_power": ("code", [1.0, 1.0]),
         "aspect_value": ("aspect", [np.nan] * len(ASPECTS)),
         "aspect_note": ("aspect", ["none"] * len(ASPECTS))},
        {"matching": ["none"], "code": list(CODES), "lag": LAG, "aspect": list(ASPECTS)},
    )  # fmt: skip
    return Run(file, file, drift.assign_attrs(recording="exact.movie"))


def test_magnitudes_of_known_sums_and_of_none():
    lag, n = np.arange(2, 6), np.array([[4, 3, 0, 0], [1, 2, 3, 2]])
    new = np.array([[0.1, 0.15, 9.0, 9.0], [0.3, 0.35, 0.4, 0.45]])
    blocks = (np.array(value) for value in (2.0, 1.5, 0.3, 1.5))
    sums = Sums(*blocks, 3.0 * n, 3.0 * n * (1 - new), n)
    drop, gap, step, gain = magnitudes(sums, lag, chance=0.2)
    assert [drop, gap, step] == pytest.approx([0.05 / 0.8, 0.2 / 0.8, 0.25 / 0.8])
    assert gain == pytest.approx(0.2)  # a redraw is no unit of it
    none, no_lag = np.array(0.0), np.zeros_like(n)
    assert np.isnan(magnitudes(Sums(*[none] * 4, no_lag, no_lag, n), lag, chance=0.0)).all()
    assert np.isnan(magnitudes(sums, lag, 0.2, most=2)[0])


def test_magnitudes_do_not_know_how_deep_the_code_is():
    """Another depth in the second block is a factor of every product that has a part in it."""
    lag, n = LAG, np.array([[2 * max(5 - k, 0) for k in LAG], [min(k, 10 - k) for k in LAG]])
    three, none = np.array(3.0), np.array(0.0)
    sums = Sums(three, three, none, three, 1.0 * n, 1.0 * n, n)
    # Powers of 1 and 4: half the squared difference of the powers is 4.5 times their first square.
    deeper = Sums(three * 4, three * 4, three * 4.5, three * 4, sums.lag_power * [[8.5], [4]],
                  sums.lag_overlap * [[8.5], [4]], n)  # fmt: skip
    for one, gain in ((sums, 0), (deeper, 4.5 / 4)):
        assert magnitudes(one, lag, 0.1) == pytest.approx([0, 0, 0, gain], abs=1e-12)


def test_magnitudes_of_a_file_are_those_of_its_sample_of_all_units_once(mouse):
    values = mouse.parts(99)
    sample = mouse.bootstrap_parts()
    for code in CODES:
        for name in MAGNITUDES:
            spread = np.nanstd(sample[f"{code}_{name}"])
            assert abs(np.nanmean(sample[f"{code}_{name}"]) - values[f"{code}_{name}"]) < spread


def test_a_lag_only_recording_is_what_lag_only_predicts_and_block_only_is_not():
    run = curve_run(lambda lag, same: 0.1 + 0.02 * lag)
    names = list(STATISTICS)
    observed = vector(run.parts(9), names)
    np.testing.assert_allclose(vector(baselines.predicted(run, "lag_only"), names), observed)
    block = baselines.predicted(run, "block_only")
    assert block["rate_drop"] == pytest.approx(0, abs=1e-12)
    # At equal lags nothing more is new between blocks; who knows only the block takes it for a gap.
    assert run.parts(9)["rate_gap"] == pytest.approx(0, abs=1e-12)
    near = np.average(LAG[:4], weights=[8, 6, 4, 2])
    far = np.average(LAG, weights=[1, 2, 3, 4, 5, 4, 3, 2, 1])
    assert block["rate_gap"] == pytest.approx(0.02 * (far - near))
    assert block["rate_step"] == pytest.approx(0.3)
    assert vector(block, ["step_to_drop"]) == pytest.approx(1)


def test_a_block_only_recording_is_what_block_only_predicts_and_lag_only_is_not():
    run = curve_run(lambda lag, same: 0.1 if same else 0.4)
    names = list(Compare().statistics)
    observed = vector(run.parts(9), names)
    np.testing.assert_allclose(
        vector(baselines.predicted(run, "block_only"), names), observed, atol=1e-12
    )
    lag = baselines.predicted(run, "lag_only")
    assert lag["rate_drop"] > 0.01
    assert 0 < lag["rate_step"] < 0.3
    cov = np.diag(np.full(len(names), 0.01**2))
    scales = np.array([STATISTICS[name].scales for name in names])
    score = {
        key: distance.fit(
            observed, vector(baselines.predicted(run, key), names)[None], cov, scales, GRID
        ).score
        for key in baselines.BASELINES
    }
    assert score["block_only"] < 1e-6 < 1 < score["lag_only"]
    assert lag["rate_gap"] == pytest.approx(0, abs=1e-12)
    assert (vector(baselines.predicted(run, "no_drift"), names) == 0).all()


@pytest.mark.parametrize(
    ("scores", "baseline", "said"),
    [
        ([3.6, 4.0], [0.03, 5.0, 5.0],
         "No point reaches the noise floor (0.2 to 0.5); the nearest is variant a, 3.6. The lag "
         "alone explains it (0.03): it reaches the noise floor, and no point comes nearer."),
        ([0.4, 4.0], [0.6, 5.0, 5.0], "The noise floor (0.2 to 0.5) is reached by variant a."),
        ([0.4, 0.3], [0.35, 0.25, 5.0],
         "The noise floor (0.2 to 0.5) is reached by variant a and variant b. The block "
         "alone explains it (0.25): it reaches the noise floor, and no point comes nearer."),
        ([np.nan, 4.0], [3.0, 5.0, 2.0],
         "No point reaches the noise floor (0.2 to 0.5); the nearest is variant b, 4. No "
         "point comes nearer than the lag alone (3). No point comes nearer than no drift "
         "at all (2)."),
    ],
)  # fmt: skip
def test_what_the_scores_say(scores, baseline, said):
    found = xr.Dataset(
        {"score": ("point", scores), "baseline_score": ("baseline", baseline),
         "ceiling_low": 0.2, "ceiling_high": 0.5},
        coords={"point": ["a", "b"], "baseline": list(baselines.BASELINES)},
        attrs={"titles": '{"a": "variant a", "b": "variant b"}'},
    )  # fmt: skip
    assert " ".join(of_scores(found)) == said


# statistics and their summaries


@given(st.floats(0.01, 5), st.floats(-5, 5), st.floats(0.01, 100))
@settings(deadline=None)
def test_balances_are_bounded_and_without_scale(a, b, factor):
    one = balance(np.array(a), np.array(b))
    assert -4 <= one <= 4
    assert balance(np.array(a * factor), np.array(b * factor)) == pytest.approx(one, abs=1e-9)
    assert balance(np.array(b), np.array(a)) == pytest.approx(-one)
    # tan(angle of a over b) is the ratio, and noise below zero goes on past 1
    assert np.tan((one + 1) * np.pi / 4) * b == pytest.approx(a, rel=1e-6) or abs(b) < 1e-6
    assert (one > 1) == (b < 0) or abs(b) < 1e-12


def test_balances_of_pure_cases():
    assert [float(balance(np.array(a), np.array(b))) for a, b in ((2, 0), (0, 2), (3, 3))] == [
        1.0,
        -1.0,
        0.0,
    ]
    assert balance(np.zeros(2), np.zeros(2)).tolist() == [0.0, 0.0]


def test_a_longer_model_is_read_at_the_recordings_largest_lag():
    run = curve_run(lambda lag, same: 0.1 + 0.02 * lag)
    assert run.largest_lag() == 4
    assert run.parts(2)["rate_drop"] == pytest.approx(0.02)
    assert run.parts(4)["rate_drop"] == pytest.approx(0.06)
    assert run.parts(99)["rate_drop"] == run.parts(4)["rate_drop"]


def test_discrimination_of_a_known_matrix():
    # 2 segments x 3 repeats: same .2 apart, different .6: S = .4 / .8
    segment, repeat = np.tile([0, 1], 3), np.repeat([0, 1, 2], 2)
    value = np.where(segment[:, None] == segment, 0.2, 0.6)
    value[0, 1] = value[1, 0] = 99.0  # same repeat: not used
    columns = {"segment": segment, "repeat": repeat, "stimulus": np.full(6, "p"),
               "session": np.zeros(6, int), "block": np.zeros(6, int),
               "phase": np.full(6, "naive")}  # fmt: skip
    file = xr.Dataset(
        {"value": (("trial", "trial_other"), value)},
        {f"trial_{key}": ("trial", column) for key, column in columns.items()},
        attrs={"kind": "distance"},
    )
    found = discrimination(file)
    assert found["value"].tolist() == pytest.approx([0.5])
    assert found["phase"].tolist() == ["naive"]
    turned = file.assign(value=1 - file["value"]).assign_attrs(kind="similarity")
    assert discrimination(turned)["value"].tolist() == pytest.approx([0.5])


def test_discrimination_is_that_of_the_drift_analysis(mouse):
    found = discrimination(similarity(mouse_recording(), "spikeship"))
    drift = mouse.timing["statistic_value"].sel(statistic="discrimination")
    assert found["value"].mean() == pytest.approx(float(drift), abs=0.02)


def test_the_student_interval_is_scipys():
    values = np.array([1.0, 2.0, 4.0, np.nan])
    known = values[:3]
    expected = stats.t.interval(0.9, 2, known.mean(), stats.sem(known))
    assert t_interval(values, 0.9) == pytest.approx(expected)
    assert np.isnan(t_interval(np.array([1.0]), 0.9)).all()


def test_options_refuse_nonsense():
    with pytest.raises(ValueError, match="must be below high"):
        TimeScaleGrid(low=3, high=2)
    with pytest.raises(ValueError, match="twice"):
        Compare(statistics=("rate_drop", "rate_drop"))
    with pytest.raises(ValueError, match="rate_dorp"):
        Compare(statistics=("rate_drop", "rate_dorp"))
