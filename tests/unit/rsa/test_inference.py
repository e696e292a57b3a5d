"""The two-factor bootstrap against rsatoolbox, closed forms and repeated simulations."""

import numpy as np
import pytest
from rdms import COMPARATORS, animals, correlation, cosine, holm, truth
from rsatoolbox.util.inference_util import extract_variances
from scipy import stats

from spikedrift.core.errors import InputError
from spikedrift.rsa.inference import (
    Bootstrap,
    against_ceiling,
    against_zero,
    between_models,
    bootstrap,
)
from spikedrift.rsa.noise_ceiling import ceiling
from spikedrift.rsa.stacks import unit_length


def made(rng, n_models=3):
    """A bootstrap as could have come out, with random covariances of the three kinds."""
    root = rng.normal(size=(3, n_models + 2, 8)) * [[[0.16]], [[0.1]], [[0.1]]]
    return Bootstrap(
        score=rng.uniform(0.2, 0.9, n_models),
        lower=0.7,
        upper=0.8,
        covariance=np.einsum("kis,kjs->kij", root, root) / 8,
        n_animals=6,
        n_conditions=10,
        dof=5,
    )


def test_corrected_variances_are_rsatoolboxes():
    for seed in range(20):
        found = made(np.random.default_rng(seed))
        model, difference, limit = extract_variances(found.covariance, True, 6, 10)
        zero, short, pairs = against_zero(found), against_ceiling(found), between_models(found)
        np.testing.assert_allclose(zero.standard_error**2, model, rtol=1e-10)
        np.testing.assert_allclose(short.standard_error**2, limit[:, 0], rtol=1e-10)
        np.testing.assert_allclose(pairs.standard_error**2, difference, rtol=1e-10)


def test_tests_are_students_with_holm_over_the_family():
    found = made(np.random.default_rng(3))
    zero, short, pairs = against_zero(found), against_ceiling(found), between_models(found)
    np.testing.assert_allclose(zero.p_value, stats.t.sf(found.score / zero.standard_error, 5))
    t = (found.score - 0.7) / short.standard_error
    np.testing.assert_allclose(short.p_value, stats.t.cdf(t, 5))
    assert pairs.pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    difference = found.score[pairs.pairs[:, 0]] - found.score[pairs.pairs[:, 1]]
    np.testing.assert_allclose(pairs.estimate, difference)
    t = np.abs(difference) / pairs.standard_error
    np.testing.assert_allclose(pairs.p_value, 2 * stats.t.sf(t, 5))
    for family in (zero, short, pairs):
        np.testing.assert_allclose(family.p_holm, holm(family.p_value))
        width = (family.high - family.low) / 2 / family.standard_error
        np.testing.assert_allclose(width, stats.t.ppf(0.975, 5))


@pytest.fixture(scope="module")
def example():
    rng = np.random.default_rng(4)
    features = rng.normal(size=(10, 6))
    rdms = animals(rng, features, 7, noise=2.0)
    models = np.stack([truth(features), truth(features[:, :3]), truth(rng.normal(size=(10, 6)))])
    return rdms, models


@pytest.mark.slow
def test_animals_alone_vary_as_a_mean_does(example):
    # With conditions fixed, a score is a mean over animals, of variance (population) / n.
    rdms, models = example
    found = bootstrap(rdms, models, *COMPARATORS["cosine"], np.random.default_rng(1), 2000)
    values = np.stack([cosine(model, rdms) for model in models])
    np.testing.assert_allclose(found.score, values.mean(axis=1))
    np.testing.assert_allclose(np.diag(found.covariance[1])[:3], values.var(axis=1) / 7, rtol=0.12)
    whole = ceiling(rdms, *COMPARATORS["cosine"])
    assert (found.lower, found.upper) == (whole.lower, whole.upper)
    assert found.dof == 6


def test_the_same_draws_are_the_same_bits(example):
    rdms, models = example
    one, other = (
        bootstrap(rdms, models, *COMPARATORS["cosine"], np.random.default_rng(1), 50).covariance
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)


