"""The two-photon source: against what was written, against AllenSDK, and down to the figures."""

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np
import preloaded
import pytest
import write_two_photon as written
import yaml
from forks import snakemake
from planning import plan_for
from planning import words as named
from write_two_photon import CONTAINER, DATA_SET, EXPERIMENTS, Day

from spikedrift import trials
from spikedrift.config.check import checked
from spikedrift.config.drift import CurveOptions, DriftOptions, IndexOptions
from spikedrift.config.root import Config
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry
from spikedrift.config.sources import TwoPhotonOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.rate import rate_index
from spikedrift.drift.curves import curves
from spikedrift.drift.signal.recording import drift_values
from spikedrift.figures import drift_curves, matrices, raster
from spikedrift.similarity.matrix import similarity
from spikedrift.sources import allen_two_photon
from spikedrift.spikes import selections
from spikedrift.spikes.layout import Layout

ROOT = Path(__file__).parents[2]
RECORDING = f"{CONTAINER}.natural_movie_one"
FEW = IndexOptions(surrogates=39, gate_surrogates=39, thinnings=2)


def read(directory, recording=RECORDING, experiments=EXPERIMENTS, **options):
    chosen = TwoPhotonOptions(experiments=experiments, **options)
    return allen_two_photon.read(directory / DATA_SET, chosen, recording)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("container")


@pytest.fixture(scope="module")
def days(directory):
    return written.write(directory)


@pytest.fixture(scope="module")
def dataset(directory, days):
    return read(directory)


@pytest.fixture
def own(directory, days, tmp_path):
    """A copy of the files to spoil."""
    shutil.copytree(directory / DATA_SET, tmp_path / DATA_SET)
    return tmp_path


def nwb(directory, experiment=EXPERIMENTS[1]):
    return directory / DATA_SET / "ophys_experiment_data" / f"{experiment}.nwb"


def npz(directory, experiment=EXPERIMENTS[1]):
    return directory / DATA_SET / "ophys_experiment_events" / f"{experiment}_events.npz"


def truth_of_trials(days: list[Day], name):
    return np.concatenate([name(day) for day in days])


# The reader


def test_days_are_sessions_and_blocks_in_order_of_date(dataset, days):
    n = [len(day.trial) for day in days]
    np.testing.assert_array_equal(dataset["session"], np.repeat([0, 1, 2], n))
    np.testing.assert_array_equal(dataset["block"], dataset["session"])
    repeat = truth_of_trials(days, lambda day: day.trial[:, 0])
    np.testing.assert_array_equal(dataset["repeat"], repeat + 10 * dataset["session"].values)
    assert dataset["repeat"].max() == 29
    np.testing.assert_array_equal(
        dataset["segment"], truth_of_trials(days, lambda day: day.trial[:, 1])
    )
    assert json.loads(dataset.attrs["parameters"])["experiments"] == list(EXPERIMENTS)


def test_trials_last_from_true_frame_time_to_true_frame_time(dataset, days):
    start = truth_of_trials(days, lambda day: day.time[day.trial[:, 2]])
    stop = truth_of_trials(days, lambda day: day.time[day.trial[:, 3]])
    since = [(day.date - days[0].date).total_seconds() for day in days]
    np.testing.assert_array_equal(dataset["duration"], stop - start)
    np.testing.assert_allclose(
        dataset["start_time"], start + np.array(since)[dataset["session"].values], rtol=1e-15
    )
    assert np.ptp(dataset["duration"].values) > 0.02  # the clocks of movie and microscope differ


def test_every_event_stands_in_its_trial_with_its_size(dataset, days):
    trial, unit = trials.spike_cells(dataset)
    found = zip(
        dataset["unit_id"].values[unit].astype(int),
        trial,
        dataset["spike_time"].values,
        dataset["event_amplitude"].values,
        strict=True,
    )
    expected, first = [], 0
    for day in days:
        cell, k, frame = day.event.T
        time = day.time[frame] - day.time[day.trial[k, 2]]
        expected += zip(day.cells[cell], first + k, time, day.amplitude, strict=True)
        first += len(day.trial)
    assert sorted(found) == sorted(expected)


