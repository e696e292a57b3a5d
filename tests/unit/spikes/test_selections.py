import json
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from spikedrift import trials
from spikedrift.config.drift import StateOptions
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import MeasureEntry, SimilarityOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.curves import curve_values
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import apply, stream
from spikedrift.spikes.state import match_state


def recording(n_units=40, n_repeats=4):
    rng = np.random.default_rng(0)
    rate = np.linspace(0.5, 10, n_units)
    repeat = np.repeat(np.arange(2 * n_repeats), 3)
    segment = np.tile(np.arange(3), 2 * n_repeats)
    phase = np.full(repeat.size, "block", dtype=object)
    phase[repeat == 0] = "naive"
    count = rng.poisson(rate * 2.0, (repeat.size, n_units))
    trial, unit = np.divmod(np.repeat(np.arange(count.size), count.ravel()), n_units)
    spike_time, spike_count = trials.ragged(trial, unit, rng.uniform(0, 2, trial.size), count.shape)
    return trials.assemble(
        spike_time,
        spike_count,
        recording="test.movie",
        kind="synthetic",
        trial={
            "stimulus": "movie",
            "segment": segment,
            "repeat": repeat,
            "block": repeat // n_repeats,
            "phase": phase,
            "duration": 2.0,
        },
        unit={
            "unit_id": np.arange(n_units),
            "population": np.where(np.arange(n_units) < 25, "V1", "LM"),
        },
        quality={"presence_ratio": np.where(np.arange(n_units) == 3, np.nan, 0.9 + 0.001 * rate)},
    )


def test_default_keeps_blocks_only_and_records_itself():
    out = apply(recording(), Selection(name="all"), seed=5)
    assert set(out["phase"].values) == {"block"}
    assert out.sizes["trial"] == 21
    assert out.attrs["selection_seed"] == 5
    assert json.loads(out.attrs["selection"])["name"] == "all"
    trials.check(out)


def test_filters_on_population_rate_quality_and_repeats():
    dataset = recording()
    out = apply(
        dataset,
        Selection(
            name="a",
            population=["V1"],
            min_rate=3.0,
            quality={"presence_ratio": {"min": 0.9, "max": 0.906}},
            repeats=(2, 5),
            min_units=2,
        ),
    )
    kept = trials.select(dataset, trials=np.isin(dataset["repeat"], [2, 3, 4, 5]))
    rate = kept["spike_count"].values.mean(axis=0) / 2.0
    ratio = trials.quality(dataset, "presence_ratio")
    expected = (np.arange(40) < 25) & (rate >= 3.0) & (ratio >= 0.9) & (ratio <= 0.906)
    assert 2 <= expected.sum() < 25
    assert list(out["unit_id"].values) == [str(k) for k in np.flatnonzero(expected)]
    assert set(out["repeat"].values) == {2, 3, 4, 5}


def test_rate_is_over_observed_trials():
    dataset = recording()
    unit = 39
    observed = dataset["observed"].values.copy()
    gone = np.arange(dataset.sizes["trial"]) >= 6
    observed[gone, unit] = False
    trial, spike_unit = trials.spike_cells(dataset)
    keep = observed[trial, spike_unit]
    count = np.where(observed, dataset["spike_count"].values, 0)
    dataset = dataset.isel(spike=keep)
    dataset["spike_count"] = (("trial", "unit"), count)
    dataset["observed"] = (("trial", "unit"), observed)
    trials.check(dataset)
    out = apply(dataset, Selection(name="a", min_rate=8.0, min_units=2))
    assert str(unit) in out["unit_id"].values


def lasting(duration, spikes):
    """Trials of given durations, 2 blocks of 10 repeats of 4 segments, cut from 8 trains."""
    n = duration.size
    start = np.arange(n) * 3.0
    time, count = trials.cut(*spikes, start, duration, 8)
    repeat = np.arange(n) // 4
    return trials.assemble(
        time,
        count,
        recording="unequal.movie",
        kind="synthetic",
        trial={
            "stimulus": "movie",
            "segment": np.arange(n) % 4,
            "repeat": repeat,
            "block": repeat // 10,
            "duration": duration,
        },
        unit={"unit_id": np.arange(8)},
    )


