"""Noise ceilings against rsatoolbox, closed forms, and the scores of true models."""

import numpy as np
import pytest
from rdms import COMPARATORS, animals, cosine, holm, truth
from rsatoolbox.inference import boot_noise_ceiling
from rsatoolbox.inference.crossvalsets import sets_leave_one_out_rdm
from rsatoolbox.inference.noise_ceiling import cv_noise_ceiling
from rsatoolbox.rdm import RDMs
from rsatoolbox.util.matrix import get_v
from scipy import stats

from spikedrift.core.errors import InputError
from spikedrift.rsa.noise_ceiling import ceiling, halves_ceiling, matched_noise
from spikedrift.rsa.stacks import relabeled, unit_length


@pytest.fixture(scope="module")
def rdms():
    rng = np.random.default_rng(1)
    return animals(rng, rng.normal(size=(9, 5)), 8)


@pytest.mark.parametrize("name", COMPARATORS)
def test_the_ceiling_is_rsatoolboxes(rdms, name):
    found = ceiling(rdms, *COMPARATORS[name])
    expected = boot_noise_ceiling(RDMs(rdms), method=name)
    np.testing.assert_allclose([found.lower, found.upper], expected, rtol=0, atol=1e-10)
    stack = RDMs(rdms)
    _, test, train = sets_leave_one_out_rdm(stack, "index")
    expected = cv_noise_ceiling(stack, train, test, method=name)
    np.testing.assert_allclose([found.lower, found.upper], expected, rtol=0, atol=1e-10)
    assert (found.n, found.unit) == (8, "animals")


@pytest.mark.parametrize("name", COMPARATORS)
def test_sessions_of_an_animal_are_left_out_together(name):
    rng = np.random.default_rng(2)
    rdms = animals(rng, rng.normal(size=(9, 5)), 12)
    mouse = np.tile([f"m{k}" for k in range(6)], 2)
    found = ceiling(rdms, *COMPARATORS[name], animals=mouse)
    expected = boot_noise_ceiling(
        RDMs(rdms, rdm_descriptors={"mouse": list(mouse)}), method=name, rdm_descriptor="mouse"
    )
    np.testing.assert_allclose([found.lower, found.upper], expected, rtol=0, atol=1e-10)
    with pytest.raises(InputError, match="needs 5 of them, there are 4"):
        ceiling(rdms, *COMPARATORS[name], animals=np.arange(12) % 4)


def test_a_whitened_cosine_is_pooled_by_its_own_length(rdms):
    # Pooled by another length, an RDM can come nearer than the "upper" ceiling: rsatoolbox 0.3.2
    # pools for the whitened cosine by the plain length.
    root = np.linalg.cholesky(np.linalg.inv(get_v(9, None).toarray()))

    def whitened(model, stack):
        return cosine(model @ root, stack @ root)

    def normalize(stack):
        return unit_length(stack, lambda x: np.linalg.norm(x @ root, axis=1))

    found = ceiling(rdms, whitened, normalize)
    unit = rdms @ root / np.linalg.norm(rdms @ root, axis=1, keepdims=True)
    assert found.upper == pytest.approx(np.linalg.norm(unit.mean(axis=0)), abs=1e-12)
    _, theirs = boot_noise_ceiling(RDMs(rdms), method="cosine_cov")
    assert theirs < found.upper - 1e-6


@pytest.mark.parametrize("name", ["cosine", "corr"])
def test_no_rdm_is_above_the_upper_bound(rdms, name):
    rng = np.random.default_rng(3)
    compare, normalize = COMPARATORS[name]
    upper = ceiling(rdms, compare, normalize).upper
    pooled = normalize(rdms).mean(axis=0)
    for scale in (0.01, 0.1, 1.0):
        for _ in range(100):
            other = pooled + scale * pooled.std() * rng.normal(size=pooled.size)
            assert compare(other, rdms).mean() <= upper + 1e-12


def test_what_cannot_be_is_refused_in_one_line(rdms):
    with pytest.raises(InputError, match=r"needs 5 of them, there are 4: take the ceiling from h"):
        ceiling(rdms[:4], *COMPARATORS["cosine"])
    with pytest.raises(InputError, match="1 of 8 RDMs have undefined pairs"):
        ceiling(np.where(np.arange(288).reshape(8, 36) == 40, np.nan, rdms), *COMPARATORS["corr"])
    with pytest.raises(InputError, match=r"not 35$"):
        ceiling(rdms[:, 1:], *COMPARATORS["cosine"])
    with pytest.raises(InputError, match="a recording and two instances, there are 1 and 1"):
        matched_noise(rdms[:1], rdms[1:2], cosine, np.random.default_rng(0))
    with pytest.raises(InputError, match="n_splits, 2"):
        halves_ceiling(rdms, cosine)


def test_relabeling_is_that_of_the_matrix(rdms):
    from scipy.spatial.distance import squareform

    order = np.array([[3, 1, 1, 8, 0], [8, 7, 6, 5, 4]])
    found = relabeled(rdms, order)
    for k, one in enumerate(order):
        for rdm, moved in zip(rdms, found[k], strict=True):
            square = squareform(rdm)[np.ix_(one, one)]
            expected = square[np.triu_indices(5, 1)]
            assert np.isnan(moved).tolist() == (expected == 0).tolist()
            np.testing.assert_array_equal(moved[~np.isnan(moved)], expected[expected != 0])


