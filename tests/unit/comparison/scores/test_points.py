"""Points of a sweep in a comparison: axes, failed runs, what is matched, several recordings."""

import json

import numpy as np
import pytest
from planning import Wildcards, plan_for, words
from tests.unit.comparison.scores.test_scores import DRIFT, mouse_recording, record

from spikedrift.comparison.recovery.recovery import attempt
from spikedrift.comparison.scores.comparability import TRAITS
from spikedrift.comparison.scores.models import Failed, Models
from spikedrift.comparison.scores.scores import compare
from spikedrift.comparison.scores.summary import STATISTICS, Run, vector
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Recovery
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.sweeps import Axis, Sweep, Variant
from spikedrift.core.errors import InputError
from spikedrift.drift.curves import curves
from spikedrift.drift.profile import profile
from spikedrift.drift.signal.recording import recording_drift
from spikedrift.figures.final import sweep_map
from spikedrift.stats.covariance import spread
from spikedrift.sweeps.coordinates import Coordinates, axis_columns
from spikedrift.sweeps.points import points, told_apart


def analyzed(recording):
    return Run(
        *(
            curves(recording, MeasureEntry(name=measure, measure=measure), DRIFT.curves, 1)
            for measure in ("population_vector", "spikeship")
        ),
        recording_drift(recording, DRIFT, 1),
        profile(recording, DRIFT.curves, 1),
    )


@pytest.fixture(scope="module")
def mouse():
    return analyzed(mouse_recording())


@pytest.fixture(scope="module")
def sweep():
    """One variant at two speeds, and one whose rates are four times as high."""
    right = {"rate_drift": 0.4, "event_time_drift": 0.2}
    slow = {"rate_drift": 0.1, "event_time_drift": 0.05}
    loud = {**right, "mean_rate": 24.0}
    return {
        name: [analyzed(record(f"m-{name}-i{k}.movie", seed + k, **knobs)) for k in range(3)]
        for name, seed, knobs in (
            ("drift@rate=1", 20, right),
            ("drift@rate=0.2", 40, slow),
            ("loud", 60, loud),
        )
    }


COORDINATES = {
    "drift@rate=1": Coordinates("drift", {"rate": 1.0}, ("1.0", "1.1", "1.2"), factors=("rate",)),
    "drift@rate=0.2": Coordinates("drift", {"rate": 0.2}, ("1.0", "1.1", "1.2")),
    "loud": Coordinates("loud", {}, ("1.0", "1.1", "1.2")),
}


@pytest.mark.slow
def test_every_place_on_the_axes_is_a_point_of_its_own(mouse, sweep):
    found = compare(mouse, sweep, coordinates=COORDINATES)
    assert found["point"].values.tolist() == list(COORDINATES)
    assert found["variant"].values.tolist() == ["drift", "drift", "loud"]
    np.testing.assert_array_equal(found["axis_rate"], [1.0, 0.2, np.nan])
    assert found["axis_rate"].attrs == {"factor": 1}
    assert found["instance_seed"].values.tolist() == [["1.0", "1.1", "1.2"]] * 3
    # Drift magnitudes are not those of one variant: grouped together they would be averaged.
    step = found["instance_value"].sel(statistic="rate_step").mean("instance")
    assert step.sel(point="drift@rate=1") > 2 * step.sel(point="drift@rate=0.2")


def test_where_points_lie_changes_no_number(mouse, sweep):
    plain, placed = compare(mouse, sweep), compare(mouse, sweep, coordinates=COORDINATES)
    assert plain["variant"].values.tolist() == list(sweep)
    assert not [name for name in plain.coords if str(name).startswith("axis_")]
    for name in plain.data_vars:
        if name != "instance_seed":
            np.testing.assert_array_equal(plain[name], placed[name], err_msg=str(name))


def test_points_of_a_sweep_have_names_and_share_seeds():
    sweep = Sweep(
        name="s",
        seed=7,
        instances=2,
        variants=(Variant(name="pair", title="pair STDP"), Variant(name="none", swept=False)),
        axes=(
            Axis(name="rate", keys=("plasticity.afferent.eta",), values=(0.05, 1e-05)),
            Axis(name="w", keys=("wiring.w_ee",), values=(2,)),
        ),
    )
    expanded = points(sweep)
    names = list(dict.fromkeys(point.name for point in expanded))
    assert names == ["pair@rate=0.05,w=2", "pair@rate=1e-05,w=2", "none"]
    assert expanded[0].words == "pair STDP, rate 0.05, w 2" and expanded[-1].words == "none"
    assert [point.instance_seed for point in expanded] == ["7.0", "7.1"] * 3
    columns = axis_columns([{"rate": 0.5, "kind": "a"}, {"rate": 2}, {}])
    assert columns["axis_kind"] == ["a", "", ""]
    np.testing.assert_array_equal(columns["axis_rate"], [0.5, 2.0, np.nan])


