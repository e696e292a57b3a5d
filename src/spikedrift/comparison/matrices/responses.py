"""One side of a comparison of matrices, recording or run: its dissimilarities in both codes.

Repeat x repeat dissimilarities cannot be cross-validated over repeats, each being one showing. So
the conditions are windows of a few successive repeats of one block, and their repeats are the
folds: what is the same within a window is no drift. Segment x segment dissimilarities have the
repeats for folds.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import xarray as xr

from spikedrift.config.compare import Structure
from spikedrift.config.similarity import MeasureEntry
from spikedrift.drift.responses import responses_of
from spikedrift.rsa.distances import (
    crossnobis_folds,
    crossvalidated,
    normalized,
    poisson_folds,
    stabilized,
    without_floor,
)
from spikedrift.similarity.blocks import symmetric
from spikedrift.similarity.registry import get
from spikedrift.spikes.layout import Layout
from spikedrift.stats.means import defined_means

CODES = ("rate", "timing")


def windows_of(block: np.ndarray, length: int) -> np.ndarray:
    """Successive repeats of one block, `length` at a time: shape (n_windows, length).

    Repeats that remain at the end of a block are not used.
    """
    out = []
    for index in np.unique(block):
        here = np.flatnonzero(block == index)
        out.append(here[: here.size // length * length].reshape(-1, length))
    return np.concatenate(out) if out else np.empty((0, length), np.int64)


@dataclass(frozen=True)
class TrialResponses:
    """Responses and dissimilarities of trials, by window and repeat.

    Attributes
    ----------
    response : float64, shape (n_windows, n_members, n_segments, n_units)
        Stabilized and normalized spike counts.
    observed : bool, same shape
    dissimilarity : float64, shape (n_repeats, n_segments, n_repeats, n_segments)
        Timing dissimilarity of two trials; repeats are windows x members; NaN where undefined.
    block : int64, shape (n_windows,)
        Block of each window, from 0.
    poisson : bool
        Rate distances are divergences of Poisson rates.
    """

    response: np.ndarray
    observed: np.ndarray
    dissimilarity: np.ndarray
    block: np.ndarray
    poisson: bool

    @classmethod
    def of(cls, dataset: xr.Dataset, options: Structure, timing: MeasureEntry) -> "TrialResponses":
        """Take a trials Dataset, cut to size before.

        Parameters
        ----------
        dataset : trials Dataset
        options : Structure
        timing : MeasureEntry
            Measure of the timing dissimilarity, with its options; similarities s count as 1 - s.

        Raises
        ------
        InputError
            Where the Dataset holds no spike times.
        """
        n_trials = dataset.sizes["trial"]
        # Counts, which are rates over a second.
        layout = Layout.of(dataset.assign(duration=("trial", np.ones(n_trials))))
        counts = responses_of(layout)
        windows = windows_of(counts.repeats.block, options.window)
        count, seen = counts.rate[windows], counts.observed[windows]
        if not np.where(seen, count, 0.0).any():
            # Distances of 0 would say that what never fires does not drift.
            count, seen = count[..., :0], seen[..., :0]
        poisson = options.distance == "poisson"
        if not poisson:
            count, seen = normalized(stabilized(count, options.stabilize), seen, options.noise)
        trial = layout.table[windows.ravel()]
        measure = get(timing.measure)
        value = symmetric(n_trials, partial(measure.pairs, dataset, **timing.options))[0]
        value = 1.0 - value if measure.kind == "similarity" else value
        value = np.pad(value, (0, 1), constant_values=np.nan)  # row -1: not shown
        return cls(count, seen, value[trial[..., None, None], trial],
                   counts.repeats.block[windows[:, 0]], poisson)  # fmt: skip

    @property
    def repeat_block(self) -> np.ndarray:
        """Block of each repeat: shape (n_windows * n_members,)."""
        return np.repeat(self.block, self.response.shape[1])

    def repeats(self, code: str) -> np.ndarray:
        """Window x window dissimilarities: float64, shape (n_pairs,), units of the code.

        For rate, they are per segment and unit. For timing, they are means over segments and over
        pairs of trials of one segment in different repeats, less the mean within the two windows.
        """
        n_windows, members, n_segments, n_units = self.response.shape
        if code == "rate":
            return self._rate(
                *(
                    np.moveaxis(part, 1, 0).reshape(members, n_windows, n_segments * n_units)
                    for part in (self.response, self.observed)
                )
            )
        same = np.einsum("rksk->krs", self.dissimilarity)
        same[:, np.arange(same.shape[1]), np.arange(same.shape[1])] = np.nan
        pairs = same.reshape(n_segments, n_windows, members, n_windows, members)
        pairs = np.moveaxis(pairs, 3, 2).reshape(n_segments, n_windows, n_windows, members**2)
        return defined_means(without_floor(defined_means(pairs)), axis=0)

    def segments(self, code: str, repeats: np.ndarray | None = None) -> np.ndarray:
        """Segment x segment dissimilarities over some repeats: float64, shape (n_pairs,).

        Parameters
        ----------
        code : str
        repeats : int64, optional
            Indices into windows x members, at least two; all by default.
        """
        n_windows, members, n_segments, n_units = self.response.shape
        repeats = np.arange(n_windows * members) if repeats is None else repeats
        if code == "rate":
            return self._rate(
                *(
                    part.reshape(n_windows * members, n_segments, n_units)[repeats]
                    for part in (self.response, self.observed)
                )
            )
        pairs = self.dissimilarity[repeats][:, :, repeats].transpose(1, 3, 0, 2).copy()
        pairs[..., np.arange(repeats.size), np.arange(repeats.size)] = np.nan
        return without_floor(defined_means(pairs.reshape(n_segments, n_segments, -1)))

    @cached_property
    def undefined(self) -> dict[str, str]:
        """Why there is no window x window matrix, by code; empty where there are those of both.

        Fewer than two windows have no pair that could be undefined.
        """
        if self.block.size < 2:
            return {}
        reasons = {
            "rate": "no unit was observed in two windows of repeats"
            if self.response.shape[-1]
            else "no unit fires, or none varies between the repeats of a window",
            "timing": "no two trials have spikes that can be compared",
        }
        return {
            code: why for code, why in reasons.items() if not np.isfinite(self.repeats(code)).any()
        }

    def repeat_responses(self) -> np.ndarray:
        """Responses for comparators that take them: (n_members, n_windows, segments x units).

        Only units observed in all trials are used, none where there is none.
        """
        n_windows, members, n_segments, _ = self.response.shape
        whole = self.response[..., self.observed.all(axis=(0, 1, 2))]
        shape = members, n_windows, n_segments * whole.shape[-1]
        return np.moveaxis(whole, 1, 0).reshape(shape)

    def segment_responses(self, repeats: np.ndarray | None = None) -> np.ndarray:
        """Means over repeats that are dealt in turn to two folds: (2, n_segments, units)."""
        whole = self.response[..., self.observed.all(axis=(0, 1, 2))]
        n_windows, members = whole.shape[:2]
        flat = whole.reshape(n_windows * members, *whole.shape[2:])
        repeats = np.arange(len(flat)) if repeats is None else repeats
        return np.stack([flat[repeats[turn::2]].mean(axis=0) for turn in (0, 1)])

    def _rate(self, response: np.ndarray, observed: np.ndarray) -> np.ndarray:
        folds = poisson_folds if self.poisson else crossnobis_folds
        return crossvalidated(folds(response, observed))
