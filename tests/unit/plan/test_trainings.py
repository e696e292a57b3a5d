"""Trainings of a configuration: which points share one, and recordings that are learned by name."""

from pathlib import Path

import pytest
from planning import Wildcards, plan_for, words

from spikedrift.config.read import read
from spikedrift.core.errors import InputError
from spikedrift.plan.outputs import output

SIZES = {
    "balance": {"n_cells": 200, "k": 30}, "n_trained": 40, "in_degree": 5, "segments": 3,
    "duration": 0.4, "shown": {"repeats": 3},
}  # fmt: skip
VARIANTS = [
    {"name": "a", "control": True},
    {"name": "b", "title": "longer pause", "set": {"shown.pause": 200.0}},
    {"name": "c", "set": {"ridge": 1.0}},
]
RECORDINGS = [
    {"name": "r.movie", "source": "synthetic"},
    {"name": "q.movie", "source": "synthetic"},
]


def sweep(name="s", variants=VARIANTS, **changes):
    options = {**SIZES, "file": "r.movie", **changes.pop("options", {})}
    one = {"name": name, "network": "balanced_trained", "instances": 2, "options": options}
    return {**one, "variants": variants, **changes}


def planned(*sweeps, **more):
    return plan_for({"recordings": RECORDINGS, "sweeps": list(sweeps), **more})


def test_variants_that_differ_in_what_comes_afterwards_share_a_training():
    plan = planned(sweep(), sweep("again", VARIANTS[:2], survey={"chunk": 1}))
    assert len(plan.trainings.names) == 4 == len(plan.trainings.made)  # a, c: two instances each
    points = {(one.variant, one.instance): one for one in plan.study.points_of("s")}
    for instance in range(2):
        a, b, c = (points[name, instance] for name in "abc")
        assert a.trained == b.trained != c.trained and a.id != b.id
        assert a.trained.startswith("balanced_trained-") and a.trained.endswith(f"-i{instance}")
        files = plan.study.sessions(Wildcards(recording=b.recording))
        assert files["files"] == ["results/trials/r.movie.nc"]
        assert files["trained"] == [output("train.trained", trained=a.trained)]
    own = plan.trainings.files(Wildcards(trained=points["a", 0].trained))
    assert own == ["results/trials/r.movie.nc"]
    for chunk in plan.surveys.chunks("again"):
        (run,) = plan.surveys.points("again", chunk)
        files = plan.surveys.files(Wildcards(sweep="again", chunk=chunk))
        assert files["trained"] == [output("train.trained", trained=run.trained)]
        assert run.trained == points["a", run.instance].trained


def test_another_seed_or_network_is_another_training():
    names = {one.trained for one in planned(sweep()).study.points_of("s")}
    other = {one.trained for one in planned(sweep(seed=2)).study.points_of("s")}
    assert len(names | other) == 8
    options = {"phases": [{"kind": "block", "repeats": 2}, {"kind": "block", "repeats": 2}]}
    plain = {"name": "p", "variants": [{"name": "a"}], "options": options}
    plan = planned(plain)
    assert not plan.trainings.names and not plan.trainings.figures
    (point,) = {one.trained for one in plan.study.points_of("p")}
    assert point == ""


def test_a_training_gets_all_that_it_depends_on_and_no_more():
    plan = planned(sweep())
    point = next(one for one in plan.study.points_of("s") if one.variant == "c")
    found = plan.trainings.of(Wildcards(trained=point.trained))
    assert (found["network"], found["seed"], found["instance"]) == ("balanced_trained", 1, 0)
    assert found["options"]["ridge"] == 1.0 and found["options"]["shown"] is None
    assert found["options"]["file"] == "results/trials/r.movie.nc"
    modules = plan.trainings.modules(Wildcards(trained=point.trained))
    assert modules == ["spikedrift.networks.models.balanced_trained"]


def test_learning_curves_are_drawn_of_every_sweep_that_is_trained():
    plan = planned(sweep(), sweep("again", survey={"chunk": 1}))
    figures = {one.file: one for one in plan.trainings.figures}
    assert list(figures) == ["learning_curve.s", "learning_curve.again"]
    one = figures["learning_curve.s"]
    assert [words(made) for made in one.inputs["trained"]] == [
        f"train.trained {name}" for name in plan.trainings.names
    ]
    assert one.arguments == {"titles": ["a", "a", "c", "c"]}
    assert one in plan.shown


# recordings that are learned


def test_a_recording_that_is_learned_is_named_wherever_options_are():
    pools = [{"name": "both.movie", "recordings": ["r.movie", "q.movie"]}]
    variants = [
        {"name": "a", "control": True},
        {"name": "b", "set": {"file": "both.movie"}, "swept": False},
    ]
    axes = [{"name": "learned", "keys": ["file"], "values": ["r.movie", "q.movie"]}]
    plan = planned(sweep(variants=variants, axes=axes, instances=1), pools=pools)
    shared = [one.shared for one in plan.study.points_of("s")]
    names = ("r.movie", "q.movie", "both.movie")
    assert shared == [[f"results/trials/{name}.nc"] for name in names]


def test_a_path_stays_and_means_the_same_network():
    by_name, by_path = (
        planned(sweep(options={"file": file})).study.runs("s")
        for file in ("r.movie", "results/trials/r.movie.nc")
    )
    assert by_name == by_path


def test_what_is_neither_a_recording_nor_a_file_is_one_line():
    with pytest.raises(InputError, match=r"sweep s: a, instance 0: no such file s\.movie") as error:
        planned(sweep(options={"file": "s.movie"}))
    assert "\n" not in str(error.value)


def test_the_learned_gratings_are_compared_by_statistics_and_matrices_in_one_comparison():
    plan = plan_for(read(Path(__file__).resolve().parents[3] / "config/trained-balanced.yaml"))
    assert list(plan.comparisons.entries) == ["gratings"] == plan.comparisons.structures
    assert {"scores", "structure", "recovery"} == set(plan.comparisons.made_of("gratings"))
    points = plan.comparisons.points(Wildcards(comparison="gratings"))
    titles = {one["title"] for one in points}
    assert {
        f"trained: {what}" for what in ("frozen", "pair STDP", "log-normal noise", "turnover")
    } <= (titles)
    runs = plan.comparisons.trials(Wildcards(comparison="gratings"))["models"]
    assert len(points) == len(runs) == 18
