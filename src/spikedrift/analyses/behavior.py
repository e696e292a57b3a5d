"""Behavior: how much of what looks like drift goes with running and pupil.

Dissimilarity of repeats (rate: 1 - Pearson of square roots of counts; timing: SpikeShip; means over
trials of one segment) is regressed on their lag, on lying in different blocks, and on how far they
differ in running, pupil and population rate; coefficients are standardized. Tests: the residuals of
the model without the predictor are shifted circularly within each block, rows and columns together
(Freedman-Lane); for the block itself they are shifted over the whole recording, where one gap and
few shifts leave little power. Shifts keep slow states that were not recorded, so that an effect of
lag is significant only in excess of them. Least-squares p values, which assume independent pairs,
are not given. Units: correlation with running and pupil, the mean response to each segment taken
out, in standard deviations of circular shifts of the trace, and stimulus reliability. Indices on
all trials and on trials matched by state are those of the drift analysis. Unit of inference: the
repeats, or units, of one recording; descriptive. After Sadeh & Clopath (2022), eLife 11:e77907.
"""

from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from spikedrift.analyses.contract.analysis import NAN, Analysis, Statistic, monte_carlo
from spikedrift.analyses.methods.modulation import modulation, residuals
from spikedrift.config.analyses import BehaviorOptions
from spikedrift.config.drift import DriftOptions, SignalOptions, StateOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.anchored.rate import rate_dissimilarity
from spikedrift.drift.anchored.timing import timing_dissimilarity
from spikedrift.drift.pairs import repeat_means, segment_pairs
from spikedrift.drift.signal.recording import MATCHING, drift_values
from spikedrift.similarity.reliability import unit_reliability
from spikedrift.spikes.arrays import Spikes
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream
from spikedrift.spikes.state import covariates
from spikedrift.stats.matrix_regression import fit, partial_null, shifts_over, shifts_within

MIN_REPEATS = 6
BEYOND = 1.96  # standard deviations of the shifted traces; a unit beyond them is modulated
WITHIN = "residuals shifted circularly within each block"
OVER = "residuals shifted circularly over the recording"
SHIFTED = "running or pupil shifted circularly against the units"
STATE = ("running_speed", "pupil_area", "rate")


