"""Pooling recordings: every unit keeps its own spikes, trial by trial."""

import numpy as np
import pytest
import xarray as xr

from spikedrift import trials
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.report.overview import overview
from spikedrift.sources.pooling import pool
from spikedrift.sources.synthetic import record

OPTIONS = SyntheticOptions(segments=3, repeats=4, units=20, unit_loss=0.2)


def sessions(n=3):
    return [record(OPTIONS, f"mouse-{name}.movie", seed) for seed, name in enumerate("abc"[:n])]


def key(dataset):
    return list(
        zip(*(dataset[name].values for name in ("segment", "repeat", "block")), strict=True)
    )


def cell(dataset, trial, unit, name="spike_time"):
    at = trial * dataset.sizes["unit"] + unit
    first, last = trials.offsets(dataset)[[at, at + 1]]
    return dataset[name].values[first:last]


def test_every_unit_keeps_its_spikes():
    own = sessions()
    # Trials of one recording in another order, and one of its trials lost.
    own[1] = trials.select(own[1], trials=np.random.default_rng(0).permutation(24)[:-1])
    joined = pool(own, "all.movie")
    trials.check(joined)
    assert joined.sizes["unit"] == 60 and joined.sizes["trial"] == 24
    where = {value: trial for trial, value in enumerate(key(joined))}
    for number, dataset in enumerate(own):
        mine = slice(20 * number, 20 * number + 20)
        assert set(joined["recording"].values[mine]) == {dataset.attrs["recording"]}
        for trial, value in enumerate(key(dataset)):
            there = where[value]
            np.testing.assert_array_equal(
                joined["observed"].values[there, mine], dataset["observed"].values[trial]
            )
            for unit in range(20):
                np.testing.assert_array_equal(
                    cell(joined, there, 20 * number + unit), cell(dataset, trial, unit)
                )
    lost = (set(key(own[0])) - set(key(own[1]))).pop()
    assert not joined["observed"].values[where[lost], 20:40].any()
    assert joined["observed"].values[where[lost], :20].any()


def test_the_order_of_trials_is_that_of_showing():
    joined = pool(sessions(), "all.movie")
    shown = list(zip(joined["block"].values, joined["repeat"].values, joined["segment"].values,
                     strict=True))  # fmt: skip
    assert shown == sorted(shown)


def test_a_pool_says_that_it_is_one():
    joined = pool(sessions(), "all.movie")
    assert joined.attrs["pseudo_population"] == 1
    assert joined.attrs["subject"] == "mouse-a; mouse-b; mouse-c"
    assert np.isnan(joined["start_time"]).all()
    assert len(set(joined["unit_id"].values)) == 60


def test_columns_that_one_recording_lacks_are_left_out():
    own = sessions(2)
    own[0]["quality_presence_ratio"] = ("unit", np.ones(20))
    assert trials.quality_names(pool(own, "all.movie")) == []
    own[1]["quality_presence_ratio"] = ("unit", np.zeros(20))
    joined = trials.quality(pool(own, "all.movie"), "presence_ratio")
    np.testing.assert_array_equal(joined, np.repeat([1, 0], 20))
    own[1]["quality_presence_ratio"] = ("unit", np.full(20, "0"))
    assert trials.quality_names(pool(own, "all.movie")) == []  # a text here, a number there


@pytest.mark.fault("trials", "pooled recordings whose trials differ in length")
def test_a_pooled_trial_is_as_long_as_all_its_recordings_saw_it():
    own = sessions(2)
    short = 0.95 * own[0]["duration"].values[0]
    joined = pool([own[0], trials.shorten(own[1], short)], "all.movie")
    assert (joined["duration"] == short).all()
    expected = pool([trials.shorten(one, short) for one in own], "all.movie")
    xr.testing.assert_identical(joined, expected)
    with pytest.raises(InputError, match=r"all.movie: trial 0: trials last .* too unequal"):
        pool([own[0], trials.shorten(own[1], short / 2)], "all.movie")


@pytest.mark.fault("trials", "pooled recordings that number other segments alike")
def test_segments_of_other_names_are_not_pooled():
    own = sessions(2)
    for dataset in own:
        dataset["segment_name"] = ("trial", np.char.add("s", dataset["segment"].values.astype(str)))
    joined = pool(own, "all.movie")
    assert set(joined["segment_name"].values) == {"s0", "s1", "s2"}
    own[1]["segment_name"] = ("trial", own[1]["segment_name"].values[::-1])
    with pytest.raises(InputError, match=r"all.movie: segment 0 is 's2' in mouse-b.movie and 's0'"):
        pool(own, "all.movie")


def test_amplitudes_of_events_follow_their_events():
    own = sessions(2)
    for dataset in own:
        dataset["event_amplitude"] = ("spike", dataset["spike_time"].values * 2)
    joined = pool(own, "all.movie")
    np.testing.assert_array_equal(joined["event_amplitude"], joined["spike_time"] * 2)


def test_what_cannot_be_pooled_is_refused():
    own = sessions(2)
    own[0]["event_amplitude"] = ("spike", own[0]["spike_time"].values)
    with pytest.raises(InputError, match=r"all.movie: pools spikes and two-photon events"):
        pool(own, "all.movie")
    own = sessions(2)
    own[1].attrs["kind"] = "model"
    with pytest.raises(InputError, match=r"all.movie: pools model, synthetic"):
        pool(own, "all.movie")
    own = sessions(2)
    own[1]["stimulus"] = ("trial", np.full(24, "other"))
    with pytest.raises(InputError, match="have no trial in common"):
        pool(own, "all.movie")


def test_the_overview_tells_what_is_pooled_and_whom_to_cite():
    own = sessions(2)
    own[0].attrs.update(citation="One 2020", licence="terms")
    own[1].attrs.update(citation="Two 2021", licence="terms")
    table = overview([*own, pool(own, "all.movie")]).set_index("recording")
    assert table.loc["all.movie", "citation"] == "One 2020; Two 2021"
    assert table.loc["all.movie", "licence"] == "terms"
    assert table["units"].tolist() == [20, 20, 40]
    assert table.loc["mouse-a.movie", "populations"] == "VISl 10, VISp 10"
    assert table[["trials", "segments", "repeats", "blocks"]].values.tolist() == [[24, 3, 8, 2]] * 3
    lost = [1 - one["observed"].values.mean() for one in own]
    np.testing.assert_allclose(table["unobserved"], [*lost, np.mean(lost)])
    assert min(lost) > 0