def test_cells_are_matched_by_id_and_missing_on_days_without_them(dataset, days):
    ids = dataset["unit_id"].values.astype(int)
    assert len(set(ids)) == ids.size == written.EVERY_DAY + len(written.SOME_DAYS)
    for session, day in enumerate(days):
        observed = dataset["observed"].values[dataset["session"] == session]
        np.testing.assert_array_equal(observed, np.isin(ids, day.cells)[None].repeat(60, 0))
    n_days = sum(np.isin(ids, day.cells).astype(int) for day in days)
    np.testing.assert_array_equal(trials.quality(dataset, "days_found"), n_days)
    kept = selections.apply(dataset, Selection(name="all", quality={"days_found": {"min": 3}}))
    assert kept.sizes["unit"] == written.EVERY_DAY
    assert kept["observed"].values.all()


def test_behavior_is_averaged_over_each_trial(dataset, days):
    for name, samples in (("running_speed", "running"), ("pupil_area", "pupil")):
        for session, day in enumerate(days):
            value = dataset[name].values[dataset["session"] == session]
            if getattr(day, samples) is None:
                assert np.isnan(value).all()
                continue
            time, sample = getattr(day, samples)
            for got, (_, _, first, stop) in zip(value, day.trial, strict=True):
                inside = (time >= day.time[first]) & (time < day.time[stop])
                assert got == pytest.approx(np.nanmean(sample[inside]), rel=1e-9)


def test_attributes_say_which_animal_area_and_days(dataset, days):
    parameters = json.loads(dataset.attrs["parameters"])
    assert dataset.attrs["subject"] == f"animal {written.SPECIMEN}"
    assert set(dataset["population"].values) == {"VISp"}
    assert parameters["session_types"] == list(written.SESSION_TYPES)
    assert [datetime.fromisoformat(date) for date in parameters["dates"]] == list(written.DATES)
    assert parameters["imaging_depth"] == "175 microns"
    assert parameters["cre_line"] == "Cux2-CreERT2/wt"
    assert dataset.attrs["spike_timing"] == 0


def test_order_of_the_experiments_in_the_config_is_of_no_account(directory, dataset):
    turned = read(directory, experiments=EXPERIMENTS[::-1])
    assert turned.drop_attrs().identical(dataset.drop_attrs())


def test_longer_segments_hold_the_same_events(directory, dataset):
    longer = read(directory, segment_frames=60)
    assert longer.sizes["trial"] == dataset.sizes["trial"] / 2
    np.testing.assert_array_equal(longer["segment"], np.tile([0, 1, 2], 30))
    np.testing.assert_array_equal(
        longer["spike_count"],
        dataset["spike_count"].values.reshape(-1, 2, dataset.sizes["unit"]).sum(axis=1),
    )


def rows_of_movie(path, keep):
    """Change the table of movie frames: `keep` takes its rows and returns those to write."""
    with h5py.File(path, "r+") as file:
        group = file["stimulus/presentation/natural_movie_one_stimulus"]
        data, span = group["data"][()], group["frame_duration"][()]
        rows = keep(np.arange(data.size))
        for name, value in (("data", data[rows]), ("frame_duration", span[rows])):
            del group[name]
            group[name] = value


def test_table_of_frames_out_of_order_is_put_in_order(own, dataset):
    """As in some of the released files (AllenSDK issue 144)."""
    swap = np.arange(1800)
    swap[[500, 501, 1207, 1208]] = [501, 500, 1208, 1207]
    rows_of_movie(nwb(own), lambda rows: rows[swap])
    assert read(own).identical(dataset)


def test_truncated_repeat_loses_the_segment_that_is_not_whole(own, dataset):
    rows_of_movie(nwb(own, EXPERIMENTS[2]), lambda rows: rows[:-10])
    short = read(own)
    assert json.loads(short.attrs["parameters"])["trials_truncated"] == 1
    whole = trials.select(dataset, trials=np.arange(179))
    assert short.drop_attrs().identical(whole.drop_attrs())


def test_repeat_that_was_not_shown_leaves_a_gap_that_belongs_to_no_trial(own, dataset):
    """The segment before the gap ends with its last frame, not with the next repeat."""
    rows_of_movie(nwb(own, EXPERIMENTS[2]), lambda rows: rows[(rows < 720) | (rows >= 900)])
    short = read(own)
    lost = (dataset["repeat"] == 24).values
    np.testing.assert_array_equal(short["duration"], dataset["duration"][~lost])
    np.testing.assert_array_equal(short["spike_count"], dataset["spike_count"][~lost])
    assert short["repeat"].max() == 28


