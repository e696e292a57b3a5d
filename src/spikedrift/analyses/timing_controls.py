"""Timing controls: how raw SpikeShip distances depend on counts, and their values for surrogates.

Distances of trials of one segment within and between blocks, raw and under surrogates: counts
matched by thinning; times jittered in windows fixed in the trial (25 ms); whole trains of each unit
shuffled over the trials of one segment and block; times drawn from the unit's profile in each
block, counts kept. Excess: surrogate minus raw. Raw distances fall with counts, about as one over
their root, so that the raw step between blocks is biased by any change of rate. It is shown with
its exchange null (spike times exchanged between blocks among trials of the same segment and unit,
counts kept), whose mean is the bias, and beside a control in which only rates change, by a further
factor of 1.5 (exchanged times, with the first block thinned). A drop of the excess between blocks
says that structure finer than that of the surrogate became less alike; it still depends on counts
and has no test here. The Poisson profile is that of the few spikes of a block, so that surrogate
trials are more alike within the block than new trials would be, and their excess is too low within
blocks, the more so with few repeats. The test assumes that spikes are independent given the
segment. Unit of inference: pairs of trials of one recording; descriptive. Distance:
Sotomayor-Gomez, Battaglia & Vinck (2023); jitter: Amarasingham et al. (2012).
"""

from collections.abc import Callable

import numpy as np
import xarray as xr

from spikedrift.analyses.contract.analysis import Analysis, Statistic, monte_carlo
from spikedrift.config.analyses import TimingControlsOptions
from spikedrift.drift.anchored.timing import timing_dissimilarity
from spikedrift.drift.pairs import index_pairs, mean_within
from spikedrift.spikes import surrogates
from spikedrift.spikes.arrays import Spikes
from spikedrift.spikes.caveats import pooled
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.spikes.thinning import thin_blocks
from spikedrift.stats.means import defined_means

EXCHANGE = "spike times exchanged between blocks among trials of the same segment and unit"
UNIT = "pairs of trials"
EXCESS = ("jitter", "shuffle", "poisson")
Draw = Callable[[Spikes, np.random.Generator], Spikes]


def slower_first_block(spikes: Spikes, rng: np.random.Generator, gain: float) -> Spikes:
    """Exchange times between blocks, then keep one spike in `gain` of the first block at random.

    The result differs between blocks only in counts.

    Parameters
    ----------
    spikes : Spikes
    rng : Generator
    gain : float
        The rate of the first block is divided by it.
    """
    exchanged = surrogates.exchange_blocks(spikes, rng)
    trial, _ = exchanged.cells
    keep = (exchanged.block[trial] > 0) | (rng.random(trial.size) < 1.0 / gain)
    return exchanged.kept(keep)


