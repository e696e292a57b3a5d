"""Matrices over trials, repeats and segments; the registry of measures; their options."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from spikedrift import trials
from spikedrift.config.similarity import OPTIONS, MeasureEntry
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.errors import InputError
from spikedrift.similarity import measures, registry
from spikedrift.similarity.blocks import symmetric, triangle
from spikedrift.similarity.matrix import similarity

OVERLAP = '''
"""Overlap: share of units that are active in both trials."""
import numpy as np
from spikedrift.similarity.registry import Measure

def pairs(dataset, first, second, least=1):
    active = dataset["spike_count"].values >= least
    both = (active[first] & active[second]).sum(axis=1)
    return both / active.shape[1], both

MEASURE = Measure(name="overlap", title="Overlap", kind="similarity", code="rate", units="1",
                  citation="none", pairs=pairs)
'''


def recording(columns: list[tuple[int, str, int, int, int]], seed: int = 0, **more) -> xr.Dataset:
    """One trial for each (session, phase, block, repeat, segment); 12 units, 3 spikes each."""
    rng = np.random.default_rng(seed)
    session, phase, block, repeat, segment = zip(*columns, strict=True)
    count = rng.integers(1, 6, (len(columns), 12))
    times = np.concatenate([np.sort(rng.random(n)) for n in count.ravel()])
    if more.pop("events", False):
        more["event_amplitude"] = np.ones(times.size)
    return trials.assemble(
        times, count, recording="made.patterns", kind="model",
        trial={"stimulus": "patterns", "session": session, "phase": phase, "block": block,
               "repeat": repeat, "segment": segment, "duration": 1.0},
        unit={"unit_id": np.arange(12)},
        attributes={"pseudo_population": True, "subject": "instance", "citation": "us"},
        **more,
    )  # fmt: skip


# Two blocks in the wrong order, a training and a naive phase, two sessions.
COLUMNS = [
    (s, phase, block, repeat, segment)
    for s, phase, block, repeats in [
        (1, "block", 1, (7, 6)),
        (0, "block", 1, (5,)),
        (0, "block", 0, (4, 3)),
        (0, "train", 0, (2,)),
        (0, "naive", 0, (1, 0)),
    ]
    for repeat in repeats
    for segment in (20, 10)
]


@pytest.fixture
def data() -> xr.Dataset:
    return recording(COLUMNS)


def test_repeats_are_sorted_by_session_phase_block_repeat(data: xr.Dataset) -> None:
    out = similarity(data, "spikeship")
    assert out["repeat"].values.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert out["repeat_session"].values.tolist() == [0] * 6 + [1] * 2
    assert out["repeat_phase"].values.tolist() == ["naive"] * 2 + ["train"] + ["block"] * 5
    assert out["repeat_block"].values.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert out["segment"].values.tolist() == [10, 20]
    for name in trials.TRIAL_KEY:
        assert out[f"trial_{name}"].values.tolist() == data[name].values.tolist()


@pytest.mark.parametrize("measure", ["spikeship", "population_vector"])
def test_summaries_are_means_over_pairs_of_trials(data: xr.Dataset, measure: str) -> None:
    out = similarity(data, measure)
    value = out["value"].values
    column = {name: data[name].values for name in ("repeat", "segment", "phase")}
    for one in (0, 3, 6):
        for two in (1, 4):
            pairs = [
                value[i, j]
                for i in np.flatnonzero(column["repeat"] == one)
                for j in np.flatnonzero(column["repeat"] == two)
                if column["segment"][i] == column["segment"][j]
            ]
            assert len(pairs) == 2
            assert float(out["repeat_value"][one, two]) == pytest.approx(np.mean(pairs))
    for a, one in enumerate((10, 20)):
        for b, two in enumerate((10, 20)):
            pairs = [
                value[i, j]
                for i in np.flatnonzero((column["segment"] == one) & (column["phase"] == "block"))
                for j in np.flatnonzero((column["segment"] == two) & (column["phase"] == "block"))
                if column["repeat"][i] != column["repeat"][j]
            ]
            assert float(out["segment_value"][a, b]) == pytest.approx(np.mean(pairs))
    for name in ("value", "repeat_value", "segment_value", "n_shared", "repeat_n_shared"):
        np.testing.assert_array_equal(out[name], out[name].T)


def test_missing_units_leave_pairs_out_of_the_means() -> None:
    observed = np.ones((len(COLUMNS), 12), bool)
    observed[0, 1:] = False  # session 1, repeat 7, segment 20 keeps one unit
    data = recording(COLUMNS)
    seen_count = np.where(observed, data["spike_count"], 0)
    trial, unit = trials.spike_cells(data)
    data = data.assign(
        observed=(("trial", "unit"), observed),
        spike_count=(("trial", "unit"), seen_count.astype(np.int32)),
    ).drop_vars("spike_time")
    kept = observed[trial, unit]
    data["spike_time"] = ("spike", recording(COLUMNS)["spike_time"].values[kept])
    trials.check(data)
    out = similarity(data, "spikeship")
    assert np.isnan(out["value"][0, 1:]).all()
    assert float(out["value"][0, 0]) == 0
    other = int(np.flatnonzero((data["repeat"] == 3) & (data["segment"] == 10))[0])
    assert float(out["repeat_value"][7, 3]) == float(out["value"][1, other])
    assert int(out["repeat_n_shared"][7, 3]) == int(out["n_shared"][1, other])
    out = similarity(data.isel(trial=[0]).pipe(lambda d: trials.select(data, [0, 6])), "spikeship")
    assert np.isnan(out["repeat_value"][0, 1])
    assert int(out["repeat_n_shared"][0, 1]) == 0


def test_attributes_and_file(data: xr.Dataset, tmp_path: Path) -> None:
    out = similarity(data, "spikeship", {"min_shared": 4})
    expected = {
        "measure": "spikeship", "kind": "distance", "code": "timing", "units": "s",
        "min_shared": 4, "n_units": 12, "recording": "made.patterns", "recording_kind": "model",
        "pseudo_population": 1, "trial_order_known": 1, "subject": "instance",
        "recording_citation": "us",
    }  # fmt: skip
    assert expected.items() <= out.attrs.items()
    assert json.loads(out.attrs["options"]) == {
        "min_shared": 4,
        "precision": "float64",
        "device": "cpu",
    }
    assert "NaN" in out.attrs["nan_policy"]
    assert "doi:10.1371/journal.pcbi.1011335" in out.attrs["citation"]
    write_netcdf(out, tmp_path / "m.nc")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "m.nc"), out)


@pytest.mark.process
def test_same_bits_every_time_and_with_any_number_of_threads(tmp_path: Path) -> None:
    code = (
        "import sys; from spikedrift import trials; from spikedrift.similarity.matrix import *;"
        "data = trials.read(sys.argv[1])\n"
        "for m in ('spikeship', 'rate_correlation', 'population_vector'):\n"
        "    out = similarity(data, m)\n"
        "    for n in sorted(out.data_vars): print(out[n].values.tobytes().hex())"
    )
    trials.write(recording([(0, "block", r // 20, r, 0) for r in range(80)]), tmp_path / "t.nc")
    said = [
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "t.nc"],
            env={"PYTHONPATH": str(Path(trials.__file__).parents[1]), "NUMBA_NUM_THREADS": n,
                 "OPENBLAS_NUM_THREADS": n},
            check=True, capture_output=True,
        ).stdout
        for n in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert len(said[0]) > 80 * 80 * 16


def test_timing_measures_refuse_two_photon_events() -> None:
    data = recording(COLUMNS, events=True)
    with pytest.raises(InputError, match=r"made.patterns: spikeship needs spike times.*events"):
        similarity(data, "spikeship")
    assert np.isfinite(similarity(data, "rate_correlation")["value"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_shard": 3}, "spikeship, option min_shard: .*not permitted"),
        ({"min_shared": 1}, "spikeship, option min_shared: .*greater than or equal to 2"),
        ({"min_shared": "few"}, "spikeship, option min_shared: .*valid integer"),
    ],
)
def test_options_of_a_built_in_measure_are_checked(
    data: xr.Dataset, options: dict, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        similarity(data, "spikeship", options)
    with pytest.raises(ValidationError) as caught:
        MeasureEntry.model_validate({"measure": "spikeship", "options": options})
    assert caught.value.errors()[0]["loc"] == ("options", *options)


def test_entry_takes_its_name_and_defaults() -> None:
    entry = MeasureEntry.model_validate({"measure": "population_vector"})
    assert entry.name == "population_vector"
    assert entry.options == {"bin": None, "min_shared": 3, "standardize": False}
    entry = MeasureEntry.model_validate(
        {"name": "pv-50ms", "measure": "population_vector", "options": {"bin": 0.05}}
    )
    assert entry.name == "pv-50ms"
    assert entry.options["bin"] == 0.05
    assert MeasureEntry(measure="mine", options={"any": "thing"}).options == {"any": "thing"}
    with pytest.raises(ValidationError):
        MeasureEntry(measure="mine", options={"nested": {"no": 1}})
    with pytest.raises(ValidationError):
        MeasureEntry(measure="../escape")


@pytest.mark.process
def test_registry_lists_the_files_and_imports_none() -> None:
    code = (
        "import sys; from spikedrift.similarity import registry; print(*registry.names());"
        "print('numba' in sys.modules, 'spikedrift.similarity.measures.spikeship' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(Path(trials.__file__).parents[1])},
    )  # fmt: skip
    assert done.stdout.split() == [*registry.names(), "False", "False"]
    folder = Path(measures.__file__).parent
    assert registry.names() == sorted(p.stem for p in folder.glob("[a-z]*.py"))
    assert {"spikeship", "rate_correlation", "population_vector"} <= set(registry.names())
    assert set(OPTIONS) <= set(registry.names())
    for name in registry.names():
        measure = registry.get(name)
        assert measure.citation
        assert registry.reads_timing(name) == (measure.code == "timing")


def test_a_typo_names_the_nearest_measure() -> None:
    with pytest.raises(InputError, match="'spikship'; did you mean 'spikeship'"):
        registry.get("spikship")
    with pytest.raises(InputError, match=r"known: .*rate_correlation"):
        registry.get("zzz")


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second folder of measures; what is imported from it is forgotten afterwards."""
    folder = tmp_path / "measures"
    folder.mkdir()
    monkeypatch.setenv("SPIKEDRIFT_PLUGINS", f'["{tmp_path}"]')
    monkeypatch.setattr(measures, "__path__", [*measures.__path__])
    for name in ("overlap", "broken"):
        monkeypatch.setitem(sys.modules, f"{measures.__name__}.{name}", None)
        monkeypatch.delitem(sys.modules, f"{measures.__name__}.{name}")
    return folder