def test_cell_without_finite_events_is_not_observed_that_day(own, dataset, days):
    events = np.load(npz(own))["ev"]
    cell = int(np.flatnonzero(np.isin(days[1].cells, days[0].cells))[0])
    events[cell, days[1].trial[3, 2]] = np.nan
    np.savez(npz(own), ev=events)
    unit = int(np.flatnonzero(dataset["unit_id"].values == str(days[1].cells[cell]))[0])
    changed = read(own)
    gone = dataset["observed"].values.copy()
    gone[dataset["session"] == 1, unit] = False
    np.testing.assert_array_equal(changed["observed"], gone)
    assert (
        trials.quality(changed, "days_found")[unit]
        == trials.quality(dataset, "days_found")[unit] - 1
    )


# What it refuses


def put(path, name, value):
    with h5py.File(path, "r+") as file:
        if name in file:
            del file[name]
        if value is not None:
            file[name] = value


MODULE = written.MODULE
SHOWN = "stimulus/presentation/natural_movie_one_stimulus"
SPOILED = {
    "no events": (npz, Path.unlink, "no such file of events"),
    "truncated events": (npz, lambda p: p.write_bytes(p.read_bytes()[:2000]), "array 'ev'"),
    "text for events": (npz, lambda p: p.write_text("not found"), "array 'ev'"),
    "empty events": (npz, lambda p: p.write_bytes(b""), "array 'ev'"),
    "other key": (npz, lambda p: np.savez(p, events=np.zeros((27, 9))), "array 'ev'"),
    "plain array": (npz, lambda p: np.save(p.open("wb"), np.zeros((27, 9))), "array 'ev'"),
    "shape of events": (
        npz,
        lambda p: np.savez(p, ev=np.load(p)["ev"][:, 1:]),
        "but the NWB file has 27 cells and 2070 two-photon frames",
    ),
    "negative event": (npz, lambda p: np.savez(p, ev=-np.load(p)["ev"]), "is negative"),
    "no NWB file": (nwb, Path.unlink, "no such NWB file"),
    "empty file": (nwb, lambda p: p.write_bytes(b""), "empty"),
    "no HDF5": (nwb, lambda p: p.write_text("<html>"), "no HDF5 file"),
    "truncated": (nwb, lambda p: p.write_bytes(p.read_bytes()[:100_000]), "truncated"),
    "other HDF5": (nwb, lambda p: h5py.File(p, "w").close(), "not an NWB 1 file"),
    "other experiment": (
        nwb,
        lambda p: shutil.copy(p.with_name(f"{EXPERIMENTS[0]}.nwb"), p),
        f"session_id is {EXPERIMENTS[0]}, not {EXPERIMENTS[1]}",
    ),
    "other container": (
        nwb,
        lambda p: put(p, "general/experiment_container_id", np.bytes_("511498500")),
        f"experiment_container_id is 511498500, not {CONTAINER}",
    ),
    "other animal": (
        nwb,
        lambda p: put(p, "general/specimen_name", np.bytes_("Cux2-2")),
        "animal is 'Cux2-2'",
    ),
    "no movie": (
        nwb,
        lambda p: put(p, SHOWN, None),
        "no stimulus 'natural_movie_one'; known: spontaneous",
    ),
    "spans": (nwb, lambda p: put(p, f"{SHOWN}/frame_duration", np.ones((5, 2))), "needs (1800, 2)"),
    "outside": (
        nwb,
        lambda p: put(p, f"{SHOWN}/frame_duration", 9000 + np.ones((1800, 2))),
        "outside the 2070 two-photon frames",
    ),
    "half a movie": (nwb, lambda p: put(p, f"{SHOWN}/data", None), f"no {SHOWN}/data"),
    "cells": (
        nwb,
        lambda p: put(p, f"{MODULE}/ImageSegmentation/cell_specimen_ids", np.full(27, 7)),
        "two cells have the same id",
    ),
    "times": (
        nwb,
        lambda p: put(
            p, f"{MODULE}/Fluorescence/imaging_plane_1/timestamps", np.arange(2070.0)[::-1]
        ),
        "do not rise",
    ),
    "date": (nwb, lambda p: put(p, "session_start_time", np.bytes_("later")), "no date"),
    "running": (
        nwb,
        lambda p: put(p, f"{MODULE}/BehavioralTimeSeries/running_speed/data", np.ones(3)),
        "3 samples and 2058 times",
    ),
}


