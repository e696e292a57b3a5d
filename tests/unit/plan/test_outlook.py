"""What a configuration makes, before it is made."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from planning import plan_for

from spikedrift.plan.estimates import Estimate, Measured
from spikedrift.plan.extents import extent, extents
from spikedrift.plan.outlook import Outlook
from spikedrift.plan.standing import Job

SMALL = Path(__file__).resolve().parents[2] / "pipeline" / "small.yaml"
SWEEP: dict[str, Any] = {
    "name": "gaps",
    "options": {
        "cells": {"n_excitatory": 40, "n_inhibitory": 10},
        "patterns": {"n_patterns": 3, "duration": 0.1, "gap": 0.2},
        "phases": [
            {"kind": "settle", "duration": 2.0},
            {"kind": "block", "repeats": 10},
            {"kind": "pause", "duration": 5.0},
            {"kind": "block", "repeats": 20},
        ],
    },
    "variants": [{"name": "a"}],
    "axes": [{"name": "gap", "keys": ["phases.2.duration"], "values": [5.0, 50.0]}],
    "instances": 2,
}


def test_a_session_is_as_long_as_its_phases():
    study = plan_for({"sweeps": [SWEEP]}).study
    found = extents(study.sweeps["gaps"], study.expansions["gaps"].points)
    shown = 30 * 3 * 0.3  # repeats x patterns x (gap + pattern)
    assert sorted(one.seconds for one in found.values()) == pytest.approx(
        [2 + 5 + shown, 2 + 50 + shown]
    )
    assert {(one.cells, one.trials) for one in found.values()} == {(50, 90)}


def test_of_many_points_some_stand_for_others(monkeypatch):
    monkeypatch.setattr("spikedrift.plan.extents.MOST", 3)
    gaps = {"name": "gap", "keys": ["phases.2.duration"], "low": 1, "high": 7, "n": 7}
    study = plan_for({"sweeps": [SWEEP | {"axes": [gaps]}]}).study
    points = study.expansions["gaps"].points
    found = extents(study.sweeps["gaps"], points)
    assert found.keys() == {point.id for point in points}
    own = {point.id: extent(study.sweeps["gaps"], point) for point in points}
    assert len(set(own.values())) == 7 and len(set(found.values())) == 3
    assert all(found[point.id] in own.values() for point in points)
    lines = Outlook(plan_for({"sweeps": [SWEEP | {"axes": [gaps]}]}), [], Path("none"), 1).lines
    assert any("cells each, by one point of 3; " in line for line in lines), lines


def test_an_estimate_says_what_it_rests_on():
    found = Estimate()
    found.add("draw", ("draw", 1.0), 2.0)
    found.add("draw", ("draw", 1.0), 4.0)
    found.add("draw", ("draw", 1.0), None)  # as long as the mean of the others, 3
    found.add("simulate", ("net", 10.0), 5.0)
    found.add("simulate", ("net", 40.0), None)  # four times the work
    found.add("simulate", ("other net", 40.0), None)  # nothing alike
    found.add("fetch", None, None)
    assert found.total == 2 + 4 + 3 + 5 + 20
    assert found.longest == 20
    assert found.words(str) == (
        "of the jobs 3 measured (11.0), 2 estimated from others alike (23.0), 2 not known "
        "(fetch 1, simulate 1)"
    )
    assert found.at_least("a day") == "at least a day"
    found.like("draw", [12.0])  # what is no part of the sum changes the mean
    assert found.total == 2 + 4 + 6 + 5 + 20


def test_nothing_is_made_up():
    found = Estimate()
    assert found.at_least("all") == "all"
    found.add("draw", ("draw", 1.0), None)
    assert found.total is None and found.longest == 0


def write(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\tcpu_time\n1.0\t1.0\n{seconds}\t0.5\n")  # the last line is the last run


@pytest.fixture
def jobs(tmp_path, monkeypatch) -> list[Job]:
    """Two jobs that ran, one of whose files is gone, one like them, a simulation, a download."""
    monkeypatch.chdir(tmp_path)
    plan = plan_for(yaml.safe_load(SMALL.read_text()))
    first, second = plan.study.points

    def job(rule: str, name: str, **wildcards: str) -> Job:
        return Job(
            rule, wildcards, [f"results/{rule}/{name}"], f"results/benchmarks/{rule}/{name}.tsv"
        )

    found = [
        job("figure", "a", figure="a"),
        job("figure", "b", figure="b"),
        job("figure", "c", figure="c"),
        job("simulate_point", "1", recording=first),
        job("simulate_point", "2", recording=second),
        job("similarity_matrix", "m", recording="mouse-s.movie", selection="all", measure="x"),
        job("fetch_file", "f", raw_file="f"),
    ]
    for one, seconds in ((found[0], 60), (found[1], 120), (found[3], 30)):
        write(Path(str(one.benchmark)), seconds)
    write(Path("results/benchmarks/figure/of-another-run.tsv"), 30)
    Path("results/figure").mkdir(parents=True)
    Path("results/figure/a").write_bytes(b"x" * 3000)
    return found


def test_run_times_are_read_from_the_tables_of_snakemake(jobs):
    measured = Measured(Path("results/benchmarks"))
    assert [measured.seconds(job) for job in jobs] == [60, 120, None, 30, None, None, None]
    assert measured.others(jobs) == {"figure": [30]}
    write(Path("results/benchmarks/figure/c.tsv"), 7)
    Path("results/benchmarks/figure/c.tsv").write_text("s\n")  # Snakemake is writing it
    assert Measured(Path("results/benchmarks")).seconds(jobs[2]) is None


def test_the_lines(jobs):
    plan = plan_for(yaml.safe_load(SMALL.read_text()))
    lines = dict(
        line.split(": ", 1) for line in Outlook(plan, jobs, Path("results/benchmarks"), 2).lines
    )
    assert lines["recordings"] == "1: mouse-s.movie (synthetic)"
    assert lines["sweep tiny"] == (
        "pattern_network, 2 variants, 2 points x 1 instance = 2 runs; 24.4 s of biological time "
        "and 50 cells each; every run is a recording"
    )
    assert lines["jobs"].startswith("7 from nothing, less what is there (figure 3, ")
    assert lines["figures"].startswith("3, of them 6 final; ")
    # 60 + 120 + a third of 210 + 30 + the same again, and nothing of the matrix and the download.
    assert lines["time"].startswith(
        "at least 5 min 10 s of jobs one after another, 2 min 35 s or more on 2 cores; of the jobs "
        "3 measured (3 min 30 s), 2 estimated from others alike (1 min 40 s), 2 not known "
    )
    # 32 trials, 12 bytes a pair.
    assert lines["disk"].startswith(
        "at least 9.00 kB; of the jobs 1 measured (3.00 kB), 2 estimated from others alike (6.00 "
    )
    assert "1 of 1 similarity matrices at most 12.29 kB" in lines["disk"]
    assert "pools" not in lines and "to fetch" not in lines


def test_what_nothing_is_known_of_is_unknown(jobs, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    plan = plan_for(yaml.safe_load(SMALL.read_text()))
    lines = dict(
        line.split(": ", 1) for line in Outlook(plan, jobs, Path("results/benchmarks"), 2).lines
    )
    assert lines["time"].startswith("not known: ")
    assert lines["disk"].startswith("not known: ")


def test_downloads_are_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = {"recordings": [{"name": "a.gratings", "source": "arrays"}], "predictions": None}
    plan = plan_for(raw)
    sizes = [file.bytes for file in plan.downloads.files.values()]
    expected = f"3 of 3 files, {sum(sizes) / 1e6:.2f} MB by the data registry"
    assert f"to fetch: {expected}" in Outlook(plan, [], Path("none"), 1).lines
