"""One comparison over several sweeps: what is refused at the start, and what the plan makes."""

from typing import Any

import pytest
from planning import Wildcards, plan_for, words

from spikedrift.core.errors import InputError
from spikedrift.plan.plan import Plan

MOUSE = {"name": "m.movie", "source": "synthetic"}
SHOWN = {"segments": 4, "duration": 0.1, "repeats": 15}
VARIANTS = [
    {"name": "frozen", "control": True, "set": {"shown.pause": 0.5}},
    {"name": "drifting", "title": "with drift"},
]
STORED: dict[str, Any] = {
    "name": "stored", "network": "devalle_2025", "seed": 1, "instances": 3,
    "options": {"n": 60, "patterns": 4, "shown": SHOWN}, "variants": VARIANTS,
}  # fmt: skip
HEALED: dict[str, Any] = {
    "name": "healed", "network": "rule_2022", "seed": 2, "instances": 3,
    "options": {"n": 60, "days": 10, "shown": SHOWN}, "variants": VARIANTS,
    "axes": [{"name": "tau", "keys": ["tau"], "values": [50, 100]}],
}  # fmt: skip


UNLAGGED = {"statistics": ["rate_drop", "rate_step"]}


def plan(*sweeps: dict[str, Any], compare: dict[str, Any] | None = None, **comparison: Any) -> Plan:
    entry = {"name": "all", "recording": "m.movie", "sweeps": [one["name"] for one in sweeps]}
    return plan_for(
        {
            "recordings": [MOUSE],
            "sweeps": list(sweeps),
            "comparisons": [{**entry, **comparison}],
            "compare": compare or {},
        }
    )


def shown(sweep: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**sweep, "options": {**sweep["options"], "shown": {**SHOWN, **changes}}}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (shown(HEALED, duration=0.2), "trials of 0.1 s and trials of 0.2 s"),
        (shown(HEALED, segments=6), "4 segments and 6 segments"),
        (shown(HEALED, repeats=20), "2 blocks of 15 repeats and 2 blocks of 20 repeats"),
        (shown(HEALED, blocks=3), "2 blocks of 15 repeats and 3 blocks of 15 repeats"),
        ({**HEALED, "options": {"n": 50, "shown": SHOWN}}, "60 units and 50 units"),
        ({**HEALED, "survey": {"units": 40, "duration": 0.05}}, "trials of 0.1 s and trials of "
         "0.05 s; 60 units and 40 units"),
    ],
)  # fmt: skip
@pytest.mark.fault("config", "sweeps of one comparison that do not show trials alike")
def test_what_sweeps_show_has_to_be_alike(other, said):
    with pytest.raises(InputError) as refused:
        plan(STORED, other)
    assert str(refused.value) == (
        f"config: comparisons[0].sweeps: stored and healed do not show trials alike: {said}; make "
        "them so with options of their networks, of survey or of model_selection"
    )


def test_of_several_later_blocks_one_is_compared():
    several = shown(HEALED, blocks=4)
    matched = several | {"survey": {"match": 0.15}}
    plan(STORED | {"survey": {}}, matched, compare=UNLAGGED)
    # Blocks that are no neighbors share no lag with those within.
    with pytest.raises(InputError, match=r"healed matches speed .*leave step_to_drop out"):
        plan(STORED | {"survey": {}}, matched)
    with pytest.raises(InputError, match="2 blocks of 15 repeats and 4 blocks of 15 repeats"):
        plan(STORED | {"survey": {}}, several | {"survey": {}})


def test_a_survey_and_a_selection_make_them_alike():
    longer = shown(HEALED, duration=0.2, segments=6)
    plan(STORED, {**longer, "survey": {"duration": 0.1, "segments": 4}})
    large = {**longer, "options": {**longer["options"], "n": 90}}
    cut = {"name": "all", "units": 40, "duration": 0.1, "segments": 4}
    entry = {"name": "c", "recording": "m.movie", "sweeps": ["stored", "healed"]}
    config = {"recordings": [MOUSE], "sweeps": [STORED, large], "comparisons": [entry]}
    plan_for({**config, "selections": [cut]})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sweeps": None}, "give one of sweep and sweeps, not none of them"),
        ({"sweep": "stored"}, "give one of sweep and sweeps, not both"),
        ({"sweeps": ["stored", "stored"]}, "sweeps: a name is given twice"),
        ({"sweeps": ["stored", "haeled"]}, r"comparisons\[0\].sweeps: .*did you mean 'healed'"),
    ],
)
def test_the_sweeps_of_a_comparison_are_named_once(given, said):
    with pytest.raises(InputError, match=said):
        plan(STORED, HEALED, **given)