# calibration

SIMULATIONS = 400


@pytest.mark.parametrize("n_animals", [5, 10])
@pytest.mark.slow
def test_a_true_rdm_without_noise_lies_inside(n_animals):
    # Score and bounds are of the same recordings, so that what these recordings have in common
    # moves all three. Twelve conditions: with fewer the bracket is too narrow, see the docs.
    rng = np.random.default_rng(10 + n_animals)
    inside = dict.fromkeys(COMPARATORS, 0)
    for _ in range(SIMULATIONS):
        features = rng.normal(size=(12, 10))
        rdms = animals(rng, features, n_animals)
        for name, (compare, normalize) in COMPARATORS.items():
            found = ceiling(rdms, compare, normalize)
            inside[name] += found.lower <= compare(truth(features), rdms).mean() <= found.upper
    assert min(inside.values()) >= 0.95 * SIMULATIONS, inside


def test_a_true_model_with_noise_of_its_own_is_below_the_ceiling():
    # Why it has a ceiling of its own.
    rng = np.random.default_rng(12)
    compare, normalize = COMPARATORS["cosine"]
    below = 0
    for _ in range(200):
        rdms = animals(rng, rng.normal(size=(12, 10)), 11, noise=2.0)
        below += compare(rdms[0], rdms[1:]).mean() < ceiling(rdms[1:], compare, normalize).lower
    assert below > 190


@pytest.mark.parametrize(("n_recordings", "n_instances"), [(1, 19), (4, 10)])
@pytest.mark.slow
def test_a_true_model_with_noise_is_rejected_in_5_percent(n_recordings, n_instances):
    rng = np.random.default_rng(20 + n_recordings)
    rejected = np.zeros(len(COMPARATORS), dtype=int)
    for _ in range(SIMULATIONS):
        rdms = animals(rng, rng.normal(size=(12, 10)), n_recordings + n_instances, noise=2.0)
        for k, (compare, _) in enumerate(COMPARATORS.values()):
            found = matched_noise(rdms[:n_recordings], rdms[n_recordings:], compare, rng)
            rejected[k] += found.p_value <= 0.05
    p = [stats.binomtest(int(x), SIMULATIONS, 0.05).pvalue for x in rejected]
    assert holm(p).min() > 0.01, rejected


def test_matched_noise_by_hand_and_a_wrong_model_falls_short():
    rng = np.random.default_rng(30)
    features = rng.normal(size=(12, 10))
    rdms = animals(rng, features, 20, noise=2.0)
    found = matched_noise(rdms[:1], rdms[1:], cosine, rng)
    # One recording: its rank among the mean similarities of each RDM to all others.
    similarity = np.array([cosine(one, rdms) for one in rdms])
    toward_others = (similarity.sum(axis=1) - 1) / 19
    assert found.p_value == pytest.approx(np.mean(toward_others <= toward_others[0]))
    assert found.score == pytest.approx(similarity[1:, 0].mean())
    assert found.ceiling == pytest.approx((similarity[1:, 1:].sum() - 19) / (19 * 18))
    np.testing.assert_allclose(found.instance_score, similarity[1:, 0])
    assert found.instance_ceiling.mean() == pytest.approx(found.ceiling)
    assert found.smallest_p == 1 / 20
    wrong = animals(rng, rng.normal(size=(12, 10)), 10, noise=2.0)
    short = matched_noise(rdms[:4], wrong, cosine, rng)
    assert short.p_value <= 0.01
    assert short.score < short.ceiling
    drawn = matched_noise(rdms[:10], wrong, cosine, rng)  # too many assignments to try them all
    assert drawn.smallest_p == drawn.p_value == 1e-4


def test_halves_of_units_predict_another_recording_and_the_true_rdm():
    # One fixed truth; recordings of 60 units that differ in units and noise, each cut in halves.
    # An RDM over all units is the mean of those over its halves.
    rng = np.random.default_rng(40)
    features = rng.normal(size=(12, 10))
    halves = animals(rng, features, 2 * SIMULATIONS, units=30, noise=2.0)
    whole = halves.reshape(SIMULATIONS, 2, -1).mean(axis=1)
    for name in ("cosine", "corr"):
        compare = COMPARATORS[name][0]
        found = halves_ceiling(halves.reshape(SIMULATIONS, 2, -1), compare)
        twin = np.mean([compare(a, b[None]) for a, b in zip(whole[::2], whole[1::2], strict=True)])
        perfect = compare(truth(features), whole).mean()
        assert found.lower == pytest.approx(twin, abs=0.015)
        assert found.upper == pytest.approx(perfect, abs=0.015)


def test_halves_that_do_not_agree_have_no_ceiling():
    halves = np.array([[[1.0, 0, -1], [-1.0, 0, 1]]])
    found = halves_ceiling(halves, COMPARATORS["corr"][0])
    assert np.isnan(found.upper)
    same = halves_ceiling(np.array([[[1.0, 2, 4], [1.0, 2, 4]]]), cosine)
    assert (same.lower, same.upper) == (pytest.approx(1), pytest.approx(1))
