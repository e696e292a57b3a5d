"""Sentences on the points of a comparison: their distances, their values, and those without any."""

from collections.abc import Mapping

import pandas as pd
import xarray as xr

from spikedrift.comparison.conclusions import MOST_LISTED, joined, listed
from spikedrift.sweeps.coordinates import value_words


def variants_of(scores: xr.Dataset) -> tuple[list[str], list[str]]:
    """Names of the points and of their variants."""
    names = scores["point"].values.astype(str).tolist()
    of_point = (
        scores["variant"].values.astype(str).tolist() if "variant" in scores.coords else names
    )
    return names, of_point


def distances(scores: xr.Dataset, ranked: xr.DataArray, words: Mapping[str, str]) -> str:
    """Distances of all points, or of the nearest of every variant where there are many."""
    names = ranked["point"].values.astype(str).tolist()
    said = [f"{words[name]} {ranked.values[k]:.2g}" for k, name in enumerate(names)]
    start = "Distances, of which 1 is expected of one more draw"
    if len(names) <= MOST_LISTED or "variant" not in scores.coords:
        return f"{start}: {joined(said)}."
    variant = dict(zip(*variants_of(scores), strict=True))
    first = {variant[name]: k for k, name in reversed(list(enumerate(names)))}
    given = list(variant.values())
    scored = [variant[name] for name in names]
    own = [
        f"{words[names[k]]}: {ranked.values[k]:.2g} ({scored.count(of)} of {given.count(of)})"
        for of, k in sorted(first.items(), key=lambda item: item[1])
    ]
    return (
        f"{start}, the nearest point of every variant (in brackets: points with a score, of those "
        f"that were simulated): {joined(own)}. The table of figure 5 has every point."
    )


def values(scores: xr.Dataset, name: str, title: str) -> list[str]:
    """Say the values of a point that is called by its number; empty where its name says them."""
    one = scores.sel(point=name)
    axes = [str(axis) for axis in scores.coords if str(axis).startswith("axis_")]
    found = [(axis.removeprefix("axis_"), one[axis].item(), one[axis].attrs) for axis in axes]
    said = [
        value_words(axis, f"{value:g}" if isinstance(value, float) else value, "factor" in attrs)
        for axis, value, attrs in found
        if not (pd.isna(value) or value == "")
    ]
    if all(pair in title for pair in said):
        return []
    return [f"Values of {title}: {joined(said)}; the table of figure 5 has those of every point."]


def few_scored(scores: xr.Dataset) -> list[str]:
    """Say that the nearest point rests on few of its instances; empty where it has them all."""
    one = scores.sel(point=scores["score"].idxmin("point").item())
    scored, given = int(one["instances_scored"]), int(one["instances_given"])
    said = (
        f"The nearest point rests on {scored} of its {given} instances: the others have no score."
    )
    return [said] * (scored < given)


def not_scored(scores: xr.Dataset, words: Mapping[str, str]) -> list[str]:
    """Name the variants of which no point has a score; empty where all have one."""
    _, of_point = variants_of(scores)
    known = {of for of, score in zip(of_point, scores["score"].values, strict=True) if score >= 0}
    lost = [words.get(of, of) for of in dict.fromkeys(of_point) if of not in known]
    return [f"Not tested, since none of its runs has a score: {listed(lost)}."] * bool(lost)
