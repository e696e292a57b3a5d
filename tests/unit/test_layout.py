"""The layout of a trials Dataset against what its columns say, trial by trial."""

import numpy as np
import pytest

from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout
from spikedrift.trials import select


@pytest.fixture(scope="module")
def dataset():
    """Trials of two blocks in no order, a tenth of them missing."""
    made = record(SyntheticOptions(segments=4, repeats=5, units=8), "made.movie", 1)
    rng = np.random.default_rng(0)
    return select(made, trials=rng.permutation(made.sizes["trial"])[:36])


def test_labels_number_the_combinations_in_sorted_order(dataset):
    layout = Layout.of(dataset)
    for found, columns in (
        (layout.segment, ("stimulus", "segment")),
        (layout.block, ("session", "phase", "block")),
        (layout.repeat, ("session", "phase", "block", "repeat")),
    ):
        keys = list(zip(*(dataset[name].values.tolist() for name in columns), strict=True))
        known = sorted(set(keys))
        assert found.tolist() == [known.index(key) for key in keys]
        assert found.dtype == np.int64
    assert (layout.n_segments, layout.n_blocks) == (4, 2)


def test_repeats_and_table_hold_every_trial_once(dataset):
    layout = Layout.of(dataset)
    repeats = layout.repeats
    assert sorted(np.concatenate(repeats.members)) == list(range(36))
    for index, trials in enumerate(repeats.members):
        assert (layout.repeat[trials] == index).all()
        assert (layout.block[trials] == repeats.block[index]).all()
        number = dataset["repeat"].values[trials]
        assert (number - dataset["repeat"].values.min() == repeats.position[index]).all()
    shown = layout.table[layout.table >= 0]
    assert sorted(shown) == list(range(36))
    row, segment = np.nonzero(layout.table >= 0)
    assert (layout.repeat[shown] == row).all() and (layout.segment[shown] == segment).all()


def test_what_was_worked_out_is_kept(dataset):
    layout = Layout.of(dataset)
    assert layout.repeats is layout.repeats and layout.spikes is layout.events


def test_some_units_keep_the_labels_and_have_their_own_spikes(dataset):
    layout = Layout.of(dataset)
    few = layout.of_units(np.array([5, 1]))
    assert few.segment is layout.segment
    np.testing.assert_array_equal(few.spikes.counts, layout.spikes.counts[:, [5, 1]])


def test_two_photon_events_are_no_spikes(dataset):
    made = dataset.assign(event_amplitude=("spike", np.ones(dataset.sizes["spike"])))
    layout = Layout.of(made)
    assert not layout.timed and layout.events.counts.sum() == dataset.sizes["spike"]
    with pytest.raises(InputError, match=r"made.movie: holds two-photon events"):
        _ = layout.spikes
