"""A trials file with one thing changed is read as it was, or refused in one line that names it."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from spikedrift import trials
from spikedrift.core.contract import LEAST, SPIKES, TEXTS, TRIAL_COLUMNS, UNIT_COLUMNS
from spikedrift.core.errors import InputError

N_TRIALS, N_UNITS = 8, 3


def base() -> xr.Dataset:
    """2 blocks x 2 repeats x 2 segments, 3 units with events, one of them lost in a trial."""
    rng = np.random.default_rng(5)
    count = 1 + rng.poisson(2, (N_TRIALS, N_UNITS))
    observed = np.ones(count.shape, dtype=bool)
    observed[3, 1], count[3, 1] = False, 0
    trial, unit = np.divmod(np.repeat(np.arange(count.size), count.ravel()), N_UNITS)
    time, count = trials.ragged(trial, unit, rng.uniform(0, 0.5, trial.size), count.shape)
    repeat = np.arange(N_TRIALS) // 2
    return trials.assemble(
        time,
        count,
        recording="mouse-x.movie",
        kind="data",
        trial={
            "stimulus": "movie",
            "segment": np.arange(N_TRIALS) % 2,
            "segment_name": np.array(["left", "right"])[np.arange(N_TRIALS) % 2],
            "repeat": repeat,
            "block": repeat // 2,
            "presentation_index": np.arange(N_TRIALS),
            "start_time": np.arange(N_TRIALS) * 2.0,
            "duration": 0.5,
            "running_speed": np.arange(N_TRIALS) + 0.25,
        },
        unit={"unit_id": ["a", "b", "c"], "population": ["V1", "V1", "LM"]},
        quality={"snr": [1.5, 2.5, np.nan], "spike_count": [4, 5, 6], "label": ["x", "y", "z"]},
        observed=observed,
        event_amplitude=rng.uniform(1, 2, time.size),
    )


BASE = base()
Mutation = Callable[[xr.Dataset], xr.Dataset]


def replaced(name: str, values: np.ndarray, dims: tuple[str, ...] | None = None) -> Mutation:
    """Change a variable for other values, dtype or dimensions."""

    def mutate(dataset: xr.Dataset) -> xr.Dataset:
        old = dataset[name]
        plain = dataset.drop_vars(name)
        return plain.assign({name: (old.dims if dims is None else dims, values, old.attrs)})

    return mutate


def with_value(name: str, value: object) -> np.ndarray:
    """Values of a variable with the second one changed, in a dtype that can hold it."""
    old = BASE[name].values
    text = old.dtype.kind == "U" or isinstance(value, str)
    values = old.astype(object if text else np.result_type(old.dtype, np.array(value).dtype))
    values.flat[1] = value
    return values


NARROWER = {"i": ("int8", "int16", "uint8", "uint32", "int64"), "b": ("int8", "uint8", "int64")}
OTHER = {  # dtypes that a variable of a kind must not have
    "i": ("float32", "float64", "U8", "S8", "datetime64[ns]", "complex128", "bool"),
    "b": ("float64", "U8", "S8", "datetime64[ns]", "complex128"),
    "f": ("float32", "int64", "bool", "U8", "S8", "datetime64[ns]", "complex128"),
    "U": ("S8", "int64", "float64", "bool"),
}
BAD = {  # values that one place of a variable must not have
    "i": (-7, np.nan, np.inf, -np.inf, 0.5, 1e300, "nan", "first"),
    "b": (2, -1, np.nan, 0.5, "yes"),
    "f": (np.inf, -np.inf, "nan", "fast"),
    "U": (7, np.nan, 0.5, True, None),
}


def kind_of(name: str) -> str:
    return {"O": "U", "T": "U"}.get(BASE[name].dtype.kind, BASE[name].dtype.kind)


def numbers_as(name: str, dtype: str) -> np.ndarray:
    values = np.nan_to_num(BASE[name].values) if kind_of(name) == "f" else BASE[name].values
    if kind_of(name) == "U" and np.dtype(dtype).kind in "ifb":
        return np.arange(values.size).reshape(values.shape).astype(dtype)
    if np.dtype(dtype).kind == "M":
        return np.arange(values.size).reshape(values.shape).astype("int64").astype(dtype)
    return values.astype(dtype)


def mutations() -> dict[str, tuple[Mutation, bool | None]]:
    """Mutations by name; True where the Dataset stays equal, False where it must be refused."""
    found: dict[str, tuple[Mutation, bool | None]] = {}
    columns = [*TRIAL_COLUMNS, *UNIT_COLUMNS]
    for name in [*SPIKES, *columns]:
        old, kind = BASE[name], kind_of(name)
        drop = name == "event_amplitude"
        found[f"{name} dropped"] = (lambda d, n=name: d.drop_vars(n), False)
        found[f"{name} renamed"] = (lambda d, n=name: d.rename({n: f"{n}s"}), False)
        found[f"{name} scalar"] = (replaced(name, old.values.flat[0], ()), False)
        other = tuple(f"other_{dim}" for dim in old.dims)
        found[f"{name} over other dimensions"] = (replaced(name, old.values, other), False)
        found[f"{name} with one more dimension"] = (
            replaced(name, old.values[None], ("more", *old.dims)),
            False,
        )
        found[f"{name} empty"] = (
            replaced(name, old.values[..., :0], tuple(f"none_{dim}" for dim in old.dims)),
            False,
        )
        if old.ndim == 2:
            found[f"{name} transposed"] = (replaced(name, old.values.T, old.dims[::-1]), False)
        for dtype in NARROWER.get(kind, ()):
            if dtype[0] != "u" or (old.values >= 0).all():
                found[f"{name} as {dtype}"] = (replaced(name, old.values.astype(dtype)), True)
        for dtype in OTHER[kind]:
            found[f"{name} as {dtype}"] = (replaced(name, numbers_as(name, dtype)), False)
        for value in BAD[kind]:
            if not (value == -7 and name == "segment"):
                found[f"{name} with {value!r}"] = (replaced(name, with_value(name, value)), False)
        assert drop or name in BASE.variables
    for name, value in {
        **{name: least - 1 for name, least in LEAST.items()},
        "phase": "Block",
        "stimulus": "",
        "population": "",
        "unit_id": "a",
        "duration": 0.0,
        "spike_time": -1e-9,
        "event_amplitude": np.nan,
    }.items():
        found[f"{name} with {value!r}"] = (replaced(name, with_value(name, value)), False)
    for name, value in (("duration", -1.0), ("duration", np.nan), ("spike_time", np.nan),
                        ("spike_time", 0.5), ("phase", ""), ("repeat", 3)):  # fmt: skip
        found[f"{name} with {value!r}"] = (replaced(name, with_value(name, value)), False)
    found["repeats start again"] = (replaced("repeat", BASE["repeat"].values % 2), False)
    found["blocks run backward"] = (replaced("block", 1 - BASE["block"].values), False)
    found["a unit was not observed"] = (replaced("observed", ~BASE["observed"].values), False)
    found["quality of objects"] = (
        replaced("quality_snr", np.array([{}, None, 1], dtype=object)),
        False,
    )
    found["quality over trials"] = (lambda d: d.assign(quality_x=("trial", np.ones(8))), False)
    found["quality without a name"] = (lambda d: d.assign(quality_=("unit", np.ones(3))), False)
    found["an unknown variable"] = (lambda d: d.assign(depth=("unit", np.ones(3))), False)
    found["variables in another order"] = (lambda d: d[list(d.variables)[::-1]], True)
    found["columns as variables"] = (
        lambda d: d.drop_indexes("unit_id").reset_coords(list(d.coords)),
        True,
    )
    found["another attribute"] = (lambda d: d.assign_attrs(note="mine"), True)
    found["an attribute of a variable"] = (_annotated, True)
    found["no attributes of variables"] = (_bare, True)
    for name in (*TEXTS, "pseudo_population", "trial_order_known", "spike_timing"):
        found[f"no attribute {name}"] = (lambda d, n=name: _without(d, n), False)
        for value in (7, 0.5, np.array([1, 0])):
            found[f"attribute {name} is {value!r}"] = (
                lambda d, n=name, v=value: d.assign_attrs({n: v}),
                False,
            )
    for name, value in (("kind", "Data"), ("recording", ""), ("parameters", "{"),
                        ("parameters", "[1]"), ("software", "none"), ("spike_timing", 1),
                        ("contract_version", 1), ("contract_version", "2"),
                        ("contract_version", 2.5), ("pseudo_population", "no")):  # fmt: skip
        found[f"attribute {name} is {value!r} now"] = (
            lambda d, n=name, v=value: d.assign_attrs({n: v}),
            False,
        )
    return found


def _annotated(dataset: xr.Dataset) -> xr.Dataset:
    out = dataset.copy(deep=True)
    out["segment"].attrs["note"] = "mine"
    return out


def _bare(dataset: xr.Dataset) -> xr.Dataset:
    return dataset.drop_attrs().assign_attrs(dataset.attrs)


def _without(dataset: xr.Dataset, name: str) -> xr.Dataset:
    return dataset.assign_attrs().drop_attrs().assign_attrs(
        {key: value for key, value in dataset.attrs.items() if key != name}
    )  # fmt: skip


def equal(out: xr.Dataset) -> None:
    """The same values, dimensions and dtypes as before the change."""
    assert set(out.variables) == set(BASE.variables)
    for name, old in BASE.variables.items():
        assert out[name].dims == old.dims and out[name].dtype == old.dtype, name
        np.testing.assert_array_equal(out[name].values, old.values, err_msg=str(name))
    assert {key: out.attrs[key] for key in BASE.attrs} == BASE.attrs
    assert out["spike_count"].sel(unit_id="b").shape == (N_TRIALS,)


ALL = mutations()


@pytest.mark.fault("trials", "a changed Dataset before it is written")
@pytest.mark.parametrize("name", ALL)
def test_a_changed_dataset_is_equal_or_refused(name):
    mutate, stays = ALL[name]
    changed = mutate(BASE)
    if stays:
        trials.check(changed)
        return
    with pytest.raises(InputError) as caught:
        trials.check(changed)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


# On disk


# One variable of each kind: where it stands in the file makes no other difference.
STORED = (
    "spike_time",
    "spike_count",
    "observed",
    "event_amplitude",
    "phase",
    "repeat",
    "duration",
    "plasticity_on",
    "unit_id",
    "quality_snr",
    "quality_spike_count",
)
WRITTEN = [
    name
    for name, (_, stays) in ALL.items()
    if (
        name.partition(" as ")[0] in STORED
        and not any(dtype in name for dtype in ("complex", "S8", "datetime"))
    )  # not to be written
    or (stays and " as " not in name)
]


def restored(name: str, dtype: str | None = None, **create: object) -> Callable[[h5py.File], None]:
    """Store a variable anew, with its attributes and dimensions, in another way."""

    def mutate(file: h5py.File) -> None:
        old = file[name]
        values, attributes = old[...], dict(old.attrs)
        scales = [dim[0].name for dim in old.dims if len(dim)]
        del file[name]
        new = file.create_dataset(name, data=values.astype(dtype or values.dtype), **create)
        for key in set(attributes) - {"DIMENSION_LIST", "CLASS", "NAME", "REFERENCE_LIST"}:
            new.attrs[key] = attributes[key]
        for dim, scale in zip(new.dims, scales, strict=True):
            dim.attach_scale(file[scale])

    return mutate


def attribute(name: str, key: str, value: object) -> Callable[[h5py.File], None]:
    def mutate(file: h5py.File) -> None:
        file[name].attrs[key] = value

    return mutate


def _group(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_group(name)


def _link(file: h5py.File, name: str) -> None:
    del file[name]
    file[name] = h5py.ExternalLink("nowhere.h5", "/x")


def _remove(file: h5py.File, name: str) -> None:
    del file[name]


def _no_dimensions(file: h5py.File, name: str) -> None:
    del file[name].attrs["DIMENSION_LIST"]


def on_disk() -> dict[str, tuple[Callable[[h5py.File], None], bool | None]]:
    """Changes of the file: True where the same must be read, None where either may come."""
    found: dict[str, tuple[Callable[[h5py.File], None], bool | None]] = {}
    for name in STORED:
        if name != "event_amplitude" and not name.startswith("quality_"):
            found[f"{name} is gone"] = (lambda f, n=name: _remove(f, n), False)
            found[f"{name} is a group"] = (lambda f, n=name: _group(f, n), False)
            found[f"{name} is a broken link"] = (lambda f, n=name: _link(f, n), False)
        found[f"{name} has no dimensions"] = (lambda f, n=name: _no_dimensions(f, n), None)
        if BASE[name].dtype.kind in "fiub":
            for key, value in (("scale_factor", 2.0), ("add_offset", 1.0)):
                found[f"{name} has {key}"] = (attribute(name, key, value), False)
            found[f"{name} not compressed"] = (restored(name), True)
            found[f"{name} with a checksum"] = (restored(name, fletcher32=True), True)
        if BASE[name].dtype.kind == "i" and BASE[name].dims != ("unit",):
            for dtype in ("int8", "uint8", "int32"):
                found[f"{name} stored as {dtype}"] = (restored(name, dtype), True)
            found[f"{name} has _FillValue"] = (attribute(name, "_FillValue", np.int64(1)), False)
            found[f"{name} stored as float32"] = (restored(name, "float32"), False)
        if BASE[name].dtype.kind == "f":
            if not name.startswith("quality_"):  # of any width
                found[f"{name} stored as float32"] = (restored(name, "float32"), False)
            found[f"{name} in ms"] = (attribute(name, "units", "ms"), None)
            found[f"{name} in days"] = (attribute(name, "units", "days since 2020-01-01"), None)
            found[f"{name} has missing_value"] = (attribute(name, "missing_value", 0.5), False)
    for name in ("trial", "unit", "spike"):
        found[f"dimension {name} is gone"] = (lambda f, n=name: _remove(f, n), None)
    for key in BASE.attrs:
        found[f"attribute {key} is gone"] = (lambda f, k=key: f.attrs.__delitem__(k), False)
        found[f"attribute {key} is a list"] = (
            lambda f, k=key: f.attrs.__setitem__(k, [1.0, 2.0]),
            False,
        )
    found["an extra group"] = (lambda f: f.create_group("more"), True)
    found["an extra attribute"] = (lambda f: f.attrs.__setitem__("note", "mine"), True)
    return found


DISK = on_disk()


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("mutations") / "whole.nc"
    trials.write(BASE, path)
    return path.read_bytes()


def read_or_refused(path: Path, stays: bool | None) -> None:
    try:
        out = trials.read(path)
    except InputError as error:
        assert not stays, error
        assert str(error).startswith(str(path)) and "\n" not in str(error)
        return
    assert stays is not False
    equal(out)


@pytest.mark.fault("trials", "a file with one thing changed")
@pytest.mark.parametrize("name", DISK)
def test_a_changed_file_is_read_as_it_was_or_refused(name, stored, tmp_path):
    path = tmp_path / "t.nc"
    path.write_bytes(stored)
    mutate, stays = DISK[name]
    with h5py.File(path, "r+") as file:
        mutate(file)
    read_or_refused(path, stays)


@pytest.mark.fault("trials", "a file that is cut short", cases=40)
def test_a_file_cut_anywhere_is_refused(stored, tmp_path):
    path = tmp_path / "t.nc"
    for part in range(40):
        path.write_bytes(stored[: len(stored) * part // 40])
        read_or_refused(path, False)


@pytest.mark.fault("trials", "what is no trials file", cases=5)
def test_what_is_no_trials_file_is_refused(tmp_path):
    path = tmp_path / "t.nc"
    for content in (b"", b"CDF\x01", b"<html>", b"\x89HDF\r\n\x1a\n" + bytes(5000)):
        path.write_bytes(content)
        read_or_refused(path, False)
    with h5py.File(path, "w") as file:
        file["spike_time"] = np.arange(3.0)
    read_or_refused(path, False)


@pytest.mark.fault("trials", "a changed Dataset written by other means")
@pytest.mark.parametrize("name", WRITTEN)
def test_a_dataset_written_by_other_means_is_read_as_it_was_or_refused(name, tmp_path):
    mutate, stays = ALL[name]
    mutate(BASE).to_netcdf(tmp_path / "t.nc", engine="h5netcdf")
    read_or_refused(tmp_path / "t.nc", stays or None)