@pytest.fixture(scope="module")
def trains():
    """8 units that answer each segment with the same jittered spikes, 80 trials, 3 s apart."""
    rng = np.random.default_rng(4)
    template = rng.uniform(0, 2, (4, 8, 6))
    time = template[np.arange(80) % 4] + rng.normal(0, 0.02, (80, 8, 6))
    unit = np.broadcast_to(np.arange(8)[:, None], time.shape)
    time = np.clip(time, 0, 2.99) + np.arange(80)[:, None, None] * 3.0
    return time.ravel(), unit.ravel()


BLOCKS = np.repeat([0, 1], 40)


@pytest.mark.fault("trials", "trials of unequal durations")
@pytest.mark.parametrize("measure", ["spikeship", "rate_correlation"])
def test_unequal_durations_are_no_drift(trains, measure):
    """Block 2 lasts 1.85 s instead of 2 s: the curve is that of trials recorded for 1.85 s."""
    everyone = Selection(name="all", min_units=8)
    unequal = apply(lasting(np.where(BLOCKS, 1.85, 2.0), trains), everyone)
    short = apply(lasting(np.full(80, 1.85), trains), everyone)
    for name in short.variables:
        assert short[name].values.tobytes() == unequal[name].values.tobytes(), name
    assert unequal.attrs["trial_duration"] == 1.85 and unequal.attrs["longest_duration"] == 2.0
    said = curve_values(unequal, MeasureEntry(measure=measure), 0)["statistic_value"]
    uncut = lasting(np.where(BLOCKS, 1.85, 2.0), trains)
    wrong = curve_values(uncut, MeasureEntry(measure=measure), 0)["statistic_value"]
    assert abs(said.sel(statistic="rdi")) < 0.02 < 0.1 < wrong.sel(statistic="rdi")


@pytest.mark.fault("trials", "trials too unequal to be compared")
def test_durations_too_unequal_are_refused(trains):
    with pytest.raises(InputError, match=r"last 1 to 2 s, which is too unequal .* set the option"):
        apply(lasting(np.where(BLOCKS, 1.0, 2.0), trains), Selection(name="all"))
    only = Selection(name="all", min_units=8, repeats=(0, 9))
    assert apply(lasting(np.where(BLOCKS, 1.0, 2.0), trains), only).sizes["trial"] == 40


def test_equal_durations_are_left_as_they_are(trains):
    same = lasting(np.full(80, 2.0), trains)
    everyone = Selection(name="all", min_units=8)
    xr.testing.assert_identical(apply(same, everyone).drop_attrs(), same.drop_attrs())


def test_a_unit_without_a_quality_value_goes():
    out = apply(recording(), Selection(name="a", quality={"presence_ratio": {}}))
    assert "3" not in out["unit_id"].values
    assert out.sizes["unit"] == 39


LABELS = np.array(["good", "mua", " good ", "", "noise", "nan", "NaN", "mua"])


def labeled(label):
    """The recording with one column of texts, and the same as numbers, NaN where it is missing."""
    text = np.char.strip(label)
    code = np.select([text == "good", text == "mua", text == "noise"], [1.0, 2.0, 3.0], np.nan)
    return recording().assign(quality_label=("unit", label), quality_code=("unit", code))


@given(
    label=st.lists(st.sampled_from(LABELS.tolist()), min_size=36, max_size=36),
    kept=st.integers(1, 3),
)
@settings(max_examples=25, deadline=None)
def test_texts_select_what_numbers_that_stand_for_them_do(label, kept):
    # Every text that is asked for is there, and two units are left.
    dataset = labeled(np.array(["good", "good", "mua", "noise", *label]))
    texts = {"label": {"values": ["good", "mua", "noise"][:kept]}}
    by_text, by_code = (
        apply(dataset, Selection(name="a", min_units=2, quality=quality))
        for quality in (texts, {"code": {"max": kept}})
    )
    xr.testing.assert_identical(by_text.drop_attrs(), by_code.drop_attrs())


def test_units_without_a_text_go_and_are_counted(caplog):
    dataset = labeled(np.tile(LABELS, 5))
    quality = {"label": {"values": ["good", "mua", "noise"]}}
    with caplog.at_level("INFO"):
        out = apply(dataset, Selection(name="a", quality=quality))
    assert out["unit_id"].values.tolist() == [str(k) for k in range(40) if k % 8 not in (3, 5, 6)]
    assert "quality column 'label': 15 of 40 units have no value" in caplog.text
    caplog.clear()
    with caplog.at_level("INFO"):
        apply(dataset, Selection(name="a", quality={"code": {}}))
    assert "quality column 'code': 15 of 40 units have no value" in caplog.text


