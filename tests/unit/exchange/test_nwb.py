"""Trials as NWB: valid, the same again, and the same spikes to the source that reads any NWB."""

import os
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pynwb
import pytest
from exchanging import awkward, pynapple, same
from nwb_base import damaged

from spikedrift import trials
from spikedrift.config.overrides import override
from spikedrift.config.sources import NwbOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.exchange.nwb import from_nwb, main, to_nwb
from spikedrift.exchange.timeline import trains
from spikedrift.networks.models import acker_2019
from spikedrift.networks.simulate import simulate
from spikedrift.sources import nwb
from spikedrift.sources.synthetic import record

# How the source `nwb` is told of a file that spikedrift wrote.
OPTIONS = {
    "segment": "segment", "repeat": "repeat", "block": "block", "population": "population",
    "unit_id": "unit_id",
    "running_speed": "behavior/running_speed",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The awkward recording, not all of it observed, and its file."""
    dataset = awkward(observed=False)
    path = tmp_path_factory.mktemp("nwb") / "mouse-q.nwb"
    to_nwb(dataset, path)
    return dataset, path


def test_it_is_valid_and_alone(written):
    _, path = written
    with pynwb.NWBHDF5IO(str(path), "r") as io:
        assert pynwb.validate(io=io) == []
    assert [one.name for one in path.parent.iterdir()] == ["mouse-q.nwb"]


def test_everything_comes_back_to_the_bit(written):
    dataset, path = written
    same(from_nwb(path), dataset)


def test_overlapping_trials_come_back(tmp_path):
    dataset = awkward(start=3000 + np.arange(12) * 0.3)
    to_nwb(dataset, tmp_path / "a.nwb")
    same(from_nwb(tmp_path / "a.nwb"), dataset)
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        assert not io.read().processing  # a sample of behavior would be one of several trials


def test_times_that_were_not_cut_from_a_session_are_rounded_once(tmp_path):
    options = SyntheticOptions(units=10, segments=3, repeats=4, gap=6000.0)
    dataset = record(options, "a.movie", 1)
    to_nwb(dataset, tmp_path / "a.nwb")
    found = from_nwb(tmp_path / "a.nwb")
    same(found, dataset, atol=1e-12)
    assert not np.array_equal(found["spike_time"], dataset["spike_time"])
    to_nwb(found, tmp_path / "b.nwb")
    same(from_nwb(tmp_path / "b.nwb"), found)


def test_a_simulated_network_comes_back(tmp_path):
    changes = {"n": 60, "n_inputs": 200, "synapses": 120, "turnover": 12, "total": 14.91, "days": 2,
               "shown": {"segments": 4, "repeats": 3}}  # fmt: skip
    options = override(acker_2019.AckerNetwork(), changes, "a")
    found = simulate(
        acker_2019.MODEL, options, {}, recording="net.movie", seed=1, instance=0,
        build_dir=tmp_path, scratch_dir=tmp_path,
    ).trials  # fmt: skip
    assert found.attrs["kind"] == "model" and found["spike_count"].sum() > 100
    to_nwb(found, tmp_path / "net.nwb")
    same(from_nwb(tmp_path / "net.nwb"), found, atol=1e-12)


@pytest.mark.parametrize("observed", [True, False])
def test_the_source_of_nwb_reads_the_same_spikes(tmp_path, observed):
    dataset = awkward(observed=observed)
    to_nwb(dataset, tmp_path / "mouse-q.nwb")
    options = NwbOptions(file="x", **OPTIONS)
    found = nwb.read(tmp_path / "mouse-q.nwb", options, "mouse-q.movie")
    for name in (
        "spike_time",
        "spike_count",
        "observed",
        "population",
        "unit_id",
        "block",
        "start_time",
    ):
        np.testing.assert_array_equal(found[name], dataset[name], err_msg=name)
    np.testing.assert_allclose(found["duration"], dataset["duration"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["running_speed"], dataset["running_speed"])
    assert found["segment_name"].values.tolist() == dataset["segment"].values.astype(str).tolist()
    assert found.attrs["subject"] == "animal q" and found.attrs["citation"] == "Someone (2026)"
    np.testing.assert_array_equal(
        trials.quality(found, "presence_ratio"), trials.quality(dataset, "presence_ratio")
    )


def test_pynapple_opens_it(written):
    nap = pynapple()
    dataset, path = written
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # trials without a pause are cut by a microsecond
        opened = nap.load_file(str(path))
        units, shown = opened["units"], opened["trials"]
        assert units.get_info("population").tolist() == dataset["population"].values.tolist()
        for number, times in enumerate(trains(dataset)):
            np.testing.assert_allclose(units[number].t, times, rtol=0, atol=1e-9)
    np.testing.assert_allclose(shown.start, dataset["start_time"], rtol=0, atol=1e-9)
    assert shown.get_info("segment").tolist() == dataset["segment"].values.tolist()


@pytest.mark.parametrize(
    ("names", "ids"), [(["950912", "3"], [950912, 3]), (["07", "3"], [0, 1]), (["-1", "a"], [0, 1])]
)
def test_ids_are_kept_where_nwb_has_such_ids(tmp_path, names, ids):
    dataset = trials.select(awkward(), units=[0, 1]).drop_indexes("unit_id")
    to_nwb(dataset.assign_coords(unit_id=("unit", names)), tmp_path / "a.nwb")
    with h5py.File(tmp_path / "a.nwb") as file:
        assert file["units/id"][:].tolist() == ids
    assert from_nwb(tmp_path / "a.nwb")["unit_id"].values.tolist() == names


def test_the_date_of_the_session_is_told_or_said_to_be_unknown(written, tmp_path):
    dataset, path = written
    began = datetime(2026, 2, 3, 10, 30, tzinfo=UTC)
    to_nwb(dataset, tmp_path / "a.nwb", session_start_time=began)
    for file, expected, unknown in ((tmp_path / "a.nwb", began, False),
                                    (path, datetime(1970, 1, 1, tzinfo=UTC), True)):  # fmt: skip
        with pynwb.NWBHDF5IO(str(file), "r") as io:
            read = io.read()
            assert read.session_start_time == expected
            assert ("date is not known" in read.session_description) == unknown


@pytest.mark.parametrize(
    ("change", "name", "said"),
    [
        (lambda d: d, "a.h5", "a.h5: an NWB file is to be written"),
        (lambda d: d.assign_coords(start_time=d["start_time"] * np.nan), "a.nwb",
         "mouse-q.movie: trial 0 has no start_time"),
        (lambda d: d.rename(quality_good="quality_electrodes"), "a.nwb",
         "mouse-q.movie: quality column 'electrodes' cannot be a column.*rename"),
        (lambda d: d.rename(quality_good="quality_unit_id"), "a.nwb", "column 'unit_id' cannot be"),
        (lambda d: d.rename(quality_good="quality_a:b"), "a.nwb", "quality column 'a:b' cannot"),
        (lambda d: d.assign_attrs(kind="recording"), "a.nwb", "kind is 'recording', must be one"),
        (lambda d: trials.select(d, trials=np.array([], int)), "a.nwb", "movie: has no trials"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_and_nothing_is_left(tmp_path, change, name, said):
    with pytest.raises(InputError, match=said):
        to_nwb(change(awkward()), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_time_without_its_zone_is_refused(tmp_path):
    with pytest.raises(InputError, match="2026-02-03 00:00:00 has no time zone"):
        to_nwb(awkward(), tmp_path / "a.nwb", session_start_time=datetime(2026, 2, 3))
    assert not list(tmp_path.iterdir())


def deleted(at):
    return lambda file: file.__delitem__(at)


def set_to(at, index, value):
    def harm(file):
        file[at][index] = value

    return harm


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (deleted("scratch"), "not written by spikedrift .*the source nwb reads any NWB file"),
        (deleted("intervals/trials"), "the table 'trials' is missing"),
        (deleted("units"), "units"),
        (set_to("intervals/trials/start_time", 3, np.nan), "row 3 of 'trials' has no start"),
        (
            set_to("intervals/trials/repeat", slice(None), 3),
            "movie: trial 9 is a duplicate",
        ),
        (set_to("units/spike_times_index", 0, 65535), "column 'spike_times' of 'units': row 0"),
        (set_to("units/spike_times", 0, np.nan), "unit in row 0: a spike time is not finite"),
        (set_to("scratch/spikedrift_attributes", (), "[1]"), "must be JSON of a mapping"),
        (set_to("scratch/spikedrift_attributes", (), "{"), "must be JSON of a mapping"),
    ],
)
def test_a_file_that_was_changed_is_refused_with_its_name(written, tmp_path, harm, said):
    path = tmp_path / "b.nwb"
    path.write_bytes(written[1].read_bytes())
    with h5py.File(path, "r+") as file:
        harm(file)
    with pytest.raises(InputError, match=rf"{path}: .*{said}"):
        from_nwb(path)


def test_a_file_of_others_is_left_to_the_source(tmp_path):
    with pytest.raises(InputError, match="not written by spikedrift"):
        from_nwb(damaged(tmp_path / "lab.nwb"))
    with pytest.raises(InputError, match="no such NWB file"):
        from_nwb(tmp_path / "none.nwb")


def test_the_command_goes_both_ways(tmp_path, capsys):
    dataset = awkward(observed=False)
    trials.write(dataset, tmp_path / "a.nc")
    main([str(tmp_path / "a.nc"), str(tmp_path / "a.nwb")])
    main([str(tmp_path / "a.nwb"), str(tmp_path / "b.nc")])
    assert capsys.readouterr().out.endswith("b.nc: 5 units, 12 trials\n")
    same(trials.read(tmp_path / "b.nc"), dataset)


def test_the_command_makes_up_times_that_are_not_known(tmp_path, capsys):
    dataset = awkward()
    trials.write(
        dataset.assign_coords(start_time=dataset["start_time"] * np.nan), tmp_path / "a.nc"
    )
    with pytest.raises(InputError, match="the command does with --pause"):
        main([str(tmp_path / "a.nc"), str(tmp_path / "a.nwb")])
    main([str(tmp_path / "a.nc"), str(tmp_path / "a.nwb"), "--pause", "2"])
    found = from_nwb(tmp_path / "a.nwb")
    assert found["start_time"].values[:3].tolist() == [0.0, 2.5, 5.0]
    np.testing.assert_array_equal(found["spike_count"], dataset["spike_count"])


@pytest.mark.process
def test_the_command_says_one_line_of_what_is_wrong(tmp_path):
    command = [sys.executable, "-m", "spikedrift.exchange.nwb", "none.nc", "a.nwb"]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3] / "src")}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=here)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("spikedrift: none.nc") and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
