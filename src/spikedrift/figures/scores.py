"""Points of a sweep against a recording: scores beside ceiling and baselines, and the reasons."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from spikedrift.comparison.scores.summary import CODES, STATISTICS
from spikedrift.config.figures import Figures
from spikedrift.drift import gates
from spikedrift.figures import style

_ROW_HEIGHT, _LOW_ROW_HEIGHT = 0.34, 0.17  # inches; of many rows
_FEW_ROWS = 12  # that have room for words
MOST_ROWS = 40  # points that are drawn; the others stand in the file
BASELINE = {  # words and line
    "lag_only": ("lag only", "--"),
    "block_only": ("block only", ":"),
    "no_drift": ("no drift", "-."),
}
_LEAST_SCORE = 0.01  # left end of the axis; what is below lies beyond it
_LIMIT = 4.0  # of the color scale of residuals, standard deviations


def draw(*, scores: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """Four panels: score, its profile over the time scale, residuals, reliability.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: panel (score, profile, residual, reliability), condition, series,
        x (time scale, statistic or code), value, low, high; and panel mismatch, of which the
        figure marks what is beyond the limit.
    """
    options = options or Figures()
    n_points = scores.sizes["condition"]
    lost = unscored(scores)
    scores = nearest(scores, MOST_ROWS)
    order = [str(name) for name in scores["condition"].values]
    titles = json.loads(scores.attrs["titles"])
    rules = style.condition_colors(scores["rule"].values.tolist(), scores.attrs["control"] or None)
    colors = dict(zip(order, (rules[rule] for rule in scores["rule"].values.tolist()), strict=True))
    marks = np.where(scores["unmatched"].values, " †", "")
    labels = [titles[name] + mark for name, mark in zip(order, marks, strict=True)]
    if len(order) > _FEW_ROWS:
        counts = scores["instances_scored"].values, scores["instances_given"].values
        labels = [
            f"{text} ({scored} of {given})" if scored < given else text
            for text, scored, given in zip(labels, *counts, strict=True)
        ]
    if not known(scores):
        with style.applied():
            figure = style.figure(options.width, 1.4)
            table = style.said(figure.subplots(), str(scores.attrs["conclusion"]))
            figure.suptitle(f"Models against {scores.attrs['recording']}", x=0.01, ha="left",
                            fontsize=9)  # fmt: skip
            style.footnote(figure, [scores.attrs["inference"], *style.notes_of(scores.attrs)])
        return figure, table
    with style.applied():
        figure = style.figure(options.width, 2 * (height_of(len(order)) + 1.15))
        panels = figure.subplots(2, 2, width_ratios=[1.25, 1])
        tables = [
            scored(panels[0, 0], scores, order, colors),
            _profiles(panels[0, 1], scores, order, colors),
            _residuals(figure, panels[1, 0], scores, order),
            _reliabilities(panels[1, 1], scores, order),
            _mismatches(scores, order),
        ]
        panels[0, 0].legend(
            handles=handles(), loc="upper center", bbox_to_anchor=(0.4, _below(len(order))),
            ncols=3, columnspacing=1.0, handlelength=1.6,
        )  # fmt: skip
        for axes in (panels[0, 0], panels[1, 0]):
            axes.set_yticks(range(len(order)), labels)
            axes.tick_params(axis="y", length=0)
        panels[1, 1].set_yticks(range(len(order)), [""] * len(order))
        panels[1, 1].tick_params(axis="y", length=0)
        for axes in (panels[0, 0], panels[1, 0], panels[1, 1]):
            axes.set_ylim(len(order) - 0.5, -0.5)
        name = scores.attrs["recording"]
        figure.suptitle(f"Models against {name}", x=0.01, ha="left", fontsize=9)
        style.footnote(
            figure,
            [
                nearest_of(len(order), n_points),
                f"Score: {scores.attrs['formula']}.",
                scores.attrs["inference"],
                "†: not matched with the recording." if marks.any() else "",
                lost,
                str(scores.attrs["conclusion"]),
                *style.notes_of(scores.attrs),
            ],
        )
    return figure, pd.concat(tables, ignore_index=True)


def height_of(rows: int) -> float:
    """Inches of a panel of that many rows."""
    return rows * (_ROW_HEIGHT if rows <= _FEW_ROWS else _LOW_ROW_HEIGHT)


def _below(rows: int) -> float:
    """Place of a legend under a panel of that many rows, as a share of its height."""
    return -0.28 * height_of(4) / height_of(rows)


def nearest(scores: xr.Dataset, most: int) -> xr.Dataset:
    """Points with the lowest scores, those without a score last; in their own order up to `most`.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    most : int
    """
    if scores.sizes["condition"] <= most:
        return scores
    return scores.isel(condition=np.argsort(scores["score"].values, kind="stable")[:most])


def nearest_of(drawn: int, given: int) -> str:
    """Note of a figure that draws only some of the points; empty where it draws all."""
    said = f"The {drawn} of {given} points with the lowest scores are drawn."
    return said if drawn < given else ""


def _row(
    panel: str, condition: str, series: str, value: float, **more: object
) -> dict[str, object]:
    return {"panel": panel, "condition": condition, "series": series, "value": value, **more}


def known(scores: xr.Dataset) -> bool:
    """Whether some point has a score."""
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
    gone = np.isnan(scores["instance_score"].transpose("condition", "instance").values)
    states = scores["instance_gate"].transpose("condition", "instance", "code").values[gone]
    reasons = []
    failed = int(scores["instances_failed"].sum())
    if failed:
        reasons.append(f"{gates.short(gates.FAILED, '')}: {failed}")
    for k, code in enumerate(scores["code"].values.astype(str)):
        found = [one for one in states[:, k] if one not in ("", gates.FAILED)]
        reasons.append(gates.counted(found, code, of=False))
    return f"{said} ({'; '.join(filter(None, reasons)) or 'a statistic is undefined'})."


def scored(
    axes: Axes, file: xr.Dataset, order: Sequence[str], colors: Mapping[str, str]
) -> pd.DataFrame:
    """Draw scores of conditions and instances beside noise floor and baselines.

    Where there is none, the panel holds the conclusion.
    """
    if not known(file):
        return style.said(axes, str(file.attrs["conclusion"]))
    rows = strip(
        axes,
        order,
        colors,
        ceiling=(float(file["ceiling_low"]), float(file["ceiling_high"])),
        baselines={str(b): float(file["baseline_score"].sel(baseline=b)) for b in BASELINE},
        instances=file["instance_score"].sel(condition=list(order)).values,
        means=file["score"].sel(condition=list(order)).values,
        intervals=np.stack(
            [file[name].sel(condition=list(order)).values for name in ("score_low", "score_high")],
            axis=1,
        ),
        noise=file["matched_noise"].sel(condition=list(order)).values,
    )
    for k, name in enumerate(order):
        one = file.sel(condition=name)
        lost = int(one["instances_given"] - one["instances_scored"])
        if lost and len(order) <= _FEW_ROWS:
            axes.annotate(
                f"{lost} of {int(one['instances_given'])} not scored",
                (0.02, k),
                xycoords=axes.get_yaxis_transform(),
                fontsize=6,
                color="0.35",
                va="center",
            )
    axes.set_xscale("log")
    style.log_ticks(axes.xaxis)
    axes.set_xlim(max(axes.get_xlim()[0], _LEAST_SCORE), None)
    if beyond := _beyond(file, axes.get_xlim()[0]):
        axes.annotate(f"\N{BLACK LEFT-POINTING SMALL TRIANGLE} {beyond}", (0.005, 1.0),
                      xycoords="axes fraction", fontsize=6.5, va="bottom")  # fmt: skip
    axes.set_xlabel("score: mean squared residual (SD²), less is nearer")
    axes.set_title("distance from the recording", pad=14 if beyond else None)
    return pd.DataFrame(rows)


def _beyond(file: xr.Dataset, left: float) -> str:
    """Name noise floor and baselines that lie beyond the left end of the axis."""
    low, high = float(file["ceiling_low"]), float(file["ceiling_high"])
    out = [f"noise floor {low:.2g} to {high:.2g}"] if high < left else []
    for baseline, (words, _) in BASELINE.items():
        if (value := float(file["baseline_score"].sel(baseline=baseline))) < left:
            out.append(f"{words} {value:.2g}")
    return ", ".join(out)


def handles(bound: str = "noise floor") -> list[Patch | Line2D]:
    """Legend of `strip`: what a right model reaches, baselines, and what stands in a row.

    `bound`: a noise floor where less is nearer, as in a distance; else a noise ceiling.
    """
    return [
        Patch(color="0.88", label=bound),
        *(Line2D([], [], color="black", ls=ls, label=t) for t, ls in BASELINE.values()),
        Line2D([], [], ls="", marker="D", color="0.3", label="mean"),
        Line2D([], [], ls="", marker="o", mec="0.3", mfc="none", label="instance"),
        Line2D([], [], ls="", marker="|", color="0.3", ms=9, mew=1.6, label="against itself"),
    ]


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
    """Draw scores of conditions, one a row, beside ceiling and baselines.

    Parameters
    ----------
    axes : Axes
    order : sequence of str
        Conditions.
    colors : mapping of condition -> color
    ceiling : (low, high)
        NaN: none.
    baselines : mapping of baseline -> score
    instances : array, shape (n_conditions, n_instances)
    means, noise : array, shape (n_conditions,)
        `noise`: of the condition against its own instances.
    intervals : array, shape (n_conditions, 2)
    filled : sequence of bool, optional
        Which means are filled; default: all.
    size : float
        Factor on the marks.

    Returns
    -------
    list of dict
        One a drawn number: panel, condition, series, value, low, high.
    """
    low, high = ceiling
    rows = []
    if np.isfinite(ceiling).all():
        rows.append(_row("score", "", "ceiling", (low + high) / 2, low=low, high=high))
        axes.axvspan(low, high, color="0.88", lw=0, zorder=-1)
    for baseline, value in baselines.items():
        if np.isfinite(value):
            axes.axvline(value, color="black", ls=BASELINE[baseline][1], lw=1.0 * size, zorder=0)
            rows.append(_row("score", "", baseline, value))
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
        rows += [_row("score", name, "instance", float(value)) for value in points]
        rows.append(_row("score", name, "mean", float(means[k]), low=interval[0], high=interval[1]))
        rows.append(_row("score", name, "matched noise", float(noise[k])))
    return rows


def _profiles(
    axes: Axes, file: xr.Dataset, order: Sequence[str], colors: Mapping[str, str]
) -> pd.DataFrame:
    grid, parts = file["time_scale"].values, []
    lines = [
        (name, file["profile"].sel(condition=name).values, colors[name], "-") for name in order
    ] + [
        ("", file["baseline_profile"].sel(baseline=baseline).values, "black", line)
        for baseline, (_, line) in BASELINE.items()
    ]
    for series, (name, value, color, line) in zip([*order, *BASELINE], lines, strict=True):
        axes.plot(grid, value, color=color, ls=line, lw=1.2 if name else 0.8)
        parts.append(
            pd.DataFrame(
                {
                    "panel": "profile",
                    "condition": name,
                    "series": series,
                    "x": grid,
                    "value": value,
                }
            )
        )
    for name in order:
        one = file.sel(condition=name)
        axes.plot([one["time_scale_fit"]], [one["score"]], "D", color=colors[name], ms=4.5)
    least = max(np.nanmin([value.min() for _, value, *_ in lines]), _LEAST_SCORE)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(0.7 * least, min(300 * least, np.nanmax([v.max() for _, v, *_ in lines])))
    axes.set_xlabel("time-scale factor (1)")
    axes.set_ylabel("score (SD²)")
    axes.set_title("one fitted factor a condition")
    return pd.concat(parts)


def _residuals(figure: Figure, axes: Axes, file: xr.Dataset, order: Sequence[str]) -> pd.DataFrame:
    names = [str(name) for name in file["statistic"].values]
    value = file["residual"].sel(condition=list(order)).values
    image = axes.imshow(value, cmap="PuOr", vmin=-_LIMIT, vmax=_LIMIT, aspect="auto")
    bar = figure.colorbar(
        image, ax=axes, extend="both", pad=0.02, aspect=14 * max(1, len(order) / _FEW_ROWS)
    )
    bar.set_label("recording - model (SD)")
    bar.outline.set_visible(False)
    axes.set_xticks(
        range(len(names)),
        [STATISTICS[name].title for name in names],
        rotation=35,
        ha="right",
        rotation_mode="anchor",
    )
    axes.set_facecolor("0.85")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title("residual by statistic")
    return pd.DataFrame(
        [
            _row("residual", name, "mean", float(value[i, j]), x=statistic)
            for i, name in enumerate(order)
            for j, statistic in enumerate(names)
        ]
    )


def _reliabilities(axes: Axes, file: xr.Dataset, order: Sequence[str]) -> pd.DataFrame:
    rows = []
    for code, shift in zip(CODES, (-0.14, 0.14), strict=True):
        recorded = float(file["recording_reliability"].sel(code=code))
        axes.axvline(recorded, color=style.CODE[code], lw=1.2, zorder=0)
        rows.append(_row("reliability", "", "recording", recorded, x=code))
        for k, name in enumerate(order):
            value = file["instance_reliability"].sel(condition=name, code=code).values
            value = value[np.isfinite(value)]
            axes.plot(
                value,
                np.full(value.size, k + shift),
                style.CODE_MARKER[code],
                color=style.CODE[code],
                mfc="none",
                ms=4,
            )
            rows += [_row("reliability", name, "instance", float(v), x=code) for v in value]
    axes.set_xlim(-0.05, 1.05)
    axes.set_xlabel("reliability of the matrix (1)")
    axes.set_title("reliability; lines: recording")
    axes.legend(
        handles=[
            Line2D([], [], ls="", marker=style.CODE_MARKER[c], mfc="none", color=style.CODE[c],
                   label=c)
            for c in CODES
        ],
        loc="upper center",
        bbox_to_anchor=(0.5, _below(len(order))),
        ncols=2,
    )  # fmt: skip
    return pd.DataFrame(rows)


def _mismatches(file: xr.Dataset, order: Sequence[str]) -> pd.DataFrame:
    value = file["mismatch"].sel(condition=list(order)).values
    return pd.DataFrame(
        [
            _row("mismatch", name, "mean", float(value[i, j]), x=str(trait))
            for i, name in enumerate(order)
            for j, trait in enumerate(file["matched"].values)
        ]
    )
