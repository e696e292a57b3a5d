"""Sweep maps: distance to the recordings over the parameters of a sweep.

Color is the score of a point (a variant at one set of parameter values): mean squared residual of
the statistics of drift in units of the recording's sampling covariance plus the spread of
instances, at the point's own time-scale factor. About 1 is expected of one more draw; smaller and
brighter is nearer. All maps of a recording have one scale, on which the noise floor (gray bar) and
the baselines made from the recording itself (lines: only lag, only block, no drift) are marked.
Star: the best point. Hatched: points of which no instance could be scored (failed runs, or a
statistic undefined). Dotted: points of which some instances could not. With more than two axes,
color is the best value over the others. Where the values of points are drawn at random, a panel
shows the score over one parameter instead, in a row of panels for each variant. A baseline that
beats every point, or a best point above the noise floor, is a result too.

Unit of inference: network instance on the side of models; one recording on the other. The best of
many points scores better than it would on new data: neighboring points and the recovery test show
how far it can be trusted. No test is made here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spikedrift.comparison.claims import illustrates
from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures import score_axes, style
from spikedrift.figures.score_panel import BASELINE, known, unscored
from spikedrift.sweeps.points import in_sweep, in_words

_CELL = 0.26  # height of a row of a strip or a map, inches
_MOST = 1000.0  # largest ratio of the two ends of the color scale
_COLORS = colormaps["viridis_r"]
_DARK = 0.5  # place on the color scale from which on marks are white
_CLOSE = 0.07  # share of the color scale within which two baselines have one label
_BLOCKED = "//////"
_WORDS = 24
_MARKS = (
    "One recording a map. Star: the best point. Hatched: no instance scored. Dotted: some "
    "instances failed or not scored. On the color scale: gray, noise floor; vermilion lines, "
    "baselines (at its end: beyond)."
)
_MOST_RECORDINGS = 4  # that are drawn; the others stand in the table


def draw(
    *,
    scores: Sequence[xr.Dataset],
    axes: Sequence[Mapping[str, Any]] = (),
    sweep: str = "",
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw maps for every recording with which the sweep is compared.

    Parameters
    ----------
    scores : sequence of Dataset
        Files of `spikedrift.comparison.scores.scores`, all of the sweep, of some perhaps beside
        others. Coordinates of `point` (points): `variant` and `axis_{name}`, each where there is
        one.
    axes : sequence of mapping
        `name`, `title` and `scale` of the axes; without any the points are a strip.
    sweep : str
        Its name, by which its points are found among those of others.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row for each point and recording: recording, point, variant, axes, score, scored
        (instances), given, best.

    Raises
    ------
    InputError
        Where the files are of different sweeps.
    """
    options = options or Figures()
    scores = [_of_sweep(file, sweep) for file in scores]
    points = [[str(name) for name in file["point"].values] for file in scores]
    if not points or any(one != points[0] for one in points):
        raise InputError("figure sweep_map: the files must be comparisons of one sweep")
    parts = [_points(file) for file in scores]
    table = pd.concat(parts, ignore_index=True)
    ends = np.cumsum([len(part) for part in parts])
    parts = [table.iloc[end - len(part) : end] for part, end in zip(parts, ends, strict=True)]
    named = [axis for axis in axes if f"axis_{axis['name']}" in table]
    swept = _swept(table, named)
    few = int(table["given"].min())
    illustration = any(map(illustrates, scores))
    scattered = score_axes.scattered(table[swept], named)
    most = _MOST_RECORDINGS
    if scattered:
        most = max(1, int(style.TALLEST / score_axes.height_of(parts[0][swept[parts[0].index]])))
    drawn = scores[:most]
    heights = style.fitted([_height(part, named, swept, scattered) for part in parts[:most]])
    with style.applied():
        figure = style.figure(options.width, sum(heights) + 0.3)
        style.title(figure, "Distance to the recordings over the sweep",
                    f"{few} instances a point" * illustration)  # fmt: skip
        places = style.rows(figure, heights)
        for place, file, part in zip(places, drawn, parts[:most], strict=True):
            if scattered and part["score"].notna().any():
                place.suptitle(str(file.attrs["recording"]), x=0.01, ha="left", fontsize=8.5)
                score_axes.draw_axes(place, file, part[swept[part.index]], named)
            elif part["score"].notna().any():
                _recording(place, file, part, named, swept)
            else:
                place.suptitle(str(file.attrs["recording"]), x=0.01, ha="left", fontsize=8.5)
                style.said(place.subplots(), str(file.attrs["conclusion"]))
        first = parts[0]
        inside, single = first[swept[first.index]], first[~swept[first.index]]
        marks = score_axes.note(inside, single) if scattered else _MARKS
        style.footnote(figure, _notes(drawn, parts, named if not scattered else (), marks))
    return figure, table


