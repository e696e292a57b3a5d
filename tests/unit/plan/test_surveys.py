"""Which sweeps are surveys, how many jobs they are, and networks that cannot be surveyed."""

import pytest
from planning import Wildcards, plan_for

from spikedrift.core.errors import InputError

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
    few = plan_for({"sweeps": [sweep_of(30)]}).surveys.chunks["s"]
    assert sum(map(len, few.values())) == 60
    assert max(map(len, few.values())) <= 8
    many = plan_for({"sweeps": [sweep_of(10_000, instances=1)]}).surveys.chunks["s"]
    assert sum(map(len, many.values())) == 10_000
    assert len(many) <= 600
    given = plan_for({"sweeps": [sweep_of(30, survey={"chunk": 60})]}).surveys.chunks["s"]
    assert len(given) == 1
