"""Selections by what a recording or a network is known not to have, refused at the start."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from planning import plan_for, words

from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.plan.plan import Plan
from spikedrift.plan.possible import Units, pooled
from spikedrift.sources.synthetic import record
from spikedrift.trials import quality_names

ROOT = Path(__file__).resolve().parents[3]
QUALITY = {"presence_ratio": {"min": 0.9}}
LAB = {"name": "session-1.gratings", "source": "nwb", "options": {"file": "session-1.nwb"}}
STRANGER = {"name": "stranger.movie", "source": "synthetic", "options": {"populations": ["A", "B"]}}


def plan(directory: Path, selections: list[dict[str, Any]], **comparison: Any) -> Plan:
    (directory / "session-1.nwb").touch()
    compared = {"name": "c", "recording": LAB["name"], "sweep": "models", **comparison}
    config = {
        "seed": 1,
        "recordings": [LAB, STRANGER],
        "selections": selections,
        "sweeps": [{"name": "models", "variants": [{"name": "frozen"}], "instances": 1}],
        "comparisons": [compared],
    }
    return plan_for(config)


ALL = {"name": "all"}
GOOD = {"name": "good", "quality": QUALITY, "recordings": [LAB["name"]]}
AREA = {"name": "VISp", "population": ["VISp"]}


@pytest.mark.parametrize(
    ("selections", "comparison", "said"),
    [
        (
            [{**GOOD, "recordings": None}, ALL],
            {},
            "config: selections[0]: stranger.movie has no quality column 'presence_ratio' (there "
            "are: none) for selection 'good'; say with `recordings: [...]` which",
        ),
        ([ALL, AREA], {}, "config: selections[1]: stranger.movie has no population 'VISp' (there "
         "are: A, B)"),
        (
            [ALL, GOOD],
            {"selection": "good", "model_selection": "good"},
            "config: comparisons[0].model_selection: the networks of sweep models have no quality "
            "column 'presence_ratio' (there are: none) for selection 'good'",
        ),
        (
            [ALL, {**AREA, "recordings": [LAB["name"]]}],
            {"selection": "VISp", "model_selection": "VISp"},
            "no population 'VISp' (there are: E)",
        ),
        (
            [ALL, GOOD],
            {"selection": "good", "out_of_model": ["stranger.movie"]},
            "selections[1]: stranger.movie has no quality column",
        ),
    ],
)  # fmt: skip
@pytest.mark.fault("config", "a selection by what a recording or a network is known not to have")
def test_what_is_known_not_to_be_there(tmp_path, monkeypatch, selections, comparison, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refused:
        plan(tmp_path, selections, **comparison)
    assert said in str(refused.value)


def test_a_selection_for_its_recordings_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = plan(tmp_path, [ALL, GOOD], selection="good", model_selection="all")
    assert made.study.analyzed(LAB["name"]) == ["all", "good"]
    assert made.study.analyzed("stranger.movie") == ["all"]


@pytest.mark.parametrize("block", ["analyses", "inference"])
def test_networks_that_are_analyzed(tmp_path, monkeypatch, block):
    monkeypatch.chdir(tmp_path)
    config = {
        "seed": 1,
        "sweeps": [{"name": "models", "variants": [{"name": "frozen"}], "instances": 1}],
        "selections": [ALL, {**GOOD, "recordings": ["models"]}],
        block: [{"name": "a", "analysis": "rdi", "recordings": ["models"]}],
    }
    if block == "inference":
        del config[block][0]["analysis"]
    with pytest.raises(InputError, match=rf"config: {block}\[0\].recordings: the networks of"):
        plan_for(config)
    config[block][0]["selections"] = ["all"]
    plan_for(config)


def test_what_is_said_to_be_known_is_true():
    made = record(SyntheticOptions(segments=2, repeats=2, units=6), "made.movie", 1)
    assert quality_names(made) == list(SyntheticOptions.quality or ()) == []
    assert set(made["population"].values.astype(str)) == set(
        SyntheticOptions().known_populations() or ()
    )


def test_a_pool_has_what_all_have():
    one, other = Units(frozenset("ab"), frozenset("x")), Units(frozenset("bc"), frozenset("y"))
    assert pooled([one, other]) == Units(frozenset("b"), frozenset("xy"))
    assert pooled([one, Units()]) == Units(frozenset("ab"), None)
    assert pooled([Units(), Units()]) == Units()


def test_the_page_on_comparisons_shows_a_configuration(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "session-1.nwb").touch()
    page = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, flags=re.M | re.S)
    made = plan_for(yaml.safe_load(block))
    assert "compare_sweep.scores mine" in map(words, made.comparisons.made)