def run(
    dataset: xr.Dataset, options: TimingControlsOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Distances of trials, raw and under surrogates.

    Returns
    -------
    arrays : Dataset
        Dim `surrogate_name` (raw, exchange, thinned, jitter, shuffle, poisson, rates; shuffle left
        out for units that were not recorded together). `curve` (surrogate_name, relation, lag) and
        `level` (surrogate_name, relation), s; `level_by_block` (surrogate_name, block), s;
        `pairs_at_lag` (relation, lag); `level_draws` (surrogate_name, relation, draw).
    statistics : list of Statistic
        `raw_between_minus_within` (biased by rate) with its exchange test,
        `thinned_between_minus_within`, `rates_between_minus_within` (the rate control),
        `{surrogate}.excess_within`, `{surrogate}.excess_between`, `{surrogate}.excess_drop`
        (within minus between), `missing` and `shared_units`.
    """
    layout = Layout.of(dataset)
    name, spikes, position = layout.name, layout.spikes, layout.repeats.position
    pairs = index_pairs(layout, options.max_pairs, stream(seed, name, "timing_controls", "pairs"))
    lag = np.abs(position[pairs.row] - position[pairs.column])
    draws: dict[str, tuple[Draw, int]] = {
        "raw": (lambda s, rng: s, 1),
        "exchange": (surrogates.exchange_blocks, options.surrogates),
        "thinned": (thin_blocks, options.draws),
        "jitter": (
            lambda s, rng: surrogates.jitter(s, rng, options.jitter_window),
            options.draws,
        ),
        "shuffle": (surrogates.shuffle_trials, options.draws),
        "poisson": (lambda s, rng: surrogates.poisson(s, rng, options.poisson_bin), options.draws),
        "rates": (lambda s, rng: slower_first_block(s, rng, options.gain), options.draws),
    }
    if pooled(dataset.attrs):
        del draws["shuffle"]
    value, shared = timing_dissimilarity(spikes, pairs.first, pairs.second, options.min_shared)
    levels, curves, by_block = {}, {}, {}
    for key, (draw, n) in draws.items():
        rng = stream(seed, name, "timing_controls", key)
        each = np.stack(
            [
                timing_dissimilarity(
                    draw(spikes, rng), pairs.first, pairs.second, options.min_shared
                )[0]
                for _ in range(n)
            ]
        )
        levels[key] = np.array([_levels(one, pairs.block) for one in each])
        mean = defined_means(each, 0)
        curves[key] = _by_lag(mean, pairs.block, lag)
        by_block[key] = [
            float(defined_means(mean[pairs.block == index], 0)) for index in range(layout.n_blocks)
        ]
    arrays = _arrays(levels, curves, by_block, _counts(pairs.block, lag))
    n = int(pairs.first.size)
    step = {key: one[:, 1] - one[:, 0] for key, one in levels.items()}
    raw = levels["raw"][0]
    statistics = [
        monte_carlo(
            "raw_between_minus_within", float(step["raw"][0]), step["exchange"], "upper", EXCHANGE,
            n=n, unit=UNIT,
        ),
        _over_draws("thinned_between_minus_within", step["thinned"], n),
        _over_draws("rates_between_minus_within", step["rates"], n),
    ]  # fmt: skip
    for key in (key for key in EXCESS if key in levels):
        excess = levels[key] - raw
        statistics += [
            _over_draws(f"{key}.excess_within", excess[:, 0], n),
            _over_draws(f"{key}.excess_between", excess[:, 1], n),
            _over_draws(f"{key}.excess_drop", excess[:, 0] - excess[:, 1], n),
        ]
    return arrays, [
        *statistics,
        Statistic("missing", float(np.isnan(value).mean()), n, UNIT),
        Statistic("shared_units", float(shared.mean()), n, UNIT),
    ]


def _over_draws(name: str, values: np.ndarray, n: int) -> Statistic:
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Statistic(
        name, float(values.mean()), n, UNIT, float(low), float(high), "95 % of surrogate draws"
    )


def _levels(value: np.ndarray, block: np.ndarray) -> tuple[float, float]:
    return mean_within(value, block), float(defined_means(value[block < 0], 0))


def _counts(block: np.ndarray, lag: np.ndarray) -> np.ndarray:
    size = int(lag.max()) + 1
    inside = np.bincount(lag[block >= 0], minlength=size)
    return np.stack([inside, np.bincount(lag[block < 0], minlength=size)])[:, 1:]


def _by_lag(value: np.ndarray, block: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Mean by relation (within, between) and lag from 1: shape (2, n_lags)."""
    known = np.isfinite(value)
    cell = (block < 0) * (int(lag.max()) + 1) + lag
    size = 2 * (int(lag.max()) + 1)
    n = np.bincount(cell[known], minlength=size)
    total = np.bincount(cell[known], weights=value[known], minlength=size)
    mean = np.divide(total, n, out=np.full(size, np.nan), where=n > 0)
    return mean.reshape(2, -1)[:, 1:]


def _arrays(
    levels: dict[str, np.ndarray],
    curves: dict[str, np.ndarray],
    by_block: dict[str, list[float]],
    counts: np.ndarray,
) -> xr.Dataset:
    n_draws = max(len(one) for one in levels.values())
    each = np.full((len(levels), 2, n_draws), np.nan)
    for row, one in zip(each, levels.values(), strict=True):
        row[:, : len(one)] = one.T
    key, seconds = "surrogate_name", {"units": "s"}
    return xr.Dataset(
        {
            "curve": ((key, "relation", "lag"), np.stack(list(curves.values())), seconds),
            "level": ((key, "relation"), defined_means(each, 2), seconds),
            "level_draws": ((key, "relation", "draw"), each, seconds),
            "level_by_block": ((key, "block"), np.array(list(by_block.values())), seconds),
            "pairs_at_lag": (("relation", "lag"), counts),
        },
        {
            key: list(levels),
            "relation": ["within", "between"],
            "lag": np.arange(1, counts.shape[1] + 1),
        },
    )


ANALYSIS = Analysis(
    name="timing_controls",
    title="SpikeShip distances under surrogates",
    citation="Sotomayor-Gomez B, Battaglia FP, Vinck M (2023) PLoS Computational Biology, "
    "doi:10.1371/journal.pcbi.1011335",
    run=run,
    needs=frozenset({"timing", "blocks", "segments"}),
)
