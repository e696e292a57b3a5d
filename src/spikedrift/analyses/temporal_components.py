"""Temporal components: drift of the shape of single units' responses, and drift of their counts.

Spikes of a trial, smoothed and divided by their own sum, are projected on the first three axes of a
linear discriminant analysis over segments, for each unit. RDI of a unit: (r_0 - r_d) /
(r_0 + r_d), r_0 the correlation of tuning vectors of two random halves of the trials of one block
(day, where there are days), r_d that of halves of two blocks, negative correlations set to 0; the
tuning vector holds mean counts, or mean scores, in all segments. Axes are fitted on every second
repeat of the first block, and these repeats are not used for anything else. With `axes: all`, axes
are fitted on all trials, as published: they are then fitted to the days that they compare, so that
components look more stable. Dividing by the count does not remove all effects of counts: a silent
trial has the scores of a flat one, and the noise of scores falls with counts. Null of the temporal
index: spike times exchanged between blocks among trials of the same segment and unit, with counts
kept and axes fitted anew; of the rate index: counts exchanged likewise. Both assume that trials are
independent given the segment. Unit of inference: the units of one recording; descriptive. The two
indices have no common scale (a redrawn code need not have the same value in both), so that the sign
of their difference does not say which code is more stable. After Zhu et al. (2025), Nature
Communications.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.analyses.contract.analysis import Analysis, Statistic, monte_carlo
from spikedrift.analyses.methods.components import (
    discriminant_axes,
    drift_by_lag,
    profiles,
    random_halves,
    tuning_correlations,
)
from spikedrift.config.analyses import TemporalComponentsOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.rate import permuted_counts
from spikedrift.drift.bands import centered
from spikedrift.spikes.arrays import Spikes
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.spikes.surrogates import exchange_blocks
from spikedrift.stats.means import defined_means

CELLS = 2**22  # values of smoothed responses held in memory at a time
BOOTSTRAP = 1000
BOXCAR = 0.049  # s, as published
EXCHANGE = {
    "rate": "counts exchanged between blocks among trials of the same segment and unit",
    "temporal": "spike times exchanged between blocks among trials of the same segment and unit",
}


def scores(
    spikes: Spikes,
    train: np.ndarray,
    *,
    bin: float,
    boxcar: float,
    n_axes: int,
    shrinkage: float | None,
) -> np.ndarray:
    """Project every trial on the axes of its unit.

    Parameters
    ----------
    spikes : Spikes
    train : bool, shape (n_trials,)
        Trials on which the axes are fitted.
    bin, boxcar : float, s
        As in `profiles`.
    n_axes : int
    shrinkage : float, optional
        As in `discriminant_axes`.

    Returns
    -------
    float64, shape (n_trials, n_units, n_axes)
        Relative to the mean of the training trials; NaN where a unit has no axes.
    """
    n_trials, n_units = spikes.counts.shape
    out = np.empty((n_trials, n_units, n_axes))
    n_bins = max(int(np.floor(spikes.duration.min() / bin + 1e-9)), 1)
    step = max(CELLS // (n_trials * n_bins), 1)
    for start in range(0, n_units, step):
        units = np.arange(start, min(start + step, n_units))
        response = profiles(spikes, units, bin, boxcar)
        used = spikes.observed[:, units].T & train
        center, axes = discriminant_axes(
            response[:, train], used[:, train], spikes.segment[train], n_axes, shrinkage
        )
        found = response @ axes - (center[:, None] @ axes)
        out[:, units] = found.transpose(1, 0, 2)
    return out


def occasions(layout: Layout) -> np.ndarray:
    """Index of the day of each trial where there are several days, otherwise of its block."""
    days, day = np.unique(layout.dataset["session"].values, return_inverse=True)
    return day if days.size > 1 else layout.block


def every_second(cell: np.ndarray, repeat: np.ndarray) -> np.ndarray:
    """Every second trial of each cell in the order of repeats, in whatever order a file has them.

    Parameters
    ----------
    cell, repeat : int64, shape (n_trials,)
        A cell holds a repeat once.

    Returns
    -------
    bool, shape (n_trials,)
    """
    return np.asarray(pd.Series(repeat).groupby(cell).rank() % 2 == 0)


def run(
    dataset: xr.Dataset, options: TemporalComponentsOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Drift of single units' tuning in counts and in temporal components.

    Returns
    -------
    arrays : Dataset
        Dims `axes` (first, all: those asked for), `code` (rate, temporal), `lag`. `drift` (axes,
        code, cell, lag), with `curve`, `curve_low`, `curve_high` (axes, code, lag): mean over units
        and its interval. `reliability` (axes, code, cell): r_0. `all_lags` (axes, code, cell): the
        drift index over all pairs of blocks.
    statistics : list of Statistic
        For each choice of axes (names end in "_all" where axes were fitted on all trials):
        `rate.rdi`, `temporal.rdi` (means over units and all pairs of blocks, with their exchange
        tests), `difference` (rate minus temporal, paired), `rate.reliability`,
        `temporal.reliability`.

    Raises
    ------
    InputError
        For fewer than three segments, fewer than four bins in a trial, or fewer than two trials of
        a segment to compare.
    """
    layout = Layout.of(dataset)
    name, spikes, n_segments = layout.name, layout.spikes, layout.n_segments
    if n_segments < 3:
        raise InputError(
            f"{name}: temporal_components correlates tuning over segments and needs three, the "
            f"selection has {n_segments}"
        )
    duration = float(spikes.duration.min())
    boxcar = options.boxcar or min(BOXCAR, duration / 5)
    fit: dict[str, Any] = {
        "bin": options.bin or boxcar / 4,
        "boxcar": boxcar,
        "n_axes": min(options.components, n_segments - 1),
        "shrinkage": options.shrinkage,
    }
    if fit["bin"] > duration / 4:
        raise InputError(
            f"{name}: temporal_components: bins of {fit['bin']:.4g} s leave fewer than four in a "
            f"trial of {duration:.4g} s; choose a smaller bin"
        )
    occasion = occasions(layout)
    names = ("first", "all") if options.axes == "both" else (options.axes,)
    parts = [
        _one(name, choice, spikes, occasion, n_segments, fit, options, seed) for choice in names
    ]
    return xr.concat([arrays for arrays, _ in parts], "axes").assign_coords(axes=list(names)), [
        statistic for _, statistics in parts for statistic in statistics
    ]


