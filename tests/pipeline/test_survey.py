"""A survey as a user runs it: killed and resumed, with a run that fails, and with a point more."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import preloaded
import pytest
import xarray as xr
import yaml
from forks import dry_run, snakemake

CONFIG = Path(__file__).with_name("survey.yaml")
MICE = [f"mouse-{letter}.movie" for letter in "stuvw"]


def run(directory: Path, config: Path, *arguments: str) -> None:
    done = snakemake(directory, "--cores", "2", "--configfile", str(config), *arguments)
    assert done.returncode == 0, done.stdout[-5000:]


def times(directory: Path) -> dict[str, int]:
    """When each finished run was written."""
    runs = directory / "results" / "surveys" / "tiny" / "runs"
    return {path.name: path.stat().st_mtime_ns for path in runs.glob("[!.]*.nc")}


def load(directory: Path) -> xr.Dataset:
    return xr.load_dataset(directory / "results" / "surveys" / "tiny.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def surveyed(new_clone):
    """A clone in which the survey was killed -9 after its first run, and resumed."""
    directory = new_clone()
    process = subprocess.Popen(
        [".venv/bin/snakemake", "--cores", "2", "--configfile", CONFIG, "--", "survey"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not times(directory):
        assert process.poll() is None, "the survey ended before its first run was there"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = times(directory)
    run(directory, CONFIG, "--unlock")
    with preloaded.jobs():
        run(directory, CONFIG, "--", "survey")
    return directory, before


def test_what_was_finished_before_the_kill_is_kept(surveyed):
    directory, before = surveyed
    assert 1 <= len(before) < 10
    assert before.items() <= times(directory).items()
    assert len(times(directory)) == 10


def test_a_failed_run_is_reported_and_the_others_are_there(surveyed):
    directory, _ = surveyed
    table = pd.read_csv(directory / "results/surveys/tiny.tsv", sep="\t")
    assert len(table) == 2 * 5
    lost = table[table["status"] == "failed"]
    assert set(lost["variant"]) == {"diverging"} and len(lost) == 2
    assert lost["reason"].str.contains("diverged").all()
    assert lost["parameters"].str.contains("tau_excitatory").all()
    data = load(directory)
    assert data.sizes["point"] == 5 and data.sizes["instance"] == 2
    failed = (data["status"] == "failed").values
    assert failed.sum() == data.attrs["n_failed"] == 2
    blocks = [name for name in data["stage"].values if name.startswith("block")]
    assert len(blocks) == 2
    of_blocks = data.sel(stage=blocks, probe="block")
    for name in ("mean_rate", "selectivity", "discrimination"):
        there = of_blocks[name].notnull().transpose("point", "instance", ...).values
        assert not there[failed].any() and there[~failed].all(), name
    np.testing.assert_array_equal(data["axis_rate"], [np.nan, np.nan, 0.1, 1.0, 10.0])


def test_resumed_and_undisturbed_surveys_are_alike(surveyed):
    directory, _ = surveyed
    resumed = load(directory)
    surveys = directory / "results" / "surveys"
    surveys.rename(surveys.with_name("resumed"))
    with preloaded.jobs(anew=True):
        run(directory, CONFIG, "--", "survey")
    xr.testing.assert_identical(load(directory), resumed)
    log = "".join(
        path.read_text() for path in (directory / "results/logs/survey_chunk").glob("*.log")
    )
    for instance in range(2):
        assert re.search(f"variant diverging, instance {instance}: failed .*diverged", log)


@pytest.fixture(scope="module")
def compared(surveyed, tmp_path_factory):
    """The survey against five animals, and together with one of another network against one."""
    directory, _ = surveyed
    config = yaml.safe_load(CONFIG.read_text())
    shown = {"segments": 4, "duration": 0.15, "repeats": 5, "gain": 100}
    config["sweeps"].append(
        {
            "name": "stored", "network": "devalle_2025", "seed": 2, "instances": 2,
            "options": {"n": 40, "patterns": 4, "shown": shown},
            "variants": [{"name": "frozen", "control": True}], "survey": {},
        }
    )  # fmt: skip
    config["recordings"] = [{**config["recordings"][0], "name": name} for name in MICE]
    config["comparisons"] = [
        {"name": "s", "recording": "mouse-s.movie", "sweeps": ["tiny", "stored"]},
        {"name": "mice", "recordings": MICE, "sweep": "tiny"},
    ]
    both = tmp_path_factory.mktemp("compared") / "both.yaml"
    both.write_text(yaml.safe_dump(config))
    figures = [f"results/figures/{one}.png" for one in ("scores.s", "animals.mice")]
    with preloaded.jobs():
        run(directory, both, "--", *figures)
    return directory


def test_surveys_of_two_networks_are_held_against_a_recording(compared):
    directory = compared
    found = xr.load_dataset(directory / "results" / "compare" / "s.nc", engine="h5netcdf")
    points = ["frozen", "diverging", "afferent@rate=0.1", "afferent@rate=1", "afferent@rate=10"]
    assert found["point"].values.tolist() == [*(f"tiny.{one}" for one in points), "stored.frozen"]
    variants = ["tiny.frozen", "tiny.diverging", *["tiny.afferent"] * 3, "stored.frozen"]
    assert found["variant"].values.tolist() == variants
    assert found["sweep"].values.tolist() == ["tiny"] * 5 + ["stored"]
    np.testing.assert_array_equal(found["axis_tiny.rate"], [np.nan, np.nan, 0.1, 1.0, 10.0, np.nan])
    assert found["instances_failed"].values.tolist() == [0, 2, 0, 0, 0, 0]
    assert "diverged" in found.attrs["failures"]
    seeds = [*[[f"1.{k}" for k in range(2)]] * 5, [f"2.{k}" for k in range(2)]]
    assert found["instance_seed"].values.tolist() == seeds
    assert found["instance_trait"].sel(trait="log_rate").notnull().sum() == 10
    assert not list((directory / "results" / "trials").glob("tiny*"))


def test_animals_are_left_out_in_turn(compared):
    table = pd.read_csv(compared / "results/figures/animals.mice.tsv", sep="\t")
    assert set(table["animal"]) == {name.partition(".")[0] for name in MICE}
    chosen = table[table["chosen"] == 1].set_index("animal")
    assert len(chosen) == 5 and set(chosen["point"]) <= set(table["point"])
    scored = table.dropna(subset="value")
    # In the few cells of the control, which learns nothing, no code may be detected.
    lost = set(table["point"]) - set(scored["point"])
    assert "diverging" in lost and lost <= {"diverging", "frozen"}
    # What is chosen is the nearest to the others, whatever the animal left out says.
    others = scored.loc[scored.groupby("animal")["others"].idxmin()].set_index("animal")
    assert (others["point"] == chosen["point"]).all()


def test_another_point_and_other_chunks_run_nothing_again(surveyed, tmp_path):
    directory, _ = surveyed
    before = times(directory)
    config = yaml.safe_load(CONFIG.read_text())
    config["sweeps"][0]["axes"][0]["values"] = [0.1, 0.5, 1, 10]
    config["sweeps"][0]["survey"]["chunk"] = 10
    config["sweeps"][0]["accept"] = {"rate": [0, 1e-9], "interval_cv": None}
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(config))
    with preloaded.jobs():
        run(directory, other, "--", "survey")
    after = times(directory)
    assert before.items() <= after.items() and len(after) == len(before) + 2
    data = load(directory)
    np.testing.assert_array_equal(data["axis_rate"][2:], [0.1, 0.5, 1.0, 10.0])
    ran = data["status"] != "failed"
    assert not data["accepted"].any() and (data["rejection"] != "").equals(ran)


def test_the_shipped_sweeps_are_planned_from_their_files_alone(clone):
    shipped = sorted((clone / "config" / "sweeps").glob("*.yaml"))
    assert shipped
    for config in shipped:
        done = dry_run(clone, "--configfile", str(config), "--", "survey")
        assert done.returncode == 0, done.stdout[-3000:]
        assert "survey_chunk" in done.stdout and "simulate_point" not in done.stdout
