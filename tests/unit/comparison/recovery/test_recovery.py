"""Recovery of variants from their simulated runs, against closed forms and plain computations."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from sklearn.covariance import ledoit_wolf
from statsmodels.stats.power import TTestIndPower

from spikedrift.comparison.recovery import nearest, posterior_predictive
from spikedrift.comparison.recovery.pairs_of_variants import instances_needed, separation
from spikedrift.comparison.recovery.recovery import attempt, recover
from spikedrift.comparison.recovery.runs import Runs
from spikedrift.comparison.scores import distance
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Recovery
from spikedrift.core.errors import InputError
from spikedrift.stats import covariance

# What drift speed leaves alone: normal variants, no factor.
NAMES = ["timing_to_rate", "step_to_drop"]
COMPARE = Compare(statistics=NAMES, bootstrap=400)
FAST = Recovery(permutations=199)
FEW = Recovery(permutations=99)
GRID = np.geomspace(0.05, 20, 81)
SCALES = np.array([True, True, False, True, False])


def comparison(values, variants, *, names=NAMES, scales=None, axis=None, recording=None):
    """A comparison file: values (point, instance, statistic)."""
    values = np.asarray(values, dtype=float)
    where = [""] * len(variants) if axis is None else [f"@rate={v}" for v in axis]
    out = xr.Dataset(
        {
            "instance_value": (("point", "instance", "statistic"), values),
            "recording_value": (
                "statistic",
                np.zeros(len(names)) if recording is None else np.asarray(recording, float),
            ),
            "scales": ("statistic", np.zeros(len(names), bool) if scales is None else scales),
        },
        coords={
            "statistic": list(names),
            "point": [variant + at for variant, at in zip(variants, where, strict=True)],
            "variant": ("point", list(variants)),
        },
        attrs={"recording": "mouse.movie"},
    )
    return out if axis is None else out.assign_coords(axis_rate=("point", np.array(axis, float)))


def gaussian(seed, n, distance_between, variants=2, size=2):
    """Variants at equal distances along one statistic, unit spread."""
    rng = np.random.default_rng(seed)
    mean = np.zeros((variants, 1, size))
    mean[:, 0, 0] = np.arange(variants) * distance_between
    return mean + rng.normal(size=(variants, n, size))


@pytest.mark.parametrize("reach", [None, 0, 1])
def test_scores_of_many_sets_are_those_of_the_comparison(reach):
    # Every run scored by `distance.fit` with `covariance.pooled`, one by one.
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 5, 4, 5)) + np.arange(4)[:, None] * 0.3 + 1
    values[1, 2, 1, 0] = np.nan
    left_out = nearest.excluded(np.array([[0.0], [1], [2], [np.nan]]), reach)
    found = nearest.scores(values, left_out, SCALES, GRID)
    for one, score in zip(values, found, strict=True):
        for k, h in np.ndindex(5, 4):
            train = [np.delete(one[:, c], k, axis=0) for c in range(4)]
            train = [group[np.isfinite(group).all(axis=1)] for group in train]
            metric = 2 * covariance.pooled([train[c] for c in range(4) if not left_out[h, c]])
            for c in range(4):
                if left_out[h, c] or not np.isfinite(one[k, h]).all():
                    assert np.isinf(score[k, h, c])
                else:
                    exact = distance.fit(one[k, h], train[c], metric, SCALES, GRID).score
                    assert score[k, h, c] == pytest.approx(exact, rel=1e-10)


def test_what_is_left_out_are_values_and_their_neighbors_in_every_variant():
    ranks = np.array([[0.0], [1], [2], [0], [1], [2], [np.nan]])
    same = nearest.excluded(ranks, 0)
    assert np.flatnonzero(same[1]).tolist() == [1, 4]
    near = nearest.excluded(ranks, 1)
    assert np.flatnonzero(near[0]).tolist() == [0, 1, 3, 4]
    assert not same[6].any()
    assert not near[6].any()
    assert not nearest.excluded(ranks, None).any()
    # on two axes a neighbor is at most one step away on both
    two = np.array([[0.0, 0], [1, 1], [0, 2]])
    assert nearest.excluded(two, 1).tolist() == [
        [True, True, False], [True, True, True], [False, True, True],
    ]  # fmt: skip


def test_ledoit_wolf_of_many_sets_is_scikit_learns():
    x = np.random.default_rng(1).normal(size=(3, 20, 4)) @ np.diag([1, 2, 3, 4])
    ours = nearest._ledoit_wolf(x, np.full(3, 20))
    for one, expected in zip(ours, x, strict=True):
        np.testing.assert_allclose(one, ledoit_wolf(expected, assume_centered=True)[0], rtol=1e-12)


@pytest.mark.parametrize("apart", [1.0, 2.0, 3.0])
@pytest.mark.slow
def test_two_normal_variants_are_recovered_as_often_as_the_closed_form_says(apart):
    # Equal covariances: accuracy of the best classifier is Phi(d' / 2); 100 instances come near it.
    found = recover(comparison(gaussian(2, 100, apart), ["a", "b"]), compare=COMPARE, options=FEW)
    expected = stats.norm.cdf(apart / 2)
    accuracy = float(found["accuracy"].sel(classifier="score", held_out="instances"))
    assert accuracy == pytest.approx(expected, abs=2.6 * np.sqrt(expected * (1 - expected) / 200))
    assert (
        found["accuracy_low"].sel(classifier="score", held_out="instances")
        <= accuracy
        <= found["accuracy_high"].sel(classifier="score", held_out="instances")
    )
    assert found["p_value"].sel(classifier="score", held_out="instances") == pytest.approx(1 / 100)
    pair = found.isel(first=0, second=1)
    assert pair["pair_accuracy"] == pytest.approx(accuracy)
    assert pair["distinguishable"] == 1
    assert pair["separation"].sel(statistic=NAMES[0]) == pytest.approx(apart, abs=0.25)
    assert str(pair["separating"].values) == NAMES[0]
    assert json.loads(found.attrs["indistinguishable"]) == []


def test_identical_variants_are_at_chance_and_named():
    found = recover(comparison(gaussian(3, 40, 0, variants=3), list("abc")), compare=COMPARE,
                    options=FAST)  # fmt: skip
    right = round(float(found["accuracy"].sel(classifier="score", held_out="instances")) * 120)
    assert stats.binomtest(right, 120, 1 / 3).pvalue > 0.01
    assert found["p_value"].sel(classifier="score", held_out="instances") > 0.05
    assert found["chance"].sel(classifier="score", held_out="instances") == pytest.approx(
        1 / 3, abs=0.02
    )
    assert (found["distinguishable"].values[np.triu_indices(3, 1)] == 0).all()
    told = json.loads(found.attrs["indistinguishable"])
    assert len(told) == 3
    assert told[0].startswith("a and b are not distinguishable")
    assert "instances each needed" in told[0]


def test_only_the_two_variants_that_are_alike_are_named():
    values = np.concatenate([gaussian(4, 20, 6), gaussian(5, 20, 0, variants=1)])
    found = recover(comparison(values, list("abc")), compare=COMPARE,
                    options=Recovery(permutations=499))  # fmt: skip
    told = json.loads(found.attrs["indistinguishable"])
    assert len(told) == 1
    assert told[0].startswith("a and c")
    assert found["confusion"].sel(classifier="score", variant="b", variant_recovered="b") > 0.9


@pytest.mark.slow
def test_p_values_of_identical_variants_are_valid():
    # Fitted anew in every permutation: the test is exact, whatever the instances share.
    rng = np.random.default_rng(6)
    p = []
    for _ in range(80):
        shared = rng.normal(size=(1, 5, 2))
        values = shared + rng.normal(size=(2, 5, 2))
        found = recover(comparison(values, ["a", "b"]), compare=Compare(statistics=NAMES,
                        bootstrap=100), options=Recovery(permutations=99))  # fmt: skip
        of_pair = found["pair_p"].isel(first=0, second=1)
        p.append([found["p_value"].sel(classifier="score", held_out="instances"), of_pair])
    for rejected in (np.array(p) <= 0.05).sum(axis=0):
        assert stats.binomtest(int(rejected), 80, 0.05, alternative="greater").pvalue > 0.01
    assert len(np.unique(np.array(p)[:, 1])) > 10  # where a test cannot reject, it is valid too


def test_all_permutations_are_taken_where_they_are_few():
    rng = np.random.default_rng(31)
    values = np.arange(9.0).reshape(3, 3, 1)
    values[2, 1] = np.nan  # 6 x 6 x 2 orders
    every = np.concatenate(list(nearest.permuted(values, np.zeros(3, int), 71, rng)))
    assert every.shape == (71, 3, 3, 1)
    assert len({one.tobytes() for one in every} | {values.tobytes()}) == 72
    assert np.isnan(every[:, 2, 1]).all()
    np.testing.assert_array_equal(np.sort(every[:, :2], axis=2), np.tile(values[:2], (71, 1, 1, 1)))
    some = np.concatenate(list(nearest.permuted(values, np.zeros(3, int), 70, rng)))
    assert len(some) == 70 > len({one.tobytes() for one in some})


def test_variants_that_are_far_apart_have_the_least_p_that_their_instances_allow():
    found = recover(comparison(gaussian(32, 6, 30), ["a", "b"]), compare=COMPARE, options=FAST)
    pair = found.isel(first=0, second=1)
    # Of 2^6 orders one other says the same: all exchanged.
    assert pair["pair_p"] == pair["pair_p_holm"] == 2 / 64
    assert pair["pair_accuracy"] == 1 and pair["pair_leaning"] > 0.99
    assert found["smallest_p"][0] == 1 / 64


def test_leanings_by_hand():
    runs = Runs.read(comparison(gaussian(33, 3, 1, variants=3), ["a", "a", "b"]), COMPARE)
    scores = np.full((3, 3, 3), np.inf)
    scores[0, 0] = [1, 3, 9]  # 9 / (9 + 1)
    scores[0, 2] = [4, 2, 2]
    scores[1, 1] = [0, 5, 5]
    found = runs.leanings(scores)
    np.testing.assert_allclose(found[0, [0, 2]], [0.9, 0.5])
    assert found[1, 1] == 1
    assert np.isfinite(found).sum() == 3


def test_shared_noise_of_an_instance_does_not_raise_accuracy():
    # Each instance has noise that all points share, and neighboring values of one variant share
    # some of their own. Variants do not differ. A classifier that may see other runs of the same
    # instance finds the variant by that noise; with the whole instance held out it cannot.
    rng = np.random.default_rng(7)
    n, values_of = 12, 3
    own = np.repeat(rng.normal(size=(2, n, 2)) * 3, values_of, axis=0)
    shared = rng.normal(size=(1, n, 2)) * 3
    values = shared + own + rng.normal(size=(2 * values_of, n, 2)) * 0.1
    variants = np.repeat(["a", "b"], values_of)
    runs = values.reshape(-1, 2)
    label = np.repeat(variants, n)
    gap = ((runs[:, None] - runs) ** 2).sum(axis=2)
    np.fill_diagonal(gap, np.inf)
    leaky = np.mean(label[gap.argmin(axis=1)] == label)  # one run out, its siblings left in
    assert leaky > 0.9
    found = recover(
        comparison(values, list(variants), axis=[1, 2, 3] * 2), compare=COMPARE, options=FEW
    )
    for scheme in found["held_out"].values:
        one = found.sel(held_out=scheme)
        assert (one["accuracy"] < 0.7).all()
        assert (one["p_value"] > 0.05).all()
    assert found.attrs["primary"] == "values"


def test_variants_are_recovered_from_values_that_were_not_simulated():
    rng = np.random.default_rng(8)
    rate = np.array([1.0, 2, 3, 4, 5])
    # Variants differ in one statistic, values in another.
    mean = np.array([[v, 8.0 * r] for r in range(2) for v in rate])
    values = mean[:, None] + rng.normal(size=(10, 12, 2)) * 0.4
    variants = list(np.repeat(["a", "b"], 5))
    found = recover(comparison(values, variants, axis=[*rate, *rate]), compare=COMPARE, options=FEW)
    assert found["held_out"].values.tolist() == ["instances", "values", "neighbors"]
    assert (found["accuracy"].sel(classifier="score") > 0.95).all()
    steps = found["steps"].sel(classifier="score", axis="rate")
    assert steps.sel(held_out="instances") < 0.3
    # the nearest that is left is next to it, or two steps away
    assert steps.sel(held_out="values") == pytest.approx(1, abs=0.2)
    assert steps.sel(held_out="neighbors") == pytest.approx(2, abs=0.3)
    assert (steps < found["steps_chance"].sel(classifier="score", axis="rate")).all()
    # the middle value has no point left that is two steps from its neighbors on both sides
    assert (found["runs_scored"] == 60).all()
    confusion = found["point_confusion"].sel(classifier="score", held_out="instances")
    assert np.diagonal(confusion).mean() > 0.7


def test_a_run_without_a_point_of_its_variant_is_not_scored():
    values = gaussian(9, 6, 5, variants=6)
    found = recover(
        comparison(values, list("aaabbb"), axis=[1, 2, 3] * 2), compare=COMPARE, options=FAST
    )
    # with neighbors left out nothing is left for the middle value
    scored = found["runs_scored"].sel(held_out="neighbors")
    assert scored.values.tolist() == [12, 12]
    assert (
        found["recovered"].sel(classifier="score", held_out="neighbors", point="a@rate=2") == -1
    ).all()


@pytest.mark.slow
def test_speed_alone_recovers_no_variant():
    rng = np.random.default_rng(10)
    names = ["rate_drop", "rate_step", "timing_drop", "timing_to_rate"]
    scales = np.array([True, True, True, False])
    slow = np.array([2.0, 4, 1, 1])
    values = np.stack([slow, np.where(scales, 2, 1) * slow])[:, None]
    values = values + rng.normal(size=(2, 40, 4)) * 0.2
    found = recover(
        comparison(values, ["slow", "fast"], names=names, scales=scales),
        compare=Compare(statistics=names, bootstrap=100),
        options=FAST,
    )
    # The factor undoes the speed; what is left is how much a stretched run scatters.
    free = float(found["accuracy"].sel(classifier="score", held_out="instances"))
    fixed = recover(
        comparison(values, ["slow", "fast"], names=names),
        compare=Compare(statistics=names, bootstrap=100),
        options=FAST,
    )
    assert float(fixed["accuracy"].sel(classifier="score", held_out="instances")) > 0.95
    assert free < 0.75


def test_rates_alone_are_compared_on_the_same_runs():
    rng = np.random.default_rng(11)
    names = [*NAMES, "rate_mean"]
    values = np.zeros((2, 20, 3))
    values[1, :, 0] = 3
    values = values + rng.normal(size=values.shape)
    blind = recover(comparison(values, ["a", "b"], names=names), compare=COMPARE, options=FAST)
    assert json.loads(blind.attrs["classifiers"])["rates"] == ["rate_mean"]
    blind = blind.sel(held_out="instances")
    score, rates = (blind.sel(classifier=name) for name in ("score", "rates"))
    assert rates["accuracy"] < 0.7
    assert score["difference"] == score["accuracy"] - rates["accuracy"]
    assert score["difference_low"] > 0
    assert score["difference_p"] < 0.01
    assert rates["difference"] == 0 and rates["difference_p"] == 1
    # Where rates distinguish variants and drift does not, the difference is negative.
    told = recover(comparison(values[:, :, [2, 1, 0]], ["a", "b"], names=names), compare=COMPARE,
                   options=FAST)  # fmt: skip
    assert told["difference_high"].sel(classifier="score", held_out="instances") < 0
    assert str(told["separating"].isel(first=0, second=1).values) == "rate_mean"


def test_intervals_of_variants_are_exact_and_few_instances_are_an_illustration():
    found = recover(comparison(gaussian(12, 12, 2), ["a", "b"]), compare=COMPARE, options=FAST)
    for variant in "ab":
        one = found.sel(variant=variant, held_out="instances", classifier="score")
        right = round(float(one["variant_accuracy"]) * 12)
        exact = stats.binomtest(right, 12).proportion_ci(0.95, "exact")
        assert (float(one["variant_low"]), float(one["variant_high"])) == pytest.approx(
            tuple(exact)
        )
    assert found.attrs["illustration"] == 0
    few = recover(comparison(gaussian(12, 4, 2), ["a", "b"]), compare=COMPARE, options=FAST)
    assert few.attrs["illustration"] == 1
    assert "illustration" in few.attrs["inference"]
    assert few["accuracy_low"].sel(classifier="score").isnull().all()
    for key in ("held_out_words", "chance_words", "null_words", "assumptions", "verdict"):
        assert few.attrs[key]


def test_undefined_statistics_are_counted_and_not_guessed():
    values = gaussian(13, 10, 4)
    values[0, :3, 0] = np.nan
    found = recover(comparison(values, ["a", "b"]), compare=COMPARE, options=FAST)
    assert found["runs_scored"].sel(held_out="instances").values.tolist() == [7, 10]
    assert found["runs_given"].sel(held_out="instances").values.tolist() == [10, 10]
    assert (found["recovered"].sel(classifier="score").isel(held_out=0, point=0)[:3] == -1).all()
    assert "3 runs are not scored" in found.attrs["inference"]


def test_same_seed_same_bits_and_what_cannot_be_asked_is_refused():
    data = comparison(gaussian(14, 5, 1), ["a", "b"])
    xr.testing.assert_identical(
        recover(data, compare=COMPARE, options=FAST, seed=3),
        recover(data, compare=COMPARE, options=FAST, seed=3),
    )
    with pytest.raises(InputError, match="only variant"):
        recover(comparison(gaussian(14, 5, 1), ["a", "a"], axis=[1, 2]), compare=COMPARE)
    with pytest.raises(InputError, match="too few instances"):
        recover(comparison(gaussian(14, 2, 1), ["a", "b"]), compare=COMPARE)
    said = attempt(comparison(gaussian(14, 2, 1), ["a", "b"]), {}, COMPARE, FAST, 3)
    assert "too few instances" in said.attrs["refused"] and not said.data_vars
    xr.testing.assert_identical(
        attempt(data, {}, COMPARE, FAST, 3), recover(data, compare=COMPARE, options=FAST, seed=3)
    )


def test_without_variant_every_point_is_one():
    data = comparison(gaussian(15, 5, 4), ["a", "b"]).drop_vars("variant")
    assert recover(data, compare=COMPARE, options=FAST)["variant"].values.tolist() == ["a", "b"]


def test_instances_are_held_out_by_seed_and_traits_are_no_part_of_the_score():
    values = gaussian(25, 8, 3)
    data = comparison(values, ["a", "b"])
    seeds = np.array([[f"1.{k}" for k in range(8)], [f"1.{(k + 3) % 8}" for k in range(8)]])
    rolled = data.assign(instance_seed=(("point", "instance"), seeds))
    moved = comparison(np.stack([values[0], np.roll(values[1], 3, axis=0)]), ["a", "b"])
    one = recover(rolled, compare=COMPARE, options=FEW)
    xr.testing.assert_identical(one, recover(moved, compare=COMPARE, options=FEW))
    rates = np.random.default_rng(26).normal(size=(2, 8, 1)) + np.array([0, 9])[:, None, None]
    constant = np.broadcast_to(np.array([0, 1])[:, None, None], rates.shape)
    more = moved.assign(
        instance_trait=(("point", "instance", "trait"), np.concatenate([rates, constant], 2)),
        recording_trait=("trait", [1.5, 0]),
    ).assign_coords(trait=["log_rate", "fano_factor"])
    found = recover(more, {"x.movie": np.zeros(2)}, COMPARE, FEW)
    sees = json.loads(found.attrs["classifiers"])
    assert sees == {"score": NAMES, "every": [*NAMES, "log_rate"], "rates": ["log_rate"]}
    assert (found["accuracy"].sel(classifier=["every", "rates"]) == 1).all()
    np.testing.assert_array_equal(
        found["confusion"].sel(classifier="score"), one["confusion"].sel(classifier="score")
    )
    assert str(found["separating"].isel(first=0, second=1).values) == "log_rate"
    assert found["checked_value"].sel(statistic="log_rate", checked="mouse.movie") == 1.5


# power


def test_instances_needed_have_the_power_and_one_less_has_not():
    for effect in (0.3, 0.8, 1.5):
        n = instances_needed(effect, 0.8, 0.95)
        test = TTestIndPower()
        assert test.power(effect, n, 0.05) >= 0.8
        assert test.power(effect, n - 1, 0.05) < 0.8
    assert instances_needed(0.8, 0.8, 0.95) == 26  # Cohen 1988, table 2.4.1
    assert instances_needed(50, 0.8, 0.95) == 2
    # Two of each: the normal upper tail beyond t times the SD, over the SD's chi distribution.
    sd, limit = np.linspace(1e-9, 30, 30_001), stats.t.isf(0.025, 2)
    density = stats.chi(2).pdf(sd)
    for effect in np.linspace(5.1, 10, 99):
        tail = stats.norm.sf(limit * sd / np.sqrt(2) - effect)
        found = np.trapezoid(tail * density, sd)
        assert instances_needed(effect, 0.8, 0.95) == (2 if found >= 0.8 else 3), effect
    assert instances_needed(0.0, 0.8, 0.95) == np.inf
    assert np.isnan(instances_needed(np.nan, 0.8, 0.95))


def test_separation_leaves_out_what_is_undefined():
    rng = np.random.default_rng(16)
    one, two = rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) + np.array([2, 0, 0])
    one[:49, 2] = np.nan
    found = separation(one, two)
    t = stats.ttest_ind(one[:, 0], two[:, 0]).statistic
    assert found[0] == pytest.approx(abs(t) * np.sqrt(2 / 50), rel=0.01)  # 1 - 3 / (4 nu - 1)
    assert np.isnan(found[2])


# posterior-predictive check


def drawn(rng, n, points, shared, size=4):
    mix = np.eye(size) + 0.3 * rng.normal(size=(size, size))
    mean = 2 * rng.normal(size=(1, points, size))
    noise = np.sqrt(shared) * rng.normal(size=(n, 1, size)) + np.sqrt(1 - shared) * rng.normal(
        size=(n, points, size)
    )
    return mean + noise @ mix.T, mean[0, 0] + mix @ rng.normal(size=size)


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_one_more_draw_is_rejected_at_the_nominal_rate_whatever_instances_share(shared):
    rng = np.random.default_rng(17)
    fixed = np.zeros(4, bool)
    p = []
    for _ in range(400):
        x, y = drawn(rng, 10, 5, shared)
        p.append(posterior_predictive.check(y[None], x, fixed, GRID).p_value[0, 0])
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert stats.binomtest(int(np.sum(np.array(p) < 0.05)), 400, 0.05).pvalue > 0.01


def test_one_point_is_hotellings_test():
    rng = np.random.default_rng(18)
    x, y = rng.normal(size=(12, 1, 3)), rng.normal(size=3)
    found = posterior_predictive.check(y[None], x, np.zeros(3, bool), GRID)
    gap = y - x[:, 0].mean(axis=0)
    t2 = gap @ np.linalg.inv(np.cov(x[:, 0].T) * (1 + 1 / 12)) @ gap
    assert found.freedom == pytest.approx(11)
    assert found.distance[0, 0] ** 2 == pytest.approx(t2)
    assert found.p_value[0, 0] == pytest.approx(stats.f.sf(t2 * 9 / (11 * 3), 3, 9))


def test_shared_noise_takes_degrees_of_freedom_away():
    rng = np.random.default_rng(19)
    apart = posterior_predictive.check(*swap(drawn(rng, 10, 5, 0.0)), np.zeros(4, bool), GRID)
    same = posterior_predictive.check(*swap(drawn(rng, 10, 5, 1.0)), np.zeros(4, bool), GRID)
    assert 35 < apart.freedom <= 45
    assert same.freedom == pytest.approx(9)


def swap(pair):
    return pair[1][None], pair[0]


@pytest.mark.parametrize("speed", [0.3, 1.0])
def test_a_fitted_time_scale_keeps_the_level_and_is_no_excuse_for_a_frozen_network(speed):
    rng = np.random.default_rng(20)
    scales = np.array([True, True, True, False, False])
    rejected = np.zeros(2)
    for _ in range(300):
        mean = np.array([[3.0, 4, 2, 1, 0], [0, 0, 0, 1, 0]])
        x = mean + rng.normal(size=(10, 2, 5))
        y = mean[0] * np.where(scales, speed * 2, 1) + rng.normal(size=5)
        x[:, 0] += mean[0] * scales  # the point drifts twice as far
        p = posterior_predictive.check(y[None], x, scales, GRID).p_value[0]
        rejected += p < 0.05
    assert rejected[0] / 300 < 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 300)
    if speed == 1:
        assert rejected[1] / 300 > 0.9


def test_an_out_of_model_control_is_rejected_and_a_recording_from_a_variant_is_not():
    rng = np.random.default_rng(21)
    values = gaussian(22, 12, 4, variants=3)
    right = np.array([4.0, 0]) + rng.normal(size=2) * 0.3
    data = comparison(values, list("abc"), recording=right)
    found = recover(data, {"noise.movie": np.array([4.0, 9.0])}, COMPARE, FAST)
    assert found["checked"].values.tolist() == ["mouse.movie", "noise.movie"]
    assert found["checked_kind"].values.tolist() == ["recording", "out-of-model control"]
    compatible = found["compatible"]
    assert compatible.sel(checked="mouse.movie", variant="b") == 1
    assert (compatible.sel(checked="noise.movie") == 0).all()
    assert "not rejected as one more draw of b" in found.attrs["verdict"]
    assert found.attrs["out_of_model_verdict"] == "noise.movie: no tested variant is compatible."
    # A result that may come out: none fits.
    none = recover(comparison(values, list("abc"), recording=[4, 9]), None, COMPARE, FAST)
    assert none.attrs["verdict"] == "mouse.movie: no tested variant is compatible."


@pytest.mark.slow
def test_held_out_runs_are_rejected_as_often_as_they_should_be():
    share = [
        recover(comparison(gaussian(100 + k, 12, 3), ["a", "b"]), compare=COMPARE,
                options=Recovery(permutations=99))["calibration_all"].item()
        for k in range(20)
    ]  # fmt: skip
    assert stats.binomtest(round(np.sum(share) * 24), 480, 0.05).pvalue > 0.01


def test_with_too_few_instances_there_is_no_check():
    found = recover(comparison(gaussian(23, 3, 3, size=2), ["a", "b"]), compare=COMPARE,
                    options=FAST)  # fmt: skip
    assert np.isfinite(found["check_p"]).all()
    x = np.random.default_rng(24).normal(size=(2, 2, 4))
    none = posterior_predictive.check(x[0], x, np.zeros(4, bool), GRID)
    assert np.isnan(none.p_value).all()