def _of_sweep(file: xr.Dataset, sweep: str) -> xr.Dataset:
    """Part of a comparison that is about one sweep, with names as where it is the only one."""
    if "sweep" not in file.coords:
        return file
    part = file.isel(point=np.flatnonzero(file["sweep"].values.astype(str) == sweep))
    own, words = in_sweep(sweep, ""), in_words(sweep, "")
    titles = json.loads(file.attrs["titles"])
    kept = [str(name) for name in part["point"].values]
    axes = [str(name) for name in part.coords if str(name).startswith("axis_")]
    part = part.drop_vars([name for name in axes if not name.startswith(f"axis_{own}")])
    part = part.rename(
        {name: f"axis_{name.removeprefix(f'axis_{own}')}" for name in axes if name in part}
    )
    for key, start in (("point", own), ("variant", own), ("variant_title", words)):
        names = [str(name).removeprefix(start) for name in part[key].values]
        part = part.assign_coords({key: ("point", names)})
    said = {name.removeprefix(own): titles[name].removeprefix(words) for name in kept}
    lost = {"conclusion": unscored(part)} if known(file) and not known(part) else {}
    return part.assign_attrs(titles=json.dumps(said), **lost)


def _points(file: xr.Dataset) -> pd.DataFrame:
    """One row for each point of one comparison."""
    titles = json.loads(file.attrs["titles"])
    names = [str(name) for name in file["point"].values]
    table = pd.DataFrame(
        {
            "recording": str(file.attrs["recording"]),
            "point": names,
            "title": [titles.get(name) or name for name in names],
            "variant": file["variant"].values.astype(str) if "variant" in file else names,
            "variant_title": (
                file["variant_title"].values.astype(str)
                if "variant_title" in file
                else [titles.get(name) or name for name in names]
            ),
            "score": file["score"].values,
            "scored": file["instances_scored"].values,
            "given": file["instances_given"].values,
        }
    )
    table["lost"] = table["given"] - table["scored"]  # failed runs are among those given
    for name in map(str, file.coords):
        if name.startswith("axis_"):
            table[name] = file[name].values
    known = table["score"].notna().any()
    table["best"] = (table.index == table["score"].idxmin()) if known else False
    return table


def _swept(table: pd.DataFrame, axes: Sequence[Mapping[str, Any]]) -> pd.Series:
    """Which points have a value on the axes."""
    if not axes:
        return pd.Series(False, index=table.index)
    columns = table[[f"axis_{axis['name']}" for axis in axes]]
    return (columns.notna() & (columns != "")).all(axis=1)


def _height(
    part: pd.DataFrame, axes: Sequence[Mapping[str, Any]], swept: pd.Series, scattered: bool
) -> float:
    inside, single = part[swept[part.index]], part[~swept[part.index]]
    if scattered:
        return score_axes.height_of(inside)
    rows = len(single)
    if len(axes) == 1:
        rows = max(rows, inside["variant"].nunique())
    elif len(axes) > 1:
        rows = max(rows, inside[f"axis_{axes[1]['name']}"].nunique(), 6)
    return _CELL * max(rows, 4) + 1.15