@pytest.mark.parametrize(
    ("quality", "message"),
    [
        ({"group": {"values": ["good"]}},
         "no quality column 'group'; known: code, label, presence_ratio"),
        ({"label": {"values": ["good", "Good"]}},
         "quality column 'label': no unit has the value 'Good'; there are good, mua, noise"),
        ({"label": {"values": ["nan"]}}, "no unit has the value 'nan'; there are good, mua, noise"),
        ({"label": {"min": 1}},
         r"'label' holds texts \(good, mua, noise\), which have no min and max; give values"),
        ({"label": {}}, "'label' holds texts"),
        ({"code": {"values": ["1"]}}, "'code' holds numbers such as 1, which have min and max"),
    ],
)  # fmt: skip
def test_texts_asked_of_numbers_and_the_reverse_are_refused_in_one_line(quality, message):
    with pytest.raises(InputError, match=message) as caught:
        apply(labeled(np.tile(LABELS, 5)), Selection(name="a", quality=quality))
    assert "\n" not in str(caught.value)
    assert "test.movie, selection 'a'" in str(caught.value)


def test_length_and_number_of_segments_are_matched():
    dataset = recording()
    found = apply(dataset, Selection(name="a", duration=0.5, segments=2), seed=3)
    again = apply(dataset, Selection(name="a", duration=0.5, segments=2), seed=3)
    xr.testing.assert_identical(found, again)
    assert (found["duration"] == 0.5).all() and found.attrs["trial_duration"] == 0.5
    assert float(found["spike_time"].max()) < 0.5
    kept = np.unique(found["segment"])
    assert kept.size == 2 and found.sizes["trial"] == 2 * 7
    # Spikes are those that the same trials have in their first half second.
    whole = trials.select(dataset, trials=np.isin(dataset["segment"], kept)
                          & (dataset["phase"] == "block").values)  # fmt: skip
    assert found.sizes["spike"] == int((whole["spike_time"] < 0.5).sum())
    drawn = {
        tuple(np.unique(apply(dataset, Selection(name="a", segments=2, seed=k))["segment"]))
        for k in range(20)
    }
    assert drawn == {(0, 1), (0, 2), (1, 2)}


def test_unit_count_is_matched_by_a_seeded_draw():
    dataset, selection = recording(), Selection(name="a", units=20)
    first, again, other = (apply(dataset, selection, seed) for seed in (1, 1, 2))
    assert first.identical(again)
    assert first.sizes["unit"] == 20 == len(set(first["unit_id"].values))
    assert list(first["unit_id"].values) != list(other["unit_id"].values)
    assert first.attrs["units_available"] == 40


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 50}, "40 units pass the filters of 40, 50 are needed"),
        ({"population": ["LM"], "min_units": 16}, "15 units pass the filters of 40, 16 are needed"),
        ({"population": ["V2"]}, "no population 'V2'; there are LM, V1"),
        ({"quality": {"snr": {"min": 1}}}, "no quality column 'snr'; known: presence_ratio"),
        ({"quality": {"duration": {"min": 1}}}, "no quality column 'duration'"),
        ({"phases": ["train"]}, "no trial left of 24"),
        ({"repeats": (50, 60)}, "no trial left of 24"),
        ({"duration": 3.0}, "a trial lasts 2 s, duration asks for 3 s of each"),
        ({"segments": 5}, "3 segments are shown, segments asks for 5"),
    ],
)
def test_what_cannot_be_selected_is_refused_in_one_line(options, message):
    with pytest.raises(InputError, match=message) as caught:
        apply(recording(), Selection(name="a", **options))
    assert "\n" not in str(caught.value)
    assert "test.movie" in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"name": "../x"},
        {"name": "a", "units": 10},
        {"name": "a", "repeats": (5, 2)},
        {"name": "a", "quality": {"snr": {"min": 2, "max": 1}}},
        {"name": "a", "quality": {"group": {"values": []}}},
        {"name": "a", "quality": {"group": {"values": ["good", ""]}}},
        {"name": "a", "quality": {"group": {"values": ["good"], "min": 1}}},
        {"name": "a", "quality": {"group": {"values": [1]}}},
        {"name": "a", "unit": 10},
        {"name": "a", "surrogate": "dither"},
    ],
)
def test_bad_options_are_refused(options):
    with pytest.raises(ValidationError):
        Selection(**options)


