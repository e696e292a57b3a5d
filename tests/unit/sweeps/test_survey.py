"""What a survey keeps of its runs, and which it runs again."""

import json
import tempfile
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from disks import small_disk
from small_network import small

from spikedrift import trials
from spikedrift.comparison.scores.models import Models
from spikedrift.comparison.scores.summary import Run
from spikedrift.config.drift import CurveOptions, DriftOptions, SignalOptions
from spikedrift.config.overrides import override
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.sweeps import Accept, Survey, Sweep, Variant
from spikedrift.core.errors import DiskError
from spikedrift.drift.curves import curves
from spikedrift.drift.profile import profile
from spikedrift.drift.signal.recording import recording_drift
from spikedrift.networks import simulate as simulating
from spikedrift.networks.lost import Diverged, RanAway
from spikedrift.simulation.run import Away, Ended
from spikedrift.spikes import selections
from spikedrift.sweeps.points import points
from spikedrift.sweeps.summary import Surveyed
from spikedrift.sweeps.survey import collect, survey

MEASURES = {
    "rate": {"measure": "population_vector", "options": {}},
    "timing": {"measure": "spikeship", "options": {}},
}
INDEX = {"flips": 99, "bootstrap": 99}


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("programs")


@pytest.fixture
def runs():
    return points(Sweep(options=small(), variants=(Variant(name="a"),), instances=2))


@pytest.fixture
def surveyed():
    return Surveyed(
        network="pattern_network",
        options=small(),
        survey=Survey(index=INDEX),
        measures=MEASURES,
        source="code",
    )


@pytest.fixture
def simulated(monkeypatch):
    """Names of the runs that are simulated; errors that some runs come to, by name."""
    names, errors = [], {}
    simulate = simulating.simulate_batch

    def watched(model, options, batch, **places):
        names.extend(run.recording for run in batch)
        (run,) = batch
        return (
            [errors[run.recording]]
            if run.recording in errors
            else simulate(model, options, batch, **places)
        )

    monkeypatch.setattr(simulating, "simulate_batch", watched)
    return names, errors


@pytest.mark.compiles
def test_trials_are_kept_where_that_is_asked_for(surveyed, runs, build_dir, simulated, tmp_path):
    names, _ = simulated
    store = tmp_path / "s" / "runs"
    first = survey(surveyed, runs, store, build_dir)
    assert [path.name for path in store.parent.iterdir()] == ["runs"]
    keeping = replace(surveyed, survey=Survey(index=INDEX, keep_trials=True))
    again = survey(keeping, runs, store, build_dir)
    assert len(names) == 4, "their trials were not there"
    assert first.identical(again)
    for run in runs:
        kept = trials.read(store.parent / "trials" / f"{run.recording}.nc")
        assert kept.attrs["recording"] == run.recording
        assert kept.attrs["mean_rate"] == first["mean_rate"].sel(run=run.recording)
    survey(keeping, runs, store, build_dir)
    survey(surveyed, runs, store, build_dir)
    assert len(names) == 4


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Diverged("a"), False),
        (RanAway("a", Away("E", 0.0, 0.5, 450.0, 200.0)), False),
        (Ended("the simulation was ended by SIGKILL"), True),
        (MemoryError(), True),
        (DiskError("spikes.bin: cannot be written: the disk at /tmp is full"), True),
    ],
    ids=["diverged", "ran away", "killed", "out of memory", "full disk"],
)
@pytest.mark.compiles
def test_what_was_ended_from_outside_is_tried_again(
    error, again, surveyed, runs, build_dir, simulated, tmp_path
):
    names, errors = simulated
    bad, good = (run.recording for run in runs)
    errors[bad] = error
    found = survey(surveyed, runs, tmp_path / "runs", build_dir)
    assert found["status"].sel(run=bad) == "failed" and found["status"].sel(run=good) != "failed"
    assert found["reason"].sel(run=bad) == (str(error) or "MemoryError")
    assert names == [bad, good]
    errors.clear()
    found = survey(surveyed, runs, tmp_path / "runs", build_dir)
    assert names == [bad, good] + [bad] * again
    assert (found["status"].sel(run=bad) == "failed") == (not again)


@pytest.mark.fault("files", "a kept run of a survey damaged, or under another's name", cases=2)
@pytest.mark.compiles
def test_a_kept_run_that_is_damaged_is_made_again(
    surveyed, runs, build_dir, simulated, tmp_path, caplog
):
    caplog.set_level("INFO")
    names, _ = simulated
    store = tmp_path / "results" / "runs"
    first = survey(surveyed, runs, store, build_dir)
    one, other = (store / f"{run.recording}.nc" for run in runs)
    whole = one.read_bytes()
    one.write_bytes(whole[:5000])
    other.write_bytes(whole)
    again = survey(surveyed, runs, store, build_dir)
    assert names[2:] == names[:2]
    assert f"{one}: is damaged" in caplog.text
    assert f"{other}: says that it is results/runs/{one.name}" in caplog.text
    assert first.identical(again)


