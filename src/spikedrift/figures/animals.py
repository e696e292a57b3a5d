"""Several animals: the point of the sweep nearest to the others, scored on each animal left out.

Every animal is left out in turn. The nearest point, its single time-scale factor and the metric
(covariance between animals with Ledoit-Wolf shrinkage plus the spread of network instances) come
from the other animals only; then the point is scored on the animal that was left out.

Score: mean squared residual of the statistics of drift; smaller is nearer, and 1 is expected
(dotted) where the animal is one more draw from the point. Stars: the point nearest to the other
animals. If one point is nearest for every animal and scores near 1, the animals agree on it; if all
points score far above 1, that is a result, too.

Unit of inference: animal. Recordings of one animal are averaged. Scores of different animals share
the remaining animals and are not independent: they are not tested.
"""

import json

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from scipy.stats import rankdata

from spikedrift.config.figures import Figures
from spikedrift.figures import style
from spikedrift.figures.score_panel import MOST_ROWS, height_of, known, nearest, nearest_of


def draw(*, scores: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """Score of every point on the animal left out; stars: the point that the others chose.

    Parameters
    ----------
    scores : Dataset
        A file of `spikedrift.comparison.scores.across_animals`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a point and animal: point, animal, value (score on the animal left out), others
        (score on the other animals), time_scale, chosen (1: nearest to the others), rank (among
        all points on the animal left out, 1 the nearest).
    """
    options = options or Figures()
    if not known(scores):
        with style.applied():
            figure = style.figure(options.width, 1.2)
            dropped = str(scores.attrs["dropped"])
            said = f"No statistic is left that all animals and some model have ({dropped})."
            table = style.said(figure.subplots(), said)
            style.footnote(figure, [scores.attrs["inference"]])
        return figure, table
    n_points = scores.sizes["point"]
    left_out = scores["score_left_out"]
    rank = rankdata(left_out, axis=left_out.get_axis_num("point"), nan_policy="omit")
    scores = nearest(scores.assign(rank_left_out=(left_out.dims, rank)), MOST_ROWS)
    order = [str(name) for name in scores["point"].values]
    titles = json.loads(scores.attrs["titles"])
    value = scores["score_left_out"].transpose("point", "animal").values
    chosen = scores["best"].values == np.array(order)[:, None]
    height = height_of(len(order))
    with style.applied():
        figure = style.figure(options.width, height + 1.8)
        upper, lower = style.rows(figure, [height + 1.2, 0.3])
        left, right = upper.subplots(1, 2, sharey=True, width_ratios=[1.4, 1])
        lower.legend(handles=_handles(), loc="center", ncols=4, fontsize=7)
        _strip(left, scores, order, value, chosen)
        _map(upper, right, scores, value, chosen)
        left.set_yticks(range(len(order)), [titles.get(name) or name for name in order])
        left.set_ylim(len(order) - 0.5, -0.5)
        for axes in (left, right):
            axes.tick_params(axis="y", length=0)
        words = f"Models against {scores.sizes['animal']} animals, each left out in turn"
        figure.suptitle(words, x=0.01, ha="left", fontsize=9)
        best = scores["best"].to_series()
        style.footnote(
            figure,
            [
                nearest_of(len(order), n_points),
                "Chosen by the others: "
                + "; ".join(
                    f"{titles.get(name) or name} for {', '.join(of.index)}"
                    for name, of in best.groupby(best, sort=False)
                )
                + ".",
                "Gray: no instance has all statistics." if np.isnan(value).any() else "",
                f"Statistics: {scores.attrs['statistics']}. Score: {scores.attrs['formula']}.",
                scores.attrs["inference"],
            ],
        )
    table = pd.DataFrame(
        {
            "point": np.repeat(order, value.shape[1]),
            "animal": np.tile(scores["animal"].values, len(order)),
            "value": value.ravel(),
        }
        | {
            column: scores[name].transpose("point", "animal").values.ravel()
            for column, name in (
                ("others", "score_others"),
                ("time_scale", "time_scale_fit"),
                ("rank", "rank_left_out"),
            )
        }
        | {"chosen": chosen.ravel().astype(int)}
    )
    return figure, table


def _strip(
    axes: Axes, scores: xr.Dataset, order: list[str], value: np.ndarray, chosen: np.ndarray
) -> None:
    variants = scores["variant"].values.tolist()
    colors = style.variant_colors(variants, scores.attrs["control"] or None)
    for k, variant in enumerate(variants):
        color = colors[variant]
        some = value[k, ~chosen[k]], value[k, chosen[k]]
        axes.plot(some[0], np.full(some[0].size, k + 0.25), "o", mec=color, mfc="none")
        axes.plot(some[1], np.full(some[1].size, k + 0.25), "*", color=color, ms=7)
        axes.plot([value[k].mean()], [k], "D", color=color, ms=5.5)
    axes.axvline(1, color="0.5", lw=0.8, ls=":", zorder=0)
    axes.set_xscale("log")
    style.log_ticks(axes.xaxis)
    axes.set(xlabel="score on the animal left out (SD²), less is nearer", title="a  by animal")


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], ls="", marker="D", color="0.3", label="mean"),
        Line2D([], [], ls="", marker="o", mec="0.3", mfc="none", label="an animal"),
        Line2D([], [], ls="", marker="*", color="0.3", ms=8, label="chosen by the others"),
        Line2D([], [], color="0.5", lw=0.8, ls=":", label="expected of a right model"),
    ]


def _map(
    place: SubFigure, axes: Axes, scores: xr.Dataset, value: np.ndarray, chosen: np.ndarray
) -> None:
    defined = value[np.isfinite(value)]
    norm = LogNorm(defined.min(), defined.max() * 1.0001)
    image = axes.imshow(value, cmap=colormaps["viridis_r"], norm=norm, aspect="auto")
    axes.set_facecolor("0.85")
    for k, animal in zip(*np.nonzero(chosen), strict=True):
        axes.plot([animal], [k], "*", mfc="white", mec="black", ms=9)
    animals = scores["animal"].values.astype(str)
    axes.set_xticks(range(len(animals)), animals, rotation=35, ha="right", rotation_mode="anchor")
    axes.set(xlabel="animal left out", title="b  star: chosen by the others")
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = place.colorbar(image, ax=axes, pad=0.02, label="score (SD²), bright: nearer")
    bar.outline.set_visible(False)
    style.log_ticks(bar.ax.yaxis)
