"""Whether drift tells families of models apart, their parameters drawn: a random forest.

A family is a variant whose parameters are drawn; its claim is made over draws. A random forest
(Breiman 2001, Machine Learning 45:5) learns the family of runs from their statistics and is asked
of runs of which it knows neither the draw nor the instance: draws are the unit of inference, and
instances of one seed share wiring, patterns and noise over all draws.

How fast a model drifts says nothing for it. Statistics that speed multiplies therefore enter as a
direction, divided by their own length: what is left is how drift in one code stands to that in the
other, and that within blocks to that over the gap.

Families that are taken for each other are one *regime*. The family that is recovered worst is put
together with the one that it is most often taken for, and the other way round, until every regime
is recovered often enough, or one is left. How well regimes are recovered is measured on runs of
draws whose own recovery had no say in what is put together.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from spikedrift.comparison.recovery.runs import CLASSIFIERS, Runs, p_value
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Families
from spikedrift.core.errors import InputError


@dataclass(frozen=True)
class Drawn:
    """Runs of families, one row for each.

    Attributes
    ----------
    family, draw, instance : int, shape (n_runs,)
        Draws are numbered over all families; those that lie at the same place between the ends of
        the axes of two families are `place` (n_draws,) together.
    of : int, shape (n_draws,)
        Family of every draw.
    place : int, shape (n_draws,)
    seen : dict of classifier -> float, shape (n_runs, n_statistics)
    names : list of str
        Of the families.
    """

    family: np.ndarray
    draw: np.ndarray
    instance: np.ndarray
    of: np.ndarray
    place: np.ndarray
    seen: dict[str, np.ndarray]
    names: list[str]

    @classmethod
    def of_runs(cls, runs: Runs) -> "Drawn":
        """Take the runs of swept variants of which all statistics are known.

        Raises
        ------
        InputError
            Where fewer than two families have two draws.
        """
        swept = np.isfinite(runs.ranks).any(axis=1)
        whole = np.all([np.isfinite(runs.seen(name)).all(axis=2) for name in CLASSIFIERS], axis=0)
        left = swept & whole.any(axis=0)
        many = [k for k in range(len(runs.variants)) if (left & (runs.variant == k)).sum() > 1]
        if len(many) < 2:
            raise InputError(
                "recovery.families: fewer than two variants have two draws whose statistics are "
                "known; give more samples, or families: null"
            )
        points = np.flatnonzero(left & np.isin(runs.variant, many))
        draw, instance = np.nonzero(whole[:, points].T)
        of = np.array([many.index(k) for k in runs.variant[points]])
        return cls(
            family=of[draw],
            draw=draw,
            instance=instance,
            of=of,
            place=_places(runs, points),
            seen={
                name: speed_free(
                    runs.seen(name)[instance, points[draw]], runs.scales[runs.columns[name]]
                )
                for name in CLASSIFIERS
            },
            names=[runs.variants[k] for k in many],
        )


def _places(runs: Runs, points: np.ndarray) -> np.ndarray:
    """Number of every point among all points of its variant, in the order in which they were drawn.

    Points keep their order in a comparison. Where some are missing, those that come later take
    other numbers, which may hold out a draw of another family more or less, and never none.
    """
    return np.array([int((runs.variant[:p] == runs.variant[p]).sum()) for p in points])


def speed_free(values: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Divide statistics that speed multiplies by their length.

    Parameters
    ----------
    values : float, shape (n_runs, n_statistics)
    scales : bool, shape (n_statistics,)
        Which ones drift speed multiplies.
    """
    out = values.astype(float)
    if scales.any():
        length = np.linalg.norm(out[:, scales], axis=1, keepdims=True)
        out[:, scales] = np.divide(out[:, scales], length, out=out[:, scales], where=length > 0)
    return out


