"""Pairs of variants: whether they are distinguishable, by what, and by how many instances."""

import numpy as np

from spikedrift.comparison.recovery.runs import Runs, balanced, null_scores, p_value
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Recovery
from spikedrift.core.errors import InputError
from spikedrift.spikes.selections import stream
from spikedrift.stats.inference import hedges_g, holm


def separation(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Standardized difference |d'| of two variants for each statistic.

    It is the difference of means divided by the standard deviation within variants (over instances
    and parameter values together), times the factor for small samples (`hedges_g`).

    Parameters
    ----------
    one, two : float, shape (n_runs, n_statistics)
        Runs that are NaN are left out for that statistic.

    Returns
    -------
    float, shape (n_statistics,)
        NaN with fewer than two defined runs of a variant, or without spread.
    """
    found = []
    for x, y in zip(one.T, two.T, strict=True):
        x, y = x[np.isfinite(x)], y[np.isfinite(y)]
        found.append(abs(hedges_g(x, y).value) if min(x.size, y.size) > 1 else np.nan)
    return np.array(found)


def instances_needed(effect: float, power: float, confidence: float) -> float:
    """Instances of each of two variants that a t-test needs to find a difference of `effect`.

    The test is two-sided at 1 - `confidence` (statsmodels' `TTestIndPower`) and has the power
    `power`. The number is at least 2, inf where the effect is smaller than .001, and NaN where the
    effect is not known. Effects above 10 count as 10.
    """
    if not np.isfinite(effect):
        return float("nan")
    if effect < 1e-3:
        return float("inf")
    effect = min(effect, 10.0)  # the noncentral t is not computed far beyond
    from statsmodels.stats.power import TTestIndPower  # takes a second, and few jobs come here

    test = TTestIndPower()
    alpha, tails = 1 - confidence, "two-sided"
    if effect > 5:  # the lower tail, below 1e-8 there, comes out as NaN for some effects beyond 7
        alpha, tails = alpha / 2, "larger"
    if test.power(effect, nobs1=2, alpha=alpha, alternative=tails) >= power:
        return 2.0
    found = test.solve_power(effect_size=effect, alpha=alpha, power=power, alternative=tails)
    return float(np.ceil(found))


def pairs(
    runs: Runs, reach: int | None, compare: Compare, options: Recovery, seed: int, name: str
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Every two variants by themselves; see `spikedrift.comparison.recovery.recovery.recover`."""
    n = len(runs.variants)
    upper = np.triu_indices(n, 1)
    accuracy, leaning, p, needed = (np.full((n, n), np.nan) for _ in range(4))
    effect = np.full((n, n, len(runs.statistics)), np.nan)
    best = np.full((n, n), "", dtype=object)
    for a, b in zip(*upper, strict=True):
        pair = runs.of_variants([int(a), int(b)])
        one, two = (pair.values[:, pair.variant == k].reshape(-1, effect.shape[2]) for k in (0, 1))
        effect[a, b] = separation(one, two)
        free = np.where(runs.scales, np.nan, effect[a, b])
        if np.isfinite(free).any():
            best[a, b] = runs.statistics[int(np.nanargmax(free))]
            needed[a, b] = instances_needed(
                float(np.nanmax(free)), options.power, compare.confidence
            )
        try:
            scores = pair.scores(pair.seen("score")[None], "score", reach, compare)
        except InputError:  # neither variant has two instances with all statistics
            continue
        right, given = pair.shares(pair.hits(scores)[0])
        if not (given.sum(axis=0) > 0).all():
            continue
        accuracy[a, b] = balanced(right, given)
        # Accuracies of few runs have many ties, which leave nothing for Holm's correction.
        leaning[a, b] = balanced(*pair.shares(pair.leanings(scores)[0]))
        rng = stream(seed, name, "pair", *pair.variants)
        permuted = null_scores(pair, "score", reach, compare, options.permutations, rng)
        null = [balanced(*pair.shares(pair.leanings(one))) for one in permuted]
        p[a, b] = p_value(leaning[a, b], np.concatenate([np.empty(0), *null]))
    corrected = np.full((n, n), np.nan)
    corrected[upper] = holm(p[upper])
    told = np.full((n, n), -1, np.int8)
    told[upper] = np.isfinite(corrected[upper]) & (corrected[upper] < 1 - compare.confidence)
    dims = ("first", "second")
    return {
        "pair_accuracy": (dims, accuracy),
        "pair_leaning": (dims, leaning),
        "pair_p": (dims, p),
        "pair_p_holm": (dims, corrected),
        "distinguishable": (dims, told),
        "separation": ((*dims, "statistic"), effect),
        "separating": (dims, best.astype(str)),
        "instances_needed": (dims, needed),
    }
