"""The panel of scores where there are more points than rows: a row a variant, its points in it."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from spikedrift.comparison.conclusions import listed, words_of
from spikedrift.figures import style
from spikedrift.figures.score_panel import around, bounds, bounds_of, dress, row

MOST_GROUPS = 12  # variants that are drawn; the others are in the table
_SPREAD = 0.76  # share of a row that the points of a variant take
_WORDS = 26  # letters in a line of a variant's name


class Group(NamedTuple):
    """Points of one variant: their places in the file, in the order of the sweep."""

    variant: str
    title: str
    points: np.ndarray


def groups(scores: xr.Dataset) -> list[Group]:
    """Points by variant, the variant with the nearest point first; those without a score left out.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    """
    variant, words = scores["variant"].values.astype(str), words_of(scores)
    found = {name: np.flatnonzero(variant == name) for name in dict.fromkeys(variant.tolist())}
    score = scores["score"].values
    least = {name: np.nanmin(score[k]) for name, k in found.items() if np.isfinite(score[k]).any()}
    order = sorted(least, key=lambda name: float(least[name]))
    return [Group(name, words.get(name, name), found[name]) for name in order]


def draw_groups(
    axes: Axes,
    scores: xr.Dataset,
    shown: list[Group],
    colors: Mapping[str, str],
    rejected: Collection[str] = (),
) -> pd.DataFrame:
    """Draw points in the rows of their variants, one below the other; the nearest has a black edge.

    Parameters
    ----------
    axes : Axes
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`; some point has a score.
    shown : list of Group
    colors : mapping of variant -> color
    rejected : collection of point
        Those that the check of the recovery test rejects; their means are open.

    Returns
    -------
    DataFrame
        One row a drawn number: panel, point, series, value, low, high.
    """
    rows = bounds(axes, *bounds_of(scores))
    names = scores["point"].values.astype(str)
    score = scores["score"].values
    single = scores["instance_score"].transpose("point", "instance").values
    nearest = int(np.nanargmin(score))
    for k, group in enumerate(shown):
        color = colors[group.variant]
        drawn = group.points[np.isfinite(score[group.points])]
        for place, p in enumerate(drawn):
            y = k + _SPREAD * ((place + 0.5) / drawn.size - 0.5)
            own = single[p][np.isfinite(single[p])]
            axes.plot([own.min(), own.max()], [y, y], color=color, lw=0.7, alpha=0.6)
            axes.plot(own, np.full(own.size, y), "o", mec=color, mfc="white", ms=2.2, mew=0.6)
            fill = "white" if names[p] in rejected else color
            own_edge = style.BLACK if p == nearest else color
            axes.plot([score[p]], [y], "D", mfc=fill, mec=own_edge, ms=4, zorder=3 + (p == nearest))
            rows += [row("score", names[p], "instance", float(value)) for value in own]
            rows.append(row("score", names[p], "mean", float(score[p])))
        if k:
            axes.axhline(k - 0.5, color="0.85", lw=0.5, zorder=0)
    dress(axes, scores)
    axes.set_yticks(range(len(shown)), [_label(group, score) for group in shown], fontsize=6.5)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    return pd.DataFrame(rows)


def _label(group: Group, score: np.ndarray) -> str:
    scored = int(np.isfinite(score[group.points]).sum())
    return style.wrapped(f"{group.title} ({scored}\xa0of\xa0{len(group.points)})", _WORDS)


def handles(scores: xr.Dataset, rejected: Collection[str]) -> list[Patch | Line2D]:
    """Legend of `draw_groups`, with the name of the nearest point."""
    nearest = words_of(scores)[str(scores["point"].values[np.nanargmin(scores["score"].values)])]
    kept = "\xa0".join(nearest.rsplit(" ", 1))  # a number stays with its word
    diamond: dict[str, Any] = {"ls": "", "marker": "D", "ms": 4, "color": "0.6"}
    marks = [
        *around(),
        Line2D([], [], **diamond, label="mean of a point"),
        Line2D(
            [], [], **diamond | {"mec": style.BLACK}, label=style.wrapped(f"nearest: {kept}", 20)
        ),
        Line2D([], [], ls="", marker="o", mec="0.3", mfc="white", ms=2.2, label="instance"),
    ]
    return [
        *marks,
        *[Line2D([], [], **diamond | {"mfc": "white"}, label="rejected")] * bool(rejected),
    ]


def note(scores: xr.Dataset, shown: list[Group]) -> str:
    """What a reader must know of the rows: what was left out, and what numbers in brackets are."""
    words, variants = words_of(scores), scores["variant"].values.astype(str)
    given = list(dict.fromkeys(variants.tolist()))
    known = {group.variant for group in groups(scores)}
    lost = [words.get(name, name) for name in given if name not in known]
    said = (
        "A row a variant, the nearest first; a line a point, in the order of the sweep. In "
        "brackets: points with a score, of those that were simulated."
    )
    if len(shown) < len(known):
        said += f" The {len(shown)} of {len(known)} variants with the nearest points are drawn."
    if lost:
        said += f" No point with a score: {listed(lost)}."
    return said


def points(scores: xr.Dataset, p_values: Mapping[str, float] | None = None) -> pd.DataFrame:
    """List all points of a comparison: what each is called, its values, its score.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    p_values : mapping of point -> p, optional
        Of the check whether the recording is one more draw of the point.

    Returns
    -------
    DataFrame
        One row a point: panel (point), point, point_title, variant, `axis_{name}`, value (score),
        instances_scored, instances_given, at_noise_floor (1: at or below its upper end), and
        `check_p_holm` where p-values are given.
    """
    titles = words_of(scores)
    names = scores["point"].values.astype(str)
    axes = [str(name) for name in scores.coords if str(name).startswith("axis_")]
    score = scores["score"].values
    known = p_values or {}
    return pd.DataFrame(
        {
            "panel": "point",
            "point": names,
            "point_title": [titles.get(name, name) for name in names],
            "variant": scores["variant"].values if "variant" in scores.coords else names,
            **{name: scores[name].values for name in axes},
            "value": score,
            "instances_scored": scores["instances_scored"].values,
            "instances_given": scores["instances_given"].values,
            "at_noise_floor": (score <= float(scores["ceiling_high"])).astype(int),
            **({"check_p_holm": [known.get(name, np.nan) for name in names]} if known else {}),
        }
    )
