"""Decoding against scikit-learn and brute force, and what it must and must not read."""

import numpy as np
import pytest
import xarray as xr
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from spikedrift.analyses.contract.analysis import analyze
from spikedrift.analyses.decoding import cross_validation, crossing
from spikedrift.analyses.methods import decoders
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select

OPTIONS = {
    "surrogates": 19,
    "unit_draws": 2,
    "unit_counts": (5, 20),
    "decoders": ("nearest", "lda"),
}


def made(**knobs) -> xr.Dataset:
    base = {"segments": 5, "repeats": 6, "units": 60}
    return record(SyntheticOptions(**base | knobs), "made.movie", 3)


def value(result: xr.Dataset, name: str, column: str = "value") -> float:
    return float(result[column].sel(statistic=name))


def test_lda_is_that_of_sklearn_at_the_same_shrinkage(monkeypatch):
    rng = np.random.default_rng(1)
    y = np.tile(np.arange(4), 10)
    x = rng.standard_normal((4, 30))[y] + 2 * rng.standard_normal((40, 30))
    test = rng.standard_normal((300, 30))
    for shrinkage in (0.1, 0.5, 0.9):
        monkeypatch.setattr(decoders, "ledoit_wolf_shrinkage", lambda *_, s=shrinkage, **__: s)
        theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(x, y)
        np.testing.assert_array_equal(decoders.lda(x, y, test), theirs.predict(test))


def test_components_of_the_training_trials_change_no_linear_decoder():
    dataset = made()
    features = decoders.features_of(Layout.of(dataset), 4)
    segment, repeat = Layout.of(dataset).segment, dataset["repeat"].values
    train, test = np.flatnonzero(repeat < 6), np.flatnonzero(repeat >= 6)
    scores = decoders.linear_evidence({"rate": features["rate"]}, train, test)["rate"]
    counts = np.sqrt(dataset["spike_count"].values)
    x = counts - counts[train].mean(axis=0)
    x /= np.sqrt((x[train] ** 2).sum(axis=1).mean())
    theirs = LogisticRegression(C=10, tol=1e-6, max_iter=2000).fit(x[train], segment[train])
    ours = LogisticRegression(C=10, tol=1e-6, max_iter=2000).fit(scores[0], segment[train])
    np.testing.assert_allclose(
        ours.predict_proba(scores[1]), theirs.predict_proba(x[test]), atol=5e-3
    )


def test_nearest_neighbor_is_that_of_sklearn():
    dataset = made()
    distance = decoders.distances_of(Layout.of(dataset), 2)
    segment = Layout.of(dataset).segment
    train, test = np.arange(0, 60, 2), np.arange(1, 60, 2)
    counts = np.sqrt(dataset["spike_count"].values)
    theirs = KNeighborsClassifier(1, metric="correlation").fit(counts[train], segment[train])
    near = decoders.nearest_evidence(distance, train, test)
    np.testing.assert_array_equal(
        decoders.nearest(near["rate"], segment[train]), theirs.predict(counts[test])
    )
    gone = np.full((2, 3), np.inf)
    assert decoders.nearest(gone, np.arange(3)).tolist() == [-1, -1]


def test_nothing_is_fitted_to_test_trials():
    dataset = made(unit_loss=0.2)
    features = decoders.features_of(Layout.of(dataset), 5)
    train, test = np.arange(30), np.arange(30, 60)
    for code, each in features.items():
        changed = decoders.Features(each.values.copy(), each.known.copy())
        changed.values[31:] += 7 * changed.known[31:, :, None]
        before, after = each.products(train, test), changed.products(train, test)
        np.testing.assert_array_equal(before[0], after[0])
        np.testing.assert_allclose(before[1][0], after[1][0], rtol=1e-5, err_msg=code)
        assert not np.allclose(before[1][1:], after[1][1:])


