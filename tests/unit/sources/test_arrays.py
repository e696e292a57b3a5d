"""The array layout of SpikeShip: against a naive loop, and refusal by refusal."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from spikedrift import sources, trials
from spikedrift.config.recordings import OPTIONS, Recording
from spikedrift.config.sources import ArraysOptions
from spikedrift.core.errors import InputError
from spikedrift.fetch.registry import read_registry, terms
from spikedrift.sources import registry
from spikedrift.sources.arrays import read

REGISTRY = Path(__file__).parents[3] / "resources" / "data-registry.tsv"
LABELS = [90, 0, 90, 0, 0, 90, 0, 90]
NAMES = ("spike_times", "ii_spike_times", "stim_label")


def layout(seed: int = 3, labels=LABELS, n_units: int = 5) -> dict[str, np.ndarray]:
    """Random arrays whose slices lie in no particular order."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(1.5, (len(labels), n_units))
    order = rng.permutation(count.size)
    stop = np.empty(count.size, dtype=np.int64)
    stop[order] = np.cumsum(count.ravel()[order])
    start = stop - count.ravel()
    time = np.concatenate([np.sort(rng.uniform(0, 0.1, n)) for n in count.ravel()[order]])
    slices = np.stack([start, stop], axis=-1).reshape(*count.shape, 2)
    return {"spike_times": time, "ii_spike_times": slices, "stim_label": np.array(labels)}


def save(directory: Path, arrays: dict[str, np.ndarray]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(directory / f"{name}.npy", array)
    return directory


def test_every_epoch_and_unit_holds_its_slice(tmp_path):
    arrays = layout()
    dataset = read(save(tmp_path, arrays), ArraysOptions(), "allen.gratings")
    expected = [
        arrays["spike_times"][a:b].tolist() for row in arrays["ii_spike_times"] for a, b in row
    ]
    offsets = trials.offsets(dataset)
    time = dataset["spike_time"].values
    found = [time[a:b].tolist() for a, b in pairwise(offsets)]
    assert found == expected
    assert trials.quality_names(dataset) == list(ArraysOptions.quality or ())


def test_labels_become_segments_and_repeats(tmp_path):
    dataset = read(save(tmp_path, layout()), ArraysOptions(), "allen.gratings")
    assert dataset["segment"].values.tolist() == [1, 0, 1, 0, 0, 1, 0, 1]
    assert dataset["repeat"].values.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert dataset["block"].values.tolist() == [0] * 8
    assert dataset["stimulus"].values[0] == "gratings"
    assert dataset["duration"].values.tolist() == [0.1] * 8
    assert np.isnan(dataset["start_time"].values).all()
    names = ["90" if segment else "0" for segment in dataset["segment"].values]
    assert dataset["segment_name"].values.tolist() == names
    assert dataset.attrs["kind"] == "data"
    assert dataset.attrs["pseudo_population"] == 1
    assert dataset.attrs["trial_order_known"] == 0
    assert "assumed" in dataset.attrs["assumptions"]
    assert "blocks" not in dataset.attrs["assumptions"]


def test_halves_are_assumed_blocks(tmp_path):
    dataset = read(save(tmp_path, layout()), ArraysOptions(blocks="halves"), "allen.gratings")
    assert dataset["block"].values.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert "assumed to be two blocks" in dataset.attrs["assumptions"]


@pytest.mark.parametrize("labels", [[0, 0, 0, 90, 90, 90], [0, 0, 90, 90, 90, 90]])
def test_halves_need_equal_halves(tmp_path, labels):
    directory = save(tmp_path, layout(labels=labels))
    with pytest.raises(InputError, match=r"halves.*even number of epochs.*90"):
        read(directory, ArraysOptions(blocks="halves"), "allen.gratings")
    read(directory, ArraysOptions(), "allen.gratings")


def spiking(arrays: dict[str, np.ndarray], n: int) -> tuple[int, int, int]:
    """Epoch, unit and first spike of a cell with at least n spikes."""
    length = np.diff(arrays["ii_spike_times"], axis=2)[..., 0]
    epoch, unit = np.argwhere(length >= n)[2]
    return int(epoch), int(unit), int(arrays["ii_spike_times"][epoch, unit, 0])


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (np.nan, "not finite"),
        (np.inf, "not finite"),
        (-1e-6, r"outside \[0, 0\.1\)"),
        (0.1, r"outside \[0, 0\.1\)"),
        (45.0, r"outside \[0, 0\.1\)"),
    ],
)
def test_a_bad_time_is_named(tmp_path, value, problem):
    arrays = layout()
    epoch, unit, spike = spiking(arrays, 1)
    arrays["spike_times"][spike] = value
    with pytest.raises(
        InputError, match=rf"spike_times\.npy: epoch {epoch}, unit {unit}: .*{problem}"
    ):
        read(save(tmp_path, arrays), ArraysOptions(), "allen.gratings")


