"""Induction: a plasticity rule in its induction protocols, compared with published values.

One panel for every induction protocol and parameter set. Dots and lines are simulated (Brian2,
C++), wide pale lines are theory where the rule has one. Open circles are published or independently
computed values with the tolerance that was set for them; red crosses are such values that the
simulation missed; gray squares are unverified values, which are not targets. The table beside the
figure has measured value, target, tolerance, source and verdict of every condition. Data of
experiments are not shown: a rule that meets its targets is the published rule, which says nothing
about whether it holds in a cortex.
"""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

_COLUMNS = 3
_HEIGHT = 2.0
_TITLE = 34  # characters
_MARKS: dict[str, dict[str, Any]] = {
    "yes": {"mec": style.BLACK, "mfc": "none", "marker": "o"},
    "no": {"mec": "#D00000", "mfc": "none", "marker": "X", "mew": 1.2, "ms": 6},
    "": {"mec": style.GRAY, "mfc": "none", "marker": "s"},
}
_WORDS = {"yes": "target, met", "no": "target, missed", "": "unverified value"}


def draw(
    *, table: pd.DataFrame, rule: str, options: Figures | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw one panel for every induction and parameter set.

    Parameters
    ----------
    table : DataFrame
        Of the rule `induce`: one row a condition.
    rule : str
        Name of the plasticity rule, which the table must be of.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        As given.
    """
    options = options or Figures()
    title, citation = table[["rule_title", "citation"]].iloc[0]
    table = with_words(table)
    panels = list(table.groupby(["induction", "set"], sort=False))
    columns = min(_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    with style.applied():
        figure = style.figure(options.width, _HEIGHT * rows + 0.5)
        grid = np.ravel(figure.subplots(rows, columns, squeeze=False))
        for axes, (_, part) in zip(grid, panels, strict=False):
            panel(axes, part)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        figure.suptitle(f"{title}: {citation}", x=0.01, ha="left", fontsize=9)
        style.footnote(figure, notes(table))
    return figure, table


def panel(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one induction with one parameter set: measured, theory, targets."""
    first = part.iloc[0]
    curves = list(dict.fromkeys(part["curve"]))
    colors = dict(zip(curves, _colors(len(curves)), strict=True))
    if not first["readout"].startswith("released"):
        axes.axhline(0.0 if first["readout"].startswith("change") else 1.0, color="0.8", lw=0.6)
    for curve in curves:
        one = part[part["curve"] == curve].sort_values("x")
        theory = one.dropna(subset="predicted")
        if len(theory):
            axes.plot(
                *_split(theory["x"], theory["predicted"]), color=colors[curve], lw=3.5, alpha=0.25
            )
        axes.plot(
            *_split(one["x"], one["measured"]),
            color=colors[curve],
            marker=".",
            ms=3,
            lw=1.0 if len(one) > 2 else 0,
            label=curve,
        )
        axes.errorbar(
            one["x"], one["measured"], one["spread"], color=colors[curve], ls="", elinewidth=0.6
        )
    for judged, mark in _MARKS.items():
        aimed = part[
            (part["pass"] == judged) & part["target"].notna() & (part["status"] != "theory")
        ]
        if len(aimed):
            axes.errorbar(
                aimed["x"],
                aimed["target"],
                yerr=aimed["tolerance"],
                ls="",
                ecolor=mark["mec"],
                elinewidth=0.5,
                zorder=3,
                **({"ms": 4.5, "mew": 0.8} | mark),
            )
    lines = [*textwrap.wrap(_words(part, curves), _TITLE), first["set"].replace("_", " ")]
    axes.set_title("\n".join(filter(None, lines)), fontsize=7.5)
    axes.set_xlabel(first["axis"])
    axes.set_ylabel(first["readout"])
    low, high = axes.get_ylim()
    if high - low < 1e-6:  # nothing changed: the axis must not show rounding errors
        axes.set_ylim(low - 0.05, high + 0.05)
    if len(curves) > 1:
        axes.legend(loc="best", fontsize=5.5, handlelength=1.2, borderaxespad=0.2)


def _split(x: pd.Series, y: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Break a line between the last place below 0 and the first above: the spike order reverses."""
    turn = int(np.searchsorted(x, 0))
    if 0 < turn < len(x) and x.iloc[turn] > 0:
        return np.insert(x.to_numpy(float), turn, np.nan), np.insert(
            y.to_numpy(float), turn, np.nan
        )
    return x.to_numpy(float), y.to_numpy(float)


def _words(part: pd.DataFrame, curves: Sequence[str]) -> str:
    """Title of a panel, with the name of the curve if there is only one."""
    title = str(part["title"].iloc[0])
    return title if len(curves) > 1 or curves[0] in title else f"{title}, {curves[0]}"


def _colors(n: int) -> Sequence[str]:
    return [style.OKABE_ITO[k % len(style.OKABE_ITO)] for k in range(n)]


def with_words(table: pd.DataFrame) -> pd.DataFrame:
    """Fill the columns that hold words: an empty one was read as a column of numbers."""
    words = ["set", "pass", "status", "source"]
    return table.astype(dict.fromkeys(words, object)).fillna(dict.fromkeys(words, ""))


def notes(table: pd.DataFrame) -> list[str]:
    """List what is drawn, which targets are met, and their sources."""
    drawn = ["Dots: measured in simulation"]
    if table["spread"].notna().any():
        drawn.append("bars: standard error over replicates")
    if table["predicted"].notna().any():
        drawn.append("wide pale lines: theory")
    found = [", ".join(drawn) + "."]
    aimed = table[table["target"].notna() & (table["status"] != "theory")]
    for judged, words in _WORDS.items():
        n = int((aimed["pass"] == judged).sum())
        if n:
            mark = {"yes": "open circle", "no": "red cross", "": "gray square"}[judged]
            found.append(f"{mark.capitalize()} with its tolerance: {words} ({n}).")
    theory = table[(table["status"] == "theory") & (table["pass"] != "")]
    if len(theory):
        met = int((theory["pass"] == "yes").sum())
        found.append(f"Within the tolerance of theory: {met} of {len(theory)} conditions.")
    if not len(aimed) and not len(theory):
        found.append("No published value is known for these conditions.")
    sources = sorted(set(aimed["source"]))
    return found + ([f"Targets: {'; '.join(sources)}."] if sources else [])
