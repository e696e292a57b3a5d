"""Whether a comparison can distinguish its variants, and notices what is none of them.

Every simulated run takes the recording's place in turn: its statistics are scored against the runs
of all points, by the same score and with the same free time scale, and the variant of the nearest
point is the variant recovered. Nothing of the run may be known beforehand: instances of one index
share wiring, patterns and noise over all points, so that an index is held out in all of them at
once, and the covariance comes from the others only.
"""

import json
import logging
from collections.abc import Mapping

import numpy as np
import scipy
import xarray as xr

from spikedrift.comparison.conclusions import words_of
from spikedrift.comparison.recovery import nearest, posterior_predictive
from spikedrift.comparison.recovery.caption import caption
from spikedrift.comparison.recovery.families import recover_families
from spikedrift.comparison.recovery.pairs_of_variants import pairs
from spikedrift.comparison.recovery.runs import (
    CLASSIFIERS,
    Runs,
    balanced,
    null_scores,
    p_value,
    recorded,
    sweeps_of,
)
from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Recovery
from spikedrift.core.errors import InputError
from spikedrift.spikes.selections import stream
from spikedrift.stats.inference import holm, sign_flip

log = logging.getLogger(__name__)
HELD_OUT: dict[str, int | None] = {"instances": None, "values": 0, "neighbors": 1}