def test_a_longer_duration_takes_later_spikes(tmp_path):
    arrays = layout()
    arrays["spike_times"] += 0.05
    directory = save(tmp_path, arrays)
    dataset = read(directory, ArraysOptions(duration=0.2), "allen.gratings")
    assert dataset["spike_time"].values.max() > 0.1


def test_unsorted_spikes_are_named(tmp_path):
    arrays = layout()
    epoch, unit, spike = spiking(arrays, 2)
    arrays["spike_times"][[spike, spike + 1]] = arrays["spike_times"][[spike + 1, spike]]
    with pytest.raises(InputError, match=rf"epoch {epoch}, unit {unit}: .* later one"):
        read(save(tmp_path, arrays), ArraysOptions(), "allen.gratings")


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda a, b, n: (b + 1, b), "ends before it starts"),
        (lambda a, b, n: (-2, -1), "is outside the"),
        (lambda a, b, n: (n, n + 1), "is outside the"),
    ],
)
def test_a_bad_slice_is_named(tmp_path, edit, problem):
    arrays = layout()
    first, last = arrays["ii_spike_times"][4, 3]
    arrays["ii_spike_times"][4, 3] = edit(first, last, arrays["spike_times"].size)
    with pytest.raises(InputError, match=rf"ii_spike_times\.npy: epoch 4, unit 3: .*{problem}"):
        read(save(tmp_path, arrays), ArraysOptions(), "allen.gratings")


def test_slices_that_share_spikes_are_named(tmp_path):
    """As a converter leaves them that starts every slice at 0."""
    arrays = layout()
    length = np.diff(arrays["ii_spike_times"], axis=2)[..., 0]
    arrays["ii_spike_times"] = np.stack([0 * length, length], axis=-1)
    with pytest.raises(InputError, match=r"epoch \d, unit \d: slice 0:\d shares spikes with"):
        read(save(tmp_path, arrays), ArraysOptions(), "allen.gratings")


def test_spikes_in_no_epoch_are_left_out_with_a_warning(tmp_path, caplog):
    arrays = layout()
    length = np.diff(arrays["ii_spike_times"], axis=2)[..., 0]
    arrays["ii_spike_times"], arrays["stim_label"] = arrays["ii_spike_times"][:6], LABELS[:6]
    dataset = read(save(tmp_path, arrays), ArraysOptions(), "allen.gratings")
    assert dataset.sizes["spike"] == length[:6].sum()
    assert f"{length[6:].sum()} spikes are in no epoch" in caplog.text


@pytest.mark.fault("arrays", "arrays of another type or shape, or empty")
@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("spike_times", np.zeros((3, 2)), "float64 with 2 dimensions"),
        ("spike_times", np.zeros(3, int), "must be float"),
        ("spike_times", np.array([None, 1.0]), "not a readable .npy array"),
        ("ii_spike_times", np.zeros((8, 5)), "must be int or uint with 3"),
        ("ii_spike_times", np.zeros((8, 5, 2)), "must be int or uint with 3"),
        ("ii_spike_times", np.zeros((8, 5, 3), int), r"must be \(epochs, units, 2\)"),
        ("ii_spike_times", np.zeros((0, 5, 2), int), "0 epochs of 5 units: empty"),
        ("ii_spike_times", np.zeros((8, 0, 2), int), "8 epochs of 0 units: empty"),
        ("stim_label", np.zeros(7, int), "7 labels for the 8 epochs"),
        ("stim_label", np.array(list("abcdefgh")), "must be"),
        ("stim_label", np.array([0, 0, np.nan, 0, 0, 0, 0, 0]), "epoch 2 has no label"),
    ],
)
def test_a_wrong_array_is_named(tmp_path, name, array, words):
    directory = save(tmp_path, {**layout(), name: array})
    with pytest.raises(InputError, match=rf"{name}\.npy.*{words}"):
        read(directory, ArraysOptions(), "allen.gratings")


@pytest.mark.fault("arrays", "arrays that are missing, cut, empty, or archives")
@pytest.mark.parametrize("name", NAMES)
def test_a_missing_or_broken_file_is_named(tmp_path, name):
    path = save(tmp_path, layout()) / f"{name}.npy"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match=rf"{name}\.npy: not a readable"):
        read(tmp_path, ArraysOptions(), "allen.gratings")
    path.write_bytes(b"")
    with pytest.raises(InputError, match=rf"{name}\.npy: not a readable"):
        read(tmp_path, ArraysOptions(), "allen.gratings")
    with path.open("wb") as stream:
        np.savez(stream, a=np.zeros(3))
    with pytest.raises(InputError, match=rf"{name}\.npy: holds an archive"):
        read(tmp_path, ArraysOptions(), "allen.gratings")
    path.write_bytes(path.read_bytes()[:60])  # of an archive
    with pytest.raises(InputError, match=rf"{name}\.npy: not a readable"):
        read(tmp_path, ArraysOptions(), "allen.gratings")
    path.unlink()
    with pytest.raises(InputError, match=rf"{name}\.npy: no such file"):
        read(tmp_path, ArraysOptions(), "allen.gratings")


