"""Comparators of similarity matrices: against rsatoolbox, closed forms and analytic cases."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rsatoolbox.rdm.compare import (
    compare_correlation,
    compare_correlation_cov_weighted,
    compare_cosine,
    compare_cosine_cov_weighted,
    compare_rho_a,
)
from scipy import stats
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist, squareform

from spikedrift.core.errors import InputError
from spikedrift.rsa import comparator, whitening
from spikedrift.rsa.comparators import cka, procrustes

OF_RDMS = [name for name in comparator.names() if comparator.get(name).takes == "rdm"]
IN_TOOLBOX = {
    "rho_a": compare_rho_a,
    "cosine": compare_cosine,
    "correlation": compare_correlation,
    "whitened_cosine": compare_cosine_cov_weighted,
    "whitened_correlation": compare_correlation_cov_weighted,
}


def compare(name, models, rdms, **options):
    return comparator.get(name).compare(models, rdms, **options)


def stack(rng, k, n=9, ties=False):
    rdms = rng.normal(size=(k, n * (n - 1) // 2)) + 2
    return np.round(rdms * 2) if ties else rdms


def rotation(rng, n):
    return np.linalg.qr(rng.normal(size=(n, n)))[0]


def test_all_are_found_and_say_what_they_cannot_see():
    assert set(comparator.names()) == {*IN_TOOLBOX, "cka", "procrustes"}
    for name in comparator.names():
        found = comparator.get(name)
        assert found.title and found.citation and len(found.blind_to) > 30
        assert found.direction == ("lower" if name == "procrustes" else "higher")
    with pytest.raises(InputError, match="rho_a"):
        comparator.get("rho_b")


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", IN_TOOLBOX)
def test_agrees_with_rsatoolbox(name, ties):
    rng = np.random.default_rng(1)
    models, rdms = stack(rng, 4, ties=ties), stack(rng, 3, ties=ties)
    ours = compare(name, models, rdms)
    np.testing.assert_allclose(ours, IN_TOOLBOX[name](models, rdms), atol=1e-10, rtol=0)
    np.testing.assert_allclose(compare(name, models[2], rdms), ours[2], atol=1e-13)


@pytest.mark.parametrize("name", ["whitened_cosine", "whitened_correlation"])
def test_whitening_with_missing_pairs_and_with_noise_covariance_agrees_with_rsatoolbox(name):
    rng = np.random.default_rng(2)
    models, rdms = stack(rng, 2), stack(rng, 3)
    root = rng.normal(size=(9, 20))
    sigma = root @ root.T / 20
    np.testing.assert_allclose(
        compare(name, models, rdms, sigma=sigma),
        IN_TOOLBOX[name](models, rdms, sigma_k=sigma), atol=1e-5,
    )  # fmt: skip
    missing = rng.choice(36, 5, replace=False)
    models[:, missing] = rdms[:, missing] = np.nan
    np.testing.assert_allclose(
        compare(name, models, rdms), IN_TOOLBOX[name](models, rdms), atol=1e-10, rtol=0
    )


@pytest.mark.parametrize("sigma", [None, "given"])
def test_whitening_is_that_of_v_solved_directly(sigma):
    # V written out from its definition; rsatoolbox stops its iterations at 1e-5.
    rng = np.random.default_rng(3)
    n, root = 7, rng.normal(size=(7, 30))
    s = np.eye(n) if sigma is None else root @ root.T / 30
    contrast = np.array(
        [np.eye(n)[i] - np.eye(n)[j] for i, j in itertools.combinations(range(n), 2)]
    )
    v = (contrast @ s @ contrast.T) ** 2
    np.testing.assert_allclose(whitening.covariance(n, s), v, atol=1e-12)
    a, b = stack(rng, 1, n)[0], stack(rng, 1, n)[0]

    def inner(x, y):
        return x @ np.linalg.solve(v, y)

    options = {} if sigma is None else {"sigma": s}
    assert compare("whitened_cosine", a, b[None], **options)[0] == pytest.approx(
        inner(a, b) / np.sqrt(inner(a, a) * inner(b, b)), abs=1e-10
    )
    a, b = a - a.mean(), b - b.mean()
    assert compare("whitened_correlation", a, b[None], **options)[0] == pytest.approx(
        inner(a, b) / np.sqrt(inner(a, a) * inner(b, b)), abs=1e-10
    )


def test_rho_a_is_the_mean_of_spearman_under_random_tie_breaking():
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 4, 15).astype(float), rng.normal(size=15)
    drawn = [stats.spearmanr(a + rng.uniform(0, 1e-6, 15), b).statistic for _ in range(4000)]
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert abs(compare("rho_a", a, b[None])[0] - np.mean(drawn)) < 4 * error


@pytest.mark.parametrize("name", OF_RDMS)
def test_itself_scale_and_order_of_conditions(name):
    rng = np.random.default_rng(5)
    n = 9
    rdm, other = pdist(rng.normal(size=(2, n, 40))[0]), pdist(rng.normal(size=(n, 40)))
    assert compare(name, rdm, rdm[None])[0] == pytest.approx(1, abs=1e-10)
    value = compare(name, rdm, other[None])[0]
    assert compare(name, other, rdm[None])[0] == pytest.approx(value, abs=1e-12)
    assert compare(name, 7 * rdm, other[None])[0] == pytest.approx(value, abs=1e-10)
    order = rng.permutation(n)
    place = np.zeros((n, n), int)
    upper = np.triu_indices(n, 1)
    place[upper] = np.arange(rdm.size)
    place = (place + place.T)[np.ix_(order, order)][upper]
    assert compare(name, rdm[place], other[None, place])[0] == pytest.approx(value, abs=1e-10)


@pytest.mark.parametrize("name", OF_RDMS)
def test_what_is_undefined_is_left_out_of_all_and_a_lost_row_stays_lost(name):
    rng = np.random.default_rng(6)
    models, rdms = stack(rng, 3, 6), stack(rng, 2, 6)
    whole = compare(name, models, rdms)
    lost = models.copy()
    lost[1] = np.nan
    found = compare(name, lost, rdms)
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], whole[[0, 2]], atol=1e-12)
    # one pair missing in one row: the same as missing in all rows
    one, all_rows = models.copy(), models.copy()
    one[0, 4] = all_rows[:, 4] = np.nan
    np.testing.assert_array_equal(compare(name, one, rdms), compare(name, all_rows, rdms))
    assert np.abs(compare(name, one, rdms) - whole).max() > 1e-6
    # a matrix without any structure agrees with nothing
    flat = compare(name, np.zeros_like(models[0]), rdms)
    np.testing.assert_array_equal(flat, 0)


@pytest.mark.parametrize("name", ["correlation", "whitened_correlation", "rho_a", "cka"])
def test_the_mean_dissimilarity_is_not_seen_where_the_text_says_so(name):
    rng = np.random.default_rng(7)
    a, b = stack(rng, 1)[0], stack(rng, 1)
    assert compare(name, a + 50, b)[0] == pytest.approx(compare(name, a, b)[0], abs=1e-8)
    for sees in ("cosine", "whitened_cosine"):
        assert abs(compare(sees, a + 50, b)[0] - compare(sees, a, b)[0]) > 1e-2
    np.testing.assert_array_equal(compare(name, np.full(36, 0.3), b), 0)


# CKA


def squared(response):
    return pdist(response, "sqeuclidean")


def test_cka_of_identical_rotated_and_scaled_responses_is_1():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(8, 30))
    for y in (x, x @ rotation(rng, 30), 3.7 * x, x + rng.normal(size=30)):
        assert cka.of_responses(x, y) == pytest.approx(1, abs=1e-10)
        assert compare("cka", squared(x), squared(y)[None])[0] == pytest.approx(1, abs=1e-10)


def hsic_by_quadruples(k, m):
    """Unbiased HSIC as an average over ordered quadruples of distinct conditions."""
    total, n = 0.0, len(k)
    quadruples = list(itertools.permutations(range(n), 4))
    for i, j, q, r in quadruples:
        total += k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q])
    return total / len(quadruples)


def hsic_by_sums(k, m):
    """Song et al. 2012, eq. 5."""
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    one = np.ones(n)
    return (
        np.trace(k @ m)
        + one @ k @ one * (one @ m @ one) / ((n - 1) * (n - 2))
        - 2 / (n - 2) * (one @ k @ m @ one)
    ) / (n * (n - 3))


@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_cka_is_the_ratio_of_u_statistics_over_quadruples(n):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(n, 3)), rng.normal(size=(n, 5))
    k, m = x @ x.T, y @ y.T
    for hsic in (hsic_by_quadruples, hsic_by_sums):
        expected = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
        assert cka.of_responses(x, y) == pytest.approx(expected, abs=1e-10)
        assert compare("cka", squared(x), squared(y)[None])[0] == pytest.approx(expected, abs=1e-10)


def test_cka_of_any_distance_is_the_bias_corrected_distance_correlation_of_kernels():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(2, 10, 4))
    k, m = -squareform(pdist(x)), -squareform(pdist(y, "cityblock"))
    expected = hsic_by_sums(k, m) / np.sqrt(hsic_by_sums(k, k) * hsic_by_sums(m, m))
    found = compare("cka", pdist(x), pdist(y, "cityblock")[None])[0]
    assert found == pytest.approx(expected, abs=1e-10)


def test_cka_of_independent_responses_is_0_on_average_where_the_plain_one_is_not():
    rng = np.random.default_rng(10)
    debiased, plain = [], []
    for _ in range(400):
        x, y = rng.normal(size=(2, 10, 200))
        debiased.append(cka.of_responses(x, y))
        plain.append(compare("whitened_cosine", squared(x), squared(y)[None])[0])
    assert abs(np.mean(debiased)) < 4 * np.std(debiased) / np.sqrt(400)
    assert np.mean(plain) > 0.8


def test_cka_does_not_see_noise_of_single_conditions():
    rng = np.random.default_rng(11)
    a, b = squared(rng.normal(size=(8, 5))), squared(rng.normal(size=(8, 5)))
    own = rng.uniform(0, 9, 8)
    row, column = np.triu_indices(8, 1)
    assert compare("cka", a + own[row] + own[column], b[None])[0] == pytest.approx(
        compare("cka", a, b[None])[0], abs=1e-10
    )


# Procrustes


def test_angle_is_that_of_the_best_rotation():
    rng = np.random.default_rng(12)
    x, y = rng.normal(size=(2, 12, 5))
    x0, y0 = x - x.mean(0), y - y.mean(0)
    turn, total = orthogonal_procrustes(x0, y0)
    expected = np.arccos(total / np.linalg.norm(x0) / np.linalg.norm(y0))
    assert procrustes.angle(x, y) == pytest.approx(expected, abs=1e-10)
    assert np.cos(expected) == pytest.approx(
        (x0 @ turn * y0).sum() / np.linalg.norm(x0) / np.linalg.norm(y0), abs=1e-10
    )
    # more units than conditions, and different numbers of them: silent units fill up
    wide, narrow = rng.normal(size=(6, 20)), rng.normal(size=(6, 4))
    filled = np.hstack([narrow, np.zeros((6, 16))])
    nuclear = np.linalg.norm((wide - wide.mean(0)).T @ (filled - filled.mean(0)), "nuc")
    nuclear /= np.linalg.norm(wide - wide.mean(0)) * np.linalg.norm(filled - filled.mean(0))
    assert procrustes.angle(wide, narrow) == pytest.approx(np.arccos(nuclear), abs=1e-10)


@given(st.integers(0, 2**32 - 1), st.integers(2, 9), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_angle_is_a_metric_of_shapes(seed, conditions, units):
    rng = np.random.default_rng(seed)
    x, y, z = rng.normal(size=(3, conditions, units))
    d = procrustes.angle
    turned = 2.5 * x @ rotation(rng, units) + rng.normal(size=units)
    assert d(x, turned) == pytest.approx(0, abs=1e-6)  # arccos near 1 keeps half of the digits
    assert d(turned, y) == pytest.approx(d(x, y), abs=1e-7)
    assert d(x, y) == pytest.approx(d(y, x), abs=1e-7)
    assert d(x, z) <= d(x, y) + d(y, z) + 1e-7  # two conditions: all shapes are one


def test_cross_validated_angle_is_the_plain_one_without_noise():
    rng = np.random.default_rng(13)
    x, y = rng.normal(size=(2, 8, 5))
    folds = [np.stack([side] * 3) for side in (x, y)]
    assert procrustes.cross_validated(*folds) == pytest.approx(procrustes.angle(x, y), abs=1e-10)


def test_cross_validated_angle_is_that_of_the_rotation_fitted_elsewhere():
    rng = np.random.default_rng(14)
    x, y = rng.normal(size=(2, 2, 10, 4)) + rng.normal(size=(10, 4))
    expected = []
    for fit, score in ((0, 1), (1, 0)):
        turn, _ = orthogonal_procrustes(x[fit] - x[fit].mean(0), y[fit] - y[fit].mean(0))
        a, b = (side[score] - side[score].mean(0) for side in (x, y))
        expected.append(np.arccos((a @ turn * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)))
    assert procrustes.cross_validated(x, y) == pytest.approx(np.mean(expected), abs=1e-10)
    ours = procrustes.compare(np.stack([x, y]), y[None])
    assert ours.shape == (2, 1)
    assert ours[0, 0] == pytest.approx(np.mean(expected), abs=1e-10)


def test_fitting_on_noise_deceives_the_plain_angle_and_not_the_cross_validated_one():
    rng = np.random.default_rng(15)
    plain, crossed = [], []
    for _ in range(60):
        x, y = rng.normal(size=(2, 2, 6, 100))  # nothing in common
        plain.append(procrustes.angle(x[0], y[0]))
        crossed.append(procrustes.cross_validated(x, y))
    assert np.mean(plain) < 0.5
    assert abs(np.mean(crossed) - np.pi / 2) < 4 * np.std(crossed) / np.sqrt(60)


def test_a_table_takes_responses_of_any_number_of_units_and_stacks_matrices():
    rng = np.random.default_rng(12)
    runs = [rng.normal(size=(2, 6, n)) for n in (4, 9, 0)]
    found = procrustes.COMPARATOR.table(runs, runs[:2])
    assert found.shape == (3, 2) and np.isnan(found[2]).all()
    for a, b in np.ndindex(2, 2):
        assert found[a, b] == procrustes.cross_validated(runs[a], runs[b])
    assert np.isnan(procrustes.COMPARATOR.table(runs[:2], runs[2:])).all()
    same = np.stack([runs[0], runs[0] + 1, 2 * runs[0] ** 2])
    np.testing.assert_array_equal(
        procrustes.COMPARATOR.table(list(same), list(same[:2])), procrustes.compare(same, same[:2])
    )
    rdms = rng.normal(size=(3, 15))
    np.testing.assert_array_equal(
        cka.COMPARATOR.table(list(rdms), list(rdms[:2])), cka.COMPARATOR.compare(rdms, rdms[:2])
    )


def test_procrustes_refuses_conditions_that_do_not_fit_and_leaves_what_does_not_vary_undefined():
    rng = np.random.default_rng(16)
    with pytest.raises(InputError, match="same conditions"):
        procrustes.cross_validated(rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 6, 3)))
    flat = np.ones((2, 5, 3))
    assert np.isnan(procrustes.cross_validated(flat, rng.normal(size=(2, 5, 3))))
