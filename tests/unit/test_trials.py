"""The trials contract: against naive loops, and refusal by refusal."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.sources.repeats import counted_through

TIMES = st.floats(0, 10, allow_nan=False, allow_subnormal=False)


def make(seed: int = 0, n_trials: int = 6, n_units: int = 4, **changes) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    count = rng.poisson(2, (n_trials, n_units))
    cell = np.repeat(np.arange(count.size), count.ravel())
    time, count = trials.ragged(
        cell // n_units, cell % n_units, rng.uniform(0, 0.5, cell.size), count.shape
    )
    arguments = {
        "recording": "mouse-x.movie",
        "kind": "synthetic",
        "trial": {
            "stimulus": "movie",
            "segment": np.arange(n_trials) % 3,
            "repeat": np.arange(n_trials) // 3,
            "duration": 0.5,
        },
        "unit": {"unit_id": [f"u{n}" for n in range(n_units)]},
    }
    return trials.assemble(time, count, **{**arguments, **changes})


def cells(dataset: xr.Dataset) -> list[list[list[float]]]:
    """Spike times of every (trial, unit), by a plain loop."""
    position, out = 0, []
    for row in dataset["spike_count"].values:
        out.append([])
        for n in row:
            out[-1].append(dataset["spike_time"].values[position : position + n].tolist())
            position += n
    return out


# Building


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), TIMES), max_size=40))
def test_ragged_equals_sorting_each_cell(spikes):
    table = [
        [sorted(t for r, u, t in spikes if (r, u) == (i, j)) for j in range(3)] for i in range(4)
    ]
    trial, unit, time = np.array(spikes, dtype=float).reshape(-1, 3).T
    out, count = trials.ragged(trial.astype(int), unit.astype(int), time, (4, 3))
    assert count.tolist() == [[len(cell) for cell in row] for row in table]
    assert out.tolist() == [t for row in table for cell in row for t in cell]
    assert (out.dtype, count.dtype) == (np.float64, np.int32)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), TIMES), max_size=40),
    st.lists(st.tuples(TIMES, st.floats(0.01, 3)), min_size=1, max_size=6),
    st.sampled_from([0.0, 1e3, 1e6]),
)
def test_cut_equals_a_naive_loop(spikes, windows, since):
    unit = np.array([u for u, _ in spikes], dtype=int)
    time = since + np.array([t for _, t in spikes], dtype=float)
    start = since + np.array([s for s, _ in windows])
    duration = np.array([d for _, d in windows])
    out, count = trials.cut(time, unit, start, duration, 3)
    expected = [
        [sorted(t - s for t in time[unit == u] if s <= t < s + d) for u in range(3)]
        for s, d in zip(start, duration, strict=True)
    ]
    assert count.tolist() == [[len(cell) for cell in row] for row in expected]
    assert out.tolist() == [t for row in expected for cell in row for t in cell]
    # Rounding of `start + duration` must not let a spike past the end of its trial.
    assert (out < np.repeat(duration, count.sum(axis=1))).all()


def test_cut_rounds_no_spike_to_the_end_of_its_trial():
    start, duration = -0.7, 1.0
    last = np.nextafter(start + duration, 0)
    assert last - start == duration  # by rounding
    time, count = trials.cut([last], [0], [start], [duration], 1)
    assert count.tolist() == [[1]] and time.tolist() == [np.nextafter(duration, 0)]


def test_cut_counts_a_spike_in_every_overlapping_trial():
    time, count = trials.cut([1.0], [0], [0.5, 0.9, 1.0, 1.1], 0.6, 1)
    assert count[:, 0].tolist() == [1, 1, 1, 0]
    np.testing.assert_allclose(time, [0.5, 0.1, 0.0], atol=1e-15)


def test_offsets_and_cells_name_every_spike():
    dataset = make()
    trial, unit = trials.spike_cells(dataset)
    offsets = trials.offsets(dataset)
    for i in range(6):
        for j in range(4):
            a, b = offsets[4 * i + j : 4 * i + j + 2]
            assert dataset["spike_time"].values[a:b].tolist() == cells(dataset)[i][j]
            assert (trial[a:b] == i).all()
            assert (unit[a:b] == j).all()


def test_assemble_fills_defaults_and_broadcasts():
    dataset = make(attributes={"parameters": {"b": 1, "a": 2}, "pseudo_population": True})
    assert dataset["duration"].values.tolist() == [0.5] * 6
    assert dataset["phase"].values.tolist() == ["block"] * 6
    assert dataset["block"].values.tolist() == [0] * 6
    assert np.isnan(dataset["start_time"].values).all()
    assert dataset["observed"].values.all()
    assert dataset.attrs["parameters"] == '{"a": 2, "b": 1}'
    assert dataset.attrs["pseudo_population"] == 1
    assert dataset.attrs["trial_order_known"] == 1


GOOD = {"stimulus": "m", "segment": 0, "repeat": np.arange(6), "duration": 0.5}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trial": {**GOOD, "sgment": 0}}, ["'sgment'"]),
        ({"trial": {k: v for k, v in GOOD.items() if k != "segment"}}, ["'segment'", "missing"]),
        ({"trial": {**GOOD, "repeat": np.arange(5)}}, ["'repeat'", "(5,)", "(6,)"]),
        ({"trial": {**GOOD, "segment": [0, 0, 0, 0, 0, np.nan]}}, ["'segment'", "whole"]),
        ({"trial": {**GOOD, "segment": 0.5}}, ["'segment'", "whole"]),
        ({"trial": {**GOOD, "segment": "first"}}, ["'segment'", "int64"]),
        ({"unit": {}}, ["'unit_id'", "missing"]),
        ({"unit": {"unit_id": list("abcd"), "depth": 1.0}}, ["no unit column", "'depth'"]),
        (
            {"quality": {"presence_ratio": [1.0]}},
            ["'presence_ratio'", "(1,)"],
        ),
        ({"observed": np.ones((4, 6), bool)}, ["observed", "(4, 6)", "(6, 4)"]),
        ({"event_amplitude": [1.0]}, ["event_amplitude", "(1,)"]),
        ({"kind": "dta"}, ["'dta'", "data"]),
    ],
)
def test_assemble_refuses(changes, words):
    with pytest.raises(InputError) as error:
        make(**changes)
    assert str(error.value).startswith("mouse-x.movie: ")
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.mark.fault("names", "missing values and objects as labels")
@pytest.mark.parametrize("value", [np.nan, None, 0.5, object(), b"V1"])
@pytest.mark.parametrize("column", ["population", "unit_id"])
def test_what_has_no_label_is_refused(column, value):
    labels = np.array(["a", "b", value, "d"], dtype=object)
    unit = {"unit_id": list("abcd"), column: labels}
    with pytest.raises(InputError, match=rf"unit column '{column}' .* place 2 has") as caught:
        make(unit=unit)
    assert "\n" not in str(caught.value)


@pytest.mark.fault("names", "missing values and objects as labels")
@pytest.mark.parametrize("column", ["segment", "repeat", "block", "session"])
def test_a_missing_number_is_refused(column):
    with pytest.raises(InputError, match=rf"trial column '{column}' .* place 1 has nan"):
        make(trial={**GOOD, column: [0, np.nan, 2, 3, 4, 5]})


def test_columns_select_and_group_by_name():
    names = np.array(["left", "right", "up"])[np.arange(6) % 3]
    segment = {"segment": np.arange(6) % 3, "repeat": np.arange(6) // 3, "segment_name": names}
    dataset = make(trial={**GOOD, **segment, "presentation_index": np.arange(6)})
    count = dataset["spike_count"]
    np.testing.assert_array_equal(count.sel(unit_id="u2"), count.values[:, 2])
    shown = count.where(dataset["segment_name"] == "right", drop=True)
    np.testing.assert_array_equal(shown, count.values[1::3])
    mean = count.groupby("segment").mean()
    np.testing.assert_allclose(mean, count.values.reshape(2, 3, 4).mean(axis=0))
    one = count.swap_dims(trial="presentation_index").sel(presentation_index=3)
    np.testing.assert_array_equal(one, count.values[3])
    chosen = trials.select(dataset, trials=dataset["repeat"] == 1, units=dataset["unit_id"] == "u1")
    assert cells(chosen) == [[row[1]] for row in cells(dataset)[3:]]
    assert chosen["segment_name"].values.tolist() == ["left", "right", "up"]


def test_assemble_refuses_counts_without_two_dimensions():
    with pytest.raises(InputError, match="spike_count must be"):
        trials.assemble([], [1, 2], recording="a.b", kind="data", trial=GOOD, unit={})


# Checking


def spoil(dataset: xr.Dataset, name: str, where, value) -> xr.Dataset:
    dataset = dataset.copy(deep=True)
    dataset[name].values[where] = value
    return dataset


def second_cell_with(n: int) -> tuple[int, int, int]:
    """Trial, unit and first spike of the second cell with at least n spikes."""
    count = make()["spike_count"].values
    trial, unit = np.argwhere(count >= n)[1]
    return int(trial), int(unit), int(trials.offsets(make())[trial * 4 + unit])


@pytest.mark.parametrize("value", [-1e-9, 0.5, 0.7, np.nan, np.inf])
def test_check_names_the_spike_outside_its_trial(value):
    trial, unit, spike = second_cell_with(1)
    with pytest.raises(InputError, match=rf"trial {trial}, unit u{unit}: spike at .* outside"):
        trials.check(spoil(make(), "spike_time", spike, value))


def test_check_names_unsorted_spikes():
    trial, unit, spike = second_cell_with(2)
    dataset = make()
    swapped = dataset["spike_time"].values[[spike + 1, spike]]
    with pytest.raises(InputError, match=rf"trial {trial}, unit u{unit}: .* not sorted"):
        trials.check(spoil(dataset, "spike_time", slice(spike, spike + 2), swapped))


def test_check_allows_equal_times_and_falling_times_across_cells():
    _, _, spike = second_cell_with(2)
    dataset = make()
    time = dataset["spike_time"].values
    trials.check(spoil(dataset, "spike_time", slice(spike, spike + 2), time[spike]))
    assert (np.diff(time) < 0).any()


def test_check_names_a_negative_count():
    with pytest.raises(InputError, match=r"trial 2, unit u1: spike_count -1 is negative"):
        trials.check(spoil(make(), "spike_count", (2, 1), -1))


def test_check_refuses_a_count_that_does_not_add_up():
    dataset = make()
    wrong = spoil(dataset, "spike_count", (0, 0), dataset["spike_count"].values[0, 0] + 1)
    with pytest.raises(InputError, match=rf"sums to .* but there are {dataset.sizes['spike']}"):
        trials.check(wrong)


def test_check_names_spikes_of_a_unit_not_observed():
    trial, unit, _ = second_cell_with(1)
    with pytest.raises(InputError, match=rf"trial {trial}, unit u{unit}: .* not observed"):
        trials.check(spoil(make(), "observed", (trial, unit), False))


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_check_names_a_bad_duration(value):
    with pytest.raises(InputError, match=r"trial 3: duration .* must be positive"):
        trials.check(spoil(make(), "duration", 3, value))


def test_check_names_a_duplicate_trial():
    dataset = spoil(make(), "repeat", 5, 0)
    with pytest.raises(InputError, match=r"trial 5 is a duplicate \(stimulus movie, segment 2"):
        trials.check(dataset)


def test_trials_of_another_stimulus_or_repeat_are_no_duplicates():
    trials.check(spoil(spoil(make(), "repeat", 5, 0), "stimulus", 5, "other"))
    trials.check(spoil(make(), "repeat", 5, 9))


@pytest.mark.fault("trials", "repeats that start again in a block, day or phase")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"block": [0, 0, 0, 1, 1, 1], "repeat": 0}, "repeat 0 is in .*block 0 and in .*block 1"),
        ({"session": [0, 0, 0, 1, 1, 1], "repeat": 0}, "in session 0, .* and in session 1, "),
        ({"phase": ["naive"] * 3 + ["block"] * 3, "repeat": 0}, "phase naive, .* phase block, "),
        ({"block": [1, 1, 1, 0, 0, 0]}, "repeat 0 of .*block 1 comes after repeat 1 of .*block 0"),
        ({"session": [1, 1, 1, 0, 0, 0]}, "repeat 0 of session 1.* comes after repeat 1 of"),
    ],
)
def test_repeats_count_through(changes, words):
    trial = {**GOOD, "segment": np.arange(6) % 3, "repeat": np.arange(6) // 3, **changes}
    with pytest.raises(InputError, match=rf"{words}.*counted_through numbers them") as caught:
        make(trial=trial)
    assert "\n" not in str(caught.value)


def test_repeats_that_start_again_are_counted_through():
    block, label = np.repeat([0, 1], 6), np.tile([3, 3, 5, 5, 7, 7], 2)
    through = counted_through(block, label)
    assert through.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    np.testing.assert_array_equal(counted_through(block, through), through)
    segment = np.tile([0, 1, 2], 2)
    make(trial={**GOOD, "segment": segment, "block": block[3:9], "repeat": through[3:9]})


@pytest.mark.parametrize("name", ["spike_time", "observed", "phase", "unit_id", "pupil_area"])
def test_check_names_a_missing_variable(name):
    with pytest.raises(InputError, match=f"variable '{name}' is missing"):
        trials.check(make().drop_vars(name))


def test_check_refuses_another_contract_version():
    with pytest.raises(InputError, match="contract_version 0"):
        trials.check(make().assign_attrs(contract_version=0))


# Selecting


@settings(deadline=None)
@given(st.data())
def test_select_takes_masks_and_orders(data):
    dataset = make(event_amplitude=np.arange(make().sizes["spike"]) * 1.0)
    loose = cells(dataset)
    if data.draw(st.booleans()):
        rows = np.array(data.draw(st.lists(st.booleans(), min_size=6, max_size=6)))
        columns = np.array(data.draw(st.lists(st.booleans(), min_size=4, max_size=4)))
        chosen = np.flatnonzero(rows), np.flatnonzero(columns)
    else:
        rows = np.array(data.draw(st.lists(st.integers(0, 5), max_size=8)), dtype=int)
        columns = np.array(data.draw(st.lists(st.integers(-4, 3), max_size=6)), dtype=int)
        chosen = rows, columns
    out = trials.select(dataset, rows, columns)
    assert cells(out) == [[loose[i][j] for j in chosen[1]] for i in chosen[0]]
    assert out["segment"].values.tolist() == dataset["segment"].values[chosen[0]].tolist()
    assert out["unit_id"].values.tolist() == dataset["unit_id"].values[chosen[1]].tolist()
    amplitude = dict(
        zip(dataset["spike_time"].values, dataset["event_amplitude"].values, strict=True)
    )
    assert out["event_amplitude"].values.tolist() == [
        amplitude[t] for t in out["spike_time"].values
    ]
    assert out.attrs == dataset.attrs


def test_select_of_nothing_given_changes_nothing():
    xr.testing.assert_identical(trials.select(make()), make())


@pytest.mark.parametrize("chosen", [{}, {"units": [0, 2]}, {"trials": [1]}])
def test_what_is_selected_can_be_changed_and_its_source_stays(chosen):
    dataset, as_made = make(), make()
    out = trials.select(dataset, **chosen)
    out.attrs["selection"] = "another"
    for name in ("segment", "population", "spike_count", "spike_time"):
        out[name].values[...] = "x" if out[name].dtype.kind == "U" else 99
        out[name].attrs["units"] = "changed"
    xr.testing.assert_identical(dataset, as_made)


# Files


def test_a_file_comes_back_as_it_went(tmp_path):
    dataset = make(
        observed=make()["spike_count"].values > 0,
        unit={
            "unit_id": ["ä", "b", "c", "d"],
            "population": "VISp",
        },
        quality={"presence_ratio": [1.0, 0.9, 0.5, 1], "start_time": [1, 2, 3, 4]},
        attributes={"assumptions": "naïve order", "software": {"numpy": "2"}},
    )
    trials.write(dataset, tmp_path / "new" / "t.nc")
    back = trials.read(tmp_path / "new" / "t.nc")
    xr.testing.assert_identical(back.drop_attrs(), dataset.drop_attrs())
    assert {name: back.attrs[name] for name in dataset.attrs} == dataset.attrs
    for name in dataset.variables:
        assert back[name].dtype == dataset[name].dtype, name
        assert back[name].attrs == dataset[name].attrs, name
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["t.nc"]


@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (2, 2)])
def test_a_file_without_spikes_comes_back(tmp_path, shape):
    dataset = trials.assemble(
        [],
        np.zeros(shape, int),
        recording="a.b",
        kind="data",
        trial={"stimulus": "b", "segment": 0, "repeat": np.arange(shape[0]), "duration": 1.0},
        unit={"unit_id": [str(n) for n in range(shape[1])]},
    )
    trials.write(dataset, tmp_path / "t.nc")
    back = trials.read(tmp_path / "t.nc")
    assert back["spike_count"].shape == shape
    assert back["spike_time"].size == 0


def test_a_large_file_comes_back_compressed(tmp_path):
    dataset = make(n_trials=60, n_units=50)
    trials.write(dataset, tmp_path / "t.nc")
    xr.testing.assert_equal(trials.read(tmp_path / "t.nc"), dataset)
    with h5py.File(tmp_path / "t.nc") as file:
        assert file["spike_time"].compression == "gzip"


def test_read_refuses_what_is_no_trials_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        trials.read(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("not netCDF")
    with pytest.raises(InputError, match=r"text\.nc: not a readable netCDF4 file"):
        trials.read(tmp_path / "text.nc")
    trials.write(make(), tmp_path / "whole.nc")
    whole = (tmp_path / "whole.nc").read_bytes()
    (tmp_path / "cut.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.nc: not a readable netCDF4 file"):
        trials.read(tmp_path / "cut.nc")
    xr.Dataset({"x": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=r"other\.nc: .* so it is no trials file"):
        trials.read(tmp_path / "other.nc")


def test_write_refuses_a_broken_dataset_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "t.nc"
    trials.write(make(), path)
    before = path.read_bytes()
    with pytest.raises(InputError):
        trials.write(spoil(make(), "duration", 0, -1.0), path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["t.nc"]


# The page


def test_the_example_of_the_docs_runs(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "trials.md").read_text(encoding="utf-8")
    blocks = [part.split("```")[0] for part in page.split("```python\n")[1:]]
    (code,) = (block for block in blocks if "trials.assemble" in block)
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    dataset = trials.read("mouse-a.movie.nc")
    assert dataset["spike_count"].values.tolist() == [[1, 0], [0, 2], [1, 0], [0, 0]]


def test_the_docs_name_every_variable_and_attribute():
    page = (Path(__file__).parents[2] / "docs" / "trials.md").read_text(encoding="utf-8")
    dataset = make()
    for name in (*dataset.variables, *dataset.attrs):
        assert f"`{name}`" in page, name


def test_the_old_name_of_an_attribute_is_answered_by_the_new_one(tmp_path):
    old = make().rename({}).drop_attrs(deep=False)
    old.attrs = {("experience_unit" if k == "subject" else k): v for k, v in make().attrs.items()}
    line = "attribute 'experience_unit' is now called 'subject'"
    with pytest.raises(InputError, match=line) as error:
        trials.write(old, tmp_path / "a.movie.nc")
    assert "\n" not in str(error.value)
    old.to_netcdf(tmp_path / "a.movie.nc", engine="h5netcdf")
    with pytest.raises(InputError, match=line):
        trials.read(tmp_path / "a.movie.nc")
    with pytest.raises(InputError, match=line):
        make(attributes={"experience_unit": "animal 1"})
