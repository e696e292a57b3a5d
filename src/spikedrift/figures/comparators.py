"""Every comparator of similarity matrices by itself: each model, ceiling and baselines, each code.

Repeat x repeat similarity matrices of every model against those of the recording; right is more
alike in each panel, and the axis of a distance is turned round. Circles, network instances;
diamonds, their mean; short bars, one instance of a point against another; gray band, noise
ceiling from random halves of the recording's units; lines, matrices that know only the lag, only
the block, or no drift. Upper rows: matrices as they are, which a matrix that knows only the lag or
the block can match. Lower rows: lag and block out of both sides; there means are filled if circular
shifts of the model's windows inside their blocks give p <= 0.05 (Holm over points, comparators
and codes).

Each comparator is blind to something: levels, scales, or the directions of small variance. If a
model is near by one comparator and not by another, this shows which of these it has right. Unit of
inference: network instance on the side of models, one recording on the other. Assumptions are in
the figure's note.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from spikedrift.comparison.conclusions import LEVEL, toward
from spikedrift.config.figures import Figures
from spikedrift.figures import score_panel as panels
from spikedrift.figures import style

ROW_HEIGHT = 0.2  # of a point, inches
MOST_ROWS = 10  # points that are drawn; the others stand in the file
VIEWS = {"full": "matrices as they are", "residual": "beyond lag and block"}
_WORDS = 12  # characters of a line of a comparator's title
_CELL, _CELL_WORDS = 0.27, 22  # height of a cell of the summary, inches; characters of its lines
_MARK = {"reached": "\N{CHECK MARK}", "baseline": "", "short": "", "open": ""}
_FILL = {"reached": "#bfe3d5", "baseline": "0.85", "short": "white", "open": "white"}
SUMMARY_MARKS = (
    "the nearest model and its score. Check mark: it reaches the noise ceiling and no baseline "
    "scores as high; beyond lag and block: alike beyond shifts (Holm). Gray: lag or block alone "
    "score as high. In brackets: no ceiling. All models: figure comparators."
)
UNTESTED = "Beyond lag and block nothing is tested: all of it stands in brackets."


def draw(*, structure: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """One row a view and code, one panel a comparator.

    Parameters
    ----------
    structure : Dataset
        Of `spikedrift.comparison.matrices.matrices`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: view, code, comparator, point, series, value, low, high.
    """
    options = options or Figures()
    name = str(structure.attrs["recording"])
    shown = nearest(structure, MOST_ROWS)
    order = [str(one) for one in shown["point"].values]
    titles = json.loads(structure.attrs["titles"])
    colors = style.variant_colors(order, structure.attrs["control"] or None)
    grid = rows_of(shown)
    each = ROW_HEIGHT * len(order) + 0.62
    refused = str(structure.attrs.get("refused", "")).split("\n")
    tables = []
    with style.applied():
        figure = style.figure(options.width, 0.65 + each * max(len(grid), 1))
        figure.suptitle(f"Matrices of models against {name}, comparator by comparator", x=0.01,
                        ha="left", fontsize=9)  # fmt: skip
        legend, *places = style.rows(figure, [0.35, *[each] * max(len(grid), 1)])
        if grid:
            legend.legend(handles=panels.handles("noise ceiling"), loc="center", ncols=7,
                          fontsize=6.5, columnspacing=1.0, handlelength=1.6)  # fmt: skip
        else:
            style.said(places[0].subplots(), " ".join(filter(None, refused)))
        for place, (view, code) in zip(places, grid, strict=False):
            words = [titles.get(one) or one for one in order]
            tables.append(comparators(place, shown, view, code, order, colors, words))
        style.footnote(
            figure,
            [
                panels.nearest_of(len(order), structure.sizes["point"]),
                *(refused if grid else []),
                str(structure.attrs.get("inference", "")),
            ],
        )
    return figure, pd.concat(tables) if tables else pd.DataFrame({"refused": refused})


def nearest(structure: xr.Dataset, most: int) -> xr.Dataset:
    """Points with the best mean rank over comparators and codes, in their order up to `most`.

    Parameters
    ----------
    structure : Dataset
    most : int
    """
    if structure.sizes["point"] <= most:
        return structure
    score = (toward(structure) * structure["point_score"]).stack(
        place=("view", "code", "comparator")
    )
    rank = pd.DataFrame(score.transpose("point", "place").values).rank(ascending=False)
    best = np.argsort(rank.mean(axis=1).to_numpy(), kind="stable")[:most]
    return structure.isel(point=np.sort(best))


def rows_of(structure: xr.Dataset) -> list[tuple[str, str]]:
    """Views and codes with a score."""
    return [
        (str(view), str(code))
        for view in structure["view"].values
        for code in structure["code"].values
        if np.isfinite(structure["score"].sel(view=view, code=code)).any()
    ]


def comparators(
    place: Any,
    structure: xr.Dataset,
    view: str,
    code: str,
    order: Sequence[str],
    colors: Mapping[str, str],
    labels: Sequence[str],
) -> pd.DataFrame:
    """Draw one row with all comparators of a code; right is more alike in each."""
    names = [str(one) for one in structure["comparator"].values]
    titles, directions = (
        json.loads(structure.attrs[key]) for key in ("comparator_titles", "directions")
    )
    axes = place.subplots(1, len(names), sharey=True, squeeze=False)[0]
    place.suptitle(f"{code}, {VIEWS.get(view, view)}", x=0.03, ha="left", fontsize=8,
                   color=style.CODE[code])  # fmt: skip
    tables = []
    for axis, comparator in zip(axes, names, strict=True):
        axis.set_title(style.wrapped(titles.get(comparator, comparator), _WORDS), fontsize=6.5)
        axis.tick_params(axis="y", length=0)
        at: dict[str, Any] = {"code": code, "comparator": comparator}
        one = structure.sel({"view": view, **at})
        if not np.isfinite(one["score"]).any():
            axis.text(0.5, 0.5, "not\ndefined", ha="center", va="center", fontsize=6.5,
                      color="0.35", transform=axis.transAxes)  # fmt: skip
            axis.set_xticks([])
            continue
        p = structure["p_holm"].sel({"point": list(order), **at}).values
        one = one.sel(point=list(order))
        rows = panels.strip(
            axis,
            order,
            colors,
            ceiling=(float(one["ceiling_low"]), float(one["ceiling_high"])),
            baselines={str(b): float(one["baseline_score"].sel(baseline=b))
                       for b in structure["baseline"].values},
            instances=one["score"].transpose("point", "instance").values,
            means=one["point_score"].values,
            intervals=np.stack([one["score_low"].values, one["score_high"].values], axis=1),
            noise=one["matched_noise"].values,
            filled=None if view == "full" else list(p <= LEVEL),
            size=0.7,
        )  # fmt: skip
        axis.xaxis.set_major_locator(MaxNLocator(2, min_n_ticks=2))
        axis.tick_params(axis="x", labelsize=6)
        if directions.get(comparator) == "lower":
            axis.invert_xaxis()
        tables.append(
            pd.DataFrame(rows).assign(panel="structure", view=view, code=code,
                                      comparator=comparator)
        )  # fmt: skip
    axes[0].set_yticks(range(len(order)), labels, fontsize=6)
    axes[0].set_ylim(len(order) - 0.5, -0.5)
    return pd.concat(tables)


def summary_height(structure: xr.Dataset) -> float:
    """Height of `summary`, in inches."""
    return _CELL * structure.sizes["comparator"] + 0.65


def summary(axes: Axes, structure: xr.Dataset, titles: Mapping[str, str]) -> pd.DataFrame:
    """Draw a table: comparators by code and view, the nearest model and whether it is enough.

    Parameters
    ----------
    axes : Axes
    structure : Dataset
        Of `spikedrift.comparison.matrices.matrices`.
    titles : mapping of point -> words

    Returns
    -------
    DataFrame
        panel (structure), view, code, comparator, point (the nearest), value, ceiling (its
        lower end), outcome: reached, baseline (a baseline scores as high), short, or open (no
        ceiling, or nothing is tested).
    """
    columns = rows_of(structure)
    if not columns:
        refused = str(structure.attrs.get("refused", "")).split("\n")
        return style.said(axes, " ".join(refused))
    names = [str(one) for one in structure["comparator"].values]
    words = json.loads(structure.attrs["comparator_titles"])
    rows = [
        {"panel": "structure", "view": view, "code": code, "comparator": name, **found}
        for view, code in columns
        for name in names
        if (found := _nearest(structure, view, code, name))
    ]
    for row in rows:
        place = columns.index((row["view"], row["code"])), names.index(row["comparator"])
        axes.add_patch(Rectangle((place[0] - 0.5, place[1] - 0.5), 1, 1, ec="white", lw=1.5,
                                 fc=_FILL[row["outcome"]]))  # fmt: skip
        title = titles.get(row["point"]) or row["point"]
        value = f"{row['value']:.2f} {_MARK[row['outcome']]}".strip()
        text = style.wrapped(title, _CELL_WORDS) + ("\n" if len(title) < _CELL_WORDS else " ")
        axes.text(*place, text + (f"({value})" if row["outcome"] == "open" else value),
                  ha="center", va="center", fontsize=6, linespacing=1.1)  # fmt: skip
    for k, name in enumerate(names):
        for j, column in enumerate(columns):
            if not any((r["view"], r["code"]) == column and r["comparator"] == name for r in rows):
                axes.text(j, k, "\N{EN DASH}", ha="center", va="center", fontsize=6, color="0.5")
    axes.set_xticks(range(len(columns)), [f"{code},\n{VIEWS[view]}" for view, code in columns],
                    fontsize=7)  # fmt: skip
    axes.xaxis.tick_top()
    for tick, (_, code) in zip(axes.get_xticklabels(), columns, strict=True):
        tick.set_color(style.CODE[code])
    axes.set_yticks(range(len(names)), [words.get(name, name) for name in names], fontsize=7)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return pd.DataFrame(rows)


def summary_note(structure: xr.Dataset) -> str:
    """Say what the marks of `summary` mean, and that nothing was tested where that is so."""
    tested = bool(structure["p_holm"].notnull().any())
    return SUMMARY_MARKS if tested else f"{SUMMARY_MARKS} {UNTESTED}"


def _nearest(structure: xr.Dataset, view: str, code: str, name: str) -> dict[str, Any] | None:
    """The nearest model by one comparator; None where it has no score."""
    sign = float(toward(structure).sel(comparator=name))
    one = structure.sel(view=view, code=code, comparator=name)
    score = one["point_score"]
    if not np.isfinite(score).any():
        return None
    best = str((sign * score).idxmax("point").item())
    value, low = float(score.sel(point=best)), float(one["ceiling_low"])
    known = [str(b) for b in structure["baseline"].values if b != "no_drift"]
    base = sign * one["baseline_score"].sel(baseline=known)
    if view == "residual":
        p = float(structure["p_holm"].sel(code=code, comparator=name, point=best))
        outcome = "open" if not np.isfinite(p) else "reached" if p <= LEVEL else "short"
    elif (base >= sign * value).any():
        outcome = "baseline"
    elif not np.isfinite(low):
        outcome = "open"
    else:
        outcome = "reached" if sign * value >= sign * low else "short"
    return {"point": best, "value": value, "ceiling": low, "outcome": outcome}
