"""Trials become trains of a session and trials again; what is of no one session is refused."""

import numpy as np
import pytest
from exchanging import DURATION, N_TRIALS, START, awkward, same, session_trains

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.exchange.timeline import (
    edges,
    end_to_end,
    from_trains,
    observed_spans,
    overlap,
    trains,
)
from spikedrift.sources.tables import merged

# Starts whose trials overlap: each begins in the middle of the one before it.
OVERLAPPING = 500.0 + np.concatenate([[0], np.cumsum(DURATION / 2)[:-1]])


def within(times, start):
    """Those of a session's spikes that lie in a trial."""
    stop = start + DURATION
    inside = (times[:, None] >= start) & (times[:, None] < stop)
    return times[inside.any(axis=1)]


def of_one_unit(start, duration, spikes, **more):
    """Trials of one unit, from the spike times within each."""
    number = np.arange(len(spikes))
    return trials.assemble(
        np.concatenate([np.empty(0), *spikes]),
        [[len(one)] for one in spikes],
        recording="a.b",
        kind="synthetic",
        trial={"stimulus": "b", "segment": 0, "repeat": number, "duration": duration}
        | ({} if start is None else {"start_time": start}),
        unit={"unit_id": ["u"]},
        **more,
    )


def test_a_train_holds_every_spike_in_a_trial_once_and_to_the_bit():
    for found, given in zip(trains(awkward()), session_trains(), strict=True):
        np.testing.assert_array_equal(found, within(given, START))


def test_spikes_of_overlapping_trials_come_once():
    given = [np.sort(500 + np.random.default_rng(n).uniform(0, 9, 900)) for n in range(5)]
    dataset = awkward()
    columns = {name: dataset[name].values for name in trials.TRIAL_COLUMNS}
    cut = from_trains(
        given, recording="a.b", kind="data",
        trial=columns | {"start_time": OVERLAPPING},
        unit={"unit_id": list("abcde")},
    )  # fmt: skip
    assert cut["spike_count"].sum() > 1.8 * sum(within(one, OVERLAPPING).size for one in given)
    for found, one in zip(trains(cut), given, strict=True):
        np.testing.assert_array_equal(found, within(one, OVERLAPPING))


def test_a_unit_that_one_of_two_overlapping_trials_missed_keeps_the_spikes_of_the_other():
    dataset = of_one_unit([10.0, 10.5], 1.0, [[], [0.25]], observed=[[False], [True]])
    (found,) = trains(dataset)
    assert found.tolist() == [10.75]


@pytest.mark.parametrize("second", [[], [0.3], [0.25, 0.3]])
def test_overlapping_trials_that_do_not_hold_the_same_spikes_are_refused(second):
    dataset = of_one_unit([10.0, 10.5], 1.0, [[0.75], second])
    with pytest.raises(InputError, match=r"a\.b: trial 1, unit u: overlaps another trial"):
        trains(dataset)
    (found,) = trains(end_to_end(dataset))
    assert found.tolist() == [0.75, *(2.0 + np.array(second))]


def test_two_spikes_at_one_time_stay_two():
    (found,) = trains(of_one_unit([10.0, 20.0], 1.0, [[0.5, 0.5], []]))
    assert found.tolist() == [10.5, 10.5]


def test_rounding_moves_no_spike_out_of_its_trial():
    last = np.nextafter(1.0, 0)
    dataset = of_one_unit([1e6, 1e6 + 1], 1.0, [[last], [0.0]])
    (found,) = trains(dataset)
    assert found[0] < 1e6 + 1 == found[1]
    again = from_trains(
        [found], recording="a.b", kind="synthetic",
        trial={name: dataset[name].values for name in trials.TRIAL_COLUMNS},
        unit={"unit_id": ["u"]},
    )  # fmt: skip
    assert again["spike_count"].values.tolist() == [[1], [1]]


def test_trains_cut_again_are_the_trials():
    dataset = awkward(observed=False)
    again = from_trains(
        trains(dataset),
        recording="mouse-q.movie",
        kind="model",
        trial={name: dataset[name].values for name in trials.TRIAL_COLUMNS},
        unit={name: dataset[name].values for name in trials.UNIT_COLUMNS},
        quality={name: trials.quality(dataset, name) for name in trials.quality_names(dataset)},
        observed=dataset["observed"].values,
        attributes=dataset.attrs,
    )
    same(again, dataset)


