"""The layout of a trials Dataset: which trials show what, when, and the spikes in them.

It is made once, where a recording is read, and handed on, so that labels are worked out only once.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from spikedrift.core.errors import InputError
from spikedrift.spikes.arrays import Spikes
from spikedrift.trials import select

SEGMENT_KEY = ("stimulus", "segment")
BLOCK_KEY = ("session", "phase", "block")


@dataclass(frozen=True)
class Repeats:
    """The repeats of a recording, in order.

    Attributes
    ----------
    of_trial : int64, shape (n_trials,)
    members : list of int64 arrays
        Trials of each repeat.
    block : int64, shape (n_repeats,)
        Index of the repeat's (session, phase, block).
    position : int64, shape (n_repeats,)
        Number of the repeat, counted from the first one here; lag is the difference of positions.
    """

    of_trial: np.ndarray
    members: list[np.ndarray]
    block: np.ndarray
    position: np.ndarray


@dataclass(frozen=True, eq=False)
class Layout:
    """A trials Dataset with the segment, block and repeat of every trial.

    What takes longer is worked out when it is first asked for, and kept. A Dataset of other trials
    has a layout of its own.

    Attributes
    ----------
    dataset : trials Dataset
    segment : int64, shape (n_trials,)
        Index of the trial's (stimulus, segment), from 0 in sorted order.
    block, repeat : int64, shape (n_trials,)
        Index of the trial's (session, phase, block) and of its repeat, from 0 in the order of
        showing: that of repeats, which count through the recording. The names of phases would put
        blocks before the naive repeats that precede them.
    """

    dataset: xr.Dataset
    segment: np.ndarray
    block: np.ndarray
    repeat: np.ndarray

    @classmethod
    def of(cls, dataset: xr.Dataset) -> "Layout":
        """Lay out a trials Dataset."""
        number = dataset["repeat"].values
        block = _index(*(dataset[name].values for name in BLOCK_KEY))
        first = np.full(int(block.max(initial=-1)) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, block, number)
        block = np.argsort(np.argsort(first))[block]
        return cls(
            dataset=dataset,
            segment=_index(*(dataset[name].values for name in SEGMENT_KEY)),
            block=block,
            repeat=_index(block, number),
        )

    def of_units(self, units: np.ndarray) -> "Layout":
        """Layout of some units alone, as `spikedrift.trials.select` takes them."""
        return replace(self, dataset=select(self.dataset, units=units))

    @property
    def name(self) -> str:
        """Id of the recording; errors begin with it and random streams are keyed by it."""
        return str(self.dataset.attrs.get("recording"))

    @property
    def timed(self) -> bool:
        """Whether there are spike times; two-photon events have none."""
        return "event_amplitude" not in self.dataset

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return int(self.segment.max()) + 1

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return int(self.block.max()) + 1

    @cached_property
    def segment_names(self) -> list[str]:
        """Name of each segment by its index; its number where the source has no name."""
        _, first = np.unique(self.segment, return_index=True)
        names, numbers = (self.dataset[key].values[first] for key in ("segment_name", "segment"))
        return [str(name) or str(number) for name, number in zip(names, numbers, strict=True)]

    @cached_property
    def repeats(self) -> Repeats:
        """The repeats."""
        members = [np.flatnonzero(self.repeat == k) for k in range(int(self.repeat.max()) + 1)]
        first = np.array([trials[0] for trials in members])
        number = self.dataset["repeat"].values[first]
        return Repeats(self.repeat, members, self.block[first], number - number.min())

    @cached_property
    def table(self) -> np.ndarray:
        """Trial of every repeat and segment: int64, shape (n_repeats, n_segments); -1 if none."""
        return trial_table(self.repeat, self.segment)

    @cached_property
    def events(self) -> Spikes:
        """Spikes, or two-photon events without amplitudes, for code that reads counts alone."""
        return Spikes(
            times=self.dataset["spike_time"].values,
            counts=self.dataset["spike_count"].values.astype(np.int64),
            observed=self.dataset["observed"].values.astype(bool),
            segment=self.segment,
            block=self.block,
            repeat=self.repeat,
            duration=self.dataset["duration"].values,
        )

    @property
    def spikes(self) -> Spikes:
        """Spikes.

        Raises
        ------
        InputError
            Where the file holds two-photon events, which have no spike times to permute.
        """
        if not self.timed:
            raise InputError(
                f"{self.name}: holds two-photon events; surrogates and thinning need spikes"
            )
        return self.events


def trial_table(row: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Trial of every row and segment: int64, shape (n_rows, n_segments); -1 where there is none.

    Parameters
    ----------
    row, segment : int64, shape (n_trials,)
    """
    table = np.full((row.max() + 1, segment.max() + 1), -1)
    table[row, segment] = np.arange(row.size)
    return table


def _index(*columns: np.ndarray) -> np.ndarray:
    """Index of each trial's combination of values, from 0 in sorted order: int64, (n_trials,)."""
    code = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        values, place = np.unique(column, return_inverse=True)
        code = code * values.size + place
    return np.unique(code, return_inverse=True)[1].astype(np.int64)
