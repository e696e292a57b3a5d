"""Columns of NWB tables in every form: the same result, or one line; never other numbers.

Each example changes a copy of one small file as a converter, another release of pynwb or a damaged
disk might, and reads it. `must` says that the change is harmless: the result is that of the file
as it was.
"""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pynwb
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from nwb_base import N_TRIALS, changed, damaged, options, put, values

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.sources import nwb

ROWS = {"units": 6, "intervals/trials": N_TRIALS}
ONE_VALUE = {
    "units": ["presence_ratio", "area", "electrode_group"],
    "intervals/trials": ["start_time", "stop_time", "seg", "rep", "word", "group"],
}
RAGGED = ["spike_times", "obs_intervals", "electrodes"]
LABELS = ("seg", "rep", "word", "area")
CONTRACT = [*trials.TRIAL_COLUMNS, *trials.UNIT_COLUMNS, "spike_time", "spike_count", "observed"]
WANTED = [
    {},
    {"segment": "word", "repeat": "rep", "population": "location"},
    {"segment": "group", "population": "electrode_group"},
    {"segment": None, "block": "rep", "population": None},
]
places = st.sampled_from([(table, name) for table, names in ONE_VALUE.items() for name in names])
wishes = st.sampled_from(range(len(WANTED)))


def tried(what: str, cases: int) -> Callable[[Any], Any]:
    """Mark a test with its fault, and bound its examples, which are the same in every run."""
    bounded = settings(max_examples=cases, deadline=None, derandomize=True, database=None)
    return lambda test: pytest.mark.fault("nwb", what, cases=cases)(bounded(test))


@functools.cache
def base(wish: int) -> xr.Dataset:
    """What the unchanged file holds."""
    with tempfile.TemporaryDirectory() as folder:
        return nwb.read(damaged(Path(folder) / "m.nwb"), options(**WANTED[wish]), "m.grating")


def check(harm: Any, wish: int, must: bool = False, kept: np.ndarray | None = None) -> None:
    """Read a changed file: as it was (in the trials `kept`), or one line."""
    with tempfile.TemporaryDirectory() as folder:
        path = damaged(Path(folder) / "m.nwb", harm)
        try:
            found = nwb.read(path, options(**WANTED[wish]), "m.grating")
        except InputError as error:
            assert not must, error
            line = str(error)
            assert "\n" not in line and str(path) in line and len(line) < 400 + len(str(path))
            return
    expected = base(wish) if kept is None else trials.select(base(wish), kept)
    for name in ("spike_time", "spike_count", "observed", *trials.UNIT_COLUMNS):
        np.testing.assert_array_equal(found[name], expected[name])
    for name in trials.TRIAL_COLUMNS:
        if kept is None or name not in ("repeat", "block", "segment", "presentation_index"):
            np.testing.assert_array_equal(found[name], expected[name])


def as_enumeration(file: h5py.File, at: str) -> None:
    """Numbers of texts, which stand in a column of their own."""
    text, number = np.unique(file[at][:], return_inverse=True)
    elements = file.create_dataset(f"{at}_elements", data=[str(_plain(one)) for one in text])
    elements.attrs.update(file[at].attrs)
    elements.attrs["object_id"] = "00000000-0000-0000-0000-000000000002"
    put(file, at, lambda: file.create_dataset(at, data=number.astype(np.uint8)))
    file[at].attrs.update(
        neurodata_type="EnumData", namespace="hdmf-experimental", elements=elements.ref
    )


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def as_type(file: h5py.File, at: str, kind: str) -> None:
    """Same labels in another type."""
    if kind == "enumeration":
        return as_enumeration(file, at)
    label = file[at][:]
    if label.dtype.kind == "O":
        label = np.array([_plain(one) for one in label])
    if kind == "text":
        label = np.array([str(one) for one in label.tolist()], dtype=object)
    elif label.dtype.kind == "U":
        label = label.astype("S")
    else:
        label = label.astype(kind)
    values(at, label)(file)


KINDS = ["i1", "u2", "i8", "u8", "f4", "f8", "S", "text", "enumeration"]