def test_spans_are_the_trials_in_which_a_unit_was_observed():
    dataset = awkward(observed=False)
    stop = START + DURATION
    spans = observed_spans(dataset)
    for unit in range(3):  # two blocks, without a pause within
        np.testing.assert_array_equal(spans[unit], [[START[0], stop[5]], [START[6], stop[11]]])
    np.testing.assert_array_equal(spans[3], [[START[0], stop[3]], [START[6], stop[11]]])
    assert spans[4].shape == (0, 2)


def test_spans_that_would_hide_that_a_unit_was_missed_are_refused():
    seen = np.array([[True], [False], [True]])
    dataset = of_one_unit([0.0, 0.5, 1.0], 1.0, [[], [], []], observed=seen)
    with pytest.raises(InputError, match="trial 1, unit u: not observed, but other trials of the"):
        observed_spans(dataset)


def test_intervals_that_touch_or_overlap_are_merged_and_others_are_not():
    start, stop = np.array([5.0, 0.0, 1.0, 2.0, 7.0]), np.array([6.0, 1.0, 4.0, 3.0, 8.0])
    np.testing.assert_array_equal(merged(start, stop), [[0, 4], [5, 6], [7, 8]])
    np.testing.assert_array_equal(merged(start, stop, 1.0), [[0, 8]])
    assert overlap(start, stop)
    assert not overlap(start[:3], stop[:3])
    assert not overlap(np.array([0.0, 1.0]), np.array([1.0 + 1e-9, 2.0]))  # rounding


def test_trials_without_a_start_are_refused_until_they_are_given_one():
    dataset = of_one_unit(None, 0.5, [[0.1], [0.2], [0.3]])
    with pytest.raises(InputError, match=r"a\.b: trial 0 has no start_time.*end_to_end"):
        trains(dataset)
    shown = dataset.assign_coords(presentation_index=("trial", [2, 0, 1]))
    laid = end_to_end(shown, pause=0.5)
    assert laid["start_time"].values.tolist() == [2.0, 0.0, 1.0]
    assert "starts of trials are made up" in laid.attrs["assumptions"]
    assert end_to_end(dataset, pause=0.5)["start_time"].values.tolist() == [0.0, 1.0, 2.0]
    trials.check(laid)


def test_events_and_empty_files_are_refused():
    events = of_one_unit([0.0, 1.0], 0.5, [[0.1], []], event_amplitude=[1.0])
    with pytest.raises(InputError, match=r"a\.b: two-photon events: no spike timing"):
        edges(events)
    dataset = awkward()
    for part, dim in (({"trials": []}, "trial"), ({"units": []}, "unit")):
        empty = trials.select(dataset, **{k: np.array(v, dtype=int) for k, v in part.items()})
        with pytest.raises(InputError, match=f"mouse-q.movie: has no {dim}s"):
            edges(empty)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trains": [[1.0, np.nan]]}, "a.b: unit 0: a spike time is not finite"),
        ({"start_time": [0.0, np.nan]}, "a.b: trial 1: start_time is nan"),
        ({"duration": [np.inf, 1.0]}, "a.b: trial 0: duration is inf"),
        ({"duration": [1.0, -1.0]}, "a.b: trial 1: duration -1.0 s must be positive"),
    ],
)
def test_times_that_are_none_are_refused(change, said):
    columns = {"stimulus": "b", "segment": 0, "repeat": [0, 1], "start_time": [0.0, 2.0],
               "duration": 1.0}  # fmt: skip
    given = change.pop("trains", [[0.5]])
    with pytest.raises(InputError, match=said):
        from_trains(
            given, recording="a.b", kind="data", trial=columns | change, unit={"unit_id": ["u"]}
        )


def test_units_without_any_spike_make_trials_of_silence():
    columns = {"stimulus": "b", "segment": 0, "repeat": np.arange(N_TRIALS), "start_time": START,
               "duration": DURATION}  # fmt: skip
    dataset = from_trains(
        [[], []], recording="a.b", kind="data", trial=columns, unit={"unit_id": ["u", "v"]}
    )
    assert dataset["spike_count"].sum() == 0 and dataset["observed"].all()
    assert [one.size for one in trains(dataset)] == [0, 0]