def _one(
    name: str,
    choice: str,
    spikes: Spikes,
    occasion: np.ndarray,
    n_segments: int,
    fit: dict[str, Any],
    options: TemporalComponentsOptions,
    seed: int,
) -> tuple[xr.Dataset, list[Statistic]]:
    """Measure and test with one choice of the trials on which the axes are fitted."""
    cell = occasion * n_segments + spikes.segment
    n_occasions = int(occasion.max()) + 1
    everything = np.ones(cell.size, bool)
    train = everything
    if choice == "first":
        train = (occasion == 0) & every_second(cell, spikes.repeat)
    used = ~train if choice == "first" else everything
    rng = stream(seed, name, "temporal_components", choice, "halves")
    member, size = random_halves(cell, used, options.resamples, rng)
    if size < 1 or np.bincount(cell[train], minlength=n_segments)[:n_segments].min() < 2:
        raise InputError(
            f"{name}: temporal_components needs two trials of every segment in every block, and in "
            "the first block two more to fit axes on; choose a selection with more repeats"
        )
    shape = (n_occasions, n_segments)

    def rate(counts: np.ndarray) -> np.ndarray:
        return tuning_correlations(counts[..., None].astype(float), spikes.observed, member, shape)

    def temporal(changed: Spikes) -> np.ndarray:
        return tuning_correlations(scores(changed, train, **fit), spikes.observed, member, shape)

    correlation = np.stack([rate(spikes.counts), temporal(spikes)])
    reliability = defined_means(np.diagonal(correlation, axis1=-2, axis2=-1))
    every = np.stack([drift_by_lag(one) for one in correlation])
    kept = np.isfinite(every[..., 0]).all(axis=0)
    if options.min_reliability is not None:
        kept &= (reliability > options.min_reliability).all(axis=0)
    rng = stream(seed, name, "temporal_components", choice, "exchange")
    null = np.full((2, options.surrogates), np.nan)
    for index in range(options.surrogates):
        counts = permuted_counts(spikes.counts, spikes.observed, spikes.segment, rng)
        for code, one in enumerate((rate(counts), temporal(exchange_blocks(spikes, rng)))):
            null[code, index] = defined_means(drift_by_lag(one)[kept, 0])
    shown = np.where(kept[:, None], every, np.nan)
    rng = stream(seed, name, "temporal_components", choice, "bootstrap")
    drawn = rng.integers(0, kept.size, (BOOTSTRAP, kept.size))
    redrawn = np.stack(
        [[defined_means(one[drawn, lag]) for lag in range(n_occasions)] for one in shown]
    )
    means = defined_means(shown.swapaxes(1, 2))
    low, high = centered(np.moveaxis(redrawn, -1, 0), means)
    dims = ("code", "cell")  # `unit` is a column of the statistics
    arrays = xr.Dataset(
        {
            "drift": ((*dims, "lag"), shown[..., 1:], {"units": "1"}),
            "all_lags": (dims, shown[..., 0], {"units": "1"}),
            "reliability": (dims, reliability, {"units": "1"}),
            "curve": (
                ("code", "lag"),
                means[:, 1:],
                {"units": "1"},
            ),
            "curve_low": (("code", "lag"), low[:, 1:], {"units": "1"}),
            "curve_high": (("code", "lag"), high[:, 1:], {"units": "1"}),
        },
        {"code": ["rate", "temporal"], "lag": np.arange(1, n_occasions)},
    )
    suffix = "" if choice == "first" else "_all"
    common: dict[str, Any] = {
        "n": int(kept.sum()), "unit": "units", "interval": "95 % bootstrap over units",
    }  # fmt: skip
    statistics = [
        monte_carlo(
            f"{code}{suffix}.rdi",
            float(defined_means(shown[index, :, 0])),
            null[index],
            "upper",
            EXCHANGE[code],
            low=float(low[index, 0]),
            high=float(high[index, 0]),
            **common,
        )
        for index, code in enumerate(("rate", "temporal"))
    ]
    difference = float(defined_means(shown[0, :, 0] - shown[1, :, 0]))
    paired = centered(redrawn[0, 0] - redrawn[1, 0], difference)
    statistics.append(
        Statistic(
            f"difference{suffix}",
            difference,
            low=float(paired[0]),
            high=float(paired[1]),
            **common,
        )
    )
    statistics += [
        Statistic(
            f"{code}{suffix}.reliability",
            float(defined_means(reliability[index])),
            int(np.isfinite(reliability[index]).sum()),
            "units",
        )
        for index, code in enumerate(("rate", "temporal"))
    ]
    return arrays, statistics


ANALYSIS = Analysis(
    name="temporal_components",
    title="Drift of temporal components of single units",
    citation="Zhu, He, ... Luan & Xie (2025) Nature Communications, doi:10.1038/s41467-025-62069-2",
    run=run,
    needs=frozenset({"timing", "blocks", "segments"}),
)