@pytest.mark.compiles
def test_a_survey_keeps_what_a_comparison_reads(surveyed, build_dir, tmp_path):
    # The same runs analyzed from their trials, by the functions that recordings go through.
    longer = {"phases.4.repeats": 4, "phases.6.repeats": 4}
    options = small(**longer)
    runs = points(Sweep(options=options, variants=(Variant(name="a"),), instances=2))
    kept = Survey(index=INDEX, keep_trials=True, halves=4)
    keeping = replace(surveyed, options=options, survey=kept)
    found = survey(keeping, runs, tmp_path / "s" / "runs", build_dir)
    data, _ = collect([found], runs, "s", {})
    options = DriftOptions(
        curves=CurveOptions(bootstrap=20, halves=4), index=SignalOptions(**INDEX)
    )
    analyzed = []
    for run in runs:
        dataset = trials.read(tmp_path / "s" / "trials" / f"{run.recording}.nc")
        selected = selections.apply(dataset, Selection(name="survey"), run.seed)
        files = [
            curves(selected, MeasureEntry(name=code, **MEASURES[code]), options.curves, run.seed)
            for code in ("rate", "timing")
        ]
        index = recording_drift(selected, options, run.seed)
        analyzed.append(Run(*files, index, profile(selected, options.curves, run.seed)))
    models = Models.of_survey(data, analyzed[0])
    assert list(models.runs) == ["a"] and models.coordinates["a"].seeds == ("1.0", "1.1")
    for ours, theirs in zip(models.runs["a"], analyzed, strict=True):
        assert ours.n_units == theirs.n_units and ours.largest_lag() == theirs.largest_lag()
        np.testing.assert_array_equal(ours.reliability(), theirs.reliability())
        for lag in (2, 99):
            one, two = ours.parts(lag), theirs.parts(lag)
            assert one.keys() == two.keys()
            for name in one:
                np.testing.assert_array_equal(one[name], two[name], err_msg=name)
    assert np.isfinite([ours.rate["value"].sel(relation="within").values[:3]]).all()
    assert np.isfinite([one["fano_factor"], one["ensemble_rate_drop"], ours.reliability()[0]]).all()


@pytest.mark.compiles
def test_a_table_says_after_how_many_repeats_training_ended(surveyed, build_dir, tmp_path):
    """One that rests at once trains for a block's time, 2 repeats; the other does not rest in 3."""
    options = override(small(), {"phases.3.until": {"moves": 1e9, "every": 1}}, "small")
    restless = Variant(name="b", set={"phases.3.until.moves": 1e-12})
    runs = points(Sweep(options=options, variants=(Variant(name="a"), restless), instances=1))
    each = replace(surveyed, options=options)
    chunks = [survey(each, [run], tmp_path / "runs", build_dir) for run in runs]
    data, table = collect(chunks, runs, "s", {}, Accept())
    assert table["trained_repeats"].tolist() == [2, 3]
    assert data["came_to_rest"].values.ravel().tolist() == [1, 0]
    unrested = "did not come to rest in 3 repeats"
    assert [unrested in said for said in table["rejection"]] == [False, True]


@pytest.mark.fault("disk", "full while a survey simulates")
@pytest.mark.compiles
def test_a_full_disk_is_no_outcome_of_a_network(surveyed, runs, build_dir, tmp_path, monkeypatch):
    run, store = runs[0], tmp_path / "runs"
    survey(surveyed, runs[1:], store, build_dir)  # builds the program
    with small_disk(tmp_path / "disk", 148) as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        found = survey(surveyed, [run], store, build_dir)
    assert found["status"].item() == "failed"
    told = found["reason"].item()
    assert told.startswith(f"{run.recording}: {disk}/") and f"disk at {disk} is full" in told
    assert [path.stem for path in store.iterdir()] == [runs[1].recording]
    monkeypatch.setattr(tempfile, "tempdir", None)
    again = survey(surveyed, [run], store, build_dir)
    assert again["status"].item() == "ok" and (store / f"{run.recording}.nc").is_file()


@pytest.mark.compiles
def test_failed_runs_are_instances_that_are_counted(surveyed, runs, build_dir, simulated, tmp_path):
    _, errors = simulated
    errors[runs[0].recording] = RuntimeError("the simulation diverged")
    data, _ = collect([survey(surveyed, runs, tmp_path / "runs", build_dir)], runs, "s", {})
    recording = Run(*[xr.Dataset(attrs={"kind": "distance"})] * 3)
    lost, kept = Models.of_survey(data, recording).runs["a"]
    assert isinstance(kept, Run)
    assert (lost.name, lost.reason) == ("a, instance 0", "the simulation diverged")
    errors[runs[1].recording] = RuntimeError("the simulation diverged")
    data, _ = collect([survey(surveyed, runs, tmp_path / "lost", build_dir)], runs, "s", {})
    gone = Models.of_survey(data, recording).runs["a"]
    assert {one.reason for one in gone} == {"the simulation diverged"}


@pytest.mark.compiles
def test_runs_that_are_not_accepted_are_kept_and_not_compared(surveyed, runs, build_dir, tmp_path):
    found = survey(surveyed, runs, tmp_path / "runs", build_dir)
    rate = found["block_rate"].values
    assert (rate > 0).all() and rate[0] != rate[1]
    free = dict.fromkeys(Accept.model_fields)
    between = Accept(**{**free, "rate": (rate.mean(), 2 * rate.max())})
    data, table = collect([found], runs, "s", {}, between)
    kept = rate > rate.mean()
    assert data["accepted"].values.ravel().tolist() == kept.tolist()
    assert data.attrs["n_accepted"] == 1 and json.loads(data.attrs["accept"])["depth"] is None
    assert table["accepted"].tolist() == kept.tolist()
    assert [bool(text) for text in table["rejection"]] == (~kept).tolist()
    recording = Run(*[xr.Dataset(attrs={"kind": "distance"})] * 3)
    compared = Models.of_survey(data, recording).runs["a"]
    assert [isinstance(one, Run) for one in compared] == kept.tolist()
    every, _ = collect([found], runs, "s", {}, Accept(**free))
    assert every["accepted"].all()
    # Weights move in training, and little of what a block would move them in its time.
    change = data["weight_change"].values
    assert np.isfinite(change).all() and (np.abs(change) < 0.5).all() and change.any()
