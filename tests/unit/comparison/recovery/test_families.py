"""Families are recovered over draws: neither a known draw, a known instance nor speed helps."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from spikedrift.comparison.recovery import families
from spikedrift.comparison.recovery.families import Drawn, classified, exchanged, merged
from spikedrift.comparison.recovery.recovery import recover
from spikedrift.comparison.recovery.runs import Runs
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Families, Recovery

NAMES = ["rate_step", "timing_step", "rate_drop", "step_to_drop"]
SCALES = [True, True, True, False]
COMPARE = Compare(statistics=NAMES, bootstrap=200)
OPTIONS = Families(trees=30, folds=3, permutations=19, draws=6)
FEW = Families(trees=12, folds=3, permutations=19, draws=6)
SMALL = Families(trees=10, folds=2, permutations=19, draws=6)  # forests for every permutation


def comparison(values, control=True):
    """A comparison file: values (family, draw, instance, statistic), and a frozen control."""
    n, draws, instances, size = values.shape
    flat = values.reshape(n * draws, instances, size)
    names = np.repeat([f"family {k}" for k in range(n)], draws)
    # Every family has ends of its own: no two draws have one value.
    axis = np.arange(n * draws, dtype=float)
    if control:
        still = np.random.default_rng(99).normal(0, 0.01, (1, instances, size))
        flat, names, axis = (
            np.concatenate([a, b])
            for a, b in ((still, flat), (["frozen"], names), ([np.nan], axis))
        )
    return xr.Dataset(
        {
            "instance_value": (("point", "instance", "statistic"), flat),
            "recording_value": ("statistic", np.zeros(size)),
            "scales": ("statistic", np.array(SCALES)),
        },
        coords={
            "statistic": NAMES,
            "point": [f"{name}@{at}" for name, at in zip(names, axis, strict=True)],
            "variant": ("point", names),
            "axis_speed": ("point", axis),
        },
        attrs={"recording": "mouse.gratings"},
    )


def runs(seed, means, draws=12, instances=4, of_draw=0.0, of_instance=0.0, noise=0.02):
    """Runs about the mean of each family, with what draws and instances have in common."""
    rng = np.random.default_rng(seed)
    mean = np.asarray(means, dtype=float)[:, None, None]
    n, size = len(means), mean.shape[-1]
    draw = rng.normal(0, of_draw, (n, draws, 1, size))
    # An instance has the same wiring in every draw of every family.
    instance = rng.normal(0, of_instance, (1, 1, instances, size))
    return mean + draw + instance + rng.normal(0, noise, (n, draws, instances, size))


def found(values, options=OPTIONS, seed=0):
    drawn = Drawn.of_runs(Runs.read(comparison(values), COMPARE))
    return drawn, classified(drawn, drawn.of, "score", options, seed)


def accuracy(values, options=OPTIONS):
    drawn, taken = found(values, options)
    return float((taken == drawn.family).mean())


SAME = [[0.15, 0.15, 0.05, 0.3]] * 2


def test_families_that_differ_are_recovered_as_often_as_the_closed_form_allows():
    # Angles differ, by d' = 3 in one number: no classifier is right more often than Phi(1.5).
    means = [[0.15, 0.15, 0.05, 0.0], [0.15, 0.15, 0.05, 3.0]]
    values = runs(1, means, draws=30, noise=0.0)
    values[..., 3] += np.random.default_rng(2).normal(size=values.shape[:3])
    right = accuracy(values)
    best = stats.norm.cdf(1.5)
    assert right <= best + 3 * np.sqrt(best * (1 - best) / 240)
    assert right > 0.85


def test_what_a_draw_or_an_instance_has_of_its_own_does_not_help():
    # Runs of one draw, and of one instance, are far more alike than those of one family.
    for common in ({"of_draw": 0.2}, {"of_instance": 0.2}, {"of_draw": 0.2, "of_instance": 0.2}):
        right = [accuracy(runs(seed, SAME, draws=9, **common), FEW) for seed in range(4)]
        # Four data sets of 18 independent draws each.
        assert abs(np.mean(right) - 0.5) < 3 * 0.5 / np.sqrt(4 * 18), common


def test_chance_exchanges_families_within_places_and_no_further():
    place = np.array([2, 0, 1, 0, 2, 1, 3, 0])
    of = np.array([0, 0, 0, 1, 1, 2, 0, 2])
    rng, seen = np.random.default_rng(1), []
    for _ in range(6000):
        new = exchanged(of, place, rng)
        seen.append(tuple(new))
        for one in range(4):
            assert sorted(new[place == one]) == sorted(of[place == one])
    # 3! orders of one place, 2 of two, 1 of the last: each as likely as the others.
    _, count = np.unique(seen, axis=0, return_counts=True)
    assert len(count) == 24
    assert stats.chisquare(count).pvalue > 1e-3


def test_a_draw_that_is_known_would_help(monkeypatch):
    # The same data with draws left in: what the test above is able to see.
    values = runs(3, SAME, draws=9, of_draw=0.2)
    drawn = Drawn.of_runs(Runs.read(comparison(values), COMPARE))
    # Each run is a draw of its own, so that its siblings stay in.
    alone = Drawn(
        family=drawn.family,
        draw=np.arange(len(drawn.draw)),
        instance=drawn.instance,
        of=drawn.family,
        place=drawn.instance,
        seen=drawn.seen,
        names=drawn.names,
    )
    taken = classified(alone, alone.of, "score", Families(trees=30, folds=4), 0)
    assert (taken == drawn.family).mean() > 0.8


def test_speed_tells_no_families_apart():
    # The second drifts three times as fast, in both codes and within blocks.
    slow = np.array([0.05, 0.04, 0.02, 0.3])
    fast = slow * [3, 3, 3, 1]
    spread = runs(4, [slow, fast], noise=0.0)
    rng = np.random.default_rng(5)
    spread *= np.exp(rng.normal(0, 0.1, spread.shape))  # relative, so that both are as noisy
    assert abs(accuracy(spread) - 0.5) < 3 * 0.5 / np.sqrt(24)


def test_regimes_are_families_that_are_taken_for_each_other():
    confusion = np.array([[0.5, 0.45, 0.05], [0.4, 0.55, 0.05], [0.0, 0.05, 0.95]])
    assert merged(confusion, 0.8).tolist() == [0, 0, 1]
    assert merged(confusion, 0.4).tolist() == [0, 1, 2]
    assert merged(np.full((3, 3), 1 / 3), 0.8).tolist() == [0, 0, 0]
    assert merged(np.eye(4), 0.8).tolist() == [0, 1, 2, 3]
    # The last is taken for the first, and both together hold.
    assert merged(np.array([[0.9, 0.1, 0], [0, 1, 0], [0.5, 0, 0.5]]), 0.8).tolist() == [0, 1, 0]


def test_recovery_of_families_stands_beside_that_of_points():
    one, other = [0.15, 0.15, 0.05, 0.3], [0.15, 0.02, 0.05, 1.5]
    values = runs(6, [one, one, other], draws=9, instances=3, of_draw=0.01)
    options = Recovery(permutations=99, families=SMALL)
    out = recover(comparison(values), compare=COMPARE, options=options, seed=3)
    assert out["family"].values.tolist() == ["family 0", "family 1", "family 2"]
    assert out["family_draws"].values.tolist() == [9, 9, 9]
    assert out["family_runs"].values.tolist() == [27, 27, 27]
    assert out["regime"].values.tolist() == [0, 0, 1]
    confusion = out["family_confusion"].sel(classifier="score")
    np.testing.assert_allclose(confusion.sum("family_recovered"), 1)
    assert float(confusion[2, 2]) == 1.0
    assert float(out["regime_accuracy"]) == 1.0
    assert float(out["family_p"].sel(classifier="score")) == pytest.approx(1 / 20)
    assert float(out["family_chance"].sel(classifier="score")) == pytest.approx(1 / 3, abs=0.15)
    low, mean, high = (
        float(out[f"family_accuracy{end}"].sel(classifier="score")) for end in ("_low", "", "_high")
    )
    assert low <= mean <= high
    assert out.attrs["families_enough"] == 1


def test_the_same_seed_gives_the_same_bits(monkeypatch):
    monkeypatch.setattr(families, "CLASSIFIERS", ["score", "rates"])
    values = Runs.read(comparison(runs(6, SAME, draws=2, instances=2)), COMPARE)
    one, again = (families.recover_families(values, COMPARE, SMALL, seed=3) for _ in range(2))
    xr.testing.assert_identical(one, again)


def test_families_that_do_not_differ_are_one_regime_without_an_accuracy():
    out = families.recover_families(
        Runs.read(comparison(runs(7, SAME, draws=4, instances=3)), COMPARE), COMPARE, SMALL, 0
    )
    assert out["regime"].values.tolist() == [0, 0]
    assert np.isnan(out["regime_accuracy"])
    assert float(out["family_p"].sel(classifier="score")) > 0.05
    assert out.attrs["families_enough"] == 0


def test_too_few_draws_stop_nothing_else():
    values = runs(8, [[0.15, 0.15, 0.05, 0.3], [0.15, 0.02, 0.05, 1.5]], draws=1)
    out = recover(
        comparison(values),
        compare=COMPARE,
        options=Recovery(permutations=99, families=OPTIONS),
    )
    assert "two draws" in out.attrs["families_refused"]
    assert "family_accuracy" not in out
    assert "confusion" in out
