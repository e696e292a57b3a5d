"""Bad configurations: one readable line each, and no exit code 0 where a user runs them."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from forks import dry_run
from planning import plan_for

from spikedrift.core.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
GOOD: dict[str, Any] = {
    "seed": 1,
    "recordings": [{"name": "mouse-a.movie", "source": "synthetic", "options": {"units": 40}}],
    "selections": [{"name": "all"}],
    "similarity": {"measures": [{"measure": "spikeship"}, {"measure": "population_vector"}]},
    "sweeps": [{"name": "learning", "variants": [{"name": "frozen"}], "instances": 1}],
    "comparisons": [
        {
            "name": "a",
            "recording": "mouse-a.movie",
            "sweep": "learning",
            "selection": "all",
            "model_selection": "all",
        }
    ],
}

# Name -> (path to the key, its bad value, words that the line must hold). A path that ends in a
# key that is not there adds it; DROP removes a key.
DROP = object()
BAD: dict[str, tuple[tuple[str | int, ...], Any, tuple[str, ...]]] = {
    # typos
    "typo of a block": (("recordigns",), [], ("recordigns", "did you mean 'recordings'")),
    "typo at the top": (("sed",), 1, ("sed", "did you mean 'seed'")),
    "typo in drift": (("drift",), {"curve": {}}, ("drift.curve", "'curves'")),
    "typo in curves": (("drift",), {"curves": {"bootsrap": 9}}, ("drift.curves", "'bootstrap'")),
    "typo in index": (("drift",), {"index": {"flpis": 99}}, ("drift.index", "'flips'")),
    "typo in fetch": (("fetch",), {"miror": "."}, ("fetch.miror", "did you mean 'mirror'")),
    "typo in a recording": (("recordings", 0, "sorce"), "x", ("recordings[0].sorce", "'source'")),
    "typo in options": (
        ("recordings", 0, "options", "rate_drfit"),
        0.1,
        ("recordings[0].options.rate_drfit", "did you mean 'rate_drift'"),
    ),
    "typo in a selection": (
        ("selections", 0, "min_unit"),
        3,
        ("selections[0].min_unit", "'min_units'"),
    ),
    "typo in a measure entry": (
        ("similarity", "measures", 0, "option"),
        {},
        ("similarity.measures[0].option", "'options'"),
    ),
    "typo in a measure's options": (
        ("similarity", "measures", 0, "options"),
        {"min_share": 3},
        ("similarity.measures[0].options.min_share", "'min_shared'"),
    ),
    "typo in a sweep": (("sweeps", 0, "instance"), 2, ("sweeps[0].instance", "'instances'")),
    "typo in a variant": (
        ("sweeps", 0, "variants", 0, "sett"),
        {},
        ("sweeps[0].variants[0].sett", "'set'"),
    ),
    "typo in what a variant sets": (
        ("sweeps", 0, "variants", 0, "set"),
        {"plasticity.aferent.eta": 0.1},
        ("learning", "frozen", "plasticity.aferent.eta", "'afferent'"),
    ),
    "typo in network options": (
        ("sweeps", 0, "options"),
        {"cells": {"n_excitatry": 5}},
        ("sweeps[0].options.cells.n_excitatry", "'n_excitatory'"),
    ),
    "typo in a comparison": (("comparisons", 0, "sweeep"), "x", ("comparisons[0]", "'sweep'")),
    # unknown names
    "unknown measure": (
        ("similarity", "measures"),
        [*GOOD["similarity"]["measures"], {"measure": "spikship"}],
        ("similarity.measures[2].measure", "spikship", "'spikeship'"),
    ),
    "unknown source": (
        ("recordings", 0, "source"),
        "sinthetic",
        ("recordings[0].source", "sinthetic", "'synthetic'"),
    ),
    "unknown network": (
        ("sweeps", 0, "network"),
        "patern_network",
        ("sweeps[0].network", "'pattern_network'"),
    ),
    "unknown plasticity rule": (
        ("sweeps", 0, "options"),
        {"plasticity": {"afferent": {"rule": "pair_stpd"}}},
        ("sweep learning", "plasticity.afferent", "pair_stpd", "did you mean 'pair_stdp'"),
    ),
    "unknown parameter set": (
        ("sweeps", 0, "options"),
        {"plasticity": {"afferent": {"rule": "triplet_stdp", "set": "visual_cortex"}}},
        ("sweep learning", "plasticity.afferent", "'visual_cortex_full'"),
    ),
    "unknown parameter of a rule": (
        ("sweeps", 0, "variants", 0, "set"),
        {"plasticity.recurrent.parameters.tau_plsu": 0.02},
        ("variant frozen", "plasticity.recurrent", "did you mean 'tau_plus'"),
    ),
    "unknown plasticity rule of a variant": (
        ("sweeps", 0, "variants", 0, "set"),
        {"plasticity.afferent.rule": "calcum"},
        ("sweep learning", "variant frozen", "calcum", "pair_stdp"),
    ),
    "measure named like a result": (
        ("similarity", "measures", 0, "name"),
        "index",
        ("similarity.measures", "'index'"),
    ),
    "unknown recording in a comparison": (
        ("comparisons", 0, "recording"),
        "mouse-z.movie",
        ("comparisons[0].recording", "mouse-z.movie", "mouse-a.movie"),
    ),
    "unknown sweep in a comparison": (
        ("comparisons", 0, "sweep"),
        "sleeping",
        ("comparisons[0].sweep", "sleeping", "learning"),
    ),
    "unknown selection in a comparison": (
        ("comparisons", 0, "selection"),
        "some",
        ("comparisons[0].selection", "some", "all"),
    ),
    "measure of the figures left out": (
        ("similarity", "measures"),
        [{"measure": "spikeship"}],
        ("compare.rate", "population_vector", "similarity.measures"),
    ),
    "unknown data set": (
        ("recordings", 0),
        {
            "name": "mouse-a.movie",
            "source": "arrays",
            "options": {"dataset": "allen_gratings"},
        },
        ("recordings[0]", "allen_gratings", "allen_neuropixels_gratings"),
    ),
    "unknown surrogate": (
        ("selections", 0, "surrogate"),
        "jiter",
        ("selections[0].surrogate", "jitter", "jiter"),
    ),
    "unknown phase": (("selections", 0, "phases"), ["nave"], ("selections[0].phases[0]", "naive")),
    "unknown thinning": (("selections", 0, "thinning"), "yes", ("selections[0].thinning", "yes")),
    # wrong types
    "text for a block of keys": (
        ("selections", 0, "quality"),
        {"label": "good"},
        ("selections[0].quality.label: input should be a mapping of keys", 'got "good"'),
    ),
    "seed is a word": (("seed",), "one", ("seed", "integer", "one")),
    "seed is a fraction": (("seed",), 1.5, ("seed", "integer", "1.5")),
    "recordings is a mapping": (("recordings",), {"a": 1}, ("recordings", "list")),
    "recordings is a word": (("recordings",), "mouse", ("recordings", "list", "mouse")),
    "a recording is a word": (("recordings", 0), "mouse", ("recordings[0]", "mouse")),
    "options is a list": (("recordings", 0, "options"), [1], ("recordings[0].options", "[1]")),
    "units is a word": (
        ("recordings", 0, "options", "units"),
        "many",
        ("recordings[0].options.units", "integer", "many"),
    ),
    "measures is empty": (("similarity", "measures"), [], ("similarity.measures", "at least 1")),
    "selections is empty": (("selections",), [], ("selections", "at least 1")),
    "custom rules is a word": (("custom_rules",), "a.smk", ("custom_rules", "list", "a.smk")),
    "mirror is a number": (("fetch",), {"mirror": 5}, ("fetch.mirror", "string", "5")),
    # out of bounds
    "negative seed": (("seed",), -1, ("seed", "greater than or equal to 0", "-1")),
    "negative duration": (
        ("recordings", 0, "options", "segment_duration"),
        -1.0,
        ("recordings[0].options.segment_duration", "greater than 0", "-1.0"),
    ),
    "drift above one": (
        ("recordings", 0, "options", "rate_drift"),
        1.5,
        ("recordings[0].options.rate_drift", "less than or equal to 1", "1.5"),
    ),
    "not a number": (
        ("recordings", 0, "options", "rate_drift"),
        float("nan"),
        ("recordings[0].options.rate_drift", "NaN"),
    ),
    "no instances": (("sweeps", 0, "instances"), 0, ("sweeps[0].instances", "greater than 0", "0")),
    "typo in a field of options of the other source": (
        ("recordings", 0),
        {"name": "mouse-a.movie", "source": "arrays", "options": {"datset": "x"}},
        ("recordings[0].options.datset", "did you mean 'dataset'"),
    ),
    "one shared unit": (
        ("similarity", "measures", 0, "options"),
        {"min_shared": 1},
        ("similarity.measures[0].options.min_shared", "greater than or equal to 2", "1"),
    ),
    "negative time constant": (
        ("sweeps", 0, "options"),
        {"cells": {"tau_membrane": -0.02}},
        ("sweeps[0].options.cells.tau_membrane", "greater than 0"),
    ),
    "phase without a length": (
        ("sweeps", 0, "options"),
        {"phases": [{"kind": "block"}]},
        ("sweeps[0].options.phases[0]", "duration", "repeats"),
    ),
    "phase shorter than a time step": (
        ("sweeps", 0, "options"),
        {"phases": [{"kind": "pause", "duration": 1e-5}, {"kind": "block", "repeats": 2}]},
        ("sweeps[0].options", "phases[0].duration", "1e-05 s", "time step"),
    ),
    "trials that would overlap in one variant": (
        ("sweeps", 0, "variants", 0, "set"),
        {"recording.tail": 0.2, "patterns.gap_jitter": 0.1},
        ("variant frozen", "recording.tail", "0.2 s", "0.15 s", "overlap"),
    ),
    "quality bounds crossed": (
        ("selections", 0, "quality"),
        {"presence_ratio": {"min": 2, "max": 1}},
        ("selections[0].quality.presence_ratio", "2", "1"),
    ),
    "quality of a synthetic recording": (
        ("selections", 0, "quality"),
        {"presence_ratio": {"min": 0.9}},
        ("mouse-a.movie", "no quality column 'presence_ratio' (there are: none)", "'all'"),
    ),
    # names and files
    "recording without a stimulus": (
        ("recordings", 0, "name"),
        "mouse-a",
        ("recordings[0].name", "mouse-a"),
    ),
    "recording named twice": (
        ("recordings",),
        [GOOD["recordings"][0]] * 2,
        ("recordings[1].name", "mouse-a.movie", "twice"),
    ),
    "variant named twice": (
        ("sweeps", 0, "variants"),
        [{"name": "x"}, {"name": "x"}],
        ("sweeps[0]", "'x'", "twice"),
    ),
    "missing recordings": (
        ("recordings",),
        DROP,
        ("comparisons[0].recording", "not among recordings", "mouse-a.movie"),
    ),
    "missing source": (("recordings", 0, "source"), DROP, ("recordings[0].source", "missing")),
    "missing rules file": (("custom_rules",), ["mine.smk"], ("custom_rules", "mine.smk")),
    "missing mirror": (("fetch",), {"mirror": "no/such/place"}, ("fetch.mirror", "no/such/place")),
}


OWN = """
from pydantic import Field
from spikedrift.config.networks import NetworkOptions, Probes
from spikedrift.networks.catalog import Model
from spikedrift.networks.declaration import Network, Phase, Population, Protocol, Recording
from spikedrift.networks.probing import probed

