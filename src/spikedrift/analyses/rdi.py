"""Representational drift index of single units and of the population, by lag.

RDI = (r_0 - r_d) / (r_0 + r_d), negative correlations set to 0. Lags d are in sessions, or in
blocks where there is one session. Units: the tuning vector is the mean rate to each segment over a
random half of the repeats; r_0 is its correlation with that over the other half of the same session
or block, and r_d its correlation with halves at lag d. All halves hold the same number of repeats,
and correlations are averaged over draws of halves before the index is taken (Marks & Goard 2021,
Nature Communications 12:5169; Zhu et al. 2025, Nature Communications,
doi:10.1038/s41467-025-62069-2). Three segments are needed. Population: vectors hold the rates of
all units to all segments in single repeats; r_0 is the mean correlation over pairs of repeats
within sessions or blocks, and r_d that over pairs at lag d (Sadeh & Clopath 2022, eLife 11:e77907).
Differences of mean rate between units raise both correlations and so lower the index.

Test: responses of a unit are exchanged among all trials of the same segment, which assumes that
trials are independent given the segment. Slope over lags, where there are two or more: within units
by least squares, with that test, and by a mixed model, RDI ~ lag + (1 | unit), whose interval
treats units as independent, which units recorded together are not. Unit of inference: units of one
recording (pairs of repeats for the population); descriptive. r_0 is small and the index noisy for
weakly tuned units: read it beside reliability, the correlation of single repeats with the mean of
the others.
"""

import warnings

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
import xarray as xr
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from spikedrift.analyses.contract.analysis import Analysis, Statistic, monte_carlo
from spikedrift.config.analyses import RdiOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.bands import centered
from spikedrift.drift.correlations import TUNING_SEGMENTS
from spikedrift.drift.curve_statistics import contrast
from spikedrift.drift.responses import EXCHANGE, Responses, null_of, responses_of
from spikedrift.similarity.correlation import pearson_stacks
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.stats.means import defined_mean

STREAM = "drift_index"  # the first name of this analysis: another key would draw other numbers


def random_halves(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two disjoint random sets of repeats of every group, of one size for all groups.

    Parameters
    ----------
    group : int64, shape (n_repeats,)
        Numbered from 0.
    rng : Generator

    Returns
    -------
    bool, shape (2, n_groups, n_repeats)
        Each set holds half as many repeats as the smallest group, rounded down.
    """
    size = int(np.bincount(group).min()) // 2
    member = np.zeros((2, int(group.max()) + 1, group.size), bool)
    for index in range(member.shape[1]):
        drawn = rng.permutation(np.flatnonzero(group == index))[: 2 * size]
        member[0, index, drawn[:size]] = member[1, index, drawn[size:]] = True
    return member


def unit_correlations(
    responses: Responses, group: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Tuning correlation of every unit at every lag between groups.

    Parameters
    ----------
    responses : Responses
    group : int64, shape (n_repeats,)
        Session or block of each repeat, from 0.
    resamples : int
        Draws of halves.
    rng : Generator

    Returns
    -------
    float64, shape (n_units, n_groups)
        Lag 0: one half of a group with the other, mean over groups. NaN where a unit was not
        observed in every segment, or does not vary over segments, in any pair of halves.
    """
    n_groups, n_units = int(group.max()) + 1, responses.rate.shape[2]
    total, count = np.zeros((2, n_units, n_groups, n_groups))
    for _ in range(resamples):
        member = random_halves(group, rng)
        mean, seen = responses.averaged(member.reshape(2 * n_groups, -1))
        centered = mean - mean.mean(axis=1, keepdims=True)
        norm = np.sqrt(np.einsum("gsu,gsu->gu", centered, centered))
        size = np.sqrt(np.einsum("gsu,gsu->gu", mean, mean))
        valid = (norm > 1e-7 * size) & seen.all(axis=1)
        z = np.where(valid[:, None], centered, 0.0) / np.where(valid, norm, 1.0)[:, None]
        halves = z.reshape(2, n_groups, -1, n_units)
        known = valid.reshape(2, n_groups, n_units).astype(np.float64)
        # Two groups have four pairs of halves, and one group has a single pair.
        joint = np.moveaxis(halves.sum(axis=0), 2, 0)
        both = np.moveaxis(known.sum(axis=0), 1, 0)
        product = joint @ np.swapaxes(joint, 1, 2)
        pairs = both[:, :, None] * both[:, None, :]
        own = np.arange(n_groups)
        product[:, own, own] = np.einsum("gsu,gsu->ug", *halves)
        pairs[:, own, own] = (known[0] * known[1]).T
        total += product
        count += pairs
    matrix = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return _by_lag(matrix)


def _by_lag(matrix: np.ndarray) -> np.ndarray:
    """Mean of the defined entries of each diagonal: (..., n, n) -> (..., n)."""
    out = []
    for lag in range(matrix.shape[-1]):
        diagonal = np.diagonal(matrix, lag, -2, -1)
        n = np.isfinite(diagonal).sum(axis=-1)
        total = np.nansum(diagonal, axis=-1)
        out.append(np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0))
    return np.stack(out, axis=-1)


def population_correlations(responses: Responses, group: np.ndarray, min_shared: int) -> np.ndarray:
    """Mean correlation of pairs of repeats by lag between their groups: float64, shape (n_groups,).

    Vectors run over units and segments. Lag 0 is the mean over groups of the mean over pairs of
    different repeats. Pairs that share fewer than `min_shared` entries are left out.
    """
    flat, seen = (
        part.reshape(group.size, -1) for part in (responses.rate, responses.observed)
    )  # fmt: skip
    value = pearson_stacks(flat, flat, seen, seen, min_shared)
    np.fill_diagonal(value, np.nan)
    n_groups = int(group.max()) + 1
    matrix = np.array(
        [
            [defined_mean(value[np.ix_(group == a, group == b)]) for b in range(n_groups)]
            for a in range(n_groups)
        ]
    )
    return _by_lag(matrix)


def index(correlation: np.ndarray) -> np.ndarray:
    """RDI at lags 1 and up from correlations at lags 0 and up (last axis); NaN where both are 0."""
    return contrast(correlation[..., :1], correlation[..., 1:], "similarity")


def within_slope(value: np.ndarray) -> float:
    """Least-squares slope over lags (last axis, from 1), with a mean for every unit."""
    known = np.isfinite(value)
    n = known.sum(axis=1, keepdims=True)
    lag = np.broadcast_to(np.arange(1.0, value.shape[1] + 1), value.shape)
    parts = []
    for one in (lag, value):
        filled = np.where(known, one, 0.0)
        parts.append(
            np.where(known, filled - filled.sum(axis=1, keepdims=True) / np.maximum(n, 1), 0.0)
        )
    spread = (parts[0] ** 2).sum()
    return float((parts[0] * parts[1]).sum() / spread) if spread > 0 else float("nan")


def mixed_slope(value: np.ndarray) -> tuple[float, float, float]:
    """Slope of RDI ~ lag + (1 | unit) with its 95 % Wald interval, by REML; NaN if not converged.

    Parameters
    ----------
    value : float64, shape (n_units, n_lags)
    """
    unit, lag = np.nonzero(np.isfinite(value))
    table = pd.DataFrame({"rdi": value[unit, lag], "lag": lag + 1.0, "unit": unit})
    nan = (float("nan"),) * 3
    if table["unit"].nunique() < 2 or table["lag"].nunique() < 2 or np.ptp(table["rdi"]) == 0:
        return nan
    with warnings.catch_warnings():
        # The slope is valid even where the variance between units is estimated as 0.
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            fitted = smf.mixedlm("rdi ~ lag", table, groups="unit").fit(reml=True)
        except np.linalg.LinAlgError:
            return nan
    low, high = fitted.conf_int().loc["lag"]
    return (float(fitted.params["lag"]), float(low), float(high)) if fitted.converged else nan


def reliability(responses: Responses, group: np.ndarray) -> np.ndarray:
    """Correlation over segments of single repeats with the mean of the others of their group.

    Mean over the repeats where it is defined: float64, shape (n_units,). Repeats in which a unit
    was not observed in every segment do not count.
    """
    whole = responses.observed.all(axis=1, keepdims=True)
    rate = np.where(whole, responses.rate, 0.0)
    member = np.equal.outer(group, np.arange(group.max() + 1)).astype(np.float64)
    n = (member.T @ whole[:, 0])[group] - whole[:, 0]
    total = np.einsum("rg,rsu->gsu", member, rate, optimize=True)[group] - rate
    rest = np.divide(total, n[:, None], out=np.zeros_like(total), where=n[:, None] > 0)
    one, other = np.moveaxis(rate, 1, 2)[..., None, :], np.moveaxis(rest, 1, 2)[..., None, :]
    value = pearson_stacks(one, other, least=TUNING_SEGMENTS)[..., 0, 0]
    value[~whole[:, 0] | (n == 0)] = np.nan
    known = np.isfinite(value).sum(axis=0)
    return np.divide(
        np.nansum(value, axis=0), known, out=np.full(known.shape, np.nan), where=known > 0
    )


def run(dataset: xr.Dataset, options: RdiOptions, seed: int) -> tuple[xr.Dataset, list[Statistic]]:
    """Compute the RDI of units and population by lag, and their slopes.

    Returns
    -------
    arrays : Dataset
        `unit_rdi` (unit_index, lag), `unit_correlation` (unit_index, lag_from_0), `reliability`
        (unit_index); `population_rdi` (lag), `population_correlation` (lag_from_0). Attribute
        `lag_unit`: "sessions" or "blocks".
    statistics : list of Statistic
        `unit.rdi_lag_{d}` (median over units) and `population.rdi_lag_{d}`, with the exchange test;
        over two lags or more `unit.slope`, `population.slope` with the exchange test, and
        `unit.slope_mixed`, per lag. Those without a value are left out.

    Raises
    ------
    InputError
        Where a session or block has a single repeat.
    """
    name = str(dataset.attrs.get("recording"))
    responses = responses_of(Layout.of(dataset))
    group, lag_unit = responses.groups
    if np.bincount(group).min() < 2:
        raise InputError(
            f"{name}: rdi needs two repeats in each of its {lag_unit}, one has a single "
            "repeat; select repeats or join blocks"
        )
    tuned = responses.rate.shape[1] >= TUNING_SEGMENTS

    def of_units(of: Responses, rng: np.random.Generator) -> np.ndarray:
        if not tuned:
            return np.full((of.rate.shape[2], int(group.max()) + 1), np.nan)
        return unit_correlations(of, group, options.resamples, rng)

    def summary(units: np.ndarray, population: np.ndarray) -> np.ndarray:
        return np.array(
            [
                *_medians(units, options.min_shared),
                *population,
                within_slope(units),
                within_slope(population[None]),
            ]
        )

    unit = of_units(responses, stream(seed, name, STREAM, "halves"))
    population = population_correlations(responses, group, options.min_shared)
    halves = stream(seed, name, STREAM, "surrogate halves")

    def statistic(of: Responses) -> np.ndarray:
        return summary(
            index(of_units(of, halves)),
            index(population_correlations(of, group, options.min_shared)),
        )

    rng = stream(seed, name, STREAM, "exchange")
    null = null_of(dataset, responses, statistic, options.surrogates, rng)
    units, rdi = index(unit), index(population)
    lags = np.arange(1, units.shape[1] + 1)
    arrays = xr.Dataset(
        {
            "unit_rdi": (("unit_index", "lag"), units, {"units": "1"}),
            "unit_correlation": (("unit_index", "lag_from_0"), unit, {"units": "1"}),
            "reliability": ("unit_index", reliability(responses, group), {"units": "1"}),
            "population_rdi": ("lag", rdi, {"units": "1"}),
            "population_correlation": ("lag_from_0", population, {"units": "1"}),
        },
        {"lag": ("lag", lags, {"units": lag_unit})},
        {"lag_unit": lag_unit},
    )
    rng = stream(seed, name, STREAM, "bootstrap")
    interval = _intervals(units, options, rng)
    n_pairs = [int(np.sum(np.subtract.outer(group, group) == -lag)) for lag in lags]
    value, out = iter(zip(summary(units, rdi), null, strict=True)), []
    for lag, (low, high) in zip(lags, interval, strict=True):
        one, surrogate = next(value)
        out.append(
            monte_carlo(
                f"unit.rdi_lag_{lag}", one, surrogate, "upper", EXCHANGE,
                n=int(np.isfinite(units[:, lag - 1]).sum()), unit="units", low=low, high=high,
                interval="95 % bootstrap over units", no_drift=0.0,
            )
        )  # fmt: skip
    for lag, pairs in zip(lags, n_pairs, strict=True):
        one, surrogate = next(value)
        out.append(
            monte_carlo(
                f"population.rdi_lag_{lag}", one, surrogate, "upper", EXCHANGE,
                n=pairs, unit="pairs of repeats", no_drift=0.0,
            )
        )  # fmt: skip
    for kind, n, what in (
        ("unit", int(np.isfinite(units).any(axis=1).sum()), "units"),
        ("population", sum(n_pairs), "pairs of repeats"),
    ):
        one, surrogate = next(value)
        out.append(
            monte_carlo(
                f"{kind}.slope", one, surrogate, "upper", EXCHANGE, n=n, unit=what, no_drift=0.0
            )
        )
    slope, low, high = mixed_slope(units)
    out.append(
        Statistic(
            "unit.slope_mixed", slope, out[-2].n, "units", low, high,
            f"95 % Wald, RDI ~ lag + (1 | unit), lag in {lag_unit}", no_drift=0.0,
        )
    )  # fmt: skip
    return arrays, [one for one in out if np.isfinite(one.value)]


def _medians(value: np.ndarray, least: int) -> np.ndarray:
    """Median over units at each lag; NaN with fewer than `least`."""
    n = np.isfinite(value).sum(axis=0)
    out = np.full(value.shape[1], np.nan)
    out[n >= least] = np.nanmedian(value[:, n >= least], axis=0)
    return out


def _intervals(value: np.ndarray, options: RdiOptions, rng: np.random.Generator) -> np.ndarray:
    """95 % bootstrap intervals of the medians: shape (n_lags, 2)."""
    n_units = value.shape[0]
    drawn = np.stack(
        [
            _medians(value[rng.integers(n_units, size=n_units)], options.min_shared)
            for _ in range(options.bootstrap)
        ]
    )
    drawn[:, ~np.isfinite(drawn).all(axis=0)] = np.nan
    return np.stack(centered(drawn, _medians(value, options.min_shared)), axis=-1)


ANALYSIS = Analysis(
    name="rdi",
    title="Representational drift index",
    citation="Marks TD, Goard MJ (2021) Nature Communications 12:5169; Sadeh S, Clopath C (2022) "
    "eLife 11:e77907; Zhu et al. (2025) Nature Communications, doi:10.1038/s41467-025-62069-2",
    run=run,
    needs=frozenset({"blocks", "segments"}),
)
