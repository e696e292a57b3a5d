"""NWB files that are damaged, or are something else: one line each, and never other numbers."""

import h5py
import numpy as np
import pytest
from nwb_base import changed, counts, damaged, filtered, linked, options, put, values, without

from spikedrift.core.errors import InputError
from spikedrift.sources import nwb


def refused(path, **more) -> str:
    """Line of the refusal."""
    with pytest.raises(InputError) as caught:
        nwb.read(path, options(**more), "m.grating")
    line = str(caught.value)
    assert line.startswith(str(path)) and "\n" not in line
    assert len(line.removeprefix(str(path))) < 260
    return line


def test_the_base_file_is_read_as_it_is(tmp_path):
    data = nwb.read(damaged(tmp_path / "m.nwb"), options(), "m.grating")
    np.testing.assert_array_equal(data["spike_count"], counts())
    assert data["population"].values.tolist() == ["VISp", "VISl"] * 3


def _falling(file: h5py.File) -> None:
    file["units/spike_times_index"][2] = 700


@pytest.mark.fault("nwb", "a ragged index that does not fit its data")
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (changed("units/spike_times", lambda v: v[:1500]), "row 2: slice 1200:1800 is outside"),
        (changed("units/spike_times", lambda v: np.append(v, v)), "ends at 3600 (row 5, the last)"),
        (_falling, "row 2: slice 1200:700 ends before it starts"),
        (
            changed("units/spike_times_index", lambda v: v.astype(np.int64) - 700),
            "row 0: slice 0:-100 is outside",
        ),
        (changed("units/spike_times_index", lambda v: v + 0.5), "its index holds float64"),
        (changed("units/spike_times_index", lambda v: v[:, None]), "of shape (6, 1)"),
        (changed("units/obs_intervals", lambda v: v[:4]), "row 4: slice 4:5 is outside"),
        (changed("units/electrodes", lambda v: v[:5]), "row 5: slice 5:6 is outside"),
    ],
)
def test_an_index_that_does_not_fit_is_refused_by_column_and_row(tmp_path, harm, reason):
    path = damaged(tmp_path / "m.nwb", harm)
    line = refused(path, population="location")
    assert reason in line and "of 'units'" in line


def test_an_index_of_any_whole_type_is_taken(tmp_path):
    for kind in (np.int16, np.uint64):
        index = changed("units/spike_times_index", lambda v, kind=kind: v.astype(kind))
        data = nwb.read(damaged(tmp_path / "m.nwb", index), options(), "m.grating")
        np.testing.assert_array_equal(data["spike_count"], counts())


@pytest.mark.fault("nwb", "columns that cannot be read: filter, link, text, missing, another shape")
@pytest.mark.parametrize(
    ("harm", "more", "reason"),
    [
        (filtered("units/spike_times"), {}, "row 0 cannot be read (compressed with an HDF5 filter"),
        (filtered("units/presence_ratio"), {}, "'presence_ratio' of 'units' cannot be read"),
        (
            filtered("processing/behavior/speed/data"),
            {"running_speed": "behavior/speed"},
            "series 'behavior/speed' cannot be read (compressed with an HDF5 filter",
        ),
        (linked("units/spike_times"), {}, "'spike_times' is missing); a link of the file is brok"),
        (
            linked("processing/behavior/speed"),
            {"running_speed": "behavior/speed"},
            "/processing/behavior/speed",
        ),
        (
            linked("acquisition/pupil/data"),
            {"pupil_area": "pupil[0]"},
            "broken at /acquisition/pupil/data",
        ),
        (without("units/spike_times_index"), {}, "for 6 rows and no spike_times_index"),
        (without("units/area"), {}, "units: column 'area' is missing"),
        (without("intervals/trials/start_time"), {}, "trials: column 'start_time' is missing"),
        (without("general/extracellular_ephys/electrodes"), {}, "refers to a table that is not"),
        (changed("units/area", lambda v: v[:4]), {}, "'area' has (4,) values for 6 rows"),
        (
            values("units/area", np.array(["é".encode("latin-1")] * 6)),
            {},
            "column 'area' of 'units' cannot be read ('utf-8' codec",
        ),
        (changed("units/spike_times", lambda v: v[:, None]), {}, "one after the other"),
        (changed("units/spike_times", lambda v: v.astype("S")), {}, "row 0 holds |S"),
        (changed("units/obs_intervals", lambda v: v[:, :1]), {}, "numbers of shape (2,) each"),
        (changed("units/obs_intervals", lambda v: v[:, ::-1]), {}, "stops before it starts"),
        (changed("units/electrodes", lambda v: v + 7), {"population": "location"}, "electrode 7"),
        (values("units/id", np.array([b"a"] * 6)), {}, "ElementIdentifiers must contain integers"),
        (values("units/id", np.array([3] * 6)), {}, "two units have the same id 3"),
        (values("session_start_time", "yesterday"), {}, "Invalid isoformat string: 'yesterday'"),
        (changed("intervals/trials/seg", lambda v: np.stack([v, v], 1)), {}, "more than one value"),
        (changed("intervals/trials/seg", lambda v: v + 1j), {}, "neither numbers nor text"),
    ],
)
def test_a_column_that_cannot_be_read_is_one_line(tmp_path, harm, more, reason):
    assert reason in refused(damaged(tmp_path / "m.nwb", harm), **more)