def _recording(
    place: Any,
    file: xr.Dataset,
    part: pd.DataFrame,
    axes: Sequence[Mapping[str, Any]],
    swept: pd.Series,
) -> None:
    """Draw the maps of the points with values, a strip of those without, and the color scale."""
    inside, single = part[swept[part.index]], part[~swept[part.index]]
    variants = ["all"] * bool(len(inside))
    if len(axes) > 1:
        variants = list(dict.fromkeys(inside["variant"]))
    panels = place.subplots(
        1, len(variants) + bool(len(single)), squeeze=False,
        width_ratios=[1.0] * len(variants) + ([0.35] if variants else [1.0]) * bool(len(single)),
    )[0]  # fmt: skip
    norm = _norm(file, part)
    for axis, variant in zip(panels, variants, strict=False):
        if len(axes) == 1:
            _map(axis, inside, axes[0], {"name": "", "column": "variant", "title": ""}, norm)
        else:
            _map(axis, inside[inside["variant"] == variant], axes[0], axes[1], norm)
            axis.set_title(_of_variant(inside[inside["variant"] == variant]), fontsize=7.5)
    if len(single):
        _strip(panels[-1], single, norm, alone=not variants)
    place.suptitle(str(file.attrs["recording"]), x=0.01, ha="left", fontsize=8.5)
    _scale(place, panels, file, norm)


def _norm(file: xr.Dataset, part: pd.DataFrame) -> LogNorm:
    """Color scale that starts at the least of scores, noise floor and baselines."""
    marks = [*part["score"], float(file["ceiling_low"]), *file["baseline_score"].values]
    known = np.array([value for value in marks if np.isfinite(value) and value > 0])
    return LogNorm(known.min(), min(known.max(), _MOST * known.min()) * 1.0001)


def _cell(axes: Axes, x: float, y: float, row: Mapping[Any, Any], norm: LogNorm) -> None:
    """Draw one point as a unit square: colored, hatched or dotted, the best one with a star."""
    known = np.isfinite(row["score"])
    color = _COLORS(norm(row["score"])) if known else "white"
    hatch = _BLOCKED if not known else "..." if row["lost"] else None
    dark = known and norm(row["score"]) > _DARK
    edge = "0.3" if hatch and not dark else "white"
    square = Rectangle((x - 0.5, y - 0.5), 1, 1, fc=color, ec=edge, lw=0 if hatch else 0.6,
                       hatch=hatch)  # fmt: skip
    axes.add_patch(square)
    if row["best"]:
        axes.plot(x, y, "*", ms=9, mfc="white", mec="black", mew=0.8)


def _map(
    axes: Axes,
    part: pd.DataFrame,
    along: Mapping[str, Any],
    up: Mapping[str, Any],
    norm: LogNorm,
) -> None:
    """Draw points over two axes, or over variants and one axis; the best over all other axes."""
    columns = [one.get("column") or f"axis_{one['name']}" for one in (along, up)]
    xs, ys = (_values(part[column]) for column in columns)
    best = part.sort_values("score", na_position="last").drop_duplicates(columns)
    for row in best.to_dict("records"):
        _cell(axes, xs.index(row[columns[0]]), ys.index(row[columns[1]]), row, norm)
    axes.set_xlim(-0.5, len(xs) - 0.5)
    axes.set_ylim(-0.5, len(ys) - 0.5)
    axes.set_xticks(range(len(xs)), [_word(x) for x in xs], rotation=40, ha="right",
                    rotation_mode="anchor", fontsize=6.5)  # fmt: skip
    words = {}
    if columns[1] == "variant":
        groups = part.groupby("variant", sort=False)
        words = {str(variant): _of_variant(group) for variant, group in groups}
    axes.set_yticks(range(len(ys)), [words.get(y, _word(y)) for y in ys], fontsize=6.5)
    axes.set_xlabel(style.wrapped(along["title"] or along["name"], _WORDS))
    axes.set_ylabel(style.wrapped(up["title"] or up["name"], _WORDS))
    axes.tick_params(length=0)


def _of_variant(part: pd.DataFrame) -> str:
    """Words for all points of a variant: its own, or those of every point."""
    return " / ".join(dict.fromkeys(part["variant_title"]))


def _values(column: pd.Series) -> list[Any]:
    """Values in order: numbers ascending, words in order of appearance."""
    values = list(dict.fromkeys(column))
    return sorted(values) if all(isinstance(value, int | float) for value in values) else values


