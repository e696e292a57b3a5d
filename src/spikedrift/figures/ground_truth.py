"""Ground truth: results of every measure on recordings in which one thing changes between blocks.

Upper table: share of the tested recordings in which each test rejects at 5 %, in synthetic
recordings whose drift is known. Lower table: bias of statistics without a test. Below: power
against the amount of change. A test is marked as biased where it rejects more often than 5 %
although the code that it reads did not change (binomial test, upper tail). A statistic without a
test is marked where its mean differs from the value for no drift although that code did not change
(Student's t over recordings). All of these are corrected together (Holm). The rate code is meant to
change with redrawn rates, the timing code with redrawn event times or gains. The absence of a mark
does not mean that there is no bias: the intervals in the table of this figure show what could have
been missed.

Unit of inference: the recording; each seed draws a new one.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures import style

_ROW = 0.21  # height of a row of a table, inches
_CASE = 0.33  # width of a column, inches
_LETTER, _SLANTED = 0.062, 0.046  # width of a letter, rise of a letter of a slanted name, inches
_SHADES = LinearSegmentedColormap.from_list("rejections", ["#ffffff", "#56B4E9"])
_LINES = ("-", "--", ":", "-.")
_MARKERS = ("o", "s", "D", "v", "X", "P")


def draw(
    *, data: xr.Dataset, options: Figures | None = None, **_: Any
) -> tuple[Figure, pd.DataFrame]:
    """Draw a table of tests (share of rejections), one of bare statistics (bias), and power.

    Parameters
    ----------
    data : Dataset
        As `spikedrift.ground_truth.assess.dataset` makes it.
    options : Figures, optional

    Returns
    -------
    figure, table
        The table has one row for each measure, statistic and case.

    Raises
    ------
    InputError
        Where no statistic has a test or a value for no drift.
    """
    options = options or Figures()
    columns = [name for name in data if data[name].dims == ("entry",)]
    table = data[columns].to_dataframe().reset_index(drop=True)
    table["name"] = table["measure"] + ": " + table["statistic"]
    tests = table[table.groupby("name")["tested"].transform("sum") > 0]
    bare = table[~table["name"].isin(tests["name"])]
    bare = bare[bare.groupby("name")["p"].transform("count") > 0]
    tables = [(part, shown) for part, shown in ((tests, "rate"), (bare, "bias")) if not part.empty]
    if not tables:
        raise InputError("figure ground_truth: no statistic has a test or a value for no drift")
    # Points of a power curve are drawn in its panel; the last is also a case of the table.
    most = table.groupby("knob")["amount"].transform("max")
    shown_cases = (table["knob"] == "") | (table["amount"] == most)
    cases = [str(title) for title in table.loc[shown_cases, "title"].unique()]
    power = tests[tests["knob"] != ""]
    power = power[power.groupby(["name", "knob"])["amount"].transform("nunique") > 1]
    knobs, names = list(power["knob"].unique()), list(power["name"].unique())
    level = float(data.attrs["level"])
    heights = [_ROW * part["name"].nunique() + 0.1 for part, _ in tables]
    with style.applied():
        words = max(table["name"].str.len()) * _LETTER
        width = max(options.width, words + _CASE * len(cases) + 0.3)
        ratios = [sum(heights) + max(map(len, cases)) * _SLANTED + 0.3, 2.3 if knobs else 0.01]
        figure = style.figure(width, sum(ratios))
        upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=ratios)[:, 0]
        panels = upper.subplots(len(tables), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (part, shown) in zip(panels, tables, strict=True):
            _table(axes, part, cases, shown)
        panels[0].set_xticks(range(len(cases)), cases, rotation=50, ha="left",
                             rotation_mode="anchor")  # fmt: skip
        if knobs:
            for axes, knob in zip(
                np.atleast_1d(lower.subplots(1, len(knobs), sharey=True)), knobs, strict=True
            ):
                _power(axes, power[power["knob"] == knob], names, knob, level)
            axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=6)
        n = table.groupby("measure")["n"].max()
        style.footnote(
            figure,
            [
                "Upper table: share of recordings in which the test rejects at "
                f"{100 * level:g} % (%; of those tested). Middle: mean in "
                "standard deviations from the value for no drift, statistics without a test. "
                "Framed: marked as biased (Holm over the table), since what the statistic reads "
                "does not change there; gray italic: it does change; none: no value, as "
                "where no code was detected.",
                "Below: bars are 95 % Clopper-Pearson intervals, gray line the level. Most "
                "recordings of a case: "
                + ", ".join(f"{name} {count}" for name, count in n.items())
                + ". Unit of inference: the recording.",
            ],
        )
    return figure, table.drop(columns="name")


def _table(axes: Axes, part: pd.DataFrame, cases: list[str], shown: str) -> None:
    names = list(part["name"].unique())
    axes.set_xlim(-0.5, len(cases) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    grid = np.full((len(names), len(cases)), np.nan)
    for row in part[part["title"].isin(cases)].to_dict("records"):
        y, x = names.index(row["name"]), cases.index(row["title"])
        if shown == "rate":
            value, strength = 100 * row["rate"], row["rate"]
            text = f"{value:.0f}"
        else:
            # A knob that does not change the statistic leaves no spread to scale the bias by.
            spread = row["sd"] or (np.nan if row["bias"] else 1.0)
            value = row["bias"] / spread
            strength = min(abs(value) / 2, 1.0)
            text = f"{value:+.1f}"
        grid[y, x] = strength
        axes.text(x, y, text if np.isfinite(value) else "none", ha="center", va="center",
                  fontsize=6, style="italic" if row["moves"] else "normal",
                  color="0.3" if row["moves"] else "black")  # fmt: skip
        if row["biased"]:
            axes.add_patch(
                Rectangle(
                    (x - 0.45, y - 0.42), 0.9, 0.84, fill=False, ec=style.OKABE_ITO[1], lw=1.3
                )
            )
    axes.imshow(grid, cmap=_SHADES, vmin=0, vmax=1, aspect="auto", zorder=-1)
    axes.set_yticks(range(len(names)), names)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.set_xticks([])


def _power(axes: Axes, part: pd.DataFrame, names: list[str], knob: str, level: float) -> None:
    axes.axhline(100 * level, color="0.7", lw=0.8, zorder=0)
    for place, name in enumerate(names):
        one = part[part["name"] == name].sort_values("amount")
        if one.empty:
            continue
        x = one["amount"].to_numpy()
        rate = one["rate"].to_numpy()
        bars = np.abs(np.stack([rate - one["rate_low"], one["rate_high"] - rate]))
        color = style.CODE[str(one["code"].iloc[0])]
        axes.errorbar(x, 100 * rate, 100 * bars, color=color, lw=1, elinewidth=0.7,
                      ls=_LINES[place % len(_LINES)], marker=_MARKERS[place % len(_MARKERS)],
                      ms=3, mfc="white" if place % 2 else color, label=name)  # fmt: skip
    axes.set_xlabel(f"{knob.replace('_', ' ')} (share redrawn)")
    axes.set_ylabel("rejections (%)")
    axes.set(xlim=(0, 1.03), ylim=(-3, 103))
