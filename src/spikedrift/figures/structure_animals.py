"""Similarity matrices over animals, comparator by comparator, beside the ceiling over animals.

Repeat x repeat similarity matrices of all animals, by every comparator that can be pooled over
animals. Circles: animals; diamonds: their mean with its interval; gray band: noise ceiling over
animals (each animal against the mean of the others, and against the mean of all); lines: matrices
that know only the lag or only the block, made from these recordings themselves. Upper rows:
matrices as they are; lower rows: lag and block out of both sides, where diamonds are filled if the
score is above zero (p <= 0.05, Holm).

Unit of inference: animal, and window of repeats; both are resampled. Assumptions, n and conclusions
are in the figure's note.
"""

import json

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from spikedrift.config.figures import Figures
from spikedrift.figures import style
from spikedrift.figures.comparators import ROW_HEIGHT, comparators, rows_of
from spikedrift.figures.score_panel import BASELINE


def draw(*, structure: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """Draw one row for each view and code, as in the figure of one recording.

    Parameters
    ----------
    structure : Dataset
        A file of `spikedrift.comparison.matrices.across_animals`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: view, code, comparator, point, series ("instance": an animal),
        value, low, high.
    """
    options = options or Figures()
    name = str(structure.attrs["sweep"])
    if refused := structure.attrs.get("refused"):
        with style.applied():
            figure = style.figure(options.width, 0.6)
            figure.suptitle(f"{name} against animals", x=0.01, ha="left", fontsize=9)
            style.footnote(figure, [refused])
        return figure, pd.DataFrame({"refused": [refused]})
    order = [str(one) for one in structure["point"].values]
    titles = json.loads(structure.attrs["titles"])
    colors = style.variant_colors(order, structure.attrs["control"] or None)
    shown = structure.rename(animal="instance").assign(
        matched_noise=xr.full_like(structure["point_score"], np.nan),
        p_holm=structure["p_zero_holm"].sel(view="residual", drop=True),
    )
    grid = rows_of(shown)
    each = ROW_HEIGHT * len(order) + 0.62
    with style.applied():
        figure = style.figure(options.width, 0.6 + each * len(grid))
        figure.suptitle(f"{name} against {structure.attrs['n_animals']} animals", x=0.01,
                        ha="left", fontsize=9)  # fmt: skip
        legend, *places = style.rows(figure, [0.35, *[each] * len(grid)])
        legend.legend(handles=_handles(), loc="center", ncols=5, fontsize=7)
        words = [titles.get(one) or one for one in order]
        tables = [
            comparators(place, shown, view, code, order, colors, words)
            for place, (view, code) in zip(places, grid, strict=True)
        ]
        style.footnote(
            figure, [*structure.attrs["conclusion"].split("\n"), structure.attrs["inference"]]
        )
    return figure, pd.concat(tables, ignore_index=True)


def _handles() -> list[Patch | Line2D]:
    return [
        Patch(color="0.88", label="ceiling over animals"),
        *(Line2D([], [], color="black", ls=BASELINE[one][1], label=BASELINE[one][0])
          for one in ("lag_only", "block_only")),
        Line2D([], [], ls="", marker="D", color="0.3", label="mean"),
        Line2D([], [], ls="", marker="o", mec="0.3", mfc="none", label="an animal"),
    ]  # fmt: skip