def _word(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


def _strip(axes: Axes, part: pd.DataFrame, norm: LogNorm, alone: bool) -> None:
    """Draw points without values, one in each row, with the score beside."""
    for y, row in enumerate(part.to_dict("records")):
        _cell(axes, 0, y, row, norm)
        lost = f", {row['lost']} of {row['given']} not scored" if row["lost"] else ""
        score = f"{row['score']:.2f}" if np.isfinite(row["score"]) else "none"
        axes.text(0.52 if alone else 0.56, y, score + lost, va="center", fontsize=6.5)
    axes.set_xlim(-0.5, 0.9 if alone else 2.4)  # room for the words beside
    axes.set_ylim(len(part) - 0.5, -0.5)
    axes.set_yticks(range(len(part)), part["title"], fontsize=7)
    axes.set_xticks([])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _scale(place: Any, panels: Sequence[Axes], file: xr.Dataset, norm: LogNorm) -> None:
    """Draw the color scale with noise floor and baselines on it."""
    bar = place.colorbar(ScalarMappable(norm, _COLORS), ax=list(panels), pad=0.09, aspect=12,
                         extend="max")  # fmt: skip
    style.log_ticks(bar.ax.yaxis)
    bar.set_label("score (SD²), bright: nearer")
    low, high = float(file["ceiling_low"]), float(file["ceiling_high"])
    bottom, top = norm.vmin or 0.0, norm.vmax or 1.0
    if np.isfinite([low, high]).all():
        bar.ax.axhspan(max(low, bottom), min(high, top), xmin=0.7, color="0.75", lw=0)
    marks = sorted((float(file["baseline_score"].sel(baseline=b)), b) for b in BASELINE)
    labels: list[tuple[float, list[str]]] = []
    for value, baseline in marks:
        at = float(np.clip(norm(min(value, top)), 0, 1))
        bar.ax.axhline(min(value, top), color=style.OKABE_ITO[1], lw=1.4)
        if labels and at - labels[-1][0] < _CLOSE:
            labels[-1][1].append(BASELINE[baseline][0])
        else:
            labels.append((at, [BASELINE[baseline][0]]))
    for at, words in labels:
        bar.ax.annotate("\n".join(words), (0, at), xytext=(-3, 0), xycoords="axes fraction",
                        textcoords="offset points", fontsize=6, ha="right", va="center",
                        color=style.OKABE_ITO[1])  # fmt: skip


def _notes(
    scores: Sequence[xr.Dataset],
    parts: Sequence[pd.DataFrame],
    axes: Sequence[Mapping[str, Any]],
    marks: str,
) -> list[str]:
    n = parts[0]
    notes = [
        f"{style.counted(len(n), 'point')}, {style.at_least(n['given'])} network instances (unit "
        f"of inference) each. {marks}"
    ]
    if len(axes) > 2:
        others = ", ".join(str(axis["title"] or axis["name"]) for axis in axes[2:])
        notes.append(f"Color: the best over {others}.")
    for file, part in zip(scores, parts, strict=False):
        if not part["best"].any():
            continue
        best = part[part["best"]].iloc[0]
        base = file["baseline_score"]
        name = str(base["baseline"].values[np.argmin(base.values)]).replace("_", " ")
        low, high = float(file["ceiling_low"]), float(file["ceiling_high"])
        notes.append(
            f"{file.attrs['recording']}: best point {best['title']} at {best['score']:.2f}, "
            f"noise floor {low:.2f} to {high:.2f}, best baseline {name} at {float(base.min()):.2f}."
        )
        if incomparable := int(file["incomparable"].sum()):
            notes[-1] += (
                f" Not comparable with it: {style.counted(incomparable, 'point')} (rates, "
                "variability, sparseness, discrimination or reliability): their drift is not "
                "compared at equal terms."
            )
    if len(scores) < len(parts):
        notes.append(f"{len(scores)} of {len(parts)} recordings are drawn, the table holds all.")
    return notes + [note for file in scores for note in style.notes_of(file.attrs)]
