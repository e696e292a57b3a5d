"""Blocks of Neo are our trials: elephant counts what we count, and they come back."""

import logging

import elephant.statistics
import neo
import numpy as np
import pytest
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.spike_train_dissimilarity import van_rossum_distance
from exchanging import awkward, same

from spikedrift import trials
from spikedrift.core.errors import InputError
from spikedrift.exchange.neo import from_neo, to_neo
from spikedrift.similarity.registry import get


def train(times, name="u", start=0.0, stop=1.0, units="s", **annotations):
    made = neo.SpikeTrain(times, units=units, t_start=start, t_stop=stop, name=name)
    made.annotate(**annotations)
    return made


def block(*segments, name="m.gratings", **labels):
    """A Block of Segments; `labels` holds a list of values for every annotation of them."""
    made = neo.Block(name=name)
    for index, trains in enumerate(segments):
        one = neo.Segment()
        one.annotate(**{key: values[index] for key, values in labels.items()})
        one.spiketrains.extend(trains)
        made.segments.append(one)
    return made


@pytest.mark.parametrize("observed", [True, False])
def test_trials_come_back_to_the_bit(observed):
    dataset = awkward(observed=observed)
    units = np.arange(5) if observed else np.arange(4)  # a unit that was never observed is no train
    dataset = trials.select(dataset, units=units)
    same(from_neo(to_neo(dataset)), dataset)


def test_units_keep_their_order_where_the_first_was_not_observed_at_first():
    dataset = trials.select(awkward(observed=False), trials=np.arange(4, 12), units=[3, 0, 1])
    assert not dataset["observed"].values[0, 0]
    same(from_neo(to_neo(dataset)), dataset)


def test_a_trial_in_which_no_unit_was_observed_stays_one():
    dataset = trials.select(awkward(observed=False), units=[3, 0, 1])
    dataset = trials.select(dataset, units=[0])  # which misses two trials
    same(from_neo(to_neo(dataset)), dataset)


def test_a_file_of_neo_holds_them(tmp_path):
    dataset = awkward()
    path = tmp_path / "a.pkl"
    neo.PickleIO(str(path)).write_block(to_neo(dataset))
    same(from_neo(neo.PickleIO(str(path)).read_block()), dataset)


def test_trials_need_no_start_for_neo():
    dataset = awkward()
    dataset = dataset.assign_coords(start_time=dataset["start_time"] * np.nan)
    same(from_neo(to_neo(dataset)), dataset)


def test_elephant_says_of_counts_and_rates_what_we_say():
    dataset = awkward()
    made = to_neo(dataset)
    counts, duration = dataset["spike_count"].values, dataset["duration"].values
    for index, segment in enumerate(made.segments):
        found = [len(one) for one in segment.spiketrains]
        assert found == counts[index].tolist()
        for unit, one in enumerate(segment.spiketrains):
            rate = elephant.statistics.mean_firing_rate(one).rescale("Hz").item()
            assert rate == pytest.approx(counts[index, unit] / duration[index])
        binned = BinnedSpikeTrain(list(segment.spiketrains), n_bins=1)
        np.testing.assert_array_equal(binned.to_array()[:, 0], counts[index])


def test_the_van_rossum_distance_of_elephant_is_ours():
    dataset = awkward(3)
    same_length = trials.select(dataset, trials=dataset["duration"].values == 0.5, units=[0, 1, 3])
    made = to_neo(same_length)
    first, second = (made.segments[index].spiketrains for index in (0, 1))
    expected = np.mean([
        van_rossum_distance([one, other], 0.02 * pq.s)[0, 1]
        for one, other in zip(first, second, strict=True)
    ])  # fmt: skip
    found, _ = get("van_rossum").pairs(
        same_length, np.array([0]), np.array([1]), min_shared=1, time_constant=0.02
    )
    assert found.item() == pytest.approx(expected)


def test_trains_of_ones_own_become_trials_whatever_their_unit_of_time(caplog):
    made = block(
        [train([100.0, 1000.0], "a", 0, 1000, "ms", depth=3.0), train([], "b", 0, 1000, "ms")],
        [train([5.25], "a", 5, 6, depth=3.0), train([5.5, 5.75], "b", 5, 6)],
        [train([9.0], "a", 9, 10, depth=3.0)],
        direction=["90", "0", "90"],
    )
    with caplog.at_level(logging.WARNING):
        found = from_neo(made, segment="direction")
    assert found["spike_count"].values.tolist() == [[1, 0], [1, 2], [1, 0]]
    np.testing.assert_allclose(found["spike_time"], [0.1, 0.25, 0.5, 0.75, 0.0])
    assert found["observed"].values.tolist() == [[True, True], [True, True], [True, False]]
    assert found["segment_name"].values.tolist() == ["90", "0", "90"]
    assert found["repeat"].values.tolist() == [0, 0, 1]
    assert found["start_time"].values.tolist() == [0.0, 5.0, 9.0]
    assert found["stimulus"].values.tolist() == ["gratings"] * 3
    assert "m.gratings: 1 spikes at the very end of a trial are left out" in caplog.text


def test_labels_of_units_that_change_or_are_not_everywhere_are_no_quality():
    made = block(
        [train([0.5], "a", depth=1.0, snr=2.0), train([], "b", depth=3.0, snr=1.0)],
        [train([0.5], "a", depth=2.0, snr=2.0), train([], "b", depth=3.0, snr=1.0)],
    )
    found = from_neo(made)
    assert trials.quality_names(found) == ["snr"]
    assert trials.quality(found, "snr").tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: block([train([0.5])], name=""), "the Block has no name; give recording"),
        (lambda: block(), "m.gratings: the Block has no SpikeTrain in any Segment"),
        (lambda: block([train([0.5])], []), "m.gratings: Segment 1 has no SpikeTrain"),
        (lambda: block([train([0.5], name="")]), "Segment 0: SpikeTrain 0 has neither a name nor"),
        (lambda: block([train([0.5]), train([0.7])]), "Segment 0: two SpikeTrains are of unit 'u'"),
        (lambda: block([train([0.5]), train([0.7], "v", stop=2.0)]),
         "Segment 0: its SpikeTrains do not last equally long"),
    ],
)  # fmt: skip
def test_blocks_that_are_no_trials_are_refused(made, said):
    with pytest.raises(InputError, match=said):
        from_neo(made())


def test_what_neo_cannot_hold_is_refused():
    dataset = awkward()
    with pytest.raises(InputError, match=r"mouse-q\.movie: has no units"):
        to_neo(trials.select(dataset, units=np.array([], int)))
    with pytest.raises(InputError, match=r"mouse-q\.movie: unit 1\.5 was observed in no trial"):
        to_neo(awkward(observed=False))
    events = dataset.assign(event_amplitude=("spike", np.ones(dataset.sizes["spike"])))
    with pytest.raises(InputError, match=r"mouse-q\.movie: two-photon events"):
        to_neo(events.assign_attrs(spike_timing=0))
    with pytest.raises(InputError, match="quality column 'recording' is called as a column"):
        to_neo(dataset.rename(quality_good="quality_recording"))
