"""Dynamics of a few dimensions behind trial averages, and whether blocks share their subspace.

Responses are spike counts in time bins, smoothed, divided by the root of each unit's mean count and
averaged over a random half of the trials of every segment (stimulus) in a block, less each unit's
mean over segments and time. Three models of r dimensions are fitted to one half: a latent linear
dynamical system (a state with linear dynamics, pushed at every step by what they do not say), and
recurrent networks of rank r, linear or saturating (tanh), that run alone from their first state
with an input that is constant for a segment. Fit: the share of the reproducible response of the
other half that is predicted (1: all that can be; its size comes from products of the two halves, so
that noise takes nothing away). Rank: the smallest whose fit is within one standard error of the
best. The subspace of a model is spanned by its loadings on units. Overlap is the mean squared
cosine of the principal angles of two subspaces, less chance: 1 the same, 0 independent. Drift is
one minus the overlap between blocks over that of two halves within blocks: 0 where the subspace is
kept, 1 where blocks have independent ones, however noisy the halves are. Test (latent system):
trials exchanged between blocks among those of the same segment, all units together, which assumes
trials that are independent given the segment. Unit of inference: units of one recording, taken as
independent; descriptive. After Valente, Pillow & Ostojic (2022), NeurIPS, and Valente, Ostojic &
Pillow (2022), Neural Computation 34:1871.
"""

from typing import Any

import numpy as np
import xarray as xr

from spikedrift.analyses.contract.analysis import Analysis, Statistic, monte_carlo
from spikedrift.analyses.methods import latent_system, low_rank_network
from spikedrift.analyses.methods.half_averages import Halves, halves_of
from spikedrift.analyses.methods.subspaces import by_block, by_distance, drift_by_lag, overlaps
from spikedrift.config.analyses import LowRankOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.bands import centered
from spikedrift.spikes.caveats import order_known
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream

PER_RANK = 4  # units at least for each dimension: a bootstrap has the chance level of half of them
MODELS = ("lds", "linear", "tanh")
EXCHANGED = "trials exchanged between blocks among those of the same segment, all units together"
OVER_UNITS = "95 % bootstrap over units"


