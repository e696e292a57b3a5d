"""Methods of inference against closed forms, statsmodels and enumeration; their coverage."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import effectsize_smd
from statsmodels.stats.multitest import multipletests

from spikedrift.core.errors import InputError
from spikedrift.stats.inference import (
    hedges_g,
    hierarchical_bootstrap,
    holm,
    mixed_model,
    nested_mean,
    sign_flip,
    student_interval,
    wilcoxon,
)


def nested(rng, animals=8, sessions=3, units=5, sd=(1.0, 0.5, 2.0)):
    """Balanced values of units in sessions in animals, mean 0; and the labels of the two levels."""
    shape = (animals, sessions, units)
    value = (
        sd[0] * rng.standard_normal((animals, 1, 1))
        + sd[1] * rng.standard_normal((animals, sessions, 1))
        + sd[2] * rng.standard_normal(shape)
    )
    animal, session, _ = np.indices(shape)
    return value.ravel(), [animal.ravel(), session.ravel()]


def bootstrap_variance(value):
    """Variance of the nested bootstrap mean given balanced data (animals, sessions, units).

    Each level adds the plug-in variance (no degrees of freedom lost) of its means over their
    number: resampling draws them independently.
    """
    animals, sessions, units = value.shape
    return (
        value.mean(axis=(1, 2)).var() / animals
        + value.mean(axis=2).var(axis=1).mean() / (animals * sessions)
        + value.var(axis=2).mean() / (animals * sessions * units)
    )


def test_bootstrap_has_the_variance_of_the_closed_form():
    value, levels = nested(np.random.default_rng(1))
    drawn = hierarchical_bootstrap(value, levels, 40_000, np.random.default_rng(2))
    expected = bootstrap_variance(value.reshape(8, 3, 5))
    assert drawn.var() == pytest.approx(expected, rel=0.03)
    assert drawn.mean() == pytest.approx(value.mean(), abs=4 * np.sqrt(expected / 40_000))
    assert nested_mean(value, levels) == pytest.approx(value.mean())


def test_bootstrap_approaches_the_standard_error_of_a_nested_analysis_of_variance():
    """Balanced nested ANOVA: the standard error of the grand mean is that of the animal means."""
    value, levels = nested(np.random.default_rng(3), animals=200, sessions=20, units=20)
    animal = value.reshape(200, -1).mean(axis=1)
    anova = animal.std(ddof=1) / np.sqrt(200)
    drawn = hierarchical_bootstrap(value, levels, 2000, np.random.default_rng(4))
    assert drawn.std() == pytest.approx(anova, rel=0.06)


def test_coverage_of_the_intervals():
    """Bootstrap with 20 animals nearly right, with 4 too narrow; Student right; pooling wrong."""
    rng = np.random.default_rng(5)
    n = 400
    covered = dict.fromkeys([("bootstrap", 20), ("bootstrap", 4), ("student", 4), ("units", 20)], 0)
    for _ in range(n):
        for animals in (20, 4):
            value, levels = nested(rng, animals, 2, 10, sd=(1.0, 0.3, 0.5))
            low, high = np.quantile(hierarchical_bootstrap(value, levels, 300, rng), [0.025, 0.975])
            covered["bootstrap", animals] += low <= 0 <= high
            if animals == 4:
                low, high = student_interval(value.reshape(4, -1).mean(axis=1), 0.95)
                covered["student", 4] += low <= 0 <= high
            else:
                low, high = student_interval(value, 0.95)
                covered["units", 20] += low <= 0 <= high
    share = {key: count / n for key, count in covered.items()}
    assert 0.89 <= share["bootstrap", 20] <= 0.97
    assert 0.7 < share["bootstrap", 4] < 0.88
    assert 0.92 <= share["student", 4] <= 0.98
    assert share["units", 20] < 0.6


def test_unequal_animals_count_alike_and_levels_are_not_mixed():
    value = np.array([1.0, 1.0, 1.0, 1.0, 3.0])
    animal = np.array(["a"] * 4 + ["b"])
    assert nested_mean(value, [animal]) == 2.0
    drawn = hierarchical_bootstrap(value, [animal], 4000, np.random.default_rng(0))
    assert set(np.round(drawn, 12)) == {1.0, 2.0, 3.0}
    assert np.mean(drawn == 2.0) == pytest.approx(0.5, abs=0.04)
    with pytest.raises(InputError, match="all of them defined"):
        hierarchical_bootstrap(np.array([1.0, np.nan]), [], 10, np.random.default_rng(0))


def test_same_seed_same_resamples():
    value, levels = nested(np.random.default_rng(1))
    one, two, other = (
        hierarchical_bootstrap(value, levels, 50, np.random.default_rng(k)) for k in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_sign_flips_are_all_of_them():
    rng = np.random.default_rng(6)
    for n in (3, 6, 10):
        values = rng.standard_normal(n) + 0.5
        means = [np.dot(s, values) / n for s in itertools.product([1, -1], repeat=n)]
        expected = np.mean(np.abs(means) >= abs(values.mean()) - 1e-12)
        p, least = sign_flip(values, rng)
        assert p == pytest.approx(expected)
        assert least == 2 / 2**n and sign_flip(np.abs(values), rng)[0] == pytest.approx(least)
    many = rng.standard_normal(40) + 0.4
    assert sign_flip(many, rng)[0] == pytest.approx(stats.ttest_1samp(many, 0).pvalue, abs=0.02)
    assert wilcoxon(np.arange(1.0, 7.0)) == (2 / 64, 2 / 64)
    assert wilcoxon(np.zeros(4))[0] == 1.0


@pytest.mark.slow
def test_holm_by_hand_and_statsmodels_and_what_is_not_tested_does_not_count():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(holm(p), [0.03, np.nan, 0.06, 0.06])
    rng = np.random.default_rng(5)
    for n in (1, 2, 7, 40):
        many = rng.choice([1e-4, 0.01, 0.3, 1.0], n) * rng.uniform(size=n).round(1)  # with ties
        np.testing.assert_allclose(holm(many), multipletests(many, method="holm")[1], rtol=1e-14)
    assert np.isnan(holm(np.array([np.nan]))).all()


def test_hedges_g_of_two_samples_against_statsmodels():
    rng = np.random.default_rng(7)
    for n in ((5, 8), (30, 12)):
        x, y = rng.standard_normal(n[0]) + 1, rng.standard_normal(n[1])
        expected, _ = effectsize_smd(
            x.mean(), x.std(ddof=1), x.size, y.mean(), y.std(ddof=1), y.size
        )
        # statsmodels has the approximation 1 - 3 / (4 dof - 1) of the factor.
        assert hedges_g(x, y).value == pytest.approx(expected, rel=2e-3)


def test_hedges_g_has_no_bias_and_its_interval_covers():
    rng = np.random.default_rng(8)
    true, n = 0.8, 6
    found = [hedges_g(rng.standard_normal(n) + true) for _ in range(1500)]
    assert np.mean([one.value for one in found]) == pytest.approx(true, abs=0.05)
    covered = np.mean([one.low <= true <= one.high for one in found])
    assert covered == pytest.approx(0.95, abs=0.02)
    assert np.isnan(hedges_g(np.array([1.0])).value)
    assert np.isnan(hedges_g(np.array([2.0, 2.0, 2.0])).value)


def test_the_interval_of_g_excludes_0_where_a_t_test_rejects():
    rng = np.random.default_rng(9)
    for _ in range(100):
        x = rng.standard_normal(7) + 0.8
        one = hedges_g(x)
        assert (one.low > 0 or one.high < 0) == (stats.ttest_1samp(x, 0).pvalue < 0.05)


def test_mixed_model_of_a_balanced_design_is_its_analysis_of_variance():
    value, levels = nested(np.random.default_rng(10), animals=12, sessions=1, units=6,
                           sd=(2.0, 0.0, 1.0))  # fmt: skip
    table = pd.DataFrame({"value": value + 5.0, "animal": levels[0]})
    found = mixed_model(table)
    means = table.groupby("animal")["value"].mean()
    within = table.groupby("animal")["value"].var().mean()
    row = found.fixed.loc["Intercept"]
    assert row["estimate"] == pytest.approx(means.mean(), abs=1e-6)
    error = means.std(ddof=1) / np.sqrt(12)
    assert row["high"] - row["estimate"] == pytest.approx(1.959964 * error, rel=1e-3)
    assert found.residual_variance == pytest.approx(within, rel=1e-3)
    assert found.group_variance == pytest.approx(means.var() - within / 6, rel=1e-2)
    assert not found.note


def test_mixed_model_finds_a_fixed_effect_and_refuses_what_it_cannot_tell():
    rng = np.random.default_rng(11)
    animal = np.repeat(np.arange(8), 10)
    area = np.tile([0, 1], 40)
    value = rng.standard_normal(8)[animal] + 0.8 * area + 0.3 * rng.standard_normal(80)
    table = pd.DataFrame({"value": value, "animal": animal, "area": area})
    assert mixed_model(table, "area").fixed.loc["area", "estimate"] == pytest.approx(0.8, abs=0.2)
    with pytest.raises(InputError, match="three groups"):
        mixed_model(table[table["animal"] < 2])
    with pytest.raises(InputError, match="one with two values"):
        mixed_model(table.groupby("animal").head(1))
