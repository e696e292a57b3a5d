"""Claims that a recovery test allows, in words for captions."""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from spikedrift.comparison.conclusions import MOST_LISTED, joined
from spikedrift.comparison.recovery.posterior_predictive import POWER_AT
from spikedrift.comparison.scores.comparability import TITLES
from spikedrift.config.compare import Compare

LEAST_POWER = 0.5  # with less power, a variant that is not rejected says nothing

HELD_OUT_WORDS = {
    "instances": "Held out: whole instances (wiring, patterns and noise, in all points at "
    "once); parameter values are known.",
    "values": "Held out: whole instances (wiring, patterns and noise, in all points at once) "
    "and all points of swept variants with the run's parameter values; a variant is recovered "
    "from its other values.",
}


def caption(
    found: xr.Dataset, compare: Compare, n_statistics: int, titles: Mapping[str, str]
) -> dict[str, str | int]:
    """State n, what is held out, chance, null, assumptions, and the verdicts.

    Parameters
    ----------
    found : Dataset
        Of `spikedrift.comparison.recovery.recovery.recover`, with coordinates.
    compare : Compare
    n_statistics : int
        Statistics of the score.
    titles : mapping
        Words for variants; a variant without words is called by its name.
    """
    primary = "values" if "values" in found["held_out"].values else "instances"
    one = found.sel(held_out=primary, classifier="score")
    scored = (one["recovered"] >= 0).transpose("point", "instance").values
    sweeps = found["point_sweep"].values if "point_sweep" in found.coords else np.zeros(len(scored))
    counts = [int(scored[sweeps == sweep].any(axis=0).sum()) for sweep in np.unique(sweeps)]
    several, instances = len(counts) > 1, min(filter(None, counts), default=0)
    few = instances < compare.min_instances
    variants = found.sizes["variant"]
    n = int(one["runs_scored"].sum())
    missing = int(one["runs_given"].sum()) - n
    inference = [
        f"{variants} variants, {found.sizes['point']} points, {n} runs of {instances} instances"
        + f" or more of each of {len(counts)} sweeps" * several
        + ". Unit of inference: network instance."
    ]
    if missing:
        inference.append(
            f"{missing} run{'s are' if missing > 1 else ' is'} not scored: a statistic is "
            "undefined (such as timing where no code is detected or the index is too imprecise), "
            "or no point of their variant is left to be recovered as."
        )
    if few:
        inference.append(
            f"Fewer than {compare.min_instances} instances: an illustration, no interval."
        )
    else:
        inference.append(
            f"Intervals: {100 * compare.confidence:g} % percentile bootstrap over instances; of "
            "single variants Clopper-Pearson, n counts instances."
        )
    verdicts = [
        _verdict(found, k, instances, n_statistics, titles) for k in range(found.sizes["checked"])
    ]
    return {
        "illustration": int(few),
        "instances": instances,
        "inference": " ".join(inference),
        "held_out_words": HELD_OUT_WORDS[primary].replace(
            "in all points", "in all points of its seed" if several else "in all points"
        ),
        "chance_words": f"Chance: mean over permutations, {float(one['chance']):.2f} (one in "
        f"{variants} variants: {1 / variants:.2f}).",
        "null_words": "Null: points are exchangeable within an instance"
        + ", instances with as many scored points between sweeps" * several
        + "; everything fitted anew in each permutation. Pairs of variants: how far runs lean to "
        "their own variant, Holm over pairs. Check: the recording is one more draw from the point, "
        "at any time scale (Hotelling); Holm over points.",
        "assumptions": "One covariance of all points; check: normal statistics, "
        f"{float(found['check_freedom']):.0f} degrees of freedom. The time scale "
        "is free for every point, so that parameters that change speed alone are not "
        "recovered.",
        "indistinguishable": json.dumps(_indistinguishable(found, titles)),
        "verdict": verdicts[0],
        "out_of_model_verdict": " ".join(verdicts[1:]) or "No out-of-model control was given.",
    }


def has_power(found: xr.Dataset) -> bool:
    """Whether the check of a recovery test has the power to reject."""
    return bool(float(found["check_power"]) >= LEAST_POWER)


def _indistinguishable(found: xr.Dataset, titles: Mapping[str, str]) -> list[str]:
    out = []
    variants = [titles.get(str(one)) or str(one) for one in found["variant"].values]
    for a, first in enumerate(variants):
        for b, second in enumerate(variants[a + 1 :], a + 1):
            pair = found.isel(first=a, second=b)
            if int(pair["distinguishable"]) == 1:
                continue
            text = f"{first} and {second} are not distinguishable"
            accuracy = float(pair["pair_accuracy"])
            text += (
                f" ({accuracy:.2f}, p {float(pair['pair_p_holm']):.2g})"
                if accuracy == accuracy
                else " (too few runs with all statistics)"
            )
            if statistic := str(pair["separating"].values):
                effect = float(pair["separation"].sel(statistic=statistic))
                needed = float(pair["instances_needed"])
                text += (
                    f"; largest difference: {TITLES.get(statistic, statistic)}, d' {effect:.2f}, "
                    + (
                        f"{needed:.0f} instances each needed"
                        if needed < 1e6
                        else "none that counts"
                    )
                )
            out.append(text)
    return out


def _verdict(
    found: xr.Dataset, place: int, instances: int, n_statistics: int, titles: Mapping[str, str]
) -> str:
    """Result of the check for a recording; without power, that it says nothing."""
    one = found.isel(checked=place)
    name, value = str(one["checked"].values), one["compatible"].values
    if (value < 0).all():
        return f"{name}: no check, too few instances for so many statistics."
    passed = one["variant"].values[value == 1]
    kept = [titles.get(str(variant)) or str(variant) for variant in passed]
    if not kept:
        return f"{name}: no tested variant is compatible."
    who = joined(kept)
    if len(kept) > MOST_LISTED:
        who = f"{len(kept)} of {int((value >= 0).sum())} variants that could be checked"
    power, freedom = float(found["check_power"]), float(found["check_freedom"])
    if not has_power(found):
        return (
            f"{name}: cannot be rejected at n = {instances} ({freedom:.0f} degrees of freedom, "
            f"{n_statistics} statistics): no power."
        )
    return (
        f"{name}: not rejected as one more draw of {who} (power {power:.2f} against "
        f"{POWER_AT:g} SD in every statistic)."
    )
