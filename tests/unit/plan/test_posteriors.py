"""Posteriors that cannot be made are one line, before anything is simulated."""

import copy

import pytest
from planning import Wildcards, plan_for, words

from spikedrift.core.errors import InputError

AXES = [
    {"name": "rate", "keys": ["plasticity.afferent.eta"], "low": 0.01, "high": 0.1, "scale": "log"},
    {"name": "weight", "keys": ["wiring.w_ee"], "low": 0.02, "high": 0.04},
]
CONFIG = {
    "recordings": [{"name": "mouse.movie", "source": "synthetic"}],
    "sweeps": [
        {
            "name": "drawn",
            "instances": 1,
            "paired": False,
            "variants": [
                {"name": "a", "set": {"plasticity.afferent.eta": 0.02}},
                {"name": "still", "swept": False},
            ],
            "axes": AXES,
            "sampling": "random",
            "samples": 3,
            "survey": {},
        }
    ],
    "posteriors": [{"name": "p", "recording": "mouse.movie", "sweep": "drawn"}],
}


def changed(sweep=None, **posterior):
    config = copy.deepcopy(CONFIG)
    config["sweeps"][0] |= sweep or {}
    config["posteriors"][0] |= posterior
    return config


def test_a_posterior_takes_the_variants_that_are_swept_and_what_is_compared():
    plan = plan_for(changed())
    at = Wildcards(posterior="p")
    assert plan.posteriors.variants(at) == ["a"]
    assert plan.posteriors.options(at)["statistics"] == list(plan.config.compare.statistics)
    assert [axis["scale"] for axis in plan.posteriors.axes(at)] == ["log", "linear"]
    found = plan.posteriors.inputs(at)
    assert words(found["survey"]) == "collect_survey.data drawn"
    assert {*found} == {"rate", "timing", "index", "profile", "survey"}
    assert {*map(words, plan.posteriors.made)} < {*map(words, plan.results)}


def test_nothing_asks_for_a_posterior_that_is_not_configured():
    config = changed()
    del config["posteriors"]
    plan = plan_for(config)
    assert not plan.posteriors.made and not plan.posteriors.figures


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sweep": {"paired": True}}, r"sweep: drawn is paired: .* set paired: false"),
        (
            {"sweep": {"sampling": "latin_hypercube", "axes": AXES[:1]}},
            r"a prior is two axes or more .* not 1 with latin_hypercube",
        ),
        (
            {"sweep": {"sampling": "grid", "samples": None}},
            r"a prior is two axes or more .* not 2 with grid",
        ),
        ({"sweep": {"paired": True, "survey": None}}, r"sweep: drawn has no survey"),
        (
            {"sweep": {"variants": [{"name": "a", "axes": {"rate": {"low": 0.02}}}]}},
            r"sweep: drawn: variant a has ends or keys of its own",
        ),
        ({"variants": ["still"]}, r"variants: not swept in drawn: .*'still'"),
        ({"known": {"rates": 1}}, r"known: no axis of drawn: .*'rates'"),
        ({"recording": "mouse-b.movie"}, r"recording: not among recordings"),
    ],
)
@pytest.mark.fault("config", "a posterior whose sweep is no prior, or what it lacks")
def test_a_sweep_that_is_no_prior_is_one_line(change, said):
    with pytest.raises(InputError, match=rf"posteriors\[0\]\.{said}" if ":" in said else said):
        plan_for(changed(**change))


def test_a_recording_of_one_of_the_draws_is_refused():
    config = changed()
    config["recordings"].append(
        {
            "name": "own.movie",
            "source": "simulated",
            "options": {"sweep": "kept", "variant": "a", "instance": 2},
        }
    )
    kept = {"name": "kept", "instances": 3, "variants": CONFIG["sweeps"][0]["variants"][:1]}
    config["sweeps"].append(kept)
    config["posteriors"][0]["recording"] = "own.movie"
    with pytest.raises(
        InputError, match=r"own\.movie is made from a network of seed 1, instance 2"
    ):
        plan_for(config)
    kept["seed"] = 2
    plan_for(config)


def test_draws_that_are_not_paired_have_one_instance_and_a_survey():
    for sweep in ({"instances": 2}, {"survey": None}):
        with pytest.raises(InputError, match="paired: false: points share no wiring"):
            plan_for(changed(sweep))
