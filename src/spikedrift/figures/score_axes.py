"""Panels of scores over the values of drawn points: a row a variant, a column an axis.

Points whose values are drawn have places of their own on every axis, so that a map of two axes
would be all but empty; the figure of a sweep draws these panels instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from spikedrift.comparison.conclusions import joined
from spikedrift.figures import style
from spikedrift.figures.score_panel import BASELINE, around, bounds_of

MOST_GROUPS = 10  # variants that are drawn; the others are in the table
_SHARE = 0.5  # of the cells of a map: with fewer points than that, it is none
_ROW, _AROUND = 0.56, 1.5  # height of a row, and of what surrounds the rows, inches
_WORDS, _NAME = 24, 17  # letters in a line of an axis' words, and of a variant's name
_TOP = 0.93  # place of points without a score, share of the height of a panel


def scattered(part: pd.DataFrame, axes: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the points have too many values on the first two axes for a map.

    Parameters
    ----------
    part : DataFrame
        Points that have values, by `variant` and `axis_{name}`.
    axes : sequence of mapping
        With the `name` of each.
    """
    columns = [f"axis_{axis['name']}" for axis in axes[:2]]
    if not columns or part.empty:
        return False
    if len(columns) == 1:  # one map, whose rows are variants
        return _filled(part, ["variant", *columns]) < _SHARE
    return min(_filled(one, columns) for _, one in part.groupby("variant")) < _SHARE


def _filled(part: pd.DataFrame, columns: Sequence[str]) -> float:
    """Share of the cells of a map in which there is a point."""
    cells = part[list(columns)].drop_duplicates()
    return len(cells) / float(np.prod([cells[name].nunique(dropna=False) for name in columns]))


def variants(part: pd.DataFrame) -> list[str]:
    """Variants whose points are drawn: those with the nearest points, in the order of the sweep."""
    least = part.groupby("variant", sort=False)["score"].min()
    kept = set(least.sort_values(na_position="last").index[:MOST_GROUPS])
    return [name for name in dict.fromkeys(part["variant"]) if name in kept]


def height_of(part: pd.DataFrame) -> float:
    """Height of the panels in inches."""
    return _ROW * len(variants(part)) + _AROUND


def draw_axes(
    place: Any, file: xr.Dataset, part: pd.DataFrame, axes: Sequence[Mapping[str, Any]]
) -> None:
    """Draw the score of every point over each of its values.

    Parameters
    ----------
    place : Figure or SubFigure
    file : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    part : DataFrame
        Its points that have values: variant, variant_title, score, lost, best, `axis_{name}`.
    axes : sequence of mapping
        `name`, `title` and `scale` of the axes.
    """
    shown, control = variants(part), str(file.attrs["control"]) or None
    panels = place.subplots(len(shown), len(axes), squeeze=False, sharey=True, sharex="col")
    colors = style.variant_colors(file["variant"].values.astype(str).tolist(), control)
    for across, name in zip(panels, shown, strict=True):
        own = part[part["variant"] == name]
        for panel, axis in zip(across, axes, strict=True):
            _panel(panel, file, own, axis, colors[name])
        title = style.wrapped(str(own["variant_title"].iloc[0]), _NAME)
        across[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=6.5)
    panels[0, 0].set_yscale("log")
    style.log_ticks(panels[0, 0].yaxis)
    for panel, axis in zip(panels[-1], axes, strict=True):
        if part[f"axis_{axis['name']}"].dtype.kind in "fiu":
            style.value_ticks(panel.xaxis, str(axis["scale"]))
        panel.set_xlabel(style.wrapped(axis["title"] or axis["name"], _WORDS), fontsize=7)
    place.legend(handles=_handles(part), loc="outside upper right", ncols=9, fontsize=6.5,
                 columnspacing=1.0, handlelength=1.6)  # fmt: skip


def _panel(
    panel: Axes, file: xr.Dataset, own: pd.DataFrame, axis: Mapping[str, Any], color: str
) -> None:
    (low, high), baselines = bounds_of(file)
    if np.isfinite([low, high]).all():
        panel.axhspan(low, high, color="0.88", lw=0, zorder=-1)
    for name, value in baselines.items():
        if np.isfinite(value):
            panel.axhline(value, color="black", ls=BASELINE[name][1], lw=0.8, zorder=0)
    x, y = own[f"axis_{axis['name']}"], own["score"]
    whole = y.notna() & (own["lost"] == 0)
    for kept, fill in ((whole, color), (y.notna() & ~whole, "white")):
        panel.plot(x[kept], y[kept], "o", ms=3.5, color=color, mfc=fill, mew=0.8)
    gone = x[y.isna()]
    panel.plot(gone, np.full(len(gone), _TOP), "|", ms=5, color="0.45", mew=0.9,
               transform=panel.get_xaxis_transform())  # fmt: skip
    best = own["best"]
    panel.plot(x[best], y[best], "*", ms=8, mfc="white", mec="black", mew=0.8, zorder=4)
    panel.tick_params(labelsize=6)


def _handles(part: pd.DataFrame) -> list[Patch | Line2D]:
    """Legend: marks that occur, noise floor and baselines."""
    marks: list[tuple[pd.Series, dict[str, Any], str]] = [
        (part["score"].notna(), {"marker": "o", "ms": 3.5}, "point"),
        (
            part["score"].notna() & (part["lost"] > 0),
            {"marker": "o", "ms": 3.5, "mfc": "white"},
            "instances lost",
        ),
        (part["score"].isna(), {"marker": "|", "ms": 5}, "no score"),
        (part["best"], {"marker": "*", "ms": 8, "mfc": "white", "mec": "black"}, "best"),
    ]
    found = [
        Line2D([], [], ls="", color="0.45", label=label, **look)
        for occurs, look, label in marks
        if occurs.any()
    ]
    return [*found, *around()]


def note(part: pd.DataFrame, single: pd.DataFrame) -> str:
    """What a reader must know of the panels, and the scores of the points without values."""
    n_variants = part["variant"].nunique()
    said = (
        "A row a variant, a column a parameter: every panel of a row shows the same points, whose "
        "other parameters differ too. Open: some instances not scored. Ticks at the top: points "
        "without a score."
    )
    if len(variants(part)) < n_variants:
        drawn = len(variants(part))
        said += f" The {drawn} of {n_variants} variants with the nearest points are drawn."
    if len(single):
        scores = [f"{score:.2f}" if np.isfinite(score) else "none" for score in single["score"]]
        pairs = zip(single["title"], scores, strict=True)
        said += f" Scores of points without values: {joined([f'{t} {s}' for t, s in pairs])}."
    return said