@tried("columns of every type that pynwb knows", cases=25)
@given(place=places, kind=st.sampled_from(KINDS), wish=wishes)
@pytest.mark.slow
def test_the_type_of_a_column_changes_nothing(place, kind, wish):
    table, name = place
    if name not in LABELS:
        kind = {"enumeration": "f8", "i1": "f4", "f8": "text"}.get(kind, "f8")
    if name not in ("group", "electrode_group"):
        times = name in ("start_time", "stop_time", "presence_ratio")
        check(lambda file: as_type(file, f"{table}/{name}", kind), wish, must=not times)


SHAPES: dict[str, Callable[[np.ndarray], Any]] = {
    "column": lambda v: v[:, None],
    "matrix": lambda v: np.stack([v, v], 1),
    "scalar": lambda v: v[0],
    "short": lambda v: v[:-1],
    "long": lambda v: np.append(v, v[:1]),
    "empty": lambda v: v[:0],
    "complex": lambda v: np.arange(v.size) + 1j,
    "compound": lambda v: np.zeros(v.size, dtype=[("a", "i4"), ("b", "f8")]),
    "opaque": lambda v: np.zeros(v.size, dtype="V8"),
    "bytes": lambda v: np.array([b"\xff\xfe"] * v.size),
    "infinite": lambda v: np.full(v.size, np.inf),
    "no number": lambda v: np.full(v.size, np.nan),
    "references": lambda v: np.full(v.size, h5py.Reference(), h5py.ref_dtype),
}


@tried("columns of another shape, or of what is neither number nor text", cases=30)
@given(place=places, shape=st.sampled_from(list(SHAPES)), wish=wishes)
@pytest.mark.slow
def test_a_column_of_another_shape_is_refused_or_not_needed(place, shape, wish):
    table, name = place
    at = f"{table}/{name}"
    if shape == "infinite" and name in (WANTED[wish].get("repeat"), WANTED[wish].get("block")):
        return  # a label like any other
    if shape in ("infinite", "no number") and name in LABELS[:1] + LABELS[3:]:
        return  # so are these; missing ones have a test of their own

    check(changed(at, SHAPES[shape]), wish)


@tried("columns that are missing, renamed, reordered or half there", cases=30)
@given(
    place=places,
    how=st.sampled_from(["gone", "unlisted", "listed", "bare", "renamed", "reversed", "ragged"]),
    other=st.sampled_from(CONTRACT),
    wish=wishes,
)
@pytest.mark.slow
def test_a_column_that_is_not_where_it_was(place, how, other, wish):
    table, name = place

    def harm(file: h5py.File) -> None:
        group = file[table]
        listed = [str(one) for one in group.attrs["colnames"]]
        if how in ("gone", "unlisted"):
            listed.remove(name)
        if how in ("gone", "listed"):
            del group[name]
        if how == "bare":
            for key in list(group[name].attrs):
                del group[name].attrs[key]
        if how == "renamed" and other not in group:
            group.move(name, other)
            listed[listed.index(name)] = other
        if how == "reversed":
            listed.reverse()
        if how == "ragged":
            index = group.create_dataset(f"{name}_index", data=np.arange(1, ROWS[table] + 1))
            index.attrs.update(group[name].attrs)
            index.attrs.update(
                neurodata_type="VectorIndex", target=group[name].ref, object_id="0" * 8
            )
        group.attrs["colnames"] = np.array(listed, dtype=h5py.string_dtype())

    check(harm, wish, must=how == "reversed")


@tried("ragged columns with any index", cases=25)
@given(
    name=st.sampled_from(RAGGED),
    change=st.sampled_from(["move", "swap", "shift", "cut", "grow", "type", "target"]),
    row=st.integers(0, 5),
    by=st.integers(-700, 700).filter(bool),
    kind=st.sampled_from(["i2", "u4", "i8", "u8", "f8"]),
    wish=wishes,
)
@pytest.mark.slow
def test_any_other_index_is_refused(name, change, row, by, kind, wish):
    at = f"units/{name}_index"

    def harm(file: h5py.File) -> None:
        index = file[at][:].astype(np.int64)
        if change == "move" and name == "spike_times" and row < 5:
            by_row = by if abs(by) > 600 else 601 * np.sign(by)  # never another valid division
            index[row] += by_row
        elif change == "swap":
            index = index[::-1]
        elif change == "shift":
            index += by
        elif change in ("cut", "grow"):
            data = file[f"units/{name}"][:]
            data = data[:-1] if change == "cut" else np.concatenate([data, data[-1:]])
            values(f"units/{name}", data)(file)
        elif change == "target":
            del file[at].attrs["target"]
        values(at, index.astype(kind if change == "type" else "i8"))(file)

    check(harm, wish, must=change == "type" and kind != "f8")


