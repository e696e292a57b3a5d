"""TsGroup and IntervalSet of pynapple are our units and trials, and come back."""

import sys
import warnings

import numpy as np
import pytest
from exchanging import DURATION, START, awkward, pynapple, same, session_trains

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.exchange.pynapple import from_pynapple, to_pynapple
from spikedrift.exchange.timeline import end_to_end, trains

nap = pynapple()


@pytest.fixture(autouse=True)
def no_warning():
    """Pynapple warns where it changes what it is given."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for harmless in ("Metadata name", "Some epochs have no duration"):
            warnings.filterwarnings("ignore", message=harmless)
        yield


def test_trials_come_back_to_the_bit():
    dataset = awkward()
    units, shown = to_pynapple(dataset)
    back = from_pynapple(
        units, shown, recording="mouse-q.movie", kind="model", attributes=dataset.attrs
    )
    same(back, dataset)


def test_a_tsgroup_becomes_trials_and_a_tsgroup_again():
    units, shown = to_pynapple(awkward())
    again, shown_again = to_pynapple(from_pynapple(units, shown, recording="mouse-q.movie"))
    assert list(again.keys()) == list(units.keys())
    for key in units:
        np.testing.assert_array_equal(again[key].t, units[key].t)
    for one, other in ((shown_again, shown), (again.time_support, units.time_support)):
        np.testing.assert_array_equal(one.values, other.values)
    for name in ("unit_id", "population", "presence_ratio", "sorter-label"):
        np.testing.assert_array_equal(again.get_info(name), units.get_info(name))


def test_rates_and_counts_of_pynapple_are_ours():
    dataset = awkward()
    units, shown = to_pynapple(dataset)
    counts = dataset["spike_count"].values
    total = dataset["duration"].values.sum()
    np.testing.assert_allclose(units.get_info("rate"), counts.sum(axis=0) / total, rtol=1e-9)
    for trial in range(len(shown)):
        found = [len(one) for one in units.restrict(shown[trial]).values()]
        assert found == counts[trial].tolist()


def test_units_and_intervals_of_ones_own_become_trials():
    every = nap.IntervalSet(0, 10)
    units = nap.TsGroup(
        {4: nap.Ts([0.5, 1.5, 2.0, 6.5, 9.0]), 9: nap.Ts([1.25], time_support=every)},
        time_support=every,
        metadata={"depth": [100.0, 250.0]},
    )  # fmt: skip
    shown = nap.IntervalSet([1, 3, 6, 8], [2, 4, 7, 9], metadata={"direction": [90, 0, 90, 0]})
    found = from_pynapple(units, shown, recording="m.gratings", segment="direction")
    assert found["unit_id"].values.tolist() == ["4", "9"]
    assert found["segment_name"].values.tolist() == ["90", "0", "90", "0"]
    assert found["repeat"].values.tolist() == [0, 0, 1, 1]
    # Spikes at 2 and 9 s are those after the end of a trial.
    assert found["spike_count"].values.tolist() == [[1, 1], [0, 0], [1, 0], [0, 0]]
    assert found["spike_time"].values.tolist() == [0.5, 0.25, 0.5]
    assert trials.quality(found, "depth").tolist() == [100.0, 250.0]
    assert found["duration"].values.tolist() == [1.0] * 4


def test_intervals_that_were_changed_are_those_that_count():
    units, shown = to_pynapple(awkward())
    first = shown[:6]
    shorter = nap.IntervalSet(
        first.start, first.start + 0.25, metadata={name: first.get_info(name) for name in
                                                   first.metadata_columns},
    )  # fmt: skip
    found = from_pynapple(units, shorter, recording="mouse-q.movie")
    assert found["duration"].values == pytest.approx([0.25] * 6)
    assert found["spike_time"].max() < 0.25
    expected = [[((t >= a) & (t < a + 0.25)).sum() for t in session_trains()] for a in START[:6]]
    np.testing.assert_array_equal(found["spike_count"], expected)


def test_intervals_from_which_pynapple_took_a_microsecond_are_whole():
    units, shown = to_pynapple(awkward())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        touching = nap.IntervalSet(
            shown.start,
            np.concatenate([shown.start[1:6], shown.end[5:6], shown.start[7:], shown.end[-1:]]),
            metadata={name: shown.get_info(name) for name in shown.metadata_columns},
        )  # fmt: skip
    assert (touching.start[1:3] - touching.end[:2] > 5e-7).all()
    found = from_pynapple(units, touching, recording="mouse-q.movie")
    np.testing.assert_array_equal(found["spike_count"], awkward()["spike_count"])
    np.testing.assert_array_equal(found["duration"], DURATION)


def test_what_pynapple_cannot_say_is_refused():
    overlapping = awkward(start=3000 + np.arange(12) * 0.3)
    with pytest.raises(InputError, match=r"mouse-q\.movie: trials overlap"):
        to_pynapple(overlapping)
    to_pynapple(end_to_end(overlapping))
    partly = awkward(observed=False)
    with pytest.raises(InputError, match=r"mouse-q\.movie: unit -1 was not observed in all trials"):
        to_pynapple(partly)
    whole = trials.select(partly, units=partly["observed"].values.all(axis=0))
    assert len(to_pynapple(whole)[0]) == 3
    with pytest.raises(InputError, match=r"mouse-q\.movie: trial 0 has no start_time"):
        to_pynapple(partly.assign_coords(start_time=partly["start_time"] * np.nan))
    kept = awkward().rename(quality_good="quality_rate")
    with pytest.raises(InputError, match=r"mouse-q\.movie: pynapple does not take a column"):
        to_pynapple(kept)


def test_what_is_not_known_is_refused(monkeypatch):
    units, shown = to_pynapple(awkward())
    with pytest.raises(InputError, match=r"a\.b: interval 6 is not within the time support"):
        from_pynapple(units.restrict(nap.IntervalSet(0, START[5] + 1)), shown, recording="a.b")
    with pytest.raises(InputError, match=r"a\.b: no label of trials is called 'word'"):
        from_pynapple(units, shown, recording="a.b", segment="word")
    with pytest.raises(InputError, match=r"a\.b: trial 2 has no 'segment_name'; leave it out"):
        from_pynapple(units, shown, recording="a.b", segment="segment_name")
    empty = nap.IntervalSet(np.empty((0, 2)))
    with pytest.raises(InputError, match=r"a\.b: there is no interval"):
        from_pynapple(units, empty, recording="a.b")
    monkeypatch.setitem(sys.modules, "pynapple", None)
    with pytest.raises(InputError, match=r"pynapple cannot be imported .*'\.\[exchange\]'"):
        to_pynapple(awkward())


def test_trials_in_another_order_than_that_of_showing():
    dataset = trials.select(awkward(), trials=np.arange(12)[::-1])
    units, shown = to_pynapple(dataset)
    assert (np.diff(shown.start) > 0).all()
    np.testing.assert_array_equal(units[0].t, trains(dataset)[0])
