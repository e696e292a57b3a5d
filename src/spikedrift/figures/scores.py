"""Points of a sweep against a recording: which tested points are not excluded, and why.

Given one fitted time scale; not which rule the cortex uses. Score: mean over instances of the
squared difference of a few statistics (drop within blocks, step between blocks, for rate and
timing; timing against rate; gap against blocks), in units of the recording's sampling covariance
(bootstrap over units, Ledoit-Wolf) plus the spread of instances, over their number less the fitted
factor. A recording that is one more draw from the point is expected at 1; less is nearer.
Magnitudes are compared, not the pattern of matrices, which a matrix that knows only the lag would
match.

Lines: baselines made from the recording itself (only lag, only block, no drift), each with its own
factor. Gray band: noise floor from random halves of the recording's units; its lower end is a right
model without noise, its upper end another sample of units of the same brain. Short bars: a
point scored against its own instances. Factor: multiplies a model's drift magnitudes, not its
ratios; speed itself is no evidence, as a model's gap stands for any time. A dagger marks points
that are more than a few standard deviations (compare.incomparable_above) from the recording in
rate, irregularity, sparseness, discrimination or reliability: their drift is not compared at equal
terms.

Statistics that the recording or all models lack are left out of the score; the figure's note says
which and why. Where none is left, the figure has only that sentence.

Unit of inference: network instance on the side of models; one recording on the other, no animal
resampling. Null: the recording is one more draw from the point. Unit counts of both sides,
whether they match, and assumptions are in the figure's note.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from spikedrift.comparison.conclusions import words_of
from spikedrift.comparison.scores.summary import CODES, STATISTICS
from spikedrift.config.figures import Figures
from spikedrift.figures import style
from spikedrift.figures.score_groups import points
from spikedrift.figures.score_panel import (
    BASELINE,
    FEW_ROWS,
    LEAST_SCORE,
    MOST_ROWS,
    handles,
    height_of,
    known,
    nearest,
    nearest_of,
    row,
    scored,
    unscored,
)

_LIMIT = 4.0  # of the color scale of residuals, standard deviations
_WORDS = 28  # characters of a line of a row's label, where rows have room for two
_SMALL = 5.5  # size of the labels of many rows


def draw(*, scores: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """Draw four panels: score, its profile over the time scale, residuals, reliability.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.scores`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: panel (score, profile, residual, reliability), point, series,
        x (time scale, statistic or code), value, low, high; panel trait_difference, of which
        the figure marks what is beyond the limit; and panel point, every point as
        `spikedrift.figures.score_groups.points` lists it.
    """
    options = options or Figures()
    every, lost = scores, unscored(scores)
    scores = nearest(scores, MOST_ROWS)
    order = [str(name) for name in scores["point"].values]
    titles = words_of(scores)
    of_point = scores["variant"].values.tolist()
    variants = style.variant_colors(
        every["variant"].values.tolist(), scores.attrs["control"] or None
    )
    colors = dict(zip(order, (variants[variant] for variant in of_point), strict=True))
    marks = np.where(scores["incomparable"].values, " †", "")
    labels = [titles[name] + mark for name, mark in zip(order, marks, strict=True)]
    if len(order) > FEW_ROWS:
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
        return figure, pd.concat([table, points(every)], ignore_index=True)
    with style.applied():
        figure = style.figure(options.width, 2 * (height_of(len(order)) + 1.15))
        panels = figure.subplots(2, 2, width_ratios=[1.25, 1])
        tables = [
            scored(panels[0, 0], scores, order, colors),
            _profiles(panels[0, 1], scores, order, colors),
            _residuals(figure, panels[1, 0], scores, order),
            _reliabilities(panels[1, 1], scores, order),
            _trait_differences(scores, order),
        ]
        panels[0, 0].legend(
            handles=handles(), loc="upper center", bbox_to_anchor=(0.4, _below(len(order))),
            ncols=3, columnspacing=1.0, handlelength=1.6,
        )  # fmt: skip
        long = any(len(label) > _WORDS for label in labels)
        small = {"fontsize": _SMALL} if long and len(order) > FEW_ROWS else {}
        words = labels if small else [style.wrapped(label, _WORDS) for label in labels]
        for axes in (panels[0, 0], panels[1, 0]):
            axes.set_yticks(range(len(order)), words, **small)
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
                nearest_of(len(order), every.sizes["point"], int(every["score"].count())),
                f"Score: {scores.attrs['formula']}.",
                scores.attrs["inference"],
                "†: not comparable with the recording." if marks.any() else "",
                lost,
                str(scores.attrs["conclusion"]),
                *style.notes_of(scores.attrs),
            ],
        )
    return figure, pd.concat([*tables, points(every)], ignore_index=True)


def _below(rows: int) -> float:
    """Position of a legend under a panel of that many rows, as a share of its height."""
    return -0.28 * height_of(4) / height_of(rows)


def _profiles(
    axes: Axes, file: xr.Dataset, order: Sequence[str], colors: Mapping[str, str]
) -> pd.DataFrame:
    grid, parts = file["time_scale"].values, []
    lines = [
        (name, file["profile"].sel(point=name).values, colors[name], "-") for name in order
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
                    "point": name,
                    "series": series,
                    "x": grid,
                    "value": value,
                }
            )
        )
    for name in order:
        one = file.sel(point=name)
        axes.plot([one["time_scale_fit"]], [one["score"]], "D", color=colors[name], ms=4.5)
    least = max(np.nanmin([value.min() for _, value, *_ in lines]), LEAST_SCORE)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(0.7 * least, min(300 * least, np.nanmax([v.max() for _, v, *_ in lines])))
    axes.set_xlabel("time-scale factor (1)")
    axes.set_ylabel("score (SD²)")
    axes.set_title("one fitted factor a point")
    return pd.concat(parts)


def _residuals(figure: Figure, axes: Axes, file: xr.Dataset, order: Sequence[str]) -> pd.DataFrame:
    names = [str(name) for name in file["statistic"].values]
    value = file["residual"].sel(point=list(order)).values
    image = axes.imshow(value, cmap="PuOr", vmin=-_LIMIT, vmax=_LIMIT, aspect="auto")
    bar = figure.colorbar(
        image, ax=axes, extend="both", pad=0.02, aspect=14 * max(1, len(order) / FEW_ROWS)
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
            row("residual", name, "mean", float(value[i, j]), x=statistic)
            for i, name in enumerate(order)
            for j, statistic in enumerate(names)
        ]
    )


def _reliabilities(axes: Axes, file: xr.Dataset, order: Sequence[str]) -> pd.DataFrame:
    rows = []
    for code, shift in zip(CODES, (-0.14, 0.14), strict=True):
        recorded = float(file["recording_reliability"].sel(code=code))
        axes.axvline(recorded, color=style.CODE[code], lw=1.2, zorder=0)
        rows.append(row("reliability", "", "recording", recorded, x=code))
        for k, name in enumerate(order):
            value = file["instance_reliability"].sel(point=name, code=code).values
            value = value[np.isfinite(value)]
            axes.plot(
                value,
                np.full(value.size, k + shift),
                style.CODE_MARKER[code],
                color=style.CODE[code],
                mfc="none",
                ms=4,
            )
            rows += [row("reliability", name, "instance", float(v), x=code) for v in value]
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


def _trait_differences(file: xr.Dataset, order: Sequence[str]) -> pd.DataFrame:
    value = file["trait_difference"].sel(point=list(order)).values
    return pd.DataFrame(
        [
            row("trait_difference", name, "mean", float(value[i, j]), x=str(trait))
            for i, name in enumerate(order)
            for j, trait in enumerate(file["compared_trait"].values)
        ]
    )