def test_text_that_is_not_ascii_is_read(tmp_path):
    area = np.array(["Ä1".encode(), "µ".encode()] * 3)
    data = nwb.read(damaged(tmp_path / "m.nwb", values("units/area", area)), options(), "m.a")
    assert data["population"].values.tolist() == ["Ä1", "µ"] * 3


def test_a_link_that_is_not_needed_does_no_harm(tmp_path):
    data = nwb.read(damaged(tmp_path / "m.nwb", linked("acquisition/pupil")), options(), "m.a")
    np.testing.assert_array_equal(data["spike_count"], counts())


def _no_rows(table: str):
    def harm(file: h5py.File) -> None:
        for name, column in list(file[table].items()):
            put(
                file,
                column.name,
                lambda at=column.name, like=column: file.create_dataset(
                    at, (0, *like.shape[1:]), like.dtype
                ),
            )
            assert len(file[table][name]) == 0

    return harm


@pytest.mark.fault("nwb", "empty tables, and units that were never observed")
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_no_rows("units"), "the file has no units"),
        (_no_rows("intervals/trials"), "table 'trials' of intervals is empty"),
        (without("units"), "the file has no units at /units"),
        (changed("units/obs_intervals", lambda v: v + 500), "no unit was observed in any trial"),
    ],
)
def test_nothing_to_read_is_one_line(tmp_path, harm, reason):
    assert reason in refused(damaged(tmp_path / "m.nwb", harm))


@pytest.mark.fault("nwb", "files and directories that are not NWB 2", cases=4)
def test_what_is_not_nwb_2_is_called_by_its_name(tmp_path):
    def old(file: h5py.File) -> None:
        del file.attrs["nwb_version"]
        file["nwb_version"] = "NWB-1.0.6"

    line = refused(damaged(tmp_path / "old.nwb", old))
    assert "not NWB 2 (nwb_version NWB-1.0.6); convert it" in line
    store = tmp_path / "m.nwb.zarr"
    store.mkdir()
    assert "a zarr store" in refused(store)
    hidden = tmp_path / "hidden.nwb"
    hidden.mkdir()
    (hidden / ".zgroup").write_text("{}")
    assert "a zarr store" in refused(hidden)
    plain = tmp_path / "plain.nwb"
    plain.mkdir()
    assert "a directory, must be an NWB file" in refused(plain)


def test_a_version_of_bytes_is_a_version(tmp_path):
    def harm(file: h5py.File) -> None:
        file.attrs["nwb_version"] = np.bytes_("2.7.0")

    data = nwb.read(damaged(tmp_path / "m.nwb", harm), options(), "m.grating")
    np.testing.assert_array_equal(data["spike_count"], counts())


def test_times_of_trials_that_are_missing(tmp_path):
    no_stop = changed("intervals/trials/stop_time", lambda v: np.where(v > 50, np.nan, v))
    path = damaged(tmp_path / "m.nwb", no_stop)
    assert "row 9 of 'trials' has no start or no stop" in refused(path)
    data = nwb.read(path, options(duration=1.0, block_gap=3.9), "m.grating")
    np.testing.assert_array_equal(data["spike_count"], counts())
    assert data["block"].values.tolist() == list(range(20))  # pauses of 4 s
    path = damaged(tmp_path / "m.nwb", changed("intervals/trials/start_time", lambda v: v * np.nan))
    assert "row 0 of 'trials' has no start" in refused(path)
