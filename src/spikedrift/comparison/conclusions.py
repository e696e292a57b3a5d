"""Conclusions of comparisons, in sentences that figures print as they are."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from spikedrift.comparison.scores.summary import STATISTICS
from spikedrift.config.compare import Compare

LEVEL = 0.05
MOST_LISTED = 8  # points that a sentence or a figure names one by one; of more, it says how many
BASELINE_WORDS = {
    "lag_only": "the lag alone",
    "block_only": "the block alone",
    "no_drift": "no drift at all",
}


def joined(names: Sequence[str]) -> str:
    """Join names by commas, or by semicolons where one of them holds a comma."""
    return _comma(names).join(names)


def listed(names: Sequence[str]) -> str:
    """Join names to a list: a, b and c."""
    comma = _comma(names)
    return " and ".join(filter(None, [comma.join(names[:-1]), *names[-1:]]))


def _comma(names: Sequence[str]) -> str:
    return "; " if any(", " in name for name in names) else ", "


def listed_points(names: Sequence[str], of: str) -> str:
    """Join names of points to a list, or count them where nobody would read one.

    Parameters
    ----------
    names : sequence of str
    of : str
        Those among which they are counted, such as `93 points`.
    """
    return listed(names) if len(names) <= MOST_LISTED else f"{len(names)} of {of}"


def words_of(found: xr.Dataset) -> dict[str, str]:
    """Words for the points of a comparison and for their variants, by their names.

    Parameters
    ----------
    found : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    """
    words: dict[str, str] = json.loads(found.attrs.get("titles", "{}"))
    if "variant_title" not in found.coords:
        return words
    pairs = zip(found["variant"].values, found["variant_title"].values, strict=True)
    return {str(variant): str(title) for variant, title in pairs} | words


def described_by(found: xr.Dataset) -> list[str]:
    """Sentences on the baselines that no point comes nearer than; none where one does.

    Parameters
    ----------
    found : Dataset
        As `spikedrift.comparison.scores.scores.compare` returns it, with a point that has a
        score.
    """
    least, high = float(found["score"].min()), float(found["ceiling_high"])
    out = []
    for baseline, words in BASELINE_WORDS.items():
        score = float(found["baseline_score"].sel(baseline=baseline))
        if not score <= least:
            continue
        out.append(
            f"{words.capitalize()} explains it ({score:.2g}): it reaches the noise floor, and no "
            "point comes nearer."
            if score <= high and baseline != "no_drift"
            else f"No point comes nearer than {words} ({score:.2g})."
        )
    return out


def of_scores(found: xr.Dataset) -> list[str]:
    """Sentences on the scores of points, their noise floor and the baselines.

    A score is a distance: smaller is nearer, and the score of a right model is a floor.

    Parameters
    ----------
    found : Dataset
        As `spikedrift.comparison.scores.scores.compare` returns it, without its conclusion.
    """
    titles = json.loads(found.attrs["titles"])
    dropped = json.loads(found.attrs.get("dropped", "{}"))
    reasons = "; ".join(
        f"{listed([STATISTICS[name].title for name in names])} ({why})"
        for why, names in _by_reason(dropped).items()
    )
    scores = found["score"].dropna("point")
    if not scores.size:
        return [f"No statistic is left to compare: {reasons}."]
    best, least = scores.idxmin("point").item(), float(scores.min())
    low, high = float(found["ceiling_low"]), float(found["ceiling_high"])
    reached = [titles[name] for name in scores["point"].values[scores.values <= high]]
    counted = len(reached) > MOST_LISTED
    if not np.isfinite(high):
        out = ["Halves of the recording's units give no noise floor."]
    elif reached:
        out = [
            f"The noise floor ({low:.2g} to {high:.2g}) is reached by "
            + listed_points(reached, f"{scores.size} points with a score")
            + f"; the nearest is {titles[best]}, {least:.2g}" * counted
            + "."
        ]
    else:
        out = [
            f"No point reaches the noise floor ({low:.2g} to {high:.2g}); the nearest is "
            f"{titles[best]}, {least:.2g}."
        ]
    out += described_by(found)
    return out + [f"Left out of the score: {reasons}."] * bool(reasons)


def _by_reason(dropped: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in dropped.items():
        found.setdefault(why, []).append(name)
    return found


def conclusions(found: xr.Dataset) -> list[str]:
    """Sentences on the repeat x repeat matrices, by code.

    Parameters
    ----------
    found : Dataset
        As `spikedrift.comparison.matrices.matrices.structure` returns it, without its conclusion.
    """
    n_tests = int(np.isfinite(found["p_value"]).sum())
    return [
        sentence
        for code in found["code"].values.tolist()
        for sentence in _of_code(found.sel(code=code), code, n_tests)
    ]


def toward(found: xr.Dataset) -> xr.DataArray:
    """1 for comparators whose larger values are more alike, -1 for the others: (comparator,)."""
    directions = json.loads(found.attrs.get("directions", "{}"))
    names = found["comparator"].values.tolist()
    value = [-1.0 if directions.get(name) == "lower" else 1.0 for name in names]
    return xr.DataArray(value, {"comparator": names}, ("comparator",))


def _of_code(found: xr.Dataset, code: str, n_tests: int) -> list[str]:
    titles = json.loads(found.attrs["titles"])
    named = json.loads(found.attrs["comparator_titles"])
    whole, rest = found.sel(view="full"), found.sel(view="residual")
    sign = toward(found)
    read = [
        name
        for name in found["comparator"].values.tolist()
        if np.isfinite(whole["baseline_score"].sel(comparator=name, baseline="lag_only"))
        and np.isfinite(whole["point_score"].sel(comparator=name)).any()
    ]
    if not read:
        return [f"{code}: repeat x repeat matrices are not compared."]

    def by(names: Sequence[str]) -> str:
        if len(names) == len(read):
            return f"by all {len(read)} comparators of matrices" if len(read) > 1 else (
                f"by {named[names[0]]}"
            )  # fmt: skip
        return f"by {listed([named[name] for name in names])}"

    out = []
    scores = (sign * whole["point_score"]).sel(comparator=read)
    best = scores.max("point")
    low = (sign * whole["ceiling_low"]).sel(comparator=read)
    shared = [name for name in read if np.isfinite(low.sel(comparator=name))]
    reached = [name for name in shared if best.sel(comparator=name) >= low.sel(comparator=name)]
    if not shared:
        out.append(f"{code}: halves of the recording's units share nothing, there is no ceiling.")
    elif not reached:
        out.append(f"{code}: no model reaches the ceiling, {by(shared)}.")
    else:
        who = [
            titles[name]
            for name in found["point"].values.tolist()
            if (scores.sel(comparator=reached, point=name) >= low.sel(comparator=reached)).any()
        ]
        by_whom = listed_points(who, f"{found.sizes['point']} points")
        out.append(f"{code}: the lower ceiling is reached by {by_whom}, {by(reached)}.")
        short = [name for name in shared if name not in reached]
        if short:
            out.append(f"{code}: no model reaches the ceiling, {by(short)}.")

    left = rest["ceiling_low"].sel(comparator=read)
    remains = [name for name in read if np.isfinite(left.sel(comparator=name))]
    p_holm = found["p_holm"].sel(comparator=read)
    claimed = {
        titles[name]: [key for key in remains if p_holm.sel(comparator=key, point=name) <= LEVEL]
        for name in found["point"].values.tolist()
    }
    claimed = {name: keys for name, keys in claimed.items() if keys}
    for baseline in ("lag_only", "block_only"):
        words = BASELINE_WORDS[baseline]
        score = (sign * whole["baseline_score"]).sel(comparator=read, baseline=baseline)
        above = [name for name in read if score.sel(comparator=name) >= best.sel(comparator=name)]
        enough = [name for name in above if score.sel(comparator=name) >= low.sel(comparator=name)]
        if enough:
            out.append(
                f"{code}: {words} explains it, {by(enough)}: a matrix that knows nothing else "
                "reaches the ceiling, and no model scores higher."
            )
        if short := [name for name in above if name not in enough]:
            out.append(f"{code}: no model scores higher than {words}, {by(short)}.")
    if not remains:
        out.append(
            f"{code}: lag and block out, halves of the recording's units share nothing: no "
            "structure is left to explain."
        )
    if not np.isfinite(p_holm).any():
        out.append(f"{code}: lag and block out, nothing is tested and no structure is claimed.")
    elif n_tests * float(found["smallest_p"].min()) > LEVEL:
        out.append(
            f"{code}: lag and block out, a test of {n_tests} scores cannot reach p = {LEVEL} with "
            "so few repeats and instances: no structure is claimed."
        )
    elif not claimed and remains:
        out.append(
            f"{code}: lag and block out, no model is more alike than its shifted self (Holm p > "
            f"{LEVEL}): no structure is claimed."
        )
    if len(claimed) > MOST_LISTED:
        out.append(
            f"{code}: lag and block out, {len(claimed)} of {found.sizes['point']} points are alike "
            "beyond shifts, each by one comparator or more."
        )
        return out
    for name, keys in claimed.items():
        out.append(f"{code}: lag and block out, {name} is alike beyond shifts, {by(keys)}.")
    return out


def setting(found: xr.Dataset, instances: Mapping[str, int], options: Compare, caveat: str) -> str:
    """State unit of inference, n, ceilings, nulls and assumptions, for captions."""
    n = sorted(set(instances.values()))
    count = str(n[0]) if len(n) == 1 else f"{n[0]} to {n[-1]}"
    sentences = [
        f"One recording ({found.attrs['n_units']} units): no animal resampling, nothing is "
        "inferred about the population; its ceiling is from "
        f"{options.structure.halves} random halves of its units (Spearman-Brown).",
        f"Model unit of inference: network instance, n = {count} a point, as many units.",
        "Null of a test: circular shifts of repeats inside their blocks, of each instance by its "
        "own, lag and block out of both sides; Holm over points, comparators and codes.",
        "Comparators do not see the scale of dissimilarities: absolute speed is no evidence.",
    ]
    if min(n) < options.min_instances:
        sentences.append(
            f"Fewer than {options.min_instances} instances: an illustration, no interval."
        )
    if caveat:
        sentences.append(f"Descriptive, no inference: {caveat}.")
    return " ".join(sentences)
