"""Similarity matrices over animals: a known truth, the ceiling of its module, refusals."""

import json

import numpy as np
import pytest
import xarray as xr

from spikedrift.comparison.matrices.across_animals import over_animals
from spikedrift.config.compare import Compare
from spikedrift.figures import structure_animals as figure
from spikedrift.rsa.comparators.cosine import COMPARATOR as COSINE
from spikedrift.rsa.noise_ceiling import ceiling
from spikedrift.rsa.stacks import unit_length

N_WINDOWS, VIEWS, CODES = 14, ("full", "residual"), ("rate", "timing")
COMPARATORS = ("rho_a", "cosine", "procrustes")
FAST = Compare(bootstrap=100)


def cohort(n=10, noise=0.3, seed=1):
    """Files of recordings whose matrices are one truth plus noise; a right and a wrong model."""
    rng = np.random.default_rng(seed)
    row, column = np.triu_indices(N_WINDOWS, 1)
    n_pairs = row.size
    truth, wrong, base = rng.normal(size=(3, 2, 2, n_pairs))
    files = []
    for k in range(n):
        files.append(
            xr.Dataset(
                {
                    "recording_rdm": (
                        ("view", "code", "pair"),
                        truth + noise * rng.normal(size=truth.shape),
                    ),
                    "point_rdm": (
                        ("view", "code", "point", "pair"), np.stack([truth, wrong], axis=2)
                    ),
                    "baseline_rdm": (
                        ("view", "code", "baseline", "pair"), np.stack([base, -base, 0 * base], 2)
                    ),
                },
                coords={
                    "view": list(VIEWS),
                    "code": list(CODES),
                    "comparator": list(COMPARATORS),
                    "point": ["right", "wrong"],
                    "baseline": ["lag_only", "block_only", "no_drift"],
                    "row": ("pair", row),
                    "column": ("pair", column),
                    "relation": ("pair", np.where(column < 7, "within", "between")),
                },
                attrs={
                    "recording": f"r{k}.movie",
                    "subject": f"animal {k // 2 if n > 10 else k}",
                    "pseudo_population": 0,
                    "trial_order_known": 1,
                    "titles": json.dumps({"right": "the right one", "wrong": "the wrong one"}),
                    "comparator_titles": json.dumps({name: name for name in COMPARATORS}),
                    "directions": json.dumps(dict.fromkeys(COMPARATORS, "higher")),
                    "control": "",
                    "sweep": "rules",
                },
            )
        )  # fmt: skip
    return files


@pytest.fixture(scope="module")
def files():
    return cohort()


@pytest.fixture(scope="module")
def found(files):
    return over_animals(files, "mice", FAST, seed=2)


@pytest.mark.slow
def test_the_right_model_is_above_zero_near_the_ceiling_and_before_the_wrong_one(files, found):
    assert found["comparator"].values.tolist() == ["rho_a", "cosine"]  # procrustes has no pool
    right, wrong = found.sel(point="right"), found.sel(point="wrong")
    assert (right["p_zero_holm"] < 0.05).all() and (wrong["p_zero_holm"] > 0.05).all()
    assert (wrong["p_ceiling_holm"] < 0.05).all() and (right["p_ceiling_holm"] > 0.05).all()
    pair = found["p_between_holm"].sel(model="right", model_other="wrong")
    assert (pair < 0.05).all()
    assert ((right["score_low"] < right["point_score"])
            & (right["point_score"] < right["score_high"])).all()  # fmt: skip
    assert found["baseline_score"].sel(view="residual").isnull().all()
    at = {"view": "full", "code": "timing"}
    rdms = np.stack([one["recording_rdm"].sel(at).values for one in files])
    limits = ceiling(rdms, COSINE.compare, unit_length)
    cosine = found.sel(at | {"comparator": "cosine"})
    assert float(cosine["ceiling_low"]) == pytest.approx(limits.lower)
    assert float(cosine["ceiling_high"]) == pytest.approx(limits.upper)
    model = files[0]["point_rdm"].sel(at | {"point": "right"}).values
    np.testing.assert_allclose(
        cosine["score"].sel(point="right"), COSINE.compare(model, rdms), rtol=1e-12
    )
    said = found.attrs["conclusion"].split("\n")
    assert len(said) == 4
    assert said[0] == (
        "rate, matrices as they are, by all 2 comparators: above zero: the right one; above it "
        "and not short of the ceiling: the right one; nearer than the lag alone: the right one."
    )
    assert "n = 10 (10 recordings)" in found.attrs["inference"]


def by_cosine(files):
    return [one.sel(comparator=["cosine"]) for one in files]


@pytest.mark.slow
def test_same_seed_same_bits_other_seed_other_intervals(files):
    few = by_cosine(files[:5])
    one, two, other = (over_animals(few, "mice", FAST, seed=seed) for seed in (2, 2, 3))
    xr.testing.assert_identical(one, two)
    assert not one["score_low"].equals(other["score_low"])


@pytest.mark.slow
def test_sessions_of_an_animal_count_as_one():
    found = over_animals(by_cosine(cohort(12)), "mice", FAST)
    assert found.sizes["animal"] == 6 == found.attrs["n_animals"]
    assert found.attrs["n_recordings"] == 12
    np.testing.assert_allclose(found["score"].mean("animal"), found["point_score"])


def test_what_is_no_sample_of_animals_is_refused_and_said(files):
    few = over_animals(files[:4], "mice", FAST)
    assert "needs 5 of them, there are 4" in few.attrs["refused"] and not few.data_vars
    longer = [*files[:5], files[5].isel(pair=slice(0, -3))]
    assert "windows of repeats are not those" in over_animals(longer, "m", FAST).attrs["refused"]
    assumed = [*files[:5], files[5].assign_attrs(trial_order_known=0)]
    assert "the order of its trials" in over_animals(assumed, "m", FAST).attrs["refused"]
    short = [one.isel(pair=(one["column"] < 4).values) for one in files]
    assert "4 windows of repeats" in over_animals(short, "m", FAST).attrs["refused"]
    lost = [*files[:4], files[4].copy(deep=True)]
    lost[4]["point_rdm"].loc[{"point": "wrong", "code": "timing"}] = np.nan
    assert over_animals(lost, "m", FAST).attrs["refused"] == (
        "r4.movie: no inference over animals, matrices of the wrong one are not all defined"
    )
    drawn, table = figure.draw(structure=few)
    assert "needs 5" in table["refused"][0]
    assert any("needs 5" in text.get_text() for text in drawn.texts)


@pytest.mark.slow
def test_the_figure_draws_animals_and_fills_what_is_above_zero(found):
    drawn, table = figure.draw(structure=found)
    assert set(table["view"]) == set(VIEWS) and set(table["comparator"]) == {"rho_a", "cosine"}
    one = table.query("view == 'residual' and code == 'rate' and comparator == 'cosine'")
    animals = one[(one["series"] == "instance") & (one["point"] == "wrong")]["value"]
    np.testing.assert_allclose(
        animals, found["score"].sel(view="residual", code="rate", comparator="cosine",
                                    point="wrong"))  # fmt: skip
    fills = [
        [line.get_markerfacecolor() for line in axes.get_lines() if line.get_marker() == "D"]
        for axes in drawn.axes[-2:]
    ]
    assert all(fill[0] != "white" and fill[1] == "white" for fill in fills)