# The registry of sources


def test_sources_are_listed_and_their_options_known():
    assert registry.names() == sorted(OPTIONS)
    for name, model in OPTIONS.items():
        assert registry.get(name).options is model


@pytest.mark.process
def test_files_are_known_without_heavy_imports():
    code = """
import sys
from spikedrift.config.recordings import Recording
from spikedrift.sources import registry
print(registry.names())
for recording in (
    Recording(name="a.movie", source="synthetic"),
    Recording(name="a.gratings", source="arrays", options={"dataset": "mine"}),
):
    print(registry.options(recording).files(recording.name))
print([name for name in ("numpy", "pandas", "xarray", "scipy") if name in sys.modules])
"""
    environment = {**os.environ, "PYTHONPATH": str(REGISTRY.parents[1] / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    files = [("mine", f"{name}.npy") for name in NAMES]
    assert done.stdout.splitlines() == [str(sorted(OPTIONS)), "[]", str(files), "[]"]


def test_a_dropped_file_is_a_source(tmp_path, monkeypatch):
    """A user's reader: one file, found by name, with options of its own."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "silence.py").write_text(
        '''
"""Units that never fire."""
import numpy as np
from spikedrift import trials
from spikedrift.config.sources import SourceOptions
from spikedrift.sources.registry import Source

class Silence(SourceOptions):
    units: int = 3

    def files(self, recording):
        return [("silent", "none.bin")]

def prepare(options, recording, seed, directory):
    count = np.zeros((2, options.units), int)
    trial = {"stimulus": "s", "segment": 0, "repeat": [0, 1], "duration": 1.0}
    unit = {"unit_id": [str(n) for n in range(options.units)]}
    return trials.assemble([], count, recording=recording, kind="data", trial=trial, unit=unit)

SOURCE = Source(options=Silence, prepare=prepare)
''',
        encoding="utf-8",
    )
    monkeypatch.setenv("SPIKEDRIFT_PLUGINS", f'["{tmp_path}"]')
    monkeypatch.setattr(sources, "__path__", [*sources.__path__])
    assert registry.names() == sorted([*OPTIONS, "silence"])
    recording = Recording(name="a.b", source="silence", options={"units": 4})
    assert registry.options(recording).files(recording.name) == [("silent", "none.bin")]
    assert registry.prepare(recording, 0, tmp_path, {}).sizes["unit"] == 4
    with pytest.raises(InputError, match=r"recording a\.b: unit: .* did you mean 'units'"):
        registry.options(Recording(name="a.b", source="silence", options={"unit": 4}))


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(InputError, match="unknown source 'aray'; did you mean 'arrays'"):
        registry.options(Recording(name="a.b", source="aray"))


def test_prepare_names_the_data_and_tells_recordings_apart(tmp_path):
    save(tmp_path / "allen_neuropixels_gratings", layout())
    gratings = Recording(name="allen.gratings", source="arrays", options={"blocks": "halves"})
    files = registry.options(gratings).files(gratings.name)
    said = terms(row for row in read_registry(REGISTRY) if (row.dataset, row.file) in files)
    dataset = registry.prepare(gratings, 1, tmp_path, said)
    assert "Siegle" in dataset.attrs["citation"]
    assert "non-commercial" in dataset.attrs["licence"]
    small = {"units": 4, "segments": 2, "repeats": 2}
    one, two = (
        registry.prepare(
            Recording(name=name, source="synthetic", options=small), seed, tmp_path, {}
        )["spike_time"].values
        for name, seed in (("mouse-a.movie", 1), ("mouse-b.movie", 1))
    )
    assert one.shape != two.shape


@pytest.mark.mirror
def test_the_real_extract(mirror):
    """Numbers of the published extract: shapes, spikes, mean rate, silent cells."""
    gratings = Recording(name="allen.gratings", source="arrays", options={"blocks": "halves"})
    dataset = registry.prepare(gratings, 1, mirror, {})
    count = dataset["spike_count"].values
    assert count.shape == (200, 1000)
    assert count.sum() == 153635
    assert count.mean() / 0.1 == pytest.approx(7.68, abs=0.005)
    assert (count == 0).mean() == pytest.approx(0.619, abs=0.0005)
    assert np.bincount(dataset["segment"].values).tolist() == [50] * 4
    assert np.bincount(dataset["block"].values).tolist() == [100, 100]
