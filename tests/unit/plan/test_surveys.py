"""Which sweeps are surveys, how many jobs they are, and networks that cannot be surveyed."""

import re

import pytest
from planning import RAW, TRIALS, Wildcards, plan_for

from spikedrift.config.check import checked
from spikedrift.config.root import Config
from spikedrift.core.errors import InputError
from spikedrift.plan.digests import code
from spikedrift.plan.plan import Plan
from spikedrift.sweeps.points import Expansion

BLOCK = {"kind": "block", "repeats": 4}


@pytest.mark.parametrize("setting", ["options", "variant"])
def test_a_survey_needs_two_blocks_in_every_variant(setting):
    one = {"phases": [BLOCK]}
    sweep = {
        "name": "s",
        "survey": {},
        "options": one if setting == "options" else {},
        "variants": [{"name": "a"}, {"name": "b", "set": one if setting == "variant" else {}}],
    }
    sweep["variants"][0]["set"] = {"plasticity.afferent.eta": 0.02}
    words = (
        r"config: sweeps\[0\]\.options: a survey measures drift between blocks, there is 1; give"
    )
    with pytest.raises(InputError, match=words):
        plan_for({"sweeps": [sweep]})
    one["phases"] = [BLOCK, BLOCK]
    plan_for({"sweeps": [sweep]})


@pytest.mark.parametrize("repeats", [(4, 4), (4, 4, 6)])
@pytest.mark.fault("config", "speed to be matched without several later blocks that are alike")
def test_speed_is_matched_among_later_blocks_that_are_alike(repeats):
    sweep = {
        "name": "s",
        "survey": {"match": 0.15},
        "options": {"phases": [{"kind": "block", "repeats": n} for n in repeats]},
        "variants": [{"name": "a"}],
    }
    words = rf"sweeps\[0\]\.survey\.match: variant a has blocks of {', '.join(map(str, repeats))} "
    with pytest.raises(InputError, match=words):
        plan_for({"sweeps": [sweep]})
    sweep["options"] = {"phases": [{"kind": "block", "repeats": n} for n in (6, 4, 4)]}
    surveys = plan_for({"sweeps": [sweep]}).surveys
    assert surveys.match(Wildcards(sweep="s")) == 0.15


def sweep_of(samples, **others):
    axis = {"name": "x", "keys": ["plasticity.afferent.eta"], "low": 0.0, "high": 1.0}
    return {
        "name": "s", "variants": [{"name": "a"}], "axes": [axis], "sampling": "latin_hypercube",
        "samples": samples, "instances": 2, **others,
    }  # fmt: skip


def test_a_sweep_of_many_runs_is_a_survey_where_nothing_is_said():
    assert plan_for({"sweeps": [sweep_of(25)]}).surveys.names == []
    assert plan_for({"sweeps": [sweep_of(26)]}).surveys.names == ["s"]
    assert plan_for({"sweeps": [sweep_of(26, survey=None)]}).surveys.names == []


def test_jobs_of_a_survey_are_few_whatever_its_runs():
    few = plan_for({"sweeps": [sweep_of(30)]}).surveys.chunks("s")
    assert sum(map(len, few.values())) == 60
    assert max(map(len, few.values())) <= 8
    many = plan_for({"sweeps": [sweep_of(10_000, instances=1)]}).surveys.chunks("s")
    assert sum(map(len, many.values())) == 10_000
    assert len(many) <= 600
    given = plan_for({"sweeps": [sweep_of(30, survey={"chunk": 60})]}).surveys.chunks("s")
    assert len(given) == 1


TWO = [{"name": "a"}, {"name": "b", "set": {"plasticity.recurrent.rule": "triplet_stdp"}}]


@pytest.mark.parametrize("changes", [{}, {"instances": 1, "paired": False}])
def test_a_job_makes_the_networks_of_its_chunk_alone_and_they_are_the_same(changes, monkeypatch):
    made, expanded = [], Expansion._points
    monkeypatch.setattr(
        Expansion, "_points", lambda self, row: made.append(row) or expanded(self, row)
    )
    raw = {"sweeps": [sweep_of(40, variants=TWO, **changes)]}
    whole = plan_for(raw)
    assert len(made) == 80
    everything = Wildcards(sweep="s")
    runs = []
    for chunk in whole.surveys.chunks("s"):
        del made[:]
        at = Wildcards(sweep="s", chunk=chunk)
        job = Plan(checked(Config, raw), trials=TRIALS, raw=RAW)
        assert job.surveys.files(at) == whole.surveys.files(at)
        assert job.surveys.runs(at) == whole.surveys.runs(at)
        digests = [code("survey_chunk", plan.surveys.modules)(at) for plan in (job, whole)]
        assert digests[0] == digests[1]
        assert 0 < len(made) <= len(job.surveys.runs(at))
        runs += job.surveys.runs(at)
    assert sorted(runs, key=str) == sorted(whole.surveys.runs(everything), key=str)


def test_a_name_of_a_chunk_is_a_variant_and_digits():
    surveys = plan_for({"sweeps": [sweep_of(40, variants=TWO)]}).surveys
    names = [*surveys.chunks("s"), "a", "b", "b.0"]
    assert all(re.fullmatch(surveys.chunk_pattern, name) for name in names)
    for name in ("c", "c.0", "a.", "a.2", "a.0.1", "ab"):
        assert not re.fullmatch(surveys.chunk_pattern, name)
    none = plan_for({"sweeps": [sweep_of(5, survey=None)]}).surveys
    assert not any(re.fullmatch(none.chunk_pattern, name) for name in ("", *names))
    with pytest.raises(InputError, match=r"sweep s: unknown chunk 'b'"):
        surveys.points("s", "b")


@pytest.mark.fault("config", "points of a survey that are one network")
def test_points_of_a_survey_are_looked_at_before_any_is_simulated():
    axis = {"name": "x", "keys": ["wiring.w_ee"], "values": [0.1, 0.1]}
    sweep = {"name": "s", "survey": {}, "variants": [{"name": "a"}], "axes": [axis]}
    with pytest.raises(InputError, match=r"variant a, x 0\.1: describes the same network as a, x"):
        plan_for({"sweeps": [sweep]})
