"""Sweeps over axes: the values are those of the axes, ids are stable, bad axes are one line."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from planning import plan_for
from pydantic import ValidationError
from scipy import stats

from spikedrift.comparison.scores.models import Models
from spikedrift.config.check import checked
from spikedrift.config.sweeps import Axis, Sweep
from spikedrift.core.errors import InputError
from spikedrift.plan.surveys import chunked
from spikedrift.sweeps.points import networks, points, table
from spikedrift.sweeps.rows import axis_values, rows
from spikedrift.sweeps.summary import failed
from spikedrift.sweeps.survey import collect, joined

RATE = {"name": "rate", "keys": ["plasticity.afferent.eta"]}
WEIGHT = {"name": "weight", "keys": ["wiring.w_ee"]}
LEARNING = {"name": "a", "set": {"plasticity.afferent.eta": 0.02}}


def sweep(**changes):
    return checked(Sweep, {"variants": [LEARNING], "instances": 1, **changes}, "sweep")


def values_of(swept):
    return axis_values(swept, swept.axes)


def test_a_grid_holds_all_combinations():
    axes = [{**RATE, "values": [0.01, 0.03]}, {**WEIGHT, "low": 0.0, "high": 0.1, "n": 3}]
    expanded = points(sweep(axes=axes, instances=2))
    assert len(expanded) == 2 * 3 * 2 == len({point.recording for point in expanded})
    found = [(point.axes["rate"], point.axes["weight"]) for point in expanded[::2]]
    assert found == list(itertools.product([0.01, 0.03], [0.0, 0.05, 0.1]))
    for point in expanded:
        assert point.parameters["plasticity.afferent.eta"] == point.axes["rate"]
        assert point.parameters["wiring.w_ee"] == point.axes["weight"]


def test_a_list_takes_the_axes_side_by_side():
    axes = [{**RATE, "values": [0.01, 0.03]}, {**WEIGHT, "values": [0.02, 0.04]}]
    found = values_of(sweep(axes=axes, sampling="list"))
    assert found == [{"rate": 0.01, "weight": 0.02}, {"rate": 0.03, "weight": 0.04}]


def test_a_log_axis_has_equal_ratios_and_both_ends():
    axes = [{**RATE, "low": 1e-3, "high": 1.0, "n": 7, "scale": "log"}]
    values = [row["rate"] for row in values_of(sweep(axes=axes))]
    assert (values[0], values[-1]) == (1e-3, 1.0)
    np.testing.assert_allclose(np.diff(np.log10(values)), 0.5, rtol=1e-4)


def test_a_latin_hypercube_puts_one_sample_into_every_part_of_every_axis():
    axes = [{**RATE, "low": 1e-3, "high": 1.0, "scale": "log"}, {**WEIGHT, "low": 0, "high": 0.1}]
    asked = {"axes": axes, "sampling": "latin_hypercube", "samples": 20}
    found = values_of(sweep(**asked))
    unit = np.array([[np.log10(r["rate"]) / 3 + 1, r["weight"] / 0.1] for r in found])
    for column in unit.T:
        assert sorted((column * 20).astype(int)) == list(range(20))
    assert values_of(sweep(**asked)) == found
    assert values_of(sweep(**asked, seed=2)) != found


def test_means_over_a_latin_hypercube_have_the_variance_of_its_parts():
    """1 / (12 n^3) for an axis from 0 to 1, 1 / (12 n) at random; axes are joined at random."""
    axes = [{"name": f"x{k}", "keys": ["a"], "low": 0.0, "high": 1.0} for k in range(2)]
    asked = {"axes": axes, "sampling": "latin_hypercube", "samples": 20}
    drawn = np.array(
        [[[*row.values()] for row in values_of(sweep(**asked, seed=k))] for k in range(200)]
    )
    off = (drawn.mean(axis=1) - 0.5) * np.sqrt(12 * 20**3)
    assert stats.kstest(off.ravel(), "norm").pvalue > 0.01
    assert stats.pearsonr(*drawn.reshape(-1, 2).T).pvalue > 0.01


def test_random_samples_are_uniform():
    axes = [{**WEIGHT, "low": 0.0, "high": 0.1}]
    found = values_of(sweep(axes=axes, sampling="random", samples=400))
    assert stats.kstest([row["weight"] / 0.1 for row in found], "uniform").pvalue > 0.01


NOISE = {
    "name": "b",
    "set": {
        "plasticity.afferent.rule": "weight_noise_lognormal",
        "plasticity.afferent.eta": 1.0,
        "plasticity.afferent.parameters": {"tau_log": 300.0},
    },
}
SPEED = {**RATE, "low": 0.1, "high": 10, "scale": "log", "factor": True}
SLOWER = {
    "keys": ["plasticity.afferent.parameters.tau_log"], "divide": True, "low": 0.01, "high": 1.0
}  # fmt: skip


def test_a_variant_takes_an_axis_in_its_own_way():
    noise = {**NOISE, "axes": {"rate": SLOWER}}
    asked = {"axes": [SPEED], "sampling": "latin_hypercube", "samples": 12}
    expanded = points(sweep(variants=[LEARNING, noise], **asked))
    learning, slow = (np.array([p.axes["rate"] for p in expanded if p.variant == v]) for v in "ab")
    # The same places, each between its own ends: .1 to 10 and .01 to 1.
    np.testing.assert_allclose(slow * 10, learning, rtol=1e-4)
    for point in expanded:
        if point.variant == "a":
            eta = point.parameters["plasticity.afferent.eta"]
            assert eta == pytest.approx(0.02 * point.axes["rate"], rel=1e-5)
        else:
            tau = point.parameters["plasticity.afferent.parameters.tau_log"]
            assert tau == pytest.approx(300 / point.axes["rate"], rel=1e-5)
            assert point.parameters["plasticity.afferent.eta"] == 1.0


@pytest.mark.parametrize(
    ("otherwise", "words"),
    [
        ({"spead": SLOWER}, ("variant b", "no axis 'spead'", "rate")),
        ({"rate": {"low": 20}}, ("variant b", "low 20.0 is not below high 10.0")),
        ({"rate": {"low": -1}}, ("variant b", "log scale")),
        ({"rate": {"keys": ["plasticity.afferent.tau"]}}, ("variant b", "tau")),
    ],
)
def test_an_axis_that_a_variant_cannot_take_so_is_one_line(otherwise, words):
    with pytest.raises(InputError) as raised:
        points(sweep(variants=[LEARNING, {**NOISE, "axes": otherwise}], axes=[{**SPEED, "n": 3}]))
    assert "\n" not in str(raised.value)
    assert all(word in str(raised.value) for word in words)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"factor": False}, "what divides is a factor"),
        ({"low": -1, "scale": "linear"}, "divided by 0"),
        ({"low": None, "high": None, "scale": "linear", "values": [0, 1]}, "divided by 0"),
    ],
)
def test_what_cannot_divide_is_one_line(changed, words):
    with pytest.raises(InputError, match=words):
        sweep(axes=[{**SPEED, "divide": True, **changed}])


def test_a_variant_that_is_not_swept_takes_no_axis():
    with pytest.raises(InputError, match="swept is false"):
        sweep(
            variants=[LEARNING, {**NOISE, "swept": False, "axes": {"rate": SLOWER}}], axes=[SPEED]
        )


def test_a_factor_multiplies_what_the_variant_has():
    variants = [LEARNING, {"name": "b", "set": {"plasticity.afferent.eta": 0.5}}]
    axes = [{**RATE, "values": [0.1, 2], "factor": True}]
    found = [p.parameters["plasticity.afferent.eta"] for p in points(sweep(variants=variants,
                                                                         axes=axes))]  # fmt: skip
    assert found == [0.002, 0.04, 0.05, 1.0]


def test_a_variant_that_is_not_swept_is_one_point():
    control = {"name": "frozen", "swept": False}
    axes = [{**RATE, "values": [0.01, 0.03]}]
    expanded = points(sweep(variants=[control, LEARNING], axes=axes))
    assert [(p.variant, p.axes) for p in expanded] == [
        ("frozen", {}), ("a", {"rate": 0.01}), ("a", {"rate": 0.03}),
    ]  # fmt: skip
    assert table(expanded)["axis_rate"].isna().tolist() == [True, False, False]


@pytest.mark.fault("labels", "a point of several drawn values is named by all of them")
def test_draws_of_several_axes_are_called_by_their_number():
    axes = [{**RATE, "low": 1e-3, "high": 1.0}, {**WEIGHT, "low": 0.0, "high": 0.1}]
    fixed = {"name": "off", "title": "all frozen", "swept": False}
    other = {"name": "b", "title": "variant b", "set": {"plasticity.inhibitory.eta": 0.5}}
    drawn = {"sampling": "latin_hypercube", "samples": 3}
    found = points(sweep(variants=[fixed, LEARNING, other], axes=axes, instances=2, **drawn))
    words = list(dict.fromkeys(point.words for point in found))
    assert words == ["all frozen", *(f"a, draw {k}" for k in (1, 2, 3)),
                     *(f"variant b, draw {k}" for k in (1, 2, 3))]  # fmt: skip
    at = {point.words: point.axes for point in found}
    assert at["a, draw 2"] == at["variant b, draw 2"] != at["a, draw 3"]
    alone = points(sweep(variants=[LEARNING], axes=axes, **drawn))
    assert {point.words: point.axes for point in alone}.items() <= at.items()
    listed = table(found).drop_duplicates("point_title").set_index("point_title")
    assert listed.loc["a, draw 2", "axis_rate"] == at["a, draw 2"]["rate"]
    assert "called" not in listed


def test_a_value_that_is_a_factor_is_called_so_wherever_it_is_said():
    axes = [{**RATE, "values": [0.8, 1.26], "factor": True}, {**WEIGHT, "values": [0.02]}]
    asked = sweep(axes=axes)
    found = points(asked)
    assert [point.words for point in found] == [
        "a, rate × 0.8, weight 0.02", "a, rate × 1.26, weight 0.02",
    ]  # fmt: skip
    assert found[1].name == "a@rate=1.26,weight=0.02"  # under which results are stored
    assert "factors" not in table(found)
    assert [axis.words for axis in asked.axes] == ["rate, times the variant's", "weight"]
    titled = {**axes[0], "title": "learning rate, times 0.02"}
    assert sweep(axes=[titled]).axes[0].words == titled["title"]
    # The axis of a survey says it as well, and so does a comparison with it.
    runs = joined([failed(point, InputError("lost")) for point in found])
    data, _ = collect([runs], found, "patterns", {})
    assert data["axis_rate"].attrs == {"factor": 1} and not data["axis_weight"].attrs
    models = Models.of_survey(data, None)
    assert [models.titles[point.name] for point in found] == [point.words for point in found]
    assert {at.factors for at in models.coordinates.values()} == {("rate",)}


def test_points_of_one_or_two_axes_are_called_by_their_values():
    one = points(sweep(axes=[{**RATE, "low": 0.1, "high": 0.2}], sampling="random", samples=2))
    assert [point.words for point in one] == [f"a, rate {point.axes['rate']}" for point in one]
    axes = [{**RATE, "values": [0.01, 0.03]}, {**WEIGHT, "values": [0.02]}]
    assert [point.words for point in points(sweep(axes=axes))] == [
        "a, rate 0.01, weight 0.02", "a, rate 0.03, weight 0.02",
    ]  # fmt: skip
    third = {"name": "ei", "keys": ["wiring.w_ei"], "values": [0.05]}
    many = points(sweep(axes=[*axes, third]))
    assert [point.words for point in many] == ["a, point 1", "a, point 2"]


def test_another_point_changes_no_id():
    few = points(sweep(axes=[{**RATE, "values": [0.01, 0.03]}]))
    more = points(sweep(axes=[{**RATE, "values": [0.005, 0.01, 0.02, 0.03]}]))
    assert {point.id for point in few} < {point.id for point in more}
    again = Sweep.model_validate(json.loads(sweep(axes=[{**RATE, "low": 1, "high": 2}])
                                            .model_dump_json()))  # fmt: skip
    assert points(again) == points(sweep(axes=[{**RATE, "low": 1.0, "high": 2.0}]))


def test_an_axis_may_choose_the_rule():
    axes = [{"name": "rule", "keys": ["plasticity.afferent.rule"],
             "values": ["pair_stdp", "triplet_stdp"]}]  # fmt: skip
    asked = sweep(axes=[*axes, {**WEIGHT, "values": [0.01, 0.02]}])
    found = [o.plasticity.afferent.rule for o in networks(asked, asked.variants[0])]
    assert found == ["pair_stdp", "triplet_stdp"]


@pytest.mark.parametrize(
    ("key", "values", "n"),
    [
        ("plasticity.afferent.eta", [1, 2], 1),
        ("plasticity.afferent.parameters.tau_plus", [0.01, 0.02], 1),
        ("plasticity.six_parameter", [None, [0.1] * 24], 2),
        ("plasticity.recurrent.also", [[], ["synaptic_scaling"]], 2),
    ],
)
def test_what_a_look_at_the_rules_has_to_see(key, values, n):
    asked = sweep(axes=[{"name": "x", "keys": [key], "values": values}])
    assert len(list(networks(asked, asked.variants[0]))) == n


def test_one_more_run_changes_one_chunk():
    found = rows(sweep(axes=[{**RATE, "low": 0.01, "high": 0.5, "n": 20}], instances=3))
    runs = [replace(row, instances=range(k, k + 1)) for row in found for k in row.instances]
    before = chunked(runs[:-1], 8)
    divided = [(row.number, k) for part in before.values() for row, k in part]
    assert sorted(divided) == [(row.number, row.instances[0]) for row in runs[:-1]]
    in_pairs = chunked(found[:-1], 8)
    assert in_pairs.keys() == chunked(runs[:-3], 8).keys()
    assert all(0 < len(part) <= 8 for part in before.values())
    for k in range(len(runs)):
        less = chunked(runs[:k] + runs[k + 1 :], 8)
        more = chunked(runs, 8)
        gone = [name for name, part in less.items() if more.get(name) != part]
        assert len(gone) <= 1, "it grew or was divided"
        new = {name for name in more if less.get(name) != more[name]}
        assert all(name.startswith(tuple(gone)) for name in new) if gone else len(new) == 1


class Wildcards(dict):
    """As Snakemake hands them to a function."""

    __getattr__ = dict.__getitem__


def test_another_rule_leaves_the_runs_of_other_variants_as_they_are():
    def plan(*variants):
        entry = {"name": "s", "instances": 1, "survey": {}, "variants": variants}
        made = plan_for({"sweeps": [entry]}).surveys
        of = {name: Wildcards(sweep="s", chunk=name) for name in made.chunks("s")}
        return {name: (made.modules(one), made.runs(one)) for name, one in of.items()}

    triplet = {"name": "t", "set": {"plasticity.afferent.rule": "triplet_stdp"}}
    few, more = plan(LEARNING), plan(LEARNING, triplet)
    assert few.items() < more.items()
    assert more["t"][0] != more["a"][0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"axes": [{"name": "x", "keys": ["wiring.w_eee"], "values": [1]}]},
         ("variant a, x 1", "wiring.w_eee", "did you mean 'w_ee'")),
        ({"axes": [{**WEIGHT, "values": [0.1, -1]}]}, ("weight -1", "wiring.w_ee")),
        ({"axes": [{**WEIGHT, "values": [0.1, 0.1]}]}, ("same network as a, weight 0.1",)),
        ({"axes": [{**RATE, "values": [1, 2], "factor": True}],
          "variants": [{"name": "off"}]}, ("same network",)),
        ({"axes": [{"name": "x", "keys": ["plasticity.afferent.rule"], "values": [2],
                    "factor": True}]}, ("plasticity.afferent.rule", "no number")),
        ({"instances": 0}, ("instances", "greater than 0")),
        ({"axes": [{**RATE, "values": []}]}, ("values", "at least 1")),
        ({"axes": [{**RATE}]}, ("axis rate", "either values, or low and high")),
        ({"axes": [{**RATE, "low": 2, "high": 1}]}, ("low 2.0 is not below high 1.0",)),
        ({"axes": [{**RATE, "low": 0, "high": 1, "scale": "log"}]}, ("log scale", "above 0")),
        ({"axes": [{**RATE, "values": [1]}], "sampling": "latin_hypercube", "samples": 3},
         ("latin_hypercube", "rate has values")),
        ({"axes": [{**RATE, "low": 1, "high": 2}], "sampling": "random"}, ("give samples",)),
        ({"axes": [{**RATE, "values": [1]}, {**WEIGHT, "values": [1, 2]}], "sampling": "list"},
         ("same number of values",)),
        ({"axes": [{**RATE, "values": [1]}] * 2}, ("axes: the name 'rate' is used twice",)),
    ],
)  # fmt: skip
def test_bad_axes_are_one_line(changes, words):
    with pytest.raises(InputError) as caught:
        points(sweep(**changes))
    told = str(caught.value)
    assert all(word in told for word in words), told
    assert "\n" not in told


def test_an_axis_takes_either_values_or_ends():
    with pytest.raises(ValidationError, match="either values"):
        Axis(name="x", keys=("a",), values=(1,), low=1.0, high=2.0)


def test_points_that_are_not_paired_share_no_instance():
    axes = [{**RATE, "low": 0.01, "high": 0.1}, {**WEIGHT, "low": 0, "high": 0.1}]
    asked = {"axes": axes, "sampling": "random", "samples": 4, "survey": {}}
    together, apart = points(sweep(**asked)), points(sweep(**asked, paired=False))
    assert [point.instance for point in together] == [0, 0, 0, 0]
    assert [point.instance for point in apart] == [0, 1, 2, 3]
    assert len({point.instance_seed for point in apart}) == 4
    assert [point.id for point in apart] == [point.id for point in together]
    more = points(sweep(**{**asked, "samples": 6}, paired=False))
    assert more[:4] == apart, "more samples run nothing again"
