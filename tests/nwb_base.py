"""A small NWB 2 file whose contents are known, and ways to damage copies of it."""

import functools
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pynwb

from spikedrift.config.sources import NwbOptions

N_UNITS, N_TRIALS, N_SPIKES = 6, 20, 600
START = 5.0 + 5.0 * np.arange(N_TRIALS)  # s; every trial lasts 1 s
SEGMENT = np.arange(N_TRIALS) % 4
RATE = 10.0  # samples of behavior a second
OPTIONS = {"file": "x", "segment": "seg", "population": "area"}


def spikes() -> np.ndarray:
    """Spike times of each unit: shape (N_UNITS, N_SPIKES), s."""
    return np.sort(np.random.default_rng(0).uniform(0, 120, (N_UNITS, N_SPIKES)), axis=1)


def counts(times: np.ndarray | None = None, start: np.ndarray = START) -> np.ndarray:
    """Spikes of every unit in every trial: shape (n_trials, n_units)."""
    times = spikes() if times is None else times
    inside = (times >= start[:, None, None]) & (times < start[:, None, None] + 1)
    return inside.sum(axis=-1)


def options(**more) -> NwbOptions:
    return NwbOptions(**{**OPTIONS, **more})


@functools.cache
def _written() -> bytes:
    file = pynwb.NWBFile("a session", "session-1", datetime(2026, 1, 1, tzinfo=UTC))
    device = file.create_device("probe")
    groups = [file.create_electrode_group(name, name, name, device) for name in ("VISp", "VISl")]
    for group in groups:
        file.add_electrode(location=group.name, group=group)
    file.add_unit_column("presence_ratio", "share of the session")
    file.add_unit_column("area", "brain area")
    for unit, times in enumerate(spikes()):
        file.add_unit(
            spike_times=times,
            presence_ratio=0.5 + unit / 20,
            area=groups[unit % 2].name,
            electrodes=[unit % 2],
            electrode_group=groups[unit % 2],
            obs_intervals=[[0.0, 120.0]],
        )
    file.add_trial_column("seg", "what was shown")
    file.add_trial_column("rep", "how often before")
    file.add_trial_column("word", "what was shown, in words")
    file.add_trial_column("group", "an object")
    for trial, start in enumerate(START):
        file.add_trial(
            start,
            start + 1.0,
            seg=int(SEGMENT[trial]),
            rep=trial // 4,
            word="abcd"[SEGMENT[trial]],
            group=groups[trial % 2],
        )
    value = np.arange(120 * RATE)
    module = file.create_processing_module("behavior", "behavior")
    module.add(
        pynwb.TimeSeries(name="speed", data=value, unit="cm/s", starting_time=0.0, rate=RATE)
    )
    deep = pynwb.TimeSeries(
        name="deep", data=value, unit="m/s", timestamps=value / RATE, conversion=0.5, offset=2.0
    )
    module.add(pynwb.behavior.BehavioralTimeSeries(time_series=deep))
    pupil = pynwb.TimeSeries(
        name="pupil", data=np.stack([value, -value], 1), unit="px", starting_time=0.0, rate=RATE
    )
    file.add_acquisition(pupil)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "base.nwb"
        with pynwb.NWBHDF5IO(path, "w") as io:
            io.write(file)
        return path.read_bytes()


def damaged(path: Path, *harms: Callable[[h5py.File], None]) -> Path:
    """Write the file, then let each of some functions change it."""
    path.write_bytes(_written())
    with h5py.File(path, "r+") as file:
        for harm in harms:
            harm(file)
    return path


def put(file: h5py.File, at: str, make: Callable[[], object]) -> None:
    """Replace a dataset by what `make` puts in its place; attributes and references stay."""
    old, attributes = file[at], dict(file[at].attrs)
    pointing: list[tuple[h5py.Dataset, str]] = []

    def look(_: str, one: h5py.Dataset) -> None:
        for name, value in one.attrs.items():
            if isinstance(value, h5py.Reference) and value and file[value] == old:
                pointing.append((one, name))

    file.visititems(look)
    del file[at]
    make()
    for name, value in attributes.items():
        file[at].attrs[name] = value
    for one, name in pointing:
        one.attrs[name] = file[at].ref


def values(at: str, data: object, **how: object) -> Callable[[h5py.File], None]:
    """Harm: other values in the place of a dataset's."""
    return lambda file: put(file, at, lambda: file.create_dataset(at, data=data, **how))


def changed(at: str, change: Callable[[np.ndarray], object]) -> Callable[[h5py.File], None]:
    """Harm: values of a dataset, changed."""
    return lambda file: values(at, change(file[at][:]))(file)


def without(at: str) -> Callable[[h5py.File], None]:
    """Harm: something is not there."""
    return lambda file: file.__delitem__(at)


def linked(at: str) -> Callable[[h5py.File], None]:
    """Harm: something is in another file, which is not there."""

    def harm(file: h5py.File) -> None:
        del file[at]
        file[at] = h5py.ExternalLink("gone.nwb", at)

    return harm


def filtered(at: str) -> Callable[[h5py.File], None]:
    """Harm: a dataset is compressed by a filter that no one has."""

    def harm(file: h5py.File) -> None:
        data = file[at][:]

        def make() -> None:
            how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            how.set_chunk(data.shape)
            how.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
            kind, space = h5py.h5t.py_create(data.dtype), h5py.h5s.create_simple(data.shape)
            made = h5py.h5d.create(file.id, at.encode(), kind, space, how)
            made.write_direct_chunk((0,) * data.ndim, data.tobytes(), 0)

        put(file, at, make)

    return harm
