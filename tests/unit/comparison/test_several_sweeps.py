"""Two sweeps against one recording: points told apart, and the variants of both recovered."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from tests.unit.comparison.recovery.test_recovery import COMPARE, comparison, gaussian

from spikedrift.comparison.recovery import nearest
from spikedrift.comparison.recovery.recovery import recover
from spikedrift.comparison.recovery.runs import Runs
from spikedrift.comparison.scores.models import Failed, Models
from spikedrift.config.recovery import Recovery
from spikedrift.figures import style
from spikedrift.sweeps.points import told_apart

FEW = Recovery(permutations=99)


def two_sweeps(values, variants, sweep, seeds):
    """A comparison of points of sweeps a and b: values (point, instance, statistic)."""
    names = [f"{of}.{name}" for of, name in zip(sweep, variants, strict=True)]
    data = comparison(values, names)
    n = data.sizes["instance"]
    seed = [[f"{seeds[of]}.{k}" for k in range(n)] for of in sweep]
    return data.assign(instance_seed=(("point", "instance"), seed)).assign_coords(
        sweep=("point", list(sweep))
    )


def test_models_of_two_sweeps_are_told_apart_and_keep_the_order_of_the_sweeps():
    def models(sweep, seed, axes):
        label = {
            "point": "frozen", "variant": "frozen", "title": "all frozen", "variant_title": "",
            "control": True, "axes": axes, "factors": ["rate"], "instance_seed": f"{seed}.0",
        }  # fmt: skip
        return Models._grouped([told_apart(label, sweep)], [Failed(sweep, "lost")])

    one, other = models("a", 1, {"rate": 0.1}), models("b", 2, {"rate": 5.0})
    found = Models.joined([other, one], ["a", "b"])
    assert list(found.runs) == list(found.coordinates) == ["a.frozen", "b.frozen"]
    assert list(found.titles.values()) == ["a: all frozen", "b: all frozen"]
    assert set(found.control.splitlines()) == {"a.frozen", "b.frozen"}
    assert found.coordinates["a.frozen"].axes == {"a.rate": 0.1}
    assert found.coordinates["a.frozen"].factors == ("a.rate",)
    assert Models.joined([one], ["a"]) is one


def test_the_control_of_every_sweep_is_gray():
    colors = style.variant_colors(["a.off", "a.on", "b.off", "b.on"], "a.off\nb.off")
    assert colors["a.off"] == colors["b.off"] == style.GRAY
    assert len(set(colors.values())) == 3


def test_axes_of_different_sweeps_are_different_axes():
    # Two values on an axis of their own for each of two sweeps, and a control.
    ranks = np.full((5, 2), np.nan)
    ranks[:2, 0] = ranks[2:4, 1] = 0, 1
    same = nearest.excluded(ranks, 0)
    np.testing.assert_array_equal(same, np.diag([True] * 4 + [False]))
    near = nearest.excluded(ranks, 1)
    assert near[:2, :2].all() and near[2:4, 2:4].all() and near.sum() == 8


def test_whole_instances_change_places_between_sweeps_of_other_seeds():
    rng = np.random.default_rng(1)
    values = np.full((4, 2, 1), np.nan)
    values[:2, 0, 0], values[2:, 1, 0] = (1, 2), (3, 4)
    every = np.concatenate(list(nearest.permuted(values, np.array([0, 1]), 9, rng)))
    # Two of four instances make the first sweep: 6 ways, one of which is as it is.
    first = {frozenset(one[:2, 0, 0]) for one in every}
    assert len(every) == 5 and len(first) == 5 and frozenset({1.0, 2.0}) not in first
    assert all(np.isfinite(one[..., 0]).sum() == 4 for one in every)
    some = np.concatenate(list(nearest.permuted(values, np.array([0, 1]), 4, rng)))
    assert len(some) == 4
    np.testing.assert_array_equal(np.sort(some[np.isfinite(some)]), np.repeat([1.0, 2, 3, 4], 4))
    # Instances stay whole: two points of a sweep go together, and none where numbers differ.
    pairs = np.full((4, 4, 1), np.nan)
    pairs[:2, :2, 0], pairs[2:, 2:, 0] = [[1, 1.5], [2, 2.5]], [[3, 3.5], [4, 4.5]]
    for one in np.concatenate(list(nearest.permuted(pairs, np.array([0, 0, 1, 1]), 50, rng))):
        assert {frozenset(np.floor(row[np.isfinite(row)])) for row in one} == {
            frozenset({k}) for k in (1.0, 2.0, 3.0, 4.0)
        }
    pairs[2:, 3] = np.nan
    for one in np.concatenate(list(nearest.permuted(pairs, np.array([0, 0, 1, 1]), 9, rng))):
        np.testing.assert_array_equal(one[2:, 2], pairs[2:, 2])


def test_variants_of_both_sweeps_are_recovered_and_instances_counted_by_sweep():
    # Three variants 30 SD apart, the fourth like the third.
    values = gaussian(2, 12, 30, variants=4)
    values[3] = np.array([60, 0]) + np.random.default_rng(3).normal(size=values[2].shape)
    data = two_sweeps(values, ["x", "y", "x", "y"], "aabb", {"a": 1, "b": 2})
    found = recover(data, compare=COMPARE, options=Recovery(permutations=199))
    assert found.sizes["instance"] == 24  # of two seeds, none held out with one of the other
    assert found["variant"].values.tolist() == ["a.x", "a.y", "b.x", "b.y"]
    share = found["confusion"].sel(classifier="score", held_out="instances").values
    assert share[0, 0] == share[1, 1] == 1 and 0.2 < share[2, 2] < 0.9
    told = found["distinguishable"].values[np.triu_indices(4, 1)]
    assert told.tolist() == [1, 1, 1, 1, 1, 0]
    assert found.attrs["instances"] == 12 and not found.attrs["illustration"]
    assert "48 runs of 12 instances or more of each of 2 sweeps" in found.attrs["inference"]
    assert "in all points of its seed at once" in found.attrs["held_out_words"]
    (line,) = json.loads(found.attrs["indistinguishable"])
    assert line.startswith("b.x and b.y are not distinguishable")
    few = recover(data.isel(instance=slice(6)), compare=COMPARE, options=FEW)
    assert few.attrs["illustration"]  # twelve instances, but six of each sweep
    assert np.isnan(few["accuracy_low"]).all()


def test_one_seed_pairs_instances_of_sweeps_as_of_variants():
    values = gaussian(4, 8, 2)
    shared = two_sweeps(values, ["x", "x"], "ab", {"a": 1, "b": 1})
    found = recover(shared, compare=COMPARE, options=FEW)
    alone = recover(comparison(values, ["a.x", "b.x"]), compare=COMPARE, options=FEW)
    assert found.sizes["instance"] == 8
    for name in ("accuracy", "p_value", "pair_p", "check_p"):
        np.testing.assert_array_equal(found[name], alone[name])


def test_points_of_a_sweep_without_instances_of_another_need_no_rows_of_it():
    values = gaussian(5, 4, 2, variants=4)
    data = two_sweeps(values, ["x", "y", "x", "y"], "aabb", {"a": 1, "b": 2})
    runs = Runs.read(data, COMPARE)
    assert runs.values.shape[0] == 8
    assert [rows.tolist() for rows in runs.strata] in (
        [[0, 1, 2, 3], [4, 5, 6, 7]], [[4, 5, 6, 7], [0, 1, 2, 3]],
    )  # fmt: skip
    assert runs.of_variants([0, 1]).values.shape[:2] == (4, 2)
    assert runs.of_variants([0, 2]).values.shape[:2] == (8, 2)
    alone = recover(data.isel(point=[0, 1]), compare=COMPARE, options=FEW)
    together = recover(data, compare=COMPARE, options=FEW)
    for name in ("pair_accuracy", "pair_p", "separation"):
        xr.testing.assert_equal(
            alone[name].isel(first=0, second=1, drop=True),
            together[name].isel(first=0, second=1, drop=True),
        )


@pytest.mark.slow
def test_p_values_of_identical_variants_of_two_sweeps_are_valid():
    # Points of a sweep share what is drawn by instance; the null is that all points are alike.
    rng, p = np.random.default_rng(6), []
    for _ in range(40):
        shared = np.repeat(rng.normal(size=(2, 6, 2)), 2, axis=0)
        values = shared + rng.normal(size=(4, 6, 2))
        data = two_sweeps(values, ["x", "y", "x", "y"], "aabb", {"a": 1, "b": 2})
        found = recover(data, compare=COMPARE, options=FEW)
        of_pair = found["pair_p"].isel(first=0, second=2)
        p.append([found["p_value"].sel(classifier="score", held_out="instances"), of_pair])
    for rejected in (np.array(p) <= 0.05).sum(axis=0):
        assert stats.binomtest(int(rejected), 40, 0.05, alternative="greater").pvalue > 0.01