def fitted(
    responses: np.ndarray, rank: int, leak: float, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit all models to one half.

    Parameters
    ----------
    responses : float64, shape (n_segments, n_bins, n_units)
    rank : int
    leak : float
        Share of a network's activity that is replaced from bin to bin.
    iterations : int

    Returns
    -------
    predicted : float64, shape (n_models, n_segments, n_bins, n_units)
        By the smoothed states of the latent system, and by the networks running alone.
    loadings : float64, shape (n_models, n_units, rank)
    """
    n_bins = responses.shape[1]
    system, states = latent_system.fit(responses, rank, iterations)
    start = low_rank_network.network_of(system, leak)
    linear = low_rank_network.fit(start, responses, iterations)
    start = low_rank_network.saturated(linear, n_bins)
    tanh = low_rank_network.fit(start, responses, iterations)
    return (
        np.stack([states.mean @ system.loading.T, linear.run(n_bins), tanh.run(n_bins)]),
        np.stack([system.loading, linear.m, tanh.m]),
    )


def smallest_rank(fit: np.ndarray) -> int:
    """Index of the smallest rank whose fit is within one standard error of the best.

    The standard error is that of the difference of the two, over units: units differ far more in
    how well they can be predicted than in which rank does it.

    Parameters
    ----------
    fit : float64, shape (1 + n_draws, n_ranks)
        Of all units, then of bootstraps; ranks rise.
    """
    best = int(np.argmax(fit[0]))
    behind = fit[:, best, None] - fit
    return int(np.argmax(behind[0] <= behind[1:].std(axis=0)))


def run(
    dataset: xr.Dataset, options: LowRankOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Held-out fit of all models and ranks, and drift of their subspaces.

    Returns
    -------
    arrays : Dataset
        Dims `model` (lds, linear, tanh), `rank`, `apart` (blocks; 0: two halves of a block), `lag`
        (blocks). `fit` (model, rank), `overlap` (model, apart), `drift` (model, lag), each with
        `*_low` and `*_high`.
    statistics : list of Statistic
        `averages.fit`: the fit of the other half itself, without a model. For each model `rank`,
        `fit` at that rank, `subspace.within`, `subspace.between` (overlaps) and `subspace.drift`,
        that of the latent system with its exchange test; NaN where halves of blocks agree on no
        subspace. `linear.less_lds`, `tanh.less_linear`: differences of fits.

    Raises
    ------
    InputError
        As `halves_of`; where halves have no response in common beyond chance (the interval over
        units reaches 0); where every rank is larger than a quarter of the units, or as large as
        the number of bins of all segments.
    """
    layout = Layout.of(dataset)
    name, key = layout.name, "low_rank"
    halves = halves_of(layout, options, stream(seed, name, key, "halves"))
    averages = halves.averages(np.arange(halves.segment.size))
    n_blocks, n_segments, n_bins, n_units = averages.shape[2:]
    most = min(n_units // PER_RANK, n_segments * n_bins - 1)
    ranks = [rank for rank in options.ranks if rank <= most]
    if not ranks:
        raise InputError(
            f"{name}: low_rank: ranks are at most {most} here, with {PER_RANK} units for each "
            f"({n_units} units) and fewer than bins of all segments ({n_segments * n_bins})"
        )
    # Row 0: every unit once; the other rows are a bootstrap.
    rng, even = stream(seed, name, key, "bootstrap"), np.full(n_units, 1 / n_units)
    weights = np.vstack([np.ones(n_units), rng.multinomial(n_units, even, options.bootstrap)])
    reproducible = 2 * (averages[:, 0] * averages[:, 1]).sum(axis=(0, 1, 2, 3))
    if _band(weights @ reproducible)[1] <= 0:
        raise InputError(
            f"{name}: low_rank: halves of the trials have no response in common beyond chance; "
            "choose wider bins, other units or more repeats"
        )
    power = float(reproducible.sum()) / averages.size
    averages /= np.sqrt(power)  # of the size at which tanh begins to saturate
    reproducible /= power
    total = weights @ reproducible
    leak = 1 - np.exp(-halves.bin / options.time_constant)
    predicted, loadings = _fits(averages, ranks, leak, options.iterations)
    fit = np.moveaxis(predicted @ weights.T / total, -1, 0)
    chosen = [smallest_rank(fit[:, model]) for model in range(len(MODELS))]
    overlap = np.array([
        [by_block(overlaps(loadings[rank][model], row), averages.shape[:3])
         for model, rank in enumerate(chosen)]
        for row in weights
    ])  # fmt: skip
    drift = drift_by_lag(_agreed(overlap))
    null = np.empty(0)
    if order_known(dataset.attrs):
        rng = stream(seed, name, key, "exchange")
        null = _null(halves, np.sqrt(power), ranks[chosen[0]], options, rng)
    bands: dict[str, Any] = {}
    for label, dims, values in (
        ("fit", ("model", "rank"), fit),
        ("overlap", ("model", "apart"), by_distance(overlap)),
        ("drift", ("model", "lag"), drift[..., 1:]),
    ):
        for end, part in zip(("", "_low", "_high"), _band(values), strict=True):
            bands[label + end] = (dims, part, {"units": "1"})
    arrays = xr.Dataset(
        bands,
        {"model": list(MODELS), "rank": ranks, "apart": np.arange(n_blocks),
         "lag": np.arange(1, n_blocks)},
        {"bin": halves.bin, "smoothing": halves.smoothing, "n_used": n_units,
         "trials_in_half": halves.trials},
    )  # fmt: skip
    own = 2 * reproducible - (averages**2).sum(axis=(0, 1, 2, 3, 4))
    best = fit[:, np.arange(len(MODELS)), chosen]
    statistics = [
        _over_units("averages.fit", weights @ own / total, n_units),
        _over_units("linear.less_lds", best[:, 1] - best[:, 0], n_units),
        _over_units("tanh.less_linear", best[:, 2] - best[:, 1], n_units),
    ]
    within = np.diagonal(overlap, axis1=2, axis2=3).mean(axis=-1)
    between = overlap[..., *np.triu_indices(n_blocks, k=1)].mean(axis=-1)
    for index, model in enumerate(MODELS):
        statistics += [
            Statistic(f"{model}.rank", ranks[chosen[index]], n_units, "units"),
            _over_units(f"{model}.fit", best[:, index], n_units),
            _over_units(f"{model}.subspace.within", within[:, index], n_units),
            _over_units(f"{model}.subspace.between", between[:, index], n_units),
            _drift(model, drift[:, index, 0], n_units, np.empty(0) if index else null),
        ]
    return arrays, statistics


def _fits(
    averages: np.ndarray, ranks: list[int], leak: float, iterations: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fit all models of all ranks to every half, and predict the other half of its trials.

    Returns
    -------
    predicted : float64, shape (n_models, n_ranks, n_units)
        Twice the product of response and prediction less the square of the prediction, summed: the
        square of the noise-free response less that of what is missed, in expectation.
    loadings : list of float64, shape (n_models, n_splits * 2 * n_blocks, n_units, rank)
        One array a rank.
    """
    predicted = np.zeros((len(MODELS), len(ranks), averages.shape[-1]))
    loadings = []
    for index, rank in enumerate(ranks):
        found = []
        for split, half, block in np.ndindex(averages.shape[:3]):
            prediction, loading = fitted(averages[split, half, block], rank, leak, iterations)
            other = averages[split, 1 - half, block]
            predicted[:, index] += ((2 * other - prediction) * prediction).sum(axis=(1, 2))
            found.append(loading)
        loadings.append(np.stack(found, axis=1))
    return predicted, loadings


def _null(
    halves: Halves, scale: float, rank: int, options: LowRankOptions, rng: np.random.Generator
) -> np.ndarray:
    """Drift of the latent system's subspace where trials are exchanged between blocks."""
    out = np.empty(options.surrogates)
    every = [np.flatnonzero(halves.segment == s) for s in np.unique(halves.segment)]
    for index in range(options.surrogates):
        order = np.arange(halves.segment.size)
        for trials in every:
            order[trials] = rng.permutation(trials)
        averages = halves.averages(order) / scale
        loadings = [
            latent_system.fit(averages[at], rank, options.iterations)[0].loading
            for at in np.ndindex(averages.shape[:3])
        ]
        overlap = overlaps(np.stack(loadings), np.ones(averages.shape[-1]))
        out[index] = drift_by_lag(by_block(overlap, averages.shape[:3]))[0]
    return out


def _agreed(overlap: np.ndarray) -> np.ndarray:
    """Overlaps without the blocks whose halves do not agree on a subspace beyond chance.

    Of these the overlap within becomes 0, so that `drift_by_lag` leaves their pairs out: a share of
    what may be nothing says nothing.
    """
    out, blocks = overlap.copy(), np.arange(overlap.shape[-1])
    low = _band(out[..., blocks, blocks])[1]
    out[..., blocks, blocks] *= low > 0
    return out


def _drift(model: str, values: np.ndarray, n: int, null: np.ndarray) -> Statistic:
    """Drift of the subspace of a model, with its test where there is a null."""
    name = f"{model}.subspace.drift"
    plain = _over_units(name, values, n, no_drift=0.0)
    if not null.size:
        return plain
    return monte_carlo(
        name, plain.value, null, "upper", EXCHANGED, n=n, unit="units", low=plain.low,
        high=plain.high, interval=OVER_UNITS, no_drift=0.0,
    )  # fmt: skip


def _band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value and its interval: row 0 and what the other rows say."""
    return values[0], *centered(values[1:], values[0])


def _over_units(name: str, values: np.ndarray, n: int, **more: Any) -> Statistic:
    """Statistic with its bootstrap: row 0 and the other rows."""
    value, low, high = map(float, _band(values))
    return Statistic(name, value, n, "units", low, high, OVER_UNITS, **more)


ANALYSIS = Analysis(
    name="low_rank",
    title="Low-rank dynamics",
    citation="Valente A, Pillow JW, Ostojic S (2022) NeurIPS 35; Valente A, Ostojic S, Pillow JW "
    "(2022) Neural Computation 34:1871, doi:10.1162/neco_a_01522",
    run=run,
    needs=frozenset({"timing", "blocks"}),
)