@tried("labels of any trials missing", cases=10)
@given(
    lost=st.sets(st.integers(0, N_TRIALS - 1), min_size=1, max_size=N_TRIALS - 1),
    name=st.sampled_from(["seg", "word", "rep"]),
    text=st.sampled_from(["", "nan", "NaN", "  "]),
)
@pytest.mark.slow
def test_any_trials_without_a_label_are_left_out(lost, name, text):
    at = f"intervals/trials/{name}"
    rows = sorted(lost)

    def harm(file: h5py.File) -> None:
        label = file[at][:]
        if name == "word":
            label = np.array([_plain(one) for one in label], dtype=object)
            label[rows] = text
        else:
            label = label.astype(float)
            label[rows] = np.nan
        values(at, label)(file)

    wish = {"seg": 0, "word": 1, "rep": 3}[name]
    check(harm, wish, must=True, kept=np.setdiff1d(np.arange(N_TRIALS), rows))


@tried("further columns with names of the contract", cases=12)
@given(
    table=st.sampled_from(list(ROWS)),
    name=st.sampled_from([one for one in CONTRACT if one != "start_time"]),
    kind=st.sampled_from(["i8", "f8", "?", "S3", "references", "matrix"]),
    wish=wishes,
)
@pytest.mark.slow
def test_further_columns_change_nothing(table, name, kind, wish):
    def harm(file: h5py.File) -> None:
        group, like = file[table], dict(file[table]["id"].attrs)
        rows = ROWS[table]
        if kind == "references":
            data = np.array([file["general/devices/probe"].ref] * rows, dtype=h5py.ref_dtype)
        else:
            data = np.ones((rows, 3)) if kind == "matrix" else np.arange(rows).astype(kind)
        group.create_dataset(name, data=data).attrs.update(
            like, neurodata_type="VectorData", description="more", object_id="1" * 8
        )
        listed = [*map(str, group.attrs["colnames"]), name]
        group.attrs["colnames"] = np.array(listed, dtype=h5py.string_dtype())

    check(harm, wish, must=True)


def test_a_column_of_units_names_them(tmp_path):
    path = damaged(tmp_path / "a.nwb")
    found = nwb.read(path, options(unit_id="presence_ratio"), "m1.x")
    assert found["unit_id"].values.tolist() == ["0.5", "0.55", "0.6", "0.65", "0.7", "0.75"]
    with pytest.raises(InputError, match="two units have the same id VISl"):
        nwb.read(path, options(unit_id="area"), "m1.x")
    with pytest.raises(InputError, match="no column 'name'"):
        nwb.read(path, options(unit_id="name"), "m1.x")
    path = damaged(path, changed("units/presence_ratio", lambda one: one * np.tile([1, np.nan], 3)))
    with pytest.raises(InputError, match="unit in row 1 has no 'presence_ratio'"):
        nwb.read(path, options(unit_id="presence_ratio"), "m1.x")


TIMES = ["units/obs_intervals", "intervals/trials/start_time", "intervals/trials/stop_time"]


