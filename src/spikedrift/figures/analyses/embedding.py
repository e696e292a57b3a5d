"""Maps of single trials from rate and timing, colored by segment, marked by block."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

MARKERS = ("o", "^", "s", "D", "v", "P")
TITLE = {"pca": "principal components", "mds": "metric scaling", "tsne": "t-SNE"}


def segment_colors(n: int) -> ListedColormap:
    """Colors of n segments: distinct for up to seven, in sequence (viridis) for more."""
    if n <= len(style.OKABE_ITO):
        return ListedColormap(list(style.OKABE_ITO[:n]))
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.97, n)))


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw the maps of rate above those of timing.

    Parameters
    ----------
    result : Dataset
        Of the analysis `embedding`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each map and trial.
    """
    segment, block = result["point_segment"].values, result["point_block"].values
    colors = segment_colors(int(segment.max()) + 1)
    norm = BoundaryNorm(np.arange(colors.N + 1) - 0.5, colors.N)
    with style.applied():
        figure = style.figure(options.width, options.width * 0.66)
        panels = figure.subplots(2, 3)
        for row, code in enumerate(("rate", "timing")):
            for column, kind in enumerate(("pca", "mds", "tsne")):
                axes, key = panels[row, column], f"{code}.{kind}"
                if key in result["map"].values:
                    _map(axes, result, key, colors(norm(segment)), block)
                elif kind == "pca":
                    _legend(axes, result, code)
                else:
                    style.no_timing(axes)
        bar = figure.colorbar(
            ScalarMappable(norm, colors), ax=panels[:, -1], label="segment", shrink=0.6
        )
        step = max(1, colors.N // 6)
        names = style.segment_names(result.attrs, colors.N)
        bar.set_ticks(list(range(0, colors.N, step)), labels=names[::step])
        bar.ax.minorticks_off()
        k, perplexity = int(result.attrs["neighbors"]), float(result.attrs["perplexity"])
        note = (
            f"purity: share of the {k} nearest trials that show the same segment; T: "
            f"trustworthiness ({k} neighbors); S: stress; t-SNE perplexity {perplexity:.3g}; "
            f"n = {int(result.attrs['embedded_trials'])} trials; distances between clusters of "
            "t-SNE mean nothing"
        )
        filled = np.atleast_1d(result.attrs["filled_pairs"])
        missing = (
            f"{int(filled.sum())} pairs of trials share too few units and take the mean distance"
            if filled.sum()
            else ""
        )
        style.footnote(figure, [note, missing, *style.notes_of(result.attrs)])
    table = (
        result["points"]
        .assign_coords(axis=["x", "y"])
        .to_dataset(dim="axis")
        .to_dataframe()
        .reset_index()
    )
    return figure, table[["map", "point", "point_segment", "point_block", "x", "y"]]


def _value(result: xr.Dataset, name: str, column: str = "value") -> float:
    return float(result[column].sel(statistic=name))


def _map(axes: Axes, result: xr.Dataset, key: str, color: np.ndarray, block: np.ndarray) -> None:
    points = result["points"].sel(map=key).values
    size = 16 if len(points) <= 200 else 8
    for index in np.unique(block):
        here = block == index
        x, y = points[here].T
        marker = MARKERS[index % len(MARKERS)]
        axes.scatter(x, y, s=size, c=color[here], marker=marker, lw=0, alpha=0.8)
    code, kind = key.split(".")
    axes.set(xticks=[], yticks=[], title=f"{code}, {TITLE[kind]}")
    # Equal scales, so that distances in the map are the same in all directions.
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(
        f"purity {_value(result, f'{key}.purity'):.2f}   "
        f"T {_value(result, f'{key}.trustworthiness'):.2f}   "
        f"S {_value(result, f'{key}.stress'):.2f}",
        fontsize=7,
    )


def _legend(axes: Axes, result: xr.Dataset, code: str) -> None:
    """Blocks by marker, and the purity of the distances themselves."""
    axes.set_axis_off()
    blocks = np.unique(result["point_block"].values)
    for index in blocks:
        axes.plot([], [], MARKERS[index % len(MARKERS)], color="0.4", ls="", label=f"block {index}")
    axes.legend(loc="upper left", ncols=1 + (len(blocks) > 6))
    lines = ["purity in the distances", "(permuted segments)"]
    for each in ("rate", "timing"):
        if f"{each}.purity" in result["statistic"].values:
            lines.append(
                f"{each}: {_value(result, f'{each}.purity'):.2f} "
                f"({_value(result, f'{each}.purity', 'null_mean'):.2f}), "
                f"p = {_value(result, f'{each}.purity', 'p_value'):.3g}"
            )
    axes.text(0, 0.05, "\n".join(lines), transform=axes.transAxes, va="bottom", fontsize=7)
