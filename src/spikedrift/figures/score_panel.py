"""The panel of scores: points one a row, beside noise floor or ceiling and baselines.

Figures of one recording, of several animals and of comparators, and figure 5, draw it. Where there
are more points than rows, figure 5 draws those of a variant in one row (`score_groups`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from spikedrift.comparison.scores.usable import codes_of
from spikedrift.drift import gates
from spikedrift.figures import style

_ROW_HEIGHT, _LOW_ROW_HEIGHT = 0.34, 0.17  # inches; of many rows
FEW_ROWS = 12  # largest number of rows with room for words
MOST_ROWS = 40  # points that are drawn; the others are in the file
BASELINE = {  # words and line
    "lag_only": ("lag only", "--"),
    "block_only": ("block only", ":"),
    "no_drift": ("no drift", "-."),
}
LEAST_SCORE = 0.01  # left end of the axis; what is below lies beyond it


def height_of(rows: int) -> float:
    """Height in inches of a panel with that many rows."""
    return rows * (_ROW_HEIGHT if rows <= FEW_ROWS else _LOW_ROW_HEIGHT)


def nearest(scores: xr.Dataset, most: int) -> xr.Dataset:
    """Points with the lowest scores, at least one; all in their order up to `most`.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    most : int
    """
    if scores.sizes["point"] <= most:
        return scores
    kept = max(1, min(most, int(np.isfinite(scores["score"]).sum())))
    return scores.isel(point=np.argsort(scores["score"].values, kind="stable")[:kept])


def nearest_of(drawn: int, given: int, n_scored: int | None = None) -> str:
    """Note of a figure that draws only some of the points; empty where it draws all."""
    which = "that have a score" if drawn == n_scored else "with the lowest scores"
    return f"The {drawn} of {given} points {which} are drawn." if drawn < given else ""


def row(panel: str, point: str, series: str, value: float, **more: object) -> dict[str, object]:
    """One drawn number of a figure's table."""
    return {"panel": panel, "point": point, "series": series, "value": value, **more}


def known(scores: xr.Dataset) -> bool:
    """Whether any point has a score."""
    return bool(np.isfinite(scores["score"]).any())


def unscored(scores: xr.Dataset) -> str:
    """Say how many instances have no score and why; empty where all have one.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    """
    lost = int((scores["instances_given"] - scores["instances_scored"]).sum())
    if not lost:
        return ""
    said = f"{lost} of {int(scores['instances_given'].sum())} instances are not scored"
    gone = np.isnan(scores["instance_score"].transpose("point", "instance").values)
    states = scores["instance_gate"].transpose("point", "instance", "code").values[gone]
    reasons = []
    for state in (gates.FAILED, gates.REJECTED):
        if count := int(scores[f"instances_{state}"].sum()):
            reasons.append(f"{gates.short(state, '')}: {count}")
    left = scores["statistic"].values.astype(str).tolist()
    needed = {code for name in left for code in codes_of(name)}
    for k, code in enumerate(scores["code"].values.astype(str)):
        if left and code not in needed:
            continue
        found = [one for one in states[:, k] if one not in ("", gates.FAILED, gates.REJECTED)]
        reasons.append(gates.counted(found, code, of=False))
    return f"{said} ({'; '.join(filter(None, reasons)) or 'a statistic is undefined'})."


def scored(
    axes: Axes, file: xr.Dataset, order: Sequence[str], colors: Mapping[str, str]
) -> pd.DataFrame:
    """Draw scores of points and instances beside noise floor and baselines.

    Where there is none, the panel holds the conclusion.
    """
    if not known(file):
        return style.said(axes, str(file.attrs["conclusion"]))
    floor, baselines = bounds_of(file)
    rows = strip(
        axes,
        order,
        colors,
        ceiling=floor,
        baselines=baselines,
        instances=file["instance_score"].sel(point=list(order)).values,
        means=file["score"].sel(point=list(order)).values,
        intervals=np.stack(
            [file[name].sel(point=list(order)).values for name in ("score_low", "score_high")],
            axis=1,
        ),
        noise=file["matched_noise"].sel(point=list(order)).values,
    )
    for k, name in enumerate(order):
        one = file.sel(point=name)
        lost = int(one["instances_given"] - one["instances_scored"])
        if lost and len(order) <= FEW_ROWS:
            axes.annotate(
                f"{lost} of {int(one['instances_given'])} not scored",
                (0.02, k),
                xycoords=axes.get_yaxis_transform(),
                fontsize=6,
                color="0.35",
                va="center",
            )
    dress(axes, file)
    return pd.DataFrame(rows)


