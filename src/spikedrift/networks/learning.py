"""What a network has learned: how cells respond to the patterns, stage by stage, and their weights.

All measures are taken from spike counts in windows as long as a pattern. What is chosen by the
data, such as a cell's preferred pattern, is chosen on one half of the repeats and measured on the
other: where nothing repeats (scrambled patterns) selectivity is 0 on average.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from spikedrift import trials
from spikedrift.networks.timetable import Stage, Timetable

QUANTILES = (0.1, 0.5, 0.9)
# A detector fires in at least HIT of the showings of its preferred pattern and in at most
# FALSE_ALARM of background windows: z(HIT) - z(FALSE_ALARM) = 1.7 standard deviations. Poisson
# cells of any one rate are far from both at once. The criterion of Masquelier et al. (2008), hits
# above 98 % and no false alarms, is for a single cell without noise of its own.
HIT, FALSE_ALARM = 0.8, 0.2


def d_prime(signal: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Separation of two samples of spike counts, in standard deviations.

    d' = (m_s - m_n) / sqrt((v_s + v_n) / 2), times Hedges' (1981, J. Educ. Stat. 6:107) factor
    1 - 3/(4 (n_s + n_n) - 9), which takes out the bias of small samples. Cells whose counts never
    vary would have an infinite d': their variance is that of a single odd count, as hit rates of 1
    are taken to be 1 - 1/(2n) (Macmillan & Creelman 2005, Detection Theory, ch. 1).

    Parameters
    ----------
    signal, noise : array, shape (n_windows, ...)

    Returns
    -------
    array, shape (...); NaN where a sample has fewer than two windows
    """
    n = len(signal) + len(noise)
    if min(len(signal), len(noise)) < 2:
        return np.full(signal.shape[1:], np.nan)
    variance = (signal.var(axis=0, ddof=1) + noise.var(axis=0, ddof=1)) / 2
    found: np.ndarray = (signal.mean(axis=0) - noise.mean(axis=0)) / np.sqrt(
        np.maximum(variance, 1 / n)
    )
    return found * (1 - 3 / (4 * n - 9))


def preferred(count: np.ndarray, pattern: np.ndarray, n_patterns: int) -> np.ndarray:
    """Pattern in which a cell fires most; -1 for a cell that is silent in all.

    Parameters
    ----------
    count : array of int, shape (n_showings, n_cells)
    pattern : array of int, shape (n_showings,)
    n_patterns : int

    Returns
    -------
    array of int, shape (n_cells,)
    """
    return np.where(count.any(axis=0), _means(count, pattern, n_patterns).argmax(axis=0), -1)


def selectivity(
    count: np.ndarray, pattern: np.ndarray, repeat: np.ndarray, n_patterns: int
) -> np.ndarray:
    """Take the cross-validated d' of every cell between its preferred pattern and the others.

    On every second repeat the pattern is chosen whose mean count is farthest from that of the
    others, above or below. On the other repeats `d_prime` between this pattern and each other one
    is taken, signed as chosen, and averaged over the others; then the halves change places. Taking
    pairs of patterns, and not one against all, makes the mean exactly 0 without selectivity:
    exchanging two labels changes the sign, whatever the distribution.

    Parameters
    ----------
    count : array of int, shape (n_showings, n_cells)
    pattern, repeat : array of int, shape (n_showings,)
    n_patterns : int

    Returns
    -------
    array, shape (n_cells,); NaN with fewer than four repeats or two patterns
    """
    cells = np.arange(count.shape[1])
    if np.unique(repeat).size < 4 or n_patterns < 2:
        return np.full(cells.size, np.nan)
    values = []
    for choosing in _halves(repeat):
        mean = _means(count[choosing], pattern[choosing], n_patterns)
        away = (mean - mean.mean(axis=0)) * n_patterns / (n_patterns - 1)
        chosen = np.abs(away).argmax(axis=0)
        held = [count[~choosing & (pattern == p)] for p in range(n_patterns)]
        pairs = np.array([[d_prime(a, b) for b in held] for a in held])
        values.append(
            np.sign(away[chosen, cells]) * pairs[chosen, :, cells].sum(axis=1) / (n_patterns - 1)
        )
    found: np.ndarray = np.mean(values, axis=0)
    return found