def test_folds_hold_out_whole_repeats_and_train_on_as_many_for_both_relations():
    dataset = made(blocks=3)
    repeats = Layout.of(dataset).repeats
    splits = cross_validation(repeats, 3)
    assert len(splits) == 9
    for split in splits:
        assert not set(split.train) & set(split.test)
        assert not set(repeats.of_trial[split.train]) & set(repeats.of_trial[split.test])
        blocks = repeats.block[repeats.of_trial]
        assert len(set(blocks[split.train])) == 1
        np.testing.assert_array_equal(blocks[split.test] != blocks[split.train][0], split.between)
    assert len({split.train.size for split in splits}) == 1


def test_codes_read_what_drifts_and_nothing_else():
    rate = analyze(made(rate_drift=1.0), "decoding", OPTIONS, 1)
    timing = analyze(made(event_time_drift=1.0), "decoding", OPTIONS, 1)
    none = analyze(made(), "decoding", OPTIONS, 1)
    for decoder in ("nearest", "lda"):
        assert value(rate, f"{decoder}.rate.drop") > 0.4
        assert value(rate, f"{decoder}.timing.drop") < 0.1
        assert value(timing, f"{decoder}.timing.drop") > 0.4
        assert value(timing, f"{decoder}.rate.drop") < 0.1
        for code in decoders.CODES:
            assert abs(value(none, f"{decoder}.{code}.drop")) < 0.1
            assert value(none, f"{decoder}.{code}.accuracy_within", "p_value") == 0.05
            # Permuted labels fall to chance.
            null = value(none, f"{decoder}.{code}.accuracy_between", "null_mean")
            assert null == pytest.approx(1 / 5, abs=0.05)
    confusion = none["confusion"].sel(key="lda.rate", relation="within").values
    np.testing.assert_allclose(confusion.sum(axis=1), 1)
    assert np.trace(confusion) / 5 == pytest.approx(value(none, "lda.rate.accuracy_within"))


def test_profiles_are_free_of_counts():
    """A flat profile with tuned rates leaves nothing to decode from timing."""
    flat = analyze(made(flat_code=True), "decoding", OPTIONS, 1)
    assert value(flat, "lda.rate.accuracy_within") > 0.9
    assert value(flat, "lda.timing.accuracy_within") < 0.4
    assert value(flat, "lda.timing.accuracy_within", "p_value") > 0.05


def test_crossing_of_known_curves():
    counts = np.array([10, 100, 1000])
    assert crossing(counts, np.array([-0.2, 0.2, 0.2])) == pytest.approx(10**1.5)
    assert crossing(counts, np.array([-0.1, -0.3, 0.1])) == pytest.approx(10**2.75)
    assert crossing(counts, np.array([-0.1, 0.0, 0.1])) == pytest.approx(100)
    for never in ([0.1, 0.2, 0.3], [-0.1, 0.2, -0.1], [0.0, 0.0, 0.0], [-0.1, 0.0, 0.0]):
        assert np.isnan(crossing(counts, np.array(never)))


def test_one_block_two_photon_events_and_too_few_repeats():
    dataset = made()
    one = analyze(select(dataset, trials=dataset["block"].values == 0), "decoding", OPTIONS, 1)
    assert np.isnan(value(one, "lda.rate.accuracy_between"))
    assert value(one, "lda.rate.accuracy_within") > 0.9
    assert one.identical(
        analyze(select(dataset, trials=dataset["block"].values == 0), "decoding", OPTIONS, 1)
    )
    events = dataset.assign(event_amplitude=dataset["spike_time"])
    rate = analyze(events, "decoding", OPTIONS, 1)
    assert set(rate["key_code"].values) == {"rate"} and "crossing" not in rate["statistic"].values
    short = select(dataset, trials=dataset["repeat"].values < 2)
    with pytest.raises(InputError, match="three repeats"):
        analyze(short, "decoding", OPTIONS)


def test_a_lone_training_trial_is_the_nearest_to_all():
    """As where matching by state leaves one segment of a repeat."""
    distances = {code: np.array([[0.0, 1.0], [1.0, 0.0]]) for code in ("rate", "timing")}
    found = decoders.nearest_evidence(distances, np.array([0]), np.array([0, 1]))
    assert found["both"].shape == (2, 1)
    np.testing.assert_array_equal(decoders.nearest(found["both"], np.array([3])), [3, 3])
