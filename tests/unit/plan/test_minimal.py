"""The two configurations for a first look: what they make, and that their words are true."""

import re
from pathlib import Path

import pytest
from planning import plan_for

from spikedrift.config.read import read
from spikedrift.plan.outputs import output

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def commented(name: str) -> str:
    return (CONFIG / name).read_text(encoding="utf-8")


def test_a_recording_in_nwb(tmp_path):
    (tmp_path / "example-1.nwb").touch()
    plan = plan_for(read(CONFIG / "minimal-nwb.yaml"))
    assert plan.study.paths_of("example-1.movie") == ["example-1.nwb"]
    assert list(plan.study.selections) == ["all", "VISp"]
    (figure,) = plan.final.figures
    assert figure.made in plan.results
    assert f"results/figures/{figure.file}.png" in commented("minimal-nwb.yaml")
    assert "-m spikedrift.sources.nwb_example example-1.nwb" in commented("minimal-nwb.yaml")
    assert not plan.downloads.files and not plan.study.sweeps


def test_a_sweep_with_a_survey():
    plan = plan_for(read(CONFIG / "minimal-sweep.yaml"))
    points = plan.surveys.points("first")
    assert len(points) == 12 and not plan.study.recordings
    assert plan.surveys.made == [output("collect_survey.data", sweep="first")]
    (figure,) = plan.surveys.figures
    assert f"results/figures/{figure.file}.png" in commented("minimal-sweep.yaml")
    assert max(map(len, plan.surveys.chunks("first").values())) <= 6


@pytest.mark.parametrize("name", ["minimal-nwb.yaml", "minimal-sweep.yaml"])
def test_a_newcomer_is_told_what_each_line_is_for(name):
    lines = commented(name).splitlines()
    keys = [line for line in lines if re.match(r" *(- )?[\w.]+: *[^ #]", line)]
    told = [line for line in lines if "#" in line]
    assert len(told) > len(keys) / 2, (len(told), len(keys))