def detectors(
    count: np.ndarray,
    pattern: np.ndarray,
    repeat: np.ndarray,
    background: np.ndarray,
    n_patterns: int,
) -> np.ndarray:
    """Cells that fire in most showings of their preferred pattern and seldom in the background.

    A share of at least `HIT` of the showings and at most `FALSE_ALARM` of the background windows
    holds one spike or more; the preferred pattern is taken from the other half of the repeats, as
    in `selectivity`.

    Parameters
    ----------
    count, pattern, repeat, n_patterns
        As in `selectivity`.
    background : array of int, shape (n_windows, n_cells)
        Counts in background windows of the same length.

    Returns
    -------
    array of bool, shape (n_cells,)
    """
    hits = np.zeros(count.shape[1])
    for choosing in _halves(repeat):
        chosen = preferred(count[choosing], pattern[choosing], n_patterns)
        fired = _means(count[~choosing] > 0, pattern[~choosing], n_patterns)
        hits += np.where(chosen < 0, 0.0, fired[chosen, np.arange(chosen.size)]) / 2
    return (hits >= HIT) & ((background > 0).mean(axis=0) <= FALSE_ALARM)


def latency(first: np.ndarray, pattern: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Median time of the first spike in a cell's preferred pattern, over showings with a spike.

    Parameters
    ----------
    first : array, shape (n_showings, n_cells), s from the pattern's onset
        NaN where the cell does not fire.
    pattern : array of int, shape (n_showings,)
    chosen : array of int, shape (n_cells,)
        Preferred pattern, -1 for none.

    Returns
    -------
    array, shape (n_cells,), s; NaN for a cell that never fires in it
    """
    shown = np.where(pattern[:, None] == chosen, first, np.nan)
    found = np.full(chosen.size, np.nan)
    fires = ~np.isnan(shown).all(axis=0)
    found[fires] = np.nanmedian(shown[:, fires], axis=0)
    return found


def ensemble_weights(
    weight: np.ndarray, pre: np.ndarray, post: np.ndarray, ensemble: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean weight within and between ensembles of cells.

    Parameters
    ----------
    weight : array, shape (n_edges, n_synapses)
    pre, post : array of int, shape (n_synapses,)
        Cells.
    ensemble : array of int, shape (n_cells,)
        Preferred pattern; cells with -1 are in none, and their synapses are left out.

    Returns
    -------
    within, between : array, shape (n_edges,); NaN where there are no such synapses
    """
    a, b = ensemble[pre], ensemble[post]
    known = (a >= 0) & (b >= 0)
    within, between = (
        weight[:, of].mean(axis=1, dtype=float) if of.any() else np.full(len(weight), np.nan)
        for of in (known & (a == b), known & (a != b))
    )
    return within, between


def measured(
    stages: Sequence[Stage],
    timetable: Timetable,
    dt: float,
    spike_time: np.ndarray,
    spike_cell: np.ndarray,
    n_cells: int,
    recurrent: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
    unit: str,
) -> xr.Dataset:
    """Take all measures of learning of a session.

    Parameters
    ----------
    stages, timetable
        Stages and timetable of the session. Without a stage there is nothing by stage.
    dt : float, s
    spike_time, spike_cell : array, shape (n_spikes,), s
        Spikes of the recorded population.
    n_cells : int
    recurrent : (weight, pre, post), optional
        All synapses among the cells at the phase edges, as `ensemble_weights` takes them.
    unit : str
        Of the weights.

    Returns
    -------
    Dataset
        By `stage`, means over cells: `detection`, `d_prime` of counts in patterns against those in
        the background before them (NaN where there is no background of that length);
        `selectivity`; `detectors`, a share of the cells (NaN without background); `latency` of all
        cells and `detector_latency`, s. `detection_quantile`, `selectivity_quantile` (stage,
        quantile): over cells. `preferred_pattern` (stage, cell). `weight_within`, `weight_between`,
        `weight_ratio` (edge): mean weight within and between ensembles and their ratio, where there
        are weights and a block;
        an ensemble is the cells with one preferred pattern in the first block.
    """
    n_patterns = int(timetable.segment.max(initial=-1)) + 1
    length = timetable.segment_steps
    rows: dict[str, list[np.ndarray | float]] = {}
    favorite = []
    for stage in stages:
        shown = stage.presentations
        pattern, repeat = timetable.segment[shown], timetable.repeat[shown]
        onset = timetable.presentation_step[shown]
        # There must be room between the end of the last pattern (or the start of the phase) and
        # the onset.
        background = onset[np.diff(onset, prepend=stage.start - length) >= 2 * length] - length
        (count, first), (before, _) = (
            _windows(spike_time, spike_cell, start * dt, length * dt, n_cells)
            for start in (onset, background)
        )
        chosen = preferred(count, pattern, n_patterns)
        favorite.append(chosen)
        late = latency(first, pattern, chosen)
        detecting = np.full(n_cells, np.nan)
        if len(before) and np.unique(repeat).size > 1:
            detecting = detectors(count, pattern, repeat, before, n_patterns).astype(float)
        detection = d_prime(count, before)
        selective = selectivity(count, pattern, repeat, n_patterns)
        for name, value in {
            "detection": detection.mean(),
            "detection_quantile": np.quantile(detection, QUANTILES),
            "selectivity": selective.mean(),
            "selectivity_quantile": np.quantile(selective, QUANTILES),
            "detectors": detecting.mean(),
            "latency": _mean(late),
            "detector_latency": _mean(late[detecting == 1]),
        }.items():
            rows.setdefault(name, []).append(value)
    blocks = [k for k, stage in enumerate(stages) if stage.kind == "block"]
    seconds, weighed = {"units": "s"}, {}
    if recurrent is not None and blocks:
        within, between = ensemble_weights(*recurrent, favorite[blocks[0]])
        with np.errstate(divide="ignore", invalid="ignore"):  # weights may begin at 0
            ratio = within / between
        weighed = {
            "weight_within": ("edge", within, {"units": unit}),
            "weight_between": ("edge", between, {"units": unit}),
            "weight_ratio": ("edge", ratio, {"units": "1"}),
        }
    return xr.Dataset(
        {
            name: (
                ("stage", "quantile") if name.endswith("quantile") else "stage",
                np.array(values),
                seconds if "latency" in name else {"units": "1"},
            )
            for name, values in rows.items()
        }
        | {
            "preferred_pattern": (
                ("stage", "cell"),
                np.reshape(favorite, (len(stages), n_cells)).astype(np.int16),
            ),
        }
        | weighed,
        coords={"quantile": list(QUANTILES)},
    )


def _windows(
    time: np.ndarray, cell: np.ndarray, start: np.ndarray, width: float, n_cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """Spike counts and times of the first spike (NaN for none), both (window, cell)."""
    inside, count = trials.cut(time, cell, start, np.full(start.size, width), n_cells)
    first = np.full(count.shape, np.nan)
    first[count > 0] = inside[(np.cumsum(count) - count.ravel())[count.ravel() > 0]]
    return count, first


def _means(count: np.ndarray, pattern: np.ndarray, n_patterns: int) -> np.ndarray:
    """Mean over the showings of each pattern, (pattern, cell); every pattern was shown."""
    return np.array([count[pattern == p].mean(axis=0) for p in range(n_patterns)])


def _halves(repeat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    odd = np.unique(repeat, return_inverse=True)[1] % 2 == 1
    return odd, ~odd


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan
