"""Response correlations: population vectors, ensemble rates and tuning curves against lag.

Two repeats, or two halves of blocks whose repeats are averaged first, are compared in three ways:
population-vector correlation (Pearson over units in each segment, mean over segments),
ensemble-rate correlation (Pearson over units of mean rates) and tuning-curve correlation (Pearson
over segments, median over units; three segments at least). By lag within blocks, with the
similarity index SI(k) = (c_k - c_1) / (c_k + c_1); and for halves within blocks, between blocks,
and between successive (proximal) and further (distal) sessions. Over several sessions, two halves
are compared over the units that were observed and active in both. The activity difference of a unit
is (late - early) / (late + early), from the first to the last repeats of blocks and from the first
to the last block.

Test: responses of a unit are exchanged among all trials of the same segment, which assumes that
trials are independent given the segment; a slow state that modulates units differently breaks this
without drift. Intervals: bootstrap over the units of one recording, which does not generalize to
other animals. Unit of inference: units of one recording; descriptive. After Deitch, Rubin & Ziv
(2021), Current Biology 31:4327, whose halves may hold unequal numbers of repeats; here they are
equal by default.
"""

import numpy as np
import xarray as xr
from scipy.stats import ttest_ind

from spikedrift.analyses.contract.analysis import Analysis, Statistic, monte_carlo
from spikedrift.config.analyses import ResponseCorrelationsOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.bands import centered
from spikedrift.drift.correlations import (
    MEASURES,
    correlations,
    ensemble_rate,
    over_units,
    population_vector,
    tuning_curves,
)
from spikedrift.drift.curve_statistics import Curve, lag_curve
from spikedrift.drift.curve_statistics import statistics as curve_statistics
from spikedrift.drift.responses import EXCHANGE, Halves, Responses, halves_of, null_of, responses_of
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.stats.means import defined_mean


def activity_difference(responses: Responses, edge: int) -> np.ndarray:
    """(late - early) / (late + early) of each unit's mean rate.

    Parameters
    ----------
    responses : Responses
    edge : int
        Number of first and of last repeats of a block that are compared, at most half of the block.

    Returns
    -------
    float64, shape (2, n_units)
        Within blocks (mean over blocks), and from the first to the last block. NaN where a unit is
        silent in both or not observed in one.
    """
    block = responses.repeats.block
    members = [np.flatnonzero(block == index) for index in range(int(block.max()) + 1)]
    sets = []
    for rows in members:
        size = min(edge, rows.size // 2)
        sets += [np.isin(np.arange(block.size), part) for part in (rows[:size], rows[-size:])]
    sets += [block == 0, block == block.max()]
    mean, seen = responses.averaged(np.array(sets))
    # A segment counts where it was observed in both of a pair.
    joint = np.repeat(seen[::2] & seen[1::2], 2, axis=0)
    level = np.where(joint, mean, 0.0).sum(axis=1)
    early, late = level[::2], level[1::2]
    total = early + late
    index = np.divide(late - early, total, out=np.full(total.shape, np.nan), where=total > 0)
    within, between = index[:-1], index[-1]
    n = np.isfinite(within).sum(axis=0)
    mean_within = np.divide(np.nansum(within, axis=0), n, out=np.full(n.shape, np.nan), where=n > 0)
    if len(members) < 2:
        between = np.full_like(between, np.nan)
    return np.stack([mean_within, between])


def falling_units(responses: Responses, level: float) -> np.ndarray:
    """Units whose rate falls from the first to the second half of blocks: bool, (n_units,).

    One-tailed t test at `level` over repeats, of the rate averaged over observed segments.
    """
    halves = halves_of(responses)
    early, late = halves.member[::2].any(axis=0), halves.member[1::2].any(axis=0)
    n = responses.observed.sum(axis=1)
    rate = np.divide(
        responses.rate.sum(axis=1), n, out=np.full(n.shape, np.nan), where=n > 0
    )  # fmt: skip
    p = ttest_ind(rate[early], rate[late], alternative="greater", nan_policy="omit").pvalue
    return np.asarray(p) < level


def run(
    dataset: xr.Dataset, options: ResponseCorrelationsOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Compute the three correlations by lag and between halves, and activity differences.

    Returns
    -------
    arrays : Dataset
        `repeat_value` (measure, repeat, repeat_other); `lag_value`, `lag_between`,
        `similarity_index` (measure, lag): within blocks, between blocks, and SI of the former;
        `half_value`, `half_low`, `half_high` (measure, relation); `activity_difference` (change,
        unit_index). Correlations have no unit; lags are in repeats.
    statistics : list of Statistic
        For each measure: `slope` of the lag curve (fall per repeat), `similarity_index` at the
        largest lag, value of each relation of halves, `drop` (within blocks minus all others), over
        three sessions `drop_distal` (proximal minus distal); and the median activity differences.
    """
    name = str(dataset.attrs.get("recording"))
    responses = responses_of(Layout.of(dataset))
    if options.adaptation is not None:
        keep = ~falling_units(responses, options.adaptation)
        if keep.sum() < options.min_shared:
            raise InputError(
                f"{name}: response_correlations: the rate of all but {int(keep.sum())} of "
                f"{keep.size} units falls; leave out `adaptation`"
            )
        responses = Responses(
            responses.rate[..., keep],
            responses.observed[..., keep],
            responses.repeats,
            responses.session,
        )
    halves = halves_of(responses, unequal=options.halves == "published")

    def by_repeat(of: Responses) -> np.ndarray:
        return correlations(of.rate, of.observed, options.average, options.min_shared)

    repeat_value = by_repeat(responses)
    curves = [lag_curve(matrix, responses.repeats, "similarity") for matrix in repeat_value]

    def statistic(of: Responses) -> np.ndarray:
        matrices = np.full(repeat_value.shape, np.nan)
        for index in range(int(of.repeats.block.max()) + 1):
            rows = np.flatnonzero(of.repeats.block == index)
            matrices[:, rows[:, None], rows] = correlations(
                of.rate[rows], of.observed[rows], options.average, options.min_shared
            )
        lags = [lag_curve(matrix, of.repeats, "similarity") for matrix in matrices]
        values = half_values(of, halves, options)
        change = activity_difference(of, options.edge)
        return np.concatenate(
            [
                np.ravel([_by_lag(curve) for curve in lags]),
                np.ravel([_drops(halves.means(value)) for value in values]),
                [_median(one) for one in change],
            ]
        )

    value = statistic(responses)
    rng = stream(seed, name, "response_correlations", "exchange")
    null = null_of(dataset, responses, statistic, options.surrogates, rng)
    rng = stream(seed, name, "response_correlations", "bootstrap")
    resampled = _bootstrap(responses, halves, options, rng)
    arrays = _arrays(dataset, responses, halves, options, repeat_value, curves, resampled)
    return arrays, _statistics(arrays, value, null, resampled, responses.rate.shape[2])


def half_values(
    responses: Responses, halves: Halves, options: ResponseCorrelationsOptions
) -> np.ndarray:
    """Correlations of all pairs of halves: shape (n_measures, n_halves, n_halves)."""
    return correlations(*_half_means(responses, halves), options.average, options.min_shared)


def _half_means(responses: Responses, halves: Halves) -> tuple[np.ndarray, np.ndarray]:
    mean, seen = responses.averaged(halves.member)
    if responses.session.max() > 0:  # the published rule for cells matched over days
        seen = seen & (mean > 0).any(axis=1, keepdims=True)
    return mean, seen


def _bootstrap(
    responses: Responses,
    halves: Halves,
    options: ResponseCorrelationsOptions,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Resamples of each relation's mean and of the drops: name -> (bootstrap, n_measures)."""
    mean, seen = _half_means(responses, halves)
    tuning = tuning_curves(mean, seen)
    n_units = mean.shape[2]
    rows: dict[str, list[np.ndarray]] = {}
    for _ in range(options.bootstrap):
        drawn = rng.integers(n_units, size=n_units)
        values = (
            population_vector(mean[..., drawn], seen[..., drawn], options.min_shared),
            ensemble_rate(mean[..., drawn], seen[..., drawn], options.min_shared),
            over_units(tuning[drawn], options.average, options.min_shared),
        )
        means = [halves.means(one) for one in values]
        for relation in means[0]:
            rows.setdefault(relation, []).append(np.array([one[relation] for one in means]))
        drops = np.array([_drops(one) for one in means])
        for name, column in zip(DROPS, drops.T, strict=True):
            rows.setdefault(name, []).append(column)
    return {name: np.stack(found) for name, found in rows.items()}


DROPS = ("drop", "drop_distal")


def _drops(means: dict[str, float]) -> list[float]:
    """Within blocks minus the mean of all other relations, and proximal minus distal."""
    other = defined_mean(np.array([value for name, value in means.items() if name != "within"]))
    nan = float("nan")
    return [
        means.get("within", nan) - other,
        means.get("proximal", nan) - means.get("distal", nan),
    ]


def _by_lag(curve: Curve) -> list[float]:
    """Fall per repeat, and SI at the largest lag."""
    _, slope, _, _, falls, _, _ = curve_statistics(curve, float("nan"), float("nan"))
    return [float(slope), -float(falls)]


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _arrays(
    dataset: xr.Dataset,
    responses: Responses,
    halves: Halves,
    options: ResponseCorrelationsOptions,
    repeat_value: np.ndarray,
    curves: list[Curve],
    resampled: dict[str, np.ndarray],
) -> xr.Dataset:
    means = [halves.means(value) for value in half_values(responses, halves, options)]
    relations = list(means[0])
    n_measures = len(MEASURES)
    value = np.array([[one[name] for name in relations] for one in means])
    interval = np.array(
        [
            [_interval(resampled, name, index, value[index][k]) for k, name in enumerate(relations)]
            for index in range(n_measures)
        ]
    ).reshape(n_measures, len(relations), 2)
    out = xr.Dataset(
        {
            "repeat_value": (("measure", "repeat", "repeat_other"), repeat_value),
            "lag_value": (("measure", "lag"), [curve.value[0] for curve in curves]),
            "lag_between": (("measure", "lag"), [curve.value[1] for curve in curves]),
            "similarity_index": (("measure", "lag"), [one.similarity_index for one in curves]),
            "half_value": (("measure", "relation"), value.reshape(n_measures, len(relations))),
            "half_low": (("measure", "relation"), interval[..., 0]),
            "half_high": (("measure", "relation"), interval[..., 1]),
            "activity_difference": (
                ("change", "unit_index"),
                activity_difference(responses, options.edge),
            ),
        },
        {
            "measure": list(MEASURES),
            "lag": curves[0].lag,
            "relation": np.array(relations, dtype=str),
            "change": ["within blocks", "first to last block"],
            "repeat_block": ("repeat", responses.repeats.block),
            "repeat_session": ("repeat", responses.session),
        },
    )
    for variable in out.data_vars.values():
        variable.attrs["units"] = "1"
    out["lag"].attrs["units"] = "repeats"
    out.attrs["units_left_out"] = dataset.sizes["unit"] - responses.rate.shape[2]
    return out


def _statistics(
    arrays: xr.Dataset,
    value: np.ndarray,
    null: np.ndarray,
    resampled: dict[str, np.ndarray],
    n_units: int,
) -> list[Statistic]:
    bootstrap = "95 % bootstrap over units"
    columns = iter(zip(value, null, strict=True))
    by_lag = [(measure, name) for measure in MEASURES for name in ("slope", "similarity_index")]
    tested: dict[tuple[str, str], Statistic] = {}
    units = {"n": n_units, "unit": "units", "no_drift": 0.0}
    for measure, name in by_lag:
        observed, surrogate = next(columns)
        tested[measure, name] = monte_carlo(
            f"{measure}.{name}",
            observed,
            surrogate,
            "upper" if name == "slope" else "lower",
            EXCHANGE,
            **units,
        )
    for index, measure in enumerate(MEASURES):
        for name in DROPS:
            observed, surrogate = next(columns)
            low, high = _interval(resampled, name, index, observed)
            tested[measure, name] = monte_carlo(
                f"{measure}.{name}", observed, surrogate, "upper", EXCHANGE,
                low=low, high=high, interval=bootstrap, **units,
            )  # fmt: skip
    out = []
    for measure in MEASURES:
        for relation in arrays["relation"].values.tolist():
            one = arrays.sel(measure=measure, relation=relation)
            out.append(
                Statistic(
                    f"{measure}.{relation}",
                    float(one["half_value"]),
                    n_units,
                    "units",
                    float(one["half_low"]),
                    float(one["half_high"]),
                    bootstrap,
                )
            )
        out += [tested[measure, name] for name in ("slope", "similarity_index", *DROPS)]
    for change, (observed, surrogate) in zip(("within", "between"), columns, strict=True):
        out.append(
            monte_carlo(
                f"activity_difference.{change}", observed, surrogate, "two", EXCHANGE, **units
            )
        )
    return [one for one in out if np.isfinite(one.value)]


def _interval(
    resampled: dict[str, np.ndarray], name: str, index: int, value: float
) -> tuple[float, float]:
    """95 % interval from the resamples of a measure that have a value."""
    if name not in resampled:
        return float("nan"), float("nan")
    low, high = centered(resampled[name][:, index], value)
    return float(low), float(high)


ANALYSIS = Analysis(
    name="response_correlations",
    title="Correlation of responses",
    citation="Deitch D, Rubin A, Ziv Y (2021) Current Biology 31:4327-4339, "
    "doi:10.1016/j.cub.2021.07.062",
    run=run,
    needs=frozenset({"segments"}),
)