def recover(
    scores: xr.Dataset,
    out_of_model: Mapping[str, np.ndarray] | None = None,
    compare: Compare | None = None,
    options: Recovery | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Recover the variant and the parameters of every run of a comparison.

    Parameters
    ----------
    scores : Dataset
        A comparison (`spikedrift.comparison.scores.scores`): `instance_value` (point, instance,
        statistic), `recording_value`, `scales`; coordinate `variant` (point), where it is missing
        each point is a variant; coordinates `axis_{name}` (point), NaN or empty where its
        variant is not swept; `sweep` (point), where there are several; `instance_seed` (point,
        instance), instances with one seed are held out together, where it is missing those with one
        index; `instance_trait`
        (point, instance, trait), further statistics that do not enter the score.
    out_of_model : mapping of name -> array, shape (n_statistics,), optional
        Statistics of out-of-model controls: recordings that no rule of the sweeps made. In the
        order of the coordinate.
    compare : Compare
        Statistics of the score and those that points should share, grid of time scales,
        bootstrap, confidence, least instances.
    options : Recovery
    seed : int
        Of the permutations and the bootstrap.

    Returns
    -------
    Dataset
        Dims `variant`, `variant_recovered` (the same variants), `point`, `point_recovered`,
        `instance`, `statistic` (of the score, then other traits), `axis`, `first` and `second`
        (the variants again, of a pair), `checked` (the recording, then the out-of-model controls),
        `held_out`:

        * `instances`: the run's instance is held out of all points, their parameters are known;
        * `values`: and all points of swept variants that have the run's parameter values;
        * `neighbors`: and those whose values lie one step away on every axis or fewer.

        The latter two only where a swept variant has a value left to be recovered by. Attribute
        `primary` names the one that the pairs use and that is to be quoted: `values` where it is
        there, else `instances`.

        Recovery (first dims `held_out`, `classifier`): by the statistics of the `score`; by
        `every` statistic, those and the ones of `compare.comparable_on`, which distinguish networks
        without saying anything of drift; by mean `rates` alone. The same runs for all three;
        attribute `classifiers` names what each sees.

        * `confusion` (variant, variant_recovered): share of the variant's runs; NaN where none was
          scored. `point_confusion` (point, point_recovered): the same of points.
        * `variant_accuracy`, `variant_low`, `variant_high` (variant): Clopper-Pearson, n counts
          instances.
        * `accuracy`, `accuracy_low`, `accuracy_high`: balanced over variants; percentile bootstrap
          over instances of every sweep, NaN below `compare.min_instances`. `chance`: its mean over
          permutations of points within instances, and of instances with as many defined points
          between sweeps of different seeds, everything fitted anew, all of them where
          there are no more than `options.permutations`; `p_value`; `smallest_p` (no classifier):
          the smallest attainable p of so many.
        * `difference`, `difference_low`, `difference_high`: accuracy less that of the rates, paired
          by instance. `difference_p`: sign flips of the instances, two-sided.
        * `recovered` (point, instance): index of the nearest point, -1: not scored.
          `recovered_within` (point, instance): the nearest among those of the true variant.
        * `steps`, `steps_chance` (axis): mean number of steps on the axis between the run's value
          and that of `recovered_within`, and the mean over all points that it could have been.
        * `runs_scored`, `runs_given` (variant; no classifier): a run with an undefined statistic,
          or without a point of its own variant to be recovered as, is not scored.

        Pairs of variants (dims `first`, `second`; filled where first comes before second), by the
        score, at `primary`, each pair classified without the others:

        * `pair_accuracy`; `pair_leaning`, the mean of how far runs lean to their own variant
          (`Runs.leanings`); `pair_p`, `pair_p_holm`: of the leaning, permuted as above;
          `distinguishable` (int8: 1, 0; -1 where not filled).
        * `separation` (first, second, statistic): |d'| = difference of means over the standard
          deviation within the two variants, without small-sample bias (Hedges); `separating`
          (first, second): the statistic with the largest, among those that drift speed does not
          multiply; `instances_needed` (first, second): instances of each variant with which a
          t-test of that statistic has the power `recovery.power`; inf where there is no difference.

        Posterior-predictive check (dims `checked`, `point`):

        * `check_distance`, `check_p`, `check_p_holm` (over points), `check_time_scale`: is the
          recording one more draw from the point, at any time scale? `check_freedom`: degrees of
          freedom of the covariance; hardly more than statistics: nothing can be rejected.
          `check_power`: probability that a recording 3 standard deviations off in every statistic
          is rejected. `compatible` (checked, variant; int8): 1 where some point of the variant is
          not rejected at `1 - compare.confidence`, 0 where all are, -1 where the check is not
          defined.
        * `calibration` (point): share of held-out runs that their own point rejects, with
          `calibration_low`, `calibration_high` over all; `calibration_all`, about `1 -
          compare.confidence` expected at most.
        * `checked_kind` (checked): recording or out-of-model control; `checked_value` (checked,
          statistic).

        Families, their parameters drawn, where `options.families` asks for them: what
        `spikedrift.comparison.recovery.families.recover_families` returns; or the attribute
        `families_refused` says why not.

        Attributes: `primary`, `illustration` (int; 1 below `compare.min_instances`),
        `instances`, `indistinguishable` (JSON, list of sentences), `verdict`,
        `out_of_model_verdict` and words for captions: `held_out_words`, `chance_words`,
        `null_words`, `assumptions`, `inference`; `recording`, `titles` (JSON: words for points and
        variants), `options` (JSON), `seed`.

    Raises
    ------
    InputError
        With fewer than two variants, or fewer than two instances of which all statistics are
        defined.
    """
    compare, options = compare or Compare(), options or Recovery()
    runs = Runs.read(scores, compare)
    name = str(scores.attrs["recording"])
    schemes = [scheme for scheme, reach in HELD_OUT.items() if runs.leaves(reach)]
    primary = "values" if "values" in schemes else "instances"
    out = xr.concat(
        [
            _recovery(
                runs, HELD_OUT[scheme], compare, options, stream(seed, name, "recovery", scheme)
            )
            for scheme in schemes
        ],
        dim="held_out",
    )
    out = out.assign(pairs(runs, HELD_OUT[primary], compare, options, seed, name))
    families = {}
    if options.families is not None:
        try:
            found = recover_families(runs, compare, options.families, seed)
            out, families = out.assign(found.variables), found.attrs
        except InputError as error:  # too few draws stop nothing else
            log.warning("%s", error)
            families = {"families_refused": str(error)}
    checked = {name: recorded(scores, runs.statistics)}
    missing = np.full(len(runs.statistics) - scores.sizes["statistic"], np.nan)
    checked |= {key: np.append(value, missing) for key, value in (out_of_model or {}).items()}
    out = out.assign(_checks(runs, checked, compare))
    point = scores["point"].values.astype(str)
    out = out.assign_coords(
        held_out=schemes,
        classifier=list(CLASSIFIERS),
        variant=runs.variants,
        variant_recovered=runs.variants,
        first=runs.variants,
        second=runs.variants,
        point=point,
        point_recovered=point,
        point_variant=("point", [runs.variants[k] for k in runs.variant]),
        point_sweep=("point", sweeps_of(scores)),
        statistic=runs.statistics,
        axis=runs.axes,
        checked=list(checked),
        checked_kind=("checked", ["recording"] + ["out-of-model control"] * (len(checked) - 1)),
    )
    if "sweep" not in scores.coords:
        out = out.drop_vars("point_sweep")
    words = words_of(scores)
    return out.assign_attrs(
        recording=name,
        titles=json.dumps(words),
        primary=primary,
        classifiers=json.dumps(
            {name: [runs.statistics[k] for k in columns] for name, columns in runs.columns.items()}
        ),
        options=options.model_dump_json(),
        seed=seed,
        **families,
        **caption(out, compare, scores.sizes["statistic"], words),
    )


def attempt(
    scores: xr.Dataset,
    out_of_model: Mapping[str, np.ndarray],
    compare: Compare,
    options: Recovery,
    seed: int,
) -> xr.Dataset:
    """Recover, or say why that cannot be: no variables then, and the attribute `refused`.

    A sweep whose runs lack a statistic, such as timing where no code was detected, stops nothing
    else.
    """
    try:
        return recover(scores, out_of_model, compare, options, seed)
    except InputError as error:
        log.warning("%s", error)
        return xr.Dataset(
            attrs={"recording": str(scores.attrs["recording"]), "refused": str(error)}
        )


def _recovery(
    runs: Runs, reach: int | None, compare: Compare, options: Recovery, rng: np.random.Generator
) -> xr.Dataset:
    """Everything of one way to hold out."""
    found, hits = [], {}
    for name in CLASSIFIERS:
        scores = runs.scores(runs.seen(name)[None], name, reach, compare)[0]
        hits[name] = runs.hits(scores)
        null = [
            balanced(*runs.shares(runs.hits(one)))
            for one in null_scores(runs, name, reach, compare, options.permutations, rng)
        ]
        found.append(
            _classified(runs, scores, np.concatenate([np.empty(0), *null]), reach, compare)
        )
    if not np.isfinite(hits["score"]).any():
        raise InputError("recovery: no run has all statistics of the score")
    out = xr.concat(found, dim="classifier")
    right = np.stack([runs.shares(hits[name])[0] for name in CLASSIFIERS])
    given = runs.shares(hits["score"])[1]
    drawn = np.empty((compare.bootstrap, len(given)), int)
    for rows in runs.strata:
        drawn[:, rows] = rows[rng.integers(rows.size, size=(compare.bootstrap, rows.size))]
    sample = np.stack([balanced(one[drawn], given[drawn]) for one in right])
    by_instance = balanced(right[:, :, None], given[:, None])
    rates = list(CLASSIFIERS).index("rates")
    few = int((given > 0).sum(axis=0).min()) < compare.min_instances
    for key, of in (("accuracy", sample), ("difference", sample - sample[rates])):
        for end, at in zip(("low", "high"), _tails(compare), strict=True):
            bound = np.full(len(of), np.nan) if few else np.nanquantile(of, at, axis=1)
            out[f"{key}_{end}"] = "classifier", bound
    differences = by_instance - by_instance[rates]
    out["difference"] = out["accuracy"] - out["accuracy"][rates]
    out["difference_p"] = (
        "classifier",
        [sign_flip(one[np.isfinite(one)], rng)[0] for one in differences],
    )
    present = np.isfinite(runs.values).any(axis=2)
    return out.assign(
        smallest_p=out["smallest_p"][0],
        runs_scored=("variant", given.sum(axis=0).astype(int)),
        runs_given=("variant", (present @ runs.member).sum(axis=0).astype(int)),
    )


def _classified(
    runs: Runs, scores: np.ndarray, null: np.ndarray, reach: int | None, compare: Compare
) -> xr.Dataset:
    """What one classifier makes of the runs, from its scores: accuracies without intervals."""
    known = np.isfinite(scores).any(axis=-1)
    best = np.where(known, scores.argmin(axis=-1), -1)
    inside = np.where(known, np.where(runs.own, scores, np.inf).argmin(axis=-1), -1)
    right, given = runs.shares(runs.hits(scores))
    confusion = np.zeros((runs.variant.size, runs.variant.size))
    np.add.at(confusion, (np.nonzero(known)[1], best[known]), 1)
    by_variant = _shares(runs.member.T @ confusion @ runs.member)
    accuracy = float(balanced(right, given))
    low, high = _clopper_pearson(right, given, compare)
    steps, chance = _steps(runs, inside, nearest.excluded(runs.ranks, reach))
    return xr.Dataset(
        {
            "confusion": (("variant", "variant_recovered"), by_variant),
            "point_confusion": (("point", "point_recovered"), _shares(confusion)),
            "variant_accuracy": ("variant", np.diagonal(by_variant)),
            "variant_low": ("variant", low),
            "variant_high": ("variant", high),
            "accuracy": accuracy,
            "chance": null.mean() if null.size else np.nan,
            "p_value": p_value(accuracy, null),
            "smallest_p": 1 / (1 + null.size),
            "recovered": (("instance", "point"), best),
            "recovered_within": (("instance", "point"), inside),
            "steps": ("axis", steps),
            "steps_chance": ("axis", chance),
        }
    )


def _shares(counts: np.ndarray) -> np.ndarray:
    total = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)


def _tails(compare: Compare) -> tuple[float, float]:
    tail = (1 - compare.confidence) / 2
    return tail, 1 - tail


def _clopper_pearson(
    right: np.ndarray, given: np.ndarray, compare: Compare
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of each variant's accuracy, the share of its runs that are recovered.

    Runs of one instance are no independent draws: n counts instances.
    """
    n, total = (given > 0).sum(axis=0), given.sum(axis=0)
    k = n * np.divide(right.sum(axis=0), total, out=np.full(n.shape, np.nan), where=total > 0)
    low, high = _tails(compare)
    below = np.where(k > 0, scipy.stats.beta.ppf(low, k, n - k + 1), k)
    above = np.where(k < n, scipy.stats.beta.ppf(high, k + 1, n - k), np.where(np.isnan(k), k, 1.0))
    return below, above


def _steps(runs: Runs, inside: np.ndarray, left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean steps between a run's value and the nearest of its variant, and by chance: by axis."""
    own = runs.own & ~left_out
    distance = np.abs(runs.ranks[:, None] - runs.ranks)
    instance, point = np.nonzero(inside >= 0)
    found = distance[point, inside[instance, point]]
    weight = own[point][..., None] * np.isfinite(distance[point])
    chance = (np.nan_to_num(distance[point]) * weight).sum(axis=1) / np.maximum(
        weight.sum(axis=1), 1
    )
    defined = np.isfinite(found)
    n = np.maximum(defined.sum(axis=0), 1)
    missing = np.where(defined.any(axis=0), 0.0, np.nan)
    return (
        np.where(defined, found, 0.0).sum(axis=0) / n + missing,
        np.where(defined, chance, 0.0).sum(axis=0) / n + missing,
    )


def _checks(
    runs: Runs, checked: Mapping[str, np.ndarray], compare: Compare
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Check the recording and out-of-model controls, and whether the level of the check holds."""
    options, scales = compare.time_scale, runs.scales[runs.columns["score"]]
    grid = np.geomspace(options.low, options.high, options.points)
    instances = runs.seen("score")
    values = np.array(list(checked.values()))
    level = 1 - compare.confidence
    found = posterior_predictive.check(
        values[:, runs.columns["score"]], instances, scales, grid, level
    )
    corrected = np.array([holm(row) for row in found.p_value])
    compatible = np.full((len(values), len(runs.variants)), -1, np.int8)
    for k in range(len(runs.variants)):
        p = corrected[:, runs.variant == k]
        defined = np.isfinite(p).any(axis=1)
        compatible[defined, k] = (np.nan_to_num(p[defined], nan=0.0) >= level).any(axis=1)
    held = posterior_predictive.held_out(instances, scales, grid)
    known = np.isfinite(held)
    rejected, given = ((held < level) & known).astype(float), known.astype(float)
    total = given.sum()
    low, high = _clopper_pearson(
        rejected.sum(axis=1, keepdims=True), given.sum(axis=1, keepdims=True), compare
    )
    dims = ("checked", "point")
    return {
        "check_distance": (dims, found.distance),
        "check_p": (dims, found.p_value),
        "check_p_holm": (dims, corrected),
        "check_time_scale": (dims, found.time_scale),
        "check_freedom": ((), np.array(found.freedom)),
        "check_power": ((), np.array(found.power)),
        "compatible": (("checked", "variant"), compatible),
        "calibration": (
            ("point",),
            _shares(np.stack([rejected.sum(axis=0), (given - rejected).sum(axis=0)], axis=1))[:, 0],
        ),
        "calibration_all": ((), np.array(rejected.sum() / total if total else np.nan)),
        "calibration_low": ((), low[0]),
        "calibration_high": ((), high[0]),
        "checked_value": (("checked", "statistic"), values),
    }