def test_sweeps_of_one_seed_are_noted():
    (line,) = (one for one in plan(STORED, {**HEALED, "seed": 1}).notices if "one seed" in one)
    assert line.startswith("comparison all: the sweeps stored and healed have one seed, 1")
    assert not any("one seed" in line for line in plan(STORED, HEALED).notices)


def test_points_are_told_apart_by_their_sweep():
    made, one = plan(STORED, HEALED), Wildcards(comparison="all")
    labels = made.comparisons.points(one)
    points = ["frozen@tau=50", "frozen@tau=100", "drifting@tau=50", "drifting@tau=100"]
    assert list(dict.fromkeys(label["point"] for label in labels)) == [
        "stored.frozen", "stored.drifting", *(f"healed.{point}" for point in points)
    ]  # fmt: skip
    assert labels[-1] | {"instance_seed": ""} == {
        "sweep": "healed", "point": "healed.drifting@tau=100", "variant": "healed.drifting",
        "title": "healed: with drift, tau 100", "variant_title": "healed: with drift",
        "control": False, "axes": {"healed.tau": 100}, "factors": [], "instance_seed": "",
    }  # fmt: skip
    # The same runs as the labels, in the same order.
    runs = [*made.study.runs("stored"), *made.study.runs("healed")]
    assert [words(file).split()[-1] for file in made.comparisons.trials(one)["models"]] == runs
    assert [words(file).split()[1] for file in made.comparisons.inputs(one)["model_index"]] == runs
    alone = plan(STORED, sweeps=None, sweep="stored").comparisons.points(one)
    assert alone[-1]["point"] == "drifting" and "sweep" not in alone[-1]
    assert alone == plan(STORED).comparisons.points(one)


def test_surveys_and_kept_runs_stand_in_one_comparison():
    survey = {**HEALED, "survey": {}}
    made, one = plan(STORED, survey, model_selection="all"), Wildcards(comparison="all")
    inputs = made.comparisons.inputs(one)
    assert [*map(words, inputs["survey"])] == ["collect_survey.data healed"]
    assert len(inputs["model_rate"]) == 6
    assert made.comparisons.sweeps(one) == ["stored", "healed"]
    assert made.comparisons.recoveries == ["all"] and not made.comparisons.structures
    with pytest.raises(InputError, match=r"model_selection: healed has a survey"):
        plan(survey, model_selection="all")


def test_a_map_is_drawn_of_every_sweep_and_a_figure_of_the_comparison():
    made = plan(STORED, HEALED)
    maps = {one.file: one for one in made.final.figures if one.module == "final.sweep_map"}
    assert list(maps) == ["final/6_sweep_map.stored", "final/6_sweep_map.healed"]
    assert [one.arguments["sweep"] for one in maps.values()] == ["stored", "healed"]
    assert [len(one.arguments["axes"]) for one in maps.values()] == [0, 1]
    assert len({str(one.labels) for one in maps.values()}) == 2
    (five,) = (one for one in made.final.figures if one.module == "final.comparison")
    assert "seeds of the sweeps 1, 2, of" in five.caption


def test_a_recording_meets_no_network_of_its_seed_in_any_of_the_sweeps():
    hidden = {"name": "h.patterns", "source": "simulated"}
    sweeps = [STORED, HEALED, {**STORED, "name": "behind", "seed": 2, "options": {
        **STORED["options"], "n": 80}}]  # fmt: skip
    hidden["options"] = {"sweep": "behind", "variant": "drifting"}
    entry = {"name": "c", "recording": "h.patterns", "sweeps": ["stored", "healed"]}
    config = {"recordings": [MOUSE, hidden], "sweeps": sweeps, "comparisons": [entry]}
    with pytest.raises(InputError, match=r"h.patterns is made .*seed 2, .* runs of sweep healed"):
        plan_for(config)
    sweeps[-1]["seed"] = 3
    # The truth is that variant of that network, and not of another one.
    assert plan_for(config).report.truths == [
        {"title": "with drift", "variants": ["stored.drifting"]}
    ]