def recover_families(runs: Runs, compare: Compare, options: Families, seed: int) -> xr.Dataset:
    """Recover the family of every run of a swept variant, with its draw held out.

    Parameters
    ----------
    runs : Runs
    compare : Compare
        Bootstrap, confidence.
    options : Families
    seed : int
        Of the forests, the permutations and the bootstrap.

    Returns
    -------
    Dataset
        Dims `family`, `family_recovered` (the same), `classifier` (see
        `spikedrift.comparison.recovery.runs.CLASSIFIERS`).

        * `family_confusion` (classifier, family, family_recovered): share of the family's runs.
        * `family_accuracy`, with `_low`, `_high` (classifier): balanced over families; percentile
          bootstrap over the draws of every family. `family_chance`, `family_p`: the mean and the
          upper tail over permutations of families over the draws of each place (`exchanged`),
          everything fitted anew.
        * `family_difference`, with `_low`, `_high` (classifier): accuracy less that of the rates,
          in the same bootstrap samples.
        * `regime` (family), int: families with one number are one regime, by the score.
          `regime_accuracy`, with `_low`, `_high`: balanced over the regimes that are made without
          the run's draw; NaN where no two are left in some of them.
        * `family_draws`, `family_runs` (family): numbers of draws and of runs.

        Attributes: `families_seed`; `families_enough` (int): 1 where every family has
        `options.draws` draws.

    Raises
    ------
    InputError
        Where fewer than two families have two draws.
    """
    drawn = Drawn.of_runs(runs)
    rng = np.random.default_rng([seed, 5])
    shuffled = [exchanged(drawn.of, drawn.place, rng) for _ in range(options.permutations)]
    boots = [_resampled(drawn.of, rng) for _ in range(compare.bootstrap)]
    tail = (1 - compare.confidence) / 2
    parts, sampled = [], []
    for name in CLASSIFIERS:
        found = classified(drawn, drawn.of, name, options, seed)
        hit = (found == drawn.family).astype(float)
        accuracy = _balanced(drawn, drawn.of, hit)
        null = np.array(
            [
                _balanced(drawn, of, classified(drawn, of, name, options, seed) == of[drawn.draw])
                for of in shuffled
            ]
        )
        sampled.append([_weighted(drawn, hit, weight) for weight in boots])
        parts.append(
            xr.Dataset(
                {
                    "family_confusion": (
                        ("family", "family_recovered"),
                        _confusion(drawn, found, np.ones(len(found), bool)),
                    ),
                    "family_accuracy": accuracy,
                    "family_chance": null.mean(),
                    "family_p": p_value(accuracy, null),
                }
            )
        )
        if name == "score":
            regimes = _regimes(drawn, found, boots, options, tail)
    out = xr.concat(parts, dim="classifier")
    sample = np.array(sampled)
    rates = list(CLASSIFIERS).index("rates")
    out["family_difference"] = out["family_accuracy"] - out["family_accuracy"][rates]
    for key, of_boot in (("accuracy", sample), ("difference", sample - sample[rates])):
        for end, at in (("low", tail), ("high", 1 - tail)):
            out[f"family_{key}_{end}"] = "classifier", np.quantile(of_boot, at, axis=1)
    n_draws = np.bincount(drawn.of, minlength=len(drawn.names))
    out = out.assign(regimes).assign(
        family_draws=("family", n_draws),
        family_runs=("family", np.bincount(drawn.family, minlength=len(drawn.names))),
    )
    return out.assign_coords(
        family=drawn.names, family_recovered=drawn.names, classifier=list(CLASSIFIERS)
    ).assign_attrs(families_seed=seed, families_enough=int(n_draws.min() >= options.draws))


def classified(
    drawn: Drawn, of: np.ndarray, classifier: str, options: Families, seed: int
) -> np.ndarray:
    """Family that a forest takes every run for, without its draw and its instance.

    Draws are held out in folds, those at one place in all families together. A forest of a fold and
    an instance has seen neither.

    Parameters
    ----------
    drawn : Drawn
    of : int, shape (n_draws,)
        Family of every draw: the true ones, or others for chance.
    classifier : str
    options : Families
    seed : int

    Returns
    -------
    int, shape (n_runs,)
    """
    from sklearn.ensemble import RandomForestClassifier  # takes a second; most jobs learn nothing

    x, y = drawn.seen[classifier], of[drawn.draw]
    fold = (drawn.place % options.folds)[drawn.draw]
    out = np.full(len(y), -1)
    for f in np.unique(fold):
        for k in np.unique(drawn.instance):
            asked = (fold == f) & (drawn.instance == k)
            if not asked.any():
                continue
            known = (fold != f) & (drawn.instance != k)
            if not known.any():
                raise InputError(
                    "recovery.families: nothing is left to learn from beside a run's draw and "
                    "instance; give more samples or instances"
                )
            forest = RandomForestClassifier(
                options.trees,
                class_weight="balanced",
                min_samples_leaf=2,
                random_state=seed % 2**32,
            ).fit(x[known], y[known])
            out[asked] = forest.predict(x[asked])
    return out


