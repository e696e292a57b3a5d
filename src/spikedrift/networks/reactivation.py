"""Reactivation: whether learned responses come back while nothing is shown.

A pause is cut into bins as long as a pattern. Of every bin the counts of the cells, each less its
mean and over its standard deviation in the pause, are correlated over cells with the templates: the
responses to whole patterns, less their mean over patterns, in the last phase before that shows
them. The match of a bin is the largest of these correlations. In the null the cells of the
templates are permuted, all patterns and bins alike, among `ALIKE` cells of about one rate: how
cells fire together in the pause stays, and so does how much cells of a rate say, but not which
cells a pattern has. A bin is a reactivation where its match is above the `QUANTILE` of the null: by
chance 1 - `QUANTILE` of the bins are.

Cells that get the same afferents fire together in background, too, as they do in patterns: whether
learning or recurrence makes reactivations is said by comparison with the same instance without it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.networks.completion import responses, tabled, whole_before
from spikedrift.networks.declaration import Phase
from spikedrift.networks.timetable import Timetable
from spikedrift.stats.monte_carlo import upper_tail

QUANTILE = 0.95  # of the null, above which a bin is a reactivation
SHUFFLES = 500
ALIKE = 20  # neighbors in rate that are permuted with each other


class Reactivation(NamedTuple):
    """How often templates come back; NaN where fewer than three cells fire.

    Attributes
    ----------
    share : float
        Share of the bins with a match above the null's quantile.
    p_value : float
        Of the share among those of permuted cells, one-sided.
    match : float
        Mean match of the bins, less that of permuted cells.
    """

    share: float
    p_value: float
    match: float


def reactivation(
    counts: np.ndarray, template: np.ndarray, rng: np.random.Generator
) -> Reactivation:
    """Look for templates in the activity of a pause.

    Parameters
    ----------
    counts : array, shape (n_bins, n_cells)
    template : array, shape (n_patterns, n_cells)
        Mean responses to the patterns.
    rng : numpy Generator
        Permutes the cells.
    """
    fires = counts.std(axis=0) > 0
    if fires.sum() < 3 or len(counts) < 2:
        return Reactivation(np.nan, np.nan, np.nan)
    scored = counts[:, fires] - counts[:, fires].mean(axis=0)
    bins = _directions(scored / scored.std(axis=0))
    patterns = _directions((template - template.mean(axis=0))[:, fires])
    found = (bins @ patterns.T).max(axis=1)
    by_rate = np.argsort(counts[:, fires].mean(axis=0), kind="stable")
    null = np.array(
        [(bins @ patterns[:, _permuted(by_rate, rng)].T).max(axis=1) for _ in range(SHUFFLES)]
    )
    limit = np.quantile(null, QUANTILE)
    share = float((found > limit).mean())
    p_value = upper_tail(share, (null > limit).mean(axis=1))
    return Reactivation(share, p_value, float(found.mean() - null.mean()))


def _permuted(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permutation of cells that moves none beyond its neighbors in an order."""
    n = order.size
    among = np.argsort(np.arange(n) // ALIKE + rng.random(n))
    found = np.empty_like(order)
    found[order] = order[among]
    return found


def _directions(rows: np.ndarray) -> np.ndarray:
    """Rows less their mean, of length 1, so that products are correlations; 0 where all alike."""
    centered = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((centered**2).sum(axis=1, keepdims=True))
    return np.divide(centered, length, out=np.zeros_like(centered), where=length > 0)


def measured(
    phases: Sequence[Phase],
    timetable: Timetable,
    dt: float,
    spikes: tuple[np.ndarray, np.ndarray],
    n_cells: int,
    rng: np.random.Generator,
) -> xr.Dataset:
    """Look for reactivations in every pause after a phase of kind cue that shows whole segments.

    Parameters
    ----------
    phases, timetable
        Of the session.
    dt : float, s
    spikes : (time, cell), shape (n_spikes,), s
        Of the recorded population.
    n_cells : int
    rng : numpy Generator

    Returns
    -------
    Dataset
        By `pause`, the label of the phase: `reactivation`, the share of the bins,
        `reactivation_p`, `reactivation_match` as in `Reactivation`, `reactivation_chance`, the
        share that chance gives, and `pause_rate`, the cells' mean rate, Hz. Empty where there is no
        such pause.
    """
    labels: list[str] = []
    rows: list[tuple[float, ...]] = []
    for number, phase in enumerate(phases):
        whole = whole_before(phases, number)
        if phase.kind != "pause" or phase.duration is None or whole is None:
            continue
        start, stop = (edge[number] for edge in (timetable.phase_start, timetable.phase_stop))
        length = timetable.segment_steps
        begins = np.arange(start, stop - length + 1, length) * dt
        counts = trials.cut(*spikes, begins, np.full(begins.size, length * dt), n_cells)[1]
        shown, segment = responses(whole, timetable, dt, spikes, n_cells)
        template = np.array([shown[segment == k].mean(axis=0) for k in np.unique(segment)])
        labels.append(phase.label)
        rate = float(counts.mean() / (length * dt)) if len(counts) else np.nan
        rows.append((*reactivation(counts, template, rng), 1 - QUANTILE, rate))
    names = ("reactivation", "reactivation_p", "reactivation_match", "reactivation_chance")
    return tabled("pause", labels, {**dict.fromkeys(names, "1"), "pause_rate": "Hz"}, rows)