@pytest.mark.parametrize("case", SPOILED)
def test_spoiled_files_are_refused_by_name(own, case):
    place, spoil, words = SPOILED[case]
    path = place(own)
    spoil(path)
    with pytest.raises(InputError) as refused:
        read(own)
    message = str(refused.value)
    assert message.startswith(f"{path}"), message
    assert words in message


def test_segment_longer_than_the_movie_is_refused(directory, days):
    with pytest.raises(InputError, match=r"600000002\.nwb, natural_movie_one: segment_frames 181"):
        read(directory, segment_frames=181)


@pytest.mark.parametrize("experiments", [[], [1, 1], ["a"]])
def test_bad_lists_of_experiments_are_refused_by_key(experiments):
    entry = {
        "name": RECORDING,
        "source": "allen_two_photon",
        "options": {"experiments": experiments},
    }
    with pytest.raises(InputError, match=r"recordings\[0\]\.options\.experiments"):
        checked(Config, {"recordings": [entry]})


# What the analysis makes of it


def between_days(dataset, measure):
    """Mean similarity of repeats of days i and j: shape (3, 3)."""
    out = similarity(dataset, measure)
    value, block = out["repeat_value"].values.copy(), out["repeat_block"].values
    np.fill_diagonal(value, np.nan)
    return np.array(
        [[np.nanmean(value[np.ix_(block == i, block == j)]) for j in range(3)] for i in range(3)]
    )


@pytest.mark.parametrize("measure", ["rate_correlation", "population_vector"])
def test_a_redrawn_day_is_less_like_the_others(dataset, tmp_path, measure):
    redrawn = between_days(dataset, measure)
    assert redrawn[0, 1] > 0.9 * min(redrawn[0, 0], redrawn[1, 1])
    assert max(redrawn[0, 2], redrawn[1, 2]) < 0.5 * min(np.diag(redrawn))
    written.write(tmp_path, redrawn=False)
    kept = between_days(read(tmp_path), measure)
    assert kept.min() > 0.8 * kept.max()


def test_rate_index_sees_the_redrawn_day_only(dataset, tmp_path):
    first_days = selections.apply(dataset, Selection(name="two", repeats=(0, 19)))
    assert abs(rate_index(Layout.of(first_days), FEW, 0).index) < 0.1
    last_days = selections.apply(dataset, Selection(name="two", repeats=(10, 29)))
    out = rate_index(Layout.of(last_days), FEW, 0)
    assert out.index == pytest.approx(1.0, abs=0.15)
    assert out.p_value == 1 / 40


def test_rate_index_counts_events_and_leaves_amplitudes_out(dataset):
    bright = dataset.copy()
    bright["event_amplitude"] = dataset["event_amplitude"] * 3
    one, other = (rate_index(Layout.of(d), FEW, 0) for d in (dataset, bright))
    assert one.index == other.index


def test_drift_curves_know_the_days_between(dataset):
    options = CurveOptions(bootstrap=20, halves=2)
    out = curves(dataset, MeasureEntry(measure="population_vector"), options, 0)
    step = out.sel(statistic="step")
    assert step["statistic_low"] > 0.1
    assert out["n_pairs"].sel(relation="between", lag=29) == 1
    elapsed = out["elapsed"].sel(relation="between", lag=29).item()
    assert elapsed == pytest.approx((written.DATES[2] - written.DATES[0]).total_seconds(), abs=120)


def test_timing_is_refused_in_one_line(dataset):
    asked = [
        lambda: similarity(dataset, "spikeship"),
        lambda: curves(dataset, MeasureEntry(measure="spikeship"), CurveOptions(), 0),
        lambda: selections.apply(dataset, Selection(name="j", surrogate="jitter")),
        lambda: selections.apply(dataset, Selection(name="t", thinning="blocks")),
    ]
    for ask in asked:
        with pytest.raises(InputError, match=rf"{RECORDING}: .*two-photon events"):
            ask()


