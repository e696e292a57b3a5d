"""Order of blocks and repeats in a layout."""

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.config.drift import SignalOptions
from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.drift.signal.indices import signal_indices
from spikedrift.sources.synthetic import record
from spikedrift.spikes.layout import Layout


def phased(dataset: xr.Dataset, phases: list[str]) -> xr.Dataset:
    """A recording whose blocks are phases, each with blocks of its own."""
    named = np.array(phases)[dataset["block"].values]
    number = np.array([phases[:k].count(name) for k, name in enumerate(phases)])
    out = dataset.assign(
        phase=("trial", named, dataset["phase"].attrs),
        block=("trial", number[dataset["block"].values], dataset["block"].attrs),
    )
    trials.check(out)
    return out


def test_blocks_are_in_the_order_of_showing_whatever_their_phases_are_called():
    dataset = record(SyntheticOptions(segments=3, repeats=2, blocks=4, units=4), "a.movie", 1)
    shown = Layout.of(dataset)
    for phases in (["naive", "train", "block", "block"], ["block", "train", "block", "naive"]):
        found = Layout.of(phased(dataset, phases))
        np.testing.assert_array_equal(found.block, dataset["block"])
        np.testing.assert_array_equal(found.repeat, dataset["repeat"])
        np.testing.assert_array_equal(found.repeats.block, shown.repeats.block)
        mixed = np.random.default_rng(1).permutation(dataset.sizes["trial"])
        np.testing.assert_array_equal(
            Layout.of(trials.select(phased(dataset, phases), trials=mixed)).block,
            dataset["block"].values[mixed],
        )


def test_a_code_that_deepens_after_the_naive_phase_is_said_to_deepen():
    options = SyntheticOptions(segments=4, repeats=6, units=40, depth=2.0, mean_rate=12.0)
    dataset = record(options, "a.movie", 1)
    blocks, phases = (
        signal_indices(one, SignalOptions(), 1)
        for one in (dataset, phased(dataset, ["naive", "block"]))
    )
    assert blocks["depth_change"].sel(code="rate") > 0.2
    xr.testing.assert_equal(blocks, phases)