@pytest.mark.parametrize(
    ("length", "spikes", "questioned"),
    [(1000.0, 600, True), (1.0, 600, False), (1000.0, 60_000, False), (1.0, 1, False)],
)
def test_times_in_milliseconds_are_called_in_question(tmp_path, caplog, length, spikes, questioned):
    """Trials that are too long and units that are too slow; one of the two alone is possible."""

    def harm(file: h5py.File) -> None:
        for at in TIMES:
            values(at, file[at][:] * length)(file)
        times = np.sort(np.random.default_rng(0).uniform(0, 120 * length, (6, spikes)), axis=1)
        values("units/spike_times", times.ravel())(file)
        values("units/spike_times_index", spikes * np.arange(1, 7))(file)

    found = nwb.read(damaged(tmp_path / "m.nwb", harm), options(), "m.grating")
    assumed = found.attrs["assumptions"]
    if not questioned:
        assert not assumed
        return
    rate = np.median(found["spike_count"].sum("trial") / found["duration"].sum())
    assert assumed == (
        "times in the file are taken as s, though its median trial then lasts 1000 s and its "
        f"median unit fires at {rate:.2g} Hz: they may be in ms"
    )
    assert assumed in caplog.text


@pytest.mark.parametrize(
    ("origin", "dtype", "lost"),
    [(1e6, "f4", "62 ms"), (5000.0, "f4", "0.49 ms"), (1e6, "f8", ""), (0.0, "f4", "")],
)
def test_times_that_were_of_single_precision_are_said(tmp_path, caplog, origin, dtype, lost):
    def harm(file: h5py.File) -> None:
        for at in [*TIMES, "units/spike_times"]:
            values(at, file[at][:] + origin)(file)
        values("units/spike_times", file["units/spike_times"][:].astype(dtype).astype("f8"))(file)

    found = nwb.read(damaged(tmp_path / "m.nwb", harm), options(), "m.grating")
    said = f"spike times were rounded to single precision: the latest lie {lost} apart"
    assert found.attrs["assumptions"] == (said if lost else "")
    assert (said in caplog.text) == bool(lost)


@pytest.mark.parametrize("spans", ["touching", "trials"])
def test_a_unit_is_observed_across_intervals_that_touch_and_whatever_the_rounding(tmp_path, spans):
    path = damaged(tmp_path / "a.nwb")
    with h5py.File(path, "r+") as file:
        # Of 0.1 + 0.3 k, a start plus 0.3 is often the number after the next start.
        start, stop = 0.1 + 0.3 * np.arange(N_TRIALS), 0.1 + 0.3 * np.arange(1, N_TRIALS + 1)
        assert (start + 0.3 > stop).any()
        file["intervals/trials/start_time"][:] = start
        file["intervals/trials/stop_time"][:] = stop
        seen = {"touching": [[3.2, 9.0], [0.0, 3.2]], "trials": np.stack([start, stop], axis=1)}
        units = file["units/obs_intervals_index"].size
        values("units/obs_intervals", np.tile(seen[spans], (units, 1)))(file)
        values("units/obs_intervals_index", len(seen[spans]) * np.arange(1, units + 1))(file)
    for duration in (None, 0.3):
        chosen = options(duration=duration)
        assert nwb.read(path, chosen, "m.x")["observed"].values.all()


def test_pauses_as_long_as_the_gap_between_blocks_start_none_whatever_the_rounding(tmp_path):
    start = 0.1 + 0.4 * np.arange(N_TRIALS)  # trials of 0.1 s, 0.3 s apart
    start[12:] += 1.0
    stop = start + 0.1
    assert (start[1:12] - stop[:11] > 0.3).any()
    path = damaged(
        tmp_path / "a.nwb",
        values("intervals/trials/start_time", start),
        values("intervals/trials/stop_time", stop),
    )
    found = nwb.read(path, options(block_gap=0.3), "m.x")
    assert found["block"].values.tolist() == [0] * 12 + [1] * (N_TRIALS - 12)


def test_a_trial_beside_an_invalid_interval_is_kept_whatever_the_rounding(tmp_path):
    start = 0.1 + 0.3 * np.arange(N_TRIALS)
    late = int(np.argmax(start[:-1] + 0.3 > start[1:]))
    path = damaged(tmp_path / "a.nwb", values("intervals/trials/start_time", start))
    with pynwb.NWBHDF5IO(path, "a") as io:
        file = io.read()
        file.add_invalid_time_interval(start_time=start[late + 1], stop_time=start[late + 2])
        io.write(file)
    found = nwb.read(path, options(duration=0.3), "m.x")
    np.testing.assert_array_equal(found["start_time"], np.delete(start, late + 1))