class Options(NetworkOptions):
    n_cells: int = Field(default=50, gt=0)
    probes: Probes | None = None

def declare(options):
    cells = Population("E", options.n_cells, "conductance_lif")
    protocol = Protocol((Phase("pause", duration=1.0),))
    return probed(Network((cells,), (), protocol, Recording("E")), options.probes, 1e-4)

MODEL = Model("quiet_cells", "cells alone", "", Options, declare)
"""


def spoiled(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    config: Any = copy.deepcopy(GOOD)
    node = config
    for part in path[:-1]:
        node = node[part]
    if value is DROP:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return config


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_cels": 3}, ("sweeps[0].options.n_cels", "did you mean 'n_cells'")),
        ({"probes": {"reapeats": 3}}, ("sweeps[0].options.probes.reapeats", "'repeats'")),
        ({"n_cells": 0}, ("sweeps[0].options.n_cells", "greater than 0", "0")),
        ({}, ("sweep learning, variant frozen", "shows no segments", "`probes: {}`")),
    ],
)
def test_options_of_a_network_of_ones_own(options, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine" / "networks").mkdir(parents=True)
    (tmp_path / "mine" / "networks" / "quiet_cells.py").write_text(OWN)
    config = spoiled(("plugins",), ["mine"])
    config["sweeps"][0] |= {"network": "quiet_cells", "options": options}
    with pytest.raises(InputError) as refused:
        plan_for(config)
    assert all(word in str(refused.value) for word in words), refused.value
    config["sweeps"][0]["options"] = {"probes": {"repeats": 3}}
    assert plan_for(config).study.parts["learning"]["frozen"].cells == ["conductance_lif"]


def started(config: dict[str, Any], directory: Path) -> subprocess.CompletedProcess[str]:
    directory.mkdir()
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    snakefile = str(ROOT / "Snakefile")
    return dry_run(directory, "--snakefile", snakefile, "--configfile", "config.yaml", "--quiet")


def test_there_are_fifty():
    assert len(BAD) >= 50


def test_the_good_one_is_good(tmp_path):
    done = started(GOOD, tmp_path / "good")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", BAD)
def test_one_readable_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, bad, words = BAD[name]
    with pytest.raises(InputError) as refused:
        plan_for(spoiled(path, bad))
    line = str(refused.value)
    assert "\n" not in line
    assert all(word in line for word in words), line


@pytest.mark.parametrize("name", list(BAD)[::9])
def test_what_a_user_sees(name, tmp_path):
    path, bad, words = BAD[name]
    done = started(spoiled(path, bad), tmp_path / "bad")
    text = done.stdout
    lines = [line for line in text.splitlines() if "spikedrift: " in line]
    assert done.returncode != 0
    assert len(lines) == 1, text
    assert all(word in lines[0] for word in words), lines[0]
    assert "Traceback" not in text
    assert 'File "' not in text
