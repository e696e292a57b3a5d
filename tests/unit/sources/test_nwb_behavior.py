"""Behavior series and tables of NWB files: found wherever they stand, in the right unit."""

import json

import h5py
import numpy as np
import pynwb
import pytest
from nwb_base import RATE, START, changed, counts, damaged, linked, options, spikes

from spikedrift.core.errors import InputError
from spikedrift.sources import nwb
from spikedrift.sources.covariates import speed_factor

SAMPLES = (START * RATE)[:, None] + np.arange(RATE)
MEAN = SAMPLES.mean(axis=1)  # of a series whose samples count up from 0


def read(path, **more):
    return nwb.read(path, options(**more), "m.grating")


@pytest.mark.fault("behavior", "series in another place of the file, with a conversion and a unit")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("behavior/speed", MEAN),
        ("/processing/behavior/speed", MEAN),
        ("speed", MEAN),
        ("behavior/BehavioralTimeSeries/deep", 100 * (0.5 * MEAN + 2)),
        ("behavior/deep", 100 * (0.5 * MEAN + 2)),
        ("acquisition/pupil[0]", MEAN),
        ("pupil[1]", -MEAN),
    ],
)
def test_a_series_is_found_and_is_in_cm_per_s(tmp_path, path, expected):
    data = read(damaged(tmp_path / "m.nwb"), running_speed=path)
    np.testing.assert_allclose(data["running_speed"], expected, rtol=1e-12)
    strange = "pupil" in path
    assert ("'px', is taken as cm/s" in data.attrs["assumptions"]) == strange
    unit = json.loads(data.attrs["parameters"])["behavior_units"]["running_speed"]
    assert unit == ("px" if strange else "m/s" if "deep" in path else "cm/s")


def test_a_pupil_keeps_its_unit(tmp_path):
    data = read(damaged(tmp_path / "m.nwb"), pupil_area="pupil[0]")
    np.testing.assert_allclose(data["pupil_area"], MEAN, rtol=1e-12)
    assert data.attrs["assumptions"] == ""


def _two(file: h5py.File) -> None:
    file.copy("processing/behavior/speed", "acquisition/speed")
    file["acquisition/speed"].attrs["object_id"] = "00000000-0000-0000-0000-000000000001"


SPEED = "processing/behavior/speed/data"
DEEP = "processing/behavior/BehavioralTimeSeries/deep/timestamps"


@pytest.mark.fault("behavior", "series that are not there, ambiguous, 2-D, out of order, too short")
@pytest.mark.parametrize(
    ("harm", "path", "reason"),
    [
        (None, "behaviour/speed", "no series 'behaviour/speed'; did you mean 'behavior/speed'?"),
        (None, "behavior/sped", "did you mean 'behavior/speed'? known: acquisition/pupil, "),
        (None, "pupil", r"'pupil' has shape (1200, 2); choose a column: [0] to [1]"),
        (None, "pupil[2]", r"choose a column: [0] to [1]"),
        (None, "speed[1]", r"choose a column: [0] to [0]"),
        (_two, "speed", "one of several (acquisition/speed, behavior/speed)"),
        (changed(SPEED, lambda v: np.zeros((9, 2, 2))), "speed", "must be samples x columns"),
        (changed(SPEED, lambda v: v.astype("S")), "speed", "holds |S32, not numbers"),
        (changed(SPEED, lambda v: v[:0]), "speed", "has no samples"),
        (changed(DEEP, lambda v: v[:-1]), "deep", "has 1200 samples, but 1199 times"),
        (changed(DEEP, lambda v: v[::-1]), "deep", "sample 1 has no time, or an earlier one"),
        (changed(DEEP, lambda v: np.where(v == 3, np.nan, v)), "deep", "sample 30 has no time"),
    ],
)
def test_a_series_that_cannot_be_used_is_one_line(tmp_path, harm, path, reason):
    file = damaged(tmp_path / "m.nwb", *([] if harm is None else [harm]))
    with pytest.raises(InputError) as caught:
        read(file, running_speed=path)
    assert reason in str(caught.value) and str(file) in str(caught.value)


def test_a_series_of_one_column_needs_no_choice(tmp_path):
    path = damaged(tmp_path / "m.nwb", changed(SPEED, lambda v: v[:, None]))
    np.testing.assert_allclose(read(path, running_speed="speed")["running_speed"], MEAN)


@pytest.mark.fault("behavior", "series without a sample in any trial")
def test_behavior_that_is_missing_throughout_is_said(tmp_path):
    path = damaged(tmp_path / "m.nwb", changed(SPEED, lambda v: v * np.nan))
    data = read(path, running_speed="speed")
    assert np.isnan(data["running_speed"]).all()
    assert data.attrs["assumptions"] == "running_speed has no sample in any trial (speed)"


def test_units_of_speed():
    for unit in ("cm/s", "cm/sec", "cm s^-1", "cm*s**-1", "centimeters per second", "Cm / S"):
        assert speed_factor(unit) == 1
    for unit in ("m/s", "meters/second", "m s-1", "m·s⁻¹", "metres per second"):
        assert speed_factor(unit) == 100
    assert speed_factor("mm/s") == 0.1
    assert speed_factor("km/h") == pytest.approx(27.7778, rel=1e-5)
    for unit in ("", "unknown", "a.u.", "m", "rad/s", "V", "px", "m/px"):
        assert speed_factor(unit) is None


def _moved(tmp_path, name="m.nwb", copies=1):
    """Write a file whose units and intervals stand below /processing."""
    source = damaged(tmp_path / "source.nwb")
    with pynwb.NWBHDF5IO(source, "r") as io:
        own = io.read()
        file = pynwb.NWBFile("a session", own.identifier, own.session_start_time)
    module = file.create_processing_module("ecephys", "sorted")
    for number in range(copies):
        units = pynwb.misc.Units(name=f"sorted{number or ''}", description="units")
        for times in spikes():
            units.add_unit(spike_times=times)
        module.add(units)
    shown = pynwb.epoch.TimeIntervals(name="presentations", description="trials")
    for start in START:
        shown.add_row(start_time=start, stop_time=start + 1)
    module.add(shown)
    with pynwb.NWBHDF5IO(tmp_path / name, "w") as io:
        io.write(file)
    return tmp_path / name


@pytest.mark.fault("nwb", "units and intervals below /processing", cases=4)
def test_units_and_intervals_are_found_below_processing(tmp_path):
    more = {"segment": None, "population": None}
    path = _moved(tmp_path)
    for place in ("presentations", "ecephys/presentations", "/processing/ecephys/presentations"):
        data = read(path, intervals=place, **more)
        np.testing.assert_array_equal(data["spike_count"], counts())
    with pytest.raises(InputError, match="no table of intervals 'trials'; known: ecephys/present"):
        read(path, **more)
    path = _moved(tmp_path, "two.nwb", copies=2)
    with pytest.raises(InputError, match=r"at /units, but ecephys/sorted, ecephys/sorted1; say wh"):
        read(path, intervals="presentations", **more)
    data = read(path, intervals="presentations", units="ecephys/sorted1", **more)
    np.testing.assert_array_equal(data["spike_count"], counts())


def test_a_broken_link_is_named_where_a_series_is_missing(tmp_path):
    path = damaged(tmp_path / "m.nwb", linked("processing/behavior/speed"))
    with pytest.raises(InputError, match=r"no series 'behavior/speed'.*broken at /processing/beh"):
        read(path, running_speed="behavior/speed")