def exchanged(of: np.ndarray, place: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exchange families over the draws of every place, each draw with all of its runs.

    Draws at one place have the same parameters, and would be alike if families did not matter;
    those of different places would not. Each fold keeps as many draws of every family as it has:
    with free permutations a family that is frequent where it is asked for is rare where it is
    learned, which puts chance too low.

    Parameters
    ----------
    of, place : int, shape (n_draws,)
    rng : numpy Generator

    Returns
    -------
    int, shape (n_draws,)
    """
    at = np.argsort(place, kind="stable")
    out = np.empty_like(of)
    out[at] = of[np.lexsort((rng.random(of.size), place))]
    return out


def _resampled(of: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How often every draw is taken in a bootstrap sample over the draws of each family."""
    weight = np.zeros(len(of))
    for family in np.unique(of):
        own = np.flatnonzero(of == family)
        np.add.at(weight, rng.choice(own, own.size), 1.0)
    return weight


def _balanced(drawn: Drawn, of: np.ndarray, hit: np.ndarray) -> float:
    """Share of hits, every family with the same weight."""
    family = of[drawn.draw]
    return float(np.mean([hit[family == k].mean() for k in np.unique(of)]))


def _weighted(drawn: Drawn, hit: np.ndarray, weight: np.ndarray) -> float:
    """`_balanced` of draws that are taken several times or not at all."""
    of_run = weight[drawn.draw]
    n = len(drawn.names)
    total = np.bincount(drawn.family, of_run, n)
    right = np.bincount(drawn.family, of_run * hit, n)
    return float((right[total > 0] / total[total > 0]).mean())


def _confusion(drawn: Drawn, found: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Share of the runs of a family (rows) that are taken for each family."""
    n = len(drawn.names)
    counts = np.zeros((n, n))
    np.add.at(counts, (drawn.family[kept], found[kept]), 1)
    total = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.zeros((n, n)), where=total > 0)


def merged(confusion: np.ndarray, aim: float) -> np.ndarray:
    """Put families together until each regime is recovered often enough, or one is left.

    Parameters
    ----------
    confusion : float, shape (n_families, n_families)
        Share of a family's runs (row) that is taken for each family.
    aim : float
        Least share of the runs of a regime, its families with the same weight, that is taken for
        one of its families.

    Returns
    -------
    int, shape (n_families,)
        Regime of every family, numbered in the order of the families.
    """
    groups = [[k] for k in range(len(confusion))]
    while len(groups) > 1:
        between = np.array(
            [[confusion[np.ix_(a, b)].sum(axis=1).mean() for b in groups] for a in groups]
        )
        right = np.diagonal(between)
        worst = int(right.argmin())
        if right[worst] >= aim:
            break
        other = between[worst] + between[:, worst]
        other[worst] = -1.0
        nearest = int(other.argmax())
        groups[min(worst, nearest)] += groups.pop(max(worst, nearest))
    out = np.empty(len(confusion), int)
    for number, group in enumerate(sorted(groups, key=min)):
        out[group] = number
    return out


def _regimes(
    drawn: Drawn, found: np.ndarray, boots: list[np.ndarray], options: Families, tail: float
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Regimes, and how well runs are recovered as one of those that are made without their draw."""
    every = merged(_confusion(drawn, found, np.ones(len(found), bool)), options.aim)
    hit, alone = np.zeros(len(found)), False
    for draw in range(len(drawn.of)):
        own = drawn.draw == draw
        regime = merged(_confusion(drawn, found, ~own), options.aim)
        alone |= bool(regime.max() == 0)
        hit[own] = regime[found[own]] == regime[drawn.family[own]]

    def accuracy(weight: np.ndarray) -> float:
        of_run, regime = weight[drawn.draw], every[drawn.family]
        total, right = (np.bincount(regime, of_run * one) for one in (np.ones(len(hit)), hit))
        return float((right[total > 0] / total[total > 0]).mean())

    if alone or every.max() == 0:
        value, low, high = np.nan, np.nan, np.nan
    else:
        value = accuracy(np.ones(len(drawn.of)))
        low, high = np.quantile([accuracy(weight) for weight in boots], [tail, 1 - tail])
    return {
        "regime": (("family",), every),
        "regime_accuracy": ((), np.array(value)),
        "regime_accuracy_low": ((), np.array(low)),
        "regime_accuracy_high": ((), np.array(high)),
    }