def test_a_failed_run_is_an_instance_that_is_not_scored(mouse, sweep):
    lost = Failed("m", "the simulation diverged")
    runs = {"drift": [sweep["loud"][0], lost, *sweep["loud"][1:]], "gone": [lost, lost]}
    found = compare(mouse, runs)
    whole = compare(mouse, {"drift": sweep["loud"]})
    assert found["instances_failed"].values.tolist() == [1, 2]
    assert found["instances_given"].values.tolist() == [4, 2]
    assert found["instances_scored"].values.tolist() == [3, 0]
    assert json.loads(found.attrs["failures"]) == {
        "drift": {"the simulation diverged": 1},
        "gone": {"the simulation diverged": 2},
    }
    assert found["instance_score"].sel(point="drift").isnull().values.tolist() == [
        False, True, False, False,
    ]  # fmt: skip
    assert found["score"].sel(point="drift") == pytest.approx(float(whole["score"][0]))
    assert found["score"].sel(point="gone").isnull()
    assert found["instance_value"].sel(point="gone").isnull().all()
    none = compare(mouse, {"gone": [lost]})
    assert none["score"].isnull().all() and none.sizes["statistic"] == 0
    assert "run failed: 1 of 1" in none.attrs["conclusion"]


def test_points_that_differ_in_rate_are_marked_and_kept(mouse, sweep):
    found = compare(mouse, sweep, Compare(incomparable_above=2.5))
    rate = found["trait_difference"].sel(compared_trait="log_rate")
    assert abs(rate.sel(point="drift@rate=1")) < 2.5 < rate.sel(point="loud")
    assert found["incomparable"].sel(point="loud")
    assert np.isfinite(found["score"]).all()
    assert "mean rate (log Hz)" in found.attrs["inference"]
    np.testing.assert_array_equal(
        found["incomparable"], (np.abs(found["trait_difference"]) > 2.5).any("compared_trait")
    )
    # by hand, of one trait
    at = {"trait": "log_rate"}
    sampling = mouse.profile["statistic_sample"].sel(statistic="log_rate").values.var(ddof=1)
    x = found["instance_trait"].sel(at).values
    within = ((x - x.mean(axis=1, keepdims=True)) ** 2).sum() / (x.size - len(x))
    expected = (x.mean(axis=1) - float(found["recording_trait"].sel(at))) / np.sqrt(
        sampling + within
    )
    np.testing.assert_allclose(rate, expected)
    assert found["recording_trait_sd"].sel(at) == pytest.approx(np.sqrt(sampling))
    # reliabilities have no sampling variance of their own
    assert found["recording_trait_sd"].sel(trait="rate_reliability").isnull()
    assert np.isfinite(found["trait_difference"].sel(compared_trait="rate_reliability")).all()


def test_what_is_matched_is_chosen_and_no_part_of_the_score(mouse, sweep):
    few = compare(mouse, sweep, Compare(comparable_on=("fano_factor",), incomparable_above=1e6))
    assert few["compared_trait"].values.tolist() == ["fano_factor"]
    assert not few["incomparable"].any() and "SD from the recording" not in few.attrs["inference"]
    many = compare(mouse, sweep)
    np.testing.assert_array_equal(few["score"], many["score"])
    assert few["trait"].values.tolist() == list(TRAITS)


def test_all_statistics_may_enter_the_score_together(mouse, sweep):
    found = compare(mouse, sweep, Compare(statistics=tuple(STATISTICS)))
    dropped = json.loads(found.attrs["dropped"])
    # Two blocks, and no segment that was shown more often.
    assert set(dropped) == {"growth_exponent", "by_showing", "rare_to_often"}
    assert "2 blocks, it takes 3" in dropped["growth_exponent"]
    names = [name for name in STATISTICS if name not in dropped]
    assert np.isfinite(found["covariance"]).all() and np.isfinite(found["baseline_value"]).all()
    assert (np.linalg.eigvalsh(found["covariance"]) > 0).all()
    own = found["recording_value"]
    base = found["baseline_value"].sel(baseline="no_drift")
    for name in names:
        if STATISTICS[name].scales:
            assert base.sel(statistic=name) == 0
        elif name not in ("timing_to_rate", "step_to_drop", "gain_to_turn", "geometry_to_turn"):
            assert base.sel(statistic=name) == own.sel(statistic=name)


def test_without_a_profile_its_statistics_are_undefined_and_said(mouse, sweep):
    bare = Run(mouse.rate, mouse.timing, mouse.index)
    found = compare(bare, sweep)
    np.testing.assert_array_equal(found["score"], compare(mouse, sweep)["score"])
    assert found["trait_difference"].sel(compared_trait="log_rate").isnull().all()
    less = compare(bare, sweep, Compare(statistics=("rate_drop", "log_rate")))
    assert less["statistic"].values.tolist() == ["rate_drop"]
    assert list(json.loads(less.attrs["dropped"])) == ["log_rate"]