def dress(axes: Axes, file: xr.Dataset) -> None:
    """Scale and label the axis of scores, and name what lies beyond its left end."""
    axes.set_xscale("log")
    style.log_ticks(axes.xaxis)
    axes.set_xlim(max(axes.get_xlim()[0], LEAST_SCORE), None)
    if beyond := _beyond(file, axes.get_xlim()[0]):
        axes.annotate(f"\N{BLACK LEFT-POINTING SMALL TRIANGLE} {beyond}", (0.005, 1.0),
                      xycoords="axes fraction", fontsize=6.5, va="bottom")  # fmt: skip
    axes.set_xlabel("score: mean squared residual (SD²), less is nearer")
    axes.set_title("distance from the recording", pad=14 if beyond else None)


def _beyond(file: xr.Dataset, left: float) -> str:
    """Name noise floor and baselines that lie beyond the left end of the axis."""
    low, high = float(file["ceiling_low"]), float(file["ceiling_high"])
    out = [f"noise floor {low:.2g} to {high:.2g}"] if high < left else []
    for baseline, (words, _) in BASELINE.items():
        if (value := float(file["baseline_score"].sel(baseline=baseline))) < left:
            out.append(f"{words} {value:.2g}")
    return ", ".join(out)


def handles(bound: str = "noise floor") -> list[Patch | Line2D]:
    """Legend of `strip`: noise floor or ceiling, baselines, and the marks in a row.

    `bound` is a noise floor where smaller is nearer, as for a distance, otherwise a noise ceiling.
    """
    return [
        *around(bound),
        Line2D([], [], ls="", marker="D", color="0.3", label="mean"),
        Line2D([], [], ls="", marker="o", mec="0.3", mfc="none", label="instance"),
        Line2D([], [], ls="", marker="|", color="0.3", ms=9, mew=1.6, label="against itself"),
    ]


def around(bound: str = "noise floor") -> list[Patch | Line2D]:
    """Legend of `bounds`."""
    return [
        Patch(color="0.88", label=bound),
        *(Line2D([], [], color="black", ls=ls, label=t) for t, ls in BASELINE.values()),
    ]


def bounds(
    axes: Axes, ceiling: tuple[float, float], baselines: Mapping[str, float], size: float = 1.0
) -> list[dict[str, object]]:
    """Draw noise floor or ceiling and baselines; returns the drawn numbers."""
    low, high = ceiling
    rows = []
    if np.isfinite(ceiling).all():
        rows.append(row("score", "", "ceiling", (low + high) / 2, low=low, high=high))
        axes.axvspan(low, high, color="0.88", lw=0, zorder=-1)
    for baseline, value in baselines.items():
        if np.isfinite(value):
            axes.axvline(value, color="black", ls=BASELINE[baseline][1], lw=1.0 * size, zorder=0)
            rows.append(row("score", "", baseline, value))
    return rows


def bounds_of(file: xr.Dataset) -> tuple[tuple[float, float], dict[str, float]]:
    """Noise floor (low, high) and the scores of the baselines in a file of scores."""
    floor = float(file["ceiling_low"]), float(file["ceiling_high"])
    return floor, {str(b): float(file["baseline_score"].sel(baseline=b)) for b in BASELINE}


def strip(
    axes: Axes,
    order: Sequence[str],
    colors: Mapping[str, str],
    *,
    ceiling: tuple[float, float],
    baselines: Mapping[str, float],
    instances: np.ndarray,
    means: np.ndarray,
    intervals: np.ndarray,
    noise: np.ndarray,
    filled: Sequence[bool] | None = None,
    size: float = 1.0,
) -> list[dict[str, object]]:
    """Draw scores of points, one a row, beside ceiling and baselines.

    Parameters
    ----------
    axes : Axes
    order : sequence of str
        Points.
    colors : mapping of point -> color
    ceiling : (low, high)
        NaN where there is none.
    baselines : mapping of baseline -> score
    instances : array, shape (n_points, n_instances)
    means, noise : array, shape (n_points,)
        `noise`: of the point against its own instances.
    intervals : array, shape (n_points, 2)
    filled : sequence of bool, optional
        Which means are filled; all by default.
    size : float
        Factor on the size of the marks.

    Returns
    -------
    list of dict
        One a drawn number: panel, point, series, value, low, high.
    """
    rows = bounds(axes, ceiling, baselines, size)
    for k, name in enumerate(order):
        points = instances[k][np.isfinite(instances[k])]
        color, interval = colors[name], intervals[k]
        axes.plot(points, np.full(points.size, k + 0.26), "o", mec=color, mfc="none",
                  ms=3.5 * size, mew=size)  # fmt: skip
        fill = color if filled is None or filled[k] else "white"
        axes.plot([means[k]], [k], "D", color=color, mfc=fill, ms=5.5 * size)
        axes.plot([noise[k]], [k], "|", color=color, ms=11 * size, mew=1.6)
        if np.isfinite(interval).all():
            axes.plot(interval, [k, k], color=color, lw=1.6 * size)
        else:
            interval = np.full(2, np.nan)
        rows += [row("score", name, "instance", float(value)) for value in points]
        rows.append(row("score", name, "mean", float(means[k]), low=interval[0], high=interval[1]))
        rows.append(row("score", name, "matched noise", float(noise[k])))
    return rows
