"""Our own files: what is under another's name, changed or damaged is one line that names it."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from tests.unit.similarity.test_store import recording

from spikedrift import trials
from spikedrift.core import netcdf, results
from spikedrift.core.atomic import write_netcdf, write_tsv
from spikedrift.core.errors import InputError
from spikedrift.drift.profile import profile_values
from spikedrift.figures.registry import render
from spikedrift.ground_truth import measure as ground_truth
from spikedrift.similarity.matrix import similarity, write

FLIPS = 30


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return recording(80)


@pytest.fixture(scope="module")
def matrix(data) -> xr.Dataset:
    return similarity(data, "rate_correlation")


@pytest.fixture
def small_chunks(monkeypatch) -> None:
    """Pieces of files as they are where trials are many."""
    monkeypatch.setattr("spikedrift.similarity.matrix.CHUNK", 32)


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "results"


def refused(path: Path, *words: str, **said: str) -> str:
    """The one line that reading a file ends with."""
    with pytest.raises(InputError) as raised:
        results.read(path, **said)
    line = str(raised.value)
    assert line.startswith(f"{path}: ") and "\n" not in line
    assert "delete it and run the same command again" in line
    for word in words:
        assert word in line
    return line


def test_a_file_is_read_back_as_it_was(folder, matrix):
    write_netcdf(matrix, folder / "similarity/a/all/rate.nc")
    got = results.read(folder / "similarity/a/all/rate.nc", code="rate")
    xr.testing.assert_identical(got, matrix)
    few = results.read(folder / "similarity/a/all/rate.nc", ("segment_value",))
    assert list(few.data_vars) == ["segment_value"]
    # Other programs read it too, and see which one it is.
    with h5py.File(folder / "similarity/a/all/rate.nc") as file:
        assert file.attrs["result"] == "similarity/a/all/rate.nc"
        assert file["value"].fletcher32 and file["n_shared"].fletcher32


def test_a_copy_elsewhere_may_have_any_name(folder, tmp_path, matrix):
    write_netcdf(matrix, folder / "similarity/a/all/rate.nc")
    shutil.copy(folder / "similarity/a/all/rate.nc", tmp_path / "mine.nc")
    xr.testing.assert_identical(results.read(tmp_path / "mine.nc"), matrix)
    matrix.to_netcdf(tmp_path / "plain.nc", engine="h5netcdf")
    xr.testing.assert_identical(results.read(tmp_path / "plain.nc"), matrix)


@pytest.mark.parametrize("kind", ["ours", "phony"])
def test_what_is_read_is_what_xarray_reads(tmp_path, matrix, kind):
    """Arrays, dtypes, attributes and how they are stored; of dimensions without a name too."""
    path = tmp_path / "file.nc"
    if kind == "ours":
        extra = {"unit": ("n", np.array(["a", "bé", ""], object)), "when": ("n", [0.5, np.nan, 2])}
        write_netcdf(matrix.assign(extra).assign_coords(n=[3, 1, 2]), path)
    else:
        with h5py.File(path, "w") as file:
            file["a"], file["b"] = np.arange(6).reshape(2, 3), [b"x", b"y"]
    with xr.open_dataset(path, engine="h5netcdf", phony_dims="access") as expected:
        expected.load()
    with netcdf.reading(path) as got:
        got.load()
    xr.testing.assert_identical(got, expected)
    for name, variable in expected.variables.items():
        assert got.variables[name].dtype == variable.dtype
        assert repr(got.variables[name].encoding) == repr(variable.encoding)


@pytest.mark.fault("files", "a result under the name of another")
@pytest.mark.parametrize(
    ("made", "copied"),
    [
        ("similarity/a/all/rate.nc", "similarity/a/all/timing.nc"),
        ("similarity/a/all/rate.nc", "similarity/a/few/rate.nc"),
        ("similarity/a/all/rate.nc", "similarity/b/all/rate.nc"),
        ("similarity/a/all/rate.nc", "drift/a/all/rate.nc"),
        ("drift/a/all/index.nc", "drift/b/all/index.nc"),
        ("profiles/a/all.nc", "profiles/a/few.nc"),
        ("analyses/a/all/decoding.nc", "analyses/a/all/geometry.nc"),
        ("traces/one.nc", "traces/two.nc"),
        ("compare/one.nc", "compare/two.nc"),
        ("recovery/one.nc", "recovery/two.nc"),
        ("structure/one.nc", "structure/one.animals.nc"),
        ("surveys/s/runs/one.nc", "surveys/s/runs/two.nc"),
        ("inference/one.nc", "inference/two.nc"),
    ],
)
def test_a_file_under_anothers_name_is_refused(folder, made, copied):
    write_netcdf(xr.Dataset({"value": ("n", np.arange(3.0))}), folder / made)
    (folder / copied).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / made, folder / copied)
    refused(folder / copied, f"says that it is results/{made}")
    assert results.read(folder / made)["value"].values.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.fault("files", "trials of one recording copied over another's")
def test_trials_of_another_recording_are_refused(folder, data):
    trials.write(data, folder / "trials/made.movie.nc")
    xr.testing.assert_identical(trials.read(folder / "trials/made.movie.nc"), data)
    shutil.copy(folder / "trials/made.movie.nc", folder / "trials/other.movie.nc")
    with pytest.raises(InputError, match=r"results/trials/made\.movie\.nc: it was copied"):
        trials.read(folder / "trials/other.movie.nc")
    trials.write(data, folder / "trials/other.movie.nc")
    with pytest.raises(InputError, match=r"recording is 'made\.movie', needed is 'other\.movie'"):
        trials.read(folder / "trials/other.movie.nc")


@pytest.mark.fault("files", "a flipped bit anywhere in a file", cases=FLIPS)
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("pieces", [False, True])
def test_a_flipped_bit_is_one_line(folder, data, pieces):
    path = folder / "similarity/made.movie/all/rate.nc"
    whole = 40 if pieces else 4096
    write(data, "rate_correlation", {}, path, whole=whole, side=64)
    right, chance = path.read_bytes(), np.random.default_rng(5)
    for at in chance.choice(len(right), FLIPS, replace=False):
        wrong = bytearray(right)
        wrong[at] ^= 1 << chance.integers(8)
        path.write_bytes(wrong)
        refused(path, "is damaged: ")
    path.write_bytes(right)
    xr.testing.assert_allclose(results.read(path), similarity(data, "rate_correlation"), rtol=1e-13)


@pytest.mark.fault("files", "a flipped bit in an array, read by another program")
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("name", ["value", "n_shared"])
def test_arrays_carry_checksums_of_their_own(tmp_path, data, name, pieces):
    path = tmp_path / "m.nc"
    write(data, "rate_correlation", {}, path, whole=40 if pieces else 4096, side=64)
    with h5py.File(path) as file:
        at = file[name].id.get_chunk_info(0)
    wrong = bytearray(path.read_bytes())
    wrong[at.byte_offset + at.size // 2] ^= 4
    path.write_bytes(wrong)
    with h5py.File(path) as file, pytest.raises(OSError, match=r"fletcher32|filter|inflate"):
        file[name][...]


@pytest.mark.fault("files", "a file cut short", cases=8)
def test_a_truncated_file_is_one_line(folder, matrix):
    path = folder / "similarity/a/all/rate.nc"
    write_netcdf(matrix, path)
    right = path.read_bytes()
    for length in (0, 1, 8, 100, len(right) // 2, len(right) - 85, len(right) - 84, len(right) - 1):
        path.write_bytes(right[:length])
        refused(path, "is damaged: it carries no checksum")


def negated(path: Path) -> None:
    """Change values and write them as a user would."""
    with xr.open_dataset(path, engine="h5netcdf") as file:
        changed = file.load()
    changed.assign(value=-changed["value"]).to_netcdf(path, engine="h5netcdf")


def negated_in_place(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["value"][...] = -file["value"][...]


def without_a_variable(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["value"]


def overwritten(path: Path) -> None:
    path.write_bytes(b"no HDF5 at all, but long enough to be a file of some kind" * 20)


def of_another_table(path: Path) -> None:
    path.write_text("measure\tvalue\nrate\t1\n")


@pytest.mark.fault("files", "a file that was changed after it was made")
@pytest.mark.parametrize(
    "change", [negated, negated_in_place, without_a_variable, overwritten, of_another_table]
)
def test_a_changed_file_is_one_line_and_nothing_is_drawn(folder, matrix, change):
    path, figure = folder / "similarity/a/all/rate.nc", folder / "figures/matrices"
    write_netcdf(matrix, path)
    change(path)
    refused(path, "is damaged: ")
    with pytest.raises(InputError, match="is damaged"):
        render("matrices", {"rate": [path]}, figure)
    assert not figure.parent.exists()


@pytest.mark.fault("files", "a matrix of rate where one of timing belongs")
def test_a_file_of_another_code_is_not_drawn(tmp_path, matrix):
    write_netcdf(matrix, tmp_path / "m.nc")
    with pytest.raises(InputError, match=r"m\.nc: its code is 'rate', needed is 'timing'"):
        render("matrices", {"rate": [tmp_path / "m.nc"], "timing": [tmp_path / "m.nc"]},
               tmp_path / "f")  # fmt: skip


@pytest.mark.fault("files", "a file of another version")
def test_another_format_is_one_line(folder, matrix, monkeypatch):
    path = folder / "similarity/a/all/rate.nc"
    monkeypatch.setattr("spikedrift.core.seal.FORMAT", 7)
    write_netcdf(matrix, path)
    monkeypatch.undo()
    refused(path, "is of format 7, this version of spikedrift reads 2")


@pytest.mark.fault("files", "no file, or none that may be read")
def test_what_is_no_file_is_one_line(folder, data):
    with pytest.raises(InputError, match="no such file"):
        results.read(folder / "profiles/a/all.nc")
    (folder / "profiles/a/all.nc").mkdir(parents=True)
    with pytest.raises(InputError, match="no such file"):
        results.read(folder / "profiles/a/all.nc")
    write_netcdf(profile_values(data, 0), folder / "profiles/b/all.nc")
    with pytest.raises(InputError, match=r"lacks a variable: .*none"):
        results.read(folder / "profiles/b/all.nc", ("none",))


@pytest.mark.fault("files", "a table of something else, or cut short")
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "is cut short"),
        (b"rule\tx\nstdp\t1\nst", "is cut short"),
        (b"\xff\xfe\x00\n", "is no readable table"),
        (b"x\ty\n1\t2\n", "lacks the column 'rule'"),
        (b"rule\tx\nstdp\t1\nmlp\t2\n", "is of rule 'mlp', not 'stdp'"),
    ],
)
def test_a_table_of_something_else_is_refused(tmp_path, content, line):
    path = tmp_path / "stdp.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=line) as raised:
        results.table(path, {"rule": "stdp"})
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.fault("files", "a record that is cut short or missing", cases=2)
def test_a_record_that_is_cut_short_is_one_line(tmp_path):
    path = tmp_path / "provenance.json"
    with pytest.raises(InputError, match="delete it and run the same command again"):
        results.record(path)
    path.write_text('{"versions": {"nu')
    with pytest.raises(InputError, match=r"provenance\.json: is no readable JSON"):
        results.record(path)
    path.write_text('{"versions": {}}')
    assert results.record(path) == {"versions": {}}


@pytest.mark.fault("files", "seeds of the ground truth under another name")
@pytest.mark.parametrize("name", ["b/rate_index.0", "a/timing_index.0", "a/rate_index.5"])
def test_a_chunk_of_the_ground_truth_under_another_name_is_refused(tmp_path, name):
    rows = [("rate_index", "index", "rate", 0, 0.1, 0.5, 0.0, "")]
    table = ground_truth.pd.DataFrame(rows, columns=list(ground_truth.COLUMNS)).assign(case="a")
    write_tsv(table, tmp_path / "a/rate_index.0.tsv")
    ground_truth.pd.testing.assert_frame_equal(
        ground_truth.read_chunk(tmp_path / "a/rate_index.0.tsv"), table
    )
    copy = tmp_path / f"{name}.tsv"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(tmp_path / "a/rate_index.0.tsv", copy)
    with pytest.raises(InputError, match="delete it and run the same command again"):
        ground_truth.read_chunk(copy)