@pytest.mark.fault("outcome", "no model instance has all statistics of a comparison")
def test_a_statistic_that_no_instance_has_is_dropped_and_nothing_left_is_a_result(mouse, sweep):
    names = ("rate_drop", "timing_drop", "timing_step")
    runs = {key: [*group] for key, group in sweep.items()}
    for group in runs.values():
        for k, run in enumerate(group):
            index = run.index.copy(deep=True)
            index["index"].loc[{"code": "timing"}] = np.nan
            index["gate"] = index["gate"].astype(object)
            index["gate"].loc[{"code": "timing"}] = "too imprecise"
            group[k] = Run(run.rate, run.timing, index, run.profile)
    n = sum(map(len, runs.values()))
    found = compare(mouse, runs, Compare(statistics=names), seed=2)
    expected = compare(mouse, sweep, Compare(statistics=names[:2]), seed=2)
    for name in ("score", "instance_score", "ceiling_low", "baseline_score"):
        np.testing.assert_array_equal(found[name], expected[name])
    said = f"timing: step in gap (no model instance has it: timing index too imprecise: {n} of {n})"
    assert found.attrs["conclusion"].endswith(f"Left out of the score: {said}.")
    none = compare(mouse, runs, Compare(statistics=("timing_step", "timing_to_rate")))
    assert none["score"].isnull().all() and none["baseline_score"].isnull().all()
    both = said.replace("timing: step in gap", "timing against rate and timing: step in gap")
    assert none.attrs["conclusion"] == f"No statistic is left to compare: {both}."
    control = vector(mouse.parts(mouse.largest_lag()), [])
    refused = attempt(none, {"other.movie": control}, Compare(), Recovery(), 1)
    assert "no statistic of the score is left" in refused.attrs["refused"]


