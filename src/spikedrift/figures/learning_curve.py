"""What trained networks have learned: loop by loop, and against repeats that they did not see.

First panel: the input of trained cells in single trials, correlated with their targets; mean over
cells. Second: the mean of that input over trials, which is what was to be learned. Third: the same
mean against the input that would make the rates of repeats that were not learned; dashed, the noise
ceiling: what the targets themselves reach. Fourth: mean rates of the network in the end, against
those repeats, mean over units and on principal components of the population; the black bar is the
ceiling, what the repeats that were learned reach. The last two need targets that were recorded. One
line, or dot, an instance; one color a training, which all variants share that differ only in what
comes after it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures import style

_TITLES = {
    "single": "single trials\nand targets",
    "average": "mean over trials\nand targets",
    "held_out": "mean over trials\nand held-out repeats",
}
_ENDS = "rates in the end\nand held-out repeats"


def draw(
    *, trained: Sequence[xr.Dataset], titles: Sequence[str], options: Figures | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw correlations by loop, and those of rates in the end.

    Parameters
    ----------
    trained : sequence of Dataset
        Of the rule `train`.
    titles : sequence of str
        What each training is called; instances of one have the same title.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: panel (single, average, held_out, rates), title, instance, loop or
        component (`units`, `PC1`, ...), value, ceiling (NaN where there is none).

    Raises
    ------
    InputError
        Where there is no training, or not one title for each.
    """
    options = options or Figures()
    if not trained or len(trained) != len(titles):
        raise InputError(
            f"figure learning_curve: {len(titles)} titles given for {len(trained)} trainings"
        )
    pairs = list(zip(trained, titles, strict=True))
    lost = [f"{title}: {one.attrs['failed']}" for one, title in pairs if "failed" in one.attrs]
    rows = [row for one, title in pairs if "failed" not in one.attrs for row in _rows(one, title)]
    if not rows:
        with style.applied():
            figure = style.figure(options.width, 1.4)
            return figure, style.said(figure.subplots(), "Nothing was trained. " + " ".join(lost))
    table = pd.DataFrame(rows)
    colors = style.variant_colors(titles, None)
    shown = [name for name in (*_TITLES, "rates") if (table["panel"] == name).any()]
    with style.applied():
        figure = style.figure(options.width, 2.2)
        panels = np.ravel(figure.subplots(1, len(shown), squeeze=False))
        for axes, name in zip(panels, shown, strict=True):
            part = table[table["panel"] == name]
            if name == "rates":
                _ends(axes, part, colors)
            else:
                _curves(axes, part, colors)
                axes.set_title(_TITLES[name])
            if name == shown[0]:
                axes.set_ylabel("correlation (1)")
        if len(colors) > 1:
            panels[0].legend(loc="best", handlelength=1.2, borderaxespad=0.2)
        cells = sorted({one.sizes["unit"] for one in trained if "unit" in one.sizes})
        style.footnote(
            figure,
            [
                f"Lines and dots: network instances, {style.at_least(_instances(table))} a "
                f"training. Trained cells: {', '.join(map(str, cells))}.",
                *lost,
            ],
        )
    return figure, table


def _rows(one: xr.Dataset, title: str) -> list[dict[str, object]]:
    """Drawn numbers of a training."""
    own = {"title": title, "instance": int(one.attrs["instance"])}
    found: list[dict[str, object]] = []
    for name in _TITLES:
        if name in one:
            top = float(one["ceiling"]) if name == "held_out" else np.nan
            for loop, value in zip(one["loop"].values, one[name].values, strict=True):
                here = {"loop": float(loop), "component": "", "value": float(value)}
                found.append({"panel": name, **own, **here, "ceiling": top})
    if "units" in one:
        names = ["units", *(f"PC{k + 1}" for k in range(one.sizes["component"]))]
        values = [float(one["units"]), *one["components"].values]
        tops = [float(one["units_ceiling"]), *one["components_ceiling"].values]
        for name, value, top in zip(names, values, tops, strict=True):
            here = {"loop": np.nan, "component": name, "value": float(value)}
            found.append({"panel": "rates", **own, **here, "ceiling": float(top)})
    return found


def _instances(table: pd.DataFrame) -> list[int]:
    return [part["instance"].nunique() for _, part in table.groupby("title", sort=False)]


def _curves(axes: Axes, part: pd.DataFrame, colors: dict[str, str]) -> None:
    """Draw a line an instance, and its ceiling."""
    labeled: set[str] = set()
    for (title, _), one in part.groupby(["title", "instance"], sort=False):
        label = None if title in labeled else str(title)
        labeled.add(str(title))
        axes.plot(one["loop"], one["value"], color=colors[str(title)], lw=0.9, label=label)
        axes.plot(one["loop"], one["ceiling"], color=colors[str(title)], lw=0.8, ls="--")
    axes.axhline(0, color="0.8", lw=0.6, zorder=0)
    style.whole_ticks(axes.xaxis)
    axes.set_xlabel("loop of training")


def _ends(axes: Axes, part: pd.DataFrame, colors: dict[str, str]) -> None:
    """Draw a dot an instance, and its ceiling as a bar."""
    names = list(dict.fromkeys(part["component"]))
    runs = list(dict.fromkeys(zip(part["title"], part["instance"], strict=True)))
    aside = np.linspace(-0.25, 0.25, len(runs)) if len(runs) > 1 else np.zeros(1)
    for (title, instance), away in zip(runs, aside, strict=True):
        one = part[(part["title"] == title) & (part["instance"] == instance)]
        at = np.array([names.index(name) for name in one["component"]]) + away
        half = 0.2 / len(runs) + 0.03
        axes.hlines(one["ceiling"], at - half, at + half, color=style.BLACK, lw=1.2)
        axes.plot(at, one["value"], ls="", marker="o", ms=3, color=colors[title])
    axes.axhline(0, color="0.8", lw=0.6, zorder=0)
    axes.set_xticks(range(len(names)), names)
    axes.set_title(_ENDS)
