"""Sessions that another program simulated: what is read is what was written; faults are one line.

Expected counts are taken from the arrays one by one, by nothing of the reader.
"""

import re

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning import Wildcards, plan_for

from spikedrift import trials
from spikedrift.config.sweeps import Survey
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.errors import InputError
from spikedrift.networks import catalog
from spikedrift.networks.simulate import simulate
from spikedrift.sweeps.summary import Surveyed
from spikedrift.sweeps.survey import survey as surveyed

MODEL = catalog.get("spike_tables")
N = {"E": 16, "I": 2}


def session(seed=0, **changes):
    """Arrays of a session: naive, train and two blocks of three segments, in no order."""
    rng = np.random.default_rng(seed)
    phase = np.repeat(["naive", "train", "block", "block"], 12)
    start = 0.5 + 0.4 * np.arange(48) + 3.0 * np.repeat(range(4), 12)
    segment = np.concatenate([rng.permutation(3) for _ in range(16)])
    shuffled, n_spikes = rng.permutation(48), 9000
    population = np.repeat(list(N), list(N.values()))[rng.permutation(18)]
    return {
        "spike_time": np.round(rng.uniform(0, 33, n_spikes), 4),
        "spike_unit": rng.integers(18, size=n_spikes),
        "start_time": start[shuffled],
        "duration": 0.15,
        "segment": segment[shuffled],
        "phase": phase[shuffled],
        "block": np.repeat([0, 0, 0, 1], 12)[shuffled],
        "plasticity_on": (phase != "naive")[shuffled],
        "population": population,
    } | changes


def simulated(file, **options):
    return simulate(
        MODEL, MODEL.options(file=str(file), **options), {}, recording="s-x-i0.patterns", seed=1,
        instance=0, build_dir=None, scratch_dir=None,
    )  # fmt: skip


def write(path, arrays):
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize("population", N)
def test_what_is_read_is_what_was_written(tmp_path, population):
    arrays = session()
    data = simulated(write(tmp_path / "s.npz", arrays), population=population).trials
    assert data.attrs["kind"] == "model" and data.sizes == {
        **data.sizes, "trial": 48, "unit": N[population]
    }  # fmt: skip
    units = np.flatnonzero(arrays["population"] == population)
    order = np.argsort(arrays["start_time"])
    for trial, row in enumerate(order):
        start = arrays["start_time"][row]
        assert data["start_time"].values[trial] == pytest.approx(start, abs=1e-9)
        for name in ("segment", "phase", "plasticity_on"):
            assert data[name].values[trial] == arrays[name][row]
        for place, unit in enumerate(units):
            of_unit = arrays["spike_time"][arrays["spike_unit"] == unit]
            inside = np.round(of_unit - start, 6)
            expected = np.sort(inside[(inside >= 0) & (inside < 0.15)])
            found = trials.select(data, [trial], [place])["spike_time"].values
            np.testing.assert_allclose(found, expected, atol=1e-7)
    np.testing.assert_array_equal(data["block"], np.repeat([0, 0, 0, 1], 12))
    for segment in range(3):
        repeat = data["repeat"].values[data["segment"].values == segment]
        np.testing.assert_array_equal(repeat, np.arange(16))


def test_traces_have_rates_and_learning_and_no_weights(tmp_path):
    arrays = session()
    found = simulated(write(tmp_path / "s.npz", arrays)).traces
    write_netcdf(found, tmp_path / "traces.nc")
    with h5py.File(tmp_path / "traces.nc") as file:
        assert file["mean_weight"].shape == (0, found.sizes["time"]) and "weight_ratio" not in file
    stages = ["naive 0", "train 0 first", "train 0 last", "block 0", "block 1"]
    assert found["stage"].values.tolist() == stages
    assert found["phase"].values.tolist() == ["pause", "naive"] + ["pause", "train"] + [
        "pause", "block"] * 2 + ["end"]  # fmt: skip
    of_e = np.isin(arrays["spike_unit"], np.flatnonzero(arrays["population"] == "E"))
    time = arrays["spike_time"][of_e]
    first, last = found["stage_start"].values[3], found["stage_stop"].values[3]
    expected = np.count_nonzero((time >= first) & (time < last)) / 16 / (last - first)
    assert found["stage_rate"].sel(population="E").values[3] == pytest.approx(expected)


