"""Completion: how far the response to a part of a pattern is that to the whole pattern.

Responses are spike counts of all cells in the part of the pattern's time that is read: what comes
after the cue where a pattern breaks off, all of it where afferents or spikes are left out. They are
compared with the responses to whole patterns in the same part of their time, in the last phase
before that shows them. Trials of the two are different ones, and powers are products of different
trials of one, so that noise adds nothing on average: more showings make no value larger.

What remains of the cue itself, in membranes and synapses or through the afferents that do show it,
counts as well. Whether a network completes is therefore said by comparison with the same instance
without recurrent synapses, or without learning.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.networks.declaration import Phase
from spikedrift.networks.timetable import Timetable


class Completion(NamedTuple):
    """How alike the responses to cues and to whole segments are; NaN where nothing responds.

    Attributes
    ----------
    same, other : float
        Correlation over cells of the response to a cue with that to its own whole segment, and
        with those to the others, which is chance.
    size : float
        What tells segments apart in the response to cues, in the direction of that to whole
        segments and as a share of it: 0 for none, 1 as by the whole.
    """

    same: float
    other: float
    size: float


def completion(
    cue: np.ndarray, cue_segment: np.ndarray, whole: np.ndarray, whole_segment: np.ndarray
) -> Completion:
    """Compare the responses to cues with those to whole segments.

    Sums over segments are taken before they are divided, so that a segment with hardly any
    response makes no ratio of its own.

    Parameters
    ----------
    cue, whole : array of int, shape (n_showings, n_cells)
        Spike counts.
    cue_segment, whole_segment : array of int, shape (n_showings,)
        Segments, from 0; each is shown twice or more.
    """
    (mean, power), (whole_mean, whole_power) = (
        _means(counts, segment) for counts, segment in ((cue, cue_segment), (whole, whole_segment))
    )
    n = len(mean)
    own = np.eye(n, dtype=bool)
    across, among = mean @ whole_mean.T, whole_mean @ whole_mean.T
    same, other = across[own].mean(), across[~own].mean() if n > 1 else np.nan
    powers = power.mean() * whole_power.mean() if min(power.mean(), whole_power.mean()) > 0 else 0.0
    tuned = whole_power.mean() - among[~own].mean() if n > 1 else np.nan
    return Completion(
        float(same / np.sqrt(powers)) if powers else np.nan,
        float(other / np.sqrt(powers)) if powers else np.nan,
        float((same - other) / tuned) if tuned > 0 else np.nan,
    )


def _means(counts: np.ndarray, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean response to every segment, less its mean over cells, and its power without noise."""
    centered = counts - counts.mean(axis=1, keepdims=True)
    mean, power = [], []
    for number in range(int(segment.max()) + 1):
        of_segment = centered[segment == number]
        n, total = len(of_segment), of_segment.sum(axis=0)
        mean.append(total / n)
        power.append((total @ total - (of_segment**2).sum()) / (n * (n - 1)))
    return np.array(mean), np.array(power)


def whole_before(phases: Sequence[Phase], number: int) -> int | None:
    """Last phase of kind cue before a phase that shows whole segments; None without one."""
    found = [k for k in range(number) if phases[k].kind == "cue" and phases[k].rest is None]
    return found[-1] if found else None


def responses(
    number: int,
    timetable: Timetable,
    dt: float,
    spikes: tuple[np.ndarray, np.ndarray],
    n_cells: int,
    rest: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Spike counts in the showings of a phase, from a share `rest` of the segment's time on.

    Parameters
    ----------
    number : int
        Of the phase.
    timetable : Timetable
    dt : float, s
    spikes : (time, cell), shape (n_spikes,), s
    n_cells : int
    rest : float

    Returns
    -------
    counts : array of int, shape (n_showings, n_cells)
    segment : array of int, shape (n_showings,)
    """
    shown = timetable.presentation_phase == number
    length = timetable.segment_steps
    skipped = round(rest * length)
    start = (timetable.presentation_step[shown] + skipped) * dt
    width = np.full(start.size, (length - skipped) * dt)
    return trials.cut(*spikes, start, width, n_cells)[1], timetable.segment[shown]


def tabled(
    dim: str,
    labels: Sequence[str],
    units: Mapping[str, str],
    rows: Sequence[Sequence[float]],
) -> xr.Dataset:
    """Put numbers side by side, one row a label; a label that comes again gets a number.

    Parameters
    ----------
    dim : str
    labels : sequence of str, one a row
        `onset 0.33`, `onset 0.33` become `onset 0.33`, `onset 0.33 (2)`.
    units : mapping of variable -> unit, in the order of the numbers in a row
    rows : sequence of rows
        Without any the Dataset is empty.
    """
    if not rows:
        return xr.Dataset()
    seen: Counter[str] = Counter()
    names = []
    for label in labels:
        seen[label] += 1
        names.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    columns = zip(units.items(), zip(*rows, strict=True), strict=True)
    return xr.Dataset(
        {name: (dim, np.array(values), {"units": unit}) for (name, unit), values in columns},
        coords={dim: names},
    )


def measured(
    phases: Sequence[Phase],
    timetable: Timetable,
    dt: float,
    spikes: tuple[np.ndarray, np.ndarray],
    n_cells: int,
) -> xr.Dataset:
    """Take the completion of every phase that shows parts of segments.

    Parameters
    ----------
    phases, timetable
        Of the session.
    dt : float, s
    spikes : (time, cell), shape (n_spikes,), s
        Of the recorded population.
    n_cells : int

    Returns
    -------
    Dataset
        By `cue`, the label of the phase: `completion`, `completion_chance`, `completion_size` as in
        `Completion`, and `cue_rate`, the cells' mean rate in the time that is read, Hz. Empty where
        no parts are shown.
    """
    labels: list[str] = []
    rows: list[tuple[float, ...]] = []
    for number, phase in enumerate(phases):
        whole = whole_before(phases, number)
        if phase.rest is None or whole is None:
            continue
        cued, known = (
            responses(k, timetable, dt, spikes, n_cells, phase.rest) for k in (number, whole)
        )
        width = (timetable.segment_steps - round(phase.rest * timetable.segment_steps)) * dt
        labels.append(phase.label)
        rows.append((*completion(*cued, *known), float(cued[0].mean() / width)))
    units = {"completion": "1", "completion_chance": "1", "completion_size": "1", "cue_rate": "Hz"}
    return tabled("cue", labels, units, rows)