def test_profiles_of_other_samples_are_refused(mouse, tmp_path):
    paths = [tmp_path / f"{name}.nc" for name in ("rate", "timing", "index", "profile")]
    for file, path in zip((mouse.rate, mouse.timing, mouse.index, mouse.profile), paths,
                          strict=True):  # fmt: skip
        file.to_netcdf(path, engine="h5netcdf")
    label = {"point": "a", "variant": "a", "title": "A", "control": True, "axes": {}, "factors": [],
             "instance_seed": "1.0"}  # fmt: skip
    models = Models.read([label], *[[path] for path in paths])
    assert models.control == "a" and models.titles == {"a": "A"}
    (run,) = models.runs["a"]
    np.testing.assert_array_equal(run.parts(9)["tuning_curve_step"],
                                  mouse.parts(9)["tuning_curve_step"])  # fmt: skip
    mouse.profile.isel(sample=slice(5)).to_netcdf(tmp_path / "few.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"few.nc: statistic_sample .*not joint"):
        Run.read(*paths[:3], tmp_path / "few.nc")


def test_spread_is_the_variance_within_groups_of_what_is_defined():
    rng = np.random.default_rng(1)
    groups = [rng.normal(k, 2.0, size=(500, 2)) for k in (0, 50)]
    np.testing.assert_allclose(spread(groups), 4.0, rtol=0.15)
    broken = [np.array([[1.0, np.nan], [3.0, 5.0]]), np.array([[7.0, 1.0]])]
    np.testing.assert_array_equal(spread(broken), [2.0, np.nan])
    assert spread([np.empty((0, 1)), np.array([[2.0], [2.0]])]).tolist() == [0.0]


def test_points_of_two_sweeps_are_scored_side_by_side(mouse, sweep):
    parts = []
    for name, kept in (("a", ["drift@rate=1", "drift@rate=0.2"]), ("b", ["loud"])):
        labels = [
            told_apart(
                {
                    "point": point, "variant": COORDINATES[point].variant, "title": point,
                    "variant_title": "drifting", "control": name == "b",
                    "axes": COORDINATES[point].axes, "factors": [],
                    "instance_seed": f"{name == 'b'}.{k}",
                },
                name,
            )
            for point in kept
            for k in range(3)
        ]  # fmt: skip
        parts.append(Models._grouped(labels, [run for point in kept for run in sweep[point]]))
    models = Models.joined(parts, ["a", "b"])
    found = compare(mouse, models.runs, seed=2, control=models.control, titles=models.titles,
                    coordinates=models.coordinates)  # fmt: skip
    alone = compare(mouse, sweep, seed=2, coordinates=COORDINATES)
    # One metric for all: the same numbers under other names.
    for name in ("score", "instance_value", "residual", "trait_difference"):
        np.testing.assert_array_equal(found[name], alone[name])
    assert found["sweep"].values.tolist() == ["a", "a", "b"] and "sweep" not in alone.coords
    assert found["point"].values.tolist() == ["a.drift@rate=1", "a.drift@rate=0.2", "b.loud"]
    np.testing.assert_array_equal(found["axis_a.rate"], [1.0, 0.2, np.nan])
    assert found.attrs["control"] == "b.loud"
    of = attempt(found, {}, Compare(bootstrap=100), Recovery(permutations=99), 1)
    assert of["variant"].values.tolist() == ["a.drift", "b.loud"]
    assert of.attrs["instances"] == 3 and "each of 2 sweeps" in of.attrs["inference"]
    # A map of one of them has its points, under the names that they have there.
    axes = [{"name": "rate", "title": "", "scale": "log"}]
    _, table = sweep_map.draw(scores=[found], axes=axes, sweep="a")
    assert table["point"].tolist() == ["drift@rate=1", "drift@rate=0.2"]
    assert table["axis_rate"].tolist() == [1.0, 0.2]
    assert table["title"].tolist() == table["point"].tolist()
    assert table["score"].tolist() == alone["score"].values[:2].tolist()
    _, table = sweep_map.draw(scores=[found], sweep="b")
    assert not [name for name in table if name.startswith("axis_")]


# the plan of it

GOOD = {
    "recordings": [{"name": f"m{k}.movie", "source": "synthetic"} for k in range(6)],
    "sweeps": [
        {"name": "plain", "variants": [{"name": "a"}], "instances": 1,
         "axes": [{"name": "rate", "keys": ["plasticity.afferent.eta"], "values": [0.1, 0.2]}]},
        {"name": "wide", "variants": [{"name": "a"}], "survey": {}},
    ],
}  # fmt: skip


def plan_of(*comparisons):
    return plan_for({**GOOD, "comparisons": list(comparisons)})


def test_several_recordings_have_scores_each_and_animals_from_five_on():
    names = [entry["name"] for entry in GOOD["recordings"]]
    many = {"name": "all", "recordings": names, "sweep": "plain"}
    few = {"name": "few", "recordings": names[:2], "sweep": "plain"}
    plan = plan_of(many, few)
    own = [f"compare_sweep.scores all.{name}" for name in names]
    made = [*map(words, plan.comparisons.made)]
    assert [one for one in made if one.startswith("compare_")] == [
        *own,
        *(f"compare_sweep.scores few.{name}" for name in names[:2]),
        "compare_animals.scores all",
        *(one.replace("sweep.scores", "structure.structure") for one in made[: len(own) + 2]),
    ]
    assert [*map(words, plan.comparisons.animals(Wildcards(compared_group="all")))] == own
    assert any("few: 2 recordings" in notice for notice in plan.notices)
    wanted = plan.comparisons.inputs(Wildcards(comparison="all.m3.movie"))
    assert [*map(words, wanted["rate"])] == ["drift_curves.curves m3.movie all population_vector"]
    assert [*map(words, wanted["profile"])] == ["profile.profile m3.movie all"]
    assert len(wanted["model_profile"]) == 2
    labels = plan.comparisons.points(Wildcards(comparison="all.m3.movie"))
    assert [label["point"] for label in labels] == ["a@rate=0.1", "a@rate=0.2"]
    assert "figure.pdf scores.all.m3.movie" in map(words, plan.results)


def test_a_surveyed_sweep_may_be_compared():
    plan = plan_of({"name": "c", "recording": "m0.movie", "sweep": "wide"})
    wanted = plan.comparisons.inputs(Wildcards(comparison="c"))
    assert [*map(words, wanted["survey"])] == ["collect_survey.data wide"]
    assert "model_rate" not in wanted
    assert plan.comparisons.points(Wildcards(comparison="c")) == []
    assert not plan.comparisons.structures  # a survey keeps no trials


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"recording": "m0.movie", "recordings": ["m0.movie", "m1.movie"]}, "give one of"),
        ({}, "none of them"),
        ({"recordings": ["m0.movie", "m0.movie"]}, "twice"),
        ({"recordings": ["m0.movie", "m9.movie"]}, r"comparisons\[0\].recordings: not among"),
        ({"cohort": "mice"}, r"comparisons\[0\].cohort: not among cohorts"),
        (
            {"recording": "m0.movie", "sweep": "wide", "model_selection": "all"},
            r"comparisons\[0\].model_selection: wide has a survey",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(entry, words):
    with pytest.raises(InputError, match=words):
        plan_of({"name": "c", "sweep": "plain", **entry})


def test_trials_of_a_survey_are_still_refused_to_the_learning_figure():
    figures = {"figures": {"learning": [{"sweep": "wide", "matrices": "all"}]}}
    with pytest.raises(InputError, match=r"figures.learning\[0\].sweep: wide has a survey"):
        plan_for({**GOOD, **figures})