def test_the_least_that_a_file_holds(tmp_path):
    arrays = session(phase=None, block=None, plasticity_on=None)
    data = simulated(write(tmp_path / "s.npz", arrays)).trials
    assert set(data["phase"].values) == {"block"} and not data["plasticity_on"].any()


NAN = np.append(np.nan, np.arange(47.0))
FAULTS = {
    "no times": ({"spike_time": None}, "array spike_time is missing"),
    "misspelled": ({"phases": np.repeat("block", 48)}, "no array .* did you mean 'phase'"),
    "texts for units": ({"spike_unit": np.repeat("a", 9000)}, "array spike_unit must be int64"),
    "fractions": ({"segment": np.arange(48) / 2}, "array segment must hold whole numbers"),
    "missing segment": ({"segment": NAN}, "array segment must hold whole numbers, place 0"),
    "missing start": ({"start_time": NAN}, "start_time: value 0, nan, is not finite"),
    "missing spike": ({"spike_time": np.full(9000, np.inf)}, "spike_time: value 0, inf"),
    "negative start": ({"start_time": np.arange(48.0) - 1}, "start_time: value 0, -1.0, is before"),
    "negative time": ({"spike_time": np.full(9000, -1.0)}, "spike_time: value 0, -1.0, is before"),
    "negative duration": ({"duration": -0.1}, "duration must be one number above 0"),
    "durations": ({"duration": np.full(48, 0.1)}, "duration must be one number above 0"),
    "overlap": ({"start_time": np.arange(48) * 0.1}, "presentations 0 and 1 overlap"),
    "unknown unit": ({"spike_unit": np.full(9000, 18)}, "spike_unit: value 0, 18, is no unit"),
    "negative unit": ({"spike_unit": np.full(9000, -1)}, "spike_unit: value 0, -1, is no unit"),
    "short": ({"spike_unit": np.zeros(3, int)}, "spike_unit has 3 values and spike_time has 9000"),
    "a table": ({"population": np.full((9, 2), "E")}, "population has 2 dimensions"),
    "unknown phase": ({"phase": np.repeat("probe", 48)}, "phase: value 0, probe, is none of naive"),
    "no label": ({"population": np.repeat("L2/3", 18)}, "population 'L2/3' is no name"),
    "other cells": ({"population": np.repeat("exc", 18)}, "option population, 'E'.*known: exc"),
    "one segment": ({"segment": np.zeros(48, int)}, "segment must count two segments or more"),
    "gap in segments": ({"segment": np.arange(48) % 3 * 2}, "segment 1 is shown 0 times"),
    "lost showing": ({"segment": np.append(np.arange(47) % 3, 0)}, "a repeat shows every segment"),
    "plasticity within": ({"plasticity_on": np.arange(48) == 5}, "plasticity_on changes within"),
    "objects": ({"population": np.array(["E", None], object)}, "is no .npz file"),
    "nothing shown": (
        dict.fromkeys(("phase", "block", "plasticity_on"))
        | {"start_time": np.zeros(0), "segment": np.zeros(0, int)},
        "there are no presentations",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_line_with_file_and_array(tmp_path, name):
    changes, told = FAULTS[name]
    file = write(tmp_path / "s.npz", session() | changes)
    with pytest.raises(InputError) as refused:
        simulated(file)
    line = str(refused.value)
    assert line.startswith(f"{file}: ") and "\n" not in line
    assert re.search(told, line), line


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"spike_time,unit\n0.1,2\n"])
def test_a_file_that_is_no_archive(tmp_path, content):
    (tmp_path / "s.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"s.npz: is no .npz file"):
        simulated(tmp_path / "s.npz")


@given(cut=st.integers(0, 6000))
@settings(max_examples=15, deadline=None)
def test_a_file_that_was_cut_short(tmp_path_factory, cut):
    file = write(tmp_path_factory.mktemp("cut") / "s.npz", session())
    file.write_bytes(file.read_bytes()[: -1 - cut])
    with pytest.raises(InputError, match=r"is no .npz file"):
        simulated(file)


@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_the_order_of_rows_does_not_matter(tmp_path_factory, seed):
    arrays, rng, folder = session(), np.random.default_rng(seed), tmp_path_factory.mktemp("order")
    spikes, shown = rng.permutation(9000), rng.permutation(48)
    other = arrays | {n: arrays[n][spikes] for n in ("spike_time", "spike_unit")}
    names = ("start_time", "segment", "phase", "block", "plasticity_on")
    other |= {n: arrays[n][shown] for n in names}
    one, two = (simulated(write(folder / f"{k}.npz", a)) for k, a in enumerate((arrays, other)))
    assert one.trials.drop_attrs().identical(two.trials.drop_attrs())
    assert one.traces.drop_attrs().identical(two.traces.drop_attrs())


# In a configuration


def config(**changes):
    variants = [
        {"name": name, "set": {"parameters.rule": name}, "control": name == "frozen"}
        for name in ("frozen", "plastic")
    ]
    sweep = {
        "name": "theirs",
        "network": "spike_tables",
        "options": {"file": "{rule}-{instance}.npz"},
        "variants": variants,
        "instances": 2,
    }
    return {"recordings": [], "sweeps": [sweep | changes]}


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for rule in ("frozen", "plastic"):
        for instance in range(2):
            write(tmp_path / f"{rule}-{instance}.npz", session(instance))


def test_files_are_inputs_of_jobs(there):
    plan = plan_for(config())
    inputs = [plan.study.sessions(Wildcards(recording=run)) for run in plan.study.runs("theirs")]
    names = ["frozen-0.npz", "frozen-1.npz", "plastic-0.npz", "plastic-1.npz"]
    nothing_else = {"trained": []}  # and nothing is compiled
    assert inputs == [{"files": [name]} | nothing_else for name in names]
    plan = plan_for(config(survey={"chunk": 2}))
    chunks = plan.surveys.chunks("theirs")
    asked = [plan.surveys.files(Wildcards(sweep="theirs", chunk=chunk)) for chunk in chunks]
    assert sorted(file for one in asked for file in one["files"]) == names
    assert not any(one["trained"] for one in asked)


def test_axes_name_files(there, tmp_path):
    axes = [{"name": "eta", "keys": ["parameters.eta"], "values": [0.5, 1]}]
    variants = [{"name": "plastic", "set": {"file": "{eta}/{instance:03d}.npz"}}]
    for eta in ("0.5", "1"):
        (tmp_path / eta).mkdir()
        for instance in range(2):
            write(tmp_path / eta / f"00{instance}.npz", session(instance))
    points = plan_for(config(axes=axes, variants=variants)).study.points_of("theirs")
    assert [file for point in points for file in point.files] == [
        "0.5/000.npz", "0.5/001.npz", "1/000.npz", "1/001.npz"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"options": {}}, "sweep theirs, variant frozen: file: give the path"),
        ({"options": {"file": "{rul}-{instance}.npz"}}, "no parameter 'rul'; did you mean 'rule'"),
        ({"options": {"file": "{rule-0.npz"}}, "file: {rule-0.npz: expected '}'"),
        ({"options": {"file": "{rule}-0.npz"}}, "frozen-0.npz is the session of frozen, instance 0"
         " and of frozen, instance 1; let {instance}"),
        ({"instances": 3}, "config: sweep theirs: frozen, instance 2: no such file frozen-2.npz"),
        ({"options": {"flie": "x"}}, "config: sweeps[0].options.flie: unknown key; did you mean"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_one_line(there, changes, told):
    with pytest.raises(InputError) as refused:
        plan_for(config(**changes))
    assert told in str(refused.value)


def test_a_rule_of_ones_own_may_make_the_files(there, tmp_path):
    (tmp_path / "mine.smk").write_text("")
    plan = plan_for(config(instances=3) | {"custom_rules": ["mine.smk"]})
    assert len(plan.study.points) == 6


def test_a_survey_takes_a_changed_file_anew(there, tmp_path):
    plan = plan_for(config(survey={"index": {"flips": 99, "bootstrap": 99}}))
    entry = plan.surveys.of(Wildcards(sweep="theirs"))
    survey = Surveyed(
        network="spike_tables",
        options=MODEL.options(**entry["options"]),
        survey=Survey(**entry["survey"]),
        measures=entry["measures"],
        source="",
    )
    points = plan.surveys.points("theirs")[:2]
    found = surveyed(survey, points, tmp_path / "runs", tmp_path)
    assert found["status"].values.tolist() == ["ok", "ok"], found["reason"].values
    assert found["n_units"].values.tolist() == [16, 16]
    before = [survey.digest(point) for point in points]
    write(tmp_path / "frozen-1.npz", session(5))
    after = [survey.digest(point) for point in points]
    assert before[0] == after[0] and before[1] != after[1]
    again = surveyed(survey, points, tmp_path / "runs", tmp_path)
    assert (again["mean_rate"] != found["mean_rate"]).values.tolist() == [False, True]