def dissimilarities(
    layout: Layout, options: BehaviorOptions, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Repeat x repeat dissimilarity by code: float64, shape (n_repeats, n_repeats) each.

    Two-photon recordings have the rate code alone.
    """
    pairs, spikes = segment_pairs(layout, rng), layout.events
    n_repeats, n_segments = layout.table.shape
    most = max(1, options.max_pairs // max(1, n_repeats * (n_repeats - 1) // 2))
    if most < n_segments:
        kept = rng.choice(n_segments, most, replace=False)
        pairs = pairs.subset(np.flatnonzero(np.isin(spikes.segment[pairs.first], kept)))
    cell = np.minimum(pairs.row, pairs.column) * n_repeats + np.maximum(pairs.row, pairs.column)
    value, _ = rate_dissimilarity(
        spikes.counts, spikes.observed, pairs.first, pairs.second, options.min_shared
    )
    found = {"rate": repeat_means(value, cell, n_repeats)}
    if layout.timed:
        value, _ = timing_dissimilarity(spikes, pairs.first, pairs.second, options.min_shared)
        found["timing"] = repeat_means(value, cell, n_repeats)
    return found


def repeat_states(
    spikes: Spikes, names: list[str], state: np.ndarray, n_repeats: int
) -> dict[str, np.ndarray]:
    """Mean state of each repeat by name, in standard deviations over trials; NaN where unknown.

    `rate` is the count of the population, divided by the average count of the same cells (segment,
    unit), so that neither a missing segment nor a missing unit looks like a change of rate.
    """
    out = {}
    for name, trace in zip(names, state.T, strict=True):
        known = np.isfinite(trace)
        n = np.bincount(spikes.repeat[known], minlength=n_repeats)
        total = np.bincount(spikes.repeat[known], trace[known], minlength=n_repeats)
        out[name] = np.divide(total, n, out=np.full(n_repeats, np.nan), where=n > 0)
    counts = np.where(spikes.observed, spikes.counts, 0).astype(np.float64)
    away = residuals(counts, spikes.observed, spikes.segment)
    expected = np.bincount(spikes.repeat, (counts - away).sum(axis=1), minlength=n_repeats)
    total = np.bincount(spikes.repeat, counts.sum(axis=1), minlength=n_repeats)
    out["rate"] = np.divide(total, expected, out=np.full(n_repeats, np.nan), where=expected > 0)
    return out


def usable(known: np.ndarray, matrices: dict[str, np.ndarray]) -> np.ndarray:
    """Repeats with known states whose pairs are all defined; as many as possible are kept."""
    kept = np.flatnonzero(known)
    while kept.size:
        undefined = np.zeros((kept.size, kept.size), dtype=bool)
        for matrix in matrices.values():
            undefined |= ~np.isfinite(matrix[np.ix_(kept, kept)])
        np.fill_diagonal(undefined, False)
        if not undefined.any():
            break
        kept = np.delete(kept, undefined.sum(axis=0).argmax())
    return kept


def run(
    dataset: xr.Dataset, options: BehaviorOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Regression of dissimilarity, modulation of units, indices with and without matched state.

    Returns
    -------
    arrays : Dataset
        `dissimilarity` (code, pair) and `difference` (predictor, pair; lag in repeats, running and
        pupil in standard deviations over trials, rate as a share), `pair_between`; `coefficient`,
        `unique` (code, predictor), `explained` (code); `modulation`, `modulation_z` (covariate,
        cell); `reliability` (cell); `index` (code, matching). Attributes `covariates`, `left_out`
        (predictors that do not vary), `n_repeats`, `repeats_left_out`, `index_note`.
    statistics : list of Statistic
        For each code `{code}.{predictor}` (coefficients), `{code}.explained`, `{code}.state` (what
        running, pupil and rate add to lag and block); `{code}.index_all`, `{code}.index_matched`,
        `{code}.index_fall`; `modulated.{covariate}` (share of units), `reliability` (median),
        `reliability_and_modulation.{covariate}` (Spearman).

    Raises
    ------
    InputError
        Without running and pupil, or with fewer than six repeats left.
    """
    layout = Layout.of(dataset)
    covariate, state = covariates(dataset)
    arrays, statistics = _regressions(layout, covariate, state, options, seed)
    parts = [
        _units(layout, covariate, state, options, seed),
        _indices(layout, options, seed),
    ]
    for more, found in parts:
        arrays = arrays.merge(more, combine_attrs="no_conflicts")
        statistics += found
    return arrays, statistics


def _regressions(
    layout: Layout,
    covariate: list[str],
    state: np.ndarray,
    options: BehaviorOptions,
    seed: int,
) -> tuple[xr.Dataset, list[Statistic]]:
    name, repeats = layout.name, layout.repeats
    matrices = dissimilarities(layout, options, stream(seed, name, "behavior", "pairs"))
    states = repeat_states(layout.events, covariate, state, repeats.block.size)
    used = usable(np.isfinite(np.array(list(states.values()))).all(axis=0), matrices)
    if used.size < MIN_REPEATS:
        raise InputError(
            f"{name}: behavior needs {MIN_REPEATS} repeats with known {' and '.join(covariate)} "
            f"and defined dissimilarity, {used.size} of {repeats.block.size} are left"
        )
    row, column = np.triu_indices(used.size, k=1)
    block = repeats.block[used]

    def apart(values: np.ndarray) -> np.ndarray:
        return np.abs(values[used][column] - values[used][row])

    difference = {
        "lag": apart(repeats.position.astype(np.float64)),
        "block": (block[row] != block[column]).astype(np.float64),
        **{key: apart(values) for key, values in states.items()},
    }
    flat = [key for key, values in difference.items() if values.std() < 1e-12]
    predictors = [key for key in difference if key not in flat]
    x = np.array([difference[key] for key in predictors])
    rng = stream(seed, name, "behavior", "shifts")
    within = shifts_within(block, options.surrogates, rng)
    over = shifts_over(used.size, options.surrogates, rng)
    common: dict[str, Any] = {"n": int(used.size), "unit": "repeats"}
    statistics: list[Statistic] = []
    fits = {}
    for code, matrix in matrices.items():
        y = matrix[used[row], used[column]]
        fits[code] = found = fit(y, x)
        for index, key in enumerate(predictors):
            orders, what = (over, OVER) if key == "block" else (within, WITHIN)
            null, _ = partial_null(y, x, np.arange(x.shape[0]) == index, orders)
            value = float(found.coefficient[index])
            # A slowly changing state makes near repeats alike without drift; shifts keep that.
            still = float(null.mean()) if key in ("lag", "block") and null.size else NAN
            more = {**common, "no_drift": still, "of_drift": key not in STATE}
            statistics.append(monte_carlo(f"{code}.{key}", value, null, "upper", what, **more))
        tested = np.isin(predictors, STATE)
        statistics.append(Statistic(f"{code}.explained", found.explained, **common))
        if tested.any():
            _, null = partial_null(y, x, tested, within)
            _, gain = partial_null(y, x, tested, np.arange(used.size)[None])
            statistics.append(
                monte_carlo(
                    f"{code}.state", float(gain[0]), null, "upper", WITHIN, of_drift=False, **common
                )
            )
    arrays = xr.Dataset(
        {
            "dissimilarity": (
                ("code", "pair"),
                [matrix[used[row], used[column]] for matrix in matrices.values()],
            ),
            "difference": (("predictor", "pair"), x),
            "coefficient": (("code", "predictor"), [f.coefficient for f in fits.values()]),
            "unique": (("code", "predictor"), [f.unique for f in fits.values()]),
            "explained": ("code", [f.explained for f in fits.values()]),
            "pair_between": ("pair", difference["block"] > 0),
        },
        {"code": list(matrices), "predictor": predictors},
        {
            "covariates": ",".join(covariate),
            "left_out": ",".join(flat),
            "n_repeats": int(used.size),
            "repeats_left_out": int(repeats.block.size - used.size),
        },
    )
    return arrays, statistics


def _units(
    layout: Layout,
    covariate: list[str],
    state: np.ndarray,
    options: BehaviorOptions,
    seed: int,
) -> tuple[xr.Dataset, list[Statistic]]:
    """Modulation and reliability of units."""
    spikes, presented = layout.events, layout.dataset["presentation_index"].values
    order = np.lexsort((spikes.segment, presented, spikes.repeat))
    response = residuals(spikes.counts.astype(np.float64), spikes.observed, spikes.segment)[order]
    known = np.isfinite(state)
    trace = np.where(known, residuals(state, known, spikes.segment), np.nan)[order]
    reliability = unit_reliability(spikes.counts, spikes.observed, spikes.repeat, spikes.segment)
    n: dict[str, Any] = {"n": int(spikes.counts.shape[1]), "unit": "units"}
    value, z = np.full((2, len(covariate), n["n"]), np.nan)
    statistics = [Statistic("reliability", _median(reliability), ordered=False, **n)]
    for index, key in enumerate(covariate):
        rng = stream(seed, layout.name, "behavior", "modulation", key)
        value[index], null = modulation(
            response, spikes.observed[order], trace[:, index], options.shuffles, rng
        )
        defined = np.isfinite(value[index]) & np.isfinite(null).all(axis=0)
        mean, spread = null[:, defined].mean(axis=0), null[:, defined].std(axis=0, ddof=1)
        z[index, defined] = (value[index, defined] - mean) / spread
        share = float((np.abs(z[index, defined]) > BEYOND).mean()) if defined.any() else NAN
        shares = (np.abs((null[:, defined] - mean) / spread) > BEYOND).mean(axis=1)
        more: dict[str, Any] = {"n": int(defined.sum()), "unit": "units", "of_drift": False}
        statistics.append(monte_carlo(f"modulated.{key}", share, shares, "upper", SHIFTED, **more))
        both = defined & np.isfinite(reliability)
        related = NAN
        if both.sum() > 2 and np.ptp(reliability[both]) > 0:
            related = float(stats.spearmanr(reliability[both], np.abs(z[index, both])).statistic)
        statistics.append(
            Statistic(
                f"reliability_and_modulation.{key}",
                related,
                int(both.sum()),
                "units",
                ordered=False,
            )
        )
    arrays = xr.Dataset(
        {
            "modulation": (("covariate", "cell"), value, {"units": "1"}),
            "modulation_z": (("covariate", "cell"), z, {"units": "1"}),
            "reliability": ("cell", reliability, {"units": "1"}),
        },
        {"covariate": covariate},
    )
    return arrays, statistics


def _indices(
    layout: Layout, options: BehaviorOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Signal indices of all trials and of those matched by state."""
    if not options.indices:
        return xr.Dataset(attrs={"index_note": "indices not asked for"}), []
    if layout.n_blocks < 2:
        return xr.Dataset(attrs={"index_note": "one block: no index"}), []
    chosen = DriftOptions(
        index=SignalOptions.model_validate(options.index),
        state=StateOptions.model_validate(options.state),
    )
    found = drift_values(layout.dataset, chosen, seed)
    kept = found["index"].transpose("code", "matching")
    trials = found["n_trials"]
    statistics = []
    for code in kept["code"].values:
        if code == "timing" and not layout.timed:
            continue
        value = {key: float(kept.sel(code=code, matching=key)) for key in MATCHING}
        n = {key: int(trials.sel(matching=key)) for key in MATCHING}
        more: dict[str, Any] = {"unit": "trials"}  # tested as signal indices, not once more here
        statistics += [
            Statistic(f"{code}.index_all", value["none"], n["none"], **more),
            Statistic(f"{code}.index_matched", value["state"], n["state"], **more),
            Statistic(f"{code}.index_fall", value["none"] - value["state"], n["state"], "trials"),
        ]
    arrays = kept.rename(code="index_code").to_dataset(name="index")
    return arrays.assign_attrs(index_note=str(found.attrs["state_note"])), statistics


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else NAN


ANALYSIS = Analysis(
    name="behavior",
    title="Behavior",
    citation="Sadeh S, Clopath C (2022) eLife 11:e77907",
    run=run,
)
