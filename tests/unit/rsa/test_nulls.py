"""Nulls of a model that knows nothing: exact cases, enumeration, uniform p values."""

from itertools import permutations

import numpy as np
import pytest
from rdms import COMPARATORS, animals, cosine, distances, holm, truth
from scipy import stats
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import squareform

from spikedrift.core.errors import InputError
from spikedrift.rsa.nulls import circular_shift_test, permutation_test, without_lag

DRAWS = 500


def uniform(p_values, least, rng):
    """KS p of Monte Carlo p: on the grid least, 2 least, ..., 1, so spread over its cells."""
    return stats.kstest(p_values - least * rng.random(len(p_values)), "uniform").pvalue


def movie(rng, n_bins, width=1.5, n_features=10):
    """Features of a movie that change slowly, cut out of a longer one: (n_bins, n_features)."""
    noise = rng.normal(size=(n_bins + 40, n_features))
    return gaussian_filter1d(noise, width, axis=0)[20:-20]


def test_permutation_of_conditions_against_enumeration():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(7, 4))
    rdms = animals(rng, features, 3, noise=3.0)
    model = truth(features + rng.normal(size=features.shape))
    found = permutation_test(rdms, model[None], cosine, rng, n_surrogates=4999)
    square = squareform(model)
    score = [
        cosine(square[np.ix_(order, order)][np.triu_indices(7, 1)], rdms).mean()
        for order in permutations(range(7))
    ]
    exact = np.mean(np.array(score) >= score[0] - 1e-12)
    assert found.score[0] == pytest.approx(score[0])
    assert found.p_value[0] == pytest.approx(exact, abs=4 * np.sqrt(exact / 4999) + 1e-3)
    assert stats.ks_2samp(found.null[0], score).pvalue > 0.01
    assert found.smallest_p == 1 / 5000


def test_a_right_model_is_found_and_holm_counts_the_models():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(10, 6))
    rdms = animals(rng, features, 5)
    models = np.stack([truth(features), *(truth(rng.normal(size=(10, 6))) for _ in range(3))])
    found = permutation_test(rdms, models, COMPARATORS["corr"][0], rng, n_surrogates=999)
    assert found.p_value[0] == found.smallest_p == 0.001
    np.testing.assert_allclose(found.p_holm, holm(found.p_value))
    assert (found.p_value[1:] > 0.01).all()


@pytest.mark.slow
def test_p_of_the_permutation_is_uniform_for_unrelated_models():
    rng = np.random.default_rng(3)
    p = np.empty((DRAWS, len(COMPARATORS)))
    for draw in p:
        rdms = animals(rng, rng.normal(size=(8, 6)), 3)
        model = truth(rng.normal(size=(8, 6)))[None]
        draw[:] = [
            permutation_test(rdms, model, compare, rng, n_surrogates=199).p_value[0]
            for compare, _ in COMPARATORS.values()
        ]
    found = [uniform(column, 1 / 200, rng) for column in p.T]
    assert holm(found).min() > 0.01, found


def test_a_lag_is_taken_out_by_regression_on_its_indicators():
    rng = np.random.default_rng(4)
    rdms = rng.normal(size=(3, 45))
    i, j = np.triu_indices(10, 1)
    design = (j - i)[:, None] == np.arange(1, 10)
    expected = rdms.T - design @ np.linalg.lstsq(design.astype(float), rdms.T, rcond=None)[0]
    np.testing.assert_allclose(without_lag(rdms), expected.T, atol=1e-12)
    np.testing.assert_allclose(without_lag((j - i)[None] ** 1.5), 0, atol=1e-12)


def test_circular_shift_by_hand():
    rng = np.random.default_rng(5)
    features = movie(rng, 12)
    rdms, model = animals(rng, features, 2), truth(features)
    found = circular_shift_test(rdms, model[None], cosine, keep_lag=True)
    for shift in range(1, 12):
        rolled = np.stack([
            np.roll(squareform(rdm), -shift, axis=(0, 1))[np.triu_indices(12, 1)] for rdm in rdms
        ])  # fmt: skip
        assert found.null[0, shift - 1] == pytest.approx(cosine(model, rolled).mean())
    assert found.smallest_p == 1 / 12


@pytest.mark.parametrize("n_bins", [30, 40])
@pytest.mark.slow
def test_p_of_the_circular_shift_is_uniform_for_unrelated_movies(n_bins):
    rng = np.random.default_rng(n_bins)
    p = np.empty((DRAWS, len(COMPARATORS)))
    for row in p:
        features, other = movie(rng, n_bins), movie(rng, n_bins)
        rdms = animals(rng, features, 2)
        row[:] = [
            circular_shift_test(rdms, truth(other)[None], compare).p_value[0]
            for compare, _ in COMPARATORS.values()
        ]
    found = [uniform(column, 1 / n_bins, rng) for column in p.T]
    assert holm(found).min() > 0.01, found


def test_a_movie_is_found_in_its_own_recordings():
    rng = np.random.default_rng(7)
    features = movie(rng, 30)
    found = circular_shift_test(animals(rng, features, 3), truth(features)[None], cosine)
    assert found.p_value[0] == found.smallest_p


def test_sessions_of_one_animal_count_once():
    rng = np.random.default_rng(8)
    features = rng.normal(size=(8, 4))
    rdms = animals(rng, features, 3)
    labels = np.array(["a", "b", "b"])
    found = permutation_test(rdms, rdms[:1], cosine, rng, 99, animals=labels)
    own = cosine(rdms[0], rdms)
    assert found.score[0] == pytest.approx((own[0] + own[1:].mean()) / 2)
    with pytest.raises(InputError, match="3 RDMs need 3 animals, not 2"):
        permutation_test(rdms, rdms[:1], cosine, rng, 99, animals=labels[:2])


def test_what_cannot_be_is_refused_in_one_line():
    rng = np.random.default_rng(9)
    rdms = distances(*rng.normal(size=(2, 2, 6, 4)))
    with pytest.raises(InputError, match="permutation of conditions needs 7 of them, there are 6"):
        permutation_test(rdms, rdms, cosine, rng)
    with pytest.raises(InputError, match="needs 3 bins, there are 2"):
        circular_shift_test(rdms[:, :1], rdms[:, :1], cosine)


def test_what_a_free_permutation_or_a_lag_left_in_takes_for_related():
    # Why bins of time have a null of their own: two unrelated movies.
    rng = np.random.default_rng(10)
    compare = COMPARATORS["corr"][0]
    free, lagged = np.empty((2, 100))
    for k in range(100):
        rdms, model = animals(rng, movie(rng, 30, 3.0), 2), truth(movie(rng, 30, 3.0))[None]
        free[k] = permutation_test(rdms, model, compare, rng, 99).p_value[0]
        lagged[k] = circular_shift_test(rdms, model, compare, keep_lag=True).p_value[0]
    assert (free <= 0.05).sum() > 90
    assert stats.binomtest(int((lagged <= 0.05).sum()), 100, 1 / 30).pvalue < 0.001