@pytest.fixture(scope="module")
def analyzed(dataset):
    options = DriftOptions(curves=CurveOptions(bootstrap=20, halves=2))
    entry = MeasureEntry(measure="population_vector")
    return {
        "matrix": similarity(dataset, "population_vector"),
        "curves": curves(dataset, entry, options.curves, 0),
        "index": drift_values(dataset, options, 0),
    }


def test_index_file_says_that_there_is_no_timing(analyzed):
    index = analyzed["index"].sel(matching="none")
    assert np.isfinite(index["index"].sel(code="rate"))
    timing = index.sel(code="timing")
    assert not timing["gate_passed"] and timing["gate_note"] == trials.NO_TIMING
    for name in ("index", "low", "high", "p_value", "kept"):
        assert np.isnan(timing[name])


def words(figure):
    texts = [text for axes in figure.axes for text in axes.texts] + figure.texts
    return " ".join(text.get_text() for text in texts).replace("\n", " ")


def test_figures_draw_the_rate_and_say_that_there_is_no_timing(dataset, analyzed):
    drawn = {
        "raster": raster.draw(trials=dataset),
        "matrices": matrices.draw(rate=[analyzed["matrix"]]),
        "drift_curves": drift_curves.draw(rate=analyzed["curves"], index=analyzed["index"]),
    }
    for figure, _ in drawn.values():
        assert trials.NO_TIMING in words(figure)
    assert set(drawn["matrices"][1]["code"]) == {"rate"}
    table = drawn["drift_curves"][1]
    assert set(table[table["panel"] == "curve"]["code"]) == {"rate"}
    lost = table[(table["panel"] == "index") & (table["code"] == "timing")]
    assert lost["value"].isna().all()


def test_raster_marks_cells_that_were_not_found(dataset):
    figure, _ = raster.draw(trials=dataset)
    for axes, day in zip(figure.axes[:2], (0, 2), strict=True):
        absent = dataset.sizes["unit"] - dataset["observed"].values[day * 60].sum()
        assert len(axes.patches) == absent
    assert "not observed" in words(figure)


def config(mirror=None):
    return {
        "seed": 2,
        "recordings": [
            {
                "name": RECORDING,
                "source": "allen_two_photon",
                "options": {"experiments": list(EXPERIMENTS)},
            }
        ],
        "selections": [{"name": "all"}],
        "drift": {
            "curves": {"bootstrap": 20, "halves": 2},
            "index": {"flips": 99, "bootstrap": 99},
        },
        "fetch": {"mirror": mirror},
    }


def test_plan_asks_for_no_timing():
    plan = plan_for(config())
    assert len(plan.downloads.made) == 6
    at = f"{RECORDING} all"
    assert [*map(named, plan.study.drifts)] == [
        *(f"{made} {at} {measure}" for made in ("similarity_matrix.matrix", "drift_curves.curves")
          for measure in ("rate_correlation", "population_vector")),
        f"signal_index.index {at}",
        "index_table.tsv indices",
        "recordings_table.tsv",
    ]  # fmt: skip


def test_comparison_with_models_is_refused():
    sweep = {"name": "learning", "variants": [{"name": "frozen"}], "instances": 1}
    compared = {"name": "a", "recording": RECORDING, "sweep": "learning"}
    asked = {
        **config(),
        "sweeps": [sweep],
        "comparisons": [compared],
        "compare": {"assumed_order": "describe"},
    }
    with pytest.raises(InputError, match=rf"comparisons\[0\]\.recording: {RECORDING}.*timing"):
        plan_for(asked)