def test_thinning_and_surrogate_are_applied():
    dataset = recording()
    thin = apply(dataset, Selection(name="a", thinning="blocks"))
    both = apply(dataset, Selection(name="a", thinning="blocks", surrogate="exchange"))
    assert thin.sizes["spike"] < apply(dataset, Selection(name="a")).sizes["spike"]
    np.testing.assert_array_equal(thin["spike_count"], both["spike_count"])
    assert not np.array_equal(thin["spike_time"], both["spike_time"])
    trials.check(thin)
    trials.check(both)


def test_streams_differ_by_key():
    draws = {stream(1, *key).integers(2**60) for key in [("a",), ("b",), ("a", 1), ("a", 2)]}
    assert len(draws) == 4


def test_state_is_matched_before_units_are_chosen():
    made = record(
        SyntheticOptions(segments=4, repeats=12, units=20, state_shift=1.0, state_coefficient=0.5),
        "made.movie",
        1,
    )
    out = apply(made, Selection(name="a", state="matched"))
    expected = match_state(Layout.of(made), StateOptions())
    np.testing.assert_array_equal(out["spike_count"], expected["spike_count"])
    assert out.attrs["state_difference_after"] < 0.3 < out.attrs["state_difference_before"]
    wide = apply(made, Selection(name="a", state="matched", matching={"caliper": 5.0}))
    assert wide.sizes["trial"] > out.sizes["trial"]
    trials.check(out)
    with pytest.raises(InputError, match="no behavioral covariates"):
        apply(recording(), Selection(name="a", state="matched"))


def test_common_units_are_observed_and_active_in_every_block():
    made = record(
        SyntheticOptions(segments=4, repeats=5, units=40, unit_loss=0.25, mean_rate=1.0, blocks=3),
        "made.movie",
        2,
    )
    # A unit lost with one segment of one block only, and one that fell silent.
    observed, count = made["observed"].values.copy(), made["spike_count"].values.copy()
    lost = (made["segment"].values == 2) & (made["block"].values == 1)
    quiet = made["block"].values == 2
    stay = np.flatnonzero(observed.all(axis=0))[:2]
    observed[lost, stay[0]] = False
    count[lost, stay[0]], count[quiet, stay[1]] = 0, 0
    trial, unit = trials.spike_cells(made)
    gone = (lost[trial] & (unit == stay[0])) | (quiet[trial] & (unit == stay[1]))
    made = made.isel(spike=~gone).assign(
        observed=(("trial", "unit"), observed), spike_count=(("trial", "unit"), count)
    )
    trials.check(made)
    out = apply(made, Selection(name="a", common=True))
    kept = [
        unit
        for unit in range(40)
        if all(
            observed[(made["block"] == b) & (made["segment"] == s), unit].any()
            for b in range(3)
            for s in range(4)
        )
        and all(count[made["block"] == b, unit].any() for b in range(3))
    ]
    assert not {*stay} & {*kept} and 15 <= len(kept) <= 30
    np.testing.assert_array_equal(out["unit_id"], made["unit_id"].values[kept])


def test_the_example_of_the_docs_selects():
    """Every control of docs/methods.md, as it stands there."""
    page = (Path(__file__).parents[3] / "docs" / "methods.md").read_text()
    block = next(b for b in re.findall(r"```yaml\n(.*?)```", page, flags=re.S) if "common" in b)
    config = yaml.safe_load(block)
    made = record(SyntheticOptions(segments=5, repeats=20, units=40), "made.movie", 3)
    out = {}
    for entry in config["selections"]:
        selection = Selection(**entry)
        out[selection.name] = apply(made, selection)
        trials.check(out[selection.name])
        assert out[selection.name].sizes["unit"] >= 15
    assert out["late"]["repeat"].min() == 8
    assert out["reliable"]["repeat"].min() == 10
    measures = SimilarityOptions(**config["similarity"]).measures
    assert measures[-1].name == "z_scored" and measures[-1].options["standardize"]