def test_an_animals_sessions_count_as_one(example):
    rdms, models = example
    twice = np.concatenate([rdms, rdms])
    labels = np.tile(np.arange(7), 2)
    once = bootstrap(rdms, models, *COMPARATORS["corr"], np.random.default_rng(2), 50)
    both = bootstrap(
        twice, models, *COMPARATORS["corr"], np.random.default_rng(2), 50, animals=labels
    )
    np.testing.assert_allclose(both.covariance, once.covariance, rtol=1e-9, atol=1e-15)
    assert both.n_animals == 7


def test_a_draw_leaves_out_pairs_of_one_condition_and_gives_models_the_same_conditions(example):
    rdms, models = example
    seen = []

    def watch(model, stack):
        same = np.isnan(model)
        assert (np.isnan(stack) == same).all()
        seen.append(same.sum())
        return COMPARATORS["cosine"][0](model, stack)

    bootstrap(rdms, rdms[:1], watch, unit_length, np.random.default_rng(5), 40)
    # Of n conditions drawn with replacement a pair is twice the same with probability 1 / n.
    assert 45 / 10 * 0.4 < np.mean(seen[2:]) < 45 / 10 * 1.1
    # An RDM against itself is 1 in every sample.
    same = bootstrap(
        np.tile(models[:1], (6, 1)), models[:1], *COMPARATORS["corr"],
        np.random.default_rng(5), 40,
    )  # fmt: skip
    np.testing.assert_allclose(same.covariance, 0, atol=1e-20)
    assert same.score[0] == pytest.approx(1)


def test_few_animals_are_not_resampled(example):
    rdms, models = example
    with pytest.raises(InputError, match="a bootstrap over animals needs 5 of them, there are 3"):
        bootstrap(rdms[:3], models, *COMPARATORS["cosine"], np.random.default_rng(1))
    with pytest.raises(InputError, match=r"over conditions needs \d, there are 4"):
        bootstrap(rdms[:, :6], models[:, :6], *COMPARATORS["cosine"], np.random.default_rng(1))
    found = bootstrap(
        rdms[:3], models, *COMPARATORS["cosine"], np.random.default_rng(1), 100,
        resample="conditions",
    )  # fmt: skip
    assert found.dof == 9
    zero = against_zero(found)
    variance = np.diag(found.covariance[2])[:3] * 10 / 9
    np.testing.assert_allclose(zero.standard_error**2, variance)
    assert np.isfinite(between_models(found).p_value).all()
    with pytest.raises(InputError, match="needs animals resampled"):
        against_ceiling(found)


# calibration


def study(rng, n_animals, n_conditions):
    """New animals and conditions of one world, with a model that knows 4 of its 8 features."""
    features = rng.normal(size=(n_conditions, 8))
    rdms = animals(rng, features, n_animals, units=30, noise=1.5)
    return rdms, np.stack([truth(features[:, :4]), truth(features[:, 4:])])


@pytest.mark.parametrize(("n_animals", "n_conditions", "most"), [(6, 12, 1.6), (8, 20, 1.3)])
@pytest.mark.slow
def test_the_corrected_variance_is_that_of_repeated_studies(n_animals, n_conditions, most):
    # With few conditions a draw of them is too unlike the whole, and the variance too large: tests
    # are then conservative (measured in docs/comparison-inference.md), never too bold.
    rng = np.random.default_rng(n_conditions)
    scores = []
    for _ in range(2000):
        rdms, models = study(rng, n_animals, n_conditions)
        scores.append([correlation(model, rdms).mean() for model in models])
    scores = np.array(scores)
    contrast = np.array([[1.0, 0, 0, 0], [1.0, -1, 0, 0]])
    actual = np.array([scores[:, 0].var(), (scores[:, 0] - scores[:, 1]).var()])
    estimates, plain = [], []
    for _ in range(60):
        found = bootstrap(*study(rng, n_animals, n_conditions), *COMPARATORS["corr"], rng, 40)
        estimates.append(found.variance(contrast))
        plain.append(np.einsum("ki,ij,kj->k", contrast, found.covariance[0], contrast))
    corrected, uncorrected = np.mean(estimates, axis=0), np.mean(plain, axis=0)
    assert (corrected / actual > 0.8).all()
    assert (corrected / actual < most).all()
    assert (uncorrected > corrected).all()