def test_a_measure_is_one_file(data: xr.Dataset, extra: Path) -> None:
    (extra / "overlap.py").write_text(OVERLAP)
    assert "overlap" in registry.names()
    out = similarity(data, "overlap", {"least": 3})
    active = data["spike_count"].values >= 3
    np.testing.assert_allclose(out["value"], (active.astype(int) @ active.T) / 12)
    assert out.attrs["title"] == "Overlap"
    assert np.isfinite(out["repeat_value"]).all()
    with pytest.raises(InputError, match=r"measure overlap: options do not fit it: .*'most'"):
        similarity(data, "overlap", {"most": 3})


def test_a_file_that_defines_no_measure_is_named(extra: Path) -> None:
    (extra / "broken.py").write_text("MEASURE = 1\n")
    with pytest.raises(InputError, match=r"measure broken: .*broken\.py must define MEASURE"):
        registry.get("broken")


@pytest.mark.parametrize("size", [0, 1, 5, 6, 7])
def test_blocks_cover_the_triangle_once(size: int) -> None:
    seen = [pair for block in triangle(size, side=3) for pair in zip(*block, strict=True)]
    assert sorted(seen) == list(zip(*np.triu_indices(size), strict=True))


def test_memory_is_bounded_by_the_block() -> None:
    """18,000 trials: one block of pairs at a time, whatever the number of trials."""
    tracemalloc.start()
    blocks = triangle(18_000)
    sizes = [next(blocks)[0].size for _ in range(20)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(sizes) == 1024**2
    assert peak < 200 * 2**20


def test_blocks_give_the_same_matrix_as_one() -> None:
    def pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert (first <= second).all()
        return np.sin(first * 31.0 + second), first + second

    whole, blocked = symmetric(10, pairs), symmetric(10, pairs, side=3)
    for one, two in zip(whole, blocked, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, one.T)