def test_from_mirror_to_figures(clone, directory, days, dataset):
    (clone / "two-photon.yaml").write_text(yaml.safe_dump(config(str(directory))))
    with preloaded.jobs():
        done = snakemake(clone, "--cores", "2", "--configfile", "two-photon.yaml")
    assert done.returncode == 0, done.stdout[-5000:]
    made = trials.read(clone / f"results/trials/{RECORDING}.nc")
    assert made.drop_attrs().identical(dataset.drop_attrs())
    assert "de Vries" in made.attrs["citation"] and made.attrs["licence"]
    for figure in ("raster", "matrices", "drift_curves"):
        for suffix in ("pdf", "png", "tsv"):
            path = clone / f"results/figures/{figure}.{RECORDING}.all.{suffix}"
            assert path.stat().st_size
    assert not (clone / f"results/similarity/{RECORDING}/all/spikeship.nc").exists()
    refused = snakemake(
        clone,
        *("--cores", "1", "--configfile", "two-photon.yaml", "--"),
        f"results/similarity/{RECORDING}/all/spikeship.nc",
    )
    assert refused.returncode
    assert any("spikeship needs spike times" in line for line in refused.stdout.splitlines())


# A second reading


@pytest.mark.allen
def test_allensdk_reads_the_same(directory, days, dataset, tmp_path):
    """Units, frames, counts, amplitudes, behavior and metadata, put together from AllenSDK's."""
    python = next((ROOT / ".snakemake" / "envs").glob("allensdk-*/bin/python"))
    program = Path(__file__).with_name("read_two_photon.py")
    cache = tmp_path / "cache"  # AllenSDK writes its manifest there
    shutil.copytree(directory / DATA_SET, cache)
    subprocess.run([python, program, cache, tmp_path / "sdk.npz", *map(str, EXPERIMENTS)],
                   check=True, capture_output=True)  # fmt: skip
    held = np.load(tmp_path / "sdk.npz")
    parameters = json.loads(dataset.attrs["parameters"])
    ids = dataset["unit_id"].values.astype(int)
    amplitude = np.zeros(dataset["spike_count"].shape)
    np.add.at(amplitude, trials.spike_cells(dataset), dataset["event_amplitude"].values)
    for session, experiment in enumerate(EXPERIMENTS):
        sdk = {name: held[f"{experiment}/{name}"] for name in
               ("cells", "time", "frame", "start", "end", "repeat", "events", "speed",
                "speed_time", "pupil", "pupil_time")}  # fmt: skip
        said = {name: str(held[f"{experiment}/{name}"]) for name in
                ("experiment_container_id", "session_start_time", "session_type",
                 "specimen_name", "targeted_structure", "imaging_depth_um",
                 "cre_line")}  # fmt: skip
        here = np.flatnonzero(dataset["session"] == session)
        seen = dataset["observed"].values[here[0]]
        assert sorted(sdk["cells"]) == sorted(ids[seen])
        row = [int(np.flatnonzero(sdk["cells"] == cell)[0]) for cell in ids[seen]]
        assert said["experiment_container_id"] == RECORDING.partition(".")[0]
        date = datetime.fromisoformat(parameters["dates"][session])
        assert said["session_start_time"] == str(date)
        assert said["session_type"] == parameters["session_types"][session]
        assert said["specimen_name"] == parameters["animal"]
        assert said["targeted_structure"] == parameters["area"]
        assert f"{said['imaging_depth_um']} microns" == parameters["imaging_depth"]
        assert said["cre_line"] == parameters["cre_line"]
        shift = (date - written.DATES[0]).total_seconds()
        for trial in here:
            repeat, segment = (int(dataset[name][trial]) for name in ("repeat", "segment"))
            chosen = (sdk["repeat"] == repeat - 10 * session) & (sdk["frame"] // 30 == segment)
            first, stop = sdk["start"][chosen].min(), sdk["end"][chosen].max()
            begin, end = sdk["time"][first], sdk["time"][stop]
            assert dataset["start_time"][trial] == pytest.approx(begin + shift, abs=1e-9)
            assert dataset["duration"][trial] == pytest.approx(end - begin, abs=1e-9)
            events = sdk["events"][row, first:stop]
            np.testing.assert_array_equal(
                dataset["spike_count"].values[trial, seen], (events > 0).sum(axis=1)
            )
            np.testing.assert_allclose(amplitude[trial, seen], events.sum(axis=1), rtol=1e-12)
            for name, value, time in (
                ("running_speed", sdk["speed"], sdk["speed_time"]),
                ("pupil_area", sdk["pupil"], sdk["pupil_time"]),
            ):
                inside = value[(time >= begin) & (time < end)]
                mean = np.nanmean(inside) if inside.size else np.nan
                assert dataset[name][trial].item() == pytest.approx(mean, rel=1e-9, nan_ok=True)
