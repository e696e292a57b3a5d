"""What a survey keeps of its runs, and which it runs again."""

from dataclasses import replace

import pytest
from test_pattern_network import SMALL

from spikedrift import trials
from spikedrift.config.networks import PatternNetwork
from spikedrift.config.sweeps import Condition, Survey, Sweep
from spikedrift.networks import pattern_network
from spikedrift.simulation.run import Ended
from spikedrift.simulation.sweep import override, points
from spikedrift.survey import Surveyed, survey

MEASURES = {
    "rate": {"measure": "population_vector", "options": {}},
    "timing": {"measure": "spikeship", "options": {}},
}
INDEX = {"surrogates": 19, "gate_surrogates": 19, "thinnings": 1}


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("programs")


@pytest.fixture
def runs():
    options = override(PatternNetwork(), SMALL, "small")
    return points(Sweep(options=options, conditions=(Condition(name="a"),), instances=2))


@pytest.fixture
def surveyed():
    return Surveyed(
        network="pattern_network",
        options=override(PatternNetwork(), SMALL, "small"),
        survey=Survey(index=INDEX),
        measures=MEASURES,
        source="code",
    )


@pytest.fixture
def simulated(monkeypatch):
    """Names of the runs that are simulated; errors that some runs come to, by name."""
    names, errors = [], {}
    simulate = pattern_network.simulate_batch

    def watched(options, batch, **places):
        names.extend(run.recording for run in batch)
        (run,) = batch
        return (
            [errors[run.recording]]
            if run.recording in errors
            else simulate(options, batch, **places)
        )

    monkeypatch.setattr(pattern_network, "simulate_batch", watched)
    return names, errors


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
        (RuntimeError("the simulation diverged"), False),
        (Ended("the simulation was ended by SIGKILL"), True),
        (MemoryError(), True),
    ],
    ids=["diverged", "killed", "out of memory"],
)
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
